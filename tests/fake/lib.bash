# Recordings on machines that are not there: tests/fake/fake.c, preloaded into profd, plays them.
#
# A row of tests/fake/matrix is
#	machine | its words (fake.c) | options of record | choice | sentence
# CHOICE is "EVENT REACH RING STACK LEVELS": the event, the reach ("best": what this machine gives without
# a fake), KiB of buffer for each CPU, bytes of stack in each sample, and "kernel" or "user". The sentence
# is then run.json's fallback_reason and, behind " => ", its reach_reason; "-": there is none.
# Or CHOICE is "unprofiled" or "refused": the program runs without being profiled, or does not run.
# Then the sentence is profd's, and behind " => " its hint; another engine than perf is left out. All
# texts are exact.

load "$SRCDIR/tests/integration/lib"

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	gcc -O1 -shared -fPIC -o "$BATS_FILE_TMPDIR/fake.so" "$SRCDIR/tests/fake/fake.c"
	# env(1) must not be the one that is fooled, and the sanitizers want to be loaded first.
	cat >"$BATS_FILE_TMPDIR/profd" <<-END
	#!/bin/sh
	export ASAN_OPTIONS=verify_asan_link_order=0:\$ASAN_OPTIONS
	exec env FAKE="\$MACHINE" LD_PRELOAD=$BATS_FILE_TMPDIR/fake.so $PROFD "\$@"
	END
	chmod +x "$BATS_FILE_TMPDIR/profd"
	"$PROFD" record -q -o "$BATS_FILE_TMPDIR/plain" -- true
	json "$BATS_FILE_TMPDIR/plain/run.json" reach >"$BATS_FILE_TMPDIR/best"
	ENGINE=
	! "$PROFD" record --help | grep -q -e ' --engine ' || ENGINE="--engine perf"
	export ENGINE
}

setup() {
	needs_root
	MACHINE=
	export MACHINE
	PROFD=$BATS_FILE_TMPDIR/profd
	build deep deep.c -fomit-frame-pointer
}

# same WHAT IS WANTED
same() {
	[ "$2" = "$3" ] || fail "$1: $2" "   not: $3"
}

# told SENTENCE [HINT]: that is all that profd said.
told() {
	same "said" "$(cat "$dir.err")" "profd: $1${2:+$'\n'profd: hint: $2}"
}

# text_of KEY: of run.json; "-" when it is null.
text_of() {
	local text
	text=$(json "$dir/run.json" "$1")
	[ "$text" = null ] && text=-
	echo "$text"
}

chosen() {
	local event=$1 reach=$2 ring=$3 stack=$4 levels=$5 why=$6 reach_why=$7 kernel=false
	[ "$reach" != best ] || reach=$(cat "$BATS_FILE_TMPDIR/best")
	[ "$levels" != kernel ] || kernel=true
	cat "$dir.err"
	same status "$status" 0
	same event "$(text_of event)" "$event"
	same reach "$(text_of reach)" "$reach"
	same ring "$(text_of sampling.ring_bytes_per_cpu)" $((ring * 1024))
	same stack "$(text_of sampling.stack_copy_bytes)" "$stack"
	same kernel "$(text_of sampling.kernel)" "$kernel"
	same reason "$(text_of fallback_reason)" "$why"
	same "reason of the reach" "$(text_of reach_reason)" "$reach_why"
	same lost "$(text_of quality.lost)" 0
	# Deep recursion does not fit into a small copy; that is not what is tested here.
	[ "$stack" -lt 16384 ] || verify
}

# row MACHINE WORDS OPTIONS CHOICE SENTENCE
row() {
	local sentence=${5%% => *} more=
	case $5 in *' => '*) more=${5#* => } ;; esac
	MACHINE=$2
	[ "$3" != - ] || set -- "$1" "$2" "" "$4"
	case $4 in unprofiled | refused) set -- "$1" "$2" "$3 $ENGINE" "$4" ;; esac
	# shellcheck disable=SC2086 # words
	record row $3 -- "$program" 300
	case $4 in
	unprofiled)
		same status "$status" 0
		told "$sentence: the workload runs without being profiled" "$more"
		grep -q '^EXPECT' "$dir.out" || fail "the program did not run"
		[ ! -e "$dir" ] || fail "left: $(ls -A "$dir")"
		;;
	refused)
		same status "$status" 125
		told "$sentence" "$more"
		[ ! -s "$dir.out" ] || fail "the program ran"
		;;
	*)
		# shellcheck disable=SC2086 # words
		chosen $4 "$sentence" "${more:--}"
		;;
	esac
}
