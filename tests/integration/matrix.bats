#!/usr/bin/env bats
# Every kind of user, permission, profile and program: {root, nobody} x {perf_event_open allowed, denied} x
# {cpu, wall} x {dynamic, static, threads, fork storm, shell, python3}. In each cell 99 % of the stacks
# reach their root, 95 % of the time was sampled, nothing is lost, totals are true, and the program is none
# the wiser. check-cell has the rules; what a kernel does not let anybody see is in the table below.

load lib

# USER PERF KIND PROGRAM RULE BOUND and why; a * is any. Nothing else may fall short of a rule. The fork
# storm's short processes live for half a millisecond, half of a sampling period.
EXCEPTIONS='
nobody allowed * forks coverage 65 an inherited event begins a full period in each process
* denied * forks coverage 65 between two looks short processes come and go
root allowed wall forks on-sampled 75 half of the short processes have no sample to take their time
nobody allowed wall forks on-sampled 65 no short process has a sample to take its time
root allowed wall forks queue-known 85 who ends has no next stack for the time of a switch without one
nobody allowed wall * queue-known 0 the kernel samples no switches for ordinary users
nobody allowed wall forks off-known 75 nobody comes to read the stack of so short a wait from outside
* denied wall * queue-known 0 who waits for a CPU does not stand still to be read
* denied wall forks off-known 65 short processes come and go, and so do the waits for them
* denied wall forks on-sampled 70 short processes come and go
nobody allowed wall python3 off-complete 90 in a page fault rbp is not told, and the linker needs it
nobody allowed wall shell off-complete 95 the same, in each sleep
* denied wall shell off-complete 95 the same, in each sleep
* denied wall python3 off-complete 90 the same
'

PROGRAMS="dynamic static threads forks shell python3"

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	paranoid_on
	open_place
	cp "$INTEGRATION/deny-perf" "$WORKLOADS/busy.py" "$OPEN/"
	chmod 755 "$OPEN/deny-perf" "$OPEN/busy.py"
	built shares shares.c
	built shares-static shares.c -static
	built threads threads.c -pthread
	built brief brief.c -pthread
	built waits waits.c -pthread
	built waits-static waits.c -pthread -static
	"$OPEN/shares" 1 >"$OPEN/shares.said"
	"$OPEN/threads" 1 >"$OPEN/threads.said"
}

teardown_file() {
	[ "$(id -u)" = 0 ] || return 0
	paranoid_back
	close_place
}

setup() {
	needs_root
	needs setpriv
}

# The fork storm is one of processes that no sampling of processes sees, and of such as it must see. The
# shell and python3 work and sleep in turns, whoever looks at which.
storm='"$0" processes 200 500; "$0" processes 30 12000; echo stormed; exit 3'
script='i=0
while [ $i -lt 400000 ]; do
	i=$((i + 1))
	case $i in
	*00000) sleep 0.05 ;;
	esac
done
echo $i
exit 7'
python='
import runpy, sys, time
path, sys.argv[1:] = sys.argv[1], ["30"]
for _ in range(10):
    runpy.run_path(path, run_name="__main__")
    time.sleep(0.04)
sys.exit(5)'

# words KIND PROGRAM: sets ${words[@]} to its command, and $leaves to the status that it has to end with.
words() {
	leaves=0
	case $1-$2 in
	*-forks) words=(sh -c "$storm" "$OPEN/brief") leaves=3 ;;
	*-shell) words=(sh -c "$script") leaves=7 ;;
	*-python3) words=("$PYTHON" -c "$python" "$OPEN/busy.py") leaves=5 ;;
	cpu-dynamic) words=("$OPEN/shares" 420) ;;
	cpu-static) words=("$OPEN/shares-static" 420) ;;
	cpu-threads) words=("$OPEN/threads" 450) ;;
	wall-dynamic) words=("$OPEN/waits" mixed 1 40) ;;
	wall-static) words=("$OPEN/waits-static" mixed 1 40) ;;
	wall-threads) words=("$OPEN/waits" mixed 4 20) ;;
	esac
}

