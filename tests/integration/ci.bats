#!/usr/bin/env bats
# profd ci: what a job needs, from the variables and events of CI systems, which are made here.
# bats file_tags=ci

setup() {
	load lib
	# Wherever the tests run, its variables are not those of the jobs that are played.
	local v
	for v in $(compgen -e); do
		case $v in
		CI | CI_* | GITHUB_* | GITLAB_* | JENKINS_* | CHANGE_* | BUILD_* | GIT_* | BRANCH_NAME | RUNNER_* | GH_TOKEN | PROFD_TOKEN)
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
