#!/usr/bin/env bats
# Recordings of what runs already: -p, -t, -a, --cgroup.

load lib

setup_file() {
	open_place
}

teardown_file() {
	close_place
}

setup() {
	PIDS=()
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" || :
		wait "$pid" || :
	done 2>/dev/null
}

# start COMMAND...: runs it in the background, its output in $out; sets $pid.
start() {
	out=$BATS_TEST_TMPDIR/out.${#PIDS[@]}
	nice -n 10 "$@" >"$out" 3>&- </dev/null &
	pid=$!
	PIDS+=("$pid")
}

# wait_for LINE: until the program that was started last has said so.
wait_for() {
	poll 60 grep -q "^$1" "$out"
}

NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# attach NAME [OPTION...]: sets $dir and $status, again when other programs made it lose samples. $ENGINE is
# the engine, if it is set.
attach() {
	local _
	for _ in 1 2 3; do
		attach_once "$@"
		disturbed || return 0
		echo "samples were lost while other programs ran: recording $1 again"
	done
}

# As attach, for what is gone after it.
attach_once() {
	dir=$BATS_TEST_TMPDIR/$1.profile
	status=0
	rm -rf "$dir"
	# shellcheck disable=SC2034 # for disturbed
	busy_before=$(busy_ticks)
	stolen_during=$(stolen_ticks)
	"${AS[@]}" "$PROFD" record -q --annotate -F 999 --engine "${ENGINE:-auto}" -o "$dir" "${@:2}" \
		>"$dir.out" 2>"$dir.err" </dev/null 3>&- || status=$?
	# shellcheck disable=SC2034 # for crowded
	busy_during=$(($(busy_ticks) - busy_before)) stolen_during=$(($(stolen_ticks) - stolen_during))
	cp "$out" "$dir.out"
}

# cpu_times PID: "TID NANOSECONDS" for each thread.
cpu_times() {
	"$PYTHON" - "$1" <<-'END'
	import os, sys
	folder = f"/proc/{sys.argv[1]}/task"
	for tid in os.listdir(folder):
	    try:
	        print(tid, open(f"{folder}/{tid}/schedstat").read().split()[0])
	    except (FileNotFoundError, ProcessLookupError):
	        pass
	END
}

# judge_threads BEFORE AFTER: every thread that used 20 ms between the two is in the profile, but for those
# that chance leaves out, and none is there twice.
judge_threads() {
	"$INTEGRATION/by-label" "$dir/cpu.pb.gz" tid >"$dir.tids"
	"$PYTHON" - "$1" "$2" "$dir.tids" "$(json "$dir/run.json" engine)" <<-'END'
	import math, sys
	before, after, seen = (
	    {tid: int(ns) for tid, ns in map(str.split, open(name))} for name in sys.argv[1:4])
	# Between two samples.
	period = 1e9 / 99 if sys.argv[4] == "ptrace" else 1e6
	used = {tid: ns - before.get(tid, 0) for tid, ns in after.items()}
	busy = [tid for tid, ns in used.items() if ns > 20e6]
	missing = [tid for tid in busy if tid not in seen]
	twice = [tid for tid in busy if seen.get(tid, 0) > 1.5 * used[tid] + 10e6]
	chance = sum(math.exp(-used[tid] / period) for tid in busy)
	print(f"{len(used)} threads, {len(busy)} busy; missing {missing}, {chance:.2g} by chance, twice {twice}")
	sys.exit(bool(len(missing) > chance + 4 * math.sqrt(chance) or twice or not busy))
	END
}

# whole: 99 % of the stacks reach the thread's root.
whole() {
	"$PYTHON" -c 'import sys; sys.exit(not float(sys.argv[1]) >= 0.99)' \
		"$(json "$dir/run.json" quality.complete)" || fail "$(json "$dir/run.json" quality)"
}

# share NAME: the percentage of the profile below frames of that name.
share() {
	awk -v name="$1" '{ n = $NF; sub(/ [0-9]+$/, ""); all += n }
		index(";" $0, ";" name) { part += n }
		END { printf "%.1f\n", all ? 100 * part / all : 0 }' "$dir/cpu.folded"
}

between() {
	"$PYTHON" -c 'import sys; a, x, b = map(float, sys.argv[1:]); sys.exit(not a <= x <= b)' \
		"$2" "$1" "$3" || fail "$1 is not between $2 and $3"
}

# --- processes ----------------------------------------------------------------------------------

@test "200 threads that start while profd attaches: all are seen, none twice" {
	local reach
	build crowd crowd.c -pthread
	for reach in inherit system; do
		[ "$reach" = inherit ] || [ "$(id -u)" = 0 ] || continue
		start "$program" stay 200 1000
		wait_for EXPECT
		cpu_times "$pid" >"$BATS_TEST_TMPDIR/before"
		attach "crowd-$reach" --reach "$reach" -p "$pid" -d 8
		cpu_times "$pid" >"$BATS_TEST_TMPDIR/after"
		verify
		whole
		judge_threads "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
		[ "$(json "$dir/run.json" reach)" = "$reach" ]
		kill "$pid"
	done
}

@test "an attach that takes as long as the threads take to start: none twice" {
	build late-open.so late-open.c -shared -fPIC -ldl
	local late=$program
	build crowd crowd.c -pthread
	start "$program" stay 60 2000
	wait_for EXPECT
	AS=(env "LD_PRELOAD=$late")
	attach late --reach inherit -p "$pid" -- sleep 8
	cpu_times "$pid" >"$BATS_TEST_TMPDIR/after"
	verify
	whole
	judge_threads /dev/null "$BATS_TEST_TMPDIR/after"
}

@test "threads that come and go: shares are right" {
	build crowd crowd.c -pthread
	start "$program" go 40 200
	wait_for EXPECT
	for ENGINE in perf ptrace; do
		attach "churn-$ENGINE" -p "$pid" -d 3
		verify
		whole
		# Each thread has a name of its own.
		[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" thread | grep -c '^crowd-')" -gt 20 ]
		[ "$(json "$dir/run.json" engine)" = "$ENGINE" ]
	done
}

@test "ten attaches in a row, by each engine, to threads that come and go" {
	local i
	build crowd crowd.c -pthread
	start "$program" go 20
	wait_for 'all are there'
	for i in {1..20}; do
		ENGINE=perf
		((i <= 10)) || ENGINE=ptrace
		"$PROFD" record -q --force --engine "$ENGINE" -o "$BATS_TEST_TMPDIR/ten" -p "$pid" \
			-d 0.2 3>&-
		[ "$(json "$BATS_TEST_TMPDIR/ten/run.json" exit_status)" = null ]
	done
	kill -0 "$pid"
}

@test "a process that lets its children work: the short ones are seen" {
	needs_root
	build shares shares.c
	start sh -c "while :; do '$program' 4 >/dev/null; done"
	# It has to have waited for some before it is looked at.
	waited() { [ "$(cut -d' ' -f16 "/proc/$pid/stat")" -gt 10 ]; }
	poll 60 waited
	attach storm -p "$pid" -d 2
	[ "$status" = 0 ]
	whole
	[ "$(json "$dir/run.json" reach)" = system ]
	grep -q '^shares;.*;call_30;load_30 ' "$dir/cpu.folded"
	between "$(json "$dir/run.json" quality.coverage)" 0.9 1
}

@test "children from before are left out, those from now on are not" {
	local reach
	build shares shares.c
	cp "$program" "$BATS_TEST_TMPDIR/older"
	for reach in inherit system; do
		[ "$reach" = inherit ] || [ "$(id -u)" = 0 ] || continue
		mkfifo "$BATS_TEST_TMPDIR/$reach"
		start sh -c "'$BATS_TEST_TMPDIR/older' 1000000 >/dev/null & echo older \$!
			read x <'$BATS_TEST_TMPDIR/$reach'; '$program' 200 >/dev/null; echo ended; read x"
		wait_for older
		PIDS+=("$(cut -d' ' -f2 "$out")")
		# The command sets it off once the events are on.
		attach_once "from-$reach" --reach "$reach" -p "$pid" -- sh -c "
			echo go >'$BATS_TEST_TMPDIR/$reach'
			until grep -q ended '$out'; do sleep 0.05; done"
		[ "$status" = 0 ]
		grep -q '^shares;.*;call_30;load_30 ' "$dir/cpu.folded"
		lacks '^older' "$dir/cpu.folded"
		[ "$(json "$dir/run.json" command.0)" = sh ]
		[ "$(json "$dir/run.json" targets.0.pid)" = "$pid" ]
	done
}

@test "-t: one thread of four" {
	build crowd crowd.c -pthread
	start "$program" stay 4
	wait_for 'all are there'
	named() { grep -l "crowd-3" /proc/"$pid"/task/*/comm; }
	poll 30 named
	local tid
	tid=$(named | cut -d/ -f5)
	for ENGINE in perf ptrace; do
		attach "one-$ENGINE" -t "$tid" -d 2
		verify
		whole
		[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" tid | cut -d' ' -f1 | grep -v '^-')" = "$tid" ]
		[ "$(json "$dir/run.json" targets.0.tid)" = "$tid" ]
	done
	# Two of them, and not the first.
	local other
	other=$(grep -l crowd-1 /proc/"$pid"/task/*/comm | cut -d/ -f5)
	attach two -t "$tid,$other" -d 1
	[ "$status" = 0 ]
	[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" tid | grep -vc '^-')" = 2 ]
}

@test "a process whose first thread has ended" {
	echo '#include <pthread.h>
		static volatile unsigned long n;
		static void *work(void *arg) { for (;;) n++; }
		int main(void) { pthread_t t; pthread_create(&t, 0, work, 0); pthread_exit(0); }' >"$BATS_TEST_TMPDIR/headless.c"
	gcc -g -pthread -o "$BATS_TEST_TMPDIR/headless" "$BATS_TEST_TMPDIR/headless.c"
	start "$BATS_TEST_TMPDIR/headless"
	poll 30 grep -q '^State:	Z' "/proc/$pid/status"
	for ENGINE in perf ptrace; do
		attach "headless-$ENGINE" -p "$pid" -d 1
		[ "$status" = 0 ]
		grep -q '^headless;.*start_thread;work ' "$dir/cpu.folded"
		whole
	done
}

@test "several processes" {
	local first
	build shares shares.c
	start "$program" 100000
	first=$pid
	start "$program" 100000
	for ENGINE in perf ptrace; do
		attach "both-$ENGINE" -p "$first" -p "$pid" -d 2
		[ "$status" = 0 ]
		[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" pid | grep -c -e "^$first " -e "^$pid ")" = 2 ]
		[ "$(json "$dir/run.json" targets.1.pid)" = "$pid" ]
		between "$(json "$dir/run.json" quality.coverage)" 0.95 1
	done
	attach list -p "$first,$pid,$first" -d 1
	[ "$status" = 0 ]
	[ "$(json "$dir/run.json" targets | grep -o pid | wc -l)" = 2 ]
}

@test "without -d the recording ends with the process" {
	build shares shares.c
	for ENGINE in perf ptrace; do
		start sh -c "sleep 0.5; exec '$program' 300"
		attach_once "until-$ENGINE" -p "$pid"
		[ "$status" = 0 ]
		grep -q '^shares;.*;main;call_30;load_30' "$dir/cpu.folded"
		[ "$(json "$dir/run.json" exit_status)" = null ]
		[ "$(json "$dir/run.json" command)" = null ]
		whole_artifacts "$dir"
	done
}

@test "--wait-tree: until its children have ended, too" {
	build shares shares.c
	for ENGINE in perf ptrace; do
		start sh -c "sleep 0.5; setsid '$program' 1200 & exec sleep 0.2"
		attach_once "tree-$ENGINE" --wait-tree -F 499 -p "$pid"
		[ "$status" = 0 ]
		between "$(share load_30)" 20 40
	done
	# Waited for by nobody that is watched, which is what its CPU time is counted by.
	between "$(json "$dir/run.json" quality.coverage)" 0.95 1
}

@test "SIGINT and SIGTERM end the recording, and it is written" {
	local sig recorder
	build shares shares.c
	start "$program" 100000
	for sig in INT TERM HUP; do
		dir=$BATS_TEST_TMPDIR/$sig
		# A background job of a shell has SIGINT ignored.
		env --default-signal=INT "$PROFD" record -q --engine perf -o "$dir" -p "$pid" 3>&- &
		recorder=$!
		events_on() { [ -n "$(ls "/proc/$recorder/task" 2>/dev/null)" ] &&
			ls -l "/proc/$recorder/fd" 2>/dev/null | grep -q perf_event; }
		poll 30 events_on
		poll 30 sh -c "grep -q ^SigBlk:.*[4567cdef] /proc/$recorder/status"
		kill "-$sig" "$recorder"
		wait "$recorder"
		whole_artifacts "$dir"
	done
	kill -0 "$pid"
}

@test "SIGINT and SIGTERM end a recording by ptrace, and the program still runs" {
	local sig recorder
	build shares shares.c
	start "$program" 100000
	for sig in INT TERM HUP; do
		dir=$BATS_TEST_TMPDIR/$sig
		env --default-signal=INT "$PROFD" record -v --engine ptrace -o "$dir" -p "$pid" \
			2>"$BATS_TEST_TMPDIR/err" 3>&- &
		recorder=$!
		poll 30 grep -q 'reach: tree' "$BATS_TEST_TMPDIR/err"
		kill "-$sig" "$recorder"
		wait "$recorder"
		whole_artifacts "$dir"
	done
	poll 30 grep -q '^State:	R' "/proc/$pid/status"
}

@test "a command says how long, and its status is profd's" {
	build shares shares.c
	start "$program" 100000
	for ENGINE in perf ptrace; do
		attach "command-$ENGINE" -p "$pid" -- sh -c 'sleep 0.3; exit 7'
		[ "$status" = 7 ]
		between "$(json "$dir/run.json" wall_s)" 0.25 100
		[ "$(json "$dir/run.json" exit_status)" = 7 ]
		lacks '^sleep' "$dir/cpu.folded"
	done
	attach missing -p "$pid" -- no-such-command
	[ "$status" = 127 ]
	[ ! -e "$dir" ]
}

@test "a capture of an attached recording replays to the same bytes" {
	build crowd crowd.c -pthread
	start "$program" stay 8
	wait_for 'all are there'
	local file again capture=$BATS_TEST_TMPDIR/capture
	for ENGINE in perf ptrace; do
		again=$BATS_TEST_TMPDIR/again-$ENGINE
		attach "raw-$ENGINE" -p "$pid" -d 1 --raw "$capture-$ENGINE"
		[ "$status" = 0 ]
		"$PROFD" replay -q --annotate -o "$again" "$capture-$ENGINE"
		for file in cpu.folded cpu.pb.gz summary.md; do
			cmp "$dir/$file" "$again/$file"
		done
		[ "$(json "$again/run.json" targets.0.pid)" = "$pid" ]
		[ "$(json "$again/run.json" exit_status)" = null ]
	done
}

# --- by ptrace ----------------------------------------------------------------------------------

@test "perf_event_open denied: it is by ptrace, and it is said why" {
	build crowd crowd.c -pthread
	start "$program" stay 4
	wait_for 'all are there'
	AS=("$INTEGRATION/deny-perf")
	"${AS[@]}" "$PROFD" record --annotate -o "$BATS_TEST_TMPDIR/told" -p "$pid" -d 0.5 \
		2>"$BATS_TEST_TMPDIR/err" 3>&-
	cat "$BATS_TEST_TMPDIR/err"
	[ "$(grep -c 'Operation not permitted: running threads are stopped' "$BATS_TEST_TMPDIR/err")" = 1 ]
	grep -q "hint: .*seccomp.*'profd doctor' tells more" "$BATS_TEST_TMPDIR/err"
	json "$BATS_TEST_TMPDIR/told/run.json" fallback_reason | grep -q 'Operation not permitted'
	attach denied -p "$pid" -d 2
	verify
	whole
	[ "$(json "$dir/run.json" engine)" = ptrace ]
	if crowded; then
		between "$(json "$dir/run.json" quality.coverage)" 0.6 1
	else
		between "$(json "$dir/run.json" quality.coverage)" 0.95 1
	fi
	whole_artifacts "$dir"
}

@test "perf_event_open denied: -a and --cgroup say that they need it" {
	local target
	for target in -a "--cgroup /"; do
		status=0
		# shellcheck disable=SC2086
		"$INTEGRATION/deny-perf" "$PROFD" record -o "$BATS_TEST_TMPDIR/none" $target -d 1 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ "$status" = 125 ]
		grep -q 'EPERM.*-p and -t do without perf_event_open' "$BATS_TEST_TMPDIR/err"
		status=0
		# shellcheck disable=SC2086
		"$PROFD" record -o "$BATS_TEST_TMPDIR/none" --engine ptrace $target -d 1 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ "$status" = 125 ]
		grep -q -e "${target% *} takes perf_event_open" "$BATS_TEST_TMPDIR/err"
		[ ! -e "$BATS_TEST_TMPDIR/none" ]
	done
}

