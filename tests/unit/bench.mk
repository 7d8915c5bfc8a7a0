check_PROGRAMS += tests/unit/test-bench
TESTS += tests/unit/test-bench
tests_unit_test_bench_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
