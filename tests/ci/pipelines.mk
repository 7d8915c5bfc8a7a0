# The files for CI systems in contrib/, linted and executed.
EXTRA_DIST += \
	.github/workflows/build.yml \
	.github/workflows/profd.yml \
	tests/ci/ci-lib.bash \
	tests/ci/expression.py \
	tests/ci/github.bats \
	tests/ci/gitlab.bats \
	tests/ci/jenkins.bats \
	tests/ci/lint.bats \
	tests/ci/profd \
	tests/ci/run-jenkins.groovy \
	tests/ci/run-workflow
