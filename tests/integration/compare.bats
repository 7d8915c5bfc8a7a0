#!/usr/bin/env bats
# profd compare: commands, folders, results, profiles.

load lib
load gate-lib

@test "no hash of the program is consulted: the same bytes that work more are found" {
	mkdir ../a ../b
	gcc -O1 -DFACTOR=1 -o ../a/work work.c
	cp -p ../a/work ../b/work
	for side in a b; do
		sed 's/command:.*/command: .\/work $(cat n)/; /^build/d' .profd.yml >../$side/.profd.yml
		echo 4 >../$side/n
	done
	cmp ../a/work ../b/work
	echo 16 >../b/n
	cd ..
	status=0
	"$PROFD" compare -q a b --no-profile -o out || status=$?
	[ "$status" -eq 1 ]
	[ "$(jq -r .verdict out/verdict.json)" = regression ]
	# and other bytes that work the same are not
	echo 4 >b/n
	gcc -O1 -g -DFACTOR=1 -o b/work repo/work.c
	not cmp -s a/work b/work
	"$PROFD" compare -q a b -o out2
	[ "$(jq -r .verdict out2/verdict.json)" != regression ]
	[ ! -e a/profd-out ]
	[ ! -e b/profd-out ]
}

@test "compare: two commands" {
	gcc -O1 -DFACTOR=1 -o work work.c
	status=0
	"$PROFD" compare --base-cmd './work 4' --head-cmd './work 16' --threshold 30% \
		--json >../json 2>../said || status=$?
	cat ../said
	[ "$status" -eq 1 ]
	[ -s profd-out/command/diff.html ]
	[ "$(jq -r .verdict ../json)" = regression ]
	[ "$(jq -r .schema ../json)" = profd.verdict/1 ]
	[ "$(jq -r '.workloads[0].command' ../json)" = './work 16' ]
	status=0
	"$PROFD" compare --base-cmd false --head-cmd true -o ../out >../said 2>&1 || status=$?
	[ "$status" -eq 3 ]
	status=0
	"$PROFD" compare --base-cmd true --head-cmd false -o ../out2 >../said 2>&1 || status=$?
	[ "$status" -eq 4 ]
	"$PROFD" compare --base-cmd true --head-cmd true --load 2 --no-profile -o ../out3 >../said 2>&1 || :
	[ "$(jq '.environment.load_threads' ../out3/verdict.json)" = 2 ]
	for wrong in '--load 0 a b' '--base-cmd true' '--base-cmd true --head-cmd true extra' 'one' \
		'--threshold 0 a b' '--threshold 150% a b' '--mode maybe a b'; do
		status=0
		# shellcheck disable=SC2086
		"$PROFD" compare $wrong >../said 2>&1 || status=$?
		[ "$status" -eq 2 ]
	done
}

@test "compare: two results are shown beside each other and never judged; profiles by function" {
	slower
	commit slower
	# shellcheck disable=SC2034 # gate's
	profiles=
	gate 1
	cp -r profd-out ../second
	status=0
	"$PROFD" compare ../second profd-out >../said 2>&1 || status=$?
	cat ../said
	[ "$status" -eq 0 ]
	grep -q 'immature' ../said
	jq '.environment.testbed = "another"' profd-out/verdict.json >../other.json
	"$PROFD" compare ../other.json profd-out/verdict.json >../said 2>&1
	grep -q 'not_comparable' ../said
	pushd profd-out
	"$PROFD" compare work/base work/head >../../said
	grep -q '^from work/base to work/head, 1 pair of profiles' ../../said
	popd

	# as a base: head's budgets alone
	gate 0 --base file:../second/verdict.json
	grep -q 'immature' ../said
	echo '{' >../broken.json
	gate 2 --base file:../broken.json
}

@test "selftest --aa: gates against a copy, what they got wrong, and what can be found here" {
	status=0
	"$PROFD" selftest --aa --gates 2 --json >../json 2>../said || status=$?
	cat ../said ../json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.schema, .gates' ../json | paste -s)" = 'profd.selftest/1	2' ]
	[ "$(jq '.false_alarms_at_most > 0.5' ../json)" = true ]
	[ "$(jq '.metrics[] | select(.name == "cpu") | .spread > 0 and (.power | length) == 9' ../json)" = true ]
	[ ! -e profd-out ]
	nothing_left
	"$PROFD" selftest --aa --gates 1 work >../said
	grep -q '^1 gates against a copy in .* false alarm' ../said
	grep -q '^work  *cpu ' ../said
	sed -i 's/command:.*/command: "false"/' .profd.yml
	for wrong in '' '--aa --gates 0' '--aa nothing' '--aa --no-such'; do
		status=0
		# shellcheck disable=SC2086
		"$PROFD" selftest $wrong || status=$?
		[ "$status" -eq 2 ]
	done
	status=0
	"$PROFD" selftest --aa --gates 3 >../said || status=$?
	[ "$status" -eq 4 ]
	nothing_left
}

@test "bash completes gate, compare and selftest" {
	bash -c '
		. "$1/contrib/completions/profd.bash"
		complete_of() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _profd; echo "${COMPREPLY[@]}"; }
		[[ $(complete_of profd g) == gate ]] &&
		[[ $(complete_of profd gate --bas) == --base ]] &&
		[[ $(complete_of profd gate --mode w) == warn ]] &&
		[[ $(complete_of profd compare --head) == --head-cmd ]] &&
		[[ $(complete_of profd selftest --a) == --aa ]]
	' bash "$SRCDIR"
}
