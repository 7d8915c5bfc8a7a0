#!/usr/bin/env bats
# The same command as an ordinary user, where the kernel lets only a process's own user side be
# sampled (perf_event_paranoid 2). The setting is put back.

load lib

PARANOID=/proc/sys/kernel/perf_event_paranoid

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	cat "$PARANOID" >"$BATS_FILE_TMPDIR/paranoid"
	echo 2 >"$PARANOID"
	# What nobody must reach lies in a directory that everybody may enter.
	OPEN=$(mktemp -d /tmp/profd-nobody.XXXXXX)
	export OPEN
	chmod 755 "$OPEN"
	cp "$PROFD" "$OPEN/profd"
	mkdir -m 777 "$OPEN/box"
}

teardown_file() {
	[ "$(id -u)" = 0 ] || return 0
	cat "$BATS_FILE_TMPDIR/paranoid" >"$PARANOID"
	rm -rf "$OPEN"
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
	local options=()
	dir=$OPEN/box/$1
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	status=0
	rm -rf "$dir"
	# shellcheck disable=SC2034 # disturbed() reads it
	busy_before=$(busy_ticks)
	(cd "$OPEN/box" && setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$OPEN/profd" record --annotate -F 999 -o "$dir" "${options[@]}" -- "$@") \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- || status=$?
	cp "$BATS_TEST_TMPDIR/out" "$dir.out"
	: >"$dir.err"
}

nobody_build() {
	build "$@"
	cp -u "$program" "$OPEN/"
	program=$OPEN/$1
	chmod 755 "$program"
}

@test "nobody: deep recursion, and it is said that only the user side is seen" {
	nobody_build deep deep.c -fomit-frame-pointer
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
	nobody_build procs procs.c
	as_nobody procs -- "$program" 1400
	verify
	nobody_build threads threads.c -pthread
	as_nobody threads -- "$program" 1000
	verify
	nobody_build sigalt sigalt.c
	as_nobody sigalt -- "$program" 700 near
	verify
}

@test "nobody: four threads at 4999 Hz lose nothing" {
	nobody_build threads threads.c -pthread
	as_nobody fast -F 4999 -- "$program" 1200
	verify
}

@test "nobody: a static program" {
	nobody_build static shares.c -static
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
