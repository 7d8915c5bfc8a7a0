#!/usr/bin/env bats
# What profd asks of GitHub, against the description that GitHub publishes of its interface (npm's
# @octokit/openapi has it, for github.com and for each GitHub Enterprise Server): paths, parameters and
# bodies. GitLab's is in no registry, so all tests check its requests against gitlab-rest.json, which is
# written after the tables of its documentation.

load ../integration/lib
load forge

VERSION=23.0.2

# described NAME: sets $openapi, the description NAME.json, which is kept in the build directory.
described() {
	local cache=$BUILDDIR/tests/cache/openapi
	openapi=$cache/$1-$VERSION.json
	[ ! -e "$openapi" ] || return 0
	needs npm
	mkdir -p "$cache"
	(
		cd "$cache"
		timeout 120 npm pack --silent "@octokit/openapi@$VERSION" >npm.log 2>&1 &&
			tar -xzf octokit-openapi-$VERSION.tgz --strip-components=2 "package/generated/$1.json" &&
			mv "$1.json" "$openapi"
	) || skip "npm cannot fetch @octokit/openapi: $(tail -n 1 "$cache/npm.log")"
	rm -f "$cache"/*.tgz
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	needs_remote
	"$TEST_TOOLS/oracle/gen-outcome" samples
	mv samples/gate worse
	mkdir forge
}

teardown() {
	exec 7>&- 8<&-
}

# all_requests: each kind that there is, at least once.
all_requests() {
	"$PYTHON" -c 'import zipfile; zipfile.ZipFile("forge/a.zip", "w").writestr("f", "1")'
	cp "$openapi" forge/openapi.json
	forge "{me: \"somebody\", app: false, no_graphql: true,
		comments: [{user: \"reader\", body: \"nice\", times: 120},
			{user: \"somebody\", body: \"<!-- profd:two -->\", times: 2}],
		pulls: [{number: 7, sha: \"$SHA\", branch: \"topic\", fork: true}],
		runs: [{id: 1, sha: \"$SHA\", branch: \"topic\", artifacts: [{id: 2, name: \"profd\", file: \"a.zip\"}]}]}"
	api=$api$1 on_github workflow_run "$(jq -nc '{workflow_run: {head_sha: "'$SHA'", head_branch: "topic",
		head_repository: {owner: {login: "stranger"}}}}')"
	ci comment worse
	[ "$status" = 0 ] || fail "$(cat err "$forge/violations")"
	ci comment --id two worse
	[ "$status" = 0 ] || fail "$(cat err "$forge/violations")"
	ci comment --mode always --pr 7 worse
	[ "$status" = 0 ] || fail "$(cat err "$forge/violations")"
	[ "$(ours somebody | jq length)" = 2 ]
	if [ -x "$BUILDDIR/profd-unzip" ]; then
		ci fetch --pr 7 -o pull
		[ "$status" = 0 ] || fail "$(cat err "$forge/violations")"
		ci fetch --branch topic -o branch
		[ "$status" = 0 ] || fail "$(cat err "$forge/violations")"
	fi
	for request in 'GET .*/user' 'GET .*/pulls/7' 'GET .*/commits/.*/pulls' 'GET .*/pulls?' 'GET .*page=2' \
		'POST .*/comments' 'PATCH .*/comments/' 'DELETE .*/comments/' 'GET .*/artifacts/2/zip' 'GET .*/runs?'; do
		grep -q "^$request" "$forge/log" || fail "no $request:" "$(cat "$forge/log")"
	done
	forge_end
}

@test "github.com: every request is one that its description has" {
	described api.github.com
	all_requests ''
}

@test "GitHub Enterprise Server 3.19: every request is one that its description has" {
	described ghes-3.19
	all_requests /api/v3
}

@test "the check does refuse what is not in the description" {
	described api.github.com
	"$PYTHON" - "$SRCDIR/tests/ci" "$openapi" <<-'END'
	import sys
	sys.path.insert(0, sys.argv[1])
	from openapi import Description
	d = Description(sys.argv[2])
	at = "/repos/owner/name/issues/7/comments"
	assert d.check("POST", at, {}, {"body": "x"}) is None
	assert d.check("GET", at, {"per_page": "100", "page": "2"}, None) is None
	for wrong in (("POST", at, {}, {"text": "x"}), ("POST", at, {}, {"body": 7}), ("POST", at, {}, None),
	              ("PUT", at, {}, {"body": "x"}), ("GET", at, {"size": "1"}, None), ("GET", at, {"per_page": "x"}, None),
	              ("GET", at.replace("7", "x"), {}, None), ("GET", "/repos/owner/name/nothing", {}, None)):
	    assert d.check(*wrong), wrong
	END
}
