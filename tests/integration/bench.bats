#!/usr/bin/env bats
# profd bench: how runs end, what is measured, what is written, and the exit status.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# yml LINE...: .profd.yml with these lines behind its first.
yml() {
	printf '%s\n' "profd: 1" "$@" >.profd.yml
}

# bench STATUS [OPTION...]: without profiles, unless PROFILE is set.
bench() {
	local want=$1 status=0
	shift
	[ -n "${PROFILE-}" ] || set -- --no-profile "$@"
	"$PROFD" bench "$@" >out 2>err </dev/null 3>&- || status=$?
	cat out err
	[ "$status" -eq "$want" ]
}

# metric NAME KEY [WORKLOAD]: of verdict.json.
metric() {
	"$PYTHON" - profd-out/verdict.json "$@" <<-'END'
	import json, sys
	outcome = json.load(open(sys.argv[1], encoding="utf-8"))
	workload = outcome["workloads"][int(sys.argv[4]) if len(sys.argv) > 4 else 0]
	value = next(m for m in workload["metrics"] if m["name"] == sys.argv[2])
	for key in sys.argv[3].split("."):
	    value = value[key]
	print(value if isinstance(value, str) else json.dumps(value))
	END
}

# holds EXPRESSION: of numbers, for Python.
holds() {
	echo "$1"
	"$PYTHON" -c "import sys; sys.exit(not ($1))"
}

# --- what it does ----------------------------------------------------------------------------------

@test "a command: runs, table, files" {
	bench 0 -n 4 --warmup 2 -- sh -c 'echo run >>count'
	[ "$(wc -l <count)" = 6 ]
	grep -q '^sh: 4 runs after 2 to warm up' out
	grep -q '^  max_rss ' out
	grep -q 'results in profd-out$' err
	[ "$(json profd-out/verdict.json command)" = bench ]
	[ "$(json profd-out/verdict.json verdict)" = measured ]
	[ "$(json profd-out/verdict.json workloads.0.runs)" = 4 ]
	[ "$(metric wall unit)" = s ]
	ls profd-out/log-20*Z.txt
	grep -q '^== 20.*Z sh: run 4 of 4$' profd-out/log-*.txt
}

@test "one more run is profiled" {
	PROFILE=1 bench 0 -n 1 -- "$TEST_TOOLS/../share/workloads/phases"
	[ -s profd-out/phases/head/index.html ]
	[ "$(json profd-out/verdict.json workloads.0.head_profile)" = phases/head ]
	grep -q 'profiled run 1 of 1$' profd-out/log-*.txt
}

@test "workloads of the file: environment, folder, setup and teardown around each run" {
	mkdir -p repo/sub
	cd repo
	yml "workloads:" "  - name: w" "    command: 'pwd >>../log; echo \$A \$PROFD_BENCH >>../log'" \
		"    cwd: sub" "    env: {A: one}" "    runs: 2" "    warmup: 0" \
		"    setup: echo setup >>../log" "    teardown: echo teardown >>../log"
	bench 0
	cat log
	[ "$(cat log)" = "$(for _ in 1 2; do printf 'setup\n%s\none 1\nteardown\n' "$PWD/sub"; done)" ]
}

@test "variants by name, tag and tier" {
	yml "workloads:" "  - name: a" "    command: [sh, -c, 'echo a{n} >>log']" "    params: {n: [1, 2]}" \
		"    warmup: 0" "    tags: [fast]" "    tiers: {quick: {runs: 1}, weekly: {enabled: false}}" \
		"  - name: b" "    command: echo b >>log" "    warmup: 0" "    runs: 2"
	bench 0 --tier quick 'a[2]' b
	[ "$(tr '\n' ' ' <log)" = "a2 b b " ]
	rm log
	bench 0 -n 1 --tag fast
	[ "$(tr '\n' ' ' <log)" = "a1 a2 " ]
	rm log
	bench 0 -n 1 --tier weekly
	[ "$(tr '\n' ' ' <log)" = "b " ]
	bench 2 aa
	grep -q "there is no workload called 'aa'" err
	grep -q "did you mean 'a'" err
	bench 2 --tag fats
	grep -q "did you mean 'fast'" err
	bench 2 --tier weekly a
	bench 2 --tier monthly
}

