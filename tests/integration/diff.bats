#!/usr/bin/env bats
# profd diff: two builds of one program, of which one does more; what is refused; what is written.

load lib

setup_file() {
	load lib
	local side
	cd "$BATS_FILE_TMPDIR"
	# As two checkouts are: in folders of their own, under other names.
	mkdir base head
	cp "$WORKLOADS"/variant.c "$WORKLOADS"/work.h base
	cp "$WORKLOADS"/variant.c "$WORKLOADS"/work.h head
	gcc -O2 -g -DOLD -o base/old-program "$PWD/base/variant.c"
	gcc -O2 -g -o head/program "$PWD/head/variant.c"
	"$PROFD" record -q -F 999 -o base.d --raw base.capture -- base/old-program
	"$PROFD" record -q -F 999 -o head.d -- head/program
	for side in one two; do
		"$PROFD" replay -q -o $side.d base.capture
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	ALL=$BATS_FILE_TMPDIR
}

# function FILE.json NAME KEY...: a value of a function; it is there once.
function_of() {
	"$PYTHON" - "$@" <<-'END'
	import json, sys
	found = [f for f in json.load(open(sys.argv[1]))["functions"] if f["name"] == sys.argv[2]]
	assert len(found) == 1, (sys.argv[2], len(found))
	value = found[0]
	for key in sys.argv[3:]:
	    value = value[key]
	print(value if isinstance(value, str) else json.dumps(value))
	END
}

# refused WORDS OPTION...: status 2, one sentence with these words, a hint or none; nothing on stdout.
refused() {
	local words=$1 status=0
	shift
	"$PROFD" diff "$@" >out 2>err || status=$?
	cat err
	[ "$status" -eq 2 ]
	[ ! -s out ]
	grep -qF -- "$words" err
	[ "$(wc -l <err)" -le 2 ]
}

@test "what does twice the work comes first; what is new or gone is listed" {
	"$PROFD" diff "$ALL/base.d" "$ALL/head.d" >out
	cat out
	grep -A1 'change .*before .*after' out | tail -n 1 | grep -q '^ *+[0-9.]*m\?s .* twice  '
	grep -q '^ *-[0-9.]*[mu]s  vanished .* gone_leaf  ' out
	grep -q '^ *+[0-9.]*[mu]s  *new .* fresh  ' out
	grep -q '^ *+[0-9.]*ms  program;.*;main;fresh' out
	grep -q '^ *-[0-9.]*ms  program;.*;main;gone' out
	grep -qF "the command 'old-program' before is taken for 'program' after" out
	grep -q 'not normalised' out
	grep -q 'make both again before you rely on it' out
}

@test "two checkouts have the same functions" {
	"$PROFD" diff --json "$ALL/base.d" "$ALL/head.d" >out.json
	[ "$(function_of out.json main state)" = both ]
	[ "$(function_of out.json same state)" = both ]
	[ "$(function_of out.json twice state)" = both ]
	[ "$(function_of out.json fresh state)" = new ]
	[ "$(function_of out.json gone state)" = vanished ]
	[ "$(function_of out.json twice self significant)" = true ]
	[ "$(json out.json functions.0.name)" = twice ]
	[[ "$(function_of out.json same file)" == */head/variant.c ]]
}

@test "what is to be said of the quality of either side is said" {
	"$PROFD" record -q -F 99 -o thin.d -- "$ALL/head/program" 100
	"$PROFD" diff thin.d "$ALL/head.d" >out
	grep -q '^before: a thin profile, ' out
	"$PROFD" diff "$ALL/head.d" thin.d >out
	grep -q '^after: a thin profile, ' out
	"$PROFD" diff -t svg "$ALL/head.d" thin.d | grep -q '>after: a thin profile, '
	# Other people's comments are no cautions.
	"$PROFD" diff "$ALL/head.d" "$ALL/head.d" >out
	lacks '^before: ' out
}

@test "the other way round all signs are turned" {
	"$PROFD" diff --json "$ALL/base.d" "$ALL/head.d" >there.json
	"$PROFD" diff --json "$ALL/head.d" "$ALL/base.d" >back.json
	"$PYTHON" - there.json back.json <<-'END'
	import json, sys
	there, back = (json.load(open(name)) for name in sys.argv[1:])
	key = lambda f: f["name"]
	a, b = (sorted(d["functions"], key=key) for d in (there, back))
	assert len(a) == len(b) > 5
	for f, g in zip(a, b):
	    for part in "self", "total":
	        assert f[part]["change"] == -g[part]["change"], (f, g)
	        assert f[part]["noise"] == g[part]["noise"]
	assert there["total"]["change"] == -back["total"]["change"]
	names = lambda stacks: [s["stack"][1:] for s in stacks]
	assert names(there["new_stacks"]) == names(back["vanished_stacks"])
	assert names(there["vanished_stacks"]) == names(back["new_stacks"])
	END
}

