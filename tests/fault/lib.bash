# How the rows of tests/fault/matrix are run and judged.
#
# A row's command is shell code that runs in an empty directory; its last status counts. It says
#
#	profd [OPTION...] -- COMMAND	profd record -q -F 999 -o out
#	failing RULES profd ...		with calls that fail: tests/fault/fail.c says which
#	nobody, user UID		as that user (needs root, like the next two)
#	mounted 'COMMANDS'		in a mount namespace of its own, after these
#	denied CALL ERRNO		where the kernel refuses a system call: tests/fault/deny
#
# and $victim is the program of tests/fault/victim.c, whose status is 7.

load "$SRCDIR/tests/integration/lib"

FAULT=$SRCDIR/tests/fault
export BATS_TEST_TIMEOUT=60 # of a row: nothing may hang

setup_file() {
	# What an ordinary user must reach lies in a directory that everybody may enter.
	FAULT_DIR=$(mktemp -d /tmp/profd-fault.XXXXXX)
	export FAULT_DIR
	chmod 755 "$FAULT_DIR"
	cp "$PROFD" "$FAULT_DIR/profd"
	gcc -O1 -g -o "$FAULT_DIR/victim" "$FAULT/victim.c"
	gcc -O1 -g -shared -fPIC -o "$FAULT_DIR/plug.so" "$FAULT/plug.c"
	gcc -O1 -shared -fPIC -o "$FAULT_DIR/fail.so" "$FAULT/fail.c"
}

teardown_file() {
	rm -rf "$FAULT_DIR"
}

setup() {
	victim=$FAULT_DIR/victim
	plug=$FAULT_DIR/plug.so
	with=()
	box=$FAULT_DIR/box
	mkdir -m 777 "$box"
	cd "$box"
	# The sanitizers want to be loaded before fail.so, which works without.
	export ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS
}

