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

# attach NAME [OPTION...]: sets $dir and $status, again when other programs made it lose samples.
attach() {
	local _ name=$1
	shift
	dir=$BATS_TEST_TMPDIR/$name.profile
	for _ in 1 2 3; do
		status=0
		rm -rf "$dir"
		# shellcheck disable=SC2034 # for disturbed
		busy_before=$(busy_ticks)
		"${AS[@]}" "$PROFD" record -q --annotate -F 999 -o "$dir" "$@" \
			>"$dir.out" 2>"$dir.err" </dev/null 3>&- || status=$?
		cp "$out" "$dir.out"
		disturbed || return 0
		echo "samples were lost while other programs ran: recording $name again"
	done
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

# judge_threads BEFORE AFTER: every thread that used 20 ms between the two is in the profile, and none is
# there twice.
judge_threads() {
	"$INTEGRATION/by-label" "$dir/cpu.pb.gz" tid >"$dir.tids"
	"$PYTHON" - "$1" "$2" "$dir.tids" <<-'END'
	import sys
	before, after, seen = (
	    {tid: int(ns) for tid, ns in map(str.split, open(name))} for name in sys.argv[1:])
	used = {tid: ns - before.get(tid, 0) for tid, ns in after.items()}
	busy = [tid for tid, ns in used.items() if ns > 20e6]
	missing = [tid for tid in busy if tid not in seen]
	twice = [tid for tid in busy if seen.get(tid, 0) > 1.5 * used[tid] + 10e6]
	print(f"{len(used)} threads, {len(busy)} busy; missing {missing}, twice {twice}")
	sys.exit(bool(missing or twice or not busy))
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
	attach churn -p "$pid" -d 3
	verify
	whole
	# Each thread has a name of its own.
	[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" thread | grep -c '^crowd-')" -gt 20 ]
}

@test "ten attaches in a row to threads that come and go" {
	local i
	build crowd crowd.c -pthread
	start "$program" go 20
	wait_for 'all are there'
	for i in {1..10}; do
		"$PROFD" record -q --force -o "$BATS_TEST_TMPDIR/ten" -p "$pid" -d 0.2 3>&-
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
		attach "from-$reach" --reach "$reach" -p "$pid" -- sh -c "
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
	attach one -t "$tid" -d 2
	verify
	whole
	[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" tid | cut -d' ' -f1 | grep -v '^-')" = "$tid" ]
	[ "$(json "$dir/run.json" targets.0.tid)" = "$tid" ]
}

@test "several processes" {
	local first
	build shares shares.c
	start "$program" 100000
	first=$pid
	start "$program" 100000
	attach both -p "$first" -p "$pid" -d 2
	[ "$status" = 0 ]
	[ "$("$INTEGRATION/by-label" "$dir/cpu.pb.gz" pid | grep -c -e "^$first " -e "^$pid ")" = 2 ]
	[ "$(json "$dir/run.json" targets.1.pid)" = "$pid" ]
	attach list -p "$first,$pid,$first" -d 1
	[ "$status" = 0 ]
	[ "$(json "$dir/run.json" targets | grep -o pid | wc -l)" = 2 ]
}

@test "without -d the recording ends with the process" {
	build shares shares.c
	start sh -c "sleep 0.5; exec '$program' 300"
	attach until -p "$pid"
	[ "$status" = 0 ]
	grep -q 'main;call_30;load_30' "$dir/cpu.folded"
	[ "$(json "$dir/run.json" exit_status)" = null ]
	[ "$(json "$dir/run.json" command)" = null ]
	whole_artifacts "$dir"
}

@test "--wait-tree: until its children have ended, too" {
	build shares shares.c
	start sh -c "sleep 0.5; setsid '$program' 400 & exec sleep 0.2"
	attach tree --wait-tree -p "$pid"
	[ "$status" = 0 ]
	between "$(share load_30)" 20 40
}

@test "SIGINT and SIGTERM end the recording, and it is written" {
	local sig recorder
	build shares shares.c
	start "$program" 100000
	for sig in INT TERM HUP; do
		dir=$BATS_TEST_TMPDIR/$sig
		# A background job of a shell has SIGINT ignored.
		env --default-signal=INT "$PROFD" record -q -o "$dir" -p "$pid" 3>&- &
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

@test "a command says how long, and its status is profd's" {
	build shares shares.c
	start "$program" 100000
	attach command -p "$pid" -- sh -c 'sleep 0.3; exit 7'
	[ "$status" = 7 ]
	between "$(json "$dir/run.json" wall_s)" 0.25 100
	[ "$(json "$dir/run.json" exit_status)" = 7 ]
	lacks '^sleep' "$dir/cpu.folded"
	attach missing -p "$pid" -- no-such-command
	[ "$status" = 127 ]
	[ ! -e "$dir" ]
}

@test "a capture of an attached recording replays to the same bytes" {
	build crowd crowd.c -pthread
	start "$program" stay 8
	wait_for 'all are there'
	attach raw -p "$pid" -d 1 --raw "$BATS_TEST_TMPDIR/capture"
	[ "$status" = 0 ]
	"$PROFD" replay -q --annotate -o "$BATS_TEST_TMPDIR/again" "$BATS_TEST_TMPDIR/capture"
	local file
	for file in cpu.folded cpu.pb.gz summary.md; do
		cmp "$dir/$file" "$BATS_TEST_TMPDIR/again/$file"
	done
	[ "$(json "$BATS_TEST_TMPDIR/again/run.json" targets.0.pid)" = "$pid" ]
	[ "$(json "$BATS_TEST_TMPDIR/again/run.json" exit_status)" = null ]
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
}

@test "nobody: another user's process is refused, and it is said whose it is" {
	needs_root
	needs setpriv
	start sleep 1000
	status=0
	"${NOBODY[@]}" "$OPEN/profd" record -o "$OPEN/box/refused" -p "$pid" -d 1 \
		2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ "$status" = 125 ]
	grep -q "process $pid (sleep) is user 0's, and profd runs as 65534" "$BATS_TEST_TMPDIR/err"
	[ ! -e "$OPEN/box/refused" ]
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
	status=0
	"${NOBODY[@]}" "$OPEN/profd" record -o "$OPEN/box/closed" -p "$pid" -d 1 \
		2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ "$status" = 125 ]
	grep -q 'closed itself' "$BATS_TEST_TMPDIR/err"
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

@test "--cgroup: without -d until the group is empty" {
	needs_root
	build shares shares.c
	enter_group || skip "no control group can be made here"
	mkdir "$HOME_GROUP/job"
	start sh -c "echo \$\$ >'$HOME_GROUP/job/cgroup.procs'; sleep 1; exec '$program' 100"
	inside() { grep -q '/job$' "/proc/$pid/cgroup"; }
	poll 30 inside
	attach empties --cgroup "$HOME_GROUP/job"
	[ "$status" = 0 ]
	grep -q 'call_30;load_30' "$dir/cpu.folded"
	wait "$pid"
	poll 30 leave_group
}

# --- a server under load ------------------------------------------------------------------------

@test "50 attaches and detaches to a loaded redis-server: no error, no stuck thread" {
	needs redis-server redis-benchmark redis-cli
	local i socket=$BATS_TEST_TMPDIR/socket server bench
	start redis-server --port 0 --unixsocket "$socket" --save '' --io-threads 2 \
		--dir "$BATS_TEST_TMPDIR"
	server=$pid
	answers() { [ "$(redis-cli -s "$socket" ping 2>/dev/null)" = PONG ]; }
	poll 30 answers
	start redis-benchmark -s "$socket" -q -l -n 20000 -c 20 -t set,get,lpush,lpop
	bench=$pid
	for i in {1..50}; do
		attach redis -p "$server" -d 0.1
		[ "$status" = 0 ] || fail "attach $i: $(cat "$dir.err")"
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
	between "$(json "$dir/run.json" quality.coverage)" 0.95 1
	lacks '^redis-benchmark' "$dir/cpu.folded"
}