@test "one capture against itself: nothing changed, all of it grey" {
	"$PROFD" diff --json "$ALL/one.d" "$ALL/two.d" >out.json
	"$PYTHON" - out.json <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert len(d["functions"]) > 5
	for f in d["functions"] + [{"self": d["total"], "total": d["total"]}]:
	    for part in "self", "total":
	        assert f[part]["change"] == 0 and not f[part]["significant"], f
	assert not d["new_stacks"] and not d["vanished_stacks"]
	END
	"$PROFD" diff -t svg "$ALL/one.d" "$ALL/two.d" >out.svg
	sed 's/<script>.*//; /class="legend"/,$d' out.svg >boxes
	lacks 'fill="#\(fe9\|fd6\|fb3\|f92\|cdf\|abf\|8af\|69f\)"' boxes
	grep -q 'fill="#ddd"' boxes
	"$PROFD" diff "$ALL/one.d" "$ALL/two.d" >out
	grep -q '^0 of [0-9]* functions' out
}

@test "a folder of all formats, each complete and always the same" {
	"$PROFD" diff -o all "$ALL/base.d" "$ALL/head.d"
	[ "$(cd all && echo *)" = "diff.folded diff.html diff.json diff.pb.gz diff.svg diff.txt" ]
	"$PROFD" diff -o again "$ALL/base.d" "$ALL/head.d"
	diff -r all again
	gzip -t all/diff.pb.gz
	"$PYTHON" -m json.tool all/diff.json >/dev/null
	tail -n 1 all/diff.svg | grep -q '</svg>$'
	tail -n 1 all/diff.html | grep -q '</html>$'
	grep -q '+ twice' all/diff.svg
	grep -q '>+ fresh<' all/diff.svg
	# With a minus sign, beside the others.
	grep -q $'>\xe2\x88\x92 gone<' all/diff.svg
	grep -q $'<title>\xe2\x88\x92 vanished' all/diff.svg
	grep -q 'within the noise of sampling' all/diff.svg
	# Each of them as a file, by its name or by -t, and on the standard output.
	local file
	for file in diff.folded diff.html diff.json diff.pb.gz diff.svg diff.txt; do
		"$PROFD" diff -o "$file" "$ALL/base.d" "$ALL/head.d"
		cmp "$file" "all/$file"
	done
	"$PROFD" diff -t folded -o named "$ALL/base.d" "$ALL/head.d"
	cmp named all/diff.folded
	"$PROFD" diff --json "$ALL/base.d" "$ALL/head.d" | cmp - all/diff.json
	# Nothing is overwritten.
	refused "'all/diff.txt' exists" -o all "$ALL/base.d" "$ALL/head.d"
	refused "'named' exists" -t svg -o named "$ALL/base.d" "$ALL/head.d"
	"$PROFD" diff --force -o all "$ALL/head.d" "$ALL/base.d"
	grep -q '+ gone' all/diff.svg
}

@test "folded lines have both numbers, with the totals of both" {
	"$PROFD" diff -t folded "$ALL/base.d" "$ALL/head.d" >out.folded
	grep -vE '^[^;]+(;[^;]+)* [0-9]+ [0-9]+$' out.folded && fail "a line has another form"
	[ "$(awk '{ n += $(NF - 1) } END { printf "%.0f", n }' out.folded)" = \
		"$(awk '{ n += $NF } END { printf "%.0f", n }' "$ALL/base.d/cpu.folded")" ]
	[ "$(awk '{ n += $NF } END { printf "%.0f", n }' out.folded)" = \
		"$(awk '{ n += $NF } END { printf "%.0f", n }' "$ALL/head.d/cpu.folded")" ]
	grep -qE ';main;fresh 0 [1-9]' out.folded
	grep -qE ';main;gone;gone_leaf [1-9][0-9]* 0$' out.folded
}

@test "the picture is drawn without its script, and is well-formed" {
	needs xmllint
	"$PROFD" diff -t svg "$ALL/base.d" "$ALL/head.d" >out.svg
	xmllint --noout --nonet out.svg
	lacks 'style=' out.svg
}

@test "a marked function stands out in the pictures, and nowhere else" {
	"$PROFD" diff --title 'a <title>' --mark twice --mark nobody -o marked "$ALL/base.d" "$ALL/head.d"
	"$PROFD" diff -o plain "$ALL/base.d" "$ALL/head.d"
	for file in diff.svg diff.html; do
		grep -q '◆ twice' "marked/$file"
		grep -q '◆ marks what the change touches' "marked/$file"
		grep -q 'a &lt;title&gt;' "marked/$file"
		lacks '◆ same' "marked/$file"
		lacks '◆' "plain/$file"
	done
	for file in diff.txt diff.json diff.folded diff.pb.gz; do
		cmp "marked/$file" "plain/$file"
	done
}

@test "another rate of samples is no change" {
	"$PROFD" record -q -F 199 -o slow.d -- "$ALL/head/program"
	"$PROFD" diff --json slow.d "$ALL/head.d" >out.json
	# A fifth of the samples, and nearly the same time: five times less would be -80 %.
	"$PYTHON" - out.json <<-'END'
	import json, sys
	t = json.load(open(sys.argv[1]))["total"]
	assert t["before_samples"] < 0.4 * t["after_samples"], t
	assert 0.5 < t["after"] / t["before"] < 2, t
	END
	refused "a sample for each 5025125 nanoseconds against each 1001001" \
		--value samples slow.d "$ALL/head.d"
}

