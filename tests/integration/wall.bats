#!/usr/bin/env bats
# record --wall: time on the CPU and off it, thread by thread, against what the threads say of
# themselves. As root stacks come with the switches, as nobody from outside; with the ptrace engine
# threads are looked at now and then.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	paranoid_on
	open_place
}

teardown_file() {
	[ "$(id -u)" = 0 ] || return 0
	paranoid_back
	close_place
}

setup() {
	needs_root
	needs setpriv
	built waits waits.c -pthread
}

# as_nobody NAME [OPTION...] -- COMMAND...: as record_once, without any privilege.
as_nobody() {
	nobody_record "$1" -q "${@:2}"
	cp "$BATS_TEST_TMPDIR/err" "$dir.err"
}

# both MODE THREADS MS KNOWN: as root, where of all time blocked the stack is known, and as nobody,
# where it is of the share KNOWN.
both() {
	record_once "$1" --wall -- "$program" "$1" "$2" "$3"
	cat "$dir.err"
	[ "$status" -eq 0 ]
	[ "$(json "$dir/run.json" wall.method)" = switch-samples ]
	"$INTEGRATION/check-wall" --known 0.99 "$dir"
	as_nobody "$1" --wall -- "$program" "$1" "$2" "$3"
	cat "$dir.err"
	[ "$status" -eq 0 ]
	[ "$(json "$dir/run.json" wall.method)" = switch-records ]
	grep -q perf_event_paranoid <<<"$(json "$dir/run.json" wall.reason)"
	"$INTEGRATION/check-wall" --known "$4" "$dir"
}

# shows PATTERN: in the last recording's wall.folded.
shows() {
	grep -Eq "$1" "$dir/wall.folded" || fail "no line like $1 in:" "$(cat "$dir/wall.folded")"
}

@test "wall: a convoy waits for the lock, each thread for its turn" {
	both convoy 4 150 0.8
	shows ';convoy;.*pthread_mutex_lock.*;\[off-cpu: futex\] [0-9]+$'
	shows ';sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
}

@test "wall: sleepers sleep" {
	both sleeper 4 100 0.8
	shows ';sleeper;sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
}

@test "wall: readers of a pipe wait for input" {
	both reader 3 100 0.8
	shows ';reader;.*read.*;\[off-cpu: io\] [0-9]+$'
}

@test "wall: pollers poll" {
	both poller 3 100 0.8
	shows ';poller;.*poll.*;\[off-cpu: poll\] [0-9]+$'
}

@test "wall: work and sleep in turn are told apart" {
	both mixed 2 60 0.7
	shows ';mixed;spin_ms;?.* [0-9]+$'
	shows ';mixed;sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
}

@test "wall: more hogs than CPUs wait in the run queue, as long as schedstat says" {
	both hogs $((3 * $(nproc))) 200 0
	shows ';\[off-cpu: run queue\] [0-9]+$'
}

@test "wall: a byte there and back, as fast as it goes" {
	record_once ping --wall -- "$program" ping 2 700
	[ "$status" -eq 0 ]
	# All times hold; stacks are those of one switch in so many.
	"$INTEGRATION/check-wall" --known 0.9 "$dir"
	json "$dir/run.json" wall.one_in
	[ "$(json "$dir/run.json" wall.one_in)" -gt 1 ]
	shows ';ping;.*\[off-cpu: io\] [0-9]+$'
	as_nobody ping --wall -- "$program" ping 2 700
	[ "$status" -eq 0 ]
	"$INTEGRATION/check-wall" "$dir"
}

@test "wall: a disk is io" {
	local file=$BATS_TEST_TMPDIR/file
	head -c 50M /dev/zero >"$file"
	sync "$file"
	record_once disk --wall -- dd if="$file" of=/dev/null bs=1M iflag=direct
	cat "$dir.err"
	[ "$status" -eq 0 ] || skip "no O_DIRECT on this file system"
	shows '\[off-cpu: io\] [0-9]+$'
	[ "$(json "$dir/run.json" wall.states_s.io)" != 0.0 ]
}

@test "wall: processes wait for their children" {
	record_once shell --wall -- sh -c 'for i in 1 2 3 4 5; do sleep 0.05; done'
	[ "$status" -eq 0 ]
	shows '^sh;.*\[off-cpu: child\] [0-9]+$'
	shows '^sleep;.*\[off-cpu: sleep\] [0-9]+$'
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1], encoding="utf-8"))
	states, wall = run["wall"]["states_s"], run["wall_s"]
	print(states, wall)
	# All of the shell's life but the forks themselves, and all of the five.
	assert states["child"] > 0.25 and states["sleep"] > 0.25
	assert abs(run["wall"]["lifetime_s"] - states["child"] - wall) < 0.2 * wall
	END
}

