#!/usr/bin/env bats
# Exit statuses, and what is refused before the workload runs.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# ends STATUS [OPTION...] -- COMMAND...: profd ends with STATUS.
ends() {
	local want=$1 status=0
	shift
	"$PROFD" record -q --force -o out "$@" 2>stderr || status=$?
	cat stderr
	[ "$status" -eq "$want" ] || fail "status $status, not $want"
}

# refuses [WORD...] -- ARGUMENT...: 125, a sentence on stderr with the word, and no workload.
refuses() {
	local status=0 words=()
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	rm -f ran
	"$PROFD" record "$@" 2>stderr || status=$?
	cat stderr
	[ "$status" -eq 125 ] || fail "status $status, not 125"
	[ -s stderr ]
	[ ! -e ran ] || fail "the workload ran"
	local word
	for word in "${words[@]}"; do
		grep -q -e "$word" stderr
	done
}

# how_it_ended COMMAND...: prints how the kernel says that it ended: "exit 3", "signal 11", and
# " core" behind it when it dumped one.
how_it_ended() {
	"$PYTHON" - "$@" <<-'END'
	import os, signal, sys
	pid = os.fork()
	if pid == 0:
	    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the interpreter ignores it
	    os.execvp(sys.argv[1], sys.argv[1:])
	status = os.waitpid(pid, 0)[1]
	print(f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else
	      f"exit {os.WEXITSTATUS(status)}", end=" core\n" if os.WCOREDUMP(status) else "\n")
	END
}

@test "the workload's own status" {
	local status
	for status in 0 1 3 124 125 126 127 200 255; do
		ends "$status" -- sh -c "exit $status"
		whole_artifacts out
		[ "$(json out/run.json exit_status)" = "$status" ]
	done
}

@test "death by a signal is re-raised" {
	local signal
	ulimit -c unlimited # profd itself must not dump core on its way out all the same
	for signal in KILL SEGV TERM ABRT INT HUP QUIT PIPE USR1 FPE; do
		ends $((128 + $(kill -l $signal))) -- sh -c "kill -$signal \$\$"
		whole_artifacts out
		[ "$(how_it_ended "$PROFD" record -q --force -o out -- sh -c "kill -$signal \$\$")" = \
			"signal $(kill -l $signal)" ]
	done
}

@test "a real segmentation fault" {
	printf 'int main(void) { return *(volatile int *)8; }\n' >crash.c
	gcc -o crash crash.c
	ends 139 -- ./crash
	whole_artifacts out
}

@test "not found, not executable" {
	ends 127 -- ./no-such-command
	ends 127 -- no-such-command-in-path
	: >file
	chmod 644 file
	ends 126 -- ./file
	ends 126 -- .
	ends 126 -- ./file/below || ends 127 -- ./file/below
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	ends 127 -- ./script
	[ ! -e out ] # nothing ran: nothing is written
}

# exec(3): the standard places are searched then, and the current directory is none of them.
@test "without PATH a program of the current directory is not the command" {
	printf 'int main(void) { return 7; }\n' >wrong.c
	gcc -o true wrong.c
	run env -u PATH "$PROFD" record -q -o out -- true
	[ "$status" -eq 0 ]
}

@test "bad usage is 125 and the workload does not run" {
	refuses --
	refuses -- --
	refuses no-such-option -- --no-such-option -- touch ran
	refuses -- -F 0 -- touch ran
	refuses -- -F -5 -- touch ran
	refuses -- -F 12x -- touch ran
	refuses -- -F 99999999999999999999 -- touch ran
	refuses -- -F '' -- touch ran
	refuses no-such-event -- -e no-such-event -- touch ran
	refuses magic -- --unwind magic -- touch ran
	refuses -- --timeout never -- touch ran
	refuses -- --timeout -1 -- touch ran
	refuses -- -o '' -- touch ran
	refuses -- -o
}

@test "an unknown command of profd is refused" {
	local status=0
	"$PROFD" no-such-command 2>stderr || status=$?
	cat stderr
	[ "$status" -ne 0 ]
	[ -s stderr ]
	status=0
	"$PROFD" help no-such-command 2>stderr || status=$?
	cat stderr
	[ "$status" -eq 2 ]
	grep -q no-such-command stderr
}

@test "a directory that cannot be written is refused before the workload runs" {
	refuses /proc/nope -- -o /proc/nope -- touch ran
	: >file
	refuses file -- -o file -- touch ran
	refuses file -- -o file/below -- touch ran
	refuses -- -o /dev/null -- touch ran
	ln -s nowhere/at/all dangling
	refuses -- -o dangling -- touch ran
}

@test "a read-only directory is refused before the workload runs" {
	needs_root
	mkdir there
	unshare -m sh -c 'mount --bind there there && mount -o remount,ro,bind there &&
		cd there && ! "$PROFD" record -o there/x -- touch ../ran 2>../stderr &&
		! "$PROFD" record -o . -- touch ../ran 2>>../stderr'
	cat stderr
	[ ! -e ran ]
}

@test "a directory that holds results is refused without --force" {
	ends 0 -- true
	cp -a out before
	refuses out -- -o out -- touch ran
	grep -q -e --force stderr # the hint
	diff -r out before
	ends 0 -- true # with --force
	whole_artifacts out
}

