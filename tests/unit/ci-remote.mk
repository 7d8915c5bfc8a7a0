check_PROGRAMS += tests/unit/test-ci-comment tests/unit/test-ci-http
TESTS += tests/unit/test-ci-comment tests/unit/test-ci-http
tests_unit_test_ci_comment_SOURCES = tests/unit/test-ci-comment.c tests/unit/outcomes.c tests/unit/outcomes.h
tests_unit_test_ci_comment_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ci_http_LDADD = src/libprofd.a $(PROFD_LIBS) $(CMOCKA_LIBS)
