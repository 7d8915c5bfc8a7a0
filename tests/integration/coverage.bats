#!/usr/bin/env bats
# Tasks that are shorter than a sampling period: all of their time is sampled, or it is said how much is
# missing. The other side is what wait4(2) says of each workload.

load lib

setup_file() {
	open_place
	cp "$WORKLOADS"/configure.sh "$WORKLOADS"/tiny-make.sh "$OPEN/"
	gcc -O2 -g -pthread -o "$OPEN/brief" "$WORKLOADS/brief.c"
	gcc -O2 -g -pthread -o "$OPEN/threads" "$WORKLOADS/threads.c"
}

teardown_file() {
	close_place
}

setup() {
	needs_root
	enter_group || skip "no control group can be made here"
}

teardown() {
	[ -z "${HOME_GROUP-}" ] || poll 10 leave_group
}

# groups: control groups made by profd that are still there.
groups() {
	find "$HOME_GROUP" -mindepth 1 -type d
}

# no_group_of PID
no_group_of() {
	[ ! -e "$HOME_GROUP/profd-$1" ]
}

no_groups() {
	[ -z "$(groups)" ] || fail "left: $(groups)"
}

# covered NAME COMMAND...: by both ways that see short tasks. System-wide, what is seen of 1.7 s by
# looking every millisecond varies by 2 %; a control group's clock stands still meanwhile.
covered() {
	local name=$1
	shift
	record "$name-cgroup" --reach cgroup -- "$@"
	"$INTEGRATION/check-coverage" --reach cgroup --sampled 95 "$dir"
	record "$name-system" --reach system -- "$@"
	"$INTEGRATION/check-coverage" --reach system --sampled 93 --at-most 107 --total 7 "$dir"
	no_groups
}

# as_nobody NAME COMMAND...: without any privilege.
as_nobody() {
	needs setpriv
	local paranoid=/proc/sys/kernel/perf_event_paranoid before
	before=$(cat $paranoid)
	dir=$OPEN/box/$1
	shift
	echo 2 >$paranoid
	status=0
	(cd "$OPEN/box" && setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$OPEN/profd" record -q -o "$dir" -- "$@") >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
	echo "$before" >$paranoid
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 0 ]
}

# missing_is_said [OPTION...]: of the profile of an ordinary user.
missing_is_said() {
	"$INTEGRATION/check-coverage" --reach inherit "$@" "$dir"
	grep -q 's user, \|in user and' "$dir/summary.md"
}

@test "1,500 processes of a millisecond" {
	covered brief "$OPEN/brief" processes 1500 1000
	"$INTEGRATION/check-folded" --line 'EXPECT main;process_once;child;brief_load' --min 95 \
		"$dir/cpu.folded"
	as_nobody brief "$OPEN/brief" processes 1500 1000
	missing_is_said --missing '[unsampled: short-lived]' --warns yes
	grep -q 'PERFMON' "$dir/summary.md"
	"$PROFD" top "$dir/cpu.pb.gz" | grep -q '\[unsampled: short-lived\]'
	grep -q 'unsampled: short-lived' "$dir/cpu.svg"
	grep -q 'unsampled: short-lived' "$dir/index.html"
}

@test "200 threads of five milliseconds" {
	covered threads "$OPEN/brief" threads 200 5000
	"$INTEGRATION/check-folded" --line 'EXPECT brief_thread;brief_load' --min 95 "$dir/cpu.folded"
	as_nobody threads "$OPEN/brief" threads 200 5000
	missing_is_said --missing '[unsampled: short-lived]' --warns yes
}

@test "a fork storm whose execs fail" {
	covered failures "$OPEN/brief" failures 1200 1000
	as_nobody failures "$OPEN/brief" failures 1200 1000
	missing_is_said --missing '[unsampled: short-lived]' --warns yes
}

@test "orphans of orphans: what nobody waits for is counted" {
	record nested --reach cgroup --wait-tree -- "$OPEN/brief" nested 400 1000
	[ "$status" -eq 0 ]
	cat "$dir.err"
	local counter rusage
	counter=$(json "$dir/run.json" quality.counter_ns)
	rusage=$(json "$dir/run.json" rusage.user_s)
	"$PYTHON" -c "import sys; sys.exit(not ($counter / 1e9 > 1.6 * $rusage > 0.3))"
	"$PYTHON" -c "import sys; sys.exit(not 0.95 <= $(json "$dir/run.json" quality.coverage) <= 1)"
}

