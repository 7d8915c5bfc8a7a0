src_libprofd_a_SOURCES += %D%/bench.c %D%/bench-priv.h %D%/choose.c %D%/repeat.c %D%/cachegrind.c %D%/child.c %D%/counting.c %D%/env.c %D%/events.c \
	%D%/helper.h %D%/interrupt.c %D%/launch.c %D%/load.c %D%/metrics.c %D%/output.c %D%/programs.c \
	%D%/ready.c %D%/server.c %D%/strictness.c %D%/testbed.c %D%/valgrind.c %D%/values.c

# What starts workloads: man/profd-internals.7, "The helper program". It is nobody's child but
# profd's, so it links the C library alone, and statically where that can be had.
pkglibexec_PROGRAMS = profd-helper
profd_helper_SOURCES = %D%/helper.c %D%/helper.h
profd_helper_CFLAGS = $(PROFD_CFLAGS)
profd_helper_LDFLAGS = $(PROFD_LDFLAGS) $(STATIC_LDFLAGS)

# What asks a server by HTTP whether it is ready.
if HAVE_LIBCURL
pkglibexec_PROGRAMS += profd-fetch
profd_fetch_SOURCES = %D%/fetch.c
profd_fetch_CFLAGS = $(PROFD_CFLAGS) $(LIBCURL_CFLAGS)
profd_fetch_LDADD = $(LIBCURL_LIBS)
endif
