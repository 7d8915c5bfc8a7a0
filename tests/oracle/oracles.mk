# Oracles that others wrote: libdw and libunwind (agree), perf, speedscope, Firefox's profiler, Valgrind.
check_PROGRAMS += tests/oracle/agree
tests_oracle_agree_SOURCES = tests/oracle/agree.c
tests_oracle_agree_LDADD = src/libprofd.a $(PROFD_LIBS)

EXTRA_DIST += \
	tests/oracle/agree.bats \
	tests/oracle/diff.bats \
	tests/oracle/perf-shares.bats \
	tests/oracle/speedscope.bats
EXTRA_DIST += \
	tests/oracle/filters.bats \
	tests/oracle/gperftools.bats \
	tests/oracle/perf-script.bats
EXTRA_DIST += \
	tests/oracle/check-config \
	tests/oracle/config.bats \
	tests/oracle/junit.xsd \
	tests/oracle/report.bats
EXTRA_DIST += \
	tests/oracle/compare-callgrind \
	tests/oracle/compare-firefox \
	tests/oracle/compare-speedscope \
	tests/oracle/npm.bash \
	tests/oracle/viewers.bats
