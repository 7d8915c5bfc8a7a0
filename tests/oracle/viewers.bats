#!/usr/bin/env bats
# Side by side: two readers of one profile are compared.
# Firefox's profiler, by its command line, and Valgrind's callgrind_annotate as oracles: what they show of each
# function is what profd top says. speedscope has a file of its own.

load ../integration/lib
load npm

ORACLE=$SRCDIR/tests/oracle
GEN=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/gen-profile

setup_file() {
	load ../integration/lib
	gcc -O2 -g -pthread -o "$BATS_FILE_TMPDIR/threads" "$WORKLOADS/threads.c"
	g++ -O2 -g -o "$BATS_FILE_TMPDIR/inline" "$WORKLOADS/inline.cc"
	"$PROFD" record -q -F 999 --wall --format firefox,callgrind,perf-script -o "$BATS_FILE_TMPDIR/threads.d" \
		-- "$BATS_FILE_TMPDIR/threads" 600 >/dev/null
	"$PROFD" record -q -F 999 --format firefox,callgrind,perf-script -o "$BATS_FILE_TMPDIR/inline.d" \
		-- "$BATS_FILE_TMPDIR/inline" 400 >/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	firefox_ends
}

# The half of profiler-cli that holds the profile is started here and not by its "load", which gives it half a
# second, and leaves it behind when a busy machine took longer. Its sockets have paths of at most 107 bytes, so
# they are not in the test's folder.
cli() {
	node "$package/dist/profiler-cli.js" "$@" --session test 3>&-
}

# Its own client takes away what it finds of a session that has not written test.json yet: so that is waited
# for first.
cli_answers() {
	kill -0 "$daemon" && [ -s "$PROFILER_CLI_SESSION_DIR/test.json" ] &&
		cli profile info --all --json >info.json 2>info.err
}

firefox_ends() {
	[ -n "${daemon-}" ] || return 0
	kill "$daemon" 2>/dev/null || :
	wait "$daemon" 2>/dev/null || :
	daemon=
	rm -rf "$PROFILER_CLI_SESSION_DIR"
}

