src_libprofd_a_SOURCES += %D%/dist.c %D%/family.c %D%/mean.c %D%/noise.c %D%/order.c \
	%D%/power.c %D%/rank.c %D%/stats-priv.h %D%/walsh.c