@test "a time budget: fewer runs, the first one in any case, and it is said" {
	yml "time_budget: 300ms" "workloads:" "  - name: a" "    command: sleep 0.2; echo a >>log" "    warmup: 0" \
		"  - name: b" "    command: sleep 0.2; echo b >>log" "    warmup: 1"
	PROFILE=1 bench 0 -n 50
	grep -q '^a: the time budget allowed [1-3] of 50 runs$' out
	grep -q '^b: the time budget allowed 1 of 50 runs$' out
	holds "$(wc -l <log) <= 5"
	[ ! -e profd-out/a ]
}

@test "the commit is told" {
	git init -q -b trunk .
	yml "workloads: [{name: w, command: 'true', runs: 1}]"
	git add .profd.yml
	git -c user.name=n -c user.email=e commit -q -m 'a subject'
	mkdir sub
	cd sub
	bench 0
	[ "$(json profd-out/verdict.json provenance.head.commit)" = "$(git rev-parse HEAD)" ]
	[ "$(json profd-out/verdict.json provenance.head.branch)" = trunk ]
	[[ "$(json profd-out/verdict.json provenance.id)" = 20*Z-"$(git rev-parse --short=8 HEAD)"-?????? ]]
	[ "$(json "profd-out/run/$(json profd-out/verdict.json provenance.id).json" schema)" = profd.result/1 ]
}

@test "an earlier folder is kept, and one of the user's is not overwritten" {
	bench 0 -n 1 -- true
	bench 0 -n 1 -- true
	grep -q 'earlier results are in profd-out.old' err
	[ -s profd-out.old/verdict.json ]
	bench 0 -n 1 -o mine -- true
	bench 2 -n 1 -o mine -- true
	grep -q -e --force err
	bench 0 -n 1 -o mine --force -- true
}

@test "--json, --quiet and --help; options that make no sense" {
	bench 0 --json -n 1 -- true
	[ "$(json out schema)" = profd.verdict/1 ]
	cmp out profd-out/verdict.json
	bench 0 -q -n 1 -- true
	[ ! -s out ] && [ ! -s err ]
	bench 0 --help
	grep -q '^usage: profd bench' out
	bench 2 --runs 0 -- true
	bench 2 --nice 20 -- true
	bench 2 --tag x -- true
	bench 2 --
	bench 2 --no-such
	bench 2 # no .profd.yml
	grep -q '.profd.yml' err
}

@test "options behind workloads are options, those behind -- are the command's" {
	yml "workloads:" "  - {name: a, command: 'true'}"
	bench 0 a --runs 2 --json
	grep -q '"schema": "profd.verdict/1"' out
	bench 0 --runs 2 -- echo --runs 3
	grep -qx -- '--runs 3' profd-out/log-*.txt
	bench 2 a -- true
	grep -q 'not both' err
}

@test "a configuration that is wrong, and one of another name" {
	yml "workloads: [{name: w, commands: 'true'}]"
	bench 2
	grep -q "^.*\.profd\.yml:2:.*'commands'" err
	grep -q "did you mean 'command'" err
	[ ! -e profd-out ]
	mkdir ci
	printf '%s\n' "profd: 1" "workloads: [{name: w, command: pwd >where, runs: 1}]" >ci/perf.yml
	bench 0 --config ci/perf.yml
	[ "$(cat where)" = "$PWD" ]
	bench 2 --config ci/none.yml
	bench 2 --config
}

@test "progress is for terminals only, and never with CI" {
	"$INTEGRATION/pty-run" -- "$PROFD" bench -n 2 --no-profile -- true >on
	grep -q 'true (1 of 1): run 2 of 2, .* left' on
	CI=true "$INTEGRATION/pty-run" -- "$PROFD" bench -n 2 --no-profile -- true >off
	lacks 'run 2 of 2' off
	bench 0 -n 2 -- true
	lacks 'run 2 of 2' err
}

# --- how runs end -----------------------------------------------------------------------------------

