#!/usr/bin/env bats
# Names of events, and counters beside the samples. perf stat is the judge of what was counted.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# refused WORD... -- ARGUMENT...: profd record fails with 125 before the command runs, and its
# sentence and hint hold every word.
refused() {
	local words=() word
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	run "$PROFD" record "$@" -- touch ran
	echo "$output"
	[ "$status" -eq 125 ] || fail "status $status, not 125"
	[ ! -e ran ] || fail "the command ran"
	[ ! -e profd-out ] || fail "a directory was left"
	for word in "${words[@]}"; do
		grep -q -F -e "$word" <<<"$output" || fail "it does not say: $word"
	done
}

@test "a wrong name is refused, with the nearest right ones" {
	refused "unknown event 'cpu-clok'" 'did you mean cpu-clock' -- -e cpu-clok
	refused "unknown event 'page-fault'" 'page-faults' -- --stat=page-fault
	refused "no PMU 'zen4'" 'amd64_fam19h_zen4' -- -e zen4::RETIRED_INSTRUCTIONS
	refused 'what follows it is not' -- -e cycles:nosuch
	refused 'not closed' -- -e '{cpu-clock'
	refused 'no event has such a name' -- -e 'cpu-clock;id'
	refused 'only hardware events can be precise' -- -e cpu-clock:pp
	refused 'belong to -e' -- --stat=page-faults:period=10
}

@test "a right name of another machine is told from a wrong one" {
	refused 'it is an event of amd64_k7' -- -e amd64_k7::RETIRED_INSTRUCTIONS
}

@test "period and frequency of an event" {
	build counts counts.c
	record period -e cpu-clock:period=2000000 -- "$program" 1 1 400
	[ "$status" -eq 0 ]
	# 400 ms, one sample every 2 ms
	local n
	n=$(json "$dir/run.json" quality.samples)
	((n > 100 && n < 300)) || fail "$n samples"
}

# counters FILE: run.json's counters as "NAME VALUE" lines; null for what was not counted.
counters() {
	"$PYTHON" - "$1" <<-'END'
	import json, sys
	for c in json.load(open(sys.argv[1]))["stat"]:
	    print(c["name"], "null" if c["value"] is None else c["value"])
	END
}

@test "perf stat counts the same" {
	needs perf
	build counts counts.c
	record stat --stat -- "$program" 4000 1500 300
	cat "$dir.err"
	[ "$status" -eq 0 ]
	perf stat -x, -o perf.csv -e page-faults,minor-faults,context-switches,task-clock \
		"$program" 4000 1500 300 >said
	cat perf.csv
	counters "$dir/run.json" | tee counted
	"$PYTHON" - counted perf.csv said <<-'END'
	import sys
	own = dict(l.split() for l in open(sys.argv[1]))
	perf, said = {}, dict(l.split() for l in open(sys.argv[3]))
	for line in open(sys.argv[2]):
	    f = line.split(",")
	    if len(f) > 3 and f[0][:1].isdigit():
	        perf[f[2].split(":")[0]] = float(f[0])
	bad = []
	def close(name, a, b, bound):
	    print(name, a, b)
	    if abs(a - b) > bound:
	        bad.append(name)
	# A few faults differ by where the kernel put things.
	close("page-faults", float(own["page-faults"]), perf["page-faults"], 40)
	close("minor-faults", float(own["minor-faults"]), perf["minor-faults"], 40)
	# Preemption adds some.
	close("context-switches", float(own["context-switches"]), perf["context-switches"],
	      0.1 * perf["context-switches"])
	# The program ends by its CPU time; before that come faults and switches.
	close("task-clock", float(own["task-clock"]) / 1e6, perf["task-clock"],
	      0.15 * perf["task-clock"])
	if float(own["page-faults"]) < float(said["page-faults"]):
	    bad.append("fewer faults than pages")
	if float(own["context-switches"]) < 0.98 * float(said["context-switches"]):
	    bad.append("fewer switches than turns")
	if float(own["task-clock"]) / 1e6 < float(said["task-clock"]):
	    bad.append("less CPU time than was used")
	sys.exit(", ".join(bad) or 0)
	END
}

@test "the table, and what cannot be counted" {
	build counts counts.c
	"$PROFD" record -o out --stat='task-clock,{faults,minor-faults},amd64_k7::CYCLES' -- \
		true 2>err && fail "an unknown event was taken"
	"$PROFD" record -o out \
		--stat='task-clock,{faults,minor-faults},amd64_k7::RETIRED_INSTRUCTIONS' -- \
		"$program" 100 10 50 2>err
	cat err
	grep -q 'ms  task-clock .*CPUs utilized' err
	grep -q '  faults  ' err
	grep -q 'not counted: amd64_k7::RETIRED_INSTRUCTIONS: .*' err
	grep -q 'CPUs utilized' out/summary.md
	[ "$(json out/run.json stat.3.value)" = null ]
	[ -n "$(json out/run.json stat.3.reason)" ]
	[ "$(json out/run.json stat.0.scaled)" = false ]
	[ "$(json out/run.json stat.0.derived.unit)" = 'CPUs utilized' ]
	# quietly: in the files only
	"$PROFD" record -q -o out2 --stat=task-clock -- true 2>err
	[ ! -s err ]
	[ "$(json out2/run.json stat.0.name)" = task-clock ]
	# PROFD_STAT stands for it; without either there is no such key
	PROFD_STAT=faults "$PROFD" record -q -o out3 -- true
	[ "$(json out3/run.json stat.0.name)" = faults ]
	"$PROFD" record -q -o out4 -- true
	lacks '"stat"' out4/run.json
}