# The return address is in a register by then, which the call got as an argument.
@test "wall: nobody: who waits for a child to execute a program has a whole stack" {
	built procs procs.c
	as_nobody vfork --wall -- "$program" 400
	cat "$dir.err"
	[ "$status" -eq 0 ]
	shows ';main;vfork_window;_*vfork;\[off-cpu: child\] [0-9]+$'
	lacks '^procs;_*vfork;' "$dir/wall.folded"
}

@test "wall: inherited events as root, and static, stripped and python programs" {
	record_once inherit --reach inherit --wall -- "$program" convoy 3 50
	[ "$(json "$dir/run.json" wall.method)" = switch-samples ]
	"$INTEGRATION/check-wall" --known 0.99 "$dir"
	build waits-static waits.c -pthread -static -s
	record_once static --wall -- "$program" sleeper 3 30
	"$INTEGRATION/check-wall" --known 0.99 "$dir"
	record_once python --wall -- "$PYTHON" -c 'import time
for _ in range(10): time.sleep(0.03)'
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	wall = json.load(open(sys.argv[1], encoding="utf-8"))["wall"]
	print(wall)
	assert wall["complete"] > 0.99 and 0.3 < wall["states_s"]["sleep"] <= wall["off_cpu_s"]
	END
}

@test "wall: beside the CPU profile, in its own files, on one page" {
	record_once files --wall -- "$program" mixed 2 30
	[ "$(cd "$dir" && echo *)" = "cpu.folded cpu.pb.gz cpu.svg index.html run.json summary.md \
wall.folded wall.pb.gz wall.svg" ]
	readable_artifacts "$dir"
	[ "$(grep -c '<svg ' "$dir/index.html")" -eq 2 ]
	lacks 'off-cpu' "$dir/cpu.folded"
	# A later recording without it leaves none of another's behind.
	"$PROFD" record -q --force -o "$dir" -- true
	whole_artifacts "$dir"
}

@test "wall: with a list of events; not without one that comes with time" {
	record_once list --wall -e cpu-clock,page-faults -- "$program" sleeper 2 30
	[ "$status" -eq 0 ]
	"$INTEGRATION/check-wall" --known 0.99 "$dir"
	[ -s "$dir/page-faults.svg" ]
	record_once second --wall -e page-faults,cpu-clock -- "$program" mixed 2 30
	[ "$status" -eq 0 ]
	"$INTEGRATION/check-wall" --known 0.99 "$dir"
	record_once none --wall -e page-faults -- "$program" sleeper 2 30
	[ "$status" -eq 125 ]
	grep -q 'comes with time' "$dir.err"
}

# replays_alike CAPTURE: as the last recording.
replays_alike() {
	local file
	rm -rf "$dir.again"
	"$PROFD" replay -q --annotate -o "$dir.again" "$1"
	[ "$(cd "$dir" && echo *)" = "$(cd "$dir.again" && echo *)" ]
	for file in "$dir"/*; do
		[ "${file##*/}" = run.json ] || cmp "$file" "$dir.again/${file##*/}"
	done
	[ "$(json "$dir/run.json" wall)" = "$(json "$dir.again/run.json" wall)" ]
}

@test "wall: a replay is the recording to the byte" {
	local mode capture
	for mode in convoy mixed ping; do
		capture=$OPEN/box/$mode.capture
		record_once $mode --wall --raw "$capture" --force -- "$program" $mode 3 40
		cat "$dir.err"
		replays_alike "$capture"
		rm "$capture"
		as_nobody $mode --wall --raw "$capture" --force -- "$program" $mode 3 40
		cat "$dir.err"
		replays_alike "$capture"
	done
	"$PROFD" replay --text "$capture" >"$BATS_TEST_TMPDIR/text"
	grep -q '^switch ' "$BATS_TEST_TMPDIR/text"
	replays_alike "$BATS_TEST_TMPDIR/text"
}

# looked_at KNOWN: the last recording's threads were looked at; what nobody saw is bounded by the
# longest time between two looks.
looked_at() {
	local gap
	cat "$dir.err"
	[ "$status" -eq 0 ]
	[ "$(json "$dir/run.json" engine)" = ptrace ]
	[ "$(json "$dir/run.json" wall.method)" = schedstat ]
	gap=$(sed -n 's/.* \([0-9.]*\) ms at most between two looks$/\1/p' "$dir.err")
	"$INTEGRATION/check-wall" --known "$1" --slack "$gap" "$dir"
}

