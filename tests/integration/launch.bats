#!/usr/bin/env bats
# The workload must not notice profd: what it inherits, reads and writes is what it is without.

load lib

setup() {
	build probe probe.c
	cd "$BATS_TEST_TMPDIR"
}

# same_with_profd COMMAND...: COMMAND prints the same when profd starts it. Both write to a
# file: a descriptor's type is part of what is compared.
same_with_profd() {
	"$@" >plain.txt
	[ -s plain.txt ]
	via_profd "$@" >profd.txt
	diff -u plain.txt profd.txt
	[ -s out/run.json ]
}

via_profd() {
	"$PROFD" record -q --force -o out -- "$@"
}

@test "what a process inherits is the same" {
	same_with_profd "$program"
}

@test "blocked and ignored signals are the same" {
	"$INTEGRATION/with-signals" "$program" >plain.txt
	timeout --foreground -s KILL 60 "$INTEGRATION/with-signals" "$PROFD" record -q -o out -- "$program" \
		>profd.txt
	diff -u plain.txt profd.txt
	grep -q '^SigBlk:.*200$' plain.txt # the wrapper did its work
}

@test "limits are the same, also small ones" {
	(ulimit -n 256 && ulimit -s 4096 && ulimit -c 0 && ulimit -l 64 && ulimit -u 4000 &&
		same_with_profd "$program")
}

@test "niceness, umask and affinity are the same" {
	(umask 027 && same_with_profd nice -n 5 "$program")
	needs taskset
	same_with_profd taskset -c 0 "$program"
	# The artifacts' modes follow the umask as well.
	(umask 077 && via_profd true && [ "$(stat -c %a out/run.json)" = 600 ])
}

# Field 41 of proc_pid_stat(5) is a thread's scheduling policy, 0 being the usual one (sched(7)).
@test "profd may go first while it samples, the workload and names may not" {
	local first=0
	via_profd sh -c 'awk "{ print \$41 }" /proc/$$/stat; sleep 0.3
		cd /proc/$PPID/task && awk "{ print \$41 }" $PPID/stat [0-9]*/stat' >policies.txt
	[ "$(id -u)" != 0 ] || ! chrt -f 1 true || first=1
	# The workload; profd's first thread, twice; and the one for names, if it is there already.
	[ "$(sed -n 1p policies.txt)" = 0 ]
	[ "$(sed -n 2p policies.txt)" = "$first" ]
	[ "$(sed 1,3d policies.txt | grep -vcx 0)" = 0 ]
	# Another choice stays.
	needs chrt
	chrt -b 0 timeout 60 "$PROFD" record -q --force -o out -- \
		sh -c 'awk "{ print \$41 }" /proc/$PPID/stat' >batch.txt
	[ "$(cat batch.txt)" = 3 ]
}

@test "extra descriptors are handed on, none is added" {
	same_with_profd "$program" 7</dev/null 9>extra.txt
}

@test "closed stdin" {
	"$program" <&- >plain.txt
	via_profd "$program" <&- >profd.txt
	diff -u plain.txt profd.txt
	whole_artifacts out
}

@test "closed stdin, stdout and stderr" {
	via_profd sh -c 'exec >seen.txt; ls -l /proc/self/fd | grep -c profd' <&- >&- 2>&- || :
	whole_artifacts out
	[ "$(cat seen.txt)" = 0 ]
	# Without -q there are lines for stderr: they must not end in a file of profd's.
	"$PROFD" record --force -o out -- true <&- >&- 2>&-
	whole_artifacts out
}

@test "stdin reaches the workload, binary and whole" {
	head -c 3000000 "$(gcc -print-prog-name=cc1)" >data
	via_profd cat <data | cmp - data
	cat data | via_profd cat | cmp - data
}

@test "the workload's input is not read ahead" {
	printf 'one\ntwo\nthree\n' >lines
	{
		via_profd sh -c 'read -r line; echo "$line"' >first
		cat >rest
	} <lines
	[ "$(cat first)" = one ]
	[ "$(cat rest)" = "$(printf 'two\nthree')" ]
}

