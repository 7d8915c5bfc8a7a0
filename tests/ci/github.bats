#!/usr/bin/env bats
# contrib/github: its workflows are well-formed, and do what they are for. They are executed by
# run-workflow, which plays GitHub; what profd does in them is real, but for what it would send.
# shellcheck disable=SC2034 # status and dir are for the helpers

load ../integration/lib
load ci-lib
load forge

setup_file() {
	export repo=$BATS_FILE_TMPDIR/repo
	(make_repository "$repo")
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache # builds are shared by the tests
	export TEST_PROFD=$PROFD TEST_CALLS=$PWD/calls
	export PATH=$BATS_TEST_DIRNAME:$PATH
	unset PROFD_LIBEXEC
}

# What the event of event.json starts of contrib/github/workflows.
play() {
	rm -rf out
	: >calls
	"$BATS_TEST_DIRNAME/run-workflow" --event event.json --repo "$repo" --out out \
		--map "profd/profd/contrib/github=$SRCDIR/contrib/github" \
		"$SRCDIR"/contrib/github/workflows/*.yml || {
		cat out/log
		return 1
	}
}

# A line for each job that ran, one for each artifact and its days, one for each comment.
table() {
	jq -r '.[] | .workflow as $w | (.jobs | to_entries[] | select(.value.result != "skipped") |
		"ran \($w) \(.key): \(.value.result)"), (.published[] | "kept \(.artifact) \(.days)")' out/log.json |
		sed -E "s/$(git -C "$repo" rev-parse topic)/HEAD/; s/$(git -C "$repo" rev-parse main)/MAIN/
			s/-4[0-9]{3} /-RUN /"
	jq -r '"said \(.result) on \(.where)"' calls
}

expect() { # on stdin
	table >got
	cat >wanted
	diff wanted got || {
		cat out/log
		return 1
	}
}

@test "an unlabelled pull request: gate, artifact, one comment, and a red job" {
	github_event pull_request
	play
	expect <<-'END'
	ran profd.yml gate: failure
	ran profd.yml publish: success
	kept profd-HEAD 30
	said regression on pull_request
	END
	kept=out/artifacts/profd-$(git -C "$repo" rev-parse topic)
	[ "$(jq -r .verdict "$kept/verdict.json")" = regression ]
	xmllint --noout --schema "$SRCDIR/tests/oracle/junit.xsd" "$kept/junit.xml"
	grep -q work out/summary.md
	grep -q '^| `work` | [0-9. %|]* `main` | `work.c` |$' out/summary.md
	(cd "$kept" && jq -r '.quality | "| `work` | `perf` | \(.samples) | \(.lost) |"' work/head/run.json) >row
	grep -qF -f row out/summary.md
	if [ -n "$PPROF" ]; then
		(cd "$kept" && "$PPROF" -raw work/head/cpu.pb.gz) >raw
		grep -q 'main .*work.c' raw
	fi
	# The job that ran the change could not have commented.
	jq -e '[.[0].jobs.gate.steps[] | select(.[0] == "github: Comment")[1]] == ["skipped"]' out/log.json
	jq -e '.call | index("--mode") as $i | .[$i + 1] == "on-change"' calls
}

@test "a labelled pull request: a profile, and no second gate" {
	github_event pull_request '.payload.action = "labeled" | .payload.label = {name: "performance"} |
		.payload.pull_request.labels = [{name: "performance"}]'
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	ran profd-on-demand.yml profile: success
	kept profile-HEAD-RUN 30
	END
	(cd out/artifacts/profile-* && test -s work/head/cpu.pb.gz)
	github_event pull_request '.payload.action = "labeled" | .payload.label = {name: "docs"} |
		.payload.pull_request.labels = [{name: "docs"}]'
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	END
}

@test "a pull request from a fork: judged without a token, commented by the second workflow" {
	github_event pull_request '.payload.pull_request.head.repo.full_name = "them/theirs"'
	play
	expect <<-'END'
	ran profd.yml gate: failure
	kept profd-HEAD 30
	ran profd-forks.yml publish: success
	said regression on workflow_run
	END
	# The trusted job checks nothing out, and runs nothing of the results.
	jq -e '[.[1].jobs.publish.steps[][0] | select(test("checkout|: Run$"))] ==
		["github: Run"]' out/log.json
	jq -e '.[1].jobs.publish.steps[] | select(.[0] == "github: Run")[1] == "skipped"' out/log.json
}

# The pull request is owner/name's, as the stand-in knows it.
ours_in_forge='.payload.repository.full_name = "owner/name" |
	.payload.pull_request.base.repo.full_name = "owner/name" | .payload.pull_request.head.repo.full_name = '

@test "what is published for real: one comment on a pull request, however often, and on one of a fork" {
	needs_remote
	local head
	head=$(git -C "$repo" rev-parse topic)
	forge "{pulls: [{number: 7, sha: \"$head\", branch: \"topic\"}]}"
	export TEST_API_URL=$api TEST_FORGE_TOKEN=$TOKEN TEST_PROFD_CI_BACKOFF_MS=1
	github_event pull_request "$ours_in_forge \"owner/name\""
	play
	play
	[ "$(jq length "$forge/state.json")" = 1 ] || fail "$(cat "$forge/state.json" out/log)"
	jq -r '.[0].body' "$forge/state.json" >body
	grep -q '^<!-- profd-state: worse regression' body
	grep -q '/owner/name/actions/runs/' body
	forge_end
	forge "{pulls: [{number: 7, sha: \"$head\", branch: \"topic\", fork: true}]}"
	export TEST_API_URL=$api
	github_event pull_request "$ours_in_forge \"stranger/name\""
	play
	[ "$(jq length "$forge/state.json")" = 1 ] || fail "$(cat "$forge/state.json" "$forge/log" out/log)"
	forge_end
}

@test "a push to main: judged and kept, nobody is told; of documents alone: nothing" {
	github_event push
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	ran profd.yml gate: success
	kept profd-MAIN 30
	END
	github_event push '.changed = ["README.md", "docs/a.txt"]'
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	END
}

@test "a push to a branch: a profile if its message asks for one" {
	github_event push '.ref = "refs/heads/topic" | .payload.ref = .ref |
		.payload.head_commit.message = "Try this [profile]" | .payload.commits = [.payload.head_commit]'
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	ran profd-on-demand.yml profile: success
	kept profile-MAIN-RUN 30
	END
	github_event push '.ref = "refs/heads/topic" | .payload.ref = .ref'
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	END
}

@test "a comment: a maintainer's asks for a profile, nobody else's does" {
	github_event issue_comment
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	ran profd-on-demand.yml profile: success
	kept profile-MAIN-RUN 30
	END
	# It was the pull request that was measured, not main.
	sed '1,/=== profile: /d' out/log | grep -qx "at $(git -C "$repo" rev-parse refs/pull/7/merge)"
	github_event issue_comment '.payload.comment.author_association = "NONE"'
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	END
	github_event issue_comment 'del(.payload.issue.pull_request)'
	play
	expect </dev/null
}

@test "schedules: the daily and the weekly tier; by hand: the tier that was chosen" {
	github_event schedule
	play
	expect <<-'END'
	ran profd-schedule.yml measure: success
	kept history-MAIN-RUN 90
	END
	[ "$(jq '.workloads[0].runs' out/artifacts/*/verdict.json)" -eq 2 ]
	github_event schedule '.payload.schedule = "0 2 * * 0"'
	play
	[ "$(jq '.workloads[0].runs' out/artifacts/*/verdict.json)" -eq 4 ]
	github_event workflow_dispatch
	play
	expect <<-'END'
	ran profd-on-demand.yml decide: success
	ran profd-on-demand.yml profile: success
	kept profile-MAIN-RUN 30
	ran profd-schedule.yml measure: success
	kept history-MAIN-RUN 90
	END
	[ "$(jq '.workloads[0].runs' out/artifacts/history*/verdict.json)" -eq 4 ]
}

