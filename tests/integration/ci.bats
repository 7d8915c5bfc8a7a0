#!/usr/bin/env bats
# profd ci: what a job needs, from the variables and events of CI systems, which are made here.
# bats file_tags=ci

setup() {
	load lib
	bats_require_minimum_version 1.5.0
	# Wherever the tests run, its variables are not those of the jobs that are played.
	local v
	for v in $(compgen -e); do
		case $v in
		CI | CI_* | GITHUB_* | GITLAB_* | JENKINS_* | CHANGE_* | BUILD_* | GIT_* | BRANCH_NAME | RUNNER_* | GH_TOKEN | TAG_NAME | PROFD_*)
			[[ $v != PROFD_LIBEXEC ]] || continue
			unset "$v"
			;;
		esac
	done
	cd "$BATS_TEST_TMPDIR"
}

# What profd ci env says of @1, a key.
said() {
	"$PROFD" ci env --json | jq -r --arg k "$1" '.[$k]'
}

@test "ci env: none, GitHub Actions, GitLab CI, Jenkins" {
	[ "$(said provider)" = none ]
	export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/12/merge \
		GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=7 GITHUB_API_URL=https://ghe.example/api/v3/ \
		GITHUB_SERVER_URL=https://ghe.example
	[ "$(said provider)" = github ]
	[ "$(said pr)" = 12 ]
	[ "$(said api_url)" = https://ghe.example/api/v3 ]
	[ "$(said run_url)" = https://ghe.example/o/r/actions/runs/7 ]
	unset GITHUB_ACTIONS
	export GITLAB_CI=true CI_MERGE_REQUEST_IID=34 CI_PROJECT_PATH=g/s/p \
		CI_JOB_URL=https://gl.example/g/s/p/-/jobs/9
	[ "$(said provider) $(said pr) $(said repository)" = "gitlab 34 g/s/p" ]
	[ "$(said artifacts_url)" = https://gl.example/g/s/p/-/jobs/9/artifacts/file/ ]
	unset GITLAB_CI
	export JENKINS_URL=https://j.example/ CHANGE_ID=56 CHANGE_TARGET=main BUILD_URL=https://j.example/job/x/3/
	[ "$(said provider) $(said pr) $(said base_branch)" = "jenkins 56 main" ]
	[ "$(said artifacts_url)" = https://j.example/job/x/3/artifact/ ]
}

@test "ci env: a token is named and never shown" {
	export GITHUB_ACTIONS=true GITHUB_TOKEN=ghs_secret PROFD_TOKEN=
	[ "$(said token_variable)" = GITHUB_TOKEN ]
	run "$PROFD" ci env
	[[ $output == *GITHUB_TOKEN* && $output != *ghs_secret* ]]
	run "$PROFD" ci env --json
	[[ $output != *ghs_secret* ]]
}

@test "ci: unknown verbs" {
	run "$PROFD" ci
	[ "$status" -eq 2 ]
	run "$PROFD" ci evn
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean 'env'?"* ]]
}

# --- should-run ------------------------------------------------------------------------

# no_command TEXT: no line of it is one to the runner.
no_command() {
	if grep -E '^[[:space:]]*::|##\[' <<<"$1"; then
		fail "a command"
	fi
}

# event NAME JSON: GitHub's, of a job that is about to begin.
event() {
	export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=$1 GITHUB_EVENT_PATH=$PWD/event.json
	printf '%s\n' "$2" >event.json
}

# answers RUN TIER REASON [OPTION...]: what should-run says, on both ways.
answers() {
	local want="run=$1"$'\n'"reason=$3"$'\n'"tier=$2"
	shift 3
	: >output
	GITHUB_OUTPUT=$PWD/output "$PROFD" ci should-run "$@" >lines
	diff -u <(echo "$want") <(head -3 lines) || return 1
	[ -z "${GITHUB_ACTIONS:-}" ] || diff -u lines output
}

pr() {
	jq -n --arg action "$1" --argjson labels "$2" --arg title "${3:-A change}" --arg from "${4:-o/r}" '
		{action: $action, repository: {default_branch: "main"}, pull_request: {number: 12,
		title: $title, draft: false, labels: [$labels[] | {name: .}],
		head: {ref: "topic", sha: ("a" * 40), repo: {full_name: $from}},
		base: {ref: "main", sha: ("b" * 40), repo: {full_name: "o/r"}}}} +
		if $action == "labeled" then {label: {name: $labels[-1]}} else {} end'
}

push() {
	jq -n --arg ref "$1" --arg message "$2" '{ref: $ref, before: ("b" * 40), after: ("a" * 40),
		deleted: false, repository: {default_branch: "trunk"}, commits: [{message: "one"},
		{message: $message}]}'
}

comment() {
	jq -n --arg body "$1" --arg who "$2" --arg action "${3:-created}" '{action: $action, issue:
		{number: 3, pull_request: {url: "x"}}, comment: {body: $body, author_association: $who,
		user: {login: "ann"}}}'
}

@test "should-run: each event of GitHub Actions, what runs, and why" {
	event pull_request "$(pr opened '["bug"]')"
	answers true quick "a change, and no filter of paths"
	[ "$(sed -n 4,5p lines | paste -sd ' ')" = "pr=12 fork=false" ]
	answers false quick "no label, message or comment asks for it" --on-demand
	event pull_request "$(pr synchronize '["bug", "profile"]')"
	answers true quick "the label 'profile' asks for it" --on-demand
	event pull_request "$(pr synchronize '["bug", "speed"]')"
	answers false quick "no label, message or comment asks for it" --on-demand
	answers true quick "the label 'speed' asks for it" --on-demand --label other --label speed
	event pull_request "$(pr labeled '["profile", "docs"]')"
	answers false quick "the label 'docs' asks for nothing"
	event pull_request "$(pr labeled '["docs", "performance"]')"
	answers true quick "the label 'performance' asks for it"
	event pull_request "$(pr closed '["profile"]')"
	answers false quick "'closed' changes no code"
	event pull_request "$(pr opened '[]' 'Sort [benchmark]')"
	answers true quick "the title has '[benchmark]' in it" --on-demand
	event pull_request_target "$(pr opened '[]' x mallory/r)"
	answers true quick "a change, and no filter of paths"
	grep -qx fork=true lines
	event push "$(push refs/heads/trunk two)"
	answers true quick "a change, and no filter of paths"
	event push "$(push refs/heads/topic two)"
	answers false quick "a push to 'topic', which is none of the branches to measure"
	event push "$(push refs/heads/topic 'Sort faster [profile]')"
	answers true quick "the message of a commit has '[profile]' in it"
	event push "$(push refs/tags/v1 two)"
	answers false quick "the tag 'v1'"
	event push "$(push refs/heads/trunk two | jq '.deleted = true')"
	answers false quick "the branch 'trunk' was deleted"
	event schedule '{"schedule": "17 3 * * *"}'
	answers true daily "the daily schedule '17 3 * * *'"
	event schedule '{"schedule": "0 2 * * 0"}'
	answers true weekly "the weekly schedule '0 2 * * 0'"
	event schedule '{"schedule": "5 5 * * *"}'
	answers true daily "the schedule '5 5 * * *', which is neither ci.daily nor ci.weekly: daily"
	event workflow_dispatch '{"inputs": {"tier": "weekly"}}'
	answers true weekly "somebody started it"
	event workflow_dispatch '{"inputs": {"tier": "yearly"}}'
	answers true quick "there is no tier 'yearly': quick it is"
	event workflow_dispatch '{"inputs": null}'
	answers true quick "somebody started it"
	event merge_group '{"action": "checks_requested", "merge_group": {"head_sha": "x"}}'
	answers true quick "a change, and no filter of paths"
	event release '{"action": "published"}'
	answers false quick "the event 'release' is none to measure after"
}

@test "should-run: comments ask only where a maintainer wrote them on a pull request" {
	event issue_comment "$(comment "/profd" MEMBER)"
	answers true quick "'ann' asks for it by a comment"
	[ "$(sed -n 4,5p lines | paste -sd ' ')" = "pr=3 fork=unknown" ]
	event issue_comment "$(comment $'/profd weekly\r\nplease' OWNER)"
	answers true weekly "'ann' asks for it by a comment"
	for who in CONTRIBUTOR NONE FIRST_TIMER MANNEQUIN ""; do
		event issue_comment "$(comment /profd "$who")"
		answers false quick "'ann' may not ask by a comment: ci.commenters"
	done
	for body in "see /profd" "/profdx" "/profd; rm -rf" "LGTM"; do
		event issue_comment "$(comment "$body" OWNER)"
		answers false quick "the comment is not '/profd', alone or with a tier behind it"
	done
	event issue_comment "$(comment /profd OWNER edited)"
	answers false quick "a comment was edited, not created"
	event issue_comment "$(comment /profd OWNER | jq 'del(.issue.pull_request)')"
	answers false quick "a comment on an issue"
}

@test "should-run: GitLab and Jenkins" {
	export GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=4 \
		CI_MERGE_REQUEST_LABELS="a b,profile" CI_MERGE_REQUEST_PROJECT_PATH=g/p \
		CI_MERGE_REQUEST_SOURCE_PROJECT_PATH=mallory/p CI_DEFAULT_BRANCH=main
	answers true quick "the label 'profile' asks for it"
	[ "$(sed -n 4,5p lines | paste -sd ' ')" = "pr=4 fork=true" ]
	CI_MERGE_REQUEST_LABELS=profiles answers false quick "no label, message or comment asks for it" --on-demand
	CI_MERGE_REQUEST_LABELS='' CI_COMMIT_MESSAGE='x [benchmark]' \
		answers true quick "the message of a commit has '[benchmark]' in it"
	unset CI_MERGE_REQUEST_IID
	CI_PIPELINE_SOURCE=push CI_COMMIT_REF_NAME=main answers true quick "a change, and no filter of paths"
	CI_PIPELINE_SOURCE=push CI_COMMIT_REF_NAME=topic \
		answers false quick "a push to 'topic', which is none of the branches to measure"
	CI_PIPELINE_SOURCE=push CI_COMMIT_TAG=v1 CI_COMMIT_REF_NAME=v1 answers false quick "the tag 'v1'"
	CI_PIPELINE_SOURCE=schedule answers true daily "a schedule"
	CI_PIPELINE_SOURCE=schedule PROFD_TIER=weekly answers true weekly "a schedule of the tier 'weekly'"
	CI_PIPELINE_SOURCE=web answers true quick "somebody started it"
	unset GITLAB_CI
	export JENKINS_URL=http://j/
	BRANCH_NAME=master answers true quick "a change, and no filter of paths"
	CHANGE_ID=5 PROFD_LABELS=profile answers true quick "the label 'profile' asks for it"
	CHANGE_ID=5 answers false quick "no label, message or comment asks for it" --on-demand
	PROFD_CAUSE=schedule PROFD_TIER=weekly answers true weekly "a schedule of the tier 'weekly'"
	PROFD_CAUSE=manual answers true quick "somebody started it"
}

@test "should-run: files of a merge, of a push, and of a clone that lacks a side" {
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	git init -qb main repo && cd repo
	mkdir src docs
	: >src/a.c && git add . && git commit -qm one
	base=$(git rev-parse HEAD)
	git checkout -qb topic
	: >docs/x.md && : >docs/y.md && git add . && git commit -qm "two [speed]"
	head=$(git rev-parse HEAD)
	git checkout -q main && echo >src/other.c && git add . && git commit -qm three
	git checkout -q "$(git commit-tree -p HEAD -p topic -m merge "$(git merge-tree --write-tree HEAD topic)")"
	printf 'profd: 1\nci: {paths_ignore: ["docs/**"]}\nworkloads: [{name: a, command: ./a}]\n' >.profd.yml
	event pull_request "$(pr opened '[]' | jq --arg h "$head" --arg b "$base" '.pull_request.head.sha = $h | .pull_request.base.sha = $b')"
	answers false quick "'docs/x.md': 0 of 2 changed files count"
	answers false quick "'docs/x.md': 0 of 2 changed files count" --path "**/y.*"
	sed -i 's/docs.../src\/**/' .profd.yml
	answers true quick "'docs/y.md': 1 of 2 changed files counts" --path "**/y.*"
	answers false quick "'docs/x.md': 0 of 2 changed files count" --path "*/*.c"
	sed -i 's/src.../docs\/**/' .profd.yml
	answers true quick "the message of a commit has '[speed]' in it" --token "[speed]"
	git checkout -q topic
	answers false quick "'docs/x.md': 0 of 2 changed files count"
	event push "$(push refs/heads/trunk x | jq --arg h "$head" --arg b "$base" '.before = $b | .after = $h')"
	answers false quick "'docs/x.md': 0 of 2 changed files count"
	jq '.before = ("c" * 40)' event.json >e && mv e event.json
	answers true quick "which files change is not known: this clone has not both sides of the change (fetch-depth: 0 fetches all)"
	jq '.before = "--output=/tmp/x"' event.json >e && mv e event.json
	answers true quick "which files change is not known: this clone has not both sides of the change (fetch-depth: 0 fetches all)"
}

@test "should-run: statuses, JSON, and what is wrong" {
	event pull_request "$(pr closed '[]')"
	run -10 "$PROFD" ci should-run --exit-status
	run -0 "$PROFD" ci should-run --json
	[ "$(jq -r '[.schema, .run, .pr, .fork, .event, .sha] | map(tostring) | join(" ")' <<<"$output")" = \
		"profd.ci-should-run/1 false 12 false pull_request aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" ]
	unset GITHUB_ACTIONS GITHUB_EVENT_PATH
	run -0 "$PROFD" ci should-run --event event.json
	[[ $output == *"reason='closed' changes no code"* ]]
	run -2 "$PROFD" ci should-run --event none.json
	[[ $output == *"cannot read the event file 'none.json'"* ]]
	echo '{"a": ' >broken.json
	run -2 "$PROFD" ci should-run --event broken.json
	[[ $output == *"broken.json"*"line"* ]]
	run -2 "$PROFD" ci should-run --label ""
	run -2 "$PROFD" ci should-run --nonsense
	printf 'profd: 1\nci: {label: [x]}\nworkloads: [{name: a, command: ./a}]\n' >.profd.yml
	run -2 "$PROFD" ci should-run --event event.json
	[[ $output == *".profd.yml:2:6: 'ci' has no key 'label'"* ]]
}

@test "should-run: what others wrote sets no output and is no command" {
	local hostile=$'x\nrun=true\r\n::set-output name=run::true ##[error]a `id` $(id) \u202e<b>|'
	event push "$(push "refs/heads/$hostile" x)"
	: >output
	GITHUB_OUTPUT=$PWD/output run -0 "$PROFD" ci should-run
	[ "$(grep -c '^run=' output)" = 1 ]
	grep -qx run=false output
	[ "$(wc -l <output)" = 5 ]
	no_command "$output"
	event pull_request "$(pr labeled "$(jq -n --arg l "::error::$hostile" '[$l]')")"
	: >output
	GITHUB_OUTPUT=$PWD/output run -0 "$PROFD" ci should-run
	[ "$(wc -l <output)" = 5 ]
	no_command "$output"
	run -0 "$PROFD" ci should-run --json
	jq -e .reason <<<"$output"
}

# --- summary -----------------------------------------------------------------------------

# Job with files for its outputs, and results of every kind in runs/.
job() {
	"$TEST_TOOLS/oracle/gen-outcome" runs
	export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$PWD/page GITHUB_OUTPUT=$PWD/output \
		GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=7 GITHUB_WORKSPACE=$PWD
	: >page
	: >output
}

@test "summary: the page of a gate, its outputs and its annotations" {
	job
	run -0 --separate-stderr "$PROFD" ci summary --annotations runs/gate
	[ "$(head -c "$(wc -c <runs/gate/summary.md)" page | cmp - runs/gate/summary.md && echo same)" = same ]
	grep -qxF -- "- [This run](https://github.com/o/r/actions/runs/7)" page
	diff -u <(printf 'verdict=regression\nstatus=1\nreport=runs/gate/report.html\n') output
	[ "${#lines[@]}" -eq 1 ]
	[[ ${lines[0]} == "::error file=src/sort.c,line=118,title=profd%3A sort[1000]%3A regression::cpu +7.9 %25 "* ]]
	[[ ${lines[0]} == *"%0Awall 15.32 ms > 10 ms, exceeded by 53.2 %25 (5 ms x 2, CI)" ]]
	run -0 "$PROFD" ci summary --artifact-url https://x.example/a --append other runs/gate
	grep -qF "](https://x.example/a)" other
	run -0 "$PROFD" ci summary --artifact-url 'https://x.example/) [b](javascript:a' --append another runs/gate
	run ! grep -F "javascript:a" another
	grep -qF "[Files of this run](https://github.com/o/r/actions/runs/7#artifacts)" another
}

@test "summary: without GitHub it is printed; GitLab's files have links" {
	job
	unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
	export GITLAB_CI=true CI_JOB_URL=https://gl.example/g/p/-/jobs/9 CI_PROJECT_DIR=$PWD
	mv runs/gate "runs/a (b)"
	run -0 "$PROFD" ci summary "$PWD/runs/a (b)"
	[[ $output == *"- [report.html](https://gl.example/g/p/-/jobs/9/artifacts/file/runs/a%20%28b%29/report.html)"* ]]
	[ ! -s output ]
}

@test "summary: a recording, and functions of the profiles beside a bench" {
	mkdir -p rec job/sort/head
	echo '{"schema": "profd.run/1", "exit_status": 3}' >rec/run.json
	printf '## profd: `x`\n\ntext\n' >rec/summary.md
	job
	run -0 --separate-stderr "$PROFD" ci summary --annotations rec
	[ -z "$output" ]
	[ "$(head -1 page)" = '## profd: `x`' ]
	diff -u <(printf 'verdict=\nstatus=3\nreport=rec/index.html\n') output
	"$PROFD" bench -q --no-profile -n 2 -o res --force -- true
	mkdir res/p
	jq '.workloads[0].head_profile = "p"' res/verdict.json >v && mv v res/verdict.json
	echo '{"top": [{"name": "a|b`c", "file": "f.c", "self_share": 0.5, "total_share": 0.75}]}' >res/p/run.json
	: >page
	run -0 "$PROFD" ci summary res
	grep -qF '| 50.0 % | 75.0 % | `a\|b'"'"'c` | `f.c` |' page || fail "$(cat page)"
	jq '.workloads[0].head_profile = "../res/p"' res/verdict.json >v && mv v res/verdict.json
	: >page
	run -0 "$PROFD" ci summary res
	run ! grep -F '| 50.0 % |' page
}

@test "summary: no more than a step may have, in whole sections" {
	job
	mkdir long
	echo '{}' >long/run.json
	{
		printf '# Head\n\n'
		for i in $(seq 9000); do printf 'Section %d\n\n````\n%0100d\n\n```\n%0100d\n````\n\n' "$i" "$i" "$i"; done
	} >long/summary.md
	head -c 100000 /dev/zero | tr '\0' x >page
	run -0 "$PROFD" ci summary long
	[ "$(wc -c <page)" -le 1048576 ]
	[ "$(wc -c <page)" -gt 1040000 ]
	grep -qF "The rest is too long for this page" page
	# No block of code is cut; the last section may be its title.
	fences=$(grep -c '^````$' page)
	[ "$((fences % 2))" = 0 ]
	[ "$((fences / 2 + 1))" -ge "$(grep -c '^Section' page)" ]
	grep -q "This run" page
	head -c 1048576 /dev/zero | tr '\0' x >page
	run -0 "$PROFD" ci summary long
	[ "$(wc -c <page)" = 1048576 ]
}

@test "summary: what is no folder of results" {
	mkdir empty
	run -2 "$PROFD" ci summary empty
	[[ $output == *"'empty' has neither verdict.json nor run.json"* ]]
	run -2 "$PROFD" ci summary
	[[ $output == *"'profd-out' has neither"* ]]
	echo '{"schema": ' >empty/verdict.json
	run -2 "$PROFD" ci summary empty
	run -2 "$PROFD" ci summary a b
}

@test "summary: hostile names are text on the page, and no commands" {
	job
	run -0 --separate-stderr "$PROFD" ci summary --annotations runs/hostile
	[ "$(wc -l <output)" = 3 ]
	[ "${#lines[@]}" -ge 1 ] && [ "${#lines[@]}" -le 10 ]
	for line in "${lines[@]}"; do
		[[ $line =~ ^::(error|warning)\ (file=[^:,]*,line=[0-9]+,)?title=[^:,]*::[^$'\r']*$ ]] || fail "$line"
	done
	# tests/oracle/report.bats has what a renderer makes of it.
	head -c "$(wc -c <runs/hostile/summary.md)" page | cmp - runs/hostile/summary.md
	tail -c +"$(wc -c <runs/hostile/summary.md)" page >links
	run ! grep -F script links
}

# --- wrap --------------------------------------------------------------------------------

@test "wrap: commands are stopped meanwhile, by another word each time" {
	export GITHUB_ACTIONS=true
	run -3 --separate-stderr "$PROFD" ci wrap -- sh -c 'echo ::error::x; echo err >&2; printf ::add-mask::y; exit 3'
	[ -z "$stderr" ]
	[[ ${lines[0]} =~ ^::stop-commands::([0-9a-f]{32})$ ]]
	word=${BASH_REMATCH[1]}
	diff -u <(printf '::error::x\nerr\n::add-mask::y\n::%s::\n' "$word") <(tail -n +2 <<<"$output")
	run -0 "$PROFD" ci wrap true
	[[ $output != *"$word"* ]]
	unset GITHUB_ACTIONS
	run -7 "$PROFD" ci wrap -- sh -c 'echo ::error::x; exit 7'
	[ "$output" = ::error::x ]
}

@test "wrap: statuses" {
	export GITHUB_ACTIONS=true
	run -127 "$PROFD" ci wrap -- ./none
	[[ $output == *"cannot run './none': No such file or directory"* ]]
	: >text
	run -126 "$PROFD" ci wrap -- ./text
	run -137 "$PROFD" ci wrap -- sh -c 'kill -9 $$'
	run -2 "$PROFD" ci wrap
	run -2 "$PROFD" ci wrap --nonsense true
	# A job that is cancelled: the command has the last word.
	"$PROFD" ci wrap -- sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done' >log &
	local pid=$!
	until grep -q up log; do :; done
	kill -TERM "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" = 9 ]
}

# --- init --------------------------------------------------------------------------------

@test "init: GitHub's workflows with this repository's workloads, branch, build and schedules" {
	git init -qb trunk .
	mkdir sub
	cat >.profd.yml <<-'END'
	profd: 1
	build: "make 'a b' && echo ${{ github.token }}"
	ci: {daily: "5 4 * * *", weekly: "6 4 * * 1"}
	workloads:
	  - {name: sort, command: [./s, "{n}"], params: {n: [1, 2]}}
	  - {name: parse, command: ./p}
	END
	cd sub
	run -0 "$PROFD" ci init github
	cd ..
	[[ $output == *"profd: wrote .github/workflows/profd.yml"* ]]
	"$PYTHON" - <<-'END'
	import yaml
	def load(name):
	    with open(f".github/workflows/{name}.yml") as f:
	        return yaml.safe_load(f)
	def uses(flow):
	    return [s["with"] for j in flow["jobs"].values() for s in j["steps"]
	            if s.get("with", {}).get("task") in ("gate", "bench")]
	gate, demand, timed = load("profd"), load("profd-on-demand"), load("profd-schedule")
	assert gate[True]["push"]["branches"] == ["trunk"], gate
	assert [c["cron"] for c in timed[True]["schedule"]] == ["5 4 * * *", "6 4 * * 1"], timed
	assert "6 4 * * 1" in uses(timed)[0]["options"]
	for flow in gate, demand, timed:
	    for step in uses(flow):
	        assert step["workloads"] == "sort parse", step
	for flow in demand, timed:
	    assert uses(flow)[0]["build"] == "make 'a b' && echo ${{ '${{' }} github.token }}", flow
	load("profd-forks")
	END
	# Again, and with a change of somebody's own.
	run -0 "$PROFD" ci init github
	[[ $output == *"already as it should be: .github/workflows/profd.yml"* ]]
	echo '# mine' >>.github/workflows/profd-schedule.yml
	rm .github/workflows/profd.yml
	run -2 "$PROFD" ci init github
	[[ $output == *"'.github/workflows/profd-schedule.yml' is there and differs"* ]]
	[ ! -e .github/workflows/profd.yml ]
	run -0 "$PROFD" ci init --force github
	run ! grep '# mine' .github/workflows/profd-schedule.yml
	[ -e .github/workflows/profd.yml ]
}

@test "init: GitLab, Jenkins, and a first configuration" {
	git init -qb "x'y" .
	run -0 --separate-stderr "$PROFD" ci init --stdout gitlab
	[ "$(ls)" = "" ] && [ ! -e .gitlab-ci.yml ]
	[[ $output == "### .gitlab/profd.yml"*"### .gitlab-ci.yml"*"### .profd.yml"* ]]
	run -0 "$PROFD" ci init gitlab
	[[ $output == *"the command in .profd.yml is an example"* ]]
	"$PROFD" config check -q
	diff .gitlab/profd.yml "$SRCDIR/contrib/gitlab/profd.yml"
	# What was made first knew of no workload: the component then runs all.
	"$PROFD" ci init --force gitlab
	[ "$("$PYTHON" -c 'import yaml; print(yaml.safe_load(open(".gitlab-ci.yml"))["include"][0]["inputs"]["workloads"])')" = example ]
	# A repository that has jobs already keeps them, and its component can be brought up to date.
	echo 'build: {script: make}' >.gitlab-ci.yml
	run -0 --separate-stderr "$PROFD" ci init gitlab
	[ "$(cat .gitlab-ci.yml)" = 'build: {script: make}' ]
	[[ $stderr == *"'.gitlab-ci.yml' is there, and is left as it is: add these lines"* ]]
	[[ $output == *"local: .gitlab/profd.yml"*"workloads: 'example'"* ]]
	"$PROFD" ci init --force gitlab
	run -0 "$PROFD" ci init jenkins
	grep -qF "cron(env.BRANCH_NAME == 'x\\'y' ? '17 3 * * *' : '')" Jenkinsfile
	grep -qF "'profd gate --force -o profd-out ' + 'example'" Jenkinsfile
	run ! grep '@[A-Z]*@' Jenkinsfile .gitlab-ci.yml
	ln -s /nonexistent/x linked && rm Jenkinsfile && mv linked Jenkinsfile
	run -2 "$PROFD" ci init jenkins
	run -2 "$PROFD" ci init travis
	run -2 "$PROFD" ci init
	echo 'profd: 2' >.profd.yml
	run -2 "$PROFD" ci init jenkins
	[[ $output == *".profd.yml:1:"* ]]
}

@test "what a workload printed is shown and is no command" {
	export GITHUB_ACTIONS=true
	run -4 "$PROFD" bench -n 2 --no-profile -o res -- sh -c 'echo ::error::x; echo "a	##[error]b"; exit 3'
	[[ $output == *"| a # #[error]b"* ]]
	no_command "$output"
}
