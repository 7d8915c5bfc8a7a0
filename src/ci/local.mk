src_libprofd_a_SOURCES += %D%/env.c
