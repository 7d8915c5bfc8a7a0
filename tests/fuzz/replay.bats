#!/usr/bin/env bats
# Every fuzz target over its corpus and damaged copies of it. Seeds that are not text are made here,
# since the repository holds no binaries.

setup() {
	ulimit -v 4000000 # a length that is believed unchecked shows as a failed allocation
	cd "$BATS_TEST_TMPDIR"
}

@test "text parsers" {
	run timeout 120 "$TEST_TOOLS/fuzz/fuzz-text" "$SRCDIR"/tests/fuzz/corpus/text/*
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "demanglers" {
	run timeout 120 "$TEST_TOOLS/fuzz/fuzz-demangle" "$SRCDIR"/tests/fuzz/corpus/demangle/*
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "names of events" {
	run timeout 120 "$TEST_TOOLS/fuzz/fuzz-event" "$SRCDIR"/tests/fuzz/corpus/event/*
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "pprof" {
	for kind in small hostile; do
		"$TEST_TOOLS/oracle/gen-profile" "$kind" pprof >"$kind.pb.gz"
		gzip -dc "$kind.pb.gz" >"$kind.pb"
	done
	FUZZ_MUTATIONS=1500 run timeout 200 "$TEST_TOOLS/fuzz/fuzz-pprof" ./*.pb ./*.pb.gz
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "perf records" {
	python3 - <<'PY'
import struct
def rec(kind, misc, body, trailer=True):
    if trailer:
        body += struct.pack("<IIQII", 10, 11, 12345, 1, 0)
    return struct.pack("<IHH", kind, misc, 8 + len(body)) + body
regs = struct.pack("<17Q", *range(17))
sample = struct.pack("<QIIQIIQ", 0x401000, 10, 11, 12345, 1, 0, 2004008)
sample += struct.pack("<QQQQ", 3, 2**64 - 128, 0xffffffff81000010, 0xffffffff81000020)
sample += struct.pack("<Q", 2) + regs + struct.pack("<Q", 64) + bytes(64) + struct.pack("<Q", 40)
out = rec(9, 2, sample, False)
mmap = struct.pack("<IIQQQ", 10, 10, 0x7f0000000000, 4096, 0x2000)
out += rec(10, 0, mmap + struct.pack("<IIQQII", 8, 1, 77, 5, 5, 2) + b"/usr/lib/libx.so" + bytes(8))
out += rec(10, 1 << 14, mmap + struct.pack("<I", 20) + b"B" * 20 + struct.pack("<II", 5, 2) + b"/bin/true" + bytes(7))
out += rec(3, 1 << 13, struct.pack("<II", 10, 10) + b"sh" + bytes(6))
out += rec(7, 0, struct.pack("<IIIIQ", 20, 10, 20, 11, 5))
out += rec(4, 0, struct.pack("<IIIIQ", 20, 10, 20, 11, 5))
out += rec(2, 0, struct.pack("<QQ", 1, 42))
open("records", "wb").write(out)
PY
	FUZZ_MUTATIONS=20000 run timeout 120 "$TEST_TOOLS/fuzz/fuzz-record" records
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "ELF files: headers, symbols, DWARF, unwind rules" {
	cat >seed.cc <<'CC'
#include <cstdlib>
#include <cstdio>
namespace app {
template <typename T> static inline T twice(T v) { return v + v; }
struct Shape { virtual ~Shape() {} virtual int area(int n) const { return twice(n); } };
}
extern "C" int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **) {
	int v[] = {3, 1, 2};
	try { qsort(v, 3, sizeof(int), compare); if (argc > 5) throw argc; } catch (int) { return 1; }
	app::Shape s;
	return printf("%d\n", s.area(v[0])) < 0;
}
CC
	${CXX:-c++} -O1 -g -o seed-debug seed.cc
	${CXX:-c++} -O2 -s -o seed-stripped seed.cc
	echo 'int main(void) { return 0; }' >tiny.c
	${CC:-cc} -O1 -g -nostartfiles -Wl,-e,main -o seed-tiny tiny.c
	FUZZ_MUTATIONS=700 run timeout 300 "$TEST_TOOLS/fuzz/fuzz-elf" seed-debug seed-stripped seed-tiny
	echo "$output"
	[ "$status" -eq 0 ]
}
