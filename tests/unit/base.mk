check_PROGRAMS += tests/unit/test-base
TESTS += tests/unit/test-base
tests_unit_test_base_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