teardown() {
	local pid
	for pid in $(cat "$box/pids" 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null || :
	done
	cd /
	rm -rf "$box"
	# What other tests and users have there is not ours.
	sed -n 's/^MAP //p' "$BATS_TEST_TMPDIR/stdout" 2>/dev/null | while read -r path; do
		rm -rf "$path"
	done
}

profd() {
	"${with[@]}" "$FAULT_DIR/profd" record -q -F 999 -o out "$@"
}

# The same without -o.
profd_here() {
	"${with[@]}" "$FAULT_DIR/profd" record -q -F 999 "$@"
}

failing() {
	local with=("${with[@]}" env "FAIL=$1")
	shift
	# env(1) must not be the one whose calls fail.
	with+=("LD_PRELOAD=$FAULT_DIR/fail.so")
	"$@"
}

user() {
	local with=(setpriv "--reuid=$1" "--regid=$1" --clear-groups "${with[@]}")
	shift
	"$@"
}

nobody() {
	user 65534 "$@"
}

# shellcheck disable=SC2016 # the inner shell's own "$@"
mounted() {
	local with=(unshare -m sh -ec "$1; exec \"\$@\"" sh "${with[@]}")
	shift
	"$@"
}

denied() {
	local with=("$FAULT/deny" "$1" "$2" "${with[@]}")
	shift 2
	"$@"
}

# foreign FILE: a program for aarch64 (ELF header, e_machine), as far as the kernel looks.
foreign() {
	cp "$victim" "$1"
	printf '\267\0' | dd of="$1" bs=1 seek=18 conv=notrunc status=none
}

# small_disk COMMAND...: profiles it with "out" on a file system of 16 KiB.
small_disk() {
	local code=0
	mkdir out
	# shellcheck disable=SC2016 # the inner shell's
	unshare -m sh -c 'mount -t tmpfs -o size=16k none out && "$@"
		code=$?; cp -r out left; exit $code' sh "$FAULT_DIR/profd" record -q -o out -- "$@" || code=$?
	rmdir out
	mv left out
	return $code
}

# sleeper: a process in the background that does nothing, $pid, with a second thread, $tid, and a child
# that has ended and is not waited for, $zombie.
sleeper() {
	"$PYTHON" -u - >sleeper.out <<-'END' &
	import os, threading, time
	child = os.fork()
	if not child:
	    os._exit(0)
	os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
	other = threading.Thread(target=time.sleep, args=(1000,), daemon=True)
	other.start()
	print(other.native_id, child)
	time.sleep(1000)
	END
	pid=$!
	echo "$pid" >>pids
	poll 30 test -s sleeper.out
	read -r tid zombie <sleeper.out
}

# hostile HOW: profiles a library that tests/fault/hostile damaged so.
hostile() {
	"$PYTHON" "$FAULT/hostile" "$1" "$plug" bad.so
	profd -- "$victim" lib ./bad.so
}

# by_id COMMAND...: COMMAND makes what lies where the debug file of a stripped library would.
by_id() {
	local id file
	strip -o bad.so "$plug"
	id=$(readelf -nW bad.so | sed -n 's/.*Build ID: //p')
	file=/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	mounted "mount -t tmpfs none /usr/lib/debug; mkdir -p '${file%/*}'; $* '$file'" \
		profd -- "$victim" lib ./bad.so
}

# perfmap TEXT: profiles code made at run time with a perf map of this text (@: the code's address).
perfmap() {
	printf '%b' "$1" >map
	profd -- "$victim" perfmap map
}

# start_wait COMMAND...: starts it in the background and waits until the workload says that it is
# ready; sets $job, $profd and $workload.
start_wait() {
	rm -f wait.out
	set -m # or the shell would have INT and QUIT ignored
	"$@" >wait.out &
	job=$!
	set +m
	echo "$job" >>pids
	poll 30 grep -q ready wait.out
	workload=$(sed -n 's/^ready //p' wait.out)
	echo "$workload" >>pids
	# $! may be a subshell of this one.
	profd=$(ps -o ppid= -p "$workload")
	profd=${profd// /}
}

# signalled SIGNAL...: each is sent to profd and caught by its workload.
signalled() {
	local sig code number
	for sig; do
		number=$(kill -l "$sig")
		rm -rf out
		start_wait profd -- "$victim" wait
		kill -"$sig" "$profd" || fail "$sig"
		code=0
		wait "$job" || code=$?
		[ "$code" = 7 ] || fail "$sig: status $code"
		grep -q "caught $(printf %02d "$number")" wait.out || fail "$sig: $(cat wait.out)"
		lacks 'blocked\|default' wait.out
		[ "$(cd out && echo *)" = "$ARTIFACTS" ] || fail "$sig: $(ls -A out)"
	done
}

# shot SIGNAL...: each kills profd while it records; the workload goes on.
shot() {
	local sig code
	for sig; do
		rm -rf out
		start_wait profd -- "$victim" wait
		kill -"$sig" "$profd" || fail "$sig"
		code=0
		wait "$job" || code=$?
		[ "$code" = $((128 + $(kill -l "$sig"))) ] || fail "$sig: status $code"
		[ -z "$(ls -A out)" ] || fail "$sig: left $(ls -A out)"
		kill -TERM "$workload"
		poll 10 grep -q 'caught 15' wait.out
	done
}

# deadly SIGNAL...: a workload that dies of it ends profd with the same status as without profd.
deadly() {
	local sig plain code
	for sig; do
		plain=0
		"$victim" die "$(kill -l "$sig")" 2>/dev/null || plain=$?
		code=0
		profd --force -- "$victim" die "$(kill -l "$sig")" || code=$?
		[ "$code" = "$plain" ] && [ "$code" -gt 128 ] || fail "$sig: $code, not $plain"
		[ "$(cd out && echo *)" = "$ARTIFACTS" ] || fail "$sig: $(ls -A out)"
		rm -rf out
	done
}

# cores SIGNAL...: the only core file is the workload's.
cores() {
	local sig code
	for sig; do
		rm -rf out core*
		code=0
		profd -- "$victim" die "$(kill -l "$sig")" core || code=$?
		[ "$code" = $((128 + $(kill -l "$sig"))) ] || fail "$sig: status $code"
		[ "$(echo core* | wc -w)" = 1 ] || fail "$sig: $(echo core*)"
		eu-readelf -n core* | grep -q "fname: victim" || fail "$sig: not the workload's"
		whole_artifacts out || fail "$sig"
	done
}

# killed_writing CALL MOST: profd is killed before its first, second... CALL, until it makes no more
# of them, MOST at most.
killed_writing() {
	local n code
	for ((n = 1; n <= $2; n++)); do
		rm -rf profd-out profd-out.old*
		mkdir profd-out profd-out.old
		echo one >profd-out.old/run.json
		echo two >profd-out/run.json
		code=0
		failing "$1:$n:SIGKILL" profd_here -- true 2>/dev/null || code=$?
		[ "$(cat profd-out*/run.json | grep -c two)" = 1 ] || fail "$1 $n: an old result is gone"
		[ "$code" = 137 ] || break
		for dir in profd-out*; do
			grep -qx 'one\|two' "$dir/run.json" 2>/dev/null || readable_artifacts "$dir"
			[ -z "$(find "$dir" -name '.*.tmp')" ] || [ "$1" = rename ] || fail "$1 $n: left $(ls -A "$dir")"
		done
	done
	[ "$code" = 0 ] || [ "$n" -gt 1 ] || fail "no $1 was made: status $code"
	[ "$n" -gt 1 ] || fail "$1 was never called"
}

# --- judging ------------------------------------------------------------------------------

# sentence PATTERN[ => HINT]: profd said exactly one sentence, and gave exactly that hint. "-": it
# said nothing.
sentence() {
	local want=${1%% => *} hint= said hints
	case $1 in *' => '*) hint=${1#* => } ;; esac
	said=$(grep '^profd: ' stderr | grep -v '^profd: hint: ' || :)
	hints=$(grep '^profd: hint: ' stderr || :)
	if [ "$want" = - ]; then
		[ -z "$said" ] || fail "profd said something"
		return
	fi
	[ "$(wc -l <<<"$said")" = 1 ] || fail "not one sentence"
	[[ $said =~ $want ]] || fail "not the sentence: $want"
	[ -n "$hint" ] || return 0
	[ "$(wc -l <<<"$hints")" = 1 ] || fail "not one hint"
	[[ $hints =~ $hint ]] || fail "not the hint: $hint"
}

# valid DIR: others can read every artifact.
valid() {
	whole_artifacts "$1"
	xmllint --noout "$1/cpu.svg"
	gzip -dc "$1/cpu.pb.gz" | protoc -I "$SRCDIR/tests/oracle" \
		--decode=perftools.profiles.Profile profile.proto >profile.txt
	grep '^string_table' profile.txt | decoded >strings.txt
	lacks $'[\x01-\x1f]' strings.txt
	"$PYTHON" - "$1" <<-'END'
	import json, re, sys
	folder = sys.argv[1]
	for name in ("cpu.folded", "run.json", "summary.md", "index.html", "cpu.svg"):
	    with open(f"{folder}/{name}", encoding="utf-8", newline="") as file:
	        text = file.read()  # not UTF-8: an error
	    if re.search("[\x00-\x08\x0b-\x1f\x7f]", text):
	        sys.exit(f"{name}: control characters")
	    if name == "cpu.folded":
	        for line in text.splitlines():
	            if not re.fullmatch(r"[^;]+(;[^;]+)* \d+", line):
	                sys.exit(f"{name}: {line!r}")
	    if name == "run.json":
	        json.loads(text)
	    if name == "index.html" and text.count("<script>alert") + text.count("<b>evil"):
	        sys.exit(f"{name}: HTML from a name")
	END
}

# protoc prints bytes that are not ASCII as octal: back to what they are, if that is UTF-8.
decoded() {
	"$PYTHON" -c '
import re, sys
for line in sys.stdin.buffer:
    raw = re.sub(rb"\\([0-3][0-7][0-7])", lambda m: bytes([int(m[1], 8)]), line)
    sys.stdout.write(raw.decode("utf-8"))'
}

# number KEY: of run.json, the last of that name.
number() {
	sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" out/run.json | tail -n 1
}

survives() {
	local word file
	for word; do
		case $word in
		ran) [ -e ran ] || fail "the workload did not run" ;;
		not-run) [ ! -e ran ] || fail "the workload ran" ;;
		all) whole_artifacts out ;;
		valid) valid out ;;
		none) [ -z "$(ls -A out 2>/dev/null)" ] || fail "left: $(ls -A out)" ;;
		some) readable_artifacts out ;;
		all-but:*)
			file=${word#*:}
			[ "$(cd out && echo *)" = "$(printf '%s\n' $ARTIFACTS | grep -vxF "$file" | xargs)" ] ||
				fail "in out: $(ls -A out)"
			readable_artifacts out
			;;
		stack:*) grep -q -e "${word#*:}" out/cpu.folded || fail "no stack with ${word#*:}" ;;
		no-stack:*) lacks "${word#*:}" out/cpu.folded ;;
		lost) [ "$(number lost)" -gt 0 ] || fail "nothing was lost" ;;
		rss:*)
			[ $(($(number max_rss_bytes) >> 20)) -lt "${word#*:}" ] ||
				fail "profd took $(number max_rss_bytes) bytes"
			;;
		said:*) grep -q -e "${word#*:}" "$BATS_TEST_TMPDIR/stdout" || fail "no ${word#*:}" ;;
		*) fail "the table says $word" ;;
		esac
	done
}

# row FAULT COMMAND STATUS SENTENCE SURVIVES
row() {
	local status=0
	case $1 in "root: "*) needs_root ;; esac
	case $2 in cores*)
		[ "$(cat /proc/sys/kernel/core_pattern)" = core ] ||
			skip "core files go elsewhere: $(cat /proc/sys/kernel/core_pattern)"
		;;
	esac
	(
		fail() { # for a command that judges: no status that a row expects
			printf '%s\n' "$@"
			exit 99
		}
		eval "$2"
	) >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" </dev/null 3>&- || status=$?
	cd "$BATS_TEST_TMPDIR"
	cat stdout stderr
	[ "$status" = "$3" ] || fail "status $status, not $3"
	sentence "$4"
	cd "$box"
	# shellcheck disable=SC2086 # words
	survives $5
}
