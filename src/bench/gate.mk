src_libprofd_a_SOURCES += %D%/checkout.c %D%/checkout-base.c %D%/checkout-cache.c %D%/checkout-diff.c \
	%D%/checkout-git.c %D%/checkout-modules.c %D%/checkout-priv.h %D%/checkout-tree.c %D%/tool.c
src_libprofd_a_SOURCES += %D%/gate.c %D%/gate-bench.c %D%/gate-confirm.c %D%/gate-exact.c \
	%D%/gate-fill.c %D%/gate-interval.c %D%/gate-limits.c %D%/gate-parts.c %D%/gate-plan.c \
	%D%/gate-priv.h %D%/gate-replay.c %D%/gate-run.c %D%/selftest.c
