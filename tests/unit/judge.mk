check_PROGRAMS += tests/unit/test-diff
TESTS += tests/unit/test-diff
tests_unit_test_diff_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-stats
TESTS += tests/unit/test-stats
tests_unit_test_stats_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
