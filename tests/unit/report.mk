check_PROGRAMS += tests/unit/test-figure tests/unit/test-outcome tests/unit/test-report
TESTS += tests/unit/test-figure tests/unit/test-outcome tests/unit/test-report
tests_unit_test_figure_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_outcome_SOURCES = tests/unit/test-outcome.c tests/unit/outcomes.c tests/unit/outcomes.h
tests_unit_test_outcome_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_report_SOURCES = tests/unit/test-report.c tests/unit/outcomes.c tests/unit/outcomes.h
tests_unit_test_report_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
