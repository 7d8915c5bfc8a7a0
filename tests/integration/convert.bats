#!/usr/bin/env bats
# Side by side: nothing is measured.
# profd convert and merge: what is in one format is in the others, to the nanosecond; and what it says of files
# that are none.

load lib

setup_file() {
	load lib
	gcc -O2 -g -pthread -o "$BATS_FILE_TMPDIR/threads" "$WORKLOADS/threads.c"
	g++ -O2 -g -o "$BATS_FILE_TMPDIR/inline" "$WORKLOADS/inline.cc"
	"$PROFD" record -q -F 999 --wall --annotate -o "$BATS_FILE_TMPDIR/threads.d" \
		-- "$BATS_FILE_TMPDIR/threads" 600 >/dev/null
	"$PROFD" record -q -F 999 --annotate -o "$BATS_FILE_TMPDIR/inline.d" \
		-- "$BATS_FILE_TMPDIR/inline" 400 >/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

profiles() {
	echo "$BATS_FILE_TMPDIR"/{threads.d/cpu,threads.d/wall,inline.d/cpu}
}

total() {
	awk '{ n += $NF } END { printf "%.0f\n", n }' "$1"
}

# refused SENTENCE [OPTION...]: status 2, one sentence and a hint or none, and nothing is written.
refused() {
	run "$PROFD" convert "${@:2}" 2>&1
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "profd: "*"$1"* ]]
	[ "${#lines[@]}" -le 2 ]
}

@test "pprof to folded: the file that was recorded" {
	local name
	for name in $(profiles); do
		"$PROFD" convert -t folded --annotate "$name.pb.gz" >made.folded
		cmp "$name.folded" made.folded
	done
}

@test "folded to pprof and back, by files and by pipes" {
	local name
	for name in $(profiles); do
		"$PROFD" convert --unit nanoseconds "$name.folded" -o made.pb.gz --force
		"$PROFD" convert --annotate made.pb.gz -o made.folded --force
		cmp "$name.folded" made.folded
		"$PROFD" convert --unit nanoseconds -t pprof - <"$name.folded" |
			"$PROFD" convert -t folded --annotate - >piped.folded
		cmp "$name.folded" piped.folded
	done
}

@test "go tool pprof reads what was made of folded stacks, and its total is the same" {
	[ -x "$PPROF" ] || skip "go tool pprof is not installed"
	export HOME=$PWD PPROF_TMPDIR=$PWD
	local name
	for name in $(profiles); do
		"$PROFD" convert --unit nanoseconds "$name.folded" -o made.pb.gz --force
		"$PPROF" -symbolize=none -top -unit=ns made.pb.gz >top
		grep -q "of $(total "$name.folded")ns total" top || fail "$(head -n 5 top)"
	done
}

@test "speedscope: a profile for each thread's name, whose weights are the folded file's total" {
	local name
	for name in $(profiles); do
		"$PROFD" convert "$name.pb.gz" -o made.speedscope.json --force
		"$PYTHON" - made.speedscope.json "$name.folded" <<-'END'
		import json, re, sys
		made = json.load(open(sys.argv[1], encoding="utf-8"))
		stacks = {}
		for line in open(sys.argv[2], encoding="utf-8"):
		    stack, weight = line.rsplit(" ", 1)
		    key = tuple(re.sub(r"_\[[a-z]\]$", "", f) for f in stack.split(";")[1:])
		    stacks[key] = stacks.get(key, 0) + int(weight)
		frames = made["shared"]["frames"]
		assert made["$schema"] == "https://www.speedscope.app/file-format-schema.json"
		seen, totals = {}, []
		for p in made["profiles"]:
		    assert p["type"] == "sampled" and p["unit"] == "nanoseconds" and p["startValue"] == 0
		    assert len(p["samples"]) == len(p["weights"]) and sum(p["weights"]) == p["endValue"]
		    totals.append(p["endValue"])
		    for sample, weight in zip(p["samples"], p["weights"]):
		        # Folded stacks have C++ names without parameters and return types.
		        key = tuple(re.sub(r"^(?:void )?([^(]+)\(.*\)(?: const)?$", r"\1",
		                           frames[i]["name"]) for i in sample)
		        seen[key] = seen.get(key, 0) + weight
		assert totals == sorted(totals, reverse=True), totals
		assert seen == stacks, set(seen.items()) ^ set(stacks.items())
		print(len(stacks), "stacks,", [p["name"] for p in made["profiles"]])
		END
	done
	"$PROFD" convert "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" -t speedscope |
		grep -q '"name":"geometry::innermost[^"]*","file":"[^"]*inline.cc","line":[0-9]'
}

# brief: folded stacks as they are where mangled names are known, without parameters.
brief() {
	sed -E ':again; s/;(void )?([^;(]+)\([^;]*\)( const)?(;| [0-9]+$)/;\2\4/; t again' | LC_ALL=C sort
}

@test "speedscope and back: the stacks, without their kinds, and the commands" {
	local name
	for name in $(profiles); do
		"$PROFD" convert "$name.pb.gz" -o made.speedscope.json --force
		"$PROFD" convert made.speedscope.json -t folded | brief >back.folded
		"$PROFD" convert "$name.pb.gz" -t folded | LC_ALL=C sort >once.folded
		cmp once.folded back.folded
		"$PROFD" convert made.speedscope.json -t speedscope | "$PROFD" convert - -t folded | brief |
			cmp - once.folded
		# Equal stacks were added up: these samples have no order, and so no time.
		run "$PROFD" top --from 1s made.speedscope.json
		[ "$status" -eq 2 ]
		[ "${lines[0]}" = "profd: the profile does not tell when its samples were taken" ]
	done
}