@test "a failing workload: status 4, what it was, the end of its output" {
	yml "workloads:" "  - {name: bad, command: 'echo so far; exit 3', runs: 5}" \
		"  - {name: good, command: echo fine, runs: 1}"
	bench 4
	grep -q 'FAILED: exit status 3' out
	grep -q '^  | so far$' out
	grep -q '^good: 1 run' out
	[ "$(json profd-out/verdict.json workloads.0.verdict)" = failed ]
	[ "$(json profd-out/verdict.json workloads.1.verdict)" = measured ]
	[ "$(json profd-out/verdict.json exit_status)" = 4 ]
	# Its threshold of 10 % is one of nothing, and no 100 ms.
	grep -q '^| `bad` | cpu .* | 10 % |' profd-out/summary.md
	bench 4 -n 1 -- sh -c 'kill -SEGV $$'
	grep -q 'FAILED: killed by SIGSEGV' out
}

@test "a timeout: status 4, and nothing survives, whatever session it is in" {
	yml "workloads:" "  - name: w" "    timeout: 400ms" "    warmup: 0" \
		"    command: (setsid sh -c 'echo \$\$ >pid; exec sleep 1000' &); exec sleep 1000"
	bench 4
	grep -q 'TIMED OUT: no end within 0.4 s' out
	[ "$(json profd-out/verdict.json verdict)" = timeout ]
	[ ! -s pid ] || gone "$(cat pid)"
}

@test "what a run leaves behind is ended with it" {
	yml "workloads:" "  - name: w" "    warmup: 0" "    runs: 1" "    command: |" \
		"      mkfifo f; (setsid sh -c 'echo \$\$ >f; exec sleep 1000' &)" \
		"      read pid <f; echo \$pid >pid; rm f"
	bench 0
	gone "$(cat pid)"
}

@test "what forks faster than it can be found is ended, too" {
	cat >rolling.py <<-'END'
	import fcntl, os
	f = open("lock", "w")
	fcntl.flock(f, fcntl.LOCK_EX)
	while True:
	    if os.fork():
	        os._exit(0)
	END
	bench 0 -n 3 -- "$PYTHON" rolling.py
	flock -n lock true
}

@test "a workload that kills what started it dies with it" {
	bench 2 -n 1 -- sh -c 'echo $$ >pid; kill -9 $PPID; exec sleep 1000'
	grep -q 'the program that starts workloads, profd-helper, ended unexpectedly' err
	poll 60 gone "$(cat pid)"
}

@test "programs that cannot run" {
	touch plain
	bench 4 -n 1 -- no-such-program
	grep -q "FAILED: cannot run 'no-such-program': not found" out
	bench 4 -n 1 -- ./no-such-program
	grep -q "is looked for in" out
	bench 4 -n 1 -- ./plain
	grep -q "cannot run './plain': Permission denied" out
	bench 4 -n 1 -- /tmp
	grep -q "it is a directory" out
	yml "workloads: [{name: w, command: ['true'], cwd: nowhere, runs: 1}]"
	bench 4
	grep -q "cannot run in 'nowhere': No such file" out
}

@test "a setup or teardown that fails, and a teardown after a failure" {
	yml "workloads: [{name: w, command: touch ran, setup: echo oops; exit 1, runs: 1}]"
	bench 4
	grep -q 'FAILED: its setup: exit status 1' out
	grep -q '| oops' out
	[ ! -e ran ]
	yml "workloads: [{name: w, command: 'true', teardown: exit 2, runs: 1}]"
	bench 4
	grep -q 'FAILED: its teardown: exit status 2' out
	yml "workloads: [{name: w, command: 'false', teardown: touch cleaned, runs: 1}]"
	bench 4
	grep -q 'FAILED: exit status 1' out
	[ -e cleaned ]
}

@test "an interrupt ends the workload, runs its teardown, and what was measured is written" {
	yml "workloads:" "  - name: w" "    warmup: 0" "    runs: 3" "    teardown: touch cleaned-\$(cat n)" \
		"    command: 'echo x >>n; [ -e second ] || { touch second; exit 0; }; echo \$\$ >pid; exec sleep 1000'"
	"$INTEGRATION/with-signals" "$PROFD" bench --no-profile >out 2>err </dev/null 3>&- &
	poll 60 test -s pid
	kill -INT $!
	local status=0
	wait $! || status=$?
	cat out err
	[ "$status" -eq 130 ]
	gone "$(cat pid)"
	[ "$(json profd-out/verdict.json workloads.0.runs)" = 1 ]
	ls cleaned-*
}

