dist_man_MANS += \
	man/profd.1 \
	man/profd-bench.1 \
	man/profd-ci.1 \
	man/profd-compare.1 \
	man/profd-config.1 \
	man/profd-convert.1 \
	man/profd-diff.1 \
	man/profd-doctor.1 \
	man/profd-gate.1 \
	man/profd-merge.1 \
	man/profd-record.1 \
	man/profd-replay.1 \
	man/profd-report.1 \
	man/profd-selftest.1 \
	man/profd-top.1 \
	man/profd-view.1 \
	man/profd.yml.5 \
	man/profd-formats.5 \
	man/profd-filters.7 \
	man/profd-internals.7
