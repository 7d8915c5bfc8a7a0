#!/usr/bin/env bats
# Side by side: profiles that others made.
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

@test "--symbolize: the names are go tool pprof's, and so is what each has" {
	"$PPROF" -top -unit=ns -nodefraction=0 -nodecount=1000 "$prof" 2>/dev/null |
		awk 'rows { print $1, $NF } /flat%/ { rows = 1 }' | grep ' load_' | sort >theirs
	"$PROFD" top --symbolize -n 0 --json "$prof" >top.json 2>said
	"$PYTHON" -c '
import json
for f in json.load(open("top.json", encoding="utf-8"))["functions"]:
    if f["name"].startswith("load_") and f["flat"]:
        print("%dns %s" % (f["flat"], f["name"]))' | sort | sed 's/^0ns/0/' >mine
	cat mine said
	[ "$(wc -l <mine)" -ge 4 ]
	diff theirs mine
	"$PROFD" view --symbolize --focus '^load_30$' "$prof" | grep -qE '100[.]0%.* load_30$'
	"$PROFD" top "$prof" 2>&1 >/dev/null | grep -q -- '--symbolize looks them up'
}

@test "--symbolize: a file that is a pipe, or another one, or gone, has no names" {
	mkfifo pipe
	"$PYTHON" - "$PWD" <<-'END'
	import struct, sys
	words = (0, 3, 0, 10000, 0, 3, 1, 0x400010, 1, 1, 0x500010, 1, 1, 0x600010, 0, 1, 0)
	maps = "".join("00%d00000-00%d01000 r-xp 00000000 0:0 1 %s/%s\n" % (i, i, sys.argv[1], name)
	               for i, name in ((4, "pipe"), (5, "gone"), (6, "text")))
	open("hostile.prof", "wb").write(struct.pack("<17Q", *words) + maps.encode())
	END
	echo text >text
	run timeout 10 "$PROFD" top --symbolize hostile.prof
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"profd: 3 of 3 addresses have no name: their files are not here, or are others"* ]]
	[[ "$output" == *"/pipe"* ]]
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
