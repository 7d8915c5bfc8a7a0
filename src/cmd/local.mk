src_libprofd_a_SOURCES += %D%/cmd.h %D%/print.c %D%/record.c %D%/top.c