@test "a script like configure" {
	covered configure "$OPEN/configure.sh" 150
	# Shells and small tools, and the compiler that is called now and then.
	for name in configure.sh sed grep expr cat rm cc1; do
		cut -d';' -f1 "$dir/cpu.folded" | grep -qx "$name" || fail "$name is not in the profile"
	done
	as_nobody configure "$OPEN/configure.sh" 150
	missing_is_said --missing '[unsampled: short-lived]' --warns yes
}

@test "make -j2 of tiny files" {
	covered tiny "$OPEN/tiny-make.sh" 60
	"$INTEGRATION/check-folded" --comm cc1 --min 0 --silent-cuts "$dir/cpu.folded"
	as_nobody tiny "$OPEN/tiny-make.sh" 60
	missing_is_said --warns maybe
}

@test "an ordinary program as nobody: kernel time is a frame, and nothing warns" {
	as_nobody plain dd if=/dev/zero of=/dev/null bs=4k count=600000
	"$INTEGRATION/check-coverage" --reach inherit --missing '[unsampled: kernel]' "$dir" ||
		[ "$(json "$dir/run.json" quality.unsampled_kernel_ns)" -gt 0 ]
	grep -q '^\[unsampled\];\[unsampled: kernel\] ' "$dir/cpu.folded"
	grep -q 'in user and .* in system mode' "$dir/summary.md"
}

@test "CAP_PERFMON alone is enough for whole CPUs" {
	needs setpriv
	dir=$OPEN/box/perfmon
	(cd "$OPEN/box" && setpriv --reuid=65533 --regid=65533 --clear-groups \
		--inh-caps=+perfmon --ambient-caps=+perfmon \
		"$OPEN/profd" record -q -F 999 -o "$dir" -- "$OPEN/brief" processes 600 1000) 3>&-
	"$INTEGRATION/check-coverage" --reach system --sampled 90 --at-most 110 --total 10 "$dir"
	json "$dir/run.json" reach_reason
	json "$dir/run.json" reach_reason | grep -q 'control group'
}

@test "--reach: the one that was asked for, and an error where it does not work" {
	local reach
	for reach in cgroup system inherit; do
		PROFD_REACH=$reach record "$reach" -- true
		[ "$status" -eq 0 ]
		[ "$(json "$dir/run.json" reach)" = "$reach" ]
	done
	run "$PROFD" record --reach moon -o "$BATS_TEST_TMPDIR/x" -- touch "$BATS_TEST_TMPDIR/ran"
	[ "$status" -eq 125 ]
	[[ $output == *"cgroup, system and inherit"* ]]
	run bash -c "cd '$OPEN/box' && setpriv --reuid=65534 --regid=65534 --clear-groups \
		'$OPEN/profd' record --reach cgroup -o x -- touch ran"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"control group"* && $output == *"leave --reach out"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/ran" ] && [ ! -e "$OPEN/box/ran" ]
}

@test "other programs are not in a profile of the whole system" {
	cp "$OPEN/brief" "$OPEN/stranger"
	"$OPEN/stranger" processes 2000 1000 &
	local stranger=$!
	record system --reach system -- "$OPEN/brief" processes 400 1000
	kill "$stranger" 2>/dev/null || :
	wait "$stranger" || :
	"$INTEGRATION/check-coverage" --reach system --sampled 85 --at-most 115 --total 15 "$dir"
	[ "$(cut -d';' -f1 "$dir/cpu.folded" | grep -v '^\[unsampled\]$' | sort -u)" = brief ]
}

# --- starvation --------------------------------------------------------------------------------

