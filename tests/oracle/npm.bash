# Viewers that npm has, and what is needed to run them. For tests that have loaded ../integration/lib.

# install_npm NAME VERSION: sets $package, the folder of an installed copy, which is kept in the build
# directory. Without a registry the test is skipped.
install_npm() {
	local cache=$BUILDDIR/tests/cache/${1##*/}
	package=$cache/node_modules/$1
	[ -e "$package/package.json" ] && return
	needs npm
	mkdir -p "$cache"
	timeout 120 npm install --prefix "$cache" --no-audit --no-fund "$1@$2" >"$cache/npm.log" 2>&1 || {
		tail -n 5 "$cache/npm.log"
		skip "npm cannot install $1: $(tail -n 1 "$cache/npm.log")"
	}
}

# open_profile FILE NAME: speedscope's page after it has loaded FILE under this name, in page.html. Its flame
# chart is a canvas; the "sandwich" view is a table in the page, which can be read.
open_profile() {
	needs chromium
	install_npm speedscope 1
	printf 'speedscope.loadFileFromBase64("%s", "%s")' "$2" "$(base64 -w0 "$1")" >profile.js
	local _
	# On a busy machine the page may be printed before the table is drawn.
	for _ in 1 2 3; do
		timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
			--user-data-dir="$BATS_TEST_TMPDIR/browser" --window-size=1600,1400 \
			--virtual-time-budget=20000 --dump-dom \
			"file://$package/dist/release/index.html#view=sandwich&localProfilePath=$PWD/profile.js" \
			>page.html 2>chromium.log 3>&-
		! grep -Eq '[0-9]%\)<' page.html || return 0
	done
}
