#!/usr/bin/env bats
# Side by side: the machine is made up.
# profd doctor: what it finds is what a recording then meets, as root, as an ordinary user, behind a
# filter, in a user namespace and on machines that are not there.

load lib

setup() {
	MACHINE=
	export MACHINE
	REAL=$PROFD
	box=$(mktemp -d /tmp/profd-doctor.XXXXXX)
	chmod 777 "$box"
	cp "$REAL" "$box/profd"
	unset GITHUB_ACTIONS GITLAB_CI JENKINS_URL KUBERNETES_SERVICE_HOST NO_COLOR
}

teardown() {
	rm -rf "$box"
}

# examine [COMMAND...]: `profd doctor --json` run by this command, into $found; sets $status.
examine() {
	found=$box/doctor.json
	status=0
	"$@" "${doctor:-$box/profd}" doctor --json >"$found" 2>"$box/err" </dev/null || status=$?
	cat "$found" "$box/err"
	[ ! -s "$box/err" ] || fail "something on stderr"
}

# finds PYTHON: true of `d`, what was found; `checks` and `remedies` by id and wall.
finds() {
	"$PYTHON" - "$found" "$1" <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1], encoding="utf-8"))
	checks = {c["id"]: c for c in d["checks"]}
	remedies = {r["wall"]: r for r in d["remedies"]}
	if not eval(sys.argv[2]):
	    sys.exit(f"not: {sys.argv[2]}")
	END
}

# agrees [COMMAND...]: a recording run the same way makes a profile exactly if the doctor said so, with the
# event, the levels and the reach that it named.
agrees() {
	local code=0
	(cd "$box" && "$@" "${doctor:-$box/profd}" record --require-profile -q --force -o "$box/out" -- true) \
		2>"$box/err" </dev/null || code=$?
	cat "$box/err"
	if [ "$status" = 0 ]; then
		same "record's status" "$code" 0
		finds "d['works'] and d['event'] == '$(json "$box/out/run.json" event)'"
		finds "d['reach'] == '$(json "$box/out/run.json" reach)'"
		finds "json.dumps(d['kernel']) == '$(json "$box/out/run.json" sampling.kernel)'"
	else
		same "the doctor's status" "$status" 1
		same "record's status" "$code" 125
		finds "not d['works'] and d['event'] is None"
		same sentence "$(head -n 1 "$box/err")" "profd: $(json "$found" why_not)"
	fi
}

nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# machine WORDS: from here on $doctor is a profd on that machine, whose user has no capabilities.
machine() {
	needs_root
	MACHINE=$1
	mkdir -p "$box/root/proc/self"
	sed 's/^CapEff:.*/CapEff:\t0000000000000000/' /proc/self/status >"$box/root/proc/self/status"
	export FAKE_ROOT=$box/root
	doctor=$BATS_FILE_TMPDIR/profd
}

@test "doctor: every rung is in the report, with a state and a reason" {
	examine
	agrees
	finds 'd["schema"] == "profd.doctor/1"'
	finds 'list(d) == ["schema", "works", "why_not", "engine", "event", "kernel", "reach",
		"fallback_reason", "reach_reason", "place", "host", "settings", "checks", "remedies"]'
	finds '{"cycles.kernel", "cycles.user", "cpu_clock.kernel", "cpu_clock.user", "switches",
		"switch_samples", "tracepoints", "reach.cgroup", "reach.system", "reach.inherit",
		"recording", "buffers", "rate", "ptrace", "kallsyms", "debug_files"} == set(checks)'
	finds 'all(c["state"] in ("ok", "no", "untried") for c in d["checks"])'
	finds 'all((c["state"] == "no") == (c["wall"] is not None) for c in d["checks"])'
	finds 'all(c["detail"] for c in d["checks"] if c["state"] == "no")'
	finds 'd["settings"]["uid"] == '"$(id -u)"
}

@test "doctor: text for people: short lines, every rung, no colour" {
	export NO_COLOR=
	"$box/profd" doctor >"$box/text" || :
	cat "$box/text"
	lacks $'\033' "$box/text"
	[ "$(wc -L <"$box/text")" -le 90 ]
	[ "$(grep -c '^  ok  \|^  no  \|^  -   ' "$box/text")" = 16 ]
	head -n 1 "$box/text" | grep -q '^profd record works here: '
}

@test "doctor: colours on a terminal, unless NO_COLOR is set" {
	needs script
	TERM=xterm script -qec "$box/profd doctor" /dev/null >"$box/text" </dev/null
	grep -q $'\033\\[32mok' "$box/text"
	NO_COLOR=1 TERM=xterm script -qec "$box/profd doctor" /dev/null >"$box/text" </dev/null
	lacks $'\033' "$box/text"
}

