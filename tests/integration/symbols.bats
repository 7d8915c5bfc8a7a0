#!/usr/bin/env bats
# Where names come from: files that are gone or replaced, stripped files with their debug
# information elsewhere, code that was made at run time.

load lib

# stripped NAME: a stripped build of shares.c in $program, its debug information in
# $program.debug.
stripped() {
	build "$1.full" shares.c
	local full=$program
	program=$BATS_TEST_TMPDIR/$1
	objcopy --only-keep-debug "$full" "$program.debug"
	strip -o "$program" "$full"
}

@test "a program that deletes its own file" {
	build swap swap.c
	cp "$program" "$BATS_TEST_TMPDIR/gone"
	record_once swap -- "$BATS_TEST_TMPDIR/gone" 800 unlink
	[ ! -e "$BATS_TEST_TMPDIR/gone" ]
	verify
}

@test "a program whose file is replaced by another one" {
	build swap swap.c
	cp "$program" "$BATS_TEST_TMPDIR/swap"
	build deep deep.c
	cp "$program" "$BATS_TEST_TMPDIR/other"
	record_once swap -- "$BATS_TEST_TMPDIR/swap" 800 replace "$BATS_TEST_TMPDIR/other"
	cmp "$BATS_TEST_TMPDIR/swap" "$program"
	verify --absent even --absent leaf
}

@test "stripped, with nothing else: functions are named after their start" {
	stripped bare
	rm "$program.debug" # NAME.debug is where a debugger would look without any link
	record bare -- "$program" 800
	sed -i '/^EXPECT/d; /^SHARE/d' "$dir.out"
	echo "EXPECT *;*" >>"$dir.out"
	verify --elf "$program" --absent load_30
	# Nine functions of the workload's, each under one name however many addresses were hit.
	[ "$(grep -o 'bare+0x[0-9a-f]*_*\(\[.\]\)* ' "$dir/cpu.folded" | sort -u | wc -l)" -le 10 ]
}

@test "stripped, with a debuglink beside it" {
	stripped linked
	objcopy --add-gnu-debuglink="$program.debug" "$program"
	record linked -- "$program" 800
	verify
}

@test "stripped, with a debuglink in .debug/" {
	stripped linked
	objcopy --add-gnu-debuglink="$program.debug" "$program"
	mkdir "$BATS_TEST_TMPDIR/.debug"
	mv "$program.debug" "$BATS_TEST_TMPDIR/.debug/"
	record linked -- "$program" 600
	verify
}

@test "a debuglink with a wrong checksum is not used" {
	stripped linked
	objcopy --add-gnu-debuglink="$program.debug" "$program"
	strip --remove-section=.note.gnu.build-id "$program"
	build other deep.c
	objcopy --only-keep-debug "$program" "$BATS_TEST_TMPDIR/linked.debug"
	program=$BATS_TEST_TMPDIR/linked
	record linked -- "$program" 600
	sed -i '/^EXPECT/d; /^SHARE/d' "$dir.out"
	echo "EXPECT *;*" >>"$dir.out"
	verify --elf "$program" --absent leaf --absent even --absent main --absent load_30
}

@test "stripped, with a debug file found by its build-id" {
	needs_root
	stripped by-id
	local id
	id=$(readelf -nW "$program" | sed -n 's/.*Build ID: //p')
	installed=/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	# The same program has the same build-id in every run of this test.
	mkdir -p "$(dirname "$installed")"
	mv "$program.debug" "$installed"
	record by-id -- "$program" 800
	rm "$installed"
	rmdir --ignore-fail-on-non-empty "$(dirname "$installed")"
	verify
}

@test "stripped, with MiniDebugInfo" {
	needs xz
	build mini.full shares.c
	local full=$program work=$BATS_TEST_TMPDIR
	program=$work/mini
	# As gdb's manual describes it: the function symbols that are not dynamic ones,
	# compressed.
	nm -D "$full" --format=posix --defined-only | awk '{ print $1 }' | sort >"$work/dynamic"
	nm "$full" --format=posix --defined-only |
		awk '$2 == "T" || $2 == "t" { print $1 }' | sort >"$work/functions"
	comm -13 "$work/dynamic" "$work/functions" >"$work/keep"
	objcopy --only-keep-debug "$full" "$work/mini.debug"
	objcopy -S --remove-section .gdb_index --remove-section .comment \
		--keep-symbols="$work/keep" "$work/mini.debug" "$work/mini.small"
	xz -k "$work/mini.small"
	strip -o "$program" "$full"
	objcopy --add-section .gnu_debugdata="$work/mini.small.xz" "$program"
	rm "$work/mini.debug" "$work/mini.small" "$work/mini.small.xz"
	record mini -- "$program" 800
	verify
}

@test "compressed debug sections" {
	build inline-z inline.cc -gz=zlib
	record inline -- "$program" 600
	verify --inlines
}

@test "DWARF 4" {
	build inline-4 inline.cc -gdwarf-4
	record inline -- "$program" 600
	verify --inlines
}

@test "code made at run time, named in /tmp/perf-PID.map" {
	build jit jit.c
	local map
	record jit -- "$program" 800
	map=$(sed -n 's/^MAP //p' "$dir.out")
	rm -f "$map"
	verify
	grep -q ';jit_caller_\[j\];jit_loop_\[j\] ' "$dir/cpu.folded"
}

@test "the C library's internals have names where its debug information is installed" {
	[ -d /usr/lib/debug/.build-id ] || skip "libc6-dbg is not installed"
	build deep deep.c
	record deep -- "$program" 400
	verify --line 'EXPECT _start;__libc_start_main|__libc_start_main_impl|__libc_start_main@@GLIBC_2.34;__libc_start_call_main;main'
}

# stands_back PID NICE: profd has a second thread, of that nice value, which takes no signals
# (sigset_t, but for SIGKILL, SIGSTOP and the two that the C library keeps).
stands_back() {
	local task
	for task in "/proc/$1/task/"*; do
		[ "${task##*/}" != "$1" ] || continue
		[ "$(awk '{ print $19 }' "$task/stat")" = "$2" ] || continue
		grep -q '^SigBlk:.*fffffffe7ffbfeff$' "$task/status" && return
	done
	return 1
}

@test "names are looked up meanwhile, by a thread that stands back" {
	local nice profd status=0
	cd "$BATS_TEST_TMPDIR"
	nice=$(awk '{ print $19 }' /proc/self/stat)
	"$PROFD" record -q --timeout 60 -o out -- sh -c 'while :; do :; done' 3>&- &
	profd=$!
	poll 30 stands_back "$profd" $((nice < 14 ? nice + 5 : 19))
	kill "$profd"
	wait "$profd" || status=$?
	[ "$status" -eq 143 ]
	whole_artifacts out
}

@test "run.json tells what profd's time went to" {
	build deep deep.c
	record deep -- "$program" 400
	verify
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	own = json.load(open(sys.argv[1], encoding="utf-8"))["profd"]
	stages = own["cpu_by_stage_s"]
	assert list(stages) == ["record", "name", "write"], stages
	assert all(value > 0 for value in stages.values()), stages
	assert abs(sum(stages.values()) - own["cpu_s"]) < 1e-5, own
	END
}
