#!/usr/bin/env bats
# profd gate on real repositories and programs: verdicts, budgets, failures, shards, interrupts.

load lib
load gate-lib

@test "more work is found, confirmed, profiled and explained: 1" {
	slower
	commit slower
	profiles=
	gate 1
	profiles=--no-profile
	grep -q '^x work  *regression  *cpu +[0-9.]* %.*, 10 pairs, confirmed' ../said
	# where the coin left neighbours enough
	if [ "$(verdict '.workloads[0].metrics[] | select(.name == "cpu") | .drift.high | type')" = number ]; then
		grep -Eq '^  +drift +[-+]?[0-9.]+ .*between neighbouring runs of one side$' ../said
	fi
	grep -q "HEAD (.*) against merge base with origin/" ../said
	grep -q '^profd: plan: 1 workload, 1 metric that may fail, 10 to 20 pairs each' ../said
	[ "$(verdict .verdict)" = regression ]
	[ "$(verdict .exit_status)" = 1 ]
	[ "$(verdict '.workloads[0].metrics[] | select(.name == "cpu") | .change > 1')" = true ]
	for file in summary.md comment.md junit.xml metrics.txt report.html work/base/cpu.pb.gz \
		work/head/cpu.pb.gz work/diff.html work/diff.svg work/diff.folded; do
		[ -s "profd-out/$file" ]
	done
	[ "$(verdict '.workloads[0].functions[0] | .name, .rank, .low_s > 0' | paste -s)" = 'main	1	true' ]
	[ "$(ls profd-out/work | paste -s)" = 'base	diff.folded	diff.html	diff.svg	head' ]
	grep -q 'by function  *main +' ../said
	ls profd-out/log-*Z.txt
	jq -e --arg id "$(verdict .provenance.id)" '.schema == "profd.result/1" and .id == $id and
		.verdict == "regression" and .base.commit != .head.commit' profd-out/run/*.json
	nothing_left
	[ "$(git status --short)" = "?? profd-out/" ]

	# a second time builds are there, and the results are kept
	gate 1 --mode gate
	[ -s profd-out.old/verdict.json ]
	[ ! -e profd-out/work ]
	[ "$(verdict '.provenance.base.from_cache, .provenance.head.from_cache' | sort -u)" = true ]

	# modes that are not to fail
	gate 0 --mode warn
	grep -q 'regression' ../said
	[ "$(verdict .effect)" != fails ]
}

@test "the function that did it: its file as the repository has it, and that the change is in it" {
	sed -i 's/-O1/-O1 -g -fno-inline/' build
	commit lines
	sed -i 's/^return x \* 1664525u/\tfor (int i = 0; i < 4; i++)\n\t\tx ^= x << 5 ^ x >> 7;\n&/' work.c
	commit slower
	profiles=
	gate 1 --base ref:HEAD~1
	[ "$(verdict '.workloads[0].functions[0] | .name, .file, .named, .touched' | paste -s)" = \
		'step	work.c	true	true' ]
	[ "$(verdict '.workloads[0] | .touched, .touched_sampled' | paste -s)" = '1	1' ]
	[ "$(verdict '.workloads[0].function_pairs')" = 12 ]
	cd profd-out
	for file in diff.svg diff.html; do
		grep -q '◆ step' "work/$file"
		grep -q '>work, from base to head, 12 runs of each<' "work/$file"
		not grep -q '◆ main' "work/$file"
	done
	cd ..
	grep -q '1 of 1 functions that the change touches were sampled' ../said
}

@test "code that changes without a cost never fails: renames, order, a cold function, long texts" {
	cat >work.c <<-'END'
	#include <stdio.h>
	#include <stdlib.h>
	static unsigned a_much_longer_name_for_the_same(unsigned x);
	static const char text[] = "a long text that is printed for nobody, and makes everything move";
	int main(int argc, char **argv)
	{
		unsigned x = argc;
		long n = argc > 1 ? atol(argv[1]) * FACTOR * 1000000L : 0;
		for (long i = 0; i < n; i++)
			x = a_much_longer_name_for_the_same(x) ^ x >> 3;
		return x == 42;
	}
	static __attribute__((noinline, used)) void cold(void)
	{
		puts(text);
	}
	static unsigned a_much_longer_name_for_the_same(unsigned x)
	{
		return x * 1664525u + 1013904223u;
	}
	END
	commit renames
	gate 0
	not grep -q regression ../said
	[ "$(verdict '.workloads[0].metrics[] | select(.name == "cpu") | .pairs > 0')" = true ]
}

@test "budgets: limit, base limit and factor in the sentence, a profile, and the strictness that counts" {
	sed -i 's/cpu: .*/cpu: {budget: "<= 0.01ms"}/; s/^ *timeout:/    runs: 3\n&/' .profd.yml
	commit budget
	# shellcheck disable=SC2034 # gate's
	profiles=
	gate 1
	# shellcheck disable=SC2034
	profiles=--no-profile
	grep -q 'over budget .* > 10.* us, exceeded by' ../said
	(cd profd-out && [ -s work/head/cpu.pb.gz ])
	CI=true gate 1
	grep -q '(10.* us x 2, CI)' ../said
	PROFD_STRICTNESS=strict CI=true gate 1
	grep -q 'x 0.5, PROFD_STRICTNESS' ../said
	gate 1 --strictness 3
	grep -q 'x 3, --strictness' ../said
	gate 2 --strictness often
	gate 1 --strictness 100
	sed -i 's/<= 0.01ms/<= 19s/' .profd.yml
	commit budget
	gate 0
	grep -q 'in budget' ../said
	grep -q 'this change moves a limit: work cpu budget: none -> <= 19s' ../said
}