# firefox_loads FILE: and what it shows of each thread is in thread-N.json.
firefox_loads() {
	local n
	needs node
	install_npm @firefox-devtools/profiler-cli 0.10.0
	firefox_ends
	PROFILER_CLI_SESSION_DIR=$(mktemp -d /tmp/profd-cli.XXXXXX)
	export PROFILER_CLI_SESSION_DIR
	node "$package/dist/profiler-cli.js" --daemon "$(realpath "$1")" --session test >daemon.log 2>&1 3>&- &
	daemon=$!
	: >info.err
	poll 60 cli_answers || fail "$(cat daemon.log info.err)"
	rm -f thread-*.json
	for n in $("$PYTHON" -c 'import json
for p in json.load(open("info.json"))["processes"]:
    for t in p["threads"]: print(t["threadHandle"])'); do
		cli thread functions --thread "$n" --include-idle --json >"thread-$n.json"
	done
}

# firefox_agrees FILE PPROF TYPE
firefox_agrees() {
	firefox_loads "$1"
	"$PROFD" top --json -n 0 --value "$3" "$2" >top.json
	"$ORACLE/compare-firefox" top.json thread-*.json
}

@test "Firefox's profiler shows what profd top says: several threads" {
	firefox_agrees "$BATS_FILE_TMPDIR/threads.d/firefox.json.gz" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" cpu
	[ "$(json info.json processCount)" = 1 ]
	[ "$(echo thread-*.json | wc -w)" -ge 5 ]
	cli profile meta --json >meta.json
	[ "$(json meta.json preprocessedProfileVersion)" -ge 56 ]
	[ "$(json meta.json product)" = threads ]
	[ "$(json meta.json arguments)" = "$BATS_FILE_TMPDIR/threads" ]
	grep -q 'of the stacks complete' meta.json
}

@test "Firefox's profiler shows what profd top says: all time" {
	firefox_agrees "$BATS_FILE_TMPDIR/threads.d/wall.firefox.json.gz" "$BATS_FILE_TMPDIR/threads.d/wall.pb.gz" wall
}

@test "Firefox's profiler shows what profd top says: inlined functions" {
	firefox_agrees "$BATS_FILE_TMPDIR/inline.d/firefox.json.gz" "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" cpu
	grep -q 'geometry::innermost' thread-*.json
	cli thread samples-top-down --json >tree.json
	"$PYTHON" - <<-'END'
	import json
	# The inlined one stands on the one that holds it.
	def walk(node, path):
	    path = path + [node["name"]]
	    yield path
	    for child in node["children"]:
	        yield from walk(child, path)
	paths = list(walk(json.load(open("tree.json"))["regularCallTree"], []))
	assert any("middle" in a and "geometry::innermost" in b
	           for p in paths for a, b in zip(p, p[1:])), paths
	END
}

@test "Firefox's profiler shows what profd top says: names that try to get out, times, foreign samples" {
	local kind
	for kind in hostile lines timed deep; do
		"$GEN" "$kind" pprof >"$kind.pb.gz"
		"$GEN" "$kind" firefox >"$kind.firefox.json.gz"
		firefox_loads "$kind.firefox.json.gz"
		"$PROFD" top --json -n 0 "$kind.pb.gz" >named.json
		# profd top has the path where the others have the name of the module.
		"$PYTHON" - <<-'END'
		import json
		top = json.load(open("named.json"))
		for row in top["functions"]:
		    if row["name"] and row["name"] == row["module"] and not row["file"]:
		        row["name"] = "[" + row["name"].split("/")[-1] + "]"
		json.dump(top, open("top.json", "w"))
		END
		"$ORACLE/compare-firefox" top.json thread-*.json
	done
}

@test "Firefox's profiler reads what perf script would print: a sample for each" {
	local name
	for name in threads inline; do
		firefox_loads "$BATS_FILE_TMPDIR/$name.d/cpu.linux-perf.txt"
		"$PROFD" top --json -n 0 --value samples "$BATS_FILE_TMPDIR/$name.d/cpu.pb.gz" >top.json
		"$ORACLE/compare-firefox" --samples top.json thread-*.json
	done
}

# A line that its patterns do not match is left out without a word.
@test "Firefox's profiler reads what perf script would print: names that try to get out" {
	local kind
	for kind in hostile lines; do
		"$GEN" "$kind" perf-script >"$kind.linux-perf.txt"
		firefox_loads "$kind.linux-perf.txt"
		"$PYTHON" - "$kind.linux-perf.txt" <<-'END'
		import collections, glob, json, re, sys
		want, got, leaf = collections.Counter(), collections.Counter(), False
		for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
		    if line[0] != "\t":
		        leaf = line[0] not in "#\n"
		    elif leaf:
		        name = re.match(r"\t *[0-9a-f]+ (.*) \(\S+\)$", line)[1]
		        want[re.sub(r"\+0x0$", "", name).lstrip()] += 1
		        leaf = False
		for path in glob.glob("thread-*.json"):
		    for f in json.load(open(path))["functions"]:
		        # What begins like an address gets its file behind it.
		        got[re.sub(r" \(in \S*$", "", f["name"])] += f["selfSamples"]
		got = +got
		assert got == want, (got - want, want - got)
		print(len(want), "functions,", sum(want.values()), "samples")
		END
	done
}

# callgrind_agrees FILE PPROF TYPE EVENT
callgrind_agrees() {
	local how
	needs callgrind_annotate
	"$PROFD" top --json -n 0 --value "$3" "$2" >top.json
	for how in flat:no cum:yes; do
		# Elsewhere: names of files in the current folder are shortened.
		(cd / && callgrind_annotate --threshold=100 --auto=no --show="$4" --sort="$4" \
			--inclusive="${how#*:}" "$1") >annotated 2>warnings
		[ ! -s warnings ] || fail "$(cat warnings)"
		"$ORACLE/compare-callgrind" top.json annotated "${how%:*}"
	done
}

@test "callgrind_annotate shows what profd top says" {
	callgrind_agrees "$BATS_FILE_TMPDIR/threads.d/callgrind.out.cpu" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" cpu cpu
	callgrind_agrees "$BATS_FILE_TMPDIR/threads.d/callgrind.out.cpu" "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" \
		samples samples
	callgrind_agrees "$BATS_FILE_TMPDIR/inline.d/callgrind.out.cpu" "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" cpu cpu
	callgrind_agrees "$BATS_FILE_TMPDIR/threads.d/callgrind.out.wall" "$BATS_FILE_TMPDIR/threads.d/wall.pb.gz" \
		off_cpu off_cpu
}

@test "callgrind_annotate shows what profd top says: functions that call each other in turn" {
	local kind
	for kind in deep deeper; do
		"$GEN" "$kind" pprof >"$kind.pb.gz"
		"$GEN" "$kind" callgrind >"callgrind.out.$kind"
		callgrind_agrees "$PWD/callgrind.out.$kind" "$kind.pb.gz" cpu cpu
	done
	gcc -O2 -g -fomit-frame-pointer -o mutual "$WORKLOADS/deep.c"
	"$PROFD" record -q -F 999 --format callgrind -o mutual.d -- ./mutual >/dev/null
	callgrind_agrees "$PWD/mutual.d/callgrind.out.cpu" mutual.d/cpu.pb.gz cpu cpu
}

@test "callgrind_annotate reads names that try to get out without a warning" {
	needs callgrind_annotate
	local kind
	for kind in hostile lines; do
		"$GEN" "$kind" pprof >"$kind.pb.gz"
		"$GEN" "$kind" callgrind >"callgrind.out.$kind"
		callgrind_annotate --threshold=100 --auto=no --show=cpu "callgrind.out.$kind" >annotated 2>warnings
		[ ! -s warnings ] || fail "$(cat warnings)"
		grep "$("$PROFD" top --json "$kind.pb.gz" | sed -n 's/.*"total": \(.*\),/\1/p' |
			sed ':a; s/\B[0-9]\{3\}\>/,&/; ta') (100.0%)  PROGRAM TOTALS" annotated
	done
}
