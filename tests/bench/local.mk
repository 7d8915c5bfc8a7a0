# The bench: figures as ratios against peers in the same run. Built only when asked for.
BENCH_TOOLS = \
	tests/bench/inlines \
	tests/bench/many-rings \
	tests/bench/slowdown \
	tests/bench/stamp \
	tests/bench/thread-root \
	tests/bench/unwind-bench \
	tests/bench/write-bench
EXTRA_PROGRAMS = $(BENCH_TOOLS)
CLEANFILES += $(EXTRA_PROGRAMS)

tests_bench_unwind_bench_SOURCES = \
	tests/bench/capture.c tests/bench/capture.h tests/bench/unwind-bench.c
tests_bench_unwind_bench_LDADD = src/libprofd.a $(PROFD_LIBS)

tests_bench_slowdown_SOURCES = tests/bench/slowdown.c tests/bench/shared.h
tests_bench_slowdown_LDADD = src/libprofd.a $(PROFD_LIBS)

tests_bench_stamp_SOURCES = tests/bench/stamp.c
tests_bench_thread_root_SOURCES = tests/bench/thread-root.c

tests_bench_inlines_SOURCES = \
	tests/bench/capture.c tests/bench/capture.h tests/bench/inlines.c
tests_bench_inlines_LDADD = src/libprofd.a $(PROFD_LIBS)

# Brings rings of its own.
tests_bench_many_rings_SOURCES = \
	tests/bench/many-rings.c tests/unit/fake-rings.c tests/unit/fake-rings.h
tests_bench_many_rings_LDADD = src/libprofd.a $(PROFD_LIBS)

tests_bench_write_bench_SOURCES = tests/bench/write-bench.c
tests_bench_write_bench_LDADD = src/libprofd.a $(PROFD_LIBS)

# Rows 15 and 16, which take hours and go on where they ended:
# make bench-gates BENCH="--dir gates --minutes 120"
bench-gates: all
	$(srcdir)/tests/bench/gates --profd '$(abs_top_builddir)/profd' $(BENCH)
.PHONY: bench-gates

# Row 17, which takes hours: make bench-functions BENCH="--injections 100"
check_PROGRAMS += tests/bench/functions-judge
tests_bench_functions_judge_SOURCES = tests/bench/functions-judge.c
tests_bench_functions_judge_LDADD = src/libprofd.a $(PROFD_LIBS)
bench-functions: all tests/bench/functions-judge
	$(srcdir)/tests/bench/functions --build '$(abs_top_builddir)' $(BENCH)

EXTRA_DIST += \
	tests/bench/bench \
	tests/bench/functions \
	tests/bench/gate-work.c \
	tests/bench/gates \
	tests/bench/gen-similar.py \
	tests/bench/gen-big.py \
	tests/bench/gen-cxx.py \
	tests/bench/measure.py \
	tests/bench/peers.py \
	tests/bench/report.py \
	tests/bench/rows_coverage.py \
	tests/bench/rows_others.py \
	tests/bench/rows_ptrace.py \
	tests/bench/rows_recordings.py \
	tests/bench/rows_slowdown.py \
	tests/bench/rows_unwind.py \
	tests/bench/rows_viewer.py \
	tests/bench/rows_wall.py \
	tests/bench/samply.py \
	tests/bench/scale.py \
	tests/bench/soak.py \
	tests/bench/viewer.js \
	tests/bench/watch.py \
	tests/bench/work-deep.c \
	tests/bench/work-gaps.c \
	tests/bench/work-many.c \
	tests/bench/work-py.py \
	tests/bench/work-shell \
	tests/bench/work-short.c \
	tests/bench/workloads.py

# make bench BENCH="--quick --rows 1,2,8"
BENCH =
bench bench-soak bench-scale: all $(BENCH_TOOLS) tests/oracle/gen-profile
	case $@ in *-soak) set -- --soak ;; *-scale) set -- --scale ;; esac; \
		$(srcdir)/tests/bench/bench --build '$(abs_top_builddir)' \
			--source '$(abs_top_srcdir)' "$$@" $(BENCH)

# What the artifacts of one profile cost to write: make bench-write PROFILE=some/cpu.pb.gz
PROFILE = tests/bench/stacks.pb.gz
bench-write: tests/bench/write-bench tests/oracle/gen-profile
	test -e '$(PROFILE)' || tests/oracle/gen-profile stacks100k pprof >'$(PROFILE)'
	tests/bench/write-bench '$(PROFILE)'
CLEANFILES += tests/bench/stacks.pb.gz

.PHONY: bench bench-functions bench-soak bench-scale bench-write