@test "hostile output: bounded, without control characters" {
	yml "workloads: [{name: w, runs: 1, warmup: 0, command: 'head -c 20000000 /dev/zero | tr \"\\\\0\" x; \
printf \"\\\\033[31m<b>\\\\377 end\"; exit 1'}]"
	bench 4
	grep -q '\[31m<b>' out
	lacks $'\033' out
	lacks $'\033' profd-out/verdict.json
	lacks $'\033' profd-out/log-*.txt
	holds "$(stat -c %s out) < 20000 and $(cat profd-out/log-*.txt | wc -c) < 1200000"
}

# --- what is measured -------------------------------------------------------------------------------

@test "max_rss is the workload's, however fat profd is" {
	cat >fat.c <<-'END'
	#define _GNU_SOURCE
	#include <errno.h>
	#include <stdlib.h>
	#include <string.h>
	static char *fat;
	__attribute__((constructor)) static void grow(void)
	{
		if (!strcmp(program_invocation_short_name, "profd") && (fat = malloc(300 << 20)))
			memset(fat, 1, 300 << 20);
	}
	END
	gcc -O0 -shared -fPIC -o fat.so fat.c
	bench 0 -n 3 -- /bin/true
	thin=$(metric max_rss head)
	LD_PRELOAD=$PWD/fat.so bench 0 -n 3 -- /bin/true
	fat=$(metric max_rss head)
	holds "abs($fat - $thin) < 2e6 and $fat < 20e6"
}

@test "CPU time of children, and of orphans, is in it" {
	cat >burn.py <<-'END'
	import time
	while time.process_time() < 0.2:
	    pass
	END
	mkfifo f
	bench 0 -n 1 --warmup 0 -- sh -c "$PYTHON burn.py; ( ($PYTHON burn.py; echo >f) & ); read x <f"
	holds "$(metric cpu head) >= 0.4"
}

@test "what the program reports: units, statistics, derived metrics" {
	cat >report.py <<-'END'
	import json, os
	out = open(os.environ["PROFD_METRICS"], "a")
	for v in (1, 2, 3, 4, 100):
	    print(json.dumps({"name": "latency", "value": v, "unit": "ms"}), file=out)
	    print(json.dumps({"name": "worst", "value": v, "unit": "ms"}), file=out)
	print('{"name": "python_s", "value": 5}\n\n{"name": "rust_s", "value": 2}', file=out)
	print(json.dumps({"name": "items", "value": 12, "unit": "items", "direction": "bigger"}), file=out)
	print(json.dumps({"name": "not asked for", "value": 1}), file=out)
	END
	yml "workloads:" "  - name: w" "    command: [$PYTHON, report.py]" "    runs: 2" "    metrics:" \
		"      latency: {from: program}" "      worst: {from: program, stat: max, budget: '<= 50ms'}" \
		"      overhead: {expr: 'python_s - rust_s'}" \
		"      items: {from: program, unit: items, direction: bigger}"
	bench 1
	[ "$(metric latency head) $(metric latency unit)" = "0.003 s" ]
	[ "$(metric worst head)" = 0.1 ]
	[ "$(metric overhead head)" = 3 ]
	[ "$(metric items head) $(metric items unit) $(metric items direction)" = "12 items bigger" ]
	grep -q 'OVER BUDGET: max 100.0 ms > 50 ms, by 100.0 %' out
}

