#!/usr/bin/env bats
# profd compare on profiles that are there: recordings, folders of them, files of others. How well
# intervals hold is measured elsewhere (tests/simulate/functions.c, tests/bench/functions); here is
# what is read, what is refused, and that limits are told.

load lib

setup_file() {
	load lib
	local i
	cd "$BATS_FILE_TMPDIR"
	# `twice` does twice the work in head, `fresh` is new there and `gone` is not.
	gcc -O2 -g -DOLD -o base "$WORKLOADS/variant.c"
	gcc -O2 -g -o head "$WORKLOADS/variant.c"
	mkdir olds news
	for i in 1 2 9 10; do
		"$PROFD" record -q -F 999 -o olds/run-$i -- ./base
		"$PROFD" record -q -F 999 -o news/run-$i -- ./head
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	ALL=$BATS_FILE_TMPDIR
}

refused() { # WORDS OPTION...
	local words=$1 status=0
	shift
	"$PROFD" compare "$@" >out 2>err || status=$?
	cat err
	[ "$status" -eq 2 ]
	[ ! -s out ]
	grep -qF -- "$words" err
}

# changed FILE.pb.gz FROM TO OUT: other words of the same length, which protobuf takes as they are
changed() {
	[ "${#2}" -eq "${#3}" ]
	gzip -cd "$1" | LC_ALL=C sed "s/$2/$3/" | gzip -n >"$4"
}

@test "folders of recordings: what does twice the work is named, in all faces" {
	"$PROFD" compare -o results "$ALL/olds" "$ALL/news" >said
	cat said
	grep -q '^from .*olds to .*news, 4 pairs of profiles: +' said
	grep -qE '^\* .* twice .*variant.c:[0-9]+  \(changed\)$' said
	grep -q '^4 pairs: the variance from run to run is hardly known' said
	jq -e '.verdict == "measured" and .exit_status == 0 and .command == "compare"' results/verdict.json
	jq -e '.workloads[0] | .function_pairs == 4 and (.functions | map(select(.named)) | map(.name) | index("twice") != null)' \
		results/verdict.json
	jq -e '.workloads[0].metrics[0] | .name == "cpu" and .verdict == "measured" and .base > 0' results/verdict.json
	for file in summary.md comment.md report.html; do
		grep -q twice "results/$file"
	done
	for file in diff.html diff.svg diff.folded; do
		[ -s "results/profiles/$file" ]
	done
	"$PROFD" compare --json "$ALL/olds" "$ALL/news" | jq -e '.workloads[0].functions | length > 0'
	# The same profiles, the same words.
	"$PROFD" compare "$ALL/olds" "$ALL/news" | diff said -
	refused "'results' holds the results of an earlier run" -o results "$ALL/olds" "$ALL/news"
}

@test "one profile a side: its limits are told, and what the whole took is two numbers" {
	"$PROFD" compare "$ALL/olds/run-1" "$ALL/news/run-1" >said
	cat said
	grep -q '1 pair of profiles: .*\[-∞, +∞\]' said
	grep -q '^one profile a side: the intervals are of sampling alone' said
	# Two runs of one program.
	"$PROFD" compare "$ALL/olds/run-1" "$ALL/olds/run-1" >said
	grep -q '^of no function a change is certain' said
	"$PROFD" compare --all "$ALL/olds/run-1" "$ALL/olds/run-1" >said
	grep -q 'twice .*(uncertain)$' said
}

@test "files of other programs: pprof without a folder, and folded stacks, whose noise is not known" {
	"$PROFD" compare "$ALL/olds/run-1/cpu.pb.gz" "$ALL/news/run-1/cpu.pb.gz" >said
	grep -qE '^[* ].* fresh ' said
	"$PROFD" compare --unit nanoseconds "$ALL/olds/run-1/cpu.folded" "$ALL/news/run-1/cpu.folded" >said
	cat said
	grep -q 'do not tell how many samples they have' said
	grep -q '^not told by all, so not compared: engine, event' said
	grep -q '^of no function a change is certain' said
	refused "nothing to compare" "$ALL/olds/run-1/cpu.folded" "$ALL/news/run-1"
	# Counts are no time.
	"$PROFD" compare --json "$ALL/olds/run-1/cpu.folded" "$ALL/news/run-1/cpu.folded" |
		jq -e '.workloads[0] | (.functions | length) == 0 and (.functions_note | test("count count and not time"))'
}

