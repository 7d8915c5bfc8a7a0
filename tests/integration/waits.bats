#!/usr/bin/env bats
# profd gate where wall time has changed and CPU time has not: what the program waits for, and where.

load lib
load gate-lib

setup_file() {
	local dir=$BATS_FILE_TMPDIR
	cat >"$dir/config.yml" <<-'END'
	profd: 1
	build: gcc -O1 -g -fno-inline -pthread -o lock lock.c
	pairs: {max: 20}
	workloads:
	  - name: lock
	    command: [./lock]
	    timeout: 20s
	    metrics:
	      wall: {threshold: 30%}
	      cpu:
	END
	git init -q -b main "$dir/origin"
	cd "$dir/origin"
	cp ../config.yml .profd.yml
	cp "$SRCDIR/tests/workloads/lock.c" .
	echo lock >.gitignore
	commit base
}

@test "wall time grows and CPU time does not: the lock, and the function that waits for it" {
	sed -i 's/HELD_MS 5/HELD_MS 25/' lock.c
	commit slower
	# shellcheck disable=SC2034 # gate's
	profiles=
	gate 1 --base ref:HEAD~1
	[ "$(verdict '.workloads[0].metrics[] | select(.name == "wall") | .verdict')" = regression ]
	# The thread that holds it sleeps; the one that wants it waits in `lookup`.
	verdict '.workloads[0].waits[] | [.name, .file, .line, .named, .low_s] | @tsv'
	verdict '.workloads[0].waits[] | select(.name == "waiting for a lock in lookup") |
		[.file, .named, .low_s > 0.01] | @tsv' | grep -x 'lock.c	true	true'
	verdict '.workloads[0].waits[].name' | grep -x 'sleeping in hold'
	verdict '.workloads[0].evidence[] | [.name, .low > 0.01] | @tsv' | grep -x 'off_cpu	true'
	verdict '.workloads[0].evidence[].name' | paste -s | grep -x 'wall	cpu	off_cpu	page_faults'
	[ -s profd-out/lock/head/wall.pb.gz ]
	# In words, everywhere.
	verdict '.workloads[0].metrics[] | select(.name == "wall") | .note' |
		grep -E '^(waiting for a lock in lookup|sleeping in hold|waiting for a thread to end in main): \+'
	grep -q 'off the CPU .*waiting for a lock in lookup +' ../said
	for file in summary.md comment.md report.html; do
		grep -q 'waiting for a lock in lookup' "profd-out/$file"
		grep -q 'page faults' "profd-out/$file"
	done
}

@test "CPU time that grows as much as wall time is no wait" {
	sed -i 's/WORK 1/WORK 60/' lock.c
	commit busier
	# shellcheck disable=SC2034 # gate's
	profiles=
	gate 1 --base ref:HEAD~1
	[ "$(verdict '.workloads[0].waits | length')" = 0 ]
	verdict '.workloads[0].evidence[].name' | paste -s | grep -x 'wall	cpu	page_faults'
	[ "$(verdict '.workloads[0].functions[0].name')" = work ]
}
