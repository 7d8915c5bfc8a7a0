#!/usr/bin/env bats
# Side by side: made-up profiles.
# What we write, read by others: go tool pprof, protoc, xmllint. And the other way round: a profile
# that Go wrote. Nothing is recorded here; gen-profile makes the profiles.

load ../integration/lib

GEN=${TEST_TOOLS:-$BUILDDIR/tests}/oracle/gen-profile
COMPARE=$SRCDIR/tests/oracle/compare-pprof

setup() {
	cd "$BATS_TEST_TMPDIR"
	export PPROF_TMPDIR=$PWD PPROF_BINARY_PATH=/nonexistent
}

# pprof OPTION... FILE >OUT: must succeed, and have nothing to say on stderr.
pprof() {
	go tool pprof "$@" 2>err || {
		cat err
		return 1
	}
	[ ! -s err ] || fail "pprof said: $(cat err)"
}

@test "go tool pprof reads every kind, with the totals of the folded file" {
	needs go
	for kind in small frames20k deep deeper hostile; do
		"$GEN" $kind pprof >$kind.pb.gz
		"$GEN" $kind folded >$kind.folded
		pprof -raw $kind.pb.gz >raw
		echo "$kind"
		"$COMPARE" raw raw $kind.folded
	done
}

# summed LINES >FOLDED: equal stacks added up, in byte order, none that is not above 0.
summed() {
	"$PYTHON" - "$1" <<-'END'
	import collections, sys
	sums = collections.Counter()
	for line in open(sys.argv[1], "rb"):
	    stack, value = line.rstrip(b"\n").rsplit(b" ", 1)
	    sums[stack] += int(value)
	for stack in sorted(sums):
	    if sums[stack] > 0:
	        sys.stdout.buffer.write(b"%s %d\n" % (stack, sums[stack]))
	END
}

@test "folded text is every sample's line, sorted and added up by somebody else" {
	local kind
	for kind in alike small deep deeper frames20k; do
		"$GEN" $kind lines >lines
		summed lines >wanted
		"$GEN" $kind folded | cmp - wanted
		"$GEN" $kind marked-lines >lines
		summed lines >wanted
		"$GEN" $kind annotated | cmp - wanted
		[ -s wanted ]
	done
}

@test "go tool pprof -top: every function's own and total time are ours" {
	needs go
	for kind in small frames20k deep; do
		"$GEN" $kind pprof >$kind.pb.gz
		"$GEN" $kind top >$kind.top
		pprof -top -unit=ns -nodecount=1000000 -nodefraction=0 -edgefraction=0 \
			$kind.pb.gz >top
		echo "$kind"
		"$COMPARE" top top $kind.top
	done
}

@test "go tool pprof shows labels, comments, mappings, inlined frames" {
	needs go
	"$GEN" small pprof >small.pb.gz
	pprof -raw small.pb.gz >raw
	cat raw
	grep -qx 'Comment: engine: perf, cpu-clock at 999 Hz' raw
	grep -q 'comm:\[app worker\]' raw
	# A label of 0 survives because it has a unit.
	grep -q 'cpu:\[0 cpu\]' raw
	grep -qx '1: 0x1000/0x9000/0x1000 /srv/app/bin/app deadbeefcafe0123456789abcdef0123 \[FN\]\[FL\]\[LN\]\[IN\]' raw
	grep -q 'cpu/nanoseconds\[dflt\]' raw
	# One location, three functions, innermost first.
	grep -A2 'std::swap<int>(int&, int&) /usr/include/c++/12/bits/move.h:204' raw >chain
	sed -n 2p chain | grep -q 'app::Sorter<int>::partition(int\*, int\*) src/sort.cc:41'
	sed -n 3p chain | grep -q 'app::Sorter<int>::run('
}

@test "protoc decodes it, and every id is in order from 1" {
	needs protoc
	for kind in small frames20k hostile; do
		"$GEN" $kind pprof | gunzip -c >$kind.pb
		protoc --decode=perftools.profiles.Profile --proto_path="$SRCDIR/tests/oracle" \
			profile.proto <$kind.pb >$kind.txt
		# Field numbers where names should be: something profile.proto does not know.
		lacks '^ *[0-9][0-9]*[:{ ]' $kind.txt
		for table in mapping location function; do
			awk -v t="$table" '$0 == t " {" { in_table = 1 }
				$0 == "}" { in_table = 0 }
				in_table && /^  id: / { if ($2 != ++n) { print t, $2, n; exit 1 } }
				END { print t, n + 0 }' $kind.txt
		done
		grep -m1 string_table $kind.txt | grep -qx 'string_table: ""'
	done
}

@test "writing what was read gives the same bytes" {
	for kind in small frames20k deep hostile empty; do
		"$GEN" $kind pprof >one.pb.gz
		"$GEN" read one.pb.gz pprof >two.pb.gz
		"$GEN" read two.pb.gz pprof >three.pb.gz
		cmp two.pb.gz three.pb.gz
		"$GEN" $kind folded >one.folded
		"$GEN" read one.pb.gz folded >two.folded
		cmp one.folded two.folded
		"$GEN" $kind annotated >one.folded
		"$GEN" read one.pb.gz annotated >two.folded
		cmp one.folded two.folded
	done
}

