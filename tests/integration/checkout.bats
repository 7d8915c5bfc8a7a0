#!/usr/bin/env bats
# The two sides of profd gate: what is compared with what, and what git sees of it.

load lib
load gate-lib

@test "what is not committed is judged as it is, and left as it is" {
	slower
	echo 'new file' >untracked
	git status --porcelain >../before
	find .git -type f | sort >../files
	gate 1
	grep -q 'the working tree (.* with changes) against' ../said
	[ "$(verdict .provenance.head.dirty)" = true ]
	find .git -type f | sort | diff ../files -
	git status --porcelain | grep -v profd-out | diff ../before -
	nothing_left
}

@test "on the branch itself the change is the last commit; the first one has nothing before it" {
	git checkout -q main
	gate 0
	grep -q 'HEAD is the first commit' ../said
	[ "$(verdict .verdict)" = no_baseline ]
	git update-ref refs/remotes/origin/main HEAD
	slower
	commit slower
	git update-ref refs/remotes/origin/main HEAD
	git update-ref refs/remotes/origin/HEAD HEAD
	gate 1
	grep -q 'against HEAD^1' ../said
}

@test "a checkout of a pull request's merge is held against the target branch" {
	slower
	commit slower
	git checkout -q main
	git -C . commit -q --allow-empty -m "the target goes on"
	target=$(git rev-parse HEAD)
	git checkout -q --detach
	git merge -q --no-ff -m merge topic
	GITHUB_EVENT_NAME=pull_request gate 1
	[ "$(verdict .provenance.base.commit)" = "$target" ]
}

@test "a shallow clone fetches the one commit that it lacks, or says what depth it needs" {
	slower
	commit slower
	git checkout -q main
	git commit -q --allow-empty -m "the target goes on"
	target=$(git rev-parse HEAD)
	git merge -q --no-ff -m merge topic
	git config uploadpack.allowAnySHA1InWant true
	git clone -q --depth 1 "file://$PWD" ../shallow
	cd ../shallow
	git checkout -q --detach
	not git cat-file -e "$target" 2>/dev/null
	CI=true GITHUB_EVENT_NAME=pull_request gate 1
	[ "$(verdict .provenance.base.commit)" = "$target" ]

	git clone -q --depth 1 "file://$BATS_TEST_TMPDIR/repo" ../shallow2
	cd ../shallow2
	git checkout -q --detach
	git remote set-url origin "file:///nowhere"
	GITHUB_EVENT_NAME=pull_request gate 2
	grep -q 'fetch-depth: 0' ../said
	gate 2 --base "ref:$target"
	grep -q 'fetch-depth: 0' ../said
}

@test "names of branches are hostile: none is run, none is an option" {
	for ref in '--help' '--output=x' '-n' ';touch pwned' '$(touch pwned)' '`touch pwned`' \
		'a b' 'HEAD:work.c' '@{-99}' ''; do
		gate 2 --base "ref:$ref"
	done
	git update-ref 'refs/heads/$(touch${IFS}pwned)' HEAD
	git symbolic-ref HEAD 'refs/heads/$(touch${IFS}pwned)'
	slower
	commit 'a subject <b>&"$(touch pwned)'
	gate 1
	[ "$(verdict .provenance.head.branch)" = '$(touch${IFS}pwned)' ]
	[ ! -e pwned ]
	[ -z "$(find .. -name pwned)" ]
}

@test "no base: 2, and what to do" {
	gate 2 --base ref:nowhere
	grep -q "there is no commit 'nowhere'" ../said
	gate 2 --base main
	grep -q 'write ref:main' ../said
	gate 2 --base dir:/nowhere
	gate 2 --base file:/nowhere.json
	gate 2 --base history
	git branch -q -D main
	git update-ref -d refs/remotes/origin/main
	git symbolic-ref -d refs/remotes/origin/HEAD
	gate 2
	grep -q 'name it: --base ref:BRANCH' ../said
	cd ..
	mkdir bare
	cp repo/.profd.yml bare
	cd bare
	gate 2
	grep -q 'profd compare BASE HEAD' ../said
	[ ! -e profd-out ]
}

@test "an interrupt while it builds ends the build" {
	mkfifo ../ready
	printf '#!/bin/sh\necho $$ >"%s"\nsleep 1000\n' "$BATS_TEST_TMPDIR/ready" >build
	"$PROFD" gate --base ref:HEAD >../said 2>&1 &
	profd=$!
	read -r -t 60 build <>../ready
	kill -TERM $profd
	status=0
	wait $profd || status=$?
	[ "$status" -eq 143 ]
	is_gone "$build"
	nothing_left
}

@test "a configuration in a folder of the repository is judged there" {
	mkdir sub
	git mv .profd.yml build work.c sub
	git mv .gitignore sub
	commit sub
	git branch -f base
	cd sub
	slower
	commit slower
	gate 1 --base ref:base
	[ -s profd-out/verdict.json ]
}

@test "a linked worktree, without a build, with what is not committed" {
	sed -i '/^build/d; s/command:.*/command: sh loop/' .profd.yml
	printf 'i=0; while [ $i -lt 4000 ]; do i=$((i + 1)); done\n' >loop
	commit loop
	git branch -f base
	git worktree add -q ../linked -b linked
	cd ../linked
	sed -i 's/4000/20000/' loop
	git rm -q --cached work.c
	rm build
	gate 1 --base ref:base
	[ "$(verdict .provenance.head.dirty)" = true ]
	[ -z "$(ls -A "$XDG_CACHE_HOME/profd/runs")" ]
	[ -e work.c ]
}

@test "submodules are those of each side's commit, from the objects that are here" {
	git init -q -b main ../inner
	echo 4 >../inner/speed
	(cd ../inner && commit inner)
	git init -q -b main ../lib
	echo 1 >../lib/factor
	(cd ../lib && git submodule --quiet add "$PWD/../inner" && commit one)
	git submodule --quiet add "$PWD/../lib" lib
	git submodule --quiet update --init --recursive
	printf '#!/bin/sh\n[ "$(cat lib/inner/speed)" = 4 ] && exec gcc -O1 -DFACTOR=$(cat lib/factor) -o work work.c\n' >build
	commit submodule
	(cd lib && echo 3 >factor && commit three)
	commit slower
	gate 1 --base ref:HEAD~1
	[ "$(verdict .verdict)" = regression ]
	nothing_left
	# as the working tree has it
	git -C lib checkout -q HEAD~1
	echo >>work.c
	gate 0 --base ref:HEAD~1
	[ "$(verdict .provenance.head.dirty)" = true ]
	git checkout -q .
	git submodule --quiet update
	# a commit that nobody here has
	(cd lib && git checkout -q -B main HEAD~1 && git reflog expire --expire=now --all &&
		git gc -q --prune=now)
	git commit -q --allow-empty -m same
	XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache gate 2 --base ref:HEAD~1
	grep -Eq "^profd: the submodule 'lib' has no commit [0-9a-f]{12} here, which the side needs$" ../said
	grep -Eq '^profd: hint: git -C lib fetch origin [0-9a-f]{12}$' ../said
}

@test "a submodule that is not checked out here is the empty folder that it is here" {
	git init -q -b main ../lib
	(cd ../lib && commit one)
	git submodule --quiet add "$PWD/../lib" lib
	commit submodule
	git submodule --quiet deinit -f lib
	sed -i 's/^exec/rmdir lib \&\& &/' build
	commit build
	gate 0
	nothing_left
}
