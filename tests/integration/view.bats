#!/usr/bin/env bats
# Side by side: nothing is measured.
# profd view: the tree is what the stacks add up to, and it fits where it is printed.

load lib

setup_file() {
	load lib
	g++ -O2 -g -o "$BATS_FILE_TMPDIR/inline" "$WORKLOADS/inline.cc"
	gcc -O2 -g -pthread -o "$BATS_FILE_TMPDIR/threads" "$WORKLOADS/threads.c"
	"$PROFD" record -q -F 999 --annotate -o "$BATS_FILE_TMPDIR/out" -- sh -c "
		'$BATS_FILE_TMPDIR/inline' 300; '$BATS_FILE_TMPDIR/threads' 200; ls -R /usr/lib/gcc | wc" \
		>/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	unset COLUMNS NO_COLOR
	export TERM=xterm
	out=$BATS_FILE_TMPDIR/out
}

# On a terminal of 80 columns, whose lines end in CR LF.
on_terminal() {
	"$INTEGRATION/pty-run" -- "$@" | tr -d '\r'
}

@test "all calls, and their callers, add up to what the folded file has" {
	"$PROFD" view --json --min 0 "$out" >tree.json
	"$PROFD" view --json --min 0 --inverted "$out" >inverted.json
	"$PYTHON" - "$out/cpu.folded" tree.json inverted.json <<-'END'
	import json, re, sys
	def brief(name):
	    # Folded stacks have C++ names without parameters and return types.
	    return re.sub(r"^(?:void )?([^(]+)\(.*\)(?: const)?$", r"\1", name)
	KIND = {"": "", "kernel": "_[k]", "inlined": "_[i]", "JIT": "_[j]", "note": ""}
	def paths(file):
	    rows, found = {0: ()}, {}
	    tree = json.load(open(file, encoding="utf-8"))
	    for c in tree["calls"]:
	        rows[c["id"]] = rows[c["caller"]] + (brief(c["name"]).replace(";", ":") + KIND[c["kind"]],)
	        assert rows[c["id"]] not in found
	        found[rows[c["id"]]] = (c["total"], c["self"])
	    return tree, found
	down, up, total = {}, {}, 0
	for line in open(sys.argv[1], encoding="utf-8"):
	    stack, weight = line.rsplit(" ", 1)
	    frames, weight = tuple(stack.split(";")), int(weight)
	    total += weight
	    for table, path in ((down, frames), (up, frames[:0:-1])):
	        for n in range(1, len(path) + 1):
	            old = table.get(path[:n], (0, 0))
	            table[path[:n]] = (old[0] + weight, old[1] + (weight if n == len(path) else 0))
	for file, want in ((sys.argv[2], down), (sys.argv[3], up)):
	    tree, found = paths(file)
	    assert tree["schema"] == "profd.view/1" and tree["total"] == total
	    assert tree["inverted"] == (file == "inverted.json")
	    assert found == want, set(found.items()) ^ set(want.items())
	    print(file, len(found), "calls")
	END
}

@test "through a pipe it is plain ASCII, the same on every machine" {
	"$PROFD" view "$out" | cat >piped
	cat piped
	LC_ALL=C lacks '[^ -~]' piped
	COLUMNS='' TERM='' LC_ALL=C "$PROFD" view "$out" | cmp - piped
	"$PROFD" view "$out/cpu.pb.gz" | sed '1s|/cpu.pb.gz:|:|' | cmp - piped
	grep -q '|- ' piped
	grep -q 'geometry::innermost \[i\]$' piped
	"$PROFD" view --min 0 "$out" | grep -q ' \[k\]$'
	grep -q '^not shown: [0-9]* calls below 1 %$' piped
	grep -qE '^ +[0-9.]+m?s +[0-9.]+% +[0-9.]+m?s +[0-9.]+%  geometry::innermost$' piped
	COLUMNS=60 "$PROFD" view --min 0.2 "$out" | sed -n '/^   total/,$p' >narrow
	[ "$(wc -L <narrow)" -le 60 ]
	[ "$(wc -L <piped)" -gt 60 ]
}

