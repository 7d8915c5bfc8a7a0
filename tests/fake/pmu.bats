#!/usr/bin/env bats
# What follows from a machine with a PMU, or with many CPUs, beyond the choice of the event: weights,
# groups, counters that are shared, descriptors and memory.

load lib

# of_run PYTHON: true of `run`, run.json, and `events`, its events by name.
of_run() {
	"$PYTHON" - "$dir/run.json" "$1" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1], encoding="utf-8"))
	events = {e["name"]: e for e in run["events"]}
	stat = {e["name"]: e for e in run.get("stat", [])}
	cpu_s = run["rusage"]["user_s"] + run["rusage"]["system_s"]
	print(f"{cpu_s:.3f} s of CPU time,", {n: (e["sampled"], e["counted"]) for n, e in events.items()})
	if not eval(sys.argv[2]):
	    sys.exit(f"not: {sys.argv[2]}")
	END
}

@test "PMU: the periods of cycles add up to what was counted, at 3 GHz" {
	MACHINE=pmu
	record cycles -- "$program" 700
	verify
	# All of them but those of the child before its exec, which is not the command yet.
	of_run '0.97 * events["cycles"]["counted"] <= events["cycles"]["sampled"] <= events["cycles"]["counted"]'
	of_run '2.7 < events["cycles"]["counted"] / 1e9 / cpu_s < 3.3'
	of_run 'run["unit"] == "count" and run["sampling"]["hardware"]'
}

@test "PMU: a fixed period is each sample's weight" {
	MACHINE=pmu
	record period -e cycles:period=3000000 -- "$program" 700
	verify
	of_run 'events["cycles"]["sampled"] == 3000000 * events["cycles"]["samples"]'
	of_run 'events["cycles"]["samples"] > 100'
}

@test "PMU: events of both kinds in one set of buffers keep their own weights" {
	MACHINE=pmu
	record several -e cycles:p,instructions,cpu-clock,page-faults -- "$program" 700
	verify
	of_run '1.35 < events["instructions"]["sampled"] / events["cycles:p"]["sampled"] < 1.65'
	of_run '2.7 < events["cycles:p"]["sampled"] / events["cpu-clock"]["sampled"] < 3.3'
	record other_way -e cpu-clock,cycles -- "$program" 700
	verify
	of_run '2.7 < events["cycles"]["sampled"] / events["cpu-clock"]["sampled"] < 3.3'
}

@test "PMU: an ordinary user's events, inherited" {
	MACHINE="pmu paranoid=2"
	build procs procs.c
	record procs -e cycles,instructions -- "$program" 1400
	verify
	of_run '1.35 < events["instructions"]["sampled"] / events["cycles"]["sampled"] < 1.65'
	of_run 'not events["cycles"]["kernel"]'
}

@test "PMU: --stat counts groups" {
	MACHINE=pmu
	record stat --stat -- "$program" 300
	of_run 'stat["cycles"]["running"] == 1 and not stat["cycles"]["scaled"]'
	of_run '2.9 < stat["cycles"]["value"] / stat["task-clock"]["value"] < 3.1'
	of_run 'stat["instructions"]["derived"]["unit"] == "instructions per cycle"'
	of_run '1.45 < stat["instructions"]["derived"]["value"] < 1.55'
}

@test "PMU: what does not fit into a group is counted, and sampled, alone" {
	MACHINE="pmu group=2"
	record stat --stat='{cycles,instructions,branches}' -- "$program" 300
	of_run 'all(stat[n]["value"] > 0 for n in ("cycles", "instructions", "branches"))'
	record group -e '{cycles,instructions,branches}' -- "$program" 300
	verify
	of_run '1.35 < events["instructions"]["sampled"] / events["cycles"]["sampled"] < 1.65'
	of_run 'events["branches"]["samples"] > 100'
}

@test "PMU of Arm: --stat counts, and each event is sampled" {
	MACHINE=arm
	record stat --stat -e cycles,instructions --reach system -F 199 -- "$program" 700
	verify
	of_run 'stat["cycles"]["value"] > 0 and stat["instructions"]["value"] > 0'
	of_run 'events["instructions"]["samples"] > 50'
}

@test "PMU: --stat tells an estimate where counters are shared" {
	MACHINE="pmu mux=40"
	record mux --stat -- "$program" 300
	of_run 'stat["cycles"]["scaled"] and 0.39 < stat["cycles"]["running"] < 0.41'
	of_run '2.9 < stat["cycles"]["value"] / stat["task-clock"]["value"] < 3.1'
	of_run 'not stat["task-clock"]["scaled"]'
}

@test "PMU: --stat names counters that others have all the time" {
	MACHINE=starved
	record starved --stat -- "$program" 300
	of_run 'stat["cycles"].get("reason") == "others had the hardware'"'"'s counters all the time"'
	of_run 'stat["page-faults"]["value"] > 0'
}

@test "silent PMU: an event is tried once, and one that works for a record only" {
	MACHINE=silent
	PROFD_DEBUG=perf record silent -- true
	[ "$(grep -c 'tried event 0:0: silent' "$dir.err")" = 1 ]
	MACHINE=pmu
	PROFD_DEBUG=perf record works -- true
	[ "$(grep -c 'tried event 0:0: a record' "$dir.err")" = 1 ]
	lacks 'tried event 0:0: silent' "$dir.err"
}

@test "128 CPUs: three events take their descriptors and no more memory than 256 MiB" {
	MACHINE="cpus=128 offline=120-127 pmu"
	ulimit -S -n 64
	record many -e cycles,instructions,page-faults -- "$program" 300
	verify
	of_run 'run["sampling"]["cpus"] == 120'
	of_run 'run["sampling"]["ring_bytes_per_cpu"] * 120 <= 256 << 20'
	# Buffers that nothing is ever written to are not memory.
	of_run 'run["profd"]["max_rss_bytes"] < 128 << 20'
}

@test "128 CPUs: a hard limit of descriptors is told" {
	# shellcheck disable=SC2034 # lib.bash exports it
	MACHINE="cpus=128"
	ulimit -n 100
	# shellcheck disable=SC2086 # words
	record few $ENGINE -- "$program" 300
	same status "$status" 0
	told "this machine does not let profd sample 'cpu-clock': Too many open files: the workload runs without being profiled" \
		"raise 'ulimit -n'"
}
