check_PROGRAMS += tests/unit/test-ehframe tests/unit/test-expr tests/unit/test-rows tests/unit/test-unwind
TESTS += tests/unit/test-ehframe tests/unit/test-expr tests/unit/test-rows tests/unit/test-unwind
tests_unit_test_ehframe_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_expr_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rows_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_unwind_SOURCES = \
	tests/unit/test-unwind.c tests/unit/unwind-samples.c tests/unit/unwind-samples.h
tests_unit_test_unwind_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_unwind_LDFLAGS = $(AM_LDFLAGS) -pthread
