src_libprofd_a_SOURCES += %D%/budget.c %D%/ci.c %D%/config.c %D%/config-priv.h %D%/derive.c %D%/expr.c %D%/fields.c %D%/file.c \
	%D%/metric.c %D%/params.c %D%/problem.c %D%/scalar.c %D%/tree.c %D%/workload.c
