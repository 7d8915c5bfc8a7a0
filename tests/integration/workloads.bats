#!/usr/bin/env bats
# Real recordings of the programs in tests/workloads. Each program prints what its profile must
# show; nothing may be lost, and 99.5 % of the time must lie in whole stacks.

load lib

@test "deep recursion without frame pointers" {
	build deep deep.c -fomit-frame-pointer
	record deep -- "$program" 1000
	verify
}

@test "eight functions with known loads" {
	build shares shares.c
	record shares -- "$program" 1200
	verify
}

@test "signals, on an alternate stack and on the ordinary one" {
	build sigalt sigalt.c -fomit-frame-pointer
	record sigalt -- "$program" 900 near
	verify
}

@test "signals on an alternate stack far away: what is missing is said" {
	build sigalt sigalt.c -fomit-frame-pointer
	record sigalt -- "$program" 900
	verify --excused on_alarm
}

@test "realigned frames" {
	build realign realign.c -fomit-frame-pointer
	record realign -- "$program" 800
	verify
}

@test "stubs of the procedure linkage table" {
	build libtiny.so plt.c -shared -fPIC -DTINY
	build plt plt.c -Wl,-z,lazy -Wl,-rpath,"$BATS_FILE_TMPDIR" "$program"
	record plt -- "$program" 800
	verify
}

@test "a frame whose place only a DWARF expression tells" {
	build expr expr.c
	record expr -- "$program" 700
	verify
}

@test "threads end at the thread's start" {
	build threads threads.c -pthread
	record threads -- "$program" 1200
	verify
	gzip -dc "$dir/cpu.pb.gz" | grep -qa 'work-[0-9]' # the threads' own names
}

@test "fork, vfork, posix_spawn, exec and a daemon" {
	build procs procs.c
	record procs -- "$program" 1400
	verify
}

@test "dlopen and dlclose in turns" {
	build dlloop dlloop.c -ldl
	local loop=$program
	build alpha.so plugin.c -shared -fPIC -DLOAD=alpha_load
	build beta.so plugin.c -shared -fPIC -DLOAD=beta_load -DPAD
	record dlloop -- "$loop" 1000 "$BATS_FILE_TMPDIR/alpha.so" "$BATS_FILE_TMPDIR/beta.so"
	verify
}

@test "dlopen and dlclose of stripped plug-ins" {
	build dlloop dlloop.c -ldl
	local loop=$program file
	build alpha.so plugin.c -shared -fPIC -DLOAD=alpha_load
	build beta.so plugin.c -shared -fPIC -DLOAD=beta_load -DPAD
	for file in alpha beta; do
		strip -o "$BATS_TEST_TMPDIR/$file.so" "$BATS_FILE_TMPDIR/$file.so"
	done
	record dlloop -- "$loop" 1000 "$BATS_TEST_TMPDIR/alpha.so" "$BATS_TEST_TMPDIR/beta.so"
	sed -i '/EXPECT/s/\(alpha\|beta\)_load/*/; /^SHARE/d' "$dir.out"
	verify --line 'SHARE plugin_run 95 100'
	# The work has no symbol: it is named after the module and its start.
	grep -q ';plugin_run;alpha\.so+0x[0-9a-f]* ' "$dir/cpu.folded"
	grep -q ';plugin_run;beta\.so+0x[0-9a-f]* ' "$dir/cpu.folded"
}

@test "the vdso" {
	build vdso vdso.c
	record vdso -- "$program" 40
	verify
}

@test "C++: templates, virtual calls, inlined functions" {
	build inline inline.cc
	record inline -- "$program" 900
	verify --inlines
}

@test "inlined functions without --annotate carry no mark" {
	build inline inline.cc
	dir=$BATS_TEST_TMPDIR/plain
	"$PROFD" record -q -F 999 -o "$dir" -- "$program" 300 >"$dir.out"
	grep -q 'geometry::innermost' "$dir/cpu.folded"
	lacks '_\[[a-z]\]' "$dir/cpu.folded"
}

@test "C++ without debug information: no inlined frames, all else is there" {
	build inline-nodebug inline.cc -g0
	record inline -- "$program" 600
	verify --absent geometry::innermost
}

@test "a static program" {
	build static shares.c -static
	record static -- "$program" 1200
	verify
}

@test "a static-pie program" {
	build static-pie shares.c -static-pie
	record static-pie -- "$program" 1200
	verify
}

@test "a static program with signals on two stacks" {
	build sigalt-static sigalt.c -static
	record sigalt -- "$program" 900 near
	verify
}

@test "a static program with threads" {
	build threads-static threads.c -static -pthread
	record threads -- "$program" 1000
	verify
}

@test "a static program without .eh_frame_hdr" {
	build static-nohdr deep.c -static -fomit-frame-pointer -Wl,--no-eh-frame-hdr
	readelf -SW "$program" >"$BATS_TEST_TMPDIR/sections"
	lacks '\.eh_frame_hdr' "$BATS_TEST_TMPDIR/sections"
	record nohdr -- "$program" 800
	verify
}

@test "a non-PIE program" {
	build no-pie deep.c -no-pie -fomit-frame-pointer
	record no-pie -- "$program" 600
	verify
}

