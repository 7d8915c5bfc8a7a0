include tests/oracle/oracles.mk

# Profiles made without recording, for the readers that others wrote.
check_PROGRAMS += tests/oracle/gen-profile
tests_oracle_gen_profile_SOURCES = tests/oracle/gen-profile.c
tests_oracle_gen_profile_LDADD = src/libprofd.a $(PROFD_LIBS)

# Outcomes made without a measurement, for what reads the reports.
check_PROGRAMS += tests/oracle/gen-outcome
tests_oracle_gen_outcome_SOURCES = tests/oracle/gen-outcome.c tests/unit/outcomes.c \
	tests/unit/outcomes.h
tests_oracle_gen_outcome_LDADD = src/libprofd.a $(PROFD_LIBS)

EXTRA_DIST += \
	tests/oracle/compare-pprof \
	tests/oracle/pprof.bats \
	tests/oracle/profile.proto

# R's answers for the arithmetic of the judge, which tests/unit/test-stats reads.
EXTRA_DIST += \
	tests/oracle/stats-recipe.R \
	tests/oracle/stats.txt
# And about functions, for tests/unit/test-functions.
EXTRA_DIST += \
	tests/oracle/functions-recipe.R \
	tests/oracle/functions.bats \
	tests/oracle/functions.txt
