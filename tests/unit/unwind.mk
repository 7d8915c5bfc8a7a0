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