@test "an existing empty directory is fine, and --force leaves foreign files alone" {
	mkdir -p out
	"$PROFD" record -q -o out -- true
	whole_artifacts out
	mkdir -p other
	echo mine >other/notes.txt
	"$PROFD" record -q --force -o other -- true
	[ "$(cat other/notes.txt)" = mine ]
	[ -s other/run.json ]
}

@test "missing parents of the directory are made" {
	"$PROFD" record -q -o a/b/c -- true
	whole_artifacts a/b/c
}

@test "without -o: profd-out, and the earlier one is moved, which a line says" {
	"$PROFD" record -- true 2>stderr
	whole_artifacts profd-out
	lacks profd-out.old stderr
	cp profd-out/run.json first.json
	"$PROFD" record -- true 2>stderr
	grep -q 'profd-out\.old' stderr
	whole_artifacts profd-out
	whole_artifacts profd-out.old
	cmp first.json profd-out.old/run.json
	"$PROFD" record -- true 2>stderr # a third time: the oldest goes
	whole_artifacts profd-out
	whole_artifacts profd-out.old
}

@test "--timeout is 124, and the workload is gone" {
	ends 124 --timeout 1 -- sh -c 'echo $$ >pid; exec sleep 1000'
	gone "$(cat pid)"
	whole_artifacts out
}

@test "--timeout and a workload that ignores SIGTERM, and its child" {
	local status=0
	timeout -s KILL 60 "$PROFD" record -q -o out --timeout 1 -- \
		sh -c 'trap "" TERM; echo $$ >pid; while :; do :; done' || status=$?
	[ "$status" -eq 124 ]
	gone "$(cat pid)"
	whole_artifacts out
	"$INTEGRATION/check-folded" --min 99 --elf "$(readlink -f /bin/sh)" out/cpu.folded ||
		"$INTEGRATION/check-folded" --min 0 --silent-cuts out/cpu.folded
}

@test "--timeout that does not come is the workload's status" {
	ends 5 --timeout 100 -- sh -c 'exit 5'
}

@test "the workload ends, its child does not: profd does not wait for it" {
	timeout 60 "$PROFD" record -o out -- sh -c 'sleep 1000 & echo $! >pid' 2>stderr >stdout 3>&-
	cat stderr
	kill "$(cat pid)" # it was left alone
	whole_artifacts out
}

@test "--version and --help end with 0 and go to stdout" {
	[ -n "$("$PROFD" --version)" ]
	[ -n "$("$PROFD" --help)" ]
	[ -n "$("$PROFD" record --help)" ]
	"$PROFD" --version >/dev/full && fail "a full disk was not noticed" || :
}

@test "a full disk: the workload's status stands, and it is said" {
	needs_root
	mkdir small
	unshare -m sh -c 'mount -t tmpfs -o size=16k none small &&
		"$PROFD" record -o small/out -- sh -c "exit 9" 2>stderr; echo $? >status; ls small/out >left'
	cat stderr left
	[ "$(cat status)" = 9 ]
	[ -s stderr ]
}

@test "options from the environment, and the command line wins" {
	cd "$BATS_TEST_TMPDIR"
	PROFD_OUTPUT=env-out PROFD_FREQUENCY=123 "$PROFD" record -q -- true
	[ "$(json env-out/run.json sampling.frequency_hz)" = 123 ]
	PROFD_OUTPUT=env-out PROFD_FREQUENCY=123 "$PROFD" record -q -o flag-out -F 321 -- true
	[ "$(json flag-out/run.json sampling.frequency_hz)" = 321 ]
	local status=0
	PROFD_FREQUENCY=often "$PROFD" record -q -- touch ran 2>err.txt || status=$?
	[ "$status" -eq 125 ]
	[ ! -e ran ]
	grep -q 'PROFD_FREQUENCY=often' err.txt
}

@test "profd top prints flat and cumulative" {
	build shares shares.c
	record shares -- "$program" 600
	"$PROFD" top "$dir/cpu.pb.gz" >top.txt
	cat top.txt
	grep -qi flat top.txt
	grep -qi cum top.txt
	# The heaviest function comes first; sorted by cumulative time it is the root.
	[ "$(grep -o 'load_[0-9]*' top.txt | head -n 1)" = load_30 ]
	"$PROFD" top --cum "$dir/cpu.pb.gz" >cum.txt
	grep -n 'main$\|main ' cum.txt
	[ "$(grep -n -m 1 '_start' cum.txt | cut -d: -f1)" -lt \
		"$(grep -n -m 1 'load_30' cum.txt | cut -d: -f1)" ]
	# -n limits the rows.
	[ "$("$PROFD" top -n 3 "$dir/cpu.pb.gz" | grep -c load_)" -le 3 ]
}

@test "profd top on what is not a profile" {
	local status=0
	echo "this is not a profile" >text
	"$PROFD" top text 2>stderr >stdout || status=$?
	cat stderr stdout
	[ "$status" -ne 0 ]
	[ -s stderr ]
	status=0
	"$PROFD" top no-such-file 2>stderr || status=$?
	[ "$status" -ne 0 ]
	grep -q no-such-file stderr
}
