check_PROGRAMS += tests/unit/test-record tests/unit/test-ring tests/unit/test-sampler \
	tests/unit/test-counter tests/unit/test-eventspec tests/unit/test-cgroup
TESTS += tests/unit/test-record tests/unit/test-ring tests/unit/test-sampler \
	tests/unit/test-counter tests/unit/test-eventspec tests/unit/test-cgroup
tests_unit_test_cgroup_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_record_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ring_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sampler_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_counter_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_eventspec_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
