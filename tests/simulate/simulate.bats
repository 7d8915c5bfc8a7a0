#!/usr/bin/env bats
# Side by side: all of it is arithmetic.
# How often the judge is wrong on machines that are made up, by the counts of tests/simulate/simulate:
# its table, and a line for each limit. The seed is fixed, so that nothing here depends on luck.
# About a minute of CPU time; `make simulate` does every combination, and more gates.

setup_file() {
	status=0
	"$TEST_TOOLS/simulate/simulate" >"$BATS_FILE_TMPDIR/table" || status=$?
	echo $status >"$BATS_FILE_TMPDIR/status"
	sed 's/^/# /' "$BATS_FILE_TMPDIR/table" >&3
	"$TEST_TOOLS/simulate/functions" >"$BATS_FILE_TMPDIR/functions" || :
	sed 's/^/# /' "$BATS_FILE_TMPDIR/functions" >&3
}

held() { # a limit's name
	grep "^$1: .*: held\$" "$BATS_FILE_TMPDIR/table"
}

held_of_functions() {
	[ "$(grep -c ': BROKEN$' "$BATS_FILE_TMPDIR/functions")" -eq 0 ] || return 1
	grep "^$1: .*: held\$" "$BATS_FILE_TMPDIR/functions"
}

@test "every kind of machine and size of family has a row" {
	# 3 correlations, 7 disturbances, 3 families
	[ "$(grep -Ec '^0\.[0-9]+ ' "$BATS_FILE_TMPDIR/table")" -eq 63 ]
	[ "$(grep -Ec '^0\.[0-9]+ .* (1|5|20) +1[0-9]000 ' "$BATS_FILE_TMPDIR/table")" -eq 63 ]
	grep -qx '63 cells' "$BATS_FILE_TMPDIR/table"
	[ "$(cat "$BATS_FILE_TMPDIR/status")" -eq 0 ]
}

@test "false alarms in a family: the upper 99 % bound is at most 1.5 alpha in every row" {
	held false-alarms
}

@test "twice the threshold is suspected in 95 of 100 gates where the noise equals the threshold" {
	held power
}

@test "and confirmed in 95 of 100" {
	held confirmed
}

@test "where the deviation is three times what the quartiles see, in 80 of 100 still" {
	grep -q '^[1-9][0-9]* of them with tails$' "$BATS_FILE_TMPDIR/table"
	held tails
}

@test "as well where the noise is measured by the standard deviation" {
	held power-sd
	held confirmed-sd
}

@test "exactly the threshold passes in at most 5 of 100 gates" {
	held missed
}

@test "with a fixed order instead of the coin the simulation finds many false alarms" {
	held fixed-order
}

@test "functions: on identical programs at most 5 of 100 reports name anybody" {
	held_of_functions named
}

@test "functions: nominal 95 % intervals hold the truth in 93 to 98 of 100 cases, all at once in 95" {
	held_of_functions cover-low
	held_of_functions cover-high
	held_of_functions injected
	held_of_functions together
	held_of_functions residual
}

@test "functions: one that costs 10 % of the run more is named first" {
	held_of_functions first
}
