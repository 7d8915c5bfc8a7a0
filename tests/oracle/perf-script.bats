#!/usr/bin/env bats
# Side by side: two readers of one profile are compared.
# The text of perf script, read by profd, against perf report of the same recording: every function's own
# part, and with its callees, to the last digit that perf prints.

load ../integration/lib

setup_file() {
	load ../integration/lib
	command -v perf >/dev/null || return 0
	cd "$BATS_FILE_TMPDIR"
	gcc -O2 -g -fno-omit-frame-pointer -o shares "$WORKLOADS/shares.c"
	g++ -O2 -g -o inline "$WORKLOADS/inline.cc"
	gcc -O2 -g -pthread -o threads "$WORKLOADS/threads.c"
	perf record -q -e cpu-clock -F 999 -g -o fp.data -- ./shares 400 >/dev/null
	perf record -q -e cpu-clock -F 999 -o flat.data -- ./shares 200 >/dev/null
	perf record -q -e cpu-clock -F 999 --call-graph dwarf,16384 -o dwarf.data -- ./inline 300 >/dev/null
	perf record -q -e page-faults,cpu-clock:u -F 999 -g --sample-cpu -o events.data -- \
		sh -c './threads 200; ls -R /usr/lib/gcc | wc' >/dev/null
}

setup() {
	needs perf
	cd "$BATS_TEST_TMPDIR"
}

# script NAME [OPTION...]: perf's text of a recording.
script() {
	perf script -i "$BATS_FILE_TMPDIR/$1.data" "${@:2}" 2>/dev/null
}

# event_of NAME [NUMBER]: how perf calls the event; ":u" is at the end of it for ordinary users.
event_of() {
	perf evlist -i "$BATS_FILE_TMPDIR/$1.data" 2>/dev/null | grep -v '^#' | sed -n "${2:-1}p"
}

# agree NAME EVENT TEXT KEY [OPTION...]: perf report's shares of the event, by its number, are profd top's;
# KEY is flat or cum.
agree() {
	local children=--no-children field=overhead event
	event=$(event_of "$1" "$2")
	[ "$4" = flat ] || children=--children field=overhead_children
	perf report "$children" --stdio -g none -F "$field,sym" --percent-limit 0 \
		-i "$BATS_FILE_TMPDIR/$1.data" >report.txt 2>/dev/null
	"$PROFD" top -n 0 --json "${@:5}" "$3" >top.json
	"$PYTHON" - report.txt "$event" top.json "$4" <<-'END'
	import json, re, sys
	perf, inlined, event = {}, {}, None
	for line in open(sys.argv[1], encoding="utf-8"):
	    head = re.match(r"# Samples: \S+\s+of event '(.*)'", line)
	    row = re.match(r"\s+([\d.]+)%\s+\[[.k]\] (.*?)\s*$", line)
	    if head:
	        event = head[1]
	    elif row and event == sys.argv[2]:
	        name = row[2].removesuffix(" (inlined)")
	        table = perf if name == row[2] else inlined
	        table[name] = table.get(name, 0) + float(row[1])
	# Who is inlined here and called there has two rows, which may be of the same samples.
	perf = {n: v for n, v in (perf | inlined).items() if not (n in perf and n in inlined)}
	top = json.load(open(sys.argv[3], encoding="utf-8"))
	key = sys.argv[4]
	assert top["total"] > 0 and len(perf) >= 1, (top["total"], perf)
	mine = {f["name"]: 100 * f[key] / top["total"] for f in top["functions"] if f[key]}
	# Symbols that perf does not know it prints as numbers.
	perf = {n: v for n, v in perf.items() if not re.fullmatch("0x[0-9a-f]+|[0-9a-f]{16}", n)}
	# Two digits of each row of a name, of which there may be one for each file.
	bad = {n: (v, mine.get(n)) for n, v in perf.items() if abs(v - mine.get(n, -1)) > 0.0201}
	assert not bad, bad
	print(len(perf), "functions,", key)
	END
}

@test "frame pointers: own parts and parts with callees" {
	script fp >fp.txt
	agree fp 1 fp.txt flat
	agree fp 1 fp.txt cum
	# Fields are left out: of the symbol the offset and the file, then the period.
	script fp -F comm,pid,tid,time,period,event,ip,sym >less.txt
	agree fp 1 less.txt flat
	script fp -F comm,tid,ip,sym >least.txt
	lacks cpu-clock least.txt
	agree fp 1 least.txt flat
	# Fields are added.
	script fp --header --ns --show-task-events --show-mmap-events -F +pid,+srcline >more.txt
	grep -q PERF_RECORD more.txt
	agree fp 1 more.txt flat
}

@test "without callers" {
	script flat >flat.txt
	agree flat 1 flat.txt flat
}

@test "DWARF: inlined functions stand below the one they are in" {
	script dwarf >dwarf.txt
	grep -q '(inlined)' dwarf.txt
	agree dwarf 1 dwarf.txt cum
	"$PROFD" convert -t folded --annotate dwarf.txt >dwarf.folded
	grep -q '^inline;.*;main;.*geometry::Circle::draw;middle<.*_\[i\]' dwarf.folded
	# Of a function's own part perf report says nothing for those that are inlined.
	script dwarf --no-inline >plain.txt
	agree dwarf 1 plain.txt flat
}

@test "several events have values of their own" {
	local faults
	script events >events.txt
	agree events 2 events.txt flat
	faults=$(event_of events 1)
	agree events 1 events.txt flat --value "${faults}_event"
	agree events 1 events.txt flat --value "$faults"
	# As many samples as perf printed heads.
	"$PROFD" top --json --value "${faults}_sample" events.txt >top.json
	[ "$(json top.json total)" = "$(grep -c "$faults: " events.txt)" ]
	gzip -k events.txt
	"$PROFD" convert -t folded events.txt.gz | cmp - <("$PROFD" convert -t folded - <events.txt)
}

@test "times: every sample is in some range, and in one only" {
	local from sum=0 all
	script fp >fp.txt
	"$PROFD" top --json fp.txt >top.json
	all=$(json top.json total)
	for from in 0 100 200 300 400; do
		to=("--until" "$((from + 100))ms")
		[ "$from" != 400 ] || to=()
		"$PROFD" top --json --from "${from}ms" "${to[@]}" fp.txt >part.json
		sum=$((sum + $(json part.json total)))
	done
	echo "$sum of $all"
	[ "$sum" = "$all" ]
}

@test "a perf.data file is told what to do with it" {
	run "$PROFD" top "$BATS_FILE_TMPDIR/fp.data"
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == *"this is a perf.data file"* ]]
	[[ "${lines[1]}" == *"'perf script -i FILE'"* ]]
}