@test "stdout is the workload's alone, stderr is left as it is" {
	"$PROFD" record -o out -- sh -c 'printf out; printf err >&2' >stdout 2>stderr
	[ "$(cat stdout)" = out ]
	grep -q err stderr
	grep -q profd stderr # its own line
	via_profd sh -c 'printf out; printf err >&2' >stdout 2>stderr
	[ "$(cat stdout)" = out ]
	[ "$(cat stderr)" = err ]
}

@test "no progress, no colours and no control characters away from a terminal" {
	"$PROFD" record -o out -- sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done' 2>stderr
	if LC_ALL=C grep -n '[[:cntrl:]]' stderr; then
		fail "control characters"
	fi
}

@test "terminal and foreground job" {
	"$INTEGRATION/pty-run" -- "$program" tty >plain.txt
	"$INTEGRATION/pty-run" -- "$PROFD" record -q -o out -- "$program" tty >profd.txt
	diff -u plain.txt profd.txt
	grep -q 'foreground yes' profd.txt
	whole_artifacts out
}

@test "a shell's job control works" {
	# An interactive shell puts profd and its workload into a job of their own; the workload
	# reads from the terminal, which only a foreground job may. What is typed has to wait until it
	# does: before, the shell may have switched the echo off.
	"$INTEGRATION/pty-run" 'prompt>' \
		"$PROFD record -q -o out -- sh -c 'printf rea; echo dy; exec cat'\\n" \
		'ready' 'hello there\n' \
		'hello there' '\x04' 'prompt>' 'echo status=$?; exit\n' -- \
		env PS1='prompt>' bash --norc --noprofile -i >seen.txt
	cat seen.txt
	[ "$(grep -c 'hello there' seen.txt)" -ge 2 ] # the echo and cat's copy
	grep -q 'status=0' seen.txt
	whole_artifacts out
}

@test "arguments, also strange ones, are handed on" {
	local strange=(-- -o '' ' a  b' $'new\nline' '$HOME' "it's" $'\xff\xfe' --help)
	printf '<%s>' "${strange[@]}" >plain.txt
	via_profd printf '<%s>' "${strange[@]}" >profd.txt
	cmp plain.txt profd.txt
	whole_artifacts out # run.json holds the command: valid UTF-8 all the same
}

@test "a workload in another directory, with a relative path" {
	mkdir sub
	printf '#!/bin/sh\npwd\n' >sub/script
	chmod +x sub/script
	[ "$(via_profd sub/script)" = "$PWD" ]
	[ "$(cd sub && "$PROFD" record -q -o ../out2 -- ./script)" = "$PWD/sub" ]
	whole_artifacts out2
}

@test "a script without #! runs as it does from a shell" {
	printf 'echo plain script\n' >script
	chmod +x script
	[ "$(via_profd ./script)" = "plain script" ]
}

@test "perf_event_open and ptrace denied: the workload runs all the same, and it is said" {
	local status=0
	"$INTEGRATION/deny-perf" "$SRCDIR/tests/fault/deny" ptrace EPERM \
		"$PROFD" record -o out -- sh -c 'echo alive; exit 6' >stdout \
		2>stderr || status=$?
	cat stderr
	[ "$status" -eq 6 ] || fail "status $status"
	[ "$(cat stdout)" = alive ]
	grep -qi 'perf_event_open\|not permitted\|denied' stderr
}

@test "perf_event_open and ptrace denied, --require-profile: 125, and the workload does not run" {
	local status=0
	"$INTEGRATION/deny-perf" "$SRCDIR/tests/fault/deny" ptrace EPERM \
		"$PROFD" record --require-profile -o out -- touch ran 2>stderr || status=$?
	cat stderr
	[ "$status" -eq 125 ]
	[ ! -e ran ]
}
