src_libprofd_a_SOURCES += \
	%D%/cgroup.c %D%/counter.c %D%/eventspec.c %D%/ladder.c %D%/more.c %D%/names.c \
	%D%/perf-priv.h %D%/probe.c %D%/reach.c %D%/record.c %D%/ring.c %D%/sampler.c \
	%D%/sampler-priv.h %D%/silent.c %D%/suggest.c %D%/switches.c %D%/tasks.c \
	%D%/tracepoint.c %D%/weight.c

if HOST_AARCH64
src_libprofd_a_SOURCES += %D%/aarch64.c
else
src_libprofd_a_SOURCES += %D%/x86_64.c
endif
EXTRA_DIST += %D%/aarch64.c %D%/x86_64.c

src_libprofd_a_SOURCES += \
	%D%/capture.c %D%/capture-binary.c %D%/capture-priv.h %D%/capture-read.c %D%/capture-text.c
