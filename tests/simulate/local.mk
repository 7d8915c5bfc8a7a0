# Gates on machines that are made up: how often the judge is wrong. tests/simulate/simulate.bats
# runs it with the numbers that make check has time for.
check_PROGRAMS += tests/simulate/simulate
tests_simulate_simulate_SOURCES = \
	tests/simulate/machine.c tests/simulate/machine.h tests/simulate/simulate.c
tests_simulate_simulate_LDADD = src/libprofd.a $(PROFD_LIBS)

EXTRA_DIST += tests/simulate/simulate.bats

# All combinations of disturbances: make simulate SIMULATE="--gates 100000 --seed 2"
SIMULATE =
simulate: tests/simulate/simulate tests/simulate/functions
	tests/simulate/functions --full
	tests/simulate/simulate --full $(SIMULATE)
.PHONY: simulate

# Reports on functions.
check_PROGRAMS += tests/simulate/functions
tests_simulate_functions_SOURCES = \
	tests/simulate/functions.c tests/simulate/machine.c tests/simulate/machine.h
tests_simulate_functions_LDADD = src/libprofd.a $(PROFD_LIBS)
