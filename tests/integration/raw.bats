#!/usr/bin/env bats
# Captures: a replay yields what the recording did, here, elsewhere, and as far as the file goes.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# capture NAME [OPTION...] -- COMMAND...: records into $dir and $capture, which replay.
capture() {
	local name=$1
	shift
	capture=$BATS_TEST_TMPDIR/$name.capture
	record "$name" --raw "$capture" --force "$@"
	cat "$dir.err"
}

# replay NAME FILE [OPTION...]: into $again.
replay() {
	again=$BATS_TEST_TMPDIR/$1
	"$PROFD" replay -q --annotate --force -o "$again" "${@:3}" "$2"
}

# same_artifacts DIR DIR: a recording and its replay.
same_artifacts() {
	local file
	whole_artifacts "$2"
	for file in $ARTIFACTS; do
		[ "$file" = run.json ] || cmp "$1/$file" "$2/$file"
	done
	"$PYTHON" - "$1/run.json" "$2/run.json" <<-'END'
	import json, sys
	a, b = (json.load(open(name, encoding="utf-8")) for name in sys.argv[1:])
	engines = a.pop("engine"), b.pop("engine")
	assert engines == ("perf", "replay"), engines
	assert a.pop("profd") and b.pop("profd")
	for key in a.keys() | b.keys():
	    assert a.get(key) == b.get(key), (key, a.get(key), b.get(key))
	END
}

# replays_alike NAME COMMAND...: with profd's options before "--".
replays_alike() {
	local samples
	capture "$@"
	samples=$(json "$dir/run.json" quality.samples)
	[ "$samples" -gt 20 ] || fail "$samples samples"
	replay "$1.again" "$capture"
	same_artifacts "$dir" "$again"
}

@test "a replay is the recording to the byte: plain, recursive, signals, realigned frames" {
	build shares shares.c
	replays_alike shares -- "$program" 300
	build deep deep.c -fomit-frame-pointer
	replays_alike deep -- "$program" 200
	build sigalt sigalt.c -fomit-frame-pointer
	replays_alike sigalt -- "$program" 300
	build realign realign.c -fomit-frame-pointer
	replays_alike realign -- "$program" 200
	build vdso vdso.c
	replays_alike vdso -- "$program" 30
	build inline inline.cc
	replays_alike inline -- "$program" 300
	build static shares.c -static
	replays_alike static -- "$program" 200
}

@test "a replay is the recording to the byte: threads, processes, libraries that come and go" {
	build threads threads.c -pthread
	replays_alike threads -- "$program" 300
	build procs procs.c
	replays_alike procs -- "$program" 300
	build dlloop dlloop.c -ldl
	local loop=$program
	build alpha.so plugin.c -shared -fPIC -DLOAD=alpha_load
	build beta.so plugin.c -shared -fPIC -DLOAD=beta_load -DPAD
	replays_alike dlloop -- "$loop" 400 "$BATS_FILE_TMPDIR/alpha.so" "$BATS_FILE_TMPDIR/beta.so"
}

@test "a replay is the recording to the byte: stacks read from the process" {
	build depth depth.c -fomit-frame-pointer
	replays_alike wide -- "$program" 800 300 560
	"$PYTHON" -c 'import sys; sys.exit(not float(sys.argv[1]) > 0.9)' \
		"$(json "$again/run.json" quality.read_live)"
	# Mostly the same bytes, so not 64 KiB and more for each sample.
	"$PYTHON" -c 'import sys; sys.exit(not int(sys.argv[1]) < 8192 * int(sys.argv[2]))' \
		"$(stat -c %s "$capture")" "$(json "$dir/run.json" quality.samples)"
	replays_alike deepest -- "$program" 400 100000
	build twins twins.c -fomit-frame-pointer
	replays_alike twins -- "$program" 600 20000
}

@test "a replay is the recording to the byte: programs that exec by the hundred" {
	replays_alike storm -- sh -c 'i=0; while [ $i -lt 400 ]; do /bin/echo $i; i=$((i + 1)); done'
}

@test "a replay is the recording to the byte: frame pointers" {
	build deep-fp deep.c -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
	replays_alike fp --unwind fp -- "$program" 200
}

