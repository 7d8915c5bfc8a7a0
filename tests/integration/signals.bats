#!/usr/bin/env bats
# Signals to the workload, to profd and to both; and what a killed profd leaves behind.

load lib

setup() {
	build probe probe.c
	cd "$BATS_TEST_TMPDIR"
	mkdir temp
	export TMPDIR=$BATS_TEST_TMPDIR/temp
}

teardown() {
	local pid
	for pid in $(cat pids 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null || :
	done
}

# start [OPTION...] -- COMMAND...: starts profd in the background and waits until the workload
# says "ready PID"; sets $profd and $workload.
start() {
	"$PROFD" record -q -o out "$@" >stdout 2>stderr </dev/null 3>&- &
	profd=$!
	echo "$profd" >>pids
	poll 30 grep -q ready stdout
	workload=$(sed -n 's/^ready //p' stdout)
	echo "$workload" >>pids
}

ended_with() {
	local status=0
	wait "$profd" || status=$?
	cat stderr
	[ "$status" -eq "$1" ] || fail "status $status, not $1"
}

@test "Ctrl-C: a workload that catches it ends as it likes, and the profile is written" {
	local status=0
	"$INTEGRATION/pty-run" ready '\x03' -- "$PROFD" record -q -o out -- "$program" catch >seen ||
		status=$?
	cat seen
	grep -q 'caught 02' seen
	[ "$status" -eq 7 ]
	whole_artifacts out
	[ "$(json out/run.json exit_status)" = 7 ]
	grep -q main out/cpu.folded
}

@test "Ctrl-C: a workload that does not catch it dies, profd by the same signal" {
	local status=0
	"$INTEGRATION/pty-run" ready '\x03' -- "$PROFD" record -q -o out -- "$program" wait >seen ||
		status=$?
	[ "$status" -eq 130 ]
	whole_artifacts out
}

@test "Ctrl-\\ as well" {
	local status=0
	"$INTEGRATION/pty-run" ready '\x1c' -- "$PROFD" record -q -o out -- "$program" catch >seen ||
		status=$?
	grep -q 'caught 03' seen
	[ "$status" -eq 7 ]
	whole_artifacts out
}

@test "Ctrl-Z and fg: stopped and continued" {
	# The workload says itself that it goes on: by then it is the foreground job again.
	"$INTEGRATION/pty-run" 'prompt>' "$PROFD record -q -o out -- $program catch\\n" \
		ready '\x1a' 'prompt>' 'fg\n' continued '\x03' 'prompt>' 'echo status=$?; exit\n' -- \
		env PS1='prompt>' bash --norc --noprofile -i >seen
	cat -A seen
	grep -q 'Stopped' seen
	grep -q 'status=7' seen
	whole_artifacts out
}

@test "SIGTERM to profd reaches the workload, and the profile is written" {
	start -- "$program" catch
	kill -TERM "$profd"
	ended_with 7
	grep -q 'caught 15' stdout
	gone "$workload"
	whole_artifacts out
}

@test "SIGTERM to profd: a workload that dies of it makes profd die of it" {
	start -- "$program" wait
	kill -TERM "$profd"
	ended_with 143
	gone "$workload"
	whole_artifacts out
}

@test "SIGHUP to profd" {
	start -- "$program" catch
	kill -HUP "$profd"
	ended_with 7
	grep -q 'caught 01' stdout
	whole_artifacts out
}

@test "a signal to the workload alone" {
	start -- "$program" wait
	kill -TERM "$workload"
	ended_with 143
	whole_artifacts out
}

@test "SIGSTOP and SIGCONT of the workload" {
	start -- "$program" catch
	kill -STOP "$workload"
	poll 10 grep -q '^State:.*T' "/proc/$workload/status"
	kill -0 "$profd"
	kill -CONT "$workload"
	kill -INT "$workload"
	ended_with 7
	whole_artifacts out
}

@test "kill -9 of profd while it records leaves no artifact and no temporary file" {
	start -- "$program" wait
	kill -KILL "$profd"
	ended_with 137
	[ ! -e out ] || readable_artifacts out
	[ -z "$(ls -A out 2>/dev/null)" ] || fail "left: $(ls -A out)"
	[ -z "$(ls -A temp)" ] || fail "left: $(ls -A temp)"
	[ "$(ls -A)" = "$(printf 'pids\nstderr\nstdout\ntemp')" ] || [ "$(ls -A)" = \
		"$(printf 'out\npids\nstderr\nstdout\ntemp')" ] || fail "left: $(ls -A)"
}

@test "kill -9 of profd while it writes leaves only whole artifacts" {
	build shares shares.c
	local round
	for round in 1 2 3 4 5 6 7 8; do
		rm -rf out
		"$PROFD" record -q -F 4999 -o out -- "$program" $((40 + round)) >/dev/null 2>&1 3>&- &
		profd=$!
		# The first file that appears is the sign that writing has begun.
		poll 30 appeared
		kill -KILL "$profd" 2>/dev/null || :
		wait "$profd" || :
		[ ! -e out ] || readable_artifacts out
		[ -z "$(ls -A out 2>/dev/null | grep -vxE "${ARTIFACTS// /|}")" ] ||
			fail "left: $(ls -A out)"
		[ -z "$(ls -A temp)" ]
	done
}

appeared() {
	gone "$profd" || [ -n "$(ls -A out 2>/dev/null)" ]
}

@test "the reader of the workload's output goes away" {
	local status
	set +e
	"$PROFD" record -q -o out -- yes | head -n 1 >/dev/null
	status=${PIPESTATUS[0]}
	set -e
	[ "$status" -eq 141 ]
	whole_artifacts out
}

@test "ignored signals stay ignored: nohup" {
	(trap '' INT && "$PROFD" record -q -o out -- sh -c 'kill -INT $$; kill -INT $PPID; echo alive' >stdout)
	[ "$(cat stdout)" = alive ]
	whole_artifacts out
}
