src_libprofd_a_SOURCES += \
	%D%/cgroup.c %D%/counter.c %D%/eventspec.c %D%/more.c %D%/names.c %D%/perf-priv.h \
	%D%/reach.c %D%/record.c %D%/ring.c %D%/sampler.c %D%/suggest.c %D%/tracepoint.c \
	%D%/weight.c
