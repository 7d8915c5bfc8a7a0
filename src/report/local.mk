src_libprofd_a_SOURCES += \
	%D%/artifacts.c %D%/outdir.c %D%/report-priv.h %D%/run-json.c \
	%D%/stat.c %D%/summary.c
src_libprofd_a_SOURCES += %D%/raw.c %D%/run-origin.c
src_libprofd_a_SOURCES += %D%/diff-json.c %D%/diff-text.c %D%/functions-text.c
src_libprofd_a_SOURCES += %D%/doctor.c %D%/doctor-json.c %D%/place.c
src_libprofd_a_SOURCES += %D%/outcome-fields.c %D%/outcome-files.c %D%/outcome-json.c \
	%D%/outcome-priv.h %D%/outcome-read.c %D%/outcome-run.c
src_libprofd_a_SOURCES += %D%/figure.c %D%/outcome-view.c %D%/outcome-view.h %D%/outcome-words.c %D%/outcome-join.c %D%/html-chart.c %D%/html-report.c %D%/outcome-html.h %D%/junit.c %D%/openmetrics.c %D%/outcome-csv.c %D%/gha.c %D%/gha.h %D%/gha-data.c %D%/gha-read.c %D%/markdown.c %D%/markdown.h %D%/outcome-md.c %D%/outcome-md.h %D%/outcome-md-tables.c
