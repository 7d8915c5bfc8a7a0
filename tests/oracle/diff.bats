#!/usr/bin/env bats
# What changed between two profiles, by go tool pprof and by profd diff: for every function, its own
# part and that with its callees, to the nanosecond.

load ../integration/lib

GEN=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/gen-profile
COMPARE=$SRCDIR/tests/oracle/compare-pprof

setup() {
	needs go
	cd "$BATS_TEST_TMPDIR"
	export PPROF_TMPDIR=$PWD PPROF_BINARY_PATH=/nonexistent
}

# alike A B: pprof's differences of the two are profd's, as they are and with equal totals. pprof
# rounds each sample when it multiplies.
alike() {
	local rows
	go tool pprof -symbolize=none -top -unit=ns -nodecount=1000000 -nodefraction=0 -edgefraction=0 \
		-diff_base "$1" "$2" >top 2>err
	"$PROFD" diff --json "$1" "$2" >ours.json
	"$COMPARE" diff top ours.json
	go tool pprof -symbolize=none -top -unit=ns -nodecount=1000000 -nodefraction=0 -edgefraction=0 \
		-diff_base "$1" -normalize "$2" >top 2>err
	"$PROFD" diff --json --normalize total "$1" "$2" >ours.json
	rows=$(go tool pprof -raw "$2" 2>/dev/null | grep -c '^ *[0-9]* *[0-9]*: ')
	"$COMPARE" diff top ours.json "$rows"
}

# changed FOLDED >FOLDED: some stacks gone, some with more, some that are new. Always the same ones.
changed() {
	awk '{
		v = $NF
		sub(/ [0-9]+$/, "")
		seed = (seed * 1103515245 + 12345) % 2147483648
		draw = int(seed / 65536) % 20
		if (draw < 2)
			next
		if (draw < 5)
			v *= 3
		printf "%s%s %d\n", $0, draw == 5 ? ";fresh_" NR % 7 : "", v
	}' "$1"
}

@test "recordings of one program" {
	local n
	for n in 3 8; do
		"$PROFD" record -q -F 999 -o $n.d -- "$TEST_TOOLS/../share/workloads/phases" $n >/dev/null
	done
	alike 3.d/cpu.pb.gz 8.d/cpu.pb.gz
	alike 8.d/cpu.pb.gz 3.d/cpu.pb.gz
	# The folder of a recording is its profile of CPU time.
	"$PROFD" diff --json 3.d/cpu.pb.gz 8.d/cpu.pb.gz >files.json
	"$PROFD" diff --json 3.d 8.d >folders.json
	diff <(grep -v '"name": "[38]' files.json) <(grep -v '"name": "[38]' folders.json)
}

@test "recordings of recursive and inlined functions" {
	build deep deep.c -fomit-frame-pointer
	local n
	for n in 200 500; do
		"$PROFD" record -q -F 999 -o deep$n.d -- "$program" $n >/dev/null
	done
	alike deep200.d/cpu.pb.gz deep500.d/cpu.pb.gz
	build inline inline.cc
	for n in 200 500; do
		"$PROFD" record -q -F 999 -o inline$n.d -- "$program" $n >/dev/null
	done
	alike inline200.d/cpu.pb.gz inline500.d/cpu.pb.gz
}

@test "large and recursive profiles that were changed" {
	local kind
	for kind in frames20k deep; do
		"$GEN" $kind folded >$kind.folded
		changed $kind.folded >other.folded
		"$PROFD" convert --unit nanoseconds --force -o a.pb.gz $kind.folded
		"$PROFD" convert --unit nanoseconds --force -o b.pb.gz other.folded
		echo $kind
		alike a.pb.gz b.pb.gz
		# And the other way round, where all signs are turned.
		alike b.pb.gz a.pb.gz
	done
}

@test "pprof reads the profile of both, with their totals" {
	"$GEN" frames20k folded >a.folded
	changed a.folded >b.folded
	"$PROFD" diff --unit nanoseconds -o both.pb.gz a.folded b.folded
	local side value
	for side in a:before b:after; do
		value=$(awk '{ n += $NF } END { printf "%.0f", n }' ${side%:*}.folded)
		go tool pprof -sample_index=${side#*:} -top -unit=ns both.pb.gz >top 2>err
		grep -q "of ${value}ns total" top || fail "$(head -n 8 top)"
	done
	go tool pprof -raw both.pb.gz 2>/dev/null >raw
	grep -q '^before/nanoseconds after/nanoseconds\[dflt\] before_samples/count after_samples/count' raw
	grep -q '^Comment: a difference of cpu, not normalised' raw || grep -q '^a difference of cpu' raw
}