@test "by ptrace: children from before are left out, those from now on are not" {
	build shares shares.c
	cp "$program" "$BATS_TEST_TMPDIR/older"
	mkfifo "$BATS_TEST_TMPDIR/go"
	start sh -c "'$BATS_TEST_TMPDIR/older' 1000000 >/dev/null & echo older \$!
		read x <'$BATS_TEST_TMPDIR/go'; '$program' 1000 >/dev/null; echo ended; read x"
	wait_for older
	PIDS+=("$(cut -d' ' -f2 "$out")")
	# profd is a child of the shell's from before, too.
	ENGINE=ptrace
	attach_once from -p "$pid,$BASHPID" -- sh -c "
		echo go >'$BATS_TEST_TMPDIR/go'
		until grep -q ended '$out'; do sleep 0.05; done"
	[ "$status" = 0 ]
	grep -q '^shares;.*;call_30;load_30 ' "$dir/cpu.folded"
	lacks '^older' "$dir/cpu.folded"
	lacks '^profd' "$dir/cpu.folded"
	between "$(json "$dir/run.json" quality.coverage)" 0.9 1
}

@test "by ptrace: what is stopped stays so, and what someone else traces is named" {
	needs strace
	build shares shares.c
	start "$program" 100000
	wait_for EXPECT
	kill -STOP "$pid"
	ENGINE=ptrace
	attach stopped -p "$pid" -d 0.3
	[ "$status" = 0 ]
	grep -q '^State:	T' "/proc/$pid/status"
	kill -CONT "$pid"
	local shares=$pid
	start strace -qq -o /dev/null -p "$pid"
	traced() { ! grep -q '^TracerPid:	0' "/proc/$shares/status"; }
	poll 30 traced
	attach traced -p "$shares" -d 0.3
	[ "$status" = 125 ]
	grep -q "process $shares (shares) is traced by process $pid (strace) already" "$dir.err"
	[ ! -e "$dir" ]
}

