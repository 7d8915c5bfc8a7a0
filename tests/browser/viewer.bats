#!/usr/bin/env bats
# Side by side: pages of made-up profiles.
# index.html in a real browser, used as people do: viewer.js has the steps. Profiles come from
# gen-profile.

load ../integration/lib

GEN=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/gen-profile

setup() {
	needs chromium
	needs node
	cd "$BATS_TEST_TMPDIR"
}

# use PART KIND FORMAT ARGUMENT...: all steps of a part of viewer.js, on a page made for it.
use() {
	local part=$1 kind=$2 format=$3
	shift 3
	"$GEN" "$kind" "$format" >page.html
	timeout 170 node "$SRCDIR/tests/browser/viewer.js" "$part" page.html "$@"
}

@test "viewer: zoom, trail, tooltip, menu, callers and callees, back and forward" {
	use mouse small html
}

@test "viewer: search" {
	use search small html
}

@test "viewer: keys alone reach everything" {
	use keys small html
}

@test "viewer: the table has the numbers of profd top" {
	local kind
	for kind in small phases frames20k; do
		"$GEN" $kind pprof >$kind.pb.gz
		"$PROFD" top -n 0 --json $kind.pb.gz >top.json
		use table $kind html top.json
	done
}

@test "viewer: the table has them also where the tree was too large" {
	"$GEN" stacks100k pprof >large.pb.gz
	"$PROFD" top -n 0 --json large.pb.gz >top.json
	use exact stacks100k html top.json
}

@test "viewer: hostile names run nothing" {
	use hostile hostile html
}

@test "viewer: without scripts, and in Jenkins' sandbox, it is still a page" {
	use jenkins small html
}

@test "viewer: times, threads, metrics, files and modules" {
	use times phases html-wall
}

@test "viewer: themes, and text that can be read in both" {
	use theme phases html
}

@test "viewer: a difference" {
	use diff diff html-diff
}

@test "viewer: what it saves is what profd writes, and others read it" {
	local kind
	needs xmllint
	for kind in small phases; do
		use save $kind html saved-$kind
		"$GEN" $kind pprof >$kind.pb.gz
		# The page knows no mangled names, so functions keep their parameters in what it saves.
		"$PROFD" convert saved-$kind/profile.pb.gz -o $kind.folded
		LC_ALL=C sort saved-$kind/profile.folded >theirs
		LC_ALL=C sort $kind.folded >ours
		cmp theirs ours
		xmllint --noout saved-$kind/profile.svg
		grep -q '<title>main' saved-$kind/profile.svg
		"$PROFD" top -n 0 --json $kind.pb.gz >ours.json
		"$PROFD" top -n 0 --json saved-$kind/profile.pb.gz >theirs.json
		cmp ours.json theirs.json
	done
	[ -n "${PPROF:-}" ] || PPROF=$(go tool -n pprof) || skip "there is no go tool pprof"
	"$PPROF" -raw saved-small/profile.pb.gz >raw
	grep -q 'samples/count cpu/nanoseconds' raw
	"$PPROF" -top -nodefraction=0 saved-small/profile.pb.gz >top
	grep -q 'Total samples = 270.27ms' top
	grep -Eq '180.18ms 66.67% .* std::swap<int>\(int&, int&\)' top
}

@test "viewer: its code is below 60 KB in the page" {
	"$GEN" empty html >page.html
	# All of it: style sheet, both scripts, an empty profile and the words around them.
	[ "$(wc -c <page.html)" -lt 60000 ]
}
