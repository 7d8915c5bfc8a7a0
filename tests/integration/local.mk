# Recordings of real programs. tests/run-bats finds the .bats files itself.
EXTRA_DIST += \
	tests/integration/attach.bats \
	tests/integration/bench.bats \
	tests/integration/by-label \
	tests/integration/check-cell \
	tests/integration/check-coverage \
	tests/integration/check-folded \
	tests/integration/check-formats \
	tests/integration/check-wall \
	tests/integration/config.bats \
	tests/integration/convert.bats \
	tests/integration/coverage.bats \
	tests/integration/deny-perf \
	tests/integration/diff.bats \
	tests/integration/events.bats \
	tests/integration/formats.bats \
	tests/integration/go-pprof.bats \
	tests/integration/launch.bats \
	tests/integration/kill-at-random \
	tests/integration/lib.bash \
	tests/integration/many.bats \
	tests/integration/matrix.bats \
	tests/integration/nobody.bats \
	tests/integration/programs.bats \
	tests/integration/ptrace.bats \
	tests/integration/pty-run \
	tests/integration/raw.bats \
	tests/integration/report.bats \
	tests/integration/signals.bats \
	tests/integration/status.bats \
	tests/integration/symbols.bats \
	tests/integration/valgrind.bats \
	tests/integration/view.bats \
	tests/integration/wall.bats \
	tests/integration/with-signals \
	tests/integration/workloads.bats
