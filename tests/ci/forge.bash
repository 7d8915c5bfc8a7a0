# A GitHub and a GitLab on loopback (forge.py) for a test. For tests that have loaded
# ../integration/lib.

TOKEN=ghs_0123456789SECRETsecret

needs_remote() {
	[ -x "$BUILDDIR/profd-remote" ] || skip "profd was built without libcurl"
}

# forge [JSON]: starts it in $forge, with the members of JSON added to its scenario; sets $api.
forge() {
	forge=$BATS_TEST_TMPDIR/forge
	mkdir -p "$forge"
	rm -f "$forge/log" "$forge/violations" "$forge/hooks" "$forge/zip"
	jq -n --arg token "$TOKEN" "{token: \$token} + ${1:-{\}}" >"$forge/scenario.json"
	: >"$forge/log"
	: >"$forge/violations"
	mkfifo "$forge/in" "$forge/out"
	"$PYTHON" "$SRCDIR/tests/ci/forge.py" "$forge" <"$forge/in" >"$forge/out" 2>"$forge/errors" 3>&- &
	exec 7>"$forge/in" 8<"$forge/out"
	rm "$forge/in" "$forge/out"
	read -r -t 60 _ <&8 || fail "the stand-in does not start" "$(cat "$forge/errors")"
	api=http://127.0.0.1:$(cat "$forge/port")
	export PROFD_CI_BACKOFF_MS=1
}

# forge_end: ends it, and looks at what it has seen: nothing that a vendor would not take, and the token
# in no output and no file.
forge_end() {
	exec 7>&- 8<&-
	[ ! -s "$forge/violations" ] || fail "what no server would take:" "$(cat "$forge/violations")"
	[ ! -s "$forge/errors" ] || fail "the stand-in failed:" "$(cat "$forge/errors")"
	! grep -rlF "$TOKEN" --exclude=scenario.json . || fail "the token is in these files"
}

# on_github EVENT [JSON]: the environment of a job of GitHub Actions, with the payload JSON.
on_github() {
	printf '%s' "${2:-{\}}" >event.json
	export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=$1 GITHUB_EVENT_PATH=$PWD/event.json
	export GITHUB_REPOSITORY=owner/name GITHUB_API_URL=$api GITHUB_SERVER_URL=https://github.com
	export GITHUB_RUN_ID=99 GITHUB_SHA=$SHA GITHUB_TOKEN=$TOKEN
}

SHA=1234567890123456789012345678901234567890
OTHER=abcdefabcdefabcdefabcdefabcdefabcdefabcd
PULL='{pull_request: {number: 7, head: {sha: "'$SHA'", ref: "topic", repo: {full_name: "owner/name", owner: {login: "owner"}}},
	base: {repo: {full_name: "owner/name"}}}}'
FORK=${PULL/full_name: \"owner\/name\", owner: {login: \"owner\"/full_name: \"stranger/name\", owner: {login: \"stranger\"}

# on_pull [fork]: a job of pull request 7.
on_pull() {
	on_github pull_request "$(jq -nc "$([ "${1-}" = fork ] && echo "$FORK" || echo "$PULL")")"
}

# on_gitlab: a job of merge request 7.
on_gitlab() {
	export GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_API_V4_URL=$api/api/v4 CI_PROJECT_ID=42
	export CI_PROJECT_PATH=owner/name CI_MERGE_REQUEST_IID=7 CI_COMMIT_SHA=$SHA
	export CI_JOB_URL=https://gitlab.example/owner/name/-/jobs/5 CI_JOB_TOKEN=job-token GITLAB_TOKEN=$TOKEN
}

# ours: the comments of ours that are there, as JSON.
ours() {
	jq --arg me "${1:-github-actions[bot]}" '[.[] | select(.user == $me)]' "$forge/state.json"
}

# ci VERB [OPTION...]: profd's status in $status, its output in out and err.
ci() {
	status=0
	"$PROFD" ci "$@" >out 2>err </dev/null 3>&- || status=$?
}