@test "Yama is named where it is what forbids to stop a process" {
	needs_root
	needs setpriv
	local scope deny=$SRCDIR/tests/fault/deny
	unshare -m true || skip "no namespace of mounts can be made here"
	start "${NOBODY[@]}" sleep 1000
	mkdir -p "$OPEN/kernel/yama"
	cp /proc/sys/kernel/perf_event_max_sample_rate /proc/sys/kernel/perf_event_paranoid "$OPEN/kernel"
	for scope in 1 2 3 absent; do
		rm -f "$OPEN/kernel/yama/ptrace_scope"
		[ "$scope" = absent ] || echo "$scope" >"$OPEN/kernel/yama/ptrace_scope"
		status=0
		# shellcheck disable=SC2016
		unshare -m sh -c 'mount --bind "$0" /proc/sys/kernel && exec "$@"' "$OPEN/kernel" \
			"${NOBODY[@]}" "$deny" "ptrace=$pid" EPERM \
			"$OPEN/profd" record --engine ptrace -o "$OPEN/box/yama" -p "$pid" -d 1 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ "$status" = 125 ]
		if [ "$scope" = absent ]; then
			lacks Yama "$BATS_TEST_TMPDIR/err"
			grep -q "process $pid (sleep) has rights that profd lacks" "$BATS_TEST_TMPDIR/err"
			continue
		fi
		grep -q "process $pid (sleep) .*Yama, with kernel.yama.ptrace_scope at $scope, " \
			"$BATS_TEST_TMPDIR/err"
		grep -q 'hint: .' "$BATS_TEST_TMPDIR/err"
	done
}

