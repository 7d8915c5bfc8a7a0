# profd ci against stand-ins of GitHub and GitLab. tests/run-bats finds the .bats files itself.
EXTRA_DIST += %D%/alert.bats %D%/comment.bats %D%/fetch.bats %D%/openapi.bats %D%/forge.bash %D%/forge.py \
	%D%/gitlab-rest.json %D%/openapi.py
