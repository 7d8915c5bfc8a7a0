src_libprofd_a_SOURCES += %D%/bench.c %D%/bench-options.c %D%/bench-priv.h %D%/bench-say.c %D%/cmd.h %D%/config.c %D%/config-json.c %D%/config-print.h \
	%D%/config-text.c %D%/convert.c %D%/diff.c %D%/diff-marks.c %D%/diff-marks.h %D%/doctor.c %D%/filter-options.c \
	%D%/filter-options.h %D%/output.c %D%/output.h %D%/print.c \
	%D%/profile-file.c %D%/profile-file.h %D%/record-options.c \
	%D%/record-options.h %D%/record-priv.h %D%/record-say.c %D%/record-targets.c %D%/record.c \
	%D%/replay.c %D%/terminal.c %D%/terminal.h %D%/top.c %D%/view.c
src_libprofd_a_SOURCES += %D%/compare.c %D%/compare-profiles.c %D%/judge-runs.c %D%/selftest.c %D%/gate.c %D%/judge.c %D%/judge.h %D%/judge-config.c \
	%D%/judge-files.c %D%/judge-functions.c %D%/judge-touched.c %D%/judge-options.c %D%/judge-outcome.c %D%/judge-profiles.c \
	%D%/judge-say.c
src_libprofd_a_SOURCES += %D%/report.c
src_libprofd_a_SOURCES += %D%/ci.c %D%/ci.h %D%/ci-env.c %D%/ci-init.c %D%/ci-wrap.c %D%/ci-summary.c %D%/ci-should-run.c
