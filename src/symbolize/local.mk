src_libprofd_a_SOURCES += %D%/profile.c %D%/symbolize-priv.h %D%/symbolize.c %D%/symtab.c
