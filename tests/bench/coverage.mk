# How much of short processes is sampled, beside perf record: minutes, root, on request only.
EXTRA_DIST += tests/bench/coverage
bench-coverage: all
	$(TEST_ENVIRONMENT) $(srcdir)/tests/bench/coverage --json bench-coverage.json
CLEANFILES += bench-coverage.json
.PHONY: bench-coverage
