#!/usr/bin/env bats
# Recordings without perf_event_open(2): running threads are stopped for a look at them. What the
# program sees, does and returns stays what it is without.

load lib

setup_file() {
	open_place
}

teardown_file() {
	close_place
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	with=()
}

# stopped NAME [OPTION...] -- COMMAND...: profiles it by ptrace; sets $dir and $status. ${with[@]} runs
# profd, if it is set.
stopped() {
	local options command
	record_words "$OPEN/box/$1" "${@:2}"
	(cd "$OPEN/box" && "${with[@]}" "$OPEN/profd" record -v --annotate -o "$dir" "${options[@]}" \
		-- "${command[@]}") >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- ||
		status=$?
	cat "$BATS_TEST_TMPDIR/err"
	cp "$BATS_TEST_TMPDIR/out" "$dir.out"
	: >"$dir.err"
}

# stops: how many threads the last recording stopped.
stops() {
	sed -n 's/^profd: \([0-9]*\) stops in .*/\1/p' "$BATS_TEST_TMPDIR/err"
}

# complete LEAST: of the stacks, by the profile's own count, and nothing lost.
complete() {
	[ "$status" -eq 0 ] || fail "status $status"
	[ "$(json "$dir/run.json" engine)" = ptrace ]
	"$PYTHON" - "$dir/run.json" "$1" <<-'END'
	import json, sys
	quality = json.load(open(sys.argv[1], encoding="utf-8"))["quality"]
	print(quality["samples"], "samples,", quality["complete"], "complete")
	sys.exit(quality["samples"] < 20 or quality["lost"] or quality["complete"] < float(sys.argv[2]))
	END
}

# adds_up: the profile's total is the CPU time that the processes used, within 2 %.
adds_up() {
	"$PYTHON" - "$dir" <<-'END'
	import json, sys
	run = json.load(open(f"{sys.argv[1]}/run.json", encoding="utf-8"))
	total = sum(int(line.rsplit(" ", 1)[1]) for line in open(f"{sys.argv[1]}/cpu.folded", encoding="utf-8"))
	used = run["quality"]["counted_ns"]
	rusage = run["rusage"]["user_s"] + run["rusage"]["system_s"]
	print(f"{total / 1e9:.3f} s in the profile, {used / 1e9:.3f} s counted, {rusage:.3f} s by wait4")
	sys.exit(not .98 * used <= total <= 1.02 * used or used < .999e9 * rusage)
	END
}

as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

@test "perf_event_open denied: the engine is ptrace, and it is said why" {
	built shares shares.c
	with=("$INTEGRATION/deny-perf")
	stopped denied -F 499 -- "$program" 1500
	verify
	[ "$(json "$dir/run.json" engine)" = ptrace ]
	[ "$(json "$dir/run.json" event)" = cpu-time ]
	[ "$(json "$dir/run.json" sampling.frequency_hz)" = 499 ]
	json "$dir/run.json" fallback_reason | grep -q 'Operation not permitted'
	grep -q 'Operation not permitted: running threads are stopped' "$BATS_TEST_TMPDIR/err"
	grep -q 'hint: .*seccomp' "$BATS_TEST_TMPDIR/err"
	whole_artifacts "$dir"
	adds_up
}

@test "--engine perf does without; --engine auto has perf where it may" {
	local status=0
	"$INTEGRATION/deny-perf" "$PROFD" record --engine perf -o out -- sh -c 'exit 5' 2>err || status=$?
	cat err
	[ "$status" -eq 5 ]
	grep -q 'runs without being profiled' err
	[ ! -e out ]
	"$PROFD" record --engine auto -o out -- true
	[ "$(json out/run.json engine)" = perf ]
}

