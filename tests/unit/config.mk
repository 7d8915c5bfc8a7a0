check_PROGRAMS += tests/unit/test-config
TESTS += tests/unit/test-config
tests_unit_test_config_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
