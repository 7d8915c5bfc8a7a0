src_libprofd_a_SOURCES += \
	src/format/firefox.c src/format/firefox-priv.h src/format/firefox-tables.c \
	src/format/flame.c src/format/folded.c src/format/folded-read.c \
	src/format/format-priv.h src/format/gzip.c src/format/gzip-stream.c \
	src/format/html.c src/format/names.c src/format/page-data.c src/format/page-diff.c \
	src/format/page-frames.c src/format/page-priv.h src/format/page-prune.c \
	src/format/page-tree.c src/format/page-walk.h src/format/order.c \
	src/format/picture.c src/format/picture-diff.c src/format/pprof-read.c \
	src/format/pprof-times.c src/format/pprof-write.c src/format/proto.c src/format/script.c src/format/svg.c \
	src/format/speedscope.c src/format/top.c src/format/turns.c \
	src/format/foreign.c src/format/perfscript.c src/format/perfscript-line.c \
	src/format/perfscript-priv.h src/format/speedscope-read.c src/format/gperftools.c src/format/calltree.c src/format/tree-json.c \
	src/format/formats.c \
	src/format/threads.c \
	src/format/perf-script.c \
	src/format/callgrind.c