@test "unlike engines are refused, or labelled everywhere" {
	"$PROFD" record -q --engine ptrace -o ptrace.d -- "$ALL/head/program"
	# By the folders' run.json, and by what the profiles say themselves.
	refused "engine perf against ptrace" "$ALL/head.d" ptrace.d
	refused "engine ptrace against perf" ptrace.d/cpu.pb.gz "$ALL/head.d/cpu.pb.gz"
	refused "--allow-unlike" "$ALL/head.d" ptrace.d
	"$PROFD" diff --allow-unlike -o all "$ALL/head.d" ptrace.d
	local file
	for file in all/diff.txt all/diff.json all/diff.svg all/diff.html; do
		grep -q 'engine perf against ptrace' "$file" || fail "$file does not say so"
	done
	gzip -cd all/diff.pb.gz | grep -qa 'unlike: engine perf against ptrace'
}

@test "unlike machines, events and code are refused" {
	local change
	for change in 's/"testbed": "/&Other /' 's/"event": "/&x/' 's/"kernel": true/"kernel": false/'; do
		rm -rf other
		cp -r "$ALL/head.d" other
		sed -i "$change" other/run.json
		refused "are unlike: " "$ALL/head.d" other
	done
	# A replay is not another engine.
	"$PROFD" diff "$ALL/one.d" "$ALL/head.d" >out
	lacks unlike out
}

@test "what ran already is compared per second of recording" {
	"$ALL/head/program" 20000 &
	local pid=$!
	"$PROFD" record -q -F 999 -p $pid -d 0.6 -o short.d
	"$PROFD" record -q -F 999 -p $pid -d 1.5 -o long.d
	kill $pid
	"$PROFD" diff short.d long.d >out
	cat out
	grep -q 'cpu, per second of recording' out
	"$PROFD" diff --json short.d long.d >out.json
	[ "$(json out.json normalize)" = duration ]
	"$PYTHON" - out.json short.d/run.json <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	for side in "before", "after":
	    # Of one thread, so no more than a second in a second.
	    assert 0 < d["total"][side] <= 1.1e9, d["total"]
	    assert abs(d[side]["factor"] * d[side]["duration_s"] - 1) < 1e-6
	END
	# Against a command there is no such rule.
	refused "a profile of what ran already against a command" short.d "$ALL/head.d"
	"$PROFD" diff --normalize none short.d long.d | grep -q 'not normalised'
	"$PROFD" diff --normalize total short.d long.d | grep -q 'both totals made equal'
}

@test "folded stacks, whose noise is not known; and stdin" {
	"$PROFD" diff --unit nanoseconds "$ALL/base.d/cpu.folded" "$ALL/head.d/cpu.folded" >out
	grep -q 'the noise is not known' out
	grep -q 'not told by both, so not compared: engine, event' out
	"$PROFD" diff --unit nanoseconds - "$ALL/head.d/cpu.folded" <"$ALL/base.d/cpu.folded" >again
	diff <(tail -n +2 out) <(tail -n +2 again)
	# A profile of one unit against one of another.
	refused "nothing to compare" "$ALL/base.d/cpu.folded" "$ALL/head.d"
}

@test "the same part of both" {
	"$PROFD" diff --focus twice --json "$ALL/base.d" "$ALL/head.d" >part.json
	"$PYTHON" - part.json <<-'END'
	import json, sys
	part = json.load(open(sys.argv[1]))
	names = [f["name"] for f in part["functions"] if f["self"]["before"] or f["self"]["after"]]
	print(names)
	assert names and all("fresh" not in n and "gone" not in n for n in names), names
	END
	"$PROFD" diff --focus nowhere "$ALL/base.d" "$ALL/head.d" 2>said
	grep -q "no sample matches" said
}

@test "wrong options and files are told in one sentence" {
	refused "two profiles are wanted" "$ALL/head.d"
	refused "unknown option '--wrong'" --wrong "$ALL/head.d" "$ALL/head.d"
	refused "--normalize is none, duration or total, not 'x'" --normalize x a b
	refused "unknown format 'svgg'" -t svgg "$ALL/base.d" "$ALL/head.d"
	refused "did you mean 'svg'?" -t svgg "$ALL/base.d" "$ALL/head.d"
	refused "cannot read 'none'" none "$ALL/head.d"
	mkdir empty
	refused "'empty' holds no cpu.pb.gz" "$ALL/head.d" empty
	echo "{}" >empty/run.json
	cp "$ALL/head.d/cpu.pb.gz" empty
	refused "'empty/run.json' is not a usable run.json" "$ALL/head.d" empty
	refused "the profile has no sample type 'wall'" --value wall "$ALL/base.d" "$ALL/head.d"
	refused "cannot write" -o none/there.svg "$ALL/base.d" "$ALL/head.d"
	"$PROFD" diff --help | grep -q '^usage: profd diff'
}
