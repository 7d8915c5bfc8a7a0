check_PROGRAMS += tests/unit/test-record tests/unit/test-ring tests/unit/test-sampler \
	tests/unit/test-counter tests/unit/test-eventspec tests/unit/test-cgroup
TESTS += tests/unit/test-record tests/unit/test-ring tests/unit/test-sampler \
	tests/unit/test-cgroup
tests_unit_test_cgroup_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_record_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ring_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sampler_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_counter_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_eventspec_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
if HOST_AARCH64
check_PROGRAMS += tests/unit/test-arm-events
TESTS += tests/unit/test-arm-events
else
# Ask libpfm4 for x86-64's events, and start themselves anew, which qemu-user cannot do for them.
TESTS += tests/unit/test-counter tests/unit/test-eventspec
endif
tests_unit_test_arm_events_SOURCES = tests/unit/test-arm-events.c
tests_unit_test_arm_events_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/test-arm-events.c

check_PROGRAMS += tests/unit/test-capture
TESTS += tests/unit/test-capture
tests_unit_test_capture_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