@test "neither perf nor ptrace: one sentence says both" {
	build shares shares.c
	start "$program" 100000
	status=0
	"$INTEGRATION/deny-perf" "$SRCDIR/tests/fault/deny" ptrace EPERM "$PROFD" record \
		-o "$BATS_TEST_TMPDIR/none" -p "$pid" -d 1 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ "$status" = 125 ]
	[ "$(grep -c '^profd: ' "$BATS_TEST_TMPDIR/err")" = 2 ]
	grep -q "does not let profd sample.*does not let profd stop a process" "$BATS_TEST_TMPDIR/err"
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "several events" {
	local reach
	build crowd crowd.c -pthread
	start "$program" stay 8
	wait_for 'all are there'
	for reach in inherit system; do
		[ "$reach" = inherit ] || [ "$(id -u)" = 0 ] || continue
		attach "events-$reach" --reach "$reach" -p "$pid" -d 1 -e cpu-clock,task-clock
		[ "$status" = 0 ]
		between "$(json "$dir/run.json" events.1.samples)" 100 100000
	done
}

# --- other users --------------------------------------------------------------------------------

@test "nobody: an own process, threads that come and go" {
	needs_root
	needs setpriv
	build crowd crowd.c -pthread
	cp "$program" "$OPEN/crowd"
	start "${NOBODY[@]}" "$OPEN/crowd" stay 50 500
	wait_for EXPECT
	# What setpriv became.
	cpu_times "$pid" >"$OPEN/before"
	BATS_TEST_TMPDIR=$OPEN/box AS=("${NOBODY[@]}")
	PROFD=$OPEN/profd
	attach own -p "$pid" -d 4
	cpu_times "$pid" >"$OPEN/after"
	verify
	whole
	judge_threads "$OPEN/before" "$OPEN/after"
	[ "$(json "$dir/run.json" reach)" = inherit ]
	ENGINE=ptrace
	cpu_times "$pid" >"$OPEN/before"
	attach own-ptrace -p "$pid" -d 4
	cpu_times "$pid" >"$OPEN/after"
	verify
	whole
	judge_threads "$OPEN/before" "$OPEN/after"
	[ "$(json "$dir/run.json" reach)" = tree ]
}

