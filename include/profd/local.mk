noinst_HEADERS = \
	%D%/attach.h %D%/counter.h %D%/eventspec.h %D%/clock.h %D%/ehframe.h %D%/error.h \
	%D%/event.h %D%/format.h %D%/formats.h %D%/io.h %D%/json.h %D%/launch.h %D%/log.h %D%/map.h \
	%D%/mem.h %D%/number.h %D%/objfile.h %D%/outside.h %D%/procs.h %D%/cgroup.h \
	%D%/machine.h \
	%D%/profile.h %D%/quality.h %D%/report.h %D%/ring.h %D%/sampler.h %D%/session.h \
	%D%/source.h %D%/space.h %D%/symbolize.h %D%/text.h %D%/tree.h %D%/unwind.h %D%/vec.h
noinst_HEADERS += %D%/capture.h %D%/captured.h %D%/raw.h %D%/recorder.h %D%/replay.h
noinst_HEADERS += %D%/config.h %D%/diff.h %D%/diff-report.h %D%/doctor.h %D%/filter.h %D%/noise.h %D%/origin.h %D%/probe.h %D%/ptrace-try.h
noinst_HEADERS += %D%/gate.h %D%/checkout.h %D%/selftest.h
noinst_HEADERS += %D%/bench.h %D%/bench-events.h %D%/coin.h %D%/exact.h %D%/figure.h %D%/outcome.h %D%/outcome-io.h %D%/trial.h %D%/verdict.h
noinst_HEADERS += %D%/stats-dist.h %D%/stats-family.h %D%/stats-mean.h %D%/stats-order.h %D%/stats-power.h %D%/stats-rank.h
noinst_HEADERS += %D%/functions.h %D%/functions-report.h %D%/touched.h %D%/waits.h
noinst_HEADERS += %D%/ci.h %D%/ci-event.h %D%/ci-rules.h %D%/ci-text.h %D%/ci-summary.h %D%/ci-init.h %D%/outcome-rows.h %D%/tool.h
noinst_HEADERS += %D%/ci-alert.h %D%/ci-archive.h %D%/ci-comment.h %D%/ci-forge.h %D%/ci-http.h %D%/ci-remote.h %D%/program.h
noinst_HEADERS += %D%/host.h %D%/choose.h %D%/load.h %D%/repeat.h %D%/strictness.h %D%/testbed.h
