# Machines that we do not have: tests/fake/matrix, made into a file of bats as the faults are.
EXTRA_DIST += \
	tests/fake/doctor.bats \
	tests/fake/fake.c \
	tests/fake/lib.bash \
	tests/fake/matrix \
	tests/fake/pmu.bats

check_SCRIPTS += tests/fake/matrix.bats
CLEANFILES += tests/fake/matrix.bats

tests/fake/matrix.bats: tests/fake/matrix tests/fault/make-bats
	$(AM_V_GEN)$(MKDIR_P) tests/fake && \
		$(srcdir)/tests/fault/make-bats $(srcdir)/tests/fake/matrix >$@.tmp && mv $@.tmp $@
