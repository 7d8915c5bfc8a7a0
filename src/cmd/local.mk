src_libprofd_a_SOURCES += %D%/cmd.h %D%/print.c %D%/record-options.c \
	%D%/record-targets.c \
	%D%/record-options.h %D%/record.c %D%/replay.c %D%/top.c
src_libprofd_a_SOURCES += %D%/doctor.c