@test "counters where sampling is forbidden: every one says why" {
	run "$INTEGRATION/deny-perf" "$PROFD" record --stat -- echo fine
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q '^fine$' <<<"$output"
	grep -q 'not counted: task-clock, .*: this user may not count it' <<<"$output"
}

# As nobody, where the kernel's side is closed.
unprivileged() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "nobody: a switch that cannot be seen is not a 0" {
	needs_root
	needs setpriv
	local paranoid open
	paranoid=$(cat /proc/sys/kernel/perf_event_paranoid)
	open=$(mktemp -d /tmp/profd-events.XXXXXX)
	chmod 777 "$open"
	build counts counts.c
	cp "$PROFD" "$program" "$open/"
	chmod 755 "$open"/*
	echo 2 >/proc/sys/kernel/perf_event_paranoid
	(cd "$open" && unprivileged ./profd record -o out --stat -- ./counts 3000 200 100) 2>err ||
		status=$?
	echo "$paranoid" >/proc/sys/kernel/perf_event_paranoid
	counters "$open/out/run.json" | tee counted
	rm -rf "$open"
	cat err
	[ "${status:-0}" -eq 0 ]
	grep -q '^context-switches null$' counted
	grep -q 'not counted: context-switches, cpu-migrations: it happens in the kernel' err
	# the clock counts everything, faults those of user code
	awk '$1 == "page-faults" && $2 >= 6000 { ok++ } $1 == "task-clock" && $2 >= 1e8 { ok++ }
		END { exit ok != 2 }' counted
	grep -q 'page-faults .*user code only' err
}

# event DIR NAME KEY: a value of run.json's entry of that event.
event() {
	"$PYTHON" - "$@" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1] + "/run.json"))
	print(json.dumps(next(e for e in run["events"] if e["name"] == sys.argv[2])[sys.argv[3]]))
	END
}

# sums DIR: the sums of all values of cpu.pb.gz as "TYPE SUM" lines, as go tool pprof has them.
sums() {
	go tool pprof -raw "$1/cpu.pb.gz" 2>/dev/null | awk '
		/^Samples:/ { getline; for (i = 1; i <= NF; i++) { sub(/\[dflt\]/, "", $i); type[i] = $i }
			n = NF; inside = 1; next }
		/^Locations/ { inside = 0 }
		inside && /^ *[0-9]+ / { for (i = 1; i <= n; i++) { v = $i; sub(/:$/, "", v); sum[i] += v } }
		END { for (i = 1; i <= n; i++) printf "%s %.0f\n", type[i], sum[i] }'
}

@test "several events at once: each has its values, files and totals" {
	build counts counts.c
	record several -e cpu-clock -e page-faults:period=50,context-switches:period=5 -- \
		"$program" 4000 1500 300
	cat "$dir.err"
	[ "$status" -eq 0 ]
	[ "$(json "$dir/run.json" event)" = cpu-clock ]
	for name in cpu-clock page-faults context-switches; do
		[ "$(event "$dir" "$name" lost)" = 0 ]
		(($(event "$dir" "$name" samples) > 50)) || fail "few samples of $name"
	done
	# 8,000 pages and 3,000 switches at least; a sample for every 50 or 5 of them
	(($(event "$dir" page-faults counted) >= 8000))
	(($(event "$dir" page-faults sampled) <= $(event "$dir" page-faults counted)))
	(($(event "$dir" page-faults sampled) >= 7000))
	(($(event "$dir" context-switches counted) >= 2900))
	(($(event "$dir" context-switches sampled) >= 2700))
	[ "$(event "$dir" page-faults files)" = '"page-faults"' ]
	# what the stacks say: pages are touched in main, switches happen in the scheduler
	awk '{ all += $NF } /;main( |;)/ { main += $NF } END { exit main < 0.9 * all }' \
		"$dir/page-faults.folded"
	awk '{ all += $NF } /schedule_\[k\]/ { in_it += $NF } END { exit in_it < 0.9 * all }' \
		"$dir/context-switches.folded"
	tail -n 1 "$dir/page-faults.svg" | grep -q '</svg>$'
	grep -q 'page-faults' "$dir/summary.md"
	grep -q 'context-switches.svg' "$dir/index.html"
	# other events do not count for the main one's quality
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1]))
	main = run["events"][0]
	sys.exit(run["quality"]["samples"] != main["samples"] or
	         abs(main["sampled"] - main["counted"]) > 0.1 * main["counted"])
	END
}

@test "several events: go tool pprof adds them up to the same" {
	needs go
	build counts counts.c
	record sums -e 'page-faults,{cpu-clock,task-clock}' -- "$program" 20000 500 300
	[ "$status" -eq 0 ]
	sums "$dir" | tee said
	grep -q '^page-faults_sample/count ' said
	grep -q '^samples/count ' said
	grep -q '^cpu/nanoseconds ' said
	grep -q '^task-clock/nanoseconds ' said
	# The samples of page faults and what they leave out are all that were counted; of the clock,
	# those that were sampled.
	local counted
	counted=$(event "$dir" page-faults counted)
	awk -v all="$counted" '$1 == "page-faults_event/count" { d = $2 - all }
		END { exit d > all / 50 || d < -all / 50 }' said
	grep -q "^cpu/nanoseconds $(event "$dir" cpu-clock sampled)\$" said
	[ "$(go tool pprof -raw "$dir/cpu.pb.gz" 2>/dev/null |
		grep -o '[^ ]*\[dflt\]')" = 'page-faults_event/count[dflt]' ]
}

@test "several events in processes and threads: inherited ones are told apart" {
	build procs procs.c
	record procs -e cpu-clock,page-faults -- "$program" 1000
	verify
	awk '{ comm[substr($0, 1, index($0, ";") - 1)] } END { exit length(comm) < 1 }' \
		"$dir/page-faults.folded"
	(($(event "$dir" page-faults samples) > 2))
}

@test "the command line's events replace the environment's" {
	PROFD_EVENT=nosuch,event record env -e cpu-clock -- true
	[ "$status" -eq 0 ]
	[ "$(json "$dir/run.json" event)" = cpu-clock ]
	PROFD_EVENT=cpu-clock,page-faults record env2 -- true
	[ "$(json "$dir/run.json" events.1.name)" = page-faults ]
	refused 'stands twice' -- -e cpu-clock,cpu-clock
	refused 'at most 8 events' -- \
		-e cpu-clock,dummy,cs,faults,task-clock,minor-faults,major-faults,migrations,page-faults
	refused "unknown event 'nosuch'" -- -e cpu-clock -e nosuch
}

# in_tracefs COMMAND...: with tracefs in a mount namespace of its own.
in_tracefs() {
	unshare -m sh -c 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"' sh "$@"
}

needs_tracefs() {
	needs_root
	needs unshare
	in_tracefs test -d /sys/kernel/tracing/events/sched || skip "tracefs cannot be mounted"
}

@test "tracepoints: counted, by the name's number" {
	needs_tracefs
	in_tracefs "$PROFD" record -q -o out \
		--stat='{sched:sched_process_exec,sched:sched_process_fork},task-clock' -- \
		sh -c 'for i in 1 2 3 4 5; do /bin/true; done; :'
	counters out/run.json | tee counted
	grep -q '^sched:sched_process_exec 6$' counted
	grep -q '^sched:sched_process_fork 5$' counted
}

@test "tracepoints: every passage is a sample" {
	needs_tracefs
	in_tracefs "$PROFD" record -q -o out -e cpu-clock,sched:sched_process_exec -- \
		sh -c 'for i in 1 2 3 4 5; do /bin/true; done; :'
	[ "$(event out sched:sched_process_exec samples)" = 6 ]
	[ "$(event out sched:sched_process_exec period)" = 1 ]
	cat out/sched-sched_process_exec.folded
	awk '/execve/ { n += $NF } END { exit n != 6 }' out/sched-sched_process_exec.folded
}

@test "tracepoints: the nearest names" {
	needs_tracefs
	run in_tracefs "$PROFD" record -e sched:sched_swich -- true
	echo "$output"
	[ "$status" -eq 125 ]
	grep -q 'did you mean sched:sched_switch' <<<"$output"
}

@test "tracepoints: who may not read them is told so" {
	needs_tracefs
	needs setpriv
	local open
	open=$(mktemp -d /tmp/profd-events.XXXXXX)
	chmod 777 "$open"
	cp "$PROFD" "$open/"
	(cd "$open" && in_tracefs setpriv --reuid=65534 --regid=65534 --clear-groups \
		./profd record -e sched:sched_switch -- echo fine) >said 2>err
	rm -rf "$open"
	cat err
	grep -q 'only root may read /sys/kernel/tracing' err
	lacks 'unknown' err
	grep -q '^fine$' said
}

@test "tracepoints: without tracefs it is said how to get it" {
	needs_tracefs
	# An empty folder hides what may be mounted.
	run unshare -m sh -c 'mount -t tmpfs none /sys/kernel/tracing &&
		mount -t tmpfs none /sys/kernel/debug && exec "$@"' sh \
		"$PROFD" record -e sched:sched_switch -- true
	echo "$output"
	[ "$status" -eq 125 ]
	grep -q 'tracefs is not mounted' <<<"$output"
	grep -q 'mount -t tracefs' <<<"$output"
}
