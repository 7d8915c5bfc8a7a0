src_libprofd_a_SOURCES += \
	%D%/cfi.c %D%/expr.c %D%/fp.c %D%/general.c %D%/libdw.c %D%/row.c %D%/rule.c \
	%D%/unwind.c %D%/unwind-priv.h %D%/walk.c %D%/x86_64.c

if HAVE_LIBUNWIND
src_libprofd_a_SOURCES += %D%/libunwind.c
else
src_libprofd_a_SOURCES += %D%/no-libunwind.c
endif
