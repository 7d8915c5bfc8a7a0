#!/usr/bin/env bats
# Side by side: two readers of one profile are compared.
# profd's filters against those of go tool pprof, on recordings: what pprof prints of the part that profd
# wrote is what it prints of the whole with its own filters, for each function, to the nanosecond.

load ../integration/lib

setup_file() {
	load ../integration/lib
	# The tool itself; `go tool` would be one more process for each call.
	PPROF=$(go tool -n pprof 2>/dev/null) && go tool pprof -h >/dev/null 2>&1 || :
	export PPROF
	gcc -O2 -g -pthread -o "$BATS_FILE_TMPDIR/threads" "$WORKLOADS/threads.c"
	g++ -O2 -g -o "$BATS_FILE_TMPDIR/inline" "$WORKLOADS/inline.cc"
	"$PROFD" record -q -F 999 -o "$BATS_FILE_TMPDIR/threads.d" -- \
		"$BATS_FILE_TMPDIR/threads" 400 >/dev/null
	"$PROFD" record -q -F 999 -o "$BATS_FILE_TMPDIR/inline.d" -- \
		sh -c "'$BATS_FILE_TMPDIR/inline' 300; ls -R /usr/lib/gcc | wc" >/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	[ -x "$PPROF" ] || skip "go tool pprof is not installed"
	export HOME=$PWD PPROF_TMPDIR=$PWD
}

# table FILE [OPTION...]: flat, cum and name of all functions, and the sum.
table() {
	"$PPROF" -symbolize=none -top -unit=ns -nodefraction=0 -edgefraction=0 -nodecount=1000000 \
		"${@:2}" "$1" 2>said >top
	awk 'rows { flat = $1; cum = $4; $1 = $2 = $3 = $4 = $5 = ""; print flat, cum, $0 }
		/flat%/ { rows = 1 }' top | sort
}

# alike NAME PPROF-OPTIONS PROFD-OPTIONS: the same part of the same profile.
alike() {
	local whole=$BATS_FILE_TMPDIR/$1.d/cpu.pb.gz
	read -ra theirs <<<"$2"
	read -ra mine <<<"$3"
	table "$whole" "${theirs[@]}" >wanted
	"$PROFD" convert "${mine[@]}" -o part.pb.gz --force "$whole"
	table part.pb.gz >found
	echo "$2: $(wc -l <wanted) functions"
	diff wanted found
	[ -s wanted ]
	parts=$((${parts:-0} + 1))
}

@test "focus, ignore, hide, show, show_from" {
	alike threads -focus=worker_load --focus=worker_load
	alike threads -ignore=worker_load --ignore=worker_load
	alike threads "-focus=main -ignore=worker" "--focus main --ignore worker"
	alike threads -hide=^worker --hide=^worker
	alike threads "-show=worker|main" "--show worker|main"
	alike threads -show_from=worker --show-from=worker
	alike inline -focus=Circle::draw --focus=Circle::draw
	alike inline "-hide=^geometry::Circle -ignore=libc" "--hide ^geometry::Circle --ignore libc"
	[ "$parts" = 8 ]
}

@test "inlined functions are functions, of which the others stay" {
	"$PROFD" top -n 0 "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" >top
	grep -q geometry::innermost top
	alike inline -focus=innermost --focus=innermost
	alike inline -hide=innermost --hide=innermost
	alike inline -hide=middle --hide=middle
	alike inline -show=middle --show=middle
	alike inline -show_from=middle --show-from=middle
	alike inline "-show_from=draw -hide=innermost" "--show-from draw --hide innermost"
	[ "$parts" = 6 ]
}

@test "functions match by source file and by module, too" {
	alike inline -focus=inline[.]cc --focus=inline[.]cc
	alike inline -ignore=/libc --ignore=/libc
	alike inline -hide=/libc --hide=/libc
	alike inline "-focus=kernel.kallsyms" "--focus kernel.kallsyms"
	[ "$parts" = 4 ]
}

@test "processes and threads are pprof's tags" {
	local tid thread
	alike inline -tagfocus=comm=inline --process=inline
	alike inline -tagfocus=comm=^ls$ --comm=^ls$
	"$PPROF" -raw "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >raw 2>/dev/null
	thread=$(grep -o 'thread:\[[^]]*\]' raw | sort -u | sed -n '2s/thread:\[\(.*\)\]/\1/p')
	tid=$(grep -o 'tid:\[[0-9]* id\]' raw | sort -u | sed -n '2s/[^0-9]//gp')
	echo "thread '$thread', tid '$tid'"
	alike threads "-tagfocus=thread=^$thread\$" "--thread ^$thread\$"
	alike threads "-tagfocus=tid=${tid}id" "--thread $tid"
	[ "$parts" = 4 ]
}

@test "a part of a part is the part of both" {
	"$PROFD" convert --process inline -o one.pb.gz "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz"
	"$PROFD" convert --focus draw -o two.pb.gz one.pb.gz
	"$PROFD" convert --focus draw --process inline -t folded \
		"$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" >both.folded
	"$PROFD" convert -t folded two.pb.gz | cmp - both.folded
	"$PPROF" -comments two.pb.gz >comments 2>/dev/null
	cat comments
	grep -q '^filtered by --process=inline: [0-9.]* % of cpu$' comments
	grep -q '^filtered by --focus=draw: ' comments
	# And focus and ignore are all there is.
	"$PROFD" convert --ignore draw -o rest.pb.gz one.pb.gz
	"$PROFD" merge two.pb.gz rest.pb.gz -t folded | cmp - <("$PROFD" convert -t folded one.pb.gz)
}

@test "parts of time, one after the other, are the whole" {
	local whole=$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz
	"$PROFD" convert --until 100ms -o first.pb.gz "$whole"
	"$PROFD" convert --from 100ms -o rest.pb.gz "$whole"
	table "$whole" >wanted
	"$PROFD" merge -o both.pb.gz first.pb.gz rest.pb.gz
	table both.pb.gz >found
	diff wanted found
	for part in first rest; do
		table "$part.pb.gz" >found
		[ -s found ]
		! cmp -s wanted found
	done
}
