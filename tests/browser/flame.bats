#!/usr/bin/env bats
# Side by side: pages of made-up profiles.
# The flame graph, cpu.svg, in a real browser. Profiles come from gen-profile.

load ../integration/lib

GEN=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/gen-profile
BROWSER_TESTS=$SRCDIR/tests/browser

setup() {
	needs chromium
	cd "$BATS_TEST_TMPDIR"
}

# browse URL SIZE OPTION... >DOM: the document after its scripts have run.
browse() {
	local url=$1 size=$2
	shift 2
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--disable-background-networking --no-first-run \
		--user-data-dir="$BATS_TEST_TMPDIR/browser" --window-size="$size" "$@" \
		--dump-dom "$url" 2>chromium.log 3>&-
}

# driven FILE: every step that drive.js took in the page went well.
driven() {
	"$PYTHON" - "$1" "$2" <<-'END'
	import html, re, sys
	dom = open(sys.argv[1], encoding="utf-8").read()
	steps = re.findall(r"<li>([^<]*: [^<]*)</li>", dom[dom.rindex('<ol id="driven">'):])
	print("\n".join(map(html.unescape, steps)))
	wrong = [s for s in steps if not s.endswith(": ok")]
	assert len(steps) == int(sys.argv[2]) and not wrong, (len(steps), wrong)
	END
}

@test "the script draws what the file shows without it" {
	local kind
	for kind in small frames20k hostile deep; do
		"$GEN" $kind svg >$kind.svg
		browse "file://$PWD/$kind.svg" 1200,20000 >$kind.dom
		"$BROWSER_TESTS/compare-boxes" $kind.svg $kind.dom
	done
}

# other FOLDED >FOLDED: some stacks gone, some with more or less, some new. Always the same ones.
other() {
	awk '{
		v = $NF
		sub(/ [0-9]+$/, "")
		draw = NR * 7919 % 20
		if (draw > 1)
			printf "%s%s %d\n", $0, draw == 2 ? ";fresh" : "", draw < 6 ? 3 * v : draw < 8 ? v / 4 + 1 : v
	}' "$1"
}

@test "the script of a difference draws what the file shows without it" {
	local kind how
	for kind in small frames20k hostile deep; do
		"$GEN" $kind folded >a.folded
		other a.folded >b.folded
		for how in none total; do
			# Nanoseconds without samples: all is a change. Counts: most is noise.
			"$PROFD" diff --force --normalize $how --unit nanoseconds -o $kind.svg a.folded b.folded
			browse "file://$PWD/$kind.svg" 1200,20000 >$kind.dom
			"$BROWSER_TESTS/compare-boxes" $kind.svg $kind.dom
		done
		"$GEN" $kind pprof >a.pb.gz
		"$PROFD" convert --force --unit nanoseconds -o b.pb.gz b.folded
		"$PROFD" diff --force -o $kind.svg a.pb.gz b.pb.gz
		browse "file://$PWD/$kind.svg" 1200,20000 >$kind.dom
		"$BROWSER_TESTS/compare-boxes" $kind.svg $kind.dom
	done
}

@test "a difference is zoomed and searched, and fits a narrow window" {
	"$GEN" small folded >a.folded
	other a.folded >b.folded
	"$PROFD" diff --unit nanoseconds -o small.svg a.folded b.folded
	browse "file://$PWD/small.svg#s=main" 500,900 --enable-logging=stderr >dom
	grep -q 'viewBox="0 0 500 ' dom
	grep -q '>matched [0-9.]* % ([0-9]* frames)</output>' dom
	lacks 'CONSOLE' chromium.log
	# Each line of the legend has room: 6.65 units to a letter, from 80 on.
	"$PYTHON" - dom <<-'END'
	import re, sys
	dom = open(sys.argv[1], encoding="utf-8").read()
	legend = dom[dom.index('class="legend"'):]
	words = re.findall(r'<text x="(\d+)">([^<]*)</text></g>', legend)
	assert len(words) == 4, words
	for x, text in words:
	    assert int(x) + 6.65 * len(text) < 400, text
	END
}

@test "a picture follows the width of the window" {
	"$GEN" small svg >small.svg
	browse "file://$PWD/small.svg" 700,900 >dom
	grep -q 'viewBox="0 0 700 ' dom
	browse "file://$PWD/small.svg" 1900,900 >dom
	grep -q 'viewBox="0 0 1900 ' dom
}

@test "zoom and search of a picture come from its fragment" {
	"$GEN" small svg >small.svg
	browse "file://$PWD/small.svg#z=7&s=swap" 1200,900 >dom
	grep -q '>matched 66.7 % (2 frames)</output>' dom
	# What is not under the zoomed box is not drawn.
	lacks '<title>app worker' dom
	grep -q '<title>main' dom
}

@test "two pictures in one page do not disturb each other" {
	"$GEN" small svg | sed 1d >one.svg
	{
		echo "<!DOCTYPE html><html><body>"
		cat one.svg one.svg
		echo "<script>"
		cat "$BROWSER_TESTS/drive.js"
		echo "</script></body></html>"
	} >two.html
	browse "file://$PWD/two.html" 1200,900 >dom
	driven dom 27
}

@test "hostile names run nothing" {
	"$GEN" hostile svg >hostile.svg
	browse "file://$PWD/hostile.svg" 1200,900 --enable-logging=stderr >dom
	# Nothing but text came of them: no element they name, no dialog, no script error.
	lacks '<img' dom
	lacks '<h1>out' dom
	[ "$(grep -c '<script' dom)" -eq 1 ]
	lacks 'CONSOLE' chromium.log
	# The script itself did run.
	grep -q '<output' dom
}
