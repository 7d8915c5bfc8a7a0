#!/usr/bin/env bats
# libdw and libunwind as oracles: every sample of these programs, unwound by them too, must give the
# same frames, 99.5 % of them at least. And the comparison can fail: with one kind of unwind rule
# misread on purpose, it does.

load ../integration/lib

AGREE=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/agree

# agrees [OPTION...] -- COMMAND...: within two tries. libdw and libunwind give up a stack whose
# topmost frame has popped rbp already while its CFI still names the slot, which the stack copy does
# not hold: about one in a thousand of a compiler's, and of few samples three may be among them.
agrees() {
	agrees_once "$@" || agrees_once "$@"
}

agrees_once() {
	local status=0
	"$AGREE" "$@" >"$BATS_TEST_TMPDIR/agree.out" 2>"$BATS_TEST_TMPDIR/agree.err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/agree.err" "$BATS_TEST_TMPDIR/agree.out"
	[ "$status" -ne 77 ] || skip "$(tail -n 1 "$BATS_TEST_TMPDIR/agree.err")"
	[ "$status" -eq 0 ] || return
	# An empty comparison is no agreement.
	[ "$(sed -n 's/ samples$//p' "$BATS_TEST_TMPDIR/agree.out")" -ge 50 ]
}

# differs KIND COMMAND...: the program agrees, and does not with rules of this kind misread.
differs() {
	local kind=$1 status=0
	shift
	agrees -- "$@"
	"$AGREE" --break "$kind" -- "$@" >"$BATS_TEST_TMPDIR/agree.out" 2>&1 3>&- || status=$?
	grep 'equal' "$BATS_TEST_TMPDIR/agree.out"
	[ "$status" -eq 1 ] || fail "rules of kind $kind were misread, and nobody noticed"
}

setup() {
	[ -x "$AGREE" ] || fail "$AGREE is not built: make check builds it"
}

@test "deep recursion" {
	build deep deep.c -fomit-frame-pointer
	agrees -- "$program" 600
}

@test "C++" {
	build inline inline.cc
	agrees -- "$program" 600
}

@test "threads" {
	build threads threads.c -pthread
	agrees -- "$program" 900
}

@test "processes" {
	build procs procs.c
	agrees -- "$program" 900
}

@test "dlopen and dlclose" {
	build dlloop dlloop.c -ldl
	local loop=$program
	build alpha.so plugin.c -shared -fPIC -DLOAD=alpha_load
	build beta.so plugin.c -shared -fPIC -DLOAD=beta_load -DPAD
	agrees -- "$loop" 700 "$BATS_FILE_TMPDIR/alpha.so" "$BATS_FILE_TMPDIR/beta.so"
}

@test "a compiler" {
	"$PYTHON" "$WORKLOADS/gen-c.py" 25 >"$BATS_TEST_TMPDIR/big.c"
	agrees -- gcc -O2 -c -o "$BATS_TEST_TMPDIR/big.o" "$BATS_TEST_TMPDIR/big.c"
}

@test "python3" {
	agrees -- "$PYTHON" "$WORKLOADS/busy.py" 300
}

@test "perl" {
	needs perl
	agrees -- perl "$WORKLOADS/busy.pl" 250
}

@test "sqlite3" {
	needs sqlite3
	agrees -- sqlite3 :memory: ".read $WORKLOADS/heavy.sql"
}

@test "xz -T2" {
	needs xz
	head -c 24000000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	agrees -- xz -T2 -1 -k "$BATS_TEST_TMPDIR/noise"
}

@test "make -j2" {
	local i
	cd "$BATS_TEST_TMPDIR"
	for i in 1 2 3 4 5 6; do "$PYTHON" "$WORKLOADS/gen-c.py" 2 >"part$i.c"; done
	echo 'all: part1.o part2.o part3.o part4.o part5.o part6.o' >Makefile
	agrees -- make -s -j2 CFLAGS=-O2
}

@test "a static-pie program" {
	build static-pie deep.c -static-pie -fomit-frame-pointer
	agrees -- "$program" 500
}

# libunwind looks nothing up without .eh_frame_hdr, which the linker leaves out of static programs.
@test "a static program, with libdw" {
	build static deep.c -static -fomit-frame-pointer
	agrees --libdw-only -- "$program" 500
}

@test "the comparison can fail: addition to rsp" {
	build deep deep.c -fomit-frame-pointer
	differs 1 "$program" 400
}

@test "the comparison can fail: addition to rbp" {
	build depth depth.c -fomit-frame-pointer
	differs 2 "$program" 400 100 64
}

@test "the comparison can fail: the saved rbp" {
	build depth depth.c -fomit-frame-pointer
	differs 3 "$program" 400 100 64
}

@test "the comparison can fail: a frame found by a load" {
	build realign realign.c -fomit-frame-pointer
	differs 4 "$program" 500
}

@test "the comparison can fail: linkage table stubs" {
	build libtiny.so plt.c -shared -fPIC -DTINY
	build plt plt.c -Wl,-z,lazy -Wl,-rpath,"$BATS_FILE_TMPDIR" "$program"
	differs 5 "$program" 600
}

@test "the comparison can fail: signal frames" {
	build sigalt sigalt.c -fomit-frame-pointer
	differs 6 "$program" 600 near
}

@test "the comparison can fail: the end of the stack" {
	build threads threads.c -pthread
	differs 7 "$program" 900
}

@test "the comparison can fail: expressions" {
	build expr expr.c
	differs 8 "$program" 500
}
