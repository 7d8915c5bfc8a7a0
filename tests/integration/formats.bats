#!/usr/bin/env bats
# Every format that profd writes holds the same profile; what record --format writes is what profd convert makes
# of the pprof file.

load lib

GEN=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/gen-profile
MORE=speedscope,firefox,perf-script,callgrind,tree,json

setup_file() {
	load lib
	gcc -O2 -g -pthread -o "$BATS_FILE_TMPDIR/threads" "$WORKLOADS/threads.c"
	g++ -O2 -g -o "$BATS_FILE_TMPDIR/inline" "$WORKLOADS/inline.cc"
	"$PROFD" record -q -F 999 --wall --format "$MORE" --raw "$BATS_FILE_TMPDIR/raw" \
		-o "$BATS_FILE_TMPDIR/threads.d" -- "$BATS_FILE_TMPDIR/threads" 600 >/dev/null
	"$PROFD" record -q -F 999 --format "$MORE" -o "$BATS_FILE_TMPDIR/inline.d" \
		-- "$BATS_FILE_TMPDIR/inline" 400 >/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# files FOLDER: "FORMAT PPROF FILE" of all files beside the usual ones.
files() {
	local kind first
	for kind in cpu wall; do
		[ -e "$1/$kind.pb.gz" ] || continue
		first=${kind#cpu}
		echo "speedscope $1/$kind.pb.gz $1/${first:+$first.}speedscope.json"
		echo "firefox $1/$kind.pb.gz $1/${first:+$first.}firefox.json.gz"
		echo "perf-script $1/$kind.pb.gz $1/$kind.linux-perf.txt"
		echo "callgrind $1/$kind.pb.gz $1/callgrind.out.$kind"
		echo "tree $1/$kind.pb.gz $1/$kind.tree.txt"
		echo "json $1/$kind.pb.gz $1/$kind.tree.json"
	done
}

# has_times FILE.firefox.json.gz: the profile knew when samples were taken, which no pprof file does.
has_times() {
	zcat "$1" | grep -q '"profilingStartTime"'
}

@test "all formats of a recording have its total and what each function has: several threads" {
	"$INTEGRATION/check-formats" "$PROFD" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" cpu
	"$INTEGRATION/check-formats" "$PROFD" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" samples
}

@test "all formats of a recording have its total and what each function has: all time" {
	"$INTEGRATION/check-formats" "$PROFD" "$BATS_FILE_TMPDIR/threads.d/wall.pb.gz" wall
	"$INTEGRATION/check-formats" "$PROFD" "$BATS_FILE_TMPDIR/threads.d/wall.pb.gz" off_cpu
}

@test "all formats of a recording have its total and what each function has: inlined functions" {
	"$INTEGRATION/check-formats" "$PROFD" "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" cpu
}

@test "all formats hold names that try to get out, deep stacks, and code without names" {
	local kind
	for kind in small hostile lines deep deeper frames20k alike-but-positive; do
		"$GEN" "${kind%-but-positive}" pprof >made.pb.gz
		if [ "$kind" = alike-but-positive ]; then
			# Values below 0 are left out of most formats; folded stacks know none of them.
			"$PROFD" convert made.pb.gz -o made.folded --annotate --force
			"$PROFD" convert made.folded --unit nanoseconds -o made.pb.gz --force
		fi
		echo "== $kind"
		"$INTEGRATION/check-formats" "$PROFD" made.pb.gz cpu
	done
}

@test "formats made of a profile with times hold what its pprof file holds, and their times" {
	local format
	"$GEN" timed pprof >made.pb.gz
	for format in folded:made.folded speedscope:made.speedscope.json firefox:made.firefox.json.gz \
		perf-script:made.linux-perf.txt callgrind:callgrind.out.made tree:made.tree.txt \
		json:made.tree.json; do
		"$GEN" timed "${format%%:*}" >"${format#*:}"
	done
	"$INTEGRATION/check-formats" "$PROFD" made.pb.gz cpu .
	has_times made.firefox.json.gz
	"$PYTHON" - <<-'END'
	import collections, gzip, json, re
	# The two threads take turns of 50 samples, 50.05 ms; those of a turn lie in the bins it touches.
	made = json.load(gzip.open("made.firefox.json.gz"))
	assert made["meta"]["profilingEndTime"] == 2505.005005
	assert [t["tid"] for t in made["threads"]] == [100, 101]
	for n, t in enumerate(made["threads"]):
	    weights = collections.Counter()
	    for time, weight, stack in zip(*(t["samples"][k] for k in ("time", "weight", "stack"))):
	        if time < 2000:
	            turn = time / 50.05005
	            near = min(abs(turn - k) for k in (int(turn), int(turn) + 1)) * 50.05005
	            assert int(turn) % 2 == n or near <= 10, (n, time)
	            weights[int(time / 100.1001)] += weight
	    assert all(abs(w - 50.05005) < 10.1 for w in weights.values()), weights
	# What nobody saw comes behind the end of the recording.
	assert made["threads"][0]["samples"]["time"][-1] > 2500
	times = collections.defaultdict(list)
	for line in open("made.linux-perf.txt"):
	    if m := re.match(r"app 100/(\d+) \[\d+\] +([\d.]+):", line.replace("101/101", "100/101")):
	        times[m[1]].append(float(m[2]))
	assert all(t == sorted(t) for t in times.values())
	assert [len(t) for t in times.values()] == [1005, 1000], [len(t) for t in times.values()]
	END
}

@test "record --format writes what profd convert makes of the pprof file, to the byte" {
	local folder format pprof file compared=0
	for folder in threads.d inline.d; do
		while read -r format pprof file; do
			case $format in
			firefox | perf-script)
				! has_times "$BATS_FILE_TMPDIR/$folder/firefox.json.gz" || continue
				;;
			esac
			"$PROFD" convert -t "$format" "$pprof" >made
			cmp made "$file"
			compared=$((compared + 1))
		done < <(files "$BATS_FILE_TMPDIR/$folder")
	done
	[ "$compared" -ge 12 ]
}

@test "record --format: the files hold what the pprof file holds, with times or without" {
	local folder format pprof file
	for folder in threads.d inline.d; do
		mkdir "$folder"
		while read -r format pprof file; do
			case $file in
			*/speedscope.json | */firefox.json.gz) cp "$file" "$folder/made.${file##*/}" ;;
			*/callgrind.out.cpu) cp "$file" "$folder/callgrind.out.made" ;;
			*/cpu.*) cp "$file" "$folder/made.${file##*/cpu.}" ;;
			esac
		done < <(files "$BATS_FILE_TMPDIR/$folder")
		cp "$BATS_FILE_TMPDIR/$folder/cpu.folded" "$folder/made.folded"
		"$INTEGRATION/check-formats" "$PROFD" "$BATS_FILE_TMPDIR/$folder/cpu.pb.gz" cpu "$folder"
	done
}

