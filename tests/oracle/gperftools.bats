#!/usr/bin/env bats
# CPU profiles that gperftools' own library wrote: go tool pprof reads them, too, and prints of what profd
# made of one what it prints of the file itself.

load ../integration/lib

setup_file() {
	load ../integration/lib
	PPROF=$(go tool -n pprof 2>/dev/null) && go tool pprof -h >/dev/null 2>&1 || :
	export PPROF
	cd "$BATS_FILE_TMPDIR"
	gcc -O2 -g -fno-omit-frame-pointer -o shares "$WORKLOADS/shares.c" -Wl,--no-as-needed -lprofiler \
		2>gcc.err || return 0
	CPUPROFILE=$PWD/shares.prof CPUPROFILE_FREQUENCY=400 ./shares 500 >/dev/null 2>said
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	[ -x "$PPROF" ] || skip "go tool pprof is not installed"
	prof=$BATS_FILE_TMPDIR/shares.prof
	[ -e "$prof" ] || skip "gperftools is not installed"
	export HOME=$PWD PPROF_TMPDIR=$PWD
}

@test "go tool pprof prints the same of the file and of what profd made of it" {
	"$PROFD" convert -o shares.pb.gz "$prof"
	"$PPROF" -top -nodefraction=0 -nodecount=1000 "$prof" >theirs 2>/dev/null
	"$PPROF" -top -nodefraction=0 -nodecount=1000 shares.pb.gz >mine 2>/dev/null
	cat mine
	# With names: the mappings are where they were, so that pprof finds the files.
	grep -q load_30 mine
	diff <(sed 1,/flat%/d theirs) <(sed 1,/flat%/d mine)
	[ "$(grep -o 'of .* total' mine)" = "$(grep -o 'of .* total' theirs)" ]
}

@test "the samples are in the program and its libraries" {
	"$PROFD" top --json "$prof" >top.json
	"$PYTHON" - top.json <<-'END'
	import json, sys
	top = json.load(open(sys.argv[1], encoding="utf-8"))
	assert top["type"] == "cpu" and top["unit"] == "nanoseconds"
	first = top["functions"][0]
	assert first["name"].endswith("/shares") and first["flat"] > 0.9 * top["total"], first
	END
	"$PROFD" convert --module /shares --value samples -t folded "$prof" | grep -q '\[shares\]'
}

@test "a file that is cut off is refused, or its samples are read" {
	local size
	for size in 41 60 100 200 1000; do
		head -c "$size" "$prof" >cut.prof
		run "$PROFD" top cut.prof
		echo "$size: $output"
		[ "$status" -eq 0 ] || [[ "$output" == *"'cut.prof' is not a usable gperftools file: offset "* ]]
	done
}