@test "sides of unlike lengths, and folders without profiles" {
	mkdir some empty
	cp -r "$ALL/news/run-1" "$ALL/news/run-2" some
	"$PROFD" compare "$ALL/olds" some >said
	grep -q '2 pairs of profiles' said
	grep -q '^4 profiles of base and 2 of head: the first 2 of each are pairs' said
	refused "no .profd.yml, no verdict.json and no profiles" "$ALL/olds" empty
	refused "'empty' holds no profiles" empty "$ALL/olds"
	refused "cannot read 'nothing'" nothing "$ALL/olds"
}

@test "provenance: unlike engines are refused, or labelled" {
	changed "$ALL/news/run-1/cpu.pb.gz" 'engine perf' 'engine ebpf' other.pb.gz
	refused "engine perf against ebpf" "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz
	"$PROFD" compare --allow-unlike "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz >said
	grep -q '^unlike: engine perf against ebpf' said
	"$PROFD" compare --allow-unlike -o unlike "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz >said 2>err
	(cd unlike/profiles && [ -s diff.html ] && [ -s diff.svg ] && [ -s diff.folded ]) || fail "$(cat err)"
	"$PROFD" compare --allow-unlike --json "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz |
		jq -e '.workloads[0].functions_note | test("unlike: engine perf against ebpf")'
}

@test "provenance: unlike events are refused, or labelled" {
	local event
	event=$(jq -r .event "$ALL/news/run-1/run.json")
	changed "$ALL/news/run-1/cpu.pb.gz" "; event $event" "; event $(tr a-y b-z <<<"$event")" other.pb.gz
	refused "event $event against" "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz
	"$PROFD" compare --allow-unlike "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz | grep -q '^unlike: event'
	# What counts something else has nothing to compare.
	"$PROFD" record -q -e page-faults -o faults -- "$ALL/head"
	refused "" "$ALL/olds/run-1" faults
}

@test "provenance: unlike machines are refused, or labelled" {
	changed "$ALL/news/run-1/cpu.pb.gz" ', Linux ' ', Minix ' other.pb.gz
	refused "are unlike: machine" "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz
	"$PROFD" compare --allow-unlike "$ALL/olds/run-1/cpu.pb.gz" other.pb.gz | grep -q '^unlike: machine'
}

@test "provenance: another rate is told, and is no change" {
	"$PROFD" record -q -F 199 -o rare -- "$ALL/head"
	"$PROFD" compare "$ALL/news/run-1" rare >said
	cat said
	grep -q '^unlike rates: .* the rarer ones decide how wide the intervals are' said
	# Five times fewer samples of nearly the same time: by samples it would be -80 %.
	"$PROFD" compare --json "$ALL/news/run-1" rare |
		jq -e '.workloads[0].metrics[0] | .head > .5 * .base and .head < 2 * .base'
}

@test "what ran already is compared by the second of the recording" {
	"$ALL/head" 20000 &
	local pid=$!
	"$PROFD" record -q -F 999 -p $pid -d 0.4 -o short.d
	"$PROFD" record -q -F 999 -p $pid -d 2 -o long.d
	kill $pid
	"$PROFD" compare --all short.d long.d >said
	cat said
	grep -q '^of what ran already: a run is a second of the recording' said
	# One thread has at most a second in a second, however long was recorded.
	grep -qE 'pair of profiles: [-+]?[0-9.]+ [mu]s' said
	refused "a profile of what ran already against a command" short.d "$ALL/news/run-1"
}
