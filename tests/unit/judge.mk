check_PROGRAMS += tests/unit/test-diff
TESTS += tests/unit/test-diff
tests_unit_test_diff_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
