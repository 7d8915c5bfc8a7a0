# Programs that the tests record. They are compiled by the tests, in the ways that they need.
EXTRA_DIST += \
	tests/workloads/brief.c \
	tests/workloads/busy.pl \
	tests/workloads/busy.py \
	tests/workloads/configure.sh \
	tests/workloads/counts.c \
	tests/workloads/crowd.c \
	tests/workloads/deep.c \
	tests/workloads/depth.c \
	tests/workloads/dlloop.c \
	tests/workloads/execs.c \
	tests/workloads/expr.c \
	tests/workloads/gen-c.py \
	tests/workloads/heavy.sql \
	tests/workloads/inline.cc \
	tests/workloads/interrupts.c \
	tests/workloads/jit.c \
	tests/workloads/late-open.c \
	tests/workloads/lock.c \
	tests/workloads/plt.c \
	tests/workloads/plugin.c \
	tests/workloads/probe.c \
	tests/workloads/procs.c \
	tests/workloads/realign.c \
	tests/workloads/shares.c \
	tests/workloads/sigalt.c \
	tests/workloads/sparse.c \
	tests/workloads/steady.c \
	tests/workloads/swap.c \
	tests/workloads/threads.c \
	tests/workloads/tiny-make.sh \
	tests/workloads/twins.c \
	tests/workloads/variant.c \
	tests/workloads/vdso.c \
	tests/workloads/waits.c \
	tests/workloads/work.h
