#!/usr/bin/env bats
# profd report: which files, where to, and what it refuses. tests/oracle/report.bats has what others
# read in them.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
	"$TEST_TOOLS/oracle/gen-outcome" runs
}

# report STATUS ARGUMENT...
report() {
	local want=$1 status=0
	shift
	"$PROFD" report "$@" >out 2>err || status=$?
	cat err
	[ "$status" -eq "$want" ]
}

@test "a folder or its verdict.json, and the summary is what is printed" {
	report 0 runs/gate
	cmp out runs/gate/summary.md
	report 0 runs/gate/verdict.json
	cmp out runs/gate/summary.md
	report 0 -o - --format json runs/gate
	cmp out runs/gate/verdict.json
	[ ! -s err ]
}

@test "every format is the file that a gate writes" {
	local run
	for run in gate verdicts bench exact hostile empty bare; do
		report 0 --format md,comment,html,junit,json,openmetrics,gha,csv -o new runs/$run
		rm -r runs/$run/run # what lasts of a run is no face of it
		diff -r new runs/$run
		rm -r new
	done
}

@test "with -o alone it writes what a gate does" {
	report 0 -o new runs/gate
	[ "$(cd new && echo *)" = "comment.md junit.xml metrics.txt report.html summary.md verdict.json" ]
}

@test "what is there stays without --force" {
	report 0 -o new --format md runs/gate
	echo mine >new/junit.xml
	report 2 -o new --format junit,comment runs/gate
	grep -q "^profd: 'new/junit.xml' exists$" err
	grep -q '^profd: hint: --force overwrites it$' err
	[ "$(cat new/junit.xml)" = mine ]
	[ ! -e new/comment.md ]
	report 0 -o new --force --format junit runs/gate
	cmp new/junit.xml runs/gate/junit.xml
}

@test "a report of a folder may go into that folder" {
	report 0 --force -o runs/gate runs/gate
	report 0 runs/gate
	grep -q '^# profd gate: regression$' out
}

@test "several runs become one, with the worst verdict and a word about what differs" {
	report 0 --format json runs/bench runs/gate runs/gate/verdict.json
	jq -e '.verdict == "regression" and .effect == "fails" and .exit_status == 1' out
	jq -e '[.workloads[].name] == ["lookup", "sort[1000]", "parse", "sort[1000]", "parse"]' out
	jq -e '.notes[0] | startswith("The joined runs are of different commits")' out
	jq -e '.plan.spent_s - 3 * 272.4 | fabs < 0.001' out
	report 0 --format json runs/gate runs/exact
	jq -e '[.notes[] | select(startswith("The joined"))] == []' out
}

@test "data.js grows by a run, and keeps what is in it" {
	local page='window.BENCHMARK_DATA = {"repoUrl": "https://h/r", "entries": {"mine": [1]}, "x": {}};'
	mkdir new
	echo "$page" >new/data.js
	report 0 --format gha -o new runs/gate
	report 0 --force --format gha -o new runs/bench
	sed '1s/^window.BENCHMARK_DATA = //' new/data.js >data.json
	jq -e '.repoUrl == "https://h/r" and .entries.mine == [1] and .x == {}' data.json
	# The same commit: replaced.
	jq -e '[.entries.profd[].benches | length] == [2]' data.json
	echo 'alert(1)' >new/data.js
	report 2 --force --format gha -o new runs/gate
	grep -q "^profd: cannot add to 'data.js': it does not begin with 'window.BENCHMARK_DATA = '$" err
	[ "$(cat new/data.js)" = 'alert(1)' ]
}

@test "an array of github-action-benchmark is a run, too" {
	report 0 --format json runs/gate/benchmark-smaller.json
	jq -e '.verdict == "measured" and .workloads[0].name == "sort[1000] / cpu"' out
	jq -e '.workloads[0].metrics[0] | .unit == "s" and .direction == "smaller" and .head == 0.553' out
	report 0 --format json runs/gate/benchmark-bigger.json
	jq -e '.workloads[0].metrics[0] | .unit == "/s" and .direction == "bigger"' out
}

@test "faults are told with their place" {
	report 2 nowhere
	grep -q "^profd: cannot read 'nowhere': No such file or directory$" err
	echo '{"schema": "profd.run/1"}' >run.json
	report 2 run.json
	grep -q "^profd: 'run.json': this is not a verdict.json: its schema is 'profd.run/1'$" err
	sed 's/"low": 0.063/"low": []/' runs/gate/verdict.json >bad.json
	report 2 bad.json
	grep -q "^profd: 'bad.json': workloads\[0\].metrics\[0\].low is not a number$" err
	echo '[{"name": "a", "value": "x"}]' >array.json
	report 2 array.json
	grep -q "^profd: 'array.json': \[0\].value is not a number$" err
}

@test "options that make no sense are refused" {
	report 2
	grep -q 'no run was given' err
	report 2 --format htlm runs/gate
	grep -q "unknown format 'htlm'; did you mean 'html'?" err
	report 2 --format csv runs/gate
	grep -q 'these formats are several files' err
	report 2 --format md,html runs/gate
	report 2 --colour runs/gate
	grep -q "unknown option '--colour'" err
	report 2 -o runs/gate/summary.md runs/gate
	report 0 --help
	grep -q '^usage: profd report' out
}

@test "report: bash completes formats and options" {
	# shellcheck source=/dev/null
	source "$SRCDIR/contrib/completions/profd.bash"
	COMP_WORDS=(profd report --format ju) COMP_CWORD=3
	_profd
	[ "${COMPREPLY[*]}" = junit ]
	COMP_WORDS=(profd report --fo) COMP_CWORD=2
	_profd
	[[ " ${COMPREPLY[*]} " == *" --format "* && " ${COMPREPLY[*]} " == *" --force "* ]]
}
