src_libprofd_a_SOURCES += \
	%D%/files.c %D%/live.c %D%/maps.c %D%/proc-priv.h %D%/procs.c %D%/space.c
