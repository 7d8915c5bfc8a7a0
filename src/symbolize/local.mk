src_libprofd_a_SOURCES += %D%/symbolize-priv.h %D%/symbolize.c %D%/symtab.c