@test "nobody: another user's process is refused, and it is said whose it is" {
	needs_root
	needs setpriv
	start sleep 1000
	local engine
	for engine in auto ptrace; do
		status=0
		"${NOBODY[@]}" "$OPEN/profd" record -o "$OPEN/box/refused" --engine "$engine" -p "$pid" -d 1 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ "$status" = 125 ]
		grep -q "process $pid (sleep) is user 0's, and profd runs as 65534" "$BATS_TEST_TMPDIR/err"
		[ ! -e "$OPEN/box/refused" ]
	done
}

@test "nobody: a process that closed itself" {
	needs_root
	needs setpriv
	start "${NOBODY[@]}" "$PYTHON" -c '
import ctypes, time
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) # PR_SET_DUMPABLE
print("closed", flush=True)
time.sleep(1000)'
	wait_for closed
	local engine
	for engine in auto ptrace; do
		status=0
		"${NOBODY[@]}" "$OPEN/profd" record -o "$OPEN/box/closed" --engine "$engine" -p "$pid" -d 1 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ "$status" = 125 ]
		grep -q 'closed itself' "$BATS_TEST_TMPDIR/err"
	done
}

@test "nobody: -a is for others" {
	needs_root
	needs setpriv
	status=0
	"${NOBODY[@]}" "$OPEN/profd" record -o "$OPEN/box/all" -a -d 1 \
		2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	[ "$status" = 125 ]
	grep -q 'whole CPUs are not allowed' "$BATS_TEST_TMPDIR/err"
	grep -q 'hint: only root' "$BATS_TEST_TMPDIR/err"
}

