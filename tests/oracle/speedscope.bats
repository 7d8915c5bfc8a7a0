#!/usr/bin/env bats
# speedscope as an oracle: it must open a recorded cpu.pb.gz and show the shares that cpu.folded
# has. Its flame chart is a canvas; the "sandwich" view is a table in the page, which can be
# read.

load ../integration/lib

# An installed copy is kept in the build directory. Without a registry the test is skipped.
install_speedscope() {
	local cache=$BUILDDIR/tests/cache/speedscope
	release=$cache/node_modules/speedscope/dist/release
	[ -e "$release/index.html" ] && return
	needs npm
	mkdir -p "$cache"
	timeout 120 npm install --prefix "$cache" --no-audit --no-fund speedscope@1 \
		>"$cache/npm.log" 2>&1 || {
		tail -n 5 "$cache/npm.log"
		skip "npm cannot install speedscope: $(tail -n 1 "$cache/npm.log")"
	}
}

# open_profile FILE NAME: the page after it has loaded FILE, in page.html.
open_profile() {
	printf 'speedscope.loadFileFromBase64("%s", "%s")' "$2" "$(base64 -w0 "$1")" >profile.js
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$BATS_TEST_TMPDIR/browser" --window-size=1600,1400 \
		--virtual-time-budget=20000 --dump-dom \
		"file://$release/index.html#view=sandwich&localProfilePath=$PWD/profile.js" \
		>page.html 2>chromium.log 3>&-
}

@test "speedscope opens cpu.pb.gz and shows the folded file's shares" {
	needs chromium
	install_speedscope
	cd "$BATS_TEST_TMPDIR"
	build shares shares.c
	record shares -- "$program" 1000
	[ "$status" -eq 0 ]
	open_profile "$dir/cpu.pb.gz" recorded.pb.gz
	grep -o '<title>.*</title>' page.html
	grep -q '<title>recorded.pb.gz - speedscope</title>' page.html
	"$PYTHON" - page.html "$dir/cpu.folded" <<-'END'
	import html, re, sys
	page = open(sys.argv[1], encoding="utf-8").read()
	shown = {}
	for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.S):
	    cells = [html.unescape(re.sub(r"<[^>]*>", "", c))
	             for c in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
	    if len(cells) == 3:
	        shown[cells[2]] = [re.match(r"([\d.]+)(ns|µs|us|ms|s) \((<?[\d.]+)%\)", c) for c in cells[:2]]
	assert shown, "no table in the page"
	unit = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}
	total, self_ns, all_ns = 0, {}, {}
	for line in open(sys.argv[2], encoding="utf-8"):
	    stack, weight = line.rsplit(" ", 1)
	    frames = [re.sub(r"_\[[a-z]\]$", "", f) for f in stack.split(";")[1:]]
	    weight = int(weight)
	    total += weight
	    self_ns[frames[-1]] = self_ns.get(frames[-1], 0) + weight
	    for f in set(frames):
	        all_ns[f] = all_ns.get(f, 0) + weight
	checked = 0
	for name in ["load_%02d" % n for n in (2, 4, 8, 12, 18, 25, 30)]:
	    assert name in shown, f"{name} is not in speedscope's table: {sorted(shown)}"
	    for cell, mine in zip(shown[name], (all_ns, self_ns)):
	        assert cell, f"{name}: the unit is not one of time"
	        seen = float(cell[1]) * unit[cell[2]]
	        print(name, cell[0], mine[name])
	        assert abs(seen - mine[name]) <= 0.01 * mine[name] + 1e6, (name, seen, mine[name])
	        checked += 1
	assert checked == 14
	END
}

@test "speedscope opens cpu.folded" {
	needs chromium
	install_speedscope
	cd "$BATS_TEST_TMPDIR"
	build shares shares.c
	record shares -- "$program" 600
	open_profile "$dir/cpu.folded" recorded.collapsedstack.txt
	grep -q '<title>recorded.collapsedstack.txt - speedscope</title>' page.html
	grep -q '</span>load_30<' page.html
}

# Its pprof reader leaves inlined functions out.
@test "speedscope opens what profd convert writes, with inlined functions" {
	needs chromium
	install_speedscope
	cd "$BATS_TEST_TMPDIR"
	program=$PWD/inline
	g++ -O2 -g -o "$program" "$WORKLOADS/inline.cc"
	record inline -- "$program" 600
	"$PROFD" convert "$dir/cpu.pb.gz" -o inline.speedscope.json
	open_profile inline.speedscope.json inline.speedscope.json
	grep -o '<title>.*</title>' page.html
	grep -q '<title>.*cpu.pb.gz - speedscope</title>' page.html
	grep -q '</span>geometry::innermost' page.html
}

@test "speedscope opens a file of events, and its table is profd top's" {
	needs chromium
	install_speedscope
	cd "$BATS_TEST_TMPDIR"
	"$PYTHON" - >evented.speedscope.json <<-'END'
	import json, random
	random.seed(7)
	names = ["main", "parse", "sort", "write", "swap"]
	events, stack, at = [], [], 5.0
	for _ in range(3000):
	    at += random.choice([0, 0.25, 1, 3.5])
	    if stack and (len(stack) > 6 or random.random() < 0.5):
	        events.append({"type": "C", "frame": stack.pop(), "at": at})
	    else:
	        stack.append(random.randrange(len(names)))
	        events.append({"type": "O", "frame": stack[-1], "at": at})
	while stack:
	    events.append({"type": "C", "frame": stack.pop(), "at": at + 1})
	print(json.dumps({
	    "$schema": "https://www.speedscope.app/file-format-schema.json", "name": "evented",
	    "shared": {"frames": [{"name": n} for n in names]},
	    "profiles": [{"type": "evented", "name": "thread", "unit": "milliseconds", "startValue": 5,
	                  "endValue": at + 1, "events": events}]}))
	END
	open_profile evented.speedscope.json evented.speedscope.json
	"$PROFD" top -n 0 --json evented.speedscope.json >top.json
	"$PYTHON" - page.html top.json <<-'END'
	import html, json, re, sys
	page = open(sys.argv[1], encoding="utf-8").read()
	unit = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
	shown = {}
	for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.S):
	    cells = [html.unescape(re.sub(r"<[^>]*>", "", c))
	             for c in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
	    if len(cells) == 3:
	        times = [re.match(r"([\d.]+)(ns|µs|ms|s) ", c) for c in cells[:2]]
	        shown[cells[2]] = [float(m[1]) * unit[m[2]] for m in times]
	top = json.load(open(sys.argv[2], encoding="utf-8"))
	assert len(top["functions"]) == 5 and len(shown) == 5, (top, shown)
	for f in top["functions"]:
	    mine = (f["cum"], f["flat"])
	    print(f["name"], shown[f["name"]], mine)
	    for a, b in zip(shown[f["name"]], mine):
	        # Three digits are shown, and recursion counts once.
	        assert abs(a - b) <= 0.006 * b, (f["name"], a, b)
	END
}

@test "speedscope opens the profile of several threads" {
	needs chromium
	install_speedscope
	cd "$BATS_TEST_TMPDIR"
	build threads threads.c -pthread
	record threads -- "$program" 800
	open_profile "$dir/cpu.pb.gz" threads.pb.gz
	grep -q '<title>threads.pb.gz - speedscope</title>' page.html
	grep -q '</span>worker_load<' page.html
}