@test "complete stacks: dynamic, static, threads, processes, a shell, python3" {
	with=("$INTEGRATION/deny-perf")
	built shares shares.c
	stopped dynamic -- "$program" 1500
	complete 0.99
	adds_up
	built static shares.c -static
	stopped static -- "$program" 1500
	complete 0.99
	adds_up
	built threads threads.c -pthread
	stopped threads -- "$program" 1500
	verify
	complete 0.99
	adds_up
	built procs procs.c
	stopped procs -F 499 -- "$program" 1500
	verify
	complete 0.99
	adds_up
	built brief brief.c -pthread
	stopped forks -F 499 -- "$program" processes 300 3000
	complete 0.99
	adds_up
	stopped shell -F 499 -- sh -c 'i=0; while [ $i -lt 1000000 ]; do i=$((i + 1)); done'
	complete 0.99
	adds_up
	stopped python -F 499 -- "$PYTHON" "$WORKLOADS/busy.py" 60
	complete 0.99
	adds_up
}

@test "nobody: the same" {
	needs_root
	needs setpriv
	with=("${as_nobody[@]}" "$INTEGRATION/deny-perf")
	built shares shares.c
	stopped shares -F 499 -- "$program" 1500
	verify
	complete 0.99
	adds_up
	built threads threads.c -pthread
	stopped threads -- "$program" 1500
	verify
	complete 0.99
	built procs procs.c
	stopped procs -F 499 -- "$program" 1500
	verify
	complete 0.99
}

