#!/usr/bin/env bats
# profd ci alert: webhooks, a command, an issue.

load ../integration/lib
load forge

setup() {
	cd "$BATS_TEST_TMPDIR"
	needs_remote
	"$TEST_TOOLS/oracle/gen-outcome" samples
	mv samples/gate worse
	mv samples/bench fine
}

teardown() {
	exec 7>&- 8<&-
}

@test "a webhook gets JSON that says what got worse, and the address is nowhere" {
	forge '{trouble: [{method: "POST", path: "hook", times: 2, what: 503}]}'
	on_github push
	HOOK="http://127.0.0.1:$(cat "$forge/blobs")/hook/SECRET-PATH"
	export HOOK
	ci alert --webhook-env HOOK worse
	[ "$status" = 0 ] || fail "$(cat err)"
	tail -n 1 "$forge/hooks" >hook.json
	[ "$(wc -l <"$forge/hooks")" = 3 ]
	jq -e '.schema == "profd.alert/1" and .verdict == "regression" and .exit_status == 1 and .repository == "owner/name"' hook.json
	jq -e --arg sha "$SHA" '.commit == $sha and .pull_request == null' hook.json
	jq -e '.run_url == "https://github.com/owner/name/actions/runs/99"' hook.json
	# Each finding is one that the verdict has.
	jq -e --slurpfile v worse/verdict.json '(.findings | length) > 0 and all(.findings[];
		. as $f | any($v[0].workloads[]; .name == $f.workload))' hook.json
	jq -e 'any(.findings[]; .verdict == "regression" and (.text | length) > 10)' hook.json
	! grep -q SECRET out err || fail "$(cat out err)"
	# Nothing got worse: nobody is told.
	ci alert --webhook-env HOOK fine
	[ "$status" = 0 ]
	[ "$(wc -l <"$forge/hooks")" = 3 ]
	ci alert --webhook-env HOOK --on always fine
	[ "$(wc -l <"$forge/hooks")" = 4 ]
	forge_end
}

