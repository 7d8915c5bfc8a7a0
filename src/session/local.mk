src_libprofd_a_SOURCES += \
	%D%/deep.c %D%/finish.c %D%/launch.c %D%/locations.c %D%/namer.c %D%/session-priv.h \
	%D%/blocked.c %D%/blocked-priv.h %D%/calls.c %D%/coverage.c %D%/wall.c %D%/wall-priv.h %D%/wall-states.c \
	%D%/attach.c %D%/attach-check.c %D%/attach-explain.c %D%/attach-stop.c \
	%D%/attach-priv.h %D%/cpu-time.c %D%/introduce.c \
	%D%/merge.c %D%/merge-priv.h \
	%D%/session.c %D%/source.c %D%/source-perf.c %D%/source-priv.h %D%/tree.c
src_libprofd_a_SOURCES += \
	%D%/answers.c %D%/capture-priv.h %D%/listen.c %D%/pages.c %D%/recorder.c \
	%D%/recorder-priv.h %D%/replay.c %D%/replay-priv.h
src_libprofd_a_SOURCES += %D%/ptrace-try.c
src_libprofd_a_SOURCES += \
	%D%/carry.c %D%/guard.c %D%/halt.c %D%/pace.c %D%/ptrace-priv.h %D%/queue.c \
	%D%/ptrace-stop.c %D%/source-ptrace.c %D%/stop-priv.h %D%/times.c %D%/watch.c \
	%D%/watch-files.c \
	%D%/watch-maps.c

if HOST_AARCH64
src_libprofd_a_SOURCES += %D%/aarch64.c
else
src_libprofd_a_SOURCES += %D%/x86_64.c
endif
EXTRA_DIST += %D%/aarch64.c %D%/x86_64.c