# by_looks MODE THREADS MS KNOWN [PATTERN...]: as both, at 99 looks a second.
by_looks() {
	local pattern
	record_once "$1" -v -F 99 --wall --engine ptrace -- "$program" "$1" "$2" "$3"
	looked_at "$4"
	for pattern in "${@:5}"; do shows "$pattern"; done
	as_nobody "$1" -v -F 99 --wall --engine ptrace -- "$program" "$1" "$2" "$3"
	looked_at "$4"
	for pattern in "${@:5}"; do shows "$pattern"; done
}

@test "wall: by looks, who waits for a lock, a time, input or any of several" {
	by_looks convoy 4 150 0.98 ';convoy;.*pthread_mutex_lock.*;\[off-cpu: futex\] [0-9]+$' \
		';sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
	by_looks sleeper 4 100 0.98 ';sleeper;sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
	by_looks reader 3 100 0.98 ';reader;.*read.*;\[off-cpu: io\] [0-9]+$'
	by_looks poller 3 100 0.98 ';poller;.*poll.*;\[off-cpu: poll\] [0-9]+$'
}

@test "wall: by looks, work and sleep in turn, hogs, and a byte there and back" {
	by_looks mixed 2 60 0.95 ';mixed;spin_ms;?.* [0-9]+$' \
		';mixed;sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
	by_looks hogs $((3 * $(nproc))) 200 0 ';\[off-cpu: run queue\] [0-9]+$'
	# Each wait is shorter than a look at it.
	by_looks ping 2 700 0
	[ "$(json "$dir/run.json" wall.switches)" -gt 1000 ]
}

@test "wall: by looks, a disk, children, and looks more often than samples" {
	local file=$BATS_TEST_TMPDIR/file
	head -c 50M /dev/zero >"$file"
	sync "$file"
	record_once disk -F 99 --wall --engine ptrace -- dd if="$file" of=/dev/null bs=1M iflag=direct
	cat "$dir.err"
	[ "$status" -eq 0 ] || skip "no O_DIRECT on this file system"
	[ "$(json "$dir/run.json" wall.method)" = schedstat ]
	shows '\[off-cpu: io\] [0-9]+$'
	record_once shell -F 1 --wall --engine ptrace -- sh -c 'for i in 1 2 3 4 5; do sleep 0.1; done'
	[ "$status" -eq 0 ]
	shows '^sh;.*\[off-cpu: child\] [0-9]+$'
	shows '^sleep;.*\[off-cpu: sleep\] [0-9]+$'
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1], encoding="utf-8"))
	wall, seconds = run["wall"], run["wall_s"]
	print(wall, seconds)
	# The shell waits for each, and each sleeps; when each started and ended lies between two looks.
	assert 0.4 < wall["states_s"]["child"] <= seconds
	assert 0.4 < wall["states_s"]["sleep"] < seconds + 0.1
	assert wall["complete"] > 0.99
	END
}

@test "wall: where perf_event_open is forbidden threads are looked at, and that is said" {
	dir=$BATS_TEST_TMPDIR/denied.profile
	status=0
	"$INTEGRATION/deny-perf" "$PROFD" record -v --wall -o "$dir" -- "$program" sleeper 2 50 \
		>"$dir.out" 2>"$dir.err" || status=$?
	looked_at 0.98
	shows ';sleeper;sleep_ms;.*\[off-cpu: sleep\] [0-9]+$'
	grep -q 'running threads are stopped for a moment instead' "$dir.err"
	grep -q 'off the CPU by schedstat' "$dir.err"
	grep -q perf_event_open <<<"$(json "$dir/run.json" wall.reason)"
	readable_artifacts "$dir"
}

@test "wall: by looks, a replay is the recording to the byte" {
	local mode capture
	for mode in convoy mixed ping; do
		capture=$OPEN/box/$mode.capture
		record_once $mode --wall --engine ptrace --raw "$capture" --force -- "$program" $mode 3 40
		cat "$dir.err"
		[ "$status" -eq 0 ]
		replays_alike "$capture"
	done
	"$PROFD" replay --text "$capture" >"$BATS_TEST_TMPDIR/text"
	grep -q '^spent ' "$BATS_TEST_TMPDIR/text"
	lacks '^switch ' "$BATS_TEST_TMPDIR/text"
	replays_alike "$BATS_TEST_TMPDIR/text"
}

@test "wall: go tool pprof reads it" {
	command -v go >/dev/null && go tool pprof -h >/dev/null 2>&1 ||
		skip "go tool pprof is not installed"
	record_once pprof --wall -- "$program" mixed 2 30
	go tool pprof -top -sample_index=off_cpu "$dir/wall.pb.gz" >"$dir.top" 2>"$dir.said"
	cat "$dir.said" "$dir.top"
	[ ! -s "$dir.said" ]
	grep -q 'off-cpu: sleep' "$dir.top"
	go tool pprof -tags "$dir/wall.pb.gz" | grep -q 'run queue'
}
