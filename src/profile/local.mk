src_libprofd_a_SOURCES += src/profile/profile.c src/profile/code.c src/profile/stacks.c \
	src/profile/merge.c src/profile/times.c \
	src/profile/profile-priv.h