@test "replay --format writes the same files" {
	local format pprof file
	"$PROFD" replay -q --format "$MORE" -o again "$BATS_FILE_TMPDIR/raw"
	while read -r format pprof file; do
		cmp "$file" "$BATS_FILE_TMPDIR/threads.d/${file##*/}"
	done < <(files again)
	[ "$(files again | wc -l)" -eq 12 ]
}

@test "--format adds to the usual files, whatever is named twice" {
	"$PROFD" record -q --format tree,pprof --format json,tree -o d -- true
	[ "$(cd d && echo *)" = "cpu.folded cpu.pb.gz cpu.svg cpu.tree.json cpu.tree.txt index.html run.json summary.md" ]
	# Those of an earlier run do not stay, and nothing of the user's goes.
	touch d/mine.txt
	PROFD_FORMAT=callgrind "$PROFD" record -q --force -o d -- true
	[ "$(cd d && echo *)" = "callgrind.out.cpu cpu.folded cpu.pb.gz cpu.svg index.html mine.txt run.json summary.md" ]
	"$PROFD" record -q --force -o d -- true
	[ ! -e d/callgrind.out.cpu ]
}

@test "a folder with one of these files holds results" {
	local name
	for name in speedscope.json wall.firefox.json.gz callgrind.out.cpu cpu.tree.txt; do
		mkdir "$name.d"
		touch "$name.d/$name"
		run "$PROFD" record -q -o "$name.d" -- touch ran
		[ "$status" -eq 125 ]
		[ ! -e ran ]
	done
}

@test "a format that there is not is told, with the nearest that there is, before anything runs" {
	run "$PROFD" record --format speedscope,fierfox -- touch ran
	echo "$output"
	[ "$status" -eq 125 ]
	[ "${lines[0]}" = "profd: unknown format 'fierfox'" ]
	[ "${lines[1]}" = "profd: hint: did you mean 'firefox'?" ]
	run "$PROFD" replay --format callgrnd none
	[ "$status" -eq 2 ]
	[ "${lines[1]}" = "profd: hint: did you mean 'callgrind'?" ]
	run "$PROFD" record --format '' -- touch ran
	[ "$status" -eq 125 ]
	PROFD_FORMAT=xyz run "$PROFD" record -- touch ran
	[ "$status" -eq 125 ]
	[[ "$output" == *"the environment says PROFD_FORMAT=xyz"* ]]
	[ ! -e ran ]
}

@test "the same profile makes the same bytes, anywhere and at any time" {
	local format file
	for format in ${MORE//,/ } html; do
		"$PROFD" convert -t "$format" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >one
		TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 \
			"$PROFD" convert -t "$format" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >two
		cmp one two
	done
}

@test "a million samples, and a hundred thousand deep ones, take no more than their profile's size" {
	local format
	# The profile itself takes 70 MB, the output up to 170.
	ulimit -v 262144
	for format in firefox callgrind; do
		"$GEN" stacks1m "$format" | tail -c 1 >end
		[ -s end ]
	done
	# 12 MB, and 200 of output.
	ulimit -v 65536
	for format in firefox callgrind speedscope; do
		"$GEN" deep100k "$format" | tail -c 1 >end
		[ -s end ]
	done
}