@test "doctor: --help, and wrong usage ends with 2" {
	local code=0
	"$box/profd" doctor --help | grep -q -e '--json'
	"$box/profd" help doctor | grep -q '^usage: profd doctor'
	"$box/profd" doctor --no-such 2>"$box/err" || code=$?
	same status "$code" 2
	grep -q "unknown option '--no-such'" "$box/err"
	code=0
	"$box/profd" doctor more 2>"$box/err" || code=$?
	same status "$code" 2
}

@test "doctor: it leaves nothing behind" {
	local before after
	before=$(find /sys/fs/cgroup -maxdepth 4 -name 'profd-*' 2>/dev/null | wc -l)
	(cd "$box" && ./profd doctor >/dev/null)
	after=$(find /sys/fs/cgroup -maxdepth 4 -name "profd-*" 2>/dev/null | wc -l)
	[ "$after" -le "$before" ]
	[ "$(ls "$box")" = profd ]
}

@test "doctor: without /proc" {
	needs_root
	examine unshare -m sh -ec 'mount -t tmpfs none /proc; exec "$@"' sh
	finds 'd["settings"]["perf_event_paranoid"] is None and d["settings"]["seccomp"] is None'
	finds 'checks["cpu_clock.user"]["state"] == "ok"'
	finds 'checks["kallsyms"]["wall"] == "kptr"'
}

@test "doctor: as nobody" {
	needs_root
	needs setpriv
	examine nobody
	agrees nobody
	finds 'd["settings"]["uid"] == 65534 and int(d["settings"]["capabilities"], 16) == 0'
	finds 'checks["ptrace"]["state"] == "ok"'
	finds 'd["settings"]["perf_event_paranoid"] < 1 or checks["reach.system"]["wall"] == "paranoid"'
	finds 'd["settings"]["perf_event_paranoid"] < 2 or checks["cpu_clock.kernel"]["wall"] == "paranoid"'
	finds 'd["settings"]["perf_event_paranoid"] < 2 or not remedies["paranoid"]["needed"]'
}

@test "doctor: behind a seccomp filter, EPERM, EACCES and ENOSYS" {
	local errno
	for errno in EPERM EACCES ENOSYS; do
		examine "$SRCDIR/tests/fault/deny" perf_event_open "$errno"
		finds 'd["settings"]["seccomp"] == 2 and d["settings"]["no_new_privs"] == 1'
		finds 'checks["cpu_clock.user"]["errno"] == "'"$errno"'"'
		finds 'checks["cpu_clock.user"]["wall"] == checks["recording"]["wall"] == "seccomp"'
		finds 'remedies["seccomp"]["needed"] != d["works"] and d["remedies"][0]["wall"] == "seccomp"'
		finds 'checks["ptrace"]["state"] == "ok"'
		agrees "$SRCDIR/tests/fault/deny" perf_event_open "$errno"
	done
}

@test "doctor: ptrace is refused, and Yama is named where it explains that" {
	examine "$SRCDIR/tests/fault/deny" ptrace EPERM
	finds 'checks["ptrace"]["wall"] == "seccomp" and "PTRACE_SEIZE: EPERM" in checks["ptrace"]["detail"]'
	examine "$SRCDIR/tests/fault/deny" process_vm_readv ENOSYS
	finds 'checks["ptrace"]["detail"].startswith("process_vm_readv: ENOSYS")'
	machine ""
	mkdir -p "$box/root/proc/sys/kernel/yama"
	echo 2 >"$box/root/proc/sys/kernel/yama/ptrace_scope"
	examine "$SRCDIR/tests/fault/deny" ptrace EPERM
	finds 'checks["ptrace"]["wall"] == "yama" and remedies["yama"]["commands"]'
}

@test "doctor: nobody behind a filter is not told of perf_event_paranoid" {
	needs_root
	needs setpriv
	cp "$SRCDIR/tests/fault/deny" "$box/deny"
	examine nobody "$box/deny" perf_event_open EPERM
	finds '"paranoid" not in remedies and remedies["seccomp"]["needed"] != d["works"]'
	agrees nobody "$box/deny" perf_event_open EPERM
}

@test "doctor: in a user namespace, whose root has no say" {
	needs_root
	unshare -Ur true || skip "user namespaces are not allowed here"
	examine unshare -Ur
	agrees unshare -Ur
	finds 'd["settings"]["user_namespace"] and int(d["settings"]["capabilities"], 16) != 0'
	finds 'd["settings"]["perf_event_paranoid"] < 1 or checks["reach.system"]["wall"] == "paranoid"'
}

@test "doctor: the place is recognised, and its remedy given" {
	local deny=("$SRCDIR/tests/fault/deny" perf_event_open EPERM)
	examine env KUBERNETES_SERVICE_HOST=10.0.0.1 "${deny[@]}"
	finds 'd["place"]["container"] == "Kubernetes" and d["place"]["container_sign"] == "KUBERNETES_SERVICE_HOST"'
	finds '"securityContext" in remedies["seccomp"]["commands"][0]'
	examine env GITHUB_ACTIONS=true container=lxc "${deny[@]}"
	finds 'd["place"]["ci"] == "GitHub Actions"'
	finds 'remedies["seccomp"]["commands"][0].startswith("container: {image: IMAGE, options: --cap-add PERFMON")'
}

