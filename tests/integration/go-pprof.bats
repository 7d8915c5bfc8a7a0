#!/usr/bin/env bats
# A recorded profile in the hands of `go tool pprof` and of protoc.

load lib

setup_file() {
	load lib
	# The tool itself and not `go tool`, which would be one more process; Go builds it when it
	# is first asked for, in the user's own cache.
	PPROF=$(go tool -n pprof 2>/dev/null) && go tool pprof -h >/dev/null 2>&1 || :
	export PPROF
	# Recorded once for all tests of this file. The user's settings stay out of the way.
	mkdir "$BATS_FILE_TMPDIR/home"
	g++ -O2 -g -o "$BATS_FILE_TMPDIR/inline" "$WORKLOADS/inline.cc"
	"$PROFD" record -q -F 999 -o "$BATS_FILE_TMPDIR/inline.d" -- "$BATS_FILE_TMPDIR/inline" 900 \
		>/dev/null
	gcc -O2 -g -pthread -o "$BATS_FILE_TMPDIR/threads" "$WORKLOADS/threads.c"
	"$PROFD" record -q -F 999 -o "$BATS_FILE_TMPDIR/threads.d" -- "$BATS_FILE_TMPDIR/threads" 900 \
		>/dev/null
	# A profile must be complete off the machine: the programs are gone when it is read.
	rm "$BATS_FILE_TMPDIR/inline" "$BATS_FILE_TMPDIR/threads"
}

setup() {
	export HOME=$BATS_FILE_TMPDIR/home PPROF_TMPDIR=$BATS_FILE_TMPDIR/home
	unset PPROF_BINARY_PATH
	cd "$BATS_TEST_TMPDIR"
	case $BATS_TEST_DESCRIPTION in
	protoc*) ;;
	*) [ -x "$PPROF" ] || skip "go tool pprof is not installed" ;;
	esac
}

pprof() {
	"$PPROF" "$@"
}

total_ns() {
	awk '{ n += $NF } END { printf "%d\n", n }' "$1"
}

@test "go tool pprof -top reads it without a word on stderr" {
	local name
	for name in inline threads; do
		pprof -symbolize=none -top -unit=ns "$BATS_FILE_TMPDIR/$name.d/cpu.pb.gz" >top 2>err
		cat top err
		[ ! -s err ]
	done
	grep -q 'worker_load' top
}

@test "go tool pprof does not want to symbolize it again" {
	pprof -top "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" >top 2>err
	cat err
	# The program is gone; a reader that wanted to look into it would complain.
	[ ! -s err ]
	grep -q 'geometry::Circle::draw' top
	grep -q 'geometry::innermost' top
}

@test "totals are equal to the folded file's" {
	local name total
	for name in inline threads; do
		pprof -top -unit=ns -nodecount=10000 -nodefraction=0 \
			"$BATS_FILE_TMPDIR/$name.d/cpu.pb.gz" >top 2>err
		total=$(total_ns "$BATS_FILE_TMPDIR/$name.d/cpu.folded")
		grep '^Showing' top
		grep -qE "of ${total}ns total|accounting for ${total}ns" top
	done
}

@test "each function's time is equal to the folded file's" {
	pprof -top -unit=ns -nodecount=10000 -nodefraction=0 "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >top
	"$PYTHON" - top "$BATS_FILE_TMPDIR/threads.d/cpu.folded" <<-'END'
	import re, sys
	flat, cum = {}, {}
	for line in open(sys.argv[2], encoding="utf-8"):
	    stack, weight = line.rsplit(" ", 1)
	    frames = stack.split(";")[1:]
	    flat[frames[-1]] = flat.get(frames[-1], 0) + int(weight)
	    for f in set(frames):
	        cum[f] = cum.get(f, 0) + int(weight)
	seen = 0
	for line in open(sys.argv[1]):
	    m = re.match(r"\s*(\d+)(?:ns)?\s+[\d.]+%\s+[\d.]+%\s+(\d+)(?:ns)?\s+[\d.]+%\s+(.+?)(?: \(inline\))?$", line)
	    if m:
	        name = m[3]
	        # pprof joins lines of one name; a name with spaces is fine, one with `;` is written with `:`.
	        assert int(m[1]) == flat.get(name, 0), (name, m[1], flat.get(name))
	        assert int(m[2]) == cum.get(name), (name, m[2], cum.get(name))
	        seen += 1
	assert seen >= 5, seen
	print(seen, "functions are equal")
	END
}

