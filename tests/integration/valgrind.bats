#!/usr/bin/env bats
# The whole program under valgrind: no invalid access, nothing leaked. It is slow there and loses
# samples, which is not what this is about.

load lib

setup() {
	command -v valgrind >/dev/null || skip "valgrind is not installed"
	cd "$BATS_TEST_TMPDIR"
}

# clean COMMAND...: valgrind finds nothing; a program built with sanitizers cannot run in it.
clean() {
	! grep -aq __asan_init "$PROFD" || skip "this profd is built with AddressSanitizer"
	run valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
		--child-silent-after-fork=yes "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "valgrind: record of a program with threads and inlined functions" {
	build phases ../../share/workloads/phases.c -pthread
	clean "$PROFD" record -q -o out -- "$program"
	[ -s out/run.json ]
}

@test "valgrind: record of many processes, of stripped programs" {
	clean "$PROFD" record -q -o out -- sh -c 'for i in 1 2 3 4 5; do ls / | sort | tail -n 1; done'
	[ -s out/run.json ]
}

@test "valgrind: record of a command that does not exist" {
	local status=0
	valgrind -q --error-exitcode=99 --leak-check=full "$PROFD" record -q -o out -- no-such-command || status=$?
	[ "$status" -eq 127 ]
}

@test "valgrind: top" {
	"$TEST_TOOLS/oracle/gen-profile" hostile pprof >hostile.pb.gz
	clean "$PROFD" top hostile.pb.gz
}

@test "valgrind: bench of a server, metrics and a failure" {
	! grep -aq __asan_init "$PROFD" || skip "this profd is built with AddressSanitizer"
	printf '%s\n' "profd: 1" "workloads:" "  - name: w" "    command: 'echo \"{\\\"name\\\": \\\"x\\\", \\\"value\\\": 1}\" >\$PROFD_METRICS'" \
		"    metrics: {x: {from: program, budget: '<= 2'}, cpu: , f: {from: perf, event: page-faults}}" \
		"    server: {command: [sleep, '1000'], ready: ['true']}" "    setup: echo setup" "    runs: 2" \
		"  - {name: bad, command: exit 3}" >.profd.yml
	run valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
		--child-silent-after-fork=yes "$PROFD" bench --no-profile
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output == *"w: 2 runs"* ]]
}
