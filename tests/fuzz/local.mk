# One program per group of parsers. Without --enable-fuzzing they link replay.c and are run by
# replay.bats over the corpus and over seeds that make-seeds makes.
fuzz_targets = \
	tests/fuzz/fuzz-capture tests/fuzz/fuzz-ci-event tests/fuzz/fuzz-config tests/fuzz/fuzz-diff \
	tests/fuzz/fuzz-demangle tests/fuzz/fuzz-elf tests/fuzz/fuzz-event tests/fuzz/fuzz-folded \
	tests/fuzz/fuzz-filter tests/fuzz/fuzz-gperftools tests/fuzz/fuzz-metrics tests/fuzz/fuzz-perfscript tests/fuzz/fuzz-speedscope \
	tests/fuzz/fuzz-pprof tests/fuzz/fuzz-record tests/fuzz/fuzz-text \
	tests/fuzz/fuzz-cfi tests/fuzz/fuzz-debugfile tests/fuzz/fuzz-ring tests/fuzz/fuzz-forge tests/fuzz/fuzz-gha tests/fuzz/fuzz-touched tests/fuzz/fuzz-verdict
check_PROGRAMS += $(fuzz_targets)
if FUZZING
fuzz_main =
fuzz_ldflags = -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags =
endif
tests_fuzz_fuzz_capture_SOURCES = tests/fuzz/fuzz-capture.c $(fuzz_main)
tests_fuzz_fuzz_ci_event_SOURCES = tests/fuzz/fuzz-ci-event.c $(fuzz_main)
tests_fuzz_fuzz_ci_event_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_ci_event_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_cfi_SOURCES = tests/fuzz/fuzz-cfi.c $(fuzz_main)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c $(fuzz_main)
tests_fuzz_fuzz_debugfile_SOURCES = tests/fuzz/fuzz-debugfile.c $(fuzz_main)
tests_fuzz_fuzz_demangle_SOURCES = tests/fuzz/fuzz-demangle.c $(fuzz_main)
tests_fuzz_fuzz_diff_SOURCES = tests/fuzz/fuzz-diff.c $(fuzz_main)
tests_fuzz_fuzz_elf_SOURCES = tests/fuzz/fuzz-elf.c $(fuzz_main)
tests_fuzz_fuzz_event_SOURCES = tests/fuzz/fuzz-event.c $(fuzz_main)
tests_fuzz_fuzz_filter_SOURCES = tests/fuzz/fuzz-filter.c tests/fuzz/use.h $(fuzz_main)
tests_fuzz_fuzz_gperftools_SOURCES = tests/fuzz/fuzz-gperftools.c tests/fuzz/use.h $(fuzz_main)
tests_fuzz_fuzz_metrics_SOURCES = tests/fuzz/fuzz-metrics.c $(fuzz_main)
tests_fuzz_fuzz_metrics_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_metrics_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_perfscript_SOURCES = tests/fuzz/fuzz-perfscript.c tests/fuzz/use.h $(fuzz_main)
tests_fuzz_fuzz_speedscope_SOURCES = tests/fuzz/fuzz-speedscope.c tests/fuzz/use.h $(fuzz_main)
tests_fuzz_fuzz_folded_SOURCES = tests/fuzz/fuzz-folded.c $(fuzz_main)
tests_fuzz_fuzz_forge_SOURCES = tests/fuzz/fuzz-forge.c $(fuzz_main)
tests_fuzz_fuzz_forge_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_forge_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_pprof_SOURCES = tests/fuzz/fuzz-pprof.c $(fuzz_main)
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz-record.c $(fuzz_main)
tests_fuzz_fuzz_ring_SOURCES = tests/fuzz/fuzz-ring.c $(fuzz_main)
tests_fuzz_fuzz_text_SOURCES = tests/fuzz/fuzz-text.c $(fuzz_main)
tests_fuzz_fuzz_gha_SOURCES = tests/fuzz/fuzz-gha.c $(fuzz_main)
tests_fuzz_fuzz_touched_SOURCES = tests/fuzz/fuzz-touched.c $(fuzz_main)
tests_fuzz_fuzz_verdict_SOURCES = tests/fuzz/fuzz-verdict.c $(fuzz_main)
tests_fuzz_fuzz_capture_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_cfi_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_config_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_debugfile_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_demangle_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_diff_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_elf_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_event_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_filter_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_gperftools_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_perfscript_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_speedscope_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_folded_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_pprof_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_record_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_ring_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_text_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_gha_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_touched_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_verdict_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_capture_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_cfi_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_debugfile_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_demangle_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_diff_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_elf_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_event_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_filter_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_gperftools_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_perfscript_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_speedscope_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_folded_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_pprof_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_record_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_ring_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_text_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_gha_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_touched_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_verdict_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)

# How many lines of each parser the seeds reach; below 80 % of any it fails.
fuzz-coverage:
	$(MKDIR_P) fuzz-coverage
	cd fuzz-coverage && $(abs_top_srcdir)/configure --enable-coverage --quiet \
		CC=gcc CFLAGS='-O0 -g'
	cd fuzz-coverage && $(MAKE) $(AM_MAKEFLAGS) src/libprofd.a tests/oracle/gen-profile tests/oracle/gen-outcome \
		$(fuzz_targets)
	cd fuzz-coverage && SRCDIR='$(abs_top_srcdir)' $(abs_top_srcdir)/tests/fuzz/coverage
.PHONY: fuzz-coverage

EXTRA_DIST += \
	tests/config \
	tests/fuzz/corpus \
	tests/fuzz/coverage \
	tests/fuzz/make-seeds \
	tests/fuzz/replay.bats \
	tests/fuzz/replay.c
