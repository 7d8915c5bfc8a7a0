src_libprofd_a_SOURCES += \
	%D%/clock.c %D%/error.c %D%/host.c %D%/io.c %D%/json.c %D%/json-read.c %D%/log.c %D%/map.c %D%/mem.c \
	%D%/nearest.c %D%/number.c %D%/text.c %D%/vec.c