# act KEY=VALUE...: a workflow of one job that uses the action so, as `act.yml`, is run by a push.
act() {
	{
		printf '%s\n' 'on: push' 'jobs:' '  one:' '    runs-on: ubuntu-latest' '    steps:' \
			'      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683' \
			'      - uses: profd/profd/contrib/github@v0.1.0' '        with:'
		for given; do
			jq -nr --arg g "$given" '"          \($g | sub("=.*"; "")): \($g | sub("^[^=]*="; "") | tojson)"'
		done
	} >act.yml
	github_event push
	rm -rf out
	"$BATS_TEST_DIRNAME/run-workflow" --event event.json --repo "$repo" --out out \
		--map "profd/profd/contrib/github=$SRCDIR/contrib/github" act.yml
}

result() {
	jq -r '.[0].jobs.one.result' out/log.json
	cat out/log >&2
}

@test "inputs are no commands, and neither is what a workload prints" {
	cat >say <<-'END'
	#!/bin/sh
	echo "::error::from the workload"
	echo "::set-env name=PATH::/tmp"
	END
	chmod +x say
	act task=record "command=$PWD/say; exit 3" 'artifact-name=a"b$(touch pwned)`touch pwned`' fail=false
	[ -z "$(find . -name pwned)" ]
	# Such a name is no artifact's, and so the job fails; the command had run, between the two lines.
	[ "$(result)" = failure ]
	word=$(sed -n 's/^::stop-commands:://p' out/log)
	[ "${#word}" -eq 32 ]
	sed -n "/^::stop-commands::$word$/,/^::$word::$/p" out/log >between
	grep -qx '::error::from the workload' between
	[ "$(grep -c '^::error::' out/log)" -eq 1 ]
	for hostile in '$(touch pwned)' '; touch pwned' '`touch pwned`'; do
		act task=bench build=make "workloads=$hostile"
		[ "$(result)" = failure ]
		[ -z "$(find . -name pwned)" ]
	done
}