@test "--wall is for a command: refused, and nothing is written" {
	local target
	for target in "-p $$" "-t $$" -a "--cgroup /"; do
		status=0
		# shellcheck disable=SC2086
		"$PROFD" record -o "$BATS_TEST_TMPDIR/wall" --wall $target -d 1 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ "$status" = 125 ]
		[ "$(grep -c -e '--wall follows the threads of a command' "$BATS_TEST_TMPDIR/err")" = 1 ]
		[ ! -e "$BATS_TEST_TMPDIR/wall" ]
	done
}

# --- groups and everything ----------------------------------------------------------------------

@test "-a: a program that was started elsewhere" {
	needs_root
	build shares shares.c
	start "$program" 100000
	attach all -a -d 2
	[ "$status" = 0 ]
	grep -q '^shares;.*;call_30;load_30 ' "$dir/cpu.folded"
	between "$(json "$dir/run.json" quality.coverage)" 0.9 1
	[ "$(json "$dir/run.json" targets.0.system)" = true ]
	[ "$(json "$dir/run.json" reach)" = system ]
}

@test "--cgroup: the processes of a group, old ones and new ones, and no other" {
	needs_root
	local path
	build shares shares.c
	cp "$program" "$BATS_TEST_TMPDIR/outside"
	start "$BATS_TEST_TMPDIR/outside" 100000
	enter_group || skip "no control group can be made here"
	# A group of what this test starts, apart from profd and from the test.
	mkdir "$HOME_GROUP/job"
	start sh -c "echo \$\$ >'$HOME_GROUP/job/cgroup.procs'
		while :; do '$program' 100 >/dev/null; done"
	inside() { grep -q '/job$' "/proc/$pid/cgroup"; }
	poll 30 inside
	for path in "$HOME_GROUP/job" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"; do
		attach group --cgroup "$path" -d 2
		[ "$status" = 0 ]
		grep -q '^shares;.*;call_30;load_30 ' "$dir/cpu.folded"
		lacks '^outside' "$dir/cpu.folded"
		between "$(json "$dir/run.json" quality.coverage)" 0.95 1
		[ "$(json "$dir/run.json" reach)" = cgroup ]
		[ "$(json "$dir/run.json" targets.0.cgroup)" = "$path" ]
	done
	kill -KILL "$pid"
	wait "$pid" || :
	poll 30 leave_group
}

