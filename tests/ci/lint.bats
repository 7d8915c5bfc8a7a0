#!/usr/bin/env bats
# The files for CI systems as their linters see them.

load ../integration/lib

@test "actionlint finds nothing in the workflows" {
	needs go
	export GOBIN=$BUILDDIR/tests/cache/actionlint
	[ -x "$GOBIN/actionlint" ] || (
		cd /
		timeout 300 go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7 3>&-
	) || skip "go cannot install actionlint"
	cd "$BATS_TEST_TMPDIR"
	for file in "$SRCDIR"/contrib/github/workflows/*.yml "$SRCDIR"/.github/workflows/*.yml; do
		"$GOBIN/actionlint" -shellcheck= -pyflakes= "$file"
	done
	# It is awake.
	sed 's/github.event_name/github.event_nam/' "$SRCDIR/contrib/github/workflows/profd.yml" >bad.yml
	run "$GOBIN/actionlint" -shellcheck= -pyflakes= bad.yml
	[ "$status" -eq 1 ]
	[[ $output == *event_nam* ]]
}

@test "yamllint finds nothing but long lines" {
	needs yamllint
	local rules='line-length: disable, document-start: disable, truthy: {check-keys: false}, braces: {max-spaces-inside: 0}'
	yamllint --strict -d "{extends: default, rules: {$rules}}" \
		"$SRCDIR"/.github/workflows/*.yml "$SRCDIR"/contrib/github/action.yml "$SRCDIR"/contrib/github/workflows/*.yml \
		"$SRCDIR/contrib/gitlab/profd.yml" "$SRCDIR/share/workloads/.profd.yml"
}

@test "actions of others are pinned to a commit, with the version beside it, and tokens may do nothing by default" {
	cd "$SRCDIR/contrib/github"
	used=$(grep -h 'uses: actions/' action.yml workflows/*.yml)
	[ -n "$used" ]
	if grep -Ev 'uses: actions/[a-z-]+@[0-9a-f]{40}  # v[0-9.]+$' <<<"$used"; then
		false
	fi
	for file in workflows/*.yml; do
		grep -qx 'permissions: {}' "$file"
	done
}