@test "the status is the job's, unless fail is false; results are kept either way" {
	act task=record 'command=exit 3'
	[ "$(result)" = failure ]
	test -s "$(echo out/artifacts/profd-*/run.json)"
	act task=record 'command=exit 3' fail=false
	[ "$(result)" = success ]
	act task=bench build=false
	[ "$(result)" = failure ]
	grep -q 'the build failed: false' out/log
	act task=nonsense
	[ "$(result)" = failure ]
}

@test "a tarball is installed if its checksum fits, and is not even unpacked if not" {
	make -C "$BUILDDIR" binary-dist >/dev/null 2>&1 3>&-
	tarball=$(echo "$BUILDDIR"/profd-*-linux-*.tar.gz)
	act task=record command=true "tarball=$tarball" "checksum=$(cut -d' ' -f1 "$tarball.sha256")"
	jq -e '.[0].jobs.one.steps[] | select(.[0] == "github: Run")[1] == "success"' out/log.json
	test -s "$(echo out/artifacts/profd-*/cpu.pb.gz)"
	[ -n "$(find out/work -path '*/profd/tool/bin/profd')" ] || [ -x "$XDG_CACHE_HOME/profd/tool/bin/profd" ]
	XDG_CACHE_HOME=$PWD/other act task=record command=true "tarball=$tarball" \
		checksum=0000000000000000000000000000000000000000000000000000000000000000
	[ "$(result)" = failure ]
	grep -q "is not what PROFD_SHA256 says: $(cut -d' ' -f1 "$tarball.sha256")" out/log
	[ ! -e other/profd/tool ]
	XDG_CACHE_HOME=$PWD/other act task=record command=true "tarball=$tarball"
	grep -q 'PROFD_TARBALL needs PROFD_SHA256' out/log
	XDG_CACHE_HOME=$PWD/other act task=record command=true tarball=http://example.org/x checksum=0
	grep -q 'has to be a path, or begin with https://' out/log
}

@test "what run-workflow does not know ends it" {
	github_event push
	for line in 'if: hashFiles("x") != ""' "if: github.even == 'push'" 'if: steps.none.outputs.x' \
		'colour: red' 'shell: pwsh' 'run: echo ${{ github.ref }}'; do
		printf '%s\n' 'on: push' 'jobs:' '  one:' '    runs-on: x' '    steps:' '      - name: x' \
			"        $line" >act.yml
		[[ $line == run* ]] || echo '        run: true' >>act.yml
		rm -rf out
		run "$BATS_TEST_DIRNAME/run-workflow" --event event.json --repo "$repo" --out out act.yml
		[ "$status" -eq 2 ] || fail "it took '$line'"
		[[ $output == "run-workflow: not known: "* ]]
	done
}

@test "profd's own workflow records and gates the shipped suite" {
	cp -r "$SRCDIR/share/workloads" suite
	mkdir -p own/share/workloads own/contrib/github
	cp suite/.profd.yml suite/*.c own/share/workloads
	# What is judged is the same on both sides; the tests look at one workload, and briefly.
	sed -i 's/^time_budget.*/time_budget: 10s/' own/share/workloads/.profd.yml
	cp "$SRCDIR"/contrib/github/action.yml "$SRCDIR/contrib/github/steps" own/contrib/github
	cp "$SRCDIR/contrib/profile.sh" own/contrib
	git init -q -b main own
	git -C own add -A
	git -C own -c user.name=a -c user.email=a@b.example commit -q -m own
	github_event push
	jq --arg sha "$(git -C own rev-parse HEAD)" '.sha = $sha' event.json >own.json
	"$BATS_TEST_DIRNAME/run-workflow" --event own.json --repo own --out out \
		"$SRCDIR/.github/workflows/profd.yml" || fail "$(cat out/log)"
	[ "$(jq -r '.[0].jobs.suite.result' out/log.json)" = success ] || fail "$(cat out/log)"
	grep -q 'main;count_collatz' out/artifacts/record-*/cpu.folded
	[ "$(jq '.workloads | length' out/artifacts/gate-*/verdict.json)" -eq 2 ]
}