@test "a head that fails or does not build: 4, with the end of what it said" {
	sed -i 's/return x == 42/fputs("last words", stderr); abort()/' work.c
	commit abort
	gate 4
	grep -q 'work, head: killed by SIGABRT' ../said
	grep -q '| last words' ../said
	[ "$(verdict .verdict)" = failed ]
	gate 4 --mode observe
	gate 125 --bisect --base ref:main
	echo 'no C' >work.c
	commit broken
	gate 4
	grep -q 'head does not build: exit status 1' ../said
	grep -q '| work.c:1' ../said
	[ "$(verdict '.workloads[0].failures[0].what')" = 'does not build: exit status 1' ]
	nothing_left
}

@test "a head that does not end in time: 4, and it is timeout that is said" {
	sed -i 's/timeout: 20s/timeout: 300ms/; s/command:.*/command: sleep 1000/' .profd.yml
	commit sleeps
	git branch -f main HEAD
	git update-ref refs/remotes/origin/main HEAD
	commit more
	gate 4
	[ "$(verdict .verdict)" = timeout ]
}

@test "a base that fails or does not build is no verdict, and the policy says what that is worth" {
	git checkout -q main
	echo 'no C' >work.c
	commit broken
	git branch -f broken
	git checkout -q -B topic
	git checkout -q origin/main -- work.c
	commit mended
	gate 0 --base ref:broken
	grep -q 'base does not build (exit status 1)' ../said
	[ "$(verdict .verdict)" = no_baseline ]
	[ "$(verdict .effect)" = warns ]
	gate 125 --bisect --base ref:broken
	sed -i '1a no_baseline: fail' .profd.yml
	commit policy
	gate 3 --base ref:broken
	gate 0 --base ref:broken --mode warn
	nothing_left
}

@test "--bisect: 0, 1, 125, 128" {
	commit same
	gate 0 --bisect --base ref:main
	slower
	commit slower
	gate 1 --bisect --base ref:main
	gate 128 --bisect --base ref:nowhere
	gate 128 --bisect
	gate 128 --bisect --no-such-option
}

@test "workloads and gates that are new or gone are told" {
	sed -i 's/name: work/name: other/' .profd.yml
	commit other
	gate 0
	grep -q 'other is new' ../said
	grep -q 'work is gone' ../said
	[ "$(verdict '.workloads | map(.name + " " + .verdict) | join(", ")')" = \
		'other no_baseline, work not_comparable' ]
	[ "$(verdict .effect)" = warns ]
}

@test "shards: what several jobs collect is judged as one family" {
	cat >>.profd.yml <<-'END'
	  - name: second
	    command: [./work, "3"]
	    metrics: {cpu: {threshold: 30%}, wall: {policy: off}}
	END
	git checkout -q main
	git merge -q topic 2>/dev/null || true
	git checkout -q topic
	commit two
	git branch -f base
	slower
	commit slower
	gate 0 --collect --base ref:base work -o ../s1
	grep -q 'collected, not judged' ../said
	gate 0 --collect --base ref:base second -o ../s2
	gate 1 --from ../s1 ../s2
	[ "$(verdict '.workloads | map(.name + " " + .verdict) | join(", ")')" = \
		'work regression, second regression' ]
	[ "$(verdict .plan.family)" = 2 ]
	[ "$(verdict .provenance.base.commit)" = "$(git rev-parse base)" ]
	# one that is missing is no pass
	gate 1 --from ../s1
	[ "$(verdict '.workloads[1].verdict')" = inconclusive ]
	gate 2 --from ../s1 ../s1
	grep -q "two shards have the workload 'work'" ../said
	gate 0 --collect --seed 1 --base ref:base second -o ../s3
	gate 2 --from ../s1 ../s3
	grep -q 'not of the same change' ../said
}

@test "an interrupt leaves nothing: no process, no folder, nothing in the repository" {
	sed -i '/command:/d' .profd.yml
	echo "    command: echo \$\$ >$BATS_TEST_TMPDIR/ready; sleep 1000" >>.profd.yml
	slower
	mkfifo ../ready
	for signal in INT TERM; do
		# a shell starts what is in the background with SIGINT ignored
		env --default-signal=INT "$PROFD" gate >../said 2>&1 &
		profd=$!
		read -r -t 60 workload <>../ready
		kill -s $signal $profd
		status=0
		wait $profd || status=$?
		cat ../said
		[ "$status" -eq $((128 + $(kill -l $signal))) ]
		is_gone "$workload"
		nothing_left
	done
}

@test "the time budget ends it, and what cannot be decided in it is inconclusive" {
	commit same
	gate 0 --time-budget 100ms
	[ "$(verdict .verdict)" = inconclusive ]
	grep -q 'the time budget' ../said
	gate 2 --time-budget soon
}

@test "results are not overwritten, and workloads that there are not are named" {
	commit same
	gate 2 nothing
	[ ! -e profd-out ]
	gate 2 --no-such-option
	gate 0 -o ../out
	[ ! -e profd-out ]
	gate 2 -o ../out
	grep -q 'force' ../said
	gate 0 -o ../out --force work
}
