# One program per group of parsers. Without --enable-fuzzing they link replay.c and are run by
# replay.bats over the corpus and over seeds that the test makes.
fuzz_targets = \
	tests/fuzz/fuzz-demangle tests/fuzz/fuzz-elf tests/fuzz/fuzz-event \
	tests/fuzz/fuzz-pprof tests/fuzz/fuzz-record tests/fuzz/fuzz-text
check_PROGRAMS += $(fuzz_targets)
if FUZZING
fuzz_main =
fuzz_ldflags = -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags =
endif
tests_fuzz_fuzz_demangle_SOURCES = tests/fuzz/fuzz-demangle.c $(fuzz_main)
tests_fuzz_fuzz_elf_SOURCES = tests/fuzz/fuzz-elf.c $(fuzz_main)
tests_fuzz_fuzz_event_SOURCES = tests/fuzz/fuzz-event.c $(fuzz_main)
tests_fuzz_fuzz_pprof_SOURCES = tests/fuzz/fuzz-pprof.c $(fuzz_main)
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz-record.c $(fuzz_main)
tests_fuzz_fuzz_text_SOURCES = tests/fuzz/fuzz-text.c $(fuzz_main)
tests_fuzz_fuzz_demangle_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_elf_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_event_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_pprof_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_record_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_text_LDADD = src/libprofd.a $(PROFD_LIBS)
tests_fuzz_fuzz_demangle_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_elf_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_event_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_pprof_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_record_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
tests_fuzz_fuzz_text_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)

EXTRA_DIST += tests/fuzz/replay.bats tests/fuzz/replay.c tests/fuzz/corpus