@test "more frames than are kept end in an explicit frame" {
	build depth depth.c -fomit-frame-pointer
	record depth -- "$program" 600 4000
	verify --min 0 --line 'EXPECT [truncated: too deep];recurse;recurse' \
		--line 'SHARE [truncated: too deep] 95 100'
	# Every such stack keeps as many frames, and not fewer than 1024; kernel frames are beside them.
	grep 'truncated: too deep' "$dir/cpu.folded" | "$PYTHON" -c '
import sys
kept = {len([f for f in line.split(";")[2:] if not f.rstrip("0123456789\n ").endswith("_[k]")])
        for line in sys.stdin}
print(kept)
sys.exit(len(kept) != 1 or not 1024 <= kept.pop() < 4000)'
	# profd must not call these whole.
	"$PYTHON" -c 'import sys; sys.exit(float(sys.argv[1]) > 0.05)' \
		"$(json "$dir/run.json" quality.complete)"
}

@test "a recursion of 100,000 frames is cut, and costs no memory" {
	build depth depth.c -fomit-frame-pointer
	record deepest -- "$program" 800 100000
	verify --min 0 --line 'SHARE [truncated: too deep] 95 100'
	# The rings are not part of it: 16 MiB each would be.
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1], encoding="utf-8"))
	print(run["profd"]["max_rss_bytes"])
	rings = run["sampling"]["ring_bytes_per_cpu"] * run["sampling"]["cpus"]
	sys.exit(run["profd"]["max_rss_bytes"] - rings > 64 << 20)
	END
}

@test "1500 frames are whole" {
	build depth depth.c -fomit-frame-pointer
	record depth -- "$program" 800 1500
	verify --min 95
}

@test "900 frames are whole" {
	build depth depth.c -fomit-frame-pointer
	record depth -- "$program" 600 900
	verify
}

@test "more stack than the copy holds is read from the process, and labelled" {
	build depth depth.c -fomit-frame-pointer
	record wide -- "$program" 1200 300 560
	verify --min 95
	"$PYTHON" - "$dir/run.json" <<-'END'
	import json, sys
	quality = json.load(open(sys.argv[1]))["quality"]
	sys.exit(not 0.95 <= quality["read_live"] <= 1)
	END
	gzip -dc "$dir/cpu.pb.gz" | grep -qa 'outer part read live'
}

# The kernel copies up to the first page that is not in memory. Pages that nobody wrote to are not.
@test "a large frame of which only the ends were touched" {
	build sparse sparse.c -fomit-frame-pointer
	local bytes
	for bytes in 60000 1000000; do
		record "sparse-$bytes" -- "$program" 1000 "$bytes"
		verify --min 90
	done
}

# Few turns: the outer part is there for long enough to be believed. Many: it never is, and a stack
# that begins in one function and ends in the other's leaf must not be made up.
@test "the outer part of a stack is not taken from another moment" {
	local turns
	build twins twins.c -fomit-frame-pointer
	for turns in 1 20000; do
		record "twins-$turns" -- "$program" 1200 "$turns"
		verify --min 0
		"$PYTHON" - "$dir/cpu.folded" "$turns" <<-'END'
		import sys
		total = mixed = whole = 0
		for line in open(sys.argv[1], encoding="utf-8"):
		    stack, count = line.rsplit(" ", 1)
		    total += int(count)
		    whole += int(count) * ("root_" in stack)
		    mixed += int(count) * ("root_a" in stack and "leaf_b" in stack or
		                           "root_b" in stack and "leaf_a" in stack)
		print(f"{total} samples, {whole} with their root, {mixed} of two moments")
		sys.exit(mixed > 0.01 * total or (sys.argv[2] == "1" and whole < 0.5 * total))
		END
	done
}

@test "each unwinder sees the same program" {
	build deep deep.c -fomit-frame-pointer
	local backend
	for backend in cfi libdw libunwind; do
		record "$backend" --unwind "$backend" -- "$program" 400
		verify
	done
}

@test "frame pointers, where the program keeps them" {
	build deep-fp deep.c -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
	record fp --unwind fp -- "$program" 600
	# gcc sets up no frame where a function needs none, whatever it is told: the caller is skipped.
	sed -i '/^EXPECT odd;even;leaf$/d' "$dir.out"
	# The C library keeps none: the outermost frames may be missing, and then it must be
	# said.
	verify --min 0
}

@test "a 32-bit program: what has no stack says so" {
	program=$BATS_TEST_TMPDIR/i386
	printf 'void _start(void)\n{\n\tfor (volatile unsigned n = 0; n < 1000000000; n++)\n\t\t;\n\t%s\n}\n' \
		'__asm__ volatile("int $0x80" ::"a"(1), "b"(0));' >"$program.c"
	gcc -m32 -O1 -nostdlib -static -fno-pic -no-pie -o "$program" "$program.c"
	"$program" || skip "this kernel runs no 32-bit programs"
	record i386 -- "$program"
	cat "$dir/cpu.folded"
	grep -q '^i386;\[no unwind info\];' "$dir/cpu.folded"
	lacks '^[^;]* [0-9]*$' "$dir/cpu.folded"
}
