# Shared by the recordings' tests. The runner exports PROFD (the program), SRCDIR, BUILDDIR and
# TEST_TOOLS; a test run by hand needs PROFD alone.

: "${PROFD:?the path of the profd to be tested}"
SRCDIR=${SRCDIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
BUILDDIR=${BUILDDIR:-$(dirname "$PROFD")}
PROFD=$(realpath "$PROFD")
WORKLOADS=$SRCDIR/tests/workloads
INTEGRATION=$SRCDIR/tests/integration
PYTHON=/usr/bin/python3 # not a version manager's wrapper script
LC_ALL=C.UTF-8
export PROFD SRCDIR BUILDDIR LC_ALL
unset CI PROFD_EVENT PROFD_OUTPUT

ARTIFACTS="cpu.folded cpu.pb.gz cpu.svg index.html run.json summary.md"

fail() {
	printf '%s\n' "$@"
	return 1
}

# build NAME SOURCE [FLAG...]: compiles a workload once a file and sets $program.
build() {
	local name=$1 source=$2 compiler=gcc
	shift 2
	program=$BATS_FILE_TMPDIR/$name
	[ -e "$program" ] && return
	case $source in *.cc) compiler=g++ ;; esac
	"$compiler" -O2 -g -o "$program" "$WORKLOADS/$source" "$@"
}

# record NAME [OPTION...] -- COMMAND...: profiles and keeps what was said; sets $dir and
# $status. The profile is in $dir, the workload's output in $dir.out, both programs' errors in
# $dir.err. On a machine that other programs keep busy profd may not run in time to empty its
# buffers: a recording that lost samples there, and only there, is made again.
record() {
	local _
	for _ in 1 2 3; do
		record_once "$@"
		disturbed || return 0
		echo "samples were lost while other programs ran: recording $1 again"
	done
}

# record_words FOLDER [OPTION...] -- COMMAND...: sets $dir, $options and $command, and $status to 0.
record_words() {
	dir=$1
	shift
	options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	command=("$@")
	status=0
	rm -rf "$dir"
}

# As record, for commands that cannot run twice.
record_once() {
	local options command
	record_words "$BATS_TEST_TMPDIR/$1.profile" "${@:2}"
	busy_before=$(busy_ticks)
	"$PROFD" record -q --annotate -F 999 -o "$dir" "${options[@]}" -- "${command[@]}" \
		>"$dir.out" 2>"$dir.err" </dev/null 3>&- || status=$?
}

# --- as nobody -------------------------------------------------------------------------------------

# open_place: sets $OPEN, a directory that everybody may enter, as BATS's are not: with profd in it, and a
# box that everybody may write into. close_place removes it. Both are for a whole file.
open_place() {
	OPEN=$(mktemp -d /tmp/profd-test.XXXXXX)
	export OPEN
	chmod 755 "$OPEN"
	cp "$PROFD" "$OPEN/profd"
	mkdir -m 777 "$OPEN/box"
}

close_place() {
	rm -rf "$OPEN"
}

# paranoid_on: ordinary users may sample their own processes' user side, and no more; paranoid_back: what
# the setting was before. Both are for a whole file.
paranoid_on() {
	cat /proc/sys/kernel/perf_event_paranoid >"$BATS_FILE_TMPDIR/paranoid"
	echo 2 >/proc/sys/kernel/perf_event_paranoid
}

paranoid_back() {
	cat "$BATS_FILE_TMPDIR/paranoid" >/proc/sys/kernel/perf_event_paranoid
}

# built NAME SOURCE [FLAG...]: as build, where everybody may run it.
built() {
	build "$@"
	cp -u "$program" "$OPEN/"
	program=$OPEN/$1
	chmod 755 "$program"
}

# nobody_record FOLDER [OPTION...] -- COMMAND...: as record_once, without any privilege, into $OPEN/box.
nobody_record() {
	local options command
	record_words "$OPEN/box/$1" "${@:2}"
	busy_before=$(busy_ticks)
	(cd "$OPEN/box" && setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$OPEN/profd" record --annotate -F 999 -o "$dir" "${options[@]}" -- "${command[@]}") \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- || status=$?
	cp "$BATS_TEST_TMPDIR/out" "$dir.out"
}

# The time that all CPUs were in use, in 1/100 s.
busy_ticks() {
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

# disturbed: the last recording lost samples, and programs other than the recorded ones and profd
# used more than a quarter of a CPU meanwhile.
disturbed() {
	[ -s "$dir/run.json" ] && "$PYTHON" - "$dir/run.json" $(($(busy_ticks) - busy_before)) <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1], encoding="utf-8"))
	own = run["rusage"]["user_s"] + run["rusage"]["system_s"] + run["profd"]["cpu_s"]
	others = int(sys.argv[2]) / 100 - own
	sys.exit(not (run["quality"]["lost"] and others > 0.25 * run["wall_s"]))
	END
}

# The time that the host took of all CPUs, in 1/100 s.
stolen_ticks() {
	awk '/^cpu / { print $9 }' /proc/stat
}

