src_libprofd_a_SOURCES += %D%/branches.c %D%/coin.c %D%/confirm.c %D%/diff.c %D%/exact.c %D%/alike.c %D%/diff-functions.c %D%/join.c \
	%D%/judge-priv.h %D%/look.c %D%/match.c \
	%D%/sample.c %D%/trial-priv.h %D%/trial.c %D%/verdict.c
src_libprofd_a_SOURCES += %D%/functions-interval.c %D%/functions-judge.c %D%/functions-moved.c \
	%D%/functions-outcome.c %D%/functions-priv.h %D%/functions-rename.c %D%/functions-table.c
src_libprofd_a_SOURCES += %D%/touched-code.c %D%/touched.c
