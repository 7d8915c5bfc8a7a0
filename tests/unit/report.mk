check_PROGRAMS += tests/unit/test-figure tests/unit/test-outcome
TESTS += tests/unit/test-figure tests/unit/test-outcome
tests_unit_test_figure_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_outcome_SOURCES = tests/unit/test-outcome.c tests/unit/outcomes.c tests/unit/outcomes.h
tests_unit_test_outcome_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