# crowded: other programs or the host took more than a tenth of the CPUs' time during the last recording of an
# attach. A thread that is to be stopped then waits for a CPU, as profd does, and is met later.
crowded() {
	"$PYTHON" - "$dir/run.json" "$busy_during" "$stolen_during" <<-'END'
	import json, os, sys
	run = json.load(open(sys.argv[1], encoding="utf-8"))
	own = (run["quality"]["counted_ns"] or 0) / 1e9 + run["profd"]["cpu_s"]
	others = (int(sys.argv[2]) + int(sys.argv[3])) / 100 - own
	print(f"others and the host: {others:.2f} s of {os.cpu_count()} x {run['wall_s']:.2f} s")
	sys.exit(not others > 0.1 * os.cpu_count() * run["wall_s"])
	END
}

# json FILE KEY.KEY...: one value; strings as they are.
json() {
	"$PYTHON" - "$@" <<-'END'
	import json, sys
	value = json.load(open(sys.argv[1], encoding="utf-8"))
	for key in sys.argv[2].split("."):
	    value = value[int(key) if isinstance(value, list) else key]
	print(value if isinstance(value, str) else json.dumps(value))
	END
}

# verify [check-folded's OPTION...]: the recording went well, lost nothing, and shows what the
# workload said that it must show, or else what the options say. run.json's own completeness must
# agree with the one counted from the stacks.
verify() {
	local lost counted
	cat "$dir.err"
	[ "$status" -eq 0 ] || fail "status $status"
	[ ! -s "$dir.err" ] || fail "something was written to stderr"
	lost=$(json "$dir/run.json" quality.lost)
	[ "$lost" = 0 ] || fail "$lost samples lost"
	counted=$(json "$dir/run.json" quality.samples)
	# Samples by ptrace weigh more or less, as the time between two looks; and threads that run for less
	# than a millisecond at a time are met a little late: profd-record(1).
	if [ "$(json "$dir/run.json" engine)" = ptrace ]; then
		counted=$((counted / 3 + 1))
		[ -z "${busy_during-}" ] || ! crowded || counted=$((counted / 9 + 1))
	fi
	set -- --samples "$counted" "$@"
	if grep -q '^EXPECT ' "$dir.out"; then
		set -- --expect "$dir.out" "$@"
	elif [[ "$*" != *--line* && "$*" != *--absent* ]]; then
		fail "nothing is expected of it"
	fi
	"$INTEGRATION/check-folded" "$@" "$dir/cpu.folded"
	counted=$("$INTEGRATION/check-folded" --print-complete "$@" "$dir/cpu.folded")
	"$PYTHON" - "$counted" "$(json "$dir/run.json" quality.complete)" <<-'END'
	import sys
	counted, stated = float(sys.argv[1]), 100 * float(sys.argv[2])
	print(f"whole: {counted:.3f} % counted, {stated:.3f} % stated")
	sys.exit(stated > counted + 0.5)
	END
}

# whole_artifacts DIR: every artifact is there and complete, and nothing else is.
whole_artifacts() {
	local found
	found=$(cd "$1" && echo *)
	[ "$found" = "$ARTIFACTS" ] || fail "in $1: $found"
	readable_artifacts "$1"
}

# readable_artifacts DIR: what is there is complete.
readable_artifacts() {
	local file
	for file in "$1"/*; do
		[ -e "$file" ] || continue
		case $file in
		*.gz) gzip -t "$file" ;;
		*.json) "$PYTHON" -m json.tool "$file" >/dev/null ;;
		*.svg) tail -n 1 "$file" | grep -q '</svg>$' ;;
		*.html) tail -n 1 "$file" | grep -q '</html>$' ;;
		*.folded) [ -z "$(tail -c 1 "$file")" ] ;; # no sample, no line
		*.md) [ -s "$file" ] && [ -z "$(tail -c 1 "$file")" ] ;;
		*) fail "unknown file $file" ;;
		esac || fail "$file is not complete"
	done
}

# poll SECONDS COMMAND...: waits until the command succeeds; fails when it does not in that
# time.
poll() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || fail "not within the time: $*" || return
		sleep 0.02
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# needs PROGRAM...: skips the test, with the reason, where one is not installed.
needs() {
	local name
	for name; do
		command -v "$name" >/dev/null || skip "$name is not installed"
	done
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# lacks PATTERN FILE: no line matches. (A plain `! grep` does not fail a bats test.)
lacks() {
	if grep -e "$1" "$2"; then
		fail "$2 holds $1"
	fi
}

# enter_group: the test, and all that it starts, is in a control group of its own from here on,
# $HOME_GROUP, so that no other profd's groups are seen in it. Fails where none can be made.
enter_group() {
	local mount own
	mount=$(awk '$9 == "cgroup2" || $10 == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	[ -n "$mount" ] && mkdir "$mount$own/test-$$-$BATS_TEST_NUMBER" || return
	HOME_GROUP=$mount$own/test-$$-$BATS_TEST_NUMBER
	PARENT_GROUP=$mount$own
	echo "$BASHPID" >"$HOME_GROUP/cgroup.procs"
}

# leave_group, to be polled: whoever is left goes back, and the group is removed.
leave_group() {
	local pid
	for pid in $(cat "$HOME_GROUP/cgroup.procs"); do
		echo "$pid" >"$PARENT_GROUP/cgroup.procs" || :
	done 2>/dev/null
	find "$HOME_GROUP" -depth -type d -exec rmdir {} + 2>/dev/null
	[ ! -e "$HOME_GROUP" ]
}
