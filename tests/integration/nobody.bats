#!/usr/bin/env bats
# The same command as an ordinary user, where the kernel lets only a process's own user side be
# sampled (perf_event_paranoid 2). The setting is put back.

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
}

# as_nobody NAME [OPTION...] -- COMMAND...: as `record`, without any privilege.
as_nobody() {
	local _
	for _ in 1 2 3; do
		as_nobody_once "$@"
		disturbed || return 0
		echo "samples were lost while other programs ran: recording $1 again"
	done
}

as_nobody_once() {
	nobody_record "$@"
	: >"$dir.err"
}

@test "nobody: deep recursion, and it is said that only the user side is seen" {
	built deep deep.c -fomit-frame-pointer
	as_nobody deep -- "$program" 1000
	verify
	cat "$BATS_TEST_TMPDIR/err"
	lacks '_\[k\]' "$dir/cpu.folded"
	grep -qi 'user' "$BATS_TEST_TMPDIR/err"
	grep -qi 'user' "$dir/summary.md"
	json "$dir/run.json" fallback_reason
	[ -n "$(json "$dir/run.json" fallback_reason)" ]
	[ "$(json "$dir/run.json" fallback_reason)" != null ]
}

@test "nobody: processes, threads and signals" {
	built procs procs.c
	as_nobody procs -- "$program" 1400
	verify
	built threads threads.c -pthread
	as_nobody threads -- "$program" 1000
	verify
	built sigalt sigalt.c
	as_nobody sigalt -- "$program" 700 near
	verify
}

@test "nobody: four threads at 4999 Hz lose nothing" {
	built threads threads.c -pthread
	as_nobody fast -F 4999 -- "$program" 1200
	verify
}

@test "nobody: a static program" {
	built static shares.c -static
	as_nobody static -- "$program" 900
	verify
}

@test "nobody: a directory that may not be written is 125 and nothing runs" {
	as_nobody fine -- true
	local status=0
	(cd "$OPEN/box" && setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$OPEN/profd" record -o /root/profd-test -- touch ran) || status=$?
	[ "$status" -eq 125 ]
	[ ! -e "$OPEN/box/ran" ]
	[ ! -e /root/profd-test ]
}

@test "nobody: artifacts belong to nobody" {
	as_nobody mine -- true
	[ "$(stat -c %u "$dir/run.json")" = 65534 ]
}
