#!/usr/bin/env bats
# contrib/jenkins, executed by the Groovy that Jenkins has, with stand-ins of its steps.

load ../integration/lib
load ci-lib

setup_file() {
	export repo=$BATS_FILE_TMPDIR/repo
	(make_repository "$repo")
}

setup() {
	needs groovy
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache TEST_PROFD=$PROFD TEST_CALLS=$PWD/calls
	export PATH=$BATS_TEST_DIRNAME:$PATH
	unset PROFD_LIBEXEC
	git clone -q "$repo" work
	cd work
}

jenkins() { # what run-jenkins.groovy is given behind the step
	groovy "$BATS_TEST_DIRNAME/run-jenkins.groovy" "$SRCDIR/contrib/jenkins/vars/profd.groovy" "$@" \
		>../said 2>../log </dev/null 3>&- || {
		cat ../log
		return 1
	}
	cat ../said
}

@test "the Jenkinsfile: the change is judged, by schedule all is measured; results are archived" {
	grep -qx "@Library('profd') _" "$SRCDIR/contrib/jenkins/Jenkinsfile"
	jenkins "$SRCDIR/contrib/jenkins/Jenkinsfile" || fail "$(cat ../log)"
	[ "$(grep -c '^stage ' ../said)" -eq 2 ]
	[ "$(grep -c '^archived profd-out/\*\*$' ../said)" -eq 2 ]
	[ "$(grep -c '^junit profd-out/junit.xml$' ../said)" -eq 2 ]
	grep -qx 'cron 17 3 \* \* \*' ../said
	[ "$(tail -n 1 ../said)" = SUCCESS ]
	[ -s profd-out.old/verdict.json ] || [ -s profd-out/verdict.json ]
	(cd profd-out && "$PPROF" -raw work/head/cpu.pb.gz) >raw
	grep -q 'main .*work.c' raw
}

@test "worse is a failure, and results are archived before" {
	git checkout -q -b slower
	sed -i 's/FACTOR=1/FACTOR=3/' Makefile
	jenkins task=gate
	[ "$(tail -n 1 ../said)" = FAILURE ]
	[ "$(head -n 2 ../said)" = $'archived profd-out/**\njunit profd-out/junit.xml' ]
	xmllint --noout --schema "$SRCDIR/tests/oracle/junit.xsd" profd-out/junit.xml
}

@test "no verdict is unstable, unless it shall not be; errors and inputs that are not known fail" {
	mkdir bin
	printf '#!/bin/sh\nexit 3\n' >bin/profd
	chmod +x bin/profd
	PATH=$PWD/bin:$PATH
	jenkins task=gate
	[ "$(tail -n 2 ../said)" = $'unstable profd: no verdict\nUNSTABLE' ]
	printf '#!/bin/sh\nexit 4\n' >bin/profd
	jenkins task=gate 'workloads=$(touch pwned) ;touch pwned'
	[ "$(tail -n 2 ../said)" = $'error profd: status 4\nFAILURE' ]
	[ ! -e pwned ]
	jenkins jobs=gate
	grep -q "there is no 'jobs'" ../said
	[ "$(tail -n 1 ../said)" = FAILURE ]
}

@test "what ci init writes is judged and archived, too; the change fails it, notes alone are passed over" {
	git checkout -q -b slower
	sed -i 's/FACTOR=1/FACTOR=3/' Makefile
	profd ci init jenkins
	git add -A
	git -c user.name=a -c user.email=a@b.example commit -qm 'Slower'
	jenkins Jenkinsfile
	[ "$(grep -c '^stage ' ../said)" -eq 2 ]
	[ "$(tail -n 4 ../said)" = $'error profd gate: status 1\narchived profd-out/**\njunit profd-out/junit.xml\nFAILURE' ]
	[ "$(jq -r .verdict profd-out/verdict.json)" = regression ]
	mkdir bin
	printf '#!/bin/sh\n[ "$2" != should-run ] || exit 10\nexit 1\n' >bin/profd
	chmod +x bin/profd
	PATH=$PWD/bin:$PATH jenkins Jenkinsfile
	[ "$(tail -n 2 ../said)" = $'stage Performance\nSUCCESS' ]
}
