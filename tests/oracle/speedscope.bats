#!/usr/bin/env bats
# Side by side: two readers of one profile are compared.
# speedscope as an oracle: it must open what profd writes and show the shares that cpu.folded has.

load ../integration/lib
load npm

LOADS="load_02 load_04 load_08 load_12 load_18 load_25 load_30"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# compare TOLERANCE NAME...
compare() {
	"$SRCDIR/tests/oracle/compare-speedscope" page.html "$dir/cpu.folded" "$@"
}

# record_shares: a recording of shares.c.
record_shares() {
	build shares shares.c
	record shares -- "$program" 1000
	[ "$status" -eq 0 ]
}

@test "speedscope opens cpu.pb.gz and shows the folded file's shares" {
	record_shares
	open_profile "$dir/cpu.pb.gz" recorded.pb.gz
	grep -o '<title>.*</title>' page.html
	grep -q '<title>recorded.pb.gz - speedscope</title>' page.html
	compare 0.01 $LOADS
}

@test "speedscope opens cpu.folded" {
	build shares shares.c
	record shares -- "$program" 600
	open_profile "$dir/cpu.folded" recorded.collapsedstack.txt
	grep -q '<title>recorded.collapsedstack.txt - speedscope</title>' page.html
	grep -q '</span>load_30<' page.html
}

# Its pprof reader leaves inlined functions out.
@test "speedscope opens what profd convert writes, with inlined functions" {
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
	install_npm speedscope 1
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
	build threads threads.c -pthread
	record threads -- "$program" 800
	open_profile "$dir/cpu.pb.gz" threads.pb.gz
	grep -q '<title>threads.pb.gz - speedscope</title>' page.html
	grep -q '</span>worker_load<' page.html
}

@test "speedscope opens a recorded speedscope.json and callgrind.out.cpu: the folded file's shares" {
	build shares shares.c
	record shares --format speedscope,callgrind -- "$program" 1000
	[ "$status" -eq 0 ]
	open_profile "$dir/speedscope.json" speedscope.json
	compare 0.01 $LOADS
	open_profile "$dir/callgrind.out.cpu" callgrind.out.cpu
	grep -q '<title>callgrind.out.cpu - speedscope</title>' page.html
	compare 0.01 $LOADS
}

# It takes the time from one sample to the next for the weight of a sample, which on a busy machine
# is also the time that others had.
@test "speedscope opens what perf script would print, and has all functions" {
	build shares shares.c
	record shares --format perf-script -- "$program" 1000
	[ "$status" -eq 0 ]
	open_profile "$dir/cpu.linux-perf.txt" cpu.linux-perf.txt
	grep -o '<title>.*</title>' page.html
	grep -q "<title>shares pid: .* - speedscope</title>" page.html
	compare 3 $LOADS
}

# Every line must match its patterns; what does not is left out without a word, or fails.
@test "speedscope opens names that try to get out, as callgrind and as perf script would print it" {
	"$TEST_TOOLS/oracle/gen-profile" lines callgrind >callgrind.out.lines
	open_profile callgrind.out.lines callgrind.out.lines
	grep -q '<title>callgrind.out.lines - speedscope</title>' page.html
	"$PYTHON" - page.html <<-'END'
	import re, sys
	page = open(sys.argv[1], encoding="utf-8").read()
	print(re.findall(r"506,506,506|Something went wrong[^<]*", page))
	assert "506,506,506" in page
	END
	"$TEST_TOOLS/oracle/gen-profile" lines perf-script >lines.linux-perf.txt
	open_profile lines.linux-perf.txt lines.linux-perf.txt
	"$PYTHON" - page.html <<-'END'
	import re, sys
	page = open(sys.argv[1], encoding="utf-8").read()
	# One for each command and thread, whose names are told apart.
	threads = set(re.findall(r">([^<>]* pid: \d+ tid: \d+|[^<>]* tid: \d+)<", page))
	print(threads)
	assert any(t.startswith("worker_12 pid: 1 ") for t in threads)
	END
}
