# The files for CI systems in contrib/, linted and executed.
EXTRA_DIST += \
	tests/ci/ci-lib.bash \
	tests/ci/expression.py \
	tests/ci/github.bats \
	tests/ci/profd \
	tests/ci/run-workflow