@test "on a terminal it has lines and colours, and fits" {
	on_terminal "$PROFD" view "$out" >seen
	grep -q $'\033\[1;31m' seen
	grep -q '├─ ' seen
	sed $'s/\033\\[[0-9;]*m//g' seen | sed -n '/^   total/,/^not shown/p' >plain
	cat plain
	LC_ALL=C.UTF-8 "$PYTHON" -c '
import sys
for line in open("plain", encoding="utf-8"):
    assert len(line.rstrip("\n")) <= 80, line'
	# What a name loses is not its end.
	grep -q 'geometry::innermost \[i\]$' plain
	LC_ALL=C on_terminal "$PROFD" view "$out" >seen
	LC_ALL=C lacks '[^ -~'$'\033'']' seen
	grep -q $'\033\[1;31m' seen
}

@test "NO_COLOR, TERM and --color decide about colours" {
	local esc=$'\033'
	NO_COLOR=1 on_terminal "$PROFD" view "$out" >seen
	lacks "$esc" seen
	grep -q '├─ ' seen
	NO_COLOR='' on_terminal "$PROFD" view "$out" | grep -q "$esc"
	TERM=dumb on_terminal "$PROFD" view "$out" >seen
	lacks "$esc" seen
	on_terminal "$PROFD" view --color=never "$out" >seen
	lacks "$esc" seen
	NO_COLOR=1 "$PROFD" view --color "$out" >seen
	grep -q "$esc" seen
	grep -q '├─ ' seen
	NO_COLOR=1 "$PROFD" view --color=always "$out" | cmp - seen
	"$PROFD" view --color=auto "$out" >seen
	lacks "$esc" seen
	run "$PROFD" view --color=sometimes "$out"
	[ "$status" -eq 2 ]
	[ "${lines[0]}" = "profd: --color is auto, always or never, not 'sometimes'" ]
}

@test "depth, limit, table, value, filters" {
	"$PROFD" view --depth 2 --min 0 "$out" >shallow
	cat shallow
	[ "$(sed -n '/^   total/,/^not shown/p' shallow | grep -c ' \.\.\.$')" -ge 2 ]
	grep -q '^not shown: .* more than 2 deep' shallow
	"$PROFD" view -n 0 "$out" >tree
	lacks 'functions$' tree
	"$PROFD" view -n 3 "$out" | grep -q '  3 of [0-9]* functions$'
	"$PROFD" view -n 0 --min 40 "$out" >coarse
	[ "$(wc -l <coarse)" -lt "$(wc -l <tree)" ]
	"$PROFD" view --value samples "$out" | grep -qE ': samples, total [0-9]+$'
	"$PROFD" view --process threads "$out" >part
	grep -q '^filtered by --process=threads: [0-9.]* % of cpu$' part
	grep -qE '^ +[0-9.]+m?s  100.0% +threads$' part
	"$PROFD" view --focus nothing_of_this_name "$out" >none 2>said
	grep -q '^profd: no sample matches$' said
	[ "$(wc -l <said)" -eq 2 ]
	local bad
	for bad in "--min x" "--min 101" "--min nan" "--depth 0" "-n -1"; do
		# shellcheck disable=SC2086
		run "$PROFD" view $bad "$out"
		[ "$status" -eq 2 ] || fail "$bad"
	done
	run "$PROFD" view
	[ "$status" -eq 2 ]
	run "$PROFD" view "$BATS_TEST_TMPDIR"
	[ "$status" -eq 2 ]
	[[ "$output" == "profd: cannot read '$BATS_TEST_TMPDIR/cpu.pb.gz': No such file or directory" ]]
	run bash -c '"$PROFD" view "$1" 2>&1 >/dev/full' - "$out"
	[ "$status" -eq 2 ]
	[ "$output" = "profd: cannot write to the standard output: No space left on device" ]
}
