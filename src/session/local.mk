src_libprofd_a_SOURCES += \
	%D%/deep.c %D%/finish.c %D%/launch.c %D%/locations.c %D%/session-priv.h \
	%D%/coverage.c \
	%D%/session.c %D%/source-perf.c %D%/tree.c
