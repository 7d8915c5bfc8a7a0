src_libprofd_a_SOURCES += %D%/cmd.h %D%/doctor.c %D%/print.c %D%/record-options.c \
	%D%/record-options.h %D%/record-priv.h %D%/record-say.c %D%/record-targets.c %D%/record.c \
	%D%/replay.c %D%/top.c