@test "an SVG, and a chosen value" {
	"$PROFD" convert "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" -o made.svg
	xmllint --noout made.svg
	grep -q worker_load made.svg
	"$PROFD" convert --value samples -t folded "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >samples.folded
	[ "$(total samples.folded)" = "$(json "$BATS_FILE_TMPDIR/threads.d/run.json" quality.samples)" ]
	refused "no sample type 'none'" --value none -t svg "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz"
}

@test "the page says what the profile says" {
	"$PROFD" convert "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" -o made.html
	xmllint --html --noout made.html 2>errors || [ -s made.html ]
	grep -q '<title>cpu.pb.gz</title>' made.html
	grep -q worker_load made.html
	grep -q "samples: $(json "$BATS_FILE_TMPDIR/threads.d/run.json" quality.samples), cpu: " made.html
	grep -q 'of the stacks complete' made.html
	"$TEST_TOOLS/oracle/gen-profile" hostile pprof >hostile.pb.gz
	"$PROFD" convert hostile.pb.gz -o '<b>&.html'
	lacks '<script>alert(' '<b>&.html'
}

@test "profd top reads folded stacks" {
	"$PROFD" top "$BATS_FILE_TMPDIR/threads.d/cpu.folded" >top
	grep -q worker_load top
}

@test "merge: the sum is go tool pprof's, function by function" {
	[ -x "$PPROF" ] || skip "go tool pprof is not installed"
	export HOME=$PWD PPROF_TMPDIR=$PWD
	local a=$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz b=$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz
	"$PROFD" merge -o both.pb.gz "$a" "$b" "$a"
	"$PPROF" -symbolize=none -top -unit=ns -nodefraction=0 -nodecount=100000 both.pb.gz >mine
	"$PPROF" -symbolize=none -top -unit=ns -nodefraction=0 -nodecount=100000 "$a" "$b" "$a" >theirs
	grep -q worker_load mine
	grep -q geometry::innermost mine
	diff <(sed -n '/flat%/,$p' theirs | sort) <(sed -n '/flat%/,$p' mine | sort)
	grep 'nodes accounting' mine theirs
	[ "$(grep -o 'of [0-9]*ns total' mine)" = "$(grep -o 'of [0-9]*ns total' theirs)" ]
}

@test "merge: folded stacks add up line by line; unlike sample types are refused" {
	local a=$BATS_FILE_TMPDIR/threads.d/cpu.folded
	"$PROFD" merge --unit nanoseconds -t folded --annotate "$a" "$a" >twice
	awk '{ n = $NF; sub(/ [0-9]+$/, ""); printf "%s %.0f\n", $0, 2 * n }' "$a" >expected
	cmp expected twice
	run "$PROFD" merge -t folded "$a" "$BATS_FILE_TMPDIR/threads.d/wall.pb.gz" 2>&1
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "profd: '"*"wall.pb.gz' has not the sample types of '"* ]]
	run "$PROFD" merge -t folded "$a" none
	[ "$status" -eq 2 ]
	[ "$output" = "profd: cannot read 'none': No such file or directory" ]
}

@test "hostile names stay names" {
	printf '%s\n' 'a;"x\y</script>&amp;\u0000 1' $'a;\xff\xfe\x01b 2' >hostile.folded
	"$PROFD" convert -t speedscope hostile.folded >made.json
	"$PYTHON" - made.json <<-'END'
	import json, sys
	names = [f["name"] for f in json.load(open(sys.argv[1], encoding="utf-8"))["shared"]["frames"]]
	assert '"x\\y</script>&amp' in names and "\\u0000" in names and "\ufffd\ufffd\ufffdb" in names, names
	END
	"$PROFD" convert -t svg hostile.folded >made.svg
	xmllint --noout made.svg
}

@test "what is no profile, an unknown format, a file that is there" {
	echo 'a;b 1' >good.folded
	echo 'a;b' >bad.folded
	head -c 100 "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >cut.pb.gz
	refused "cannot read 'none': No such file" -t svg none
	refused "line 1: no count at its end" -t svg bad.folded
	refused "'cut.pb.gz' is not a usable pprof file" -t svg cut.pb.gz
	echo '{"profiles":[]}' >other.json
	refused "'other.json' is not a usable speedscope file: there is no list 'shared.frames'" -t svg other.json
	refused "into which format?" good.folded
	refused "unknown format 'foldde'" -t foldde good.folded
	refused "unknown format 'top'" -t top good.folded
	[[ "$output" == *"'profd top' prints the table of functions"* ]]
	refused "unknown unit 'ns'" -t svg --unit ns good.folded
	refused "cannot write 'no/made.svg': No such file" -o no/made.svg good.folded
	refused "one profile is wanted" -t svg
	echo mine >made.svg
	refused "'made.svg' exists" -o made.svg good.folded
	[ "$(cat made.svg)" = mine ]
	"$PROFD" convert -o made.svg --force good.folded
	xmllint --noout made.svg
	run bash -c '"$PROFD" convert -t svg good.folded 2>&1 >/dev/full'
	[ "$status" -eq 2 ]
	[ "$output" = "profd: cannot write to the standard output: No space left on device" ]
}