# What a container is for the kernel: namespaces of its own, another root, a control group.
@test "--cgroup: a container's program is named by the container's files" {
	needs_root
	needs unshare
	local root=$BATS_TEST_TMPDIR/root library inner
	build shares shares.c
	mkdir -p "$root/app"
	cp "$program" "$root/app/inside"
	ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$root${library%/*}"
		cp -L "$library" "$root$library"
	done
	enter_group || skip "no control group can be made here"
	mkdir "$HOME_GROUP/job"
	start sh -c "echo \$\$ >'$HOME_GROUP/job/cgroup.procs'
		exec unshare --pid --fork --kill-child --mount --net --ipc --uts \
			chroot '$root' /app/inside 100000"
	found() { inner=$(pgrep -x inside) && grep -q '/job$' "/proc/$inner/cgroup"; }
	poll 30 found
	attach container --cgroup "$HOME_GROUP/job" -d 2
	[ "$status" = 0 ]
	grep -q '^inside;.*;call_30;load_30 ' "$dir/cpu.folded"
	attach process -p "$inner" -d 2
	[ "$status" = 0 ]
	grep -q '^inside;.*;call_30;load_30 ' "$dir/cpu.folded"
	attach stopped --engine ptrace -p "$inner" -d 2
	[ "$status" = 0 ]
	grep -q '^inside;.*;call_30;load_30 ' "$dir/cpu.folded"
	kill -KILL "$pid"
	wait "$pid" || :
	poll 30 leave_group
}

@test "--cgroup: without -d until the group is empty" {
	needs_root
	build shares shares.c
	enter_group || skip "no control group can be made here"
	mkdir "$HOME_GROUP/job"
	start sh -c "echo \$\$ >'$HOME_GROUP/job/cgroup.procs'; sleep 1; exec '$program' 100"
	inside() { grep -q '/job$' "/proc/$pid/cgroup"; }
	poll 30 inside
	attach_once empties --cgroup "$HOME_GROUP/job"
	[ "$status" = 0 ]
	grep -q 'call_30;load_30' "$dir/cpu.folded"
	wait "$pid"
	poll 30 leave_group
}

# --- a server under load ------------------------------------------------------------------------

@test "50 attaches and detaches by each engine to a loaded redis-server: no error, no stuck thread" {
	needs redis-server redis-benchmark redis-cli
	local i socket=$BATS_TEST_TMPDIR/socket server bench
	start redis-server --port 0 --unixsocket "$socket" --save '' --io-threads 2 \
		--dir "$BATS_TEST_TMPDIR"
	server=$pid
	answers() { [ "$(redis-cli -s "$socket" ping 2>/dev/null)" = PONG ]; }
	poll 30 answers
	start redis-benchmark -s "$socket" -q -l -n 20000 -c 20 -t set,get,lpush,lpop
	bench=$pid
	for ENGINE in perf ptrace; do
		for i in {1..50}; do
			attach redis -p "$server" -d 0.1
			[ "$status" = 0 ] || fail "attach $i: $(cat "$dir.err")"
		done
		[ "$(json "$dir/run.json" engine)" = "$ENGINE" ]
		[ "$(json "$dir/run.json" quality.samples)" -gt 0 ]
	done
	# Still at work, and nobody got an error.
	kill -0 "$bench"
	[ "$(redis-cli -s "$socket" ping)" = PONG ]
	lacks '[Ee]rror' "$out"
	redis-cli -s "$socket" info errorstats >"$BATS_TEST_TMPDIR/errors"
	lacks errorstat_ "$BATS_TEST_TMPDIR/errors"
	kill "$bench"
	# What holds no thread: all of them wait again once there is nothing to do.
	asleep() { ! grep -h '^State:' /proc/"$server"/task/*/status | grep -v sleeping; }
	poll 30 asleep
	redis-cli -s "$socket" shutdown nosave || :
	poll 30 gone "$server"
}

@test "a long look at the redis-server: shares, complete stacks" {
	needs redis-server redis-benchmark redis-cli
	local socket=$BATS_TEST_TMPDIR/socket
	start redis-server --port 0 --unixsocket "$socket" --save '' --dir "$BATS_TEST_TMPDIR"
	local server=$pid
	answers() { [ "$(redis-cli -s "$socket" ping 2>/dev/null)" = PONG ]; }
	poll 30 answers
	attach load -p "$server" -- redis-benchmark -s "$socket" -q -n 100000 -c 20 -t set,get
	[ "$status" = 0 ]
	whole
	[ "$(json "$dir/run.json" quality.lost)" = 0 ]
	# A switch to a thread is a part of its CPU time that no sample can meet, and this one has a million.
	between "$(json "$dir/run.json" quality.coverage)" 0.9 1
	lacks '^redis-benchmark' "$dir/cpu.folded"
}
