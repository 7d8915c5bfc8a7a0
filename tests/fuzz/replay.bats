#!/usr/bin/env bats
# Side by side: nothing is recorded.
# Every fuzz target over its seeds and damaged copies of them. Seeds that are not text are made
# here, by make-seeds, since the repository holds no binaries.

setup() {
	ulimit -v 4000000 # a length that is believed unchecked shows as a failed allocation
	cd "$BATS_TEST_TMPDIR"
}

# replay TARGET MUTATIONS: the number of damaged copies of each seed.
replay() {
	"$SRCDIR/tests/fuzz/make-seeds" seeds "$1"
	FUZZ_MUTATIONS=$2 run timeout 300 "$TEST_TOOLS/fuzz/fuzz-$1" "$PWD/seeds/$1"/*
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "text parsers" {
	replay text 300
}

@test "captures" {
	replay capture 100
}

@test "events of GitHub" {
	replay ci-event 300
}

@test "configurations" {
	replay config 100
}

@test "demanglers" {
	replay demangle 300
}

@test "names of events" {
	replay event 300
}

@test "folded stacks" {
	replay folded 300
}

@test "filters" {
	replay filter 300
}

@test "gperftools" {
	replay gperftools 200
}

@test "metrics that programs report" {
	replay metrics 300
}

@test "the text of perf script" {
	replay perfscript 300
}

@test "speedscope" {
	replay speedscope 300
}

@test "pprof" {
	replay pprof 200
}

@test "differences of pprof files" {
	replay diff 100
}

@test "perf records" {
	replay record 2000
}

@test "rings of perf records" {
	replay ring 500
}

@test "ELF files: headers, symbols, DWARF, unwind rules" {
	replay elf 60
}

@test "separate debug files" {
	replay debugfile 40
}

@test "call frame information on hostile stacks" {
	replay cfi 100
}

@test "diffs" {
	replay touched 300
}

@test "replies of GitHub and GitLab, and events" {
	replay forge 300
}

@test "verdicts" {
	replay verdict 3
}

@test "github-action-benchmark" {
	replay gha 50
}
