src_libprofd_a_SOURCES += %D%/branches.c %D%/diff.c %D%/functions.c %D%/join.c \
	%D%/judge-priv.h %D%/match.c