@test "a CPU profile that Go wrote is read with Go's totals" {
	needs go
	mkdir program
	cat >program/main.go <<-'END'
	package main

	import (
		"os"
		"runtime/pprof"
		"sort"
		"time"
	)

	func fill(n int) []int {
		s := make([]int, n)
		for i := range s {
			s[i] = (i * 7919) % n
		}
		return s
	}

	func main() {
		f, _ := os.Create(os.Args[1])
		pprof.StartCPUProfile(f)
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			sort.Ints(fill(20000))
		}
		pprof.StopCPUProfile()
		f.Close()
		h, _ := os.Create(os.Args[2])
		pprof.Lookup("heap").WriteTo(h, 0)
		h.Close()
	}
	END
	cat >program/go.mod <<-'END'
	module program

	go 1.19
	END
	(cd program && GOFLAGS=-mod=mod GOTOOLCHAIN=local go build -o ../burn .)
	./burn cpu.pb.gz heap.pb.gz
	for name in cpu heap; do
		pprof -raw $name.pb.gz >raw
		"$GEN" read $name.pb.gz folded >folded
		echo $name
		"$COMPARE" raw raw folded
		# And once more through our writer.
		"$GEN" read $name.pb.gz pprof >again.pb.gz
		pprof -raw again.pb.gz >raw
		"$COMPARE" raw raw folded
	done
	pprof -top -unit=ns -nodecount=1000000 -nodefraction=0 cpu.pb.gz >top
	"$GEN" read cpu.pb.gz top >ours
	"$COMPARE" top top ours
	grep -q 'main.main' ours
	"$PROFD" top -n 0 cpu.pb.gz | grep -q 'main.main  /'
	"$PROFD" top --json --value inuse_space heap.pb.gz >heap.json
	[ "$(json heap.json unit)" = bytes ]
	pprof -top -unit=B -sample_index=inuse_space heap.pb.gz >top
	grep -q "of $(json heap.json total)B total" top || [ "$(json heap.json total)" = 0 ]
}

# As perf_to_profile makes it of perf.data: mappings without has_functions, locations without lines, the
# kernel's first mapping, labels of which the time is one, several events.
@test "a profile as perf_to_profile writes it" {
	needs protoc go
	cat >shape.txt <<-'END'
	sample_type { type: 1 unit: 2 } sample_type { type: 3 unit: 2 }
	sample { location_id: 2 location_id: 1 value: 1 value: 1000 label { key: 6 num: 7 }
		label { key: 7 str: 8 } label { key: 9 num: 123000000 num_unit: 11 } }
	sample { location_id: 2 location_id: 1 value: 1 value: 1000 label { key: 6 num: 7 }
		label { key: 7 str: 8 } label { key: 9 num: 223000000 num_unit: 11 } }
	sample { location_id: 3 location_id: 1 value: 1 value: 500 label { key: 6 num: 8 }
		label { key: 7 str: 8 } label { key: 9 num: 323000000 num_unit: 11 } }
	mapping { id: 2 memory_start: 18446744071578845184 memory_limit: 18446744073709551615 filename: 5 }
	mapping { id: 1 memory_start: 4194304 memory_limit: 4198400 filename: 4 build_id: 10 }
	location { id: 1 mapping_id: 1 address: 4194400 }
	location { id: 2 mapping_id: 1 address: 4194500 }
	location { id: 3 mapping_id: 2 address: 18446744071578845200 }
	string_table: "" string_table: "cycles_sample" string_table: "count" string_table: "cycles_event"
	string_table: "/bin/app" string_table: "[kernel.kallsyms]_stext" string_table: "pid"
	string_table: "comm" string_table: "app" string_table: "timestamp_ns" string_table: "abcd"
	string_table: "nanoseconds"
	END
	protoc --encode=perftools.profiles.Profile --proto_path="$SRCDIR/tests/oracle" profile.proto \
		<shape.txt >shape.pb
	gzip -k shape.pb
	for file in shape.pb shape.pb.gz; do
		"$PROFD" top --json "$file" >top.json
		[ "$(json top.json total)" = 2500 ]
		[ "$(json top.json type)" = cycles_event ]
		"$PROFD" convert --annotate -t folded "$file" >folded
		printf '%s\n' 'app;[app];[app] 2000' 'app;[app];[kernel.kallsyms]_stext_[k] 500' | diff - folded
		"$PROFD" convert --from 0.1s --until 150ms --value cycles_sample -t folded "$file" | diff - <(echo 'app;[app];[app] 1')
	done
	# The rows that only the time kept apart are one, and nobody is told that there were names.
	"$PROFD" convert -t pprof shape.pb >ours.pb.gz
	go tool pprof -symbolize=none -raw ours.pb.gz >raw 2>err
	cat raw
	[ "$(grep -c 'comm:\[app\]' raw)" = 2 ]
	lacks timestamp raw
	grep -q '/bin/app abcd *$' raw
	# A file of that name with another build-id is another file.
	sed "s|/bin/app|$(command -v bash)|" shape.txt | protoc --encode=perftools.profiles.Profile \
		--proto_path="$SRCDIR/tests/oracle" profile.proto >other.pb
	run "$PROFD" top --symbolize other.pb
	echo "$output"
	[[ "$output" == *"profd: 3 of 3 addresses have no name"* ]]
}

@test "xmllint accepts every picture" {
	needs xmllint
	for kind in small frames20k deep deeper hostile empty; do
		"$GEN" $kind svg >$kind.svg
		xmllint --noout --nonet $kind.svg
	done
	# What CI servers that forbid scripts and styles would strip is not needed to see anything.
	lacks 'style=' hostile.svg
	lacks '<style' hostile.svg
}

@test "folded lines are sorted and have the form that readers expect" {
	for kind in small frames20k deep hostile; do
		"$GEN" $kind folded >$kind.folded
		grep -vE '^[^;]+(;[^;]+)* [0-9]+$' $kind.folded && fail "a line has another form"
		sed 's/ [0-9]*$//' $kind.folded | LC_ALL=C sort -c -u
	done
}
