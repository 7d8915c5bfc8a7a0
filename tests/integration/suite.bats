#!/usr/bin/env bats
# The shipped suite, share/workloads: its programs do the same work every time, its .profd.yml is
# well-formed, and profd runs it as a user would.
# shellcheck disable=SC2034 # status and dir are for the helpers

load lib

SUITE="cpu_intensive fast_function memory_intensive mixed variable_time"

setup() {
	cd "$BATS_TEST_TMPDIR"
	programs=$BUILDDIR/share/workloads
}

@test "suite: the same argument is the same work, and a wrong one is refused" {
	for name in $SUITE; do
		"$programs/$name" >first
		"$programs/$name" >second
		[ -s first ]
		cmp first second
		run "$programs/$name" 1 2
		[ "$status" -eq 2 ]
		[[ $output == "usage: $name"* ]]
	done
	# Less work is another result; each seed has its own.
	"$programs/cpu_intensive" 5 >other
	if cmp -s other first; then false; fi
	for seed in 0 1 2 3 4; do
		"$programs/variable_time" $seed
	done | sort -u >seeds
	[ "$(wc -l <seeds)" -eq 5 ]
	# From the least to the most.
	sort -s -t: -k2 -n seeds | cut -d: -f1 | cmp - <(printf 'seed %d\n' 0 1 2 3 4)
}

@test "suite: a copy of the folder is built by its own configuration, and measured" {
	cp -r "$SRCDIR/share/workloads" repo
	chmod -R u+w repo
	cd repo
	"$PROFD" config check --json >../config.json
	jq -e '.workloads | length == 7' ../config.json
	eval "$(sed -n 's/^build: //p' .profd.yml)"
	"$PROFD" bench -q --runs 1 --warmup 0 --no-profile -o ../out
	cd ..
	jq -r '.workloads[] | .name + " " + .verdict' out/verdict.json >rows
	cat rows
	[ "$(cut -d' ' -f1 rows | xargs)" = \
		"cpu_intensive mixed memory_intensive fast_function variable_time[0] variable_time[2] variable_time[4]" ]
	# What a program reports itself, and the budget of memory, which is met.
	jq -e '.workloads[3].metrics[] | select(.name == "calls_per_s") | .head > 0' out/verdict.json
	jq -e '.workloads[2].metrics[] | select(.name == "max_rss") | .head > 36e6' out/verdict.json
}

@test "suite: a profile finds the functions that cpu_intensive is made of" {
	record suite -- "$programs/cpu_intensive"
	[ "$status" -eq 0 ]
	for function in count_collatz multiply_matrices hash_numbers; do
		grep -q "main;$function" "$dir/cpu.folded"
	done
}