@test "a perf map that is gone still names JIT code" {
	local pid
	build jit jit.c
	capture jit -- "$program" 400
	pid=$("$PROFD" replay --text "$capture" | sed -n 's/^session .* root_pid=\([0-9]*\) .*/\1/p')
	[ -e "/tmp/perf-$pid.map" ]
	rm "/tmp/perf-$pid.map"
	replay again "$capture"
	same_artifacts "$dir" "$again"
	grep -q 'jit_caller_\[j\];jit_loop_\[j\]' "$again/cpu.folded"
}

# In a root file system that holds nothing but profd and, under other names, its libraries.
elsewhere() {
	local root=$BATS_TEST_TMPDIR/root lib
	rm -rf "$root"
	mkdir -p "$root/x"
	cp "$PROFD" "$root/x/profd"
	for lib in $(ldd "$PROFD" | grep -o '/[^ ]*'); do
		cp "$lib" "$root/x/"
	done
	cp "$1" "$root/x/capture"
	chroot "$root" "/x/$(basename "$(ldd "$PROFD" | grep -o '/[^ ]*ld-linux[^ ]*')")" \
		--library-path /x /x/profd replay -q --annotate -o /x/out /x/capture
	again=$root/x/out
}

@test "another machine, without any of the files and processes, makes the same" {
	needs_root
	build own-copy procs.c
	capture procs -- "$program" 400
	rm "$program"
	elsewhere "$capture"
	same_artifacts "$dir" "$again"
	build depth depth.c -fomit-frame-pointer
	capture wide -- "$program" 800 300 560
	elsewhere "$capture"
	same_artifacts "$dir" "$again"
}

@test "an ordinary user's capture replays alike" {
	needs_root
	needs setpriv
	build shares shares.c
	local open
	# Others must be able to reach it.
	open=$(mktemp -d /tmp/profd-raw.XXXXXX)
	cp "$program" "$PROFD" "$open"
	chmod 777 "$open"
	(cd "$open" && setpriv --reuid=65534 --regid=65534 --clear-groups \
		./profd record -q --annotate -F 999 -o out --raw capture -- ./shares 200 >/dev/null)
	mv "$open/out" "$open/capture" .
	rm -r "$open"
	replay again capture
	same_artifacts out "$again"
}

@test "the text form says the same" {
	build sigalt sigalt.c -fomit-frame-pointer
	capture sigalt -- "$program" 300
	"$PROFD" replay --text "$capture" >text
	replay again text
	same_artifacts "$dir" "$again"
	"$PROFD" replay --text text | cmp - text
	# One record to a line, and what continues it.
	head -n 1 text | grep -q '^# profd capture'
	lacks '^[^a-z#	]' text
	[ "$(grep -c '^sample ' text)" = "$(json "$dir/run.json" quality.samples)" ]
}

@test "a capture that reaches its limit ends there, the recording does not" {
	build sigalt sigalt.c -fomit-frame-pointer
	capture limit --raw-limit 1M -- "$program" 2500
	[ "$status" -eq 0 ]
	[ "$(stat -c %s "$capture")" -le 1048576 ]
	[ "$(stat -c %s "$capture")" -gt 524288 ]
	grep -q 'ends after [0-9.]* s, at sample [0-9]*: it reached its limit' "$dir.err"
	replay again "$capture"
	grep -q 'reached its limit' "$again/summary.md"
	"$PYTHON" - "$dir" "$again" <<-'END'
	import json, re, sys
	whole, part = (json.load(open(f"{d}/run.json", encoding="utf-8")) for d in sys.argv[1:])
	said = int(re.search(r"at sample (\d+)", open(sys.argv[1] + ".err").read())[1])
	assert part["quality"]["samples"] == said < whole["quality"]["samples"]
	assert part["exit_status"] == whole["exit_status"] == 0
	assert part["quality"]["coverage"] is None
	# All of it has names, and the lines of the folded file add up.
	assert part["quality"]["resolved"] > 0.95 * whole["quality"]["resolved"]
	total = sum(int(l.rsplit(" ", 1)[1]) for l in open(sys.argv[2] + "/cpu.folded"))
	period = 10**9 // whole["sampling"]["frequency_hz"]
	assert abs(total / period - said) <= said * 0.02, (total, period, said)
	END
}

