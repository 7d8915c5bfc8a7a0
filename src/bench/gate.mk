src_libprofd_a_SOURCES += %D%/gate.c %D%/gate-fill.c %D%/gate-limits.c %D%/gate-parts.c \
	%D%/gate-plan.c %D%/gate-priv.h %D%/gate-run.c
