check_PROGRAMS += tests/unit/test-ehframe tests/unit/test-expr tests/unit/test-rows
TESTS += tests/unit/test-ehframe tests/unit/test-expr tests/unit/test-rows
# Takes samples of itself by x86-64's trap flag, in assembly.
if !HOST_AARCH64
check_PROGRAMS += tests/unit/test-unwind
TESTS += tests/unit/test-unwind
endif
tests_unit_test_ehframe_SOURCES = tests/unit/test-ehframe.c tests/unit/lib-dir.h
tests_unit_test_ehframe_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_expr_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rows_SOURCES = tests/unit/test-rows.c tests/unit/lib-dir.h
tests_unit_test_rows_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_unwind_SOURCES = \
	tests/unit/test-unwind.c tests/unit/unwind-samples.c tests/unit/unwind-samples.h
tests_unit_test_unwind_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_unwind_LDFLAGS = $(AM_LDFLAGS) -pthread
# The unwinder once more, for another machine than this may be. libunwind is for one machine only.
check_PROGRAMS += tests/unit/test-aarch64
TESTS += tests/unit/test-aarch64
tests_unit_test_aarch64_SOURCES = \
	tests/unit/test-aarch64.c tests/unit/golden.c tests/unit/golden.h \
	src/unwind/aarch64.c src/unwind/aarch64.h src/unwind/cfi.c src/unwind/expr.c \
	src/unwind/fp.c src/unwind/general.c src/unwind/libdw.c src/unwind/no-libunwind.c \
	src/unwind/row.c src/unwind/rule.c src/unwind/unwind.c src/unwind/unwind-priv.h \
	src/unwind/walk.c
tests_unit_test_aarch64_CPPFLAGS = $(AM_CPPFLAGS) -DPROFD_FOR_AARCH64
tests_unit_test_aarch64_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