@test "a disk that is full ends the capture, not the recording" {
	build shares shares.c
	record full --raw /dev/full --force -- "$program" 200
	[ "$status" -eq 0 ]
	whole_artifacts "$dir"
	grep -q "the capture '/dev/full' ends .*No space left on device" "$dir.err"
	[ "$(wc -l <"$dir.err")" -eq 1 ]
}

@test "what fits on a full disk replays" {
	needs_root
	build sigalt sigalt.c -fomit-frame-pointer
	PROGRAM=$program unshare -m bash -c '
		set -e
		mkdir disk
		mount -t tmpfs -o size=400k none disk
		"$PROFD" record -q -F 999 --raw disk/capture -o out -- "$PROGRAM" 600 >/dev/null
		cp disk/capture capture' 2>err 3>&-
	cat err
	grep -q 'No space left on device' err
	whole_artifacts out
	"$PROFD" replay -o again capture 2>err
	cat err
	grep -q 'the capture has no end' err
	whole_artifacts again
	"$PYTHON" - <<-'END'
	import json
	whole, part = (json.load(open(f"{d}/run.json", encoding="utf-8")) for d in ("out", "again"))
	assert 20 < part["quality"]["samples"] < whole["quality"]["samples"]
	assert part["quality"]["resolved"] > 0.9
	END
}

@test "the capture of a profd that was killed replays up to there" {
	build shares shares.c
	"$PROFD" record -q -F 999 -o out --raw capture -- "$program" 100000 >/dev/null 3>&- &
	local pid=$!
	poll 20 large_enough capture
	# The workload ends with profd's last breath, its descriptors.
	local child
	child=$(pgrep -P "$pid")
	kill -KILL "$pid"
	kill -KILL "$child"
	wait "$pid" || [ $? -eq 137 ]
	[ ! -e out/run.json ]
	"$PROFD" replay --annotate -o again capture 2>err
	cat err
	grep -q 'the capture has no end' err
	whole_artifacts again
	# Names are those of the files that are here.
	grep -q ';main;call_[0-9]*;load_[0-9]* ' again/cpu.folded
	rm "$program"
	"$PROFD" replay -q --annotate -o nameless capture
	lacks ';load_[0-9]' nameless/cpu.folded
	whole_artifacts nameless
}

large_enough() {
	[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt 100000 ]
}

@test "what is written waits for a tenth of a second at most" {
	build shares shares.c
	# The program sleeps; what was sampled before has to be in the file meanwhile.
	"$PROFD" record -q -F 999 -o out --raw capture -- sh -c "'$program' 100 >/dev/null; echo slept; exec sleep 1000" \
		>said 3>&- &
	local pid=$! child
	poll 20 grep -q slept said
	poll 20 has_exit
	child=$(pgrep -P "$pid")
	kill "$child"
	wait "$pid" || [ $? -eq 143 ]
	whole_artifacts out
}

has_exit() {
	"$PROFD" replay --text capture 2>/dev/null | grep -c '^exit ' | grep -qx '[1-9].*'
}

@test "captures that cannot be written are refused before the workload runs" {
	local file
	: >there
	for file in there /nosuch/capture . ''; do
		local status=0
		"$PROFD" record --raw "$file" -o out -- touch ran 2>err || status=$?
		cat err
		[ "$status" -eq 125 ]
		[ ! -e ran ]
		[ ! -e out ]
		grep -q capture err || [ -z "$file" ]
	done
	[ ! -s there ]
	"$PROFD" record -q --raw there --force -o out -- true
	[ -s there ]
	for file in libdw libunwind; do
		status=0
		"$PROFD" record --raw new --unwind "$file" -o out2 -- touch ran 2>err || status=$?
		[ "$status" -eq 125 ]
		grep -q "cfi and fp only" err
	done
	for file in 1 100K x 1T -1M 1MM ''; do
		status=0
		"$PROFD" record --raw new --raw-limit "$file" -o out2 -- touch ran 2>err || status=$?
		[ "$status" -eq 125 ]
		grep -q -e '--raw-limit wants a size' err
	done
	[ ! -e new ] && [ ! -e ran ]
	# A command that is not found leaves none either.
	status=0
	"$PROFD" record --raw new -o out2 -- ./nosuch 2>/dev/null || status=$?
	[ "$status" -eq 127 ]
	[ ! -e new ]
}

