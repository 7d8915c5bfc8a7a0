format_tests = tests/unit/test-profile tests/unit/test-pprof tests/unit/test-folded \
	tests/unit/test-flame tests/unit/test-page tests/unit/test-order \
	tests/unit/test-formats \
	tests/unit/test-threads
check_PROGRAMS += $(format_tests)
TESTS += $(format_tests)
tests_unit_test_profile_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pprof_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_folded_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_flame_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-perfscript tests/unit/test-filter tests/unit/test-speedscope \
	tests/unit/test-gperftools tests/unit/test-calltree
TESTS += tests/unit/test-perfscript tests/unit/test-filter tests/unit/test-speedscope \
	tests/unit/test-gperftools tests/unit/test-calltree
tests_unit_test_perfscript_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_filter_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_speedscope_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-origin
TESTS += tests/unit/test-origin
tests_unit_test_origin_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_gperftools_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_calltree_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_page_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_formats_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_order_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_threads_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
