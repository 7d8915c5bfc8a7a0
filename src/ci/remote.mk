src_libprofd_a_SOURCES += src/ci/http-parts.c src/ci/forge.c src/ci/forge-artifacts.c src/ci/forge-paths.h \
	src/ci/forge-priv.h src/ci/forge-read.c src/ci/github.c src/ci/gitlab.c src/ci/archive-name.c \
	src/ci/comment.c src/ci/comment-priv.h src/ci/comment-run.c src/ci/comment-text.c src/ci/remote.c \
	src/ci/alert.c src/ci/alert-command.c src/ci/alert-issue.c src/ci/alert-priv.h
src_libprofd_a_SOURCES += src/cmd/ci-remote.c

# What speaks with servers, and what unpacks what they send: man/profd-internals.7, "Servers".
if HAVE_LIBCURL
pkglibexec_PROGRAMS += profd-remote
profd_remote_SOURCES = src/ci/http.c src/cmd/remote.c src/cmd/remote.h src/cmd/remote-alert.c \
	src/cmd/remote-comment.c src/cmd/remote-fetch.c
profd_remote_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS)
profd_remote_LDADD = src/libprofd.a $(PROFD_LIBS) $(LIBCURL_LIBS)
endif
if HAVE_LIBZIP
pkglibexec_PROGRAMS += profd-unzip
profd_unzip_SOURCES = src/ci/unzip.c src/ci/unzip-program.c
profd_unzip_CFLAGS = $(AM_CFLAGS) $(LIBZIP_CFLAGS)
profd_unzip_LDADD = src/libprofd.a $(PROFD_LIBS) $(LIBZIP_LIBS)
endif
