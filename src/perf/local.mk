src_libprofd_a_SOURCES += \
	%D%/counter.c %D%/eventspec.c %D%/names.c %D%/perf-priv.h %D%/record.c \
	%D%/ring.c %D%/sampler.c %D%/suggest.c %D%/tracepoint.c %D%/cgroup.c \
	%D%/reach.c
