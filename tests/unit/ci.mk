check_PROGRAMS += tests/unit/test-ci
TESTS += tests/unit/test-ci
tests_unit_test_ci_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