@test "doctor, fake: a PMU, and a silent one" {
	machine pmu
	examine
	agrees
	finds 'd["event"] == "cycles" and checks["cycles.kernel"]["state"] == "ok"'
	machine deaf
	examine
	agrees
	finds 'd["event"] == "cpu-clock" and checks["cycles.user"]["wall"] == "silent"'
	finds 'not remedies["silent"]["needed"]'
	machine starved
	examine
	finds 'checks["cycles.user"]["wall"] == "busy"'
	agrees
}

@test "doctor, fake: perf_event_paranoid from -1 to 4" {
	local level
	for level in -1 0 1 2 3 4; do
		machine "paranoid=$level"
		examine
		finds "d['settings']['perf_event_paranoid'] == $level"
		finds "(checks['cpu_clock.user']['wall'] == 'paranoid') == ($level > 2)"
		finds "(checks['cpu_clock.kernel']['wall'] == 'paranoid') == ($level > 1)"
		finds "(checks['reach.system']['wall'] == 'paranoid') == ($level > 0)"
		finds "(d['engine'] == 'perf') == ($level < 3)"
		finds "$level < 3 or remedies['paranoid']['needed'] != d['works']"
		agrees
	done
}

@test "doctor, fake: gVisor, no files, no locked memory, an old kernel" {
	local row
	for row in "open=1+:ENOSYS sandbox" "open=1+:EMFILE files" "open=1+:ENFILE files" \
		"locked=20 memlock" "lacks=use_clockid old_kernel" "size=80 old_kernel"; do
		machine "${row% *}"
		examine
		agrees
		finds "d['engine'] != 'perf' and checks['recording']['wall'] == '${row#* }'"
		finds "remedies['${row#* }']['needed'] != d['works']"
	done
}

@test "doctor, fake: less locked memory than wanted, and many CPUs" {
	machine "ring=512"
	examine
	agrees
	finds 'checks["buffers"]["wall"] == "memlock" and not remedies["memlock"]["needed"]'
	finds 'checks["buffers"]["detail"].startswith("512 of 8192 KiB on each of")'
	machine "cpus=128 offline=100-127"
	examine
	agrees
	finds 'checks["buffers"]["state"] == "ok" and "each of 100 CPUs" in checks["buffers"]["detail"]'
}

@test "doctor: root without capabilities, as in a container" {
	needs_root
	needs setpriv
	examine setpriv --bounding-set=-all --inh-caps=-all
	agrees setpriv --bounding-set=-all --inh-caps=-all
	finds 'd["settings"]["uid"] == 0 and int(d["settings"]["capabilities"], 16) == 0'
	finds '(d["settings"]["perf_event_paranoid"] < 1 or
		checks["reach.system"]["detail"].endswith(", no CAP_PERFMON"))'
	finds 'd["settings"]["perf_event_paranoid"] < 2 or checks["kallsyms"]["wall"] == "capability"'
	finds 'checks["ptrace"]["state"] == "ok"'
}

@test "doctor: control groups that are mounted read-only" {
	needs_root
	local ro='for m in $(awk "\$9 ~ /^cgroup/ || \$10 ~ /^cgroup/ { print \$5 }" /proc/self/mountinfo); do
		mount -o remount,bind,ro "$m"; done; exec "$@"'
	examine unshare -m sh -ec "$ro" sh
	agrees unshare -m sh -ec "$ro" sh
	finds 'checks["reach.cgroup"]["wall"] == "cgroup"'
	finds 'checks["reach.system"]["state"] == "ok" and d["reach"] == "system"'
}

@test "doctor, fake: a kernel that lowered its limit on samples" {
	machine ""
	mkdir -p "$box/root/proc/sys/kernel"
	echo 50 >"$box/root/proc/sys/kernel/perf_event_max_sample_rate"
	examine
	agrees
	finds 'd["works"] and checks["rate"]["state"] == "no" and "50 at most" in checks["rate"]["detail"]'
	[ "$(json "$box/out/run.json" sampling.frequency_hz)" = 50 ]
}

@test "doctor, fake: a setting alone is no wall, hidden symbols are" {
	machine ""
	mkdir -p "$box/root/proc/sys/kernel/yama"
	echo 3 >"$box/root/proc/sys/kernel/yama/ptrace_scope"
	echo 2 >"$box/root/proc/sys/kernel/kptr_restrict"
	echo '0000000000000000 T _stext' >"$box/root/proc/kallsyms"
	examine
	finds 'd["settings"]["yama_ptrace_scope"] == 3 and checks["ptrace"]["state"] == "ok"'
	finds 'checks["kallsyms"]["wall"] == "kptr" and "kptr" in remedies'
}
