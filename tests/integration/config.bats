#!/usr/bin/env bats
# Side by side: nothing is measured.
# profd config check: what it understands, every fault with its place, where it looks for the file.

load lib

CORPUS=$SRCDIR/tests/config

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# check STATUS [OPTION...] [FILE]
check() {
	local want=$1 status=0
	shift
	"$PROFD" config check "$@" >out 2>err || status=$?
	cat out err
	[ "$status" -eq "$want" ]
}

@test "every good file is understood, and nothing is said about it" {
	local file
	for file in "$CORPUS"/good/*.yml; do
		check 0 "$file"
		[ -s out ]
		[ ! -s err ]
		check 0 -q "$file"
		[ ! -s out ]
	done
}

@test "every bad file is refused with the very sentences that it expects" {
	local file n=0
	for file in "$CORPUS"/bad/*.yml; do
		check 2 "$file"
		[ ! -s out ]
		diff <(sed -n 's/^# \([0-9]*:[0-9]*: .*\|profd: .*\)/\1/p' "$file") \
			<(awk -v at="$file:" 'index($0, at) == 1 { $0 = substr($0, length(at) + 1) } 1' err)
		n=$((n + 1))
	done
	[ "$n" -gt 120 ]
}

@test "the text tells variants, limits, and what they lead to" {
	check 0 "$CORPUS/good/design.yml"
	grep -q '^9 of the metrics may fail a change (m = 9): first look after 13 pairs, the last after 40$' out
	grep -q '^small-dataset: 3 variants, \[10\] \[100\] \[1000\]$' out
	grep -q '^  command: python3 scripts/run.py --items 10$' out
	grep -Eq '^  cpu +fail +10% +process$' out
	grep -Eq '^  wall +warn +10% +process$' out
	grep -Eq '^  max_rss +fail +5% +process  <= 350MB$' out
	grep -Eq '^  trades_per_s +fail +- +program, bigger is better  >= 2M/s \[10\], >= 1M/s \[1000\]$' out
	grep -Eq '^  python_s +- +- +program, named by an expression only$' out
	check 0 "$CORPUS/good/everything.yml"
	grep -q '(first: 12 is too few for a verdict over that many)' out
	grep -q 'quick: not at all; weekly: 20 runs of up to 1h' out
	grep -Eq 'latency +fail +- +program  <= 15.5 ms \(p99\)$' out
}

@test "--json has what the text has" {
	check 0 --json "$CORPUS/good/design.yml"
	[ "$(json out schema)" = profd.config/1 ]
	[ "$(json out valid)" = true ]
	[ "$(json out family)" = 9 ]
	[ "$(json out pairs.first)" = 13 ]
	[ "$(json out time_budget_s)" = 600.0 ]
	[ "$(json out strictness)" = null ]
	[ "$(json out workloads.2.name)" = 'small-dataset[1000]' ]
	[ "$(json out workloads.2.command.3)" = 1000 ]
	[ "$(json out workloads.2.params.items)" = 1000 ]
	[ "$(json out workloads.2.server.ready)" = http://127.0.0.1:8080/health ]
	[ "$(json out workloads.2.tiers.quick.runs)" = 10 ]
	[ "$(json out workloads.2.metrics.0.gates)" = true ]
	[ "$(json out workloads.2.metrics.1.gates)" = false ]
	[ "$(json out workloads.2.metrics.2.budget.value)" = 367001600.0 ]
	[ "$(json out workloads.2.metrics.4.budget.value)" = 1000000.0 ]
	[ "$(json out workloads.2.metrics.4.direction)" = bigger ]
	[ "$(json out workloads.1.metrics.4.budget)" = null ]
	[ "$(json out workloads.0.metrics.6.implied)" = true ]
}

@test "--json tells faults, too" {
	check 2 --json "$CORPUS/bad/metric-keys.yml"
	[ "$(json out valid)" = false ]
	[ "$(json out more)" = false ]
	[ "$(json out problems.0.line)" = "$(awk '/cpu:/ { print NR }' "$CORPUS/bad/metric-keys.yml")" ]
	[ "$(json out problems.0.column)" = 13 ]
	[ "$(json out problems.0.hint)" = "did you mean 'threshold'?" ]
	[ -s err ]
}

@test "without a file: the folder's own, then that of the repository's root" {
	mkdir -p repo/sub/deep
	git init -q repo
	cp "$CORPUS/good/minimal.yml" repo/.profd.yml
	cd repo/sub/deep
	check 0
	grep -q 'repo/.profd.yml: 1 workload$' out
	cp "$CORPUS/good/servers.yml" .profd.yml
	check 0
	grep -q '^\.profd\.yml: 3 workloads$' out
}

@test "no file: that is said" {
	check 2
	grep -q '^profd: there is no .profd.yml here' err
	check 2 missing.yml
	[ "$(cat err)" = "profd: cannot read missing.yml: No such file or directory" ]
	check 2 .
	grep -q '^profd: cannot read' err
}

@test "/dev/stdin is a file" {
	check 0 /dev/stdin <"$CORPUS/good/minimal.yml"
}

@test "usage" {
	local words
	for words in "" "verify" "check a b" "check --jsn"; do
		# shellcheck disable=SC2086
		run "$PROFD" config $words
		echo "$output"
		[ "$status" -eq 2 ]
		[[ $output == *"hint: see 'profd config --help'"* ]]
	done
	run "$PROFD" config --help
	[ "$status" -eq 0 ]
	[[ $output == "usage: profd config check"* ]]
	[ "$("$PROFD" help config)" = "$output" ]
}

@test "the manual's example is a good one" {
	sed -n '/^An example:/,/^\.Ed/p' "$SRCDIR/man/profd.yml.5" | grep -v '^\.\|^An' >example.yml
	check 0 example.yml
	grep -q '^import: 2 variants' out
}

# The tables of libpfm4 for one processor, wherever the test runs.
@test "counters are looked up before anything runs, by config check, bench and gate" {
	cat >.profd.yml <<-'YML'
		profd: 1
		workloads:
		  - name: a
		    command: "touch ran{n}"
		    params: {n: [1, 2]}
		    metrics:
		      stalls: {event: UOPS_ISUED}
		      ticks: {event: "cycles:freq=99"}
		      cpu:
	YML
	export LIBPFM_FORCE_PMU=skl
	cat >want <<-'TEXT'
		.profd.yml:7:23: the metric 'stalls': unknown event 'UOPS_ISUED'
		profd: hint: did you mean UOPS_ISSUED?
		.profd.yml:8:22: the metric 'ticks': 'cycles:freq=99' is counted, not sampled: it has no period and no frequency
	TEXT
	check 2
	sed 's/^[^ ]*\.profd/.profd/' err | diff want -
	! "$PROFD" bench 2>err || false
	sed 's/^[^ ]*\.profd/.profd/' err | diff want -
	! "$PROFD" gate 2>err || false
	sed 's/^[^ ]*\.profd/.profd/' err | diff want -
	[ ! -e ran1 ]
}

# Of the Pentium 4.
@test "an event that exists and cannot be counted here is told, and is no fault" {
	cat >.profd.yml <<-'YML'
		profd: 1
		workloads:
		  - name: a
		    command: "true"
		    runs: 1
		    warmup: 0
		    metrics:
		      stalls: {event: "TC_DELIVER_MODE"}
		      faults_seen: {event: page-faults}
	YML
	check 0
	[ ! -s err ]
	grep -Eq '^  stalls .* perf TC_DELIVER_MODE, unavailable here: this machine.s PMU has no' out
	grep -Eq '^  faults_seen .* perf page-faults$' out
	check 0 --json
	jq -e '[.workloads[0].metrics[] | .unavailable != null] == [true, false]' out
	"$PROFD" bench -o out-bench >out 2>err
	cat out err
	grep -q 'counter stalls.*this machine.s PMU has no' out err
}

@test "the block ci, and what holds without it" {
	check 0 --json "$CORPUS/good/everything.yml"
	jq -c .ci out >got
	cat >want <<-'END'
	{"labels":["perf","needs-benchmark"],"tokens":["[perf]"],"paths":["src/**","*.mk"],"paths_ignore":["**/*.md"],"branches":["main","release/*"],"pull_requests":"asked","comment":"/perf","commenters":["owner","member"],"daily":"5 4 * * *","weekly":"5 5 * * 1"}
	END
	diff -u want got
	check 0 --json "$CORPUS/good/minimal.yml"
	jq -c .ci out >got
	cat >want <<-'END'
	{"labels":["profile","performance"],"tokens":["[profile]","[benchmark]"],"paths":[],"paths_ignore":[],"branches":[],"pull_requests":"always","comment":"/profd","commenters":["owner","member","collaborator"],"daily":"17 3 * * *","weekly":"0 2 * * 0"}
	END
	diff -u want got
}
