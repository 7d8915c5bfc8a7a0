src_libprofd_a_SOURCES += %D%/env.c
src_libprofd_a_SOURCES += %D%/changes.c %D%/ci-priv.h %D%/decide.c %D%/event.c %D%/event-github.c %D%/pattern.c %D%/text.c
src_libprofd_a_SOURCES += %D%/annotate.c %D%/summary.c
src_libprofd_a_SOURCES += %D%/init.c