@test "without capabilities, and in a user namespace" {
	needs_root
	needs setpriv
	built shares shares.c
	with=(setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$INTEGRATION/deny-perf")
	stopped bare -- "$program" 600
	complete 0.99
	with=("${as_nobody[@]}" unshare -Ur "$INTEGRATION/deny-perf")
	stopped space -- "$program" 600
	complete 0.99
}

@test "a stack deeper than its copy is read on in memory" {
	built deep deep.c -fomit-frame-pointer
	stopped deep --engine ptrace -- "$program" 1000
	verify
	[ "$(json "$dir/run.json" sampling.frequency_hz)" = 99 ]
}

# one_round FUNCTIONS COUNT: the shares of both engines of those whose name matches, and so many they are,
# lie within 3 standard errors of their difference.
one_round() {
	stopped ptrace --engine ptrace -F 499 -- "$program" 4000
	"$PROFD" record -q --annotate --force --engine perf -F 499 -o "$BATS_TEST_TMPDIR/perf" \
		-- "$program" 4000 >/dev/null
	"$PYTHON" - "$BATS_TEST_TMPDIR/perf" "$dir" "$@" <<-'END'
	import json, math, re, sys

	def load(folder, engine):
	    run = json.load(open(f"{folder}/run.json", encoding="utf-8"))
	    assert run["engine"] == engine, run["engine"]
	    shares = {}
	    for line in open(f"{folder}/cpu.folded", encoding="utf-8"):
	        stack, weight = line.rsplit(" ", 1)
	        for frame in stack.split(";"):
	            name = re.sub(r"_\[[a-z]\]$", "", frame)
	            if re.fullmatch(sys.argv[3], name):
	                shares[name] = shares.get(name, 0) + int(weight)
	    total = sum(shares.values())
	    return run["quality"]["samples"], {k: v / total for k, v in shares.items()}

	(n1, perf), (n2, mine) = load(sys.argv[1], "perf"), load(sys.argv[2], "ptrace")
	print(f"{n1} samples by perf, {n2} by ptrace")
	bad = min(n1, n2) < 500
	for name in sorted(perf):
	    p1, p2 = perf[name], mine.get(name, 0)
	    error = math.sqrt(p1 * (1 - p1) * (1 / n1 + 1 / n2))
	    print(f"{name}: {100 * p1:.2f} %, {100 * p2:.2f} %: {abs(p1 - p2) / error:.1f} standard errors")
	    bad |= abs(p1 - p2) > 3 * error
	sys.exit(bad or len(perf) != int(sys.argv[4]))
	END
}

# By chance alone a round of eight functions fails once in some 50.
@test "ptrace and perf agree on where the time goes" {
	built shares shares.c
	one_round 'load_.*' 8 || one_round 'load_.*' 8
	built threads threads.c -pthread
	one_round 'worker_load|in_main' 2
}

@test "no EINTR and no short count in 1,000 stops of one thread" {
	built interrupts interrupts.c -pthread
	local all=0 _ tid
	for _ in 1 2 3 4 5 6; do
		stopped interrupts --engine ptrace -F 1000 -- "$program" 6
		cat "$dir.out"
		[ "$status" -eq 0 ]
		grep -qx 'in all: 0 EINTR, 0 short' "$dir.out"
		# Each sample is a stop. Those of the two other threads do not count.
		tid=$(sed -n 's/^thread //p' "$dir.out")
		all=$((all + $("$INTEGRATION/by-label" "$dir/cpu.pb.gz" tid 0 | sed -n "s/^$tid //p")))
		echo "$all stops of thread $tid"
		[ "$all" -lt 1000 ] || return 0
	done
	fail "only $all stops"
}

@test "the exit status, death by a signal, --timeout" {
	stopped status --engine ptrace -- sh -c 'exit 37'
	[ "$status" -eq 37 ]
	# shellcheck disable=SC2016
	stopped signal --engine ptrace -- sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	built steady steady.c -pthread
	stopped limit --engine ptrace --timeout 0.3 -- "$program" 100000
	[ "$status" -eq 124 ]
	stopped missing --engine ptrace -- ./no-such-program
	[ "$status" -eq 127 ]
}

@test "signals sent to profd reach a workload that is being stopped" {
	stopped trap --engine ptrace -F 1000 -- "$PYTHON" -c '
import os, signal, time
got = []
signal.signal(signal.SIGUSR1, lambda *a: got.append(1))
for i in range(500):
    os.kill(os.getpid(), signal.SIGUSR1)
    sum(range(3000))
assert len(got) == 500, len(got)'
	[ "$status" -eq 0 ]
	[ "$(stops)" -gt 5 ]
}

@test "SIGSTOP and SIGCONT" {
	built steady steady.c -pthread
	local pid job
	"$PROFD" record -q --engine ptrace -F 1000 -o out -- "$program" 800 2 >said 2>err 3>&- &
	job=$!
	poll 10 grep -q pid said
	pid=$(awk '/^pid/ { print $2 }' said)
	for _ in {1..20}; do
		kill -STOP "$pid"
		poll 5 grep -q '^State:	T' "/proc/$pid/status"
		kill -CONT "$pid"
		poll 5 lacks '^State:	T' "/proc/$pid/status" >/dev/null
	done
	wait "$job"
	grep -qx "done" said
}

@test "profd is killed 200 times: the workload goes on" {
	built steady steady.c -pthread
	"$INTEGRATION/kill-at-random" 200 "$PROFD" record -q --engine ptrace -F 1000 -o out --force \
		-- "$program" 30 2
}

@test "a program that someone else traces is left alone and named" {
	needs strace
	built shares shares.c
	stopped traced --engine ptrace -- strace -f -o /dev/null "$program" 300
	[ "$status" -eq 0 ]
	grep -q "warning: the process 'shares' was not sampled: another program traces it" \
		"$BATS_TEST_TMPDIR/err"
	json "$dir/run.json" quality.warnings | grep -q "'shares' was not sampled"
}

@test "gdb -batch inside the workload: status and output are the same, the program is named" {
	needs gdb
	local plain=$BATS_TEST_TMPDIR/plain expected=0
	local run=(gdb -nx -batch -return-child-result -ex 'set startup-with-shell off' -ex run --args
		"$PYTHON" "$BATS_TEST_TMPDIR/busy.py")
	echo 'print(sum(range(30000000)), flush=True); raise SystemExit(7)' >"$BATS_TEST_TMPDIR/busy.py"
	"${run[@]}" >"$plain" 2>&1 </dev/null 3>&- || expected=$?
	cat "$plain"
	[ "$expected" -eq 7 ]
	stopped gdb --engine ptrace -F 1000 -- "${run[@]}"
	[ "$status" -eq 7 ]
	# gdb names processes and threads by their numbers.
	diff <(grep -h '^[0-9]\|exited' "$plain" | sed 's/process [0-9]*/process/') \
		<(grep -h '^[0-9]\|exited' "$dir.out" | sed 's/process [0-9]*/process/')
	grep -q '^[0-9]' "$dir.out"
	grep -q "warning: the process 'python3[0-9.]*' was not sampled: another program traces it" \
		"$BATS_TEST_TMPDIR/err"
	grep -q '^gdb;' "$dir/cpu.folded"
	adds_up
}

@test "sudo inside the workload: what it runs is sampled, and its status is passed on" {
	needs_root
	needs sudo
	built steady steady.c -pthread
	stopped sudo --engine ptrace -F 1000 -- sudo -n -u nobody sh -c "'$program' 200; id -u; exit 7"
	[ "$status" -eq 7 ]
	[ "$(grep -x -e "done" -e 65534 "$dir.out" | paste -sd ' ')" = "done 65534" ]
	grep -q '^steady;.*;steady_load ' "$dir/cpu.folded"
	lacks 'was not sampled' "$BATS_TEST_TMPDIR/err"
	adds_up
}

# Who may use it is said in a place of this test's own.
@test "nobody: sudo inside the workload keeps its rights and its status" {
	needs_root
	needs setpriv sudo
	built steady steady.c -pthread
	mkdir -m 755 "$OPEN/rules"
	echo '#65534 ALL=(root) NOPASSWD: ALL' >"$OPEN/rules/profd-test"
	chmod 440 "$OPEN/rules/profd-test"
	unshare -m true || skip "no namespace of mounts can be made here"
	# shellcheck disable=SC2016
	with=(unshare -m sh -c 'mount --bind "$0" /etc/sudoers.d && exec "$@"' "$OPEN/rules"
		"${as_nobody[@]}")
	for _ in {1..10}; do
		stopped sudo --engine ptrace -F 1000 -- sh -c "i=0; while [ \$i -lt 2000 ]; do i=\$((i + 1)); done
			sudo -n sh -c \"'$program' 30; id -u; exit 7\"; echo status \$?"
		[ "$status" -eq 0 ]
		[ "$(grep -v pid "$dir.out" | paste -sd ' ')" = "done 0 status 7" ]
	done
	grep -q 'not sampled.*the kernel does not let' "$BATS_TEST_TMPDIR/err"
}

@test "sanitizers keep their verdicts" {
	built leak-free steady.c -pthread -fsanitize=address
	stopped fine --engine ptrace -- "$program" 100 3
	[ "$status" -eq 0 ]
	grep -qx "done" "$dir.out"
	echo '#include <stdlib.h>
		static char *volatile kept;
		int main(void) { for (int i = 0; i < 1000; i++) kept = malloc(100); kept = NULL; }' >leak.c
	gcc -O0 -fsanitize=address -o leak leak.c
	status=0
	./leak 2>err || status=$?
	local expected=$status
	[ "$expected" -ne 0 ] || fail "the sanitizer finds nothing"
	for _ in {1..40}; do
		status=0
		"$PROFD" record -q --engine ptrace -F 1000 -o leaks --force -- ./leak 2>err || status=$?
		[ "$status" -eq "$expected" ] || fail "status $status"
		grep -q 'detected memory leaks' err
		lacks "fatal error\|not suspended" err
	done
}

@test "nobody: a set-user-ID program keeps its rights, and is named" {
	needs_root
	needs setpriv
	built steady steady.c -pthread
	cp "$program" "$OPEN/steady-root"
	chown root "$OPEN/steady-root"
	chmod 4755 "$OPEN/steady-root"
	with=("${as_nobody[@]}")
	stopped setuid --engine ptrace -- sh -c "'$OPEN/steady-root' 300; true"
	[ "$status" -eq 0 ]
	grep -q "warning: the process 'steady-root' was not sampled: the kernel does not let" \
		"$BATS_TEST_TMPDIR/err"
	cp "$(command -v id)" "$OPEN/id-root"
	chown root "$OPEN/id-root"
	chmod 4755 "$OPEN/id-root"
	# Executed by a child, which is left alone until then; of a busy program that executes it itself see
	# profd-record(1).
	for _ in {1..30}; do
		stopped id --engine ptrace -F 1000 -- sh -c "i=0; while [ \$i -lt 2000 ]; do i=\$((i + 1)); done
			'$OPEN/id-root' -u; true" >/dev/null
		[ "$(cat "$dir.out")" = 0 ]
	done
}

# The kernel holds a tracer up while a thread executes a program, and that waits for its siblings' ends,
# which are for the tracer to wait for.
@test "programs that are executed from a thread, while others are being stopped" {
	local taken=0
	built execs execs.c -pthread
	with=(timeout -s KILL 60)
	# A child that has not executed yet is hardly ever stopped.
	for _ in {1..20}; do
		stopped execs --engine ptrace -F 1000 -- "$program" 100
		[ "$status" -eq 0 ]
		[ "$(cat "$dir.out")" = "done" ]
		taken=$((taken + $(stops)))
		((taken <= 100)) || break
	done
	with=()
	[ "$taken" -gt 100 ]
}

@test "200 short processes; no child is left behind" {
	built brief brief.c -pthread
	stopped short --engine ptrace -F 499 -- "$program" processes 200 1000
	[ "$status" -eq 0 ]
	[ "$(json "$dir/run.json" survivors)" = "[]" ]
	adds_up
}

@test "daemons are found, and their CPU time is counted" {
	# shellcheck disable=SC2016
	built steady steady.c -pthread
	stopped daemon --engine ptrace --wait-tree -- sh -c "(setsid '$program' 600 >/dev/null &) ; exit 3"
	[ "$status" -eq 3 ]
	grep -q 'steady.*steady_load' "$dir/cpu.folded"
	[ "$(json "$dir/run.json" survivors)" = "[]" ]
	adds_up
}

# Kernels without CONFIG_SCHED_INFO, and what only looks like one: CPU time in ticks is all there is.
@test "a machine that keeps no accounts of threads" {
	built procs procs.c
	local procs=$program
	built threads threads.c -pthread
	gcc -shared -fPIC -o "$OPEN/fail.so" "$SRCDIR/tests/fault/fail.c"
	with=(env "LD_PRELOAD=$OPEN/fail.so" FAIL_PATH=/schedstat)
	stopped threads --engine ptrace -F 499 -- "$program" 800
	# A new thread that waits for its first turn on a CPU stands in the kernel's entry to it.
	complete 0.96
	verify --min 96
	adds_up
	[ "$(stops)" -gt 300 ]
	stopped procs --engine ptrace -F 499 -- "$procs" 800
	complete 0.96
	verify --min 96
	adds_up
	stopped wall --wall --engine ptrace -F 499 -- "$program" 300
	[ "$status" -eq 0 ]
	[ ! -e "$dir/wall.folded" ]
	grep -q 'this kernel does not tell how long threads run' "$BATS_TEST_TMPDIR/err"
}

@test "libraries that are opened and closed in turns, at the same address" {
	built dlloop dlloop.c -ldl
	local loop=$program
	built alpha.so plugin.c -shared -fPIC -DLOAD=alpha_load
	built beta.so plugin.c -shared -fPIC -DLOAD=beta_load -DPAD
	stopped dlloop --engine ptrace -F 499 -- "$loop" 1000 "$OPEN/alpha.so" "$OPEN/beta.so"
	# What each library begins and ends with (crti.o) has no unwind information.
	verify --min 96
}
