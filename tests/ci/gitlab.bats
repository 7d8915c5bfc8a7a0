#!/usr/bin/env bats
# contrib/gitlab: the component is what GitLab takes, and does what it is for. gitlab-ci-local knows
# GitLab's schema and executes the jobs in a shell.

load ../integration/lib
load ../oracle/npm
load ci-lib

setup_file() {
	export repo=$BATS_FILE_TMPDIR/repo
	(make_repository "$repo")
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	install_npm gitlab-ci-local 4.61.1
	gcl=$package/../.bin/gitlab-ci-local
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	export TEST_PROFD=$PROFD TEST_CALLS=$PWD/calls
	export PATH=$BATS_TEST_DIRNAME:$PATH
	unset PROFD_LIBEXEC
	: >calls
	git clone -q "$repo" work
	cd work
	git remote set-url origin git@gitlab.example.org:us/ours.git
	git update-ref refs/remotes/origin/main HEAD
	cp "$SRCDIR/contrib/gitlab/profd.yml" component.yml
	pipeline
}

# pipeline [INPUT...]: .gitlab-ci.yml with the component.
pipeline() {
	printf '%s\n' 'stages: [performance]' 'include:' '  - local: component.yml' '    inputs:' \
		'      tarball: https://example.org/profd.tar.gz' >.gitlab-ci.yml
	printf '      %s\n' "$@" >>.gitlab-ci.yml
	git add component.yml .gitlab-ci.yml
}

# run_pipeline SOURCE [OPTION...]: what it says of each job's end is in ../said: PASS, or WARN where a
# failure is allowed, or FAIL. (Its own status tells less.)
run_pipeline() {
	local source=$1
	shift
	timeout 120 "$gcl" --force-shell-executor --no-color --variable CI_PIPELINE_SOURCE="$source" \
		--variable CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main "$@" >../said 2>&1 </dev/null 3>&- || :
	cat ../said
}

ended() { # HOW JOB
	sed 's/\x1b\[[0-9;]*[mK]//g' ../said | awk -v how="$1" -v job="$2" '
		$1 == how && $2 == job { found = 1 }
		END { exit !found }'
}

@test "a merge request: gate, artifacts and reports, and one note although it failed" {
	git checkout -q -b slower
	sed -i 's/FACTOR=1/FACTOR=3/' Makefile
	git -c user.name=a -c user.email=a@b.example commit -qam 'Slower'
	run_pipeline merge_request_event --variable PROFD_GITLAB_TOKEN='token of gitlab' \
		--variable CI_MERGE_REQUEST_IID=7
	ended FAIL profd
	ended PASS profd:note
	kept=.gitlab-ci-local/artifacts/profd
	[ "$(jq -r .verdict $kept/profd-out/verdict.json)" = regression ]
	xmllint --noout --schema "$SRCDIR/tests/oracle/junit.xsd" $kept/profd-out/junit.xml
	[ "$(tail -n 1 $kept/profd-out/metrics.txt)" = '# EOF' ]
	jq -e '.result == "regression"' ../calls
}

@test "the default branch: judged and kept, no note; other branches: nothing" {
	run_pipeline push
	ended PASS profd
	[ -s .gitlab-ci-local/artifacts/profd/profd-out/verdict.json ]
	[ ! -s ../calls ]
	git checkout -q -b other
	"$gcl" --force-shell-executor --list-csv --variable CI_PIPELINE_SOURCE=push >../jobs 2>&1 3>&-
	if grep -q '^"\?profd' ../jobs; then
		cat ../jobs
		false
	fi
}

@test "bench builds first, and inputs are words and no commands" {
	pipeline 'task: bench' 'options: "--runs 1 --no-profile"' 'workloads: "work"'
	run_pipeline schedule
	ended FAIL profd # nothing has built it
	pipeline 'task: bench' 'build: make' 'options: "--runs 1"' 'workloads: "work"'
	run_pipeline schedule
	ended PASS profd
	(cd .gitlab-ci-local/artifacts/profd/profd-out && test -s work/head/cpu.pb.gz)
	pipeline 'task: bench' 'build: make' 'workloads: "$(touch pwned) `touch pwned` ;touch pwned"'
	run_pipeline schedule
	ended FAIL profd
	[ -z "$(find .. -name pwned)" ]
}

@test "a wrong input is refused by the component" {
	pipeline 'task: nonsense'
	run "$gcl" --list 3>&-
	[ "$status" -ne 0 ]
	[[ $output == *nonsense* ]]
}

@test "what ci init writes is a pipeline of GitLab, with this repository's workload" {
	rm .gitlab-ci.yml
	profd ci init gitlab
	git add -A
	"$gcl" --force-shell-executor --list-csv --variable CI_PIPELINE_SOURCE=merge_request_event \
		>../jobs 2>&1 3>&- || fail "$(cat ../jobs)"
	grep -q '^"\?profd"\?;' ../jobs || fail "$(cat ../jobs)"
	grep -q '^"\?profd:note"\?;' ../jobs || fail "$(cat ../jobs)"
}