@test "files that are no captures are refused in one sentence" {
	local file status
	: >empty
	echo hello >words
	printf 'capture major=9 arch="x86_64"\n' >newer
	printf 'capture major=1 arch="aarch64"\n' >arm
	printf 'capture major=1 arch="x86_64"\nsession unwind="libdw" event="cycles"\n' >backend
	printf 'capture major=1 arch="x86_64"\nsession unwind="cfi" event="cycles"\nlost\n' >astray
	cat - >damaged <<-'END'
	capture major=1 arch="x86_64"
	session unwind="cfi" event="cycles"
	sampler
	lost lost=
	END
	cat - >contradicts <<-'END'
	capture major=1 arch="x86_64"
	session unwind="cfi" event="cycles"
	sampler
	opened object=3
	END
	for file in empty words newer arm backend astray damaged contradicts /nosuch .; do
		status=0
		"$PROFD" replay -o out "$file" 2>err || status=$?
		cat err
		[ "$status" -eq 2 ]
		[ "$(wc -l <err)" -eq 1 ]
		grep -q "'$file'" err
		[ ! -e out ]
	done
	for file in '' '--nosuch x' 'a b' '-o'; do
		status=0
		# shellcheck disable=SC2086
		"$PROFD" replay $file 2>err || status=$?
		[ "$status" -eq 2 ]
	done
	"$PROFD" replay --help | grep -q -- --text
}

# Recordings in text, each with its recipe in its first lines, and the folded stacks they yield.
@test "golden captures yield their stacks" {
	local file n=0
	for file in "$SRCDIR"/tests/golden/*.capture; do
		replay golden "$file"
		diff "${file%.capture}.folded" "$again/cpu.folded"
		n=$((n + 1))
	done
	[ "$n" -ge 6 ] || fail "$n captures"
}

# many_pages: a capture whose stacks are told by more pages than reader and writer keep, each stack by 15,
# which does not divide 16,384.
many_pages() {
	cat <<-'END'
	# profd capture 1.0
	capture major=1 arch="x86_64"
	session unwind="cfi" event="cpu-clock" clock=1 period=1000000 root_pid=10 max_depth=6
	sampler event="cpu-clock" kernel=1 hz=1000 ncpus=1
	comm time=1 pid=10 tid=10 exec=1 comm="hand"
	END
	awk 'BEGIN {
		for (pid = 1000; pid < 2300; pid++) {
			for (p = 0; p < 15; p++)
				printf "page pid=%d addr=%d data=01,*4095\n", pid,
				       65536 + 4096 * p
			printf "stack pid=%d addr=0x10000 bytes=61440\n", pid
			printf "sample time=%d pid=%d tid=%d ip=0x401210 user_mode=1 abi=2",
			       pid, pid, pid
			print " regs=0,0,0,0,0,0,0,0x10000,0x401210,0,0,0,0,0,0,0,0"
		}
		print "end"
	}'
}

@test "pages are not forgotten in the middle of a stack" {
	many_pages >pages.capture
	replay pages pages.capture
	[ "$(json "$again/run.json" quality.samples)" = 1300 ]
}

@test "a capture without an end does not open what is no regular file" {
	mkfifo fifo
	cat >fifo.capture <<-END
	# profd capture 1.0
	capture major=1 arch="x86_64"
	session unwind="cfi" event="cpu-clock" clock=1 period=1000000 root_pid=10 max_depth=6
	sampler event="cpu-clock" kernel=1 hz=1000 ncpus=1
	comm time=1 pid=10 tid=10 exec=1 comm="hand"
	object id=1 is_64bit=1 build_id="0123456789abcdef" path="$PWD/fifo"
	segment object=1 vaddr=0x1000 off=0x1000 filesz=0x1000 memsz=0x1000 exec=1
	opened pid=10 addr=0x401000 object=1
	mmap time=2 pid=10 tid=10 addr=0x401000 len=0x1000 off=0x1000 path="/bin/hand"
	sample time=10 pid=10 tid=10 ip=0x401210 period=1 user_mode=1 abi=2
	  regs=0,0,0,0,0,0,0,0x7000,0x401210,0,0,0,0,0,0,0,0
	END
	# Opened by a reader that then goes away, the fifo would end its writer.
	echo whole >fifo 3>&- &
	replay unopened fifo.capture
	[ "$(timeout 10 cat fifo)" = whole ]
}
