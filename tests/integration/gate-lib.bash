# Shared by the tests of profd gate and compare: a repository, `main`, with a program whose work is
# set by an argument and at compile time, and a clone of it for each test. The work is small and
# changes are large, so that a busy machine may slow things down but not change what is found.

setup_file() {
	local dir=$BATS_FILE_TMPDIR
	# Work by argument: millions of steps.
	cat >"$dir/work.c" <<-'END'
	#include <stdio.h>
	#include <stdlib.h>
	static unsigned step(unsigned x)
	{
		return x * 1664525u + 1013904223u;
	}
	int main(int argc, char **argv)
	{
		unsigned x = argc;
		long n = argc > 1 ? atol(argv[1]) * FACTOR * 1000000L : 0;
		for (long i = 0; i < n; i++)
			x = step(x) ^ x >> 3;
		return x == 42;
	}
	END
	cat >"$dir/config.yml" <<-'END'
	profd: 1
	build: ./build
	pairs: {max: 20}
	workloads:
	  - name: work
	    command: [./work, "4"]
	    timeout: 20s
	    metrics:
	      cpu: {threshold: 30%}
	      wall: {policy: off}
	END
	printf '#!/bin/sh\nexec gcc -O1 -DFACTOR=1 -o work work.c\n' >"$dir/build"
	chmod +x "$dir/build"
	git init -q -b main "$dir/origin"
	cd "$dir/origin"
	cp ../work.c ../build .
	cp ../config.yml .profd.yml
	echo work >.gitignore
	commit base
}

not() { # COMMAND...: bats takes no notice of a plain "!"
	if "$@"; then
		return 1
	fi
}

is_gone() { # PID: dead, and be it not yet reaped by init; it was killed just now
	until [ ! -e "/proc/$1" ] || grep -q '^State:.[ZX]' "/proc/$1/status"; do
		sleep 0.05
	done
}

git() {
	command git -c user.name=a -c user.email=a@b.example -c protocol.file.allow=always "$@"
}

commit() { # MESSAGE
	git add -A
	git commit -q --allow-empty -m "$1"
}

setup() {
	unset GITHUB_EVENT_NAME GITHUB_BASE_REF CI_MERGE_REQUEST_IID CHANGE_ID PROFD_STRICTNESS \
		CI_MERGE_REQUEST_DIFF_BASE_SHA CI_MERGE_REQUEST_TARGET_BRANCH_NAME CHANGE_TARGET
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache # builds are shared by the tests
	cd "$BATS_TEST_TMPDIR"
	git clone -q "$BATS_FILE_TMPDIR/origin" repo
	cd repo
	git checkout -q -b topic
}

slower() { # in the repository: three times the work
	sed -i 's/FACTOR=1/FACTOR=3/' build
}

profiles=--no-profile # they take most of the time

# gate STATUS [OPTION...]: keeps what was said in ../said
gate() {
	local want=$1 status=0
	shift
	# shellcheck disable=SC2086
	"$PROFD" gate $profiles "$@" >../said 2>&1 || status=$?
	cat ../said
	echo "status $status"
	[ "$status" -eq "$want" ]
}

verdict() { # FILTER: of the result
	jq -r "$1" profd-out/verdict.json
}

nothing_left() { # behind a gate, in the repository and in the cache
	[ -z "$(ls -A "$XDG_CACHE_HOME/profd/runs")" ]
	[ "$(git worktree list | wc -l)" -eq 1 ]
	[ -z "$(git stash list)" ]
	[ -z "$(git for-each-ref refs/profd)" ]
	git fsck --no-dangling --strict
}
