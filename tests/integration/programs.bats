#!/usr/bin/env bats
# Recordings of programs that everybody has. Their names come from the symbols that a
# distribution leaves in: exported ones. A stripped program's entry point counts as a root by
# its address.

load lib

@test "gcc -O2 on a large file" {
	local cc1
	cc1=$(gcc -print-prog-name=cc1)
	"$PYTHON" "$WORKLOADS/gen-c.py" 35 >"$BATS_TEST_TMPDIR/big.c"
	record gcc -- gcc -O2 -c -o "$BATS_TEST_TMPDIR/big.o" "$BATS_TEST_TMPDIR/big.c"
	verify --elf "$cc1" --elf "$(command -v gcc)" --elf "$(command -v as)" \
		--line 'EXPECT cc1;...;main;toplev::main;...;execute_pass_list' \
		--line 'SHARE toplev::main 70 100'
	[ -s "$BATS_TEST_TMPDIR/big.o" ]
}

@test "python3" {
	record python3 -- "$PYTHON" "$WORKLOADS/busy.py" 400
	verify --elf "$PYTHON" \
		--line 'EXPECT *;Py_BytesMain;Py_RunMain;...;_PyEval_EvalFrameDefault' \
		--line 'SHARE Py_BytesMain 85 100'
}

@test "sqlite3 with a heavy query" {
	needs sqlite3
	record sqlite3 -- sqlite3 -init "$WORKLOADS/heavy.sql" :memory: .quit
	# The query's own result, and no stack in the library without its way in.
	grep -q '^label-100|4$' "$dir.out"
	[ "$(cat "$dir.err")" = "-- Loading resources from $WORKLOADS/heavy.sql" ] && : >"$dir.err"
	verify --elf "$(command -v sqlite3)" --line 'EXPECT sqlite3_step' \
		--line 'SHARE sqlite3_step 80 100'
}

@test "xz -T2" {
	needs xz
	"$PYTHON" "$WORKLOADS/gen-c.py" 1500 >"$BATS_TEST_TMPDIR/data"
	record xz -- xz -T2 -6 --block-size=1MiB -k "$BATS_TEST_TMPDIR/data"
	# The threads are liblzma's own: their stacks end at the C library's thread start.
	verify --elf "$(command -v xz)" --line 'EXPECT start_thread' --line 'SHARE start_thread 80 100'
	xz -dc "$BATS_TEST_TMPDIR/data.xz" | cmp - "$BATS_TEST_TMPDIR/data"
}

@test "perl" {
	needs perl
	record perl -- perl "$WORKLOADS/busy.pl" 400
	verify --elf "$(command -v perl)" --line 'EXPECT main;perl_run;...;Perl_runops_standard' \
		--line 'SHARE perl_run 85 100'
}

@test "make -j2 of several files" {
	local n
	cd "$BATS_TEST_TMPDIR"
	mkdir src
	for n in 1 2 3 4 5 6; do
		"$PYTHON" "$WORKLOADS/gen-c.py" 6 $((n * 100)) >src/part$n.c
	done
	printf 'all: $(patsubst %%.c,%%.o,$(wildcard src/*.c))\n%%.o: %%.c\n\t@gcc -O2 -c -o $@ $<\n' \
		>Makefile
	record make -- make -j2
	verify --elf "$(gcc -print-prog-name=cc1)" --elf "$(command -v gcc)" --elf "$(command -v as)" \
		--elf "$(command -v make)" --elf "$(readlink -f /bin/sh)" \
		--line 'EXPECT cc1;...;main;toplev::main' --line 'SHARE toplev::main 70 100'
	[ "$(ls src/*.o | wc -l)" -eq 6 ]
}

@test "a shell script of many short programs" {
	needs perl
	local least=300
	record shell -- sh -c 'i=0; while [ $i -lt 400 ]; do perl -e "sort 1..4000"; i=$((i+1)); done'
	# Much of such a process' time is exec, exit and the dynamic linker, whose own start is a
	# root too. 99 %: the C library's crti.o gives every module an _init without unwind
	# information, and here each of a few hundred samples weighs a quarter of a percent.
	verify --min 99 --elf "$(readlink -f /bin/sh)" --elf "$(command -v perl)" \
		--line 'EXPECT _dl_start'
	# Where only their user side is sampled, most of them live between two samples.
	[ "$(json "$dir/run.json" sampling.kernel)" = true ] || least=60
	[ "$(json "$dir/run.json" quality.processes)" -ge "$least" ]
}

@test "a script of several lines is one line of the summary, and the title of the page" {
	record lines -- sh -c 'true
	i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'
	[ "$status" -eq 0 ]
	grep -qF 'sh -c true  i=0; while' "$dir/summary.md"
	grep -qF '<title>sh -c true  i=0; while' "$dir/index.html"
	[[ "$(json "$dir/run.json" command.2)" == true$'\n'* ]]
}

@test "a stripped static program without unwind information says so" {
	needs busybox
	"$PYTHON" "$WORKLOADS/gen-c.py" 1500 >"$BATS_TEST_TMPDIR/data"
	record busybox -- busybox sh -c "busybox gzip -c <$BATS_TEST_TMPDIR/data |
		busybox gunzip -c | busybox md5sum"
	# Debian builds it without .eh_frame: hardly a stack can be whole.
	verify --min 0 --elf "$(command -v busybox)" --line 'EXPECT [no unwind info]'
}
