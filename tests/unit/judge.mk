check_PROGRAMS += tests/unit/test-diff
TESTS += tests/unit/test-diff
tests_unit_test_diff_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-stats
TESTS += tests/unit/test-stats
tests_unit_test_stats_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-trial
TESTS += tests/unit/test-trial
tests_unit_test_trial_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-coin
TESTS += tests/unit/test-coin
tests_unit_test_coin_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-exact
TESTS += tests/unit/test-exact
tests_unit_test_exact_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-gate
TESTS += tests/unit/test-gate
tests_unit_test_gate_SOURCES = tests/unit/test-gate.c tests/unit/fake-machine.c \
	tests/unit/fake-machine.h tests/simulate/machine.c tests/simulate/machine.h
tests_unit_test_gate_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-functions
TESTS += tests/unit/test-functions
tests_unit_test_functions_SOURCES = tests/unit/test-functions.c tests/unit/function-runs.c \
	tests/unit/function-runs.h
tests_unit_test_functions_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-touched
TESTS += tests/unit/test-touched
tests_unit_test_touched_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-function-kinds
TESTS += tests/unit/test-function-kinds
tests_unit_test_function_kinds_SOURCES = tests/unit/test-function-kinds.c \
	tests/unit/function-runs.c tests/unit/function-runs.h
tests_unit_test_function_kinds_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-waits
TESTS += tests/unit/test-waits
tests_unit_test_waits_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
