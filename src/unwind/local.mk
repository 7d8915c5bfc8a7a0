src_libprofd_a_SOURCES += \
	%D%/cfi.c %D%/expr.c %D%/fp.c %D%/general.c %D%/libdw.c %D%/row.c %D%/rule.c \
	%D%/unwind.c %D%/unwind-priv.h %D%/walk.c

if HOST_AARCH64
src_libprofd_a_SOURCES += %D%/aarch64.c %D%/aarch64.h
else
src_libprofd_a_SOURCES += %D%/x86_64.c %D%/x86_64.h
endif
EXTRA_DIST += %D%/aarch64.c %D%/aarch64.h %D%/x86_64.c %D%/x86_64.h

if HAVE_LIBUNWIND
src_libprofd_a_SOURCES += %D%/libunwind.c
else
src_libprofd_a_SOURCES += %D%/no-libunwind.c
endif
