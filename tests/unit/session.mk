check_PROGRAMS += tests/unit/test-procs tests/unit/test-symtab tests/unit/test-session \
	tests/unit/test-stat tests/unit/test-tree tests/unit/test-namer tests/unit/test-wall \
	tests/unit/test-pace
TESTS += tests/unit/test-procs tests/unit/test-symtab tests/unit/test-session \
	tests/unit/test-stat tests/unit/test-tree tests/unit/test-namer tests/unit/test-wall \
	tests/unit/test-pace
tests_unit_test_procs_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_symtab_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_session_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_stat_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_tree_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_wall_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pace_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_namer_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)

# Brings rings of its own, so it must not need what defines sampler_*.
check_PROGRAMS += tests/unit/test-source
TESTS += tests/unit/test-source
tests_unit_test_source_SOURCES = \
	tests/unit/fake-rings.c tests/unit/fake-rings.h tests/unit/test-source.c
tests_unit_test_source_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-doctor
TESTS += tests/unit/test-doctor
tests_unit_test_doctor_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-attach
if !HOST_AARCH64
# Code that qemu-user runs is not mapped executable, as /proc has it.
TESTS += tests/unit/test-attach
endif
tests_unit_test_attach_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
