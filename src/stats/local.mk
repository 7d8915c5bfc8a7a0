src_libprofd_a_SOURCES += %D%/noise.c
