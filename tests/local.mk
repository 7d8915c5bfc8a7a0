# What every test finds in its environment. TEST_TOOLS holds the programs built for the tests, in
# the same folders as their sources.
TEST_ENVIRONMENT = \
	PROFD='$(abs_top_builddir)/profd$(EXEEXT)' \
	BUILDDIR='$(abs_top_builddir)' \
	PROFD_LIBEXEC='$(abs_top_builddir)' \
	SRCDIR='$(abs_top_srcdir)' \
	TEST_TOOLS='$(abs_top_builddir)/tests' \
	CC='$(CC)'

EXTRA_DIST += \
	tests/run-bats \
	tests/skips.allowed \
	tests/sum-up

# Unit tests are cmocka programs; their logs are TAP, so that tests/sum-up can count the cases.
AM_TESTS_ENVIRONMENT = export $(TEST_ENVIRONMENT) CMOCKA_MESSAGE_OUTPUT=TAP;
if HAVE_CMOCKA
include tests/unit/base.mk
include tests/unit/objfile.mk
include tests/unit/unwind.mk
include tests/unit/format.mk
include tests/unit/perf.mk
include tests/unit/session.mk
include tests/unit/config.mk
include tests/unit/judge.mk
include tests/unit/bench.mk
include tests/unit/report.mk
include tests/unit/ci.mk
include tests/unit/ci-remote.mk
endif

include tests/golden/local.mk
include tests/golden/aarch64/local.mk
include tests/workloads/local.mk
include tests/oracle/local.mk
include tests/simulate/local.mk
include tests/integration/local.mk
include tests/ci/pipelines.mk
include tests/ci/local.mk
include tests/browser/local.mk
include tests/fuzz/local.mk
include tests/fault/local.mk
include tests/fake/local.mk
include tests/bench/coverage.mk
include tests/bench/local.mk

# make check: the unit tests, then the whole program. Each part also alone:
check-unit: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS

# What the tests need, built and not run.
check-programs: all $(check_PROGRAMS) $(check_SCRIPTS)

BATS_FILES =
check-integration: check-programs
	$(TEST_ENVIRONMENT) $(srcdir)/tests/run-bats $(BATS_FILES)

check-local: check-integration

# The unit tests once more, built with AddressSanitizer and UndefinedBehaviorSanitizer. Optimized less:
# it is compiled faster than it would run. Warnings were errors in the build itself; with other flags
# gcc sees some that are none.
check-sanitize:
	$(MKDIR_P) sanitize
	cd sanitize && $(abs_top_srcdir)/configure --enable-sanitizers=address,undefined \
		CC='$(CC)' CFLAGS='-O1 -g'
	cd sanitize && $(MAKE) $(AM_MAKEFLAGS) check-unit

.PHONY: check-programs check-unit
clean-local:
	rm -rf sanitize fuzz-coverage tests/results tests/bench/work tests/bench/work-quick
distclean-local:
	rm -rf tests/cache
