#!/usr/bin/env bats
# Many runs leave nothing behind: no process, no file, no control group, no System V object.

load lib

@test "500 runs leave no process and no file" {
	needs_root
	local runs=${PROFD_TEST_RUNS:-500}
	# A copy of its own name, so that only this test's processes are counted.
	cp "$PROFD" "$BATS_FILE_TMPDIR/profd-many"
	enter_group || echo "no control group can be made here, by profd neither"
	# Temporary file systems of its own: whatever appears there is profd's.
	BOUND=$BATS_FILE_TMPDIR RUNS=$runs unshare -m bash -c '
		set -e
		mount --bind "$BOUND" /mnt
		for dir in /tmp /var/tmp /dev/shm /run; do
			[ ! -d $dir ] || mount -t tmpfs none $dir
		done
		unset TMPDIR XDG_RUNTIME_DIR
		mkdir /tmp/box
		cd /tmp/box
		for ((i = 0; i < RUNS; i++)); do
			/mnt/profd-many record -q --force -o /tmp/box/out -- true || exit
		done
		find /tmp /var/tmp /dev/shm /run | sort >/mnt/files
		ls -A /tmp/box/out >/mnt/artifacts' 3>&-
	cat "$BATS_FILE_TMPDIR/files"
	[ "$(tr '\n' ' ' <"$BATS_FILE_TMPDIR/artifacts")" = "$ARTIFACTS " ]
	# The four roots, the working directory and one set of artifacts.
	[ "$(grep -cvE '^(/tmp|/var/tmp|/dev/shm|/run)$' "$BATS_FILE_TMPDIR/files")" -eq 8 ]
	if [ -n "${HOME_GROUP-}" ]; then
		[ -z "$(find "$HOME_GROUP" -mindepth 1 -type d)" ]
		poll 10 leave_group
	fi
	# A process of this program has its file open as /proc/PID/exe.
	poll 10 no_process_of "$BATS_FILE_TMPDIR/profd-many"
}

no_process_of() {
	! find /proc -maxdepth 2 -name exe -lname "*$(basename "$1")*" 2>/dev/null | grep -q .
}

@test "ten at a time do not disturb each other" {
	build shares shares.c
	local i pids=()
	for i in 0 1 2 3 4 5 6 7 8 9; do
		"$PROFD" record -q -o "$BATS_TEST_TMPDIR/$i" -- "$program" 100 >"$BATS_TEST_TMPDIR/$i.out" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	for i in 0 1 2 3 4 5 6 7 8 9; do
		whole_artifacts "$BATS_TEST_TMPDIR/$i"
		"$INTEGRATION/check-folded" --line 'EXPECT main;call_30;load_30' --min 95 --silent-cuts \
			"$BATS_TEST_TMPDIR/$i/cpu.folded"
		# One's profile holds one's own workload alone, and what is missing of that.
		[ "$(cut -d';' -f1 "$BATS_TEST_TMPDIR/$i/cpu.folded" | grep -vF '[unsampled]' |
			sort -u)" = shares ]
	done
}