@test "go tool pprof -raw: types, units, mappings and labels" {
	pprof -raw "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >raw 2>err
	[ ! -s err ]
	head -n 20 raw
	grep -q '^PeriodType: cpu nanoseconds' raw
	grep -q '^samples/count cpu/nanoseconds' raw
	grep -q '^ *comm:\[' raw
	grep -q ' pid:\[[0-9]* id\]' raw
	# The first mapping is the program itself, and every mapping says that it is symbolized.
	sed -n '/^Mappings/,$p' raw | tail -n +2 >mappings
	cat mappings
	head -n 1 mappings | grep -q '/threads '
	[ -s mappings ]
	grep '/threads ' mappings | grep -q '\[FN\]'
}

@test "go tool pprof -tags, -peek and -svg work" {
	pprof -tags "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >tags 2>err
	grep -q 'comm' tags
	grep -q 'tid' tags
	pprof -peek worker_load "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" | grep -q 'worker$'
	pprof -list no_such_function "$BATS_FILE_TMPDIR/threads.d/cpu.pb.gz" >list 2>&1 || :
	grep -q 'no matches' list
}

@test "go tool pprof's diff of a profile with itself is nothing" {
	pprof -top -diff_base="$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" \
		"$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" >top 2>err
	cat top
	grep -qE 'accounting for 0,|for 0, 0%' top
}

@test "protoc decodes it by the published schema, and nothing is left over" {
	needs protoc
	local schema=$SRCDIR/tests/oracle/profile.proto
	gzip -dc "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" >profile.pb
	protoc --proto_path="$(dirname "$schema")" --decode=perftools.profiles.Profile "$schema" \
		<profile.pb >decoded
	# A field that the schema does not know is printed by its number: there is one, the times of
	# samples.
	[ "$(grep -c '^1001 {$' decoded)" = 1 ]
	sed -i '/^1001 {$/,/^}$/d' decoded
	lacks '^ *[0-9]\+[:{ ]' decoded
	# The same bytes come back: no field is out of its type.
	protoc --proto_path="$(dirname "$schema")" --encode=perftools.profiles.Profile "$schema" \
		<decoded >again.pb
	protoc --proto_path="$(dirname "$schema")" --decode=perftools.profiles.Profile "$schema" \
		<again.pb | cmp - decoded
	grep -q '^string_table: ""$' decoded
	[ "$(grep -m 1 '^string_table:' decoded)" = 'string_table: ""' ]
	grep -q 'geometry::Circle::draw' decoded
	grep -q '_ZN\?K\?8geometry\|_ZNK8geometry' decoded # the mangled name is kept
}

@test "go tool pprof's web page shows the flame graph" {
	needs curl
	local port server
	port=$("$PYTHON" -c "import socket
s = socket.socket()
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1])")
	"$PPROF" -http="127.0.0.1:$port" -no_browser "$BATS_FILE_TMPDIR/inline.d/cpu.pb.gz" \
		>server.out 2>server.err 3>&- &
	server=$!
	poll 60 curl -sf -o page.html "http://127.0.0.1:$port/ui/flamegraph" || {
		cat server.out server.err
		kill "$server"
		return 1
	}
	kill "$server"
	wait "$server" || :
	grep -q 'geometry::Circle::draw' page.html
	grep -q 'main' page.html
}