# starved REACH CAPS: profd, at the lowest priority and with the smallest buffers, is stopped by the
# workload itself, and other programs want its CPUs.
starved() {
	local reach=$1 caps=$2 _ burners=()
	for _ in 1 2 3; do
		"$OPEN/brief" threads 100000 1000 >/dev/null 3>&- &
		burners+=($!)
	done
	dir=$OPEN/box/starved-$reach
	rm -rf "$dir"
	(cd "$OPEN/box" && ulimit -l 0 && exec nice -n 19 setpriv --reuid=65533 --regid=65533 \
		--clear-groups --inh-caps="$caps" --ambient-caps="$caps" \
		"$OPEN/profd" record -q -F 499 --reach "$reach" -o "$dir" -- \
		sh -c "kill -STOP \$PPID; '$OPEN/threads' 400; kill -CONT \$PPID; '$OPEN/threads' 400" \
		>/dev/null) 3>&- || :
	kill "${burners[@]}"
	wait "${burners[@]}" 2>/dev/null || :
	"$PYTHON" - "$dir" <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1] + "/run.json"))
	q = run["quality"]
	period = 1e9 // run["sampling"]["frequency_hz"]
	want = q["counted_ns"] / period
	got = q["samples"] + q["lost"]
	# Two runs of main and four threads, sh; and each CPU. A clock that is late by more than a
	# period, as on a virtual machine whose host has other things to do, skips that one.
	slack = 11 + run["sampling"]["cpus"] + 0.03 * want
	print(f"{run['reach']}: {q['samples']} samples + {q['lost']} lost = {got}, counted time / period = "
	      f"{want:.1f}, {q['lost_by']}, {run['sampling']['ring_bytes_per_cpu']} bytes of ring")
	sys.exit(not (q["lost"] and abs(got - want) <= slack))
	END
}

@test "starved: samples and losses make up the counted time" {
	needs setpriv
	starved inherit +perfmon
	starved system +perfmon
	starved cgroup +perfmon,+dac_override
}

# --- control groups -----------------------------------------------------------------------------

@test "no control group stays: success, exec failure, a signal, a timeout" {
	local status=0
	record fine --reach cgroup -- true
	record missing --reach cgroup -- /nonexistent
	[ "$status" -eq 127 ]
	record timeout --reach cgroup --timeout 0.2 -- sleep 60
	[ "$status" -eq 124 ]
	"$PROFD" record -q --reach cgroup -o "$BATS_TEST_TMPDIR/term" -- sleep 60 3>&- &
	local pid=$!
	poll 10 child_is sleep "$pid"
	grep -q "/profd-$pid\$" "/proc/$(pgrep -P "$pid")/cgroup"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	no_group_of "$pid"
	no_groups
}

child_is() {
	[ "$(ps -o comm= --ppid "$2")" = "$1" ]
}

@test "what a killed profd left is removed by the next one" {
	"$PROFD" record -q --reach cgroup -o "$BATS_TEST_TMPDIR/killed" -- sleep 60 3>&- &
	local pid=$! child
	poll 10 child_is sleep "$pid"
	child=$(pgrep -P "$pid")
	kill -KILL "$pid"
	wait "$pid" || :
	# Not while somebody lives in it.
	record while --reach cgroup -- true
	[ -d "$HOME_GROUP/profd-$pid" ]
	kill "$child"
	poll 10 gone_or_zombie "$child"
	record after --reach cgroup -- true
	no_group_of "$pid"
}

gone_or_zombie() {
	gone "$1" || grep -q '^State:.*Z' "/proc/$1/status"
}

@test "survivors go back to the group they came from" {
	record survivor --reach cgroup -- sh -c 'sleep 60 >/dev/null 2>&1 & echo $!'
	local pid
	pid=$(cat "$dir.out")
	diff "/proc/$pid/cgroup" /proc/self/cgroup
	kill "$pid"
	[ "$(json "$dir/run.json" survivors)" != "[]" ]
	no_groups
}

@test "a profd inside of a profd" {
	record nested --reach cgroup -- "$PROFD" record -q --reach cgroup -o "$BATS_TEST_TMPDIR/inner" -- \
		"$OPEN/brief" processes 300 1000
	[ "$status" -eq 0 ]
	"$INTEGRATION/check-coverage" --reach cgroup --sampled 95 "$dir"
	"$INTEGRATION/check-coverage" --reach cgroup --sampled 95 "$BATS_TEST_TMPDIR/inner"
	no_groups
}

