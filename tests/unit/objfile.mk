check_PROGRAMS += tests/unit/test-objfile tests/unit/test-demangle
TESTS += tests/unit/test-objfile tests/unit/test-demangle
tests_unit_test_objfile_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_demangle_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
