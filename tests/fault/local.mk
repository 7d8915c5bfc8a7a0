# The fault matrix: every row of the table is a test. bats wants tests in a file, so one is made.
EXTRA_DIST += \
	tests/fault/deny \
	tests/fault/fail.c \
	tests/fault/hostile \
	tests/fault/lib.bash \
	tests/fault/make-bats \
	tests/fault/matrix \
	tests/fault/plug.c \
	tests/fault/victim.c

check_SCRIPTS += tests/fault/matrix.bats
CLEANFILES += tests/fault/matrix.bats

tests/fault/matrix.bats: tests/fault/matrix tests/fault/make-bats
	$(AM_V_GEN)$(MKDIR_P) tests/fault && \
		$(srcdir)/tests/fault/make-bats $(srcdir)/tests/fault/matrix >$@.tmp && mv $@.tmp $@