@test "control groups of version 1" {
	local v1=$OPEN/v1
	mkdir -p "$v1"
	unshare -m bash -c "mount -t cgroup -o perf_event none '$v1' 2>/dev/null || exit 77
		'$PROFD' record -q -o '$BATS_TEST_TMPDIR/v1' -- '$OPEN/brief' processes 300 1000
		status=\$?
		find '$v1' -mindepth 1 -type d
		# Groups that are gone hold on to the hierarchy for a moment; it has to go back to version 2.
		until [ \"\$(awk '/^perf_event/ { print \$3 }' /proc/cgroups)\" = 1 ]; do :; done
		umount '$v1'
		exit \$status" >"$BATS_TEST_TMPDIR/left" 3>&- || status=$?
	[ "${status-0}" -ne 77 ] || skip "this kernel does not let perf_event be mounted as version 1"
	[ "${status-0}" -eq 0 ]
	lacks profd "$BATS_TEST_TMPDIR/left"
	"$INTEGRATION/check-coverage" --reach cgroup --sampled 95 "$BATS_TEST_TMPDIR/v1"
}

# --- --wait-tree --------------------------------------------------------------------------------

daemon='(setsid sh -c "sleep 0.3; exec '\''$OPEN/threads'\'' 200" >/dev/null 2>&1 </dev/null &); exit 3'

@test "--wait-tree: each reach records until the last process has ended" {
	local reach
	for reach in cgroup system inherit; do
		record "$reach" --reach "$reach" --wait-tree -- sh -c "${daemon//\$OPEN/$OPEN}"
		cat "$dir.err"
		[ "$status" -eq 3 ]
		[ "$(json "$dir/run.json" survivors)" = "[]" ]
		"$INTEGRATION/check-folded" --comm threads --min 90 --silent-cuts "$dir/cpu.folded"
		[ "$(json "$dir/run.json" quality.counter_ns)" -gt 100000000 ]

		record "$reach-not" --reach "$reach" -- sh -c "${daemon//\$OPEN/$OPEN}"
		[ "$status" -eq 3 ]
		[ "$(json "$dir/run.json" survivors)" != "[]" ]
		lacks '^threads;' "$dir/cpu.folded"
	done
}

@test "--wait-tree: --timeout ends what is left, the status stays the command's" {
	local reach pid
	for reach in cgroup system inherit; do
		record "$reach" --reach "$reach" --wait-tree --timeout 0.5 -- \
			sh -c 'setsid sleep 60 >/dev/null 2>&1 </dev/null & echo $!; exit 3'
		[ "$status" -eq 3 ]
		[ "$(json "$dir/run.json" timed_out)" = true ]
		pid=$(cat "$dir.out")
		poll 10 gone_or_zombie "$pid"
	done
}

@test "--wait-tree: --timeout reaches groups that the workload made" {
	local mount pid
	mount=$(awk '$9 == "cgroup2" || $10 == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	record below --reach cgroup --wait-tree --timeout 0.5 -- sh -c '
		group=$1$(sed -n s/^0:://p /proc/self/cgroup)/below
		mkdir "$group"
		setsid sleep 60 >/dev/null 2>&1 </dev/null &
		echo $! >"$group/cgroup.procs"
		echo $!
		exit 3' sh "$mount"
	[ "$status" -eq 3 ]
	[ "$(json "$dir/run.json" timed_out)" = true ]
	pid=$(cat "$dir.out")
	poll 10 gone_or_zombie "$pid"
}

@test "--wait-tree: a signal to profd ends it once the command is gone" {
	"$PROFD" record -q --wait-tree -o "$BATS_TEST_TMPDIR/sig" -- \
		sh -c 'setsid sleep 60 >/dev/null 2>&1 </dev/null & echo $!; exit 3' \
		>"$BATS_TEST_TMPDIR/pid" 3>&- &
	local pid=$! status=0
	poll 10 no_child "$pid"
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 3 ]
	whole_artifacts "$BATS_TEST_TMPDIR/sig"
	# It was left alone.
	kill "$(cat "$BATS_TEST_TMPDIR/pid")"
	no_group_of "$pid"
}

# profd's child came and is gone.
no_child() {
	[ -s "$BATS_TEST_TMPDIR/pid" ] && ! pgrep -P "$1" >/dev/null
}
