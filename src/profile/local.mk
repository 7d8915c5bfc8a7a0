src_libprofd_a_SOURCES += src/profile/profile.c src/profile/code.c src/profile/stacks.c \
	src/profile/copy.c src/profile/filter.c src/profile/filter-frames.c \
	src/profile/filter-times.c src/profile/filter-priv.h src/profile/invert.c src/profile/merge.c \
	src/profile/origin.c src/profile/times.c src/profile/waits.c \
	src/profile/profile-priv.h