# said KIND PROGRAM: the last recording's program said what it says.
said() {
	case $1-$2 in
	*-forks) [ "$(cat "$dir.out")" = stormed ] ;;
	*-shell) [ "$(cat "$dir.out")" = 400000 ] ;;
	*-python3) [ "$(wc -l <"$dir.out")" = 10 ] && [ "$(sort -u "$dir.out")" = "$python_says" ] ;;
	cpu-threads) cmp "$OPEN/threads.said" "$dir.out" ;;
	cpu-*) cmp "$OPEN/shares.said" "$dir.out" ;;
	wall-threads) [ "$(grep -c '^waits-[0-3] [0-9 ]* sleep=[0-9]*$' "$dir.out")" = 4 ] ;;
	wall-*) grep -q '^waits-0 [0-9 ]* sleep=[0-9]*$' "$dir.out" ;;
	esac
}

# profiled USER PERF KIND PROGRAM: sets $dir and $status. A recording that lost samples to other programs
# is made again, as lib's record does.
profiled() {
	local options command before=() with=(-q) _
	[ "$1" = root ] || before+=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	[ "$2" = allowed ] || before+=("$OPEN/deny-perf")
	[ "$3" = cpu ] || with+=(--wall)
	words "$3" "$4"
	for _ in 1 2 3; do
		record_words "$OPEN/box/$1-$2-$3-$4" "${with[@]}" -- "${words[@]}"
		# shellcheck disable=SC2034 # for disturbed
		busy_before=$(busy_ticks)
		(cd "$OPEN/box" && exec "${before[@]}" "$OPEN/profd" record --annotate -F 999 -o "$dir" \
			"${options[@]}" -- "${command[@]}") >"$BATS_TEST_TMPDIR/out" \
			2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		cp "$BATS_TEST_TMPDIR/out" "$dir.out"
		disturbed || return 0
		echo "samples were lost while other programs ran: once more"
	done
}

# excepted USER PERF KIND PROGRAM: adds to ${bounds[@]}.
excepted() {
	local user perf kind program rule bound reason
	while read -r user perf kind program rule bound reason; do
		# The table's words are patterns.
		# shellcheck disable=SC2053
		[[ $1 == $user && $2 == $perf && $3 == $kind && $4 == $program ]] || continue
		bounds+=("$rule=$bound")
		echo "an exception, $rule $bound: $reason"
	done < <(grep . <<<"$EXCEPTIONS")
}

# cell USER PERF KIND PROGRAM: records and judges, once more where nothing but time is missing.
cell() {
	local code _
	for _ in 1 2 3; do
		code=0
		try "$@" || code=$?
		[ $code -eq 2 ] || return $code
		echo "too little was sampled, as when the machine is stopped: once more"
	done
	return 1
}

# try USER PERF KIND PROGRAM: says what is wrong. Of errors within, those count that are returned: the
# callers ask for the status.
try() {
	local wall=() bounds=() engine=perf
	profiled "$@" || return
	[ "$status" = "$leaves" ] || fail "the status is $status, not $leaves" || return
	said "$3" "$4" || fail "it said:" "$(cat "$dir.out")" || return
	[ "$2" = allowed ] || engine=ptrace
	case $3-$2-$1 in
	wall-allowed-root) wall=(--wall switch-samples) ;;
	wall-allowed-nobody) wall=(--wall switch-records) ;;
	wall-denied-*) wall=(--wall schedstat) ;;
	esac
	excepted "$@"
	"$INTEGRATION/check-cell" --engine "$engine" "${wall[@]}" --elf "$(command -v sh)" --elf "$PYTHON" \
		"$dir" "${bounds[@]}" || return
	[ ! -s "$BATS_TEST_TMPDIR/err" ] || fail "something was written to stderr"
}

# row USER PERF KIND: all of its cells, whatever becomes of the first.
row() {
	local program bad=()
	python_says=$("$PYTHON" "$OPEN/busy.py" 30)
	for program in $PROGRAMS; do
		echo "--- $1, perf $2, $3, $program"
		cell "$@" "$program" || bad+=("$program")
	done
	[ ${#bad[@]} -eq 0 ] || fail "$1, perf $2, $3: ${bad[*]}"
}

@test "root, perf allowed, cpu" {
	row root allowed cpu
}

@test "root, perf allowed, wall" {
	row root allowed wall
}

@test "root, perf denied, cpu" {
	row root denied cpu
}

@test "root, perf denied, wall" {
	row root denied wall
}

@test "nobody, perf allowed, cpu" {
	row nobody allowed cpu
}

@test "nobody, perf allowed, wall" {
	row nobody allowed wall
}

@test "nobody, perf denied, cpu" {
	row nobody denied cpu
}

@test "nobody, perf denied, wall" {
	row nobody denied wall
}