@test "what webhooks get is what its schema says" {
	local sample
	forge
	on_github push
	HOOK="http://127.0.0.1:$(cat "$forge/blobs")/hook"
	export HOOK
	for sample in worse fine samples/*/; do
		ci alert --webhook-env HOOK --on always "$sample"
		[ "$status" = 0 ] || fail "$sample: $(cat err)"
	done
	"$PYTHON" - "$SRCDIR/share/schema/alert.schema.json" "$forge/hooks" <<-'END'
	import json, sys, jsonschema
	schema = json.load(open(sys.argv[1]))
	jsonschema.Draft202012Validator.check_schema(schema)
	schema["additionalProperties"] = False
	validator = jsonschema.Draft202012Validator(schema)
	alerts = [json.loads(line) for line in open(sys.argv[2])]
	assert len(alerts) >= 6
	for alert in alerts:
	    faults = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(alert)]
	    assert not faults, faults[:3]
	kinds = {("metric" in f, f["verdict"]) for a in alerts for f in a["findings"]}
	assert (True, "regression") in kinds and any(not metric for metric, _ in kinds), kinds
	assert not validator.is_valid(dict(alerts[0], verdict="bad"))
	END
	forge_end
}

@test "Slack: text and blocks within its limits, in which nothing acts" {
	forge
	on_github push
	HOOK="http://127.0.0.1:$(cat "$forge/blobs")/hook"
	export HOOK
	jq '.workloads[0].name = "<!channel> *x* <https://evil.example|ok>" | .command = "gate"' worse/verdict.json >v
	mv v worse/verdict.json
	ci alert --webhook-env HOOK --format slack worse
	[ "$status" = 0 ]
	jq -e '(.text | test("<") | not) and (.blocks | length >= 2 and length <= 50)' "$forge/hooks"
	jq -e 'all(.blocks[]; .type == "section" and (.text.text | length <= 3000))' "$forge/hooks"
	jq -e 'any(.blocks[]; .text.type == "plain_text" and (.text.text | test("<!channel>")))' "$forge/hooks"
	jq -e '[.blocks[] | select(.text.type == "mrkdwn") | .text.text] ==
		["<https://github.com/owner/name/actions/runs/99#artifacts|Report, profiles and flame graphs>"]' "$forge/hooks"
	forge_end
}

@test "a webhook that refuses is an error; one that is not set, of a fork, a warning" {
	forge '{trouble: [{method: "POST", path: "hook", times: 99, what: 404}]}'
	on_pull
	HOOK="http://127.0.0.1:$(cat "$forge/blobs")/hook/SECRET-PATH"
	export HOOK
	ci alert --webhook-env HOOK worse
	[ "$status" = 2 ]
	grep -q 'the webhook answers with status 404' err
	! grep -q SECRET out err || false
	HOOK=http://hooks.example/SECRET-PATH ci alert --webhook-env HOOK worse
	[ "$status" = 2 ]
	! grep -q SECRET out err || false
	ci alert --webhook-env "$HOOK" worse
	[ "$status" = 2 ]
	grep -q 'takes the name of a variable' err
	unset HOOK
	ci alert --webhook-env HOOK worse
	[ "$status" = 2 ]
	on_pull fork
	ci alert --webhook-env HOOK worse
	[ "$status" = 0 ]
	grep -q 'warning: HOOK' err
	forge_end
}

@test "a command gets the verdict and variables, and no shell reads what they hold" {
	api=http://127.0.0.1:1 on_github push
	sed 's/"branch": "faster-sort"/"branch": "$(touch pwned) `touch pwned`; touch pwned"/' worse/verdict.json >v
	mv v worse/verdict.json
	ci alert --command 'cat >got.json; printf "%s\n" "$PROFD_ALERT_BRANCH" "$PROFD_ALERT_VERDICT" "$PROFD_ALERT_DIR"; env >vars' worse
	[ "$status" = 0 ] || fail "$(cat err)"
	cmp got.json worse/verdict.json
	[ "$(sed -n 1p out)" = '$(touch pwned) `touch pwned`; touch pwned' ]
	[ "$(sed -n 2,3p out | xargs)" = 'regression worse' ]
	[ ! -e pwned ]
	grep -q '^PROFD_ALERT_TEXT=profd gate: 1 regression' vars
	ci alert --command 'exit 3' worse
	[ "$status" = 2 ]
	grep -q 'the command ended with status 3' err
	ci alert --command 'touch ran' fine
	[ ! -e ran ]
	rm vars
}

@test "an issue: what was measured, what differed, the profiles, and the command" {
	api=http://127.0.0.1:1 on_github push
	ci alert --issue issue.md worse
	[ "$status" = 0 ] || fail "$(cat err)"
	grep -q '^### profd gate: regression' issue.md
	grep -q '^## What differed beside the change' issue.md
	grep -q '^- Testbed: `' issue.md
	grep -q '^## Profiles' issue.md
	grep -q 'To do it again' issue.md
	[ "$(wc -c <issue.md)" -le 65536 ]
	ci alert --issue issue.md worse
	[ "$status" = 2 ]
	ci alert --issue - worse
	cmp out issue.md
	ci alert --issue hostile.md --on always samples/hostile
	[ "$status" = 0 ]
	needs cmark-gfm
	cmark-gfm --unsafe -e table -e autolink hostile.md >hostile.html
	! grep -Eq '<(img|script)|href="[^"]*evil|<a href="javascript' hostile.html || fail "$(grep -E '<img|<script|evil' hostile.html)"
	ci alert worse
	[ "$status" = 2 ]
	grep -q 'nobody is told' err
}

@test "bash completes the verbs, their options and words" {
	complete_of() {
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_profd
		echo "${COMPREPLY[@]}"
	}
	# shellcheck source=/dev/null
	source "$SRCDIR/contrib/completions/profd.bash"
	[ "$(complete_of profd ci fe)" = fetch ]
	[ "$(complete_of profd ci comment --mo)" = --mode ]
	[ "$(complete_of profd ci comment --mode on-r)" = on-regression ]
	[ "$(complete_of profd ci fetch --art)" = --artifact ]
	[ "$(complete_of profd ci alert --on f)" = failure ]
	[ "$(complete_of profd ci alert --format s)" = slack ]
	for verb in comment fetch alert; do
		ci "$verb" --help
		[ "$status" = 0 ]
		grep -q "^usage: profd ci $verb" out
		ci "$verb" --colour
		[ "$status" = 2 ]
		grep -q "unknown option '--colour'" err
	done
}