@test "what the program reports and should not: the line is told" {
	yml "workloads:" "  - name: w" "    command: [cp, lines, does-not-matter]" "    warmup: 0" "    runs: 1" \
		"    metrics: {x: {from: program, unit: ms}}"
	sed -i "s/command: .*/command: 'cat lines >\$PROFD_METRICS'/" .profd.yml
	local line sentence
	while IFS='|' read -r line sentence; do
		printf '{"name": "x", "value": 1}\n%s\n' "$line" >lines
		bench 4
		grep -qF "PROFD_METRICS, line 2: $sentence" out
	done <<-'END'
	{"name": "x", "value": 1|not JSON: column
	[1]|an object with a 'name' and a 'value' was expected
	{"name": "x"}|'x' has no 'value' that is a number
	{"name": "x", "value": "1"}|'x' has no 'value' that is a number
	{"name": 1, "value": 1}|'name' has to be a text
	{"name": "x", "value": 1, "unit": "MB"}|the unit of 'x' is 'MB' here, and .profd.yml expects 'ms'
	{"name": "x", "value": 1, "direction": "bigger"}|of 'x' bigger is better here, and smaller in .profd.yml
	{"name": "x", "value": 1, "direction": "up"}|the direction of 'x' has to be 'smaller' or 'bigger'
	END
	: >lines
	bench 4
	grep -q "'x' is not among what it wrote into PROFD_METRICS" out
}

@test "budgets: exit status by policy and mode, limits by strictness" {
	local policy want=1
	for policy in fail warn off; do
		yml "workloads:" "  - name: w" "    command: exec $PYTHON -c 'x = bytearray(1)'" "    runs: 1" \
			"    metrics: {max_rss: {budget: '<= 64KB', policy: $policy}}"
		bench $want
		want=0
		grep -q 'OVER BUDGET: .* > 64 KB' out
		[ "$(metric max_rss budget.exceeded)" = true ]
	done
	sed -i 's/policy: off/policy: fail/; 1a mode: observe' .profd.yml
	bench 0
	cat >burn.py <<-'END'
	import time
	while time.process_time() < 0.15:
	    pass
	END
	yml "workloads: [{name: w, command: [$PYTHON, burn.py], runs: 1, metrics: {cpu: {budget: '<= 100ms'}}}]"
	bench 1
	[ "$(metric cpu budget.multiplier)" = 1 ]
	CI=true bench 1 --strictness default
	CI=true bench 0 --strictness 100
	grep -q 'within .* <= 10.* s (<= 100ms x 100)' out
	CI=true bench 1 --strictness strict
	[ "$(metric cpu budget.limit) $(metric cpu budget.multiplier)" = "0.05 0.5" ]
	[ "$(json profd-out/verdict.json strictness_from)" = --strictness ]
	bench 2 --strictness lax
}

@test "sizes of files, and one that is not there" {
	head -c 12345 /dev/zero >made
	yml "workloads: [{name: w, command: 'true', runs: 2, metrics: {size: {from: size, file: made}}}]"
	bench 0
	[ "$(metric size head) $(metric size unit) $(metric size exact)" = "12345 B true" ]
	rm made
	bench 4
	grep -q "no size of 'made' for 'size': No such file" out
}

@test "counters, and why one was not counted" {
	yml "workloads:" "  - name: w" "    command: ['true']" "    runs: 2" "    metrics:" \
		"      page_faults: {from: perf, event: page-faults}" "      cycles: {from: perf}" \
		"      task: {from: perf, event: task-clock}"
	bench 0
	if "$PROFD" record --stat=page-faults -q -o stat -- true; then
		holds "$(metric page_faults head) > 10 and 0 < $(metric task head) < 10"
		[ "$(metric task unit)" = s ]
	fi
	[ "$(metric cycles nvalues 2>/dev/null || metric cycles head)" != null ] ||
		grep -q '^counter cycles: unavailable: ' out
	yml "workloads: [{name: w, command: ['true'], metrics: {x: {from: perf, event: page-fautls}}}]"
	bench 2
	grep -q "the metric 'x': " err
}

@test "instructions from valgrind repeat exactly" {
	needs valgrind
	yml "workloads:" "  - name: w" "    command: [sh, -c, 'i=0; while [ \$i -lt {n} ]; do i=\$((i+1)); done']" \
		"    params: {n: [100, 1100]}" "    runs: 1" "    metrics: {cpu: , ins: {from: valgrind}}"
	bench 0
	[ "$(metric ins exact) $(metric ins pairs)" = "true 2" ]
	[ "$(metric ins exact 1)" = true ]
	holds "10000 < $(metric ins head) < $(metric ins head 1) < 100e6"
	grep -q '^  ins .* exact ' out
	first=$(metric ins head)
	bench 0 'w[100]'
	[ "$(metric ins head)" = "$first" ]
}

@test "what is said to be exact, and is not, is told" {
	yml "workloads:" "  - name: w" "    runs: 1" "    warmup: 0" "    metrics: {n: {from: program, exact: true}}" \
		"    command: 'echo x >>n; echo \"{\\\"name\\\": \\\"n\\\", \\\"value\\\": \$(wc -l <n)}\" >\$PROFD_METRICS'"
	bench 0
	[ "$(metric n exact)" = false ]
	grep -q 'said to be exact, and it did not repeat' out
}

# --- servers ----------------------------------------------------------------------------------------

# Each request costs the server 0.2 s of CPU time; $1 is where it listens.
server() {
	cat >server.py <<-'END'
	import os, socket, sys, time
	if len(sys.argv) > 1 and sys.argv[1] == "unix":
	    s = socket.socket(socket.AF_UNIX)
	    s.bind("sock")
	else:
	    s = socket.create_server(("127.0.0.1", 0))
	    with open("port.new", "w") as f:
	        f.write(str(s.getsockname()[1]))
	    os.rename("port.new", "port")
	s.listen()
	while True:
	    c, _ = s.accept()
	    data = c.recv(4)
	    if data == b"work":
	        end = time.process_time() + 0.2
	        while time.process_time() < end:
	            pass
	        c.sendall(b"done")
	    elif data == b"GET ":
	        c.recv(10000)
	        c.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")
	    elif data == b"quit":
	        sys.exit(0)
	    c.close()
	END
	cat >client.py <<-'END'
	import socket, sys
	for _ in range(int(sys.argv[1])):
	    if len(sys.argv) > 3:
	        c = socket.socket(socket.AF_UNIX)
	        c.connect("sock")
	    else:
	        c = socket.create_connection(("127.0.0.1", int(open("port").read())))
	    c.sendall(sys.argv[2].encode())
	    c.recv(4)
	END
}

@test "a server is what is measured, while the command drives it" {
	server
	yml "workloads:" "  - name: w" "    command: [$PYTHON, client.py, '3', work]" "    runs: 1" "    warmup: 0" \
		"    setup: rm -f port" "    server: {command: [$PYTHON, server.py], ready: [test, -s, port]}"
	bench 0
	holds "$(metric cpu head) >= 0.6"
	holds "$(metric wall head) >= 0.6"
	sed -i "s/'3', work/'3', none/" .profd.yml
	bench 0
	holds "$(metric cpu head) < 0.6"
}

@test "a server by a socket of its own, and by TCP" {
	server
	yml "workloads:" "  - name: w" "    command: [$PYTHON, client.py, '1', work, unix]" "    runs: 1" \
		"    setup: rm -f sock" "    server: {command: [$PYTHON, server.py, unix], ready: 'unix://$PWD/sock'}"
	bench 0
	holds "$(metric cpu head) >= 0.2"
	# One that runs already gives the port away, and answers for it.
	"$PYTHON" server.py 3>&- &
	poll 60 test -s port
	yml "workloads:" "  - name: w" "    command: ['true']" "    runs: 1" \
		"    server: {command: [sleep, '1000'], ready: 'tcp://127.0.0.1:$(cat port)'}"
	bench 0
	sed -i "s,tcp://127.0.0.1:.*',tcp://127.0.0.1:1'\, timeout: 100ms," .profd.yml
	bench 4
	grep -q "its server was not ready within 0.1 s: 'tcp://127.0.0.1:1': Connection refused" out
	"$PYTHON" client.py 1 quit
}

@test "a server that answers by HTTP" {
	[ -x "$BUILDDIR/profd-fetch" ] || skip "profd is built without libcurl"
	server
	"$PYTHON" server.py 3>&- &
	poll 60 test -s port
	yml "workloads:" "  - name: w" "    command: ['true']" "    runs: 1" \
		"    server: {command: [sleep, '1000'], ready: 'http://127.0.0.1:$(cat port)/health'}"
	bench 0
	"$PYTHON" client.py 1 quit
	wait
	sed -i "s,health',&\, timeout: 100ms," .profd.yml
	bench 4
	grep -q "its server was not ready within 0.1 s" out
}

@test "servers that end too early, or are not there" {
	server
	yml "workloads:" "  - name: w" "    command: ['true']" "    runs: 1" \
		"    server: {command: 'echo no luck; exit 7', ready: ['false']}"
	bench 4
	grep -q 'its server ended before it was ready: exit status 7' out
	grep -q '| no luck' out
	sed -i "s/command: 'echo.*7'/command: [.\/no-server]/" .profd.yml
	bench 4
	grep -q "its server ended before it was ready: cannot run './no-server': not found" out
	yml "workloads:" "  - name: w" "    command: [sh, -c, '$PYTHON client.py 1 quit; sleep 1000']" "    runs: 1" \
		"    setup: rm -f port" "    server: {command: [$PYTHON, server.py], ready: [test, -s, port]}"
	bench 4
	grep -q 'its server ended too early: exit status 0' out
}

@test "a server that does not end is killed, and told" {
	yml "workloads:" "  - name: w" "    command: ['true']" "    runs: 1" "    warmup: 0" \
		"    server: {command: 'trap \"\" TERM; touch up; while :; do sleep 1000; done', ready: [test, -e, up]}"
	bench 4
	grep -q 'its server, asked to end: killed by SIGKILL' out
}

# --- isolation --------------------------------------------------------------------------------------

@test "CPUs and priority: applied, or why not" {
	bench 0 -n 1 --nice 3 -- sh -c 'cut -d" " -f19 /proc/$$/stat >nice'
	[ "$(cat nice)" = 3 ]
	cpu=$(taskset -cp $$ | sed 's/.*[^0-9]//')
	bench 0 -n 1 --pin="$cpu" -- sh -c 'taskset -cp $$ >cpus'
	grep -q ": $cpu\$" cpus
	[ "$(json profd-out/verdict.json isolation | grep -c 'CPU pinning')" = 1 ]
	bench 0 -n 1 --pin -- true
	bench 2 --pin=1000 -- true
	grep -q 'not all of the CPUs 1000 may be used here' err
	bench 2 --pin=a-b -- true
	grep -q "'a-b' is no list of CPUs" err
}

# What the workload sees of it: one process, its busy threads, their priority.
@test "--load: threads that are busy for as long as it measures, told and gone" {
	cat >look <<-'SH'
		for load in /proc/[0-9]*/comm; do
			[ "$(cat "$load" 2>/dev/null)" = profd-load ] || continue
			[ "$(awk '/^PPid/ { print $2 }' "${load%comm}status")" = "$1" ] || continue
			ls "${load%comm}task" | wc -l >threads
			awk '{ print $19 }' "${load%comm}stat" >nice
			ls "${load%comm}fd" | wc -l >files
			echo "${load%/comm}" >where
		done
	SH
	"$PROFD" bench -n 2 --load 3:5 --no-profile -- sh -c 'sh ./look "$(awk "/^PPid/ { print \$2 }" /proc/$PPID/status)"' \
		>out 2>err || { cat out err; false; }
	[ "$(cat threads)" = 4 ]
	[ "$(cat nice)" = $(($(nice) + 5)) ]
	[ "$(cat files)" = 3 ]
	[ ! -e "$(cat where)" ]
	[ "$(json profd-out/verdict.json environment.load_threads)" = 3 ]
	[ "$(json profd-out/verdict.json environment.load_nice)" = 5 ]
	grep -q 'Load that was asked for: 3 busy threads, nice 5' profd-out/summary.md
	bench 0 -n 1 -- true
	[ "$(json profd-out/verdict.json environment.load_threads)" = 0 ]
	for wrong in 0 1025 4:20 4: x 4:-1; do
		bench 2 --load "$wrong" -- true
		grep -q -- "--load wants threads and their nice, 4 or 4:10, not '$wrong'" err
	done
}

@test "nobody: all of it works, and a higher priority is told to be unavailable" {
	needs_root
	needs setpriv
	open_place
	cp "$BUILDDIR/profd-helper" "$OPEN/"
	cd "$OPEN/box"
	status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups "$OPEN/profd" bench -n 2 --nice -5 --no-profile -- \
		/bin/true >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/out"
	cd "$BATS_TEST_TMPDIR"
	close_place
	[ "$status" -eq 0 ]
	grep -q '^true: 2 runs' out
	grep -q 'priority: unavailable: this user may not set nice -5' out
}
