/* What the environment says of the CI system. Nothing else looks at these variables; the event
 * itself is read by event-*.c. */
#include <profd/ci.h>

#include <stdlib.h>
#include <string.h>

#include <profd/mem.h>

#define VALUE_MAX_BYTES 4096
#define NUMBER_MAX (UINT64_C(1) << 53)

static const char *const provider_words[] = {"none", "github", "gitlab", "jenkins"};

const char *ci_provider_word(enum ci_provider p)
{
	return provider_words[p];
}

enum ci_provider ci_provider_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(provider_words); i++) {
		if (!strcmp(provider_words[i], word))
			return (enum ci_provider)i;
	}
	return CI_NONE;
}

uint64_t ci_number(const char *s)
{
	uint64_t v = 0;

	for (; s && *s >= '0' && *s <= '9' && v <= NUMBER_MAX; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	return s && !*s && v <= NUMBER_MAX ? v : 0;
}

/* --- values ------------------------------------------------------------------------- */

/* NULL when it is not set, empty, or longer than any that these systems set. */
static const char *value(const char *name)
{
	const char *s = getenv(name);

	return s && *s && strlen(s) <= VALUE_MAX_BYTES ? s : NULL;
}

static char *copy(const char *name)
{
	const char *s = value(name);

	return s ? xstrdup(s) : NULL;
}

static char *copy_either(const char *name, const char *other)
{
	return copy(value(name) ? name : other);
}

/* Without slashes at the end. */
static char *copy_url(const char *name, const char *otherwise)
{
	const char *s = value(name) ? value(name) : otherwise;
	size_t n = s ? strlen(s) : 0;

	while (n && s[n - 1] == '/')
		n--;
	return n ? xstrndup(s, n) : NULL;
}

static const char *first_set(const char *const *names)
{
	for (; *names; names++) {
		if (value(*names))
			return *names;
	}
	return NULL;
}

/* --- providers ---------------------------------------------------------------------- */

/* refs/pull/12/merge */
static uint64_t github_pr(void)
{
	static const char prefix[] = "refs/pull/";
	const char *ref = value("GITHUB_REF");
	_cleanup_free_ char *digits = NULL;

	if (!ref || strncmp(ref, prefix, strlen(prefix)) != 0)
		return 0;
	ref += strlen(prefix);
	digits = xstrndup(ref, strcspn(ref, "/"));
	return ci_number(digits);
}

static void github_read(struct ci_env *e)
{
	static const char *const tokens[] = {"PROFD_TOKEN", "GITHUB_TOKEN", "GH_TOKEN",
					     NULL};
	const char *run = value("GITHUB_RUN_ID");

	e->provider = CI_GITHUB;
	e->event = copy("GITHUB_EVENT_NAME");
	e->event_path = copy("GITHUB_EVENT_PATH");
	e->repository = copy("GITHUB_REPOSITORY");
	e->pr = github_pr();
	e->sha = copy("GITHUB_SHA");
	e->branch = copy_either("GITHUB_HEAD_REF", "GITHUB_REF_NAME");
	e->base_branch = copy("GITHUB_BASE_REF");
	e->server_url = copy_url("GITHUB_SERVER_URL", "https://github.com");
	e->api_url = copy_url("GITHUB_API_URL", "https://api.github.com");
	e->token_variable = first_set(tokens);
	if (e->repository && ci_number(run)) {
		e->run_url = xasprintf("%s/%s/actions/runs/%s", e->server_url,
				       e->repository, run);
		e->artifacts_url = xasprintf("%s#artifacts", e->run_url);
	}
	e->workspace = copy("GITHUB_WORKSPACE");
	e->output_path = copy("GITHUB_OUTPUT");
	e->summary_path = copy("GITHUB_STEP_SUMMARY");
}

static void gitlab_read(struct ci_env *e)
{
	static const char *const tokens[] = {"PROFD_TOKEN", "GITLAB_TOKEN", NULL};

	e->provider = CI_GITLAB;
	e->event = copy("CI_PIPELINE_SOURCE");
	e->repository = copy("CI_PROJECT_PATH");
	e->project_id = copy("CI_PROJECT_ID");
	e->pr = ci_number(value("CI_MERGE_REQUEST_IID"));
	e->sha = copy_either("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA");
	e->branch = copy_either("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
				"CI_COMMIT_REF_NAME");
	e->base_branch = copy("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
	e->server_url = copy_url("CI_SERVER_URL", "https://gitlab.com");
	e->api_url = copy_url("CI_API_V4_URL", "https://gitlab.com/api/v4");
	e->token_variable = first_set(tokens);
	e->run_url = copy_url("CI_PIPELINE_URL", NULL);
	e->job_url = copy_url("CI_JOB_URL", NULL);
	if (e->job_url) {
		e->artifacts_url = xasprintf("%s/artifacts/file/", e->job_url);
		e->artifacts_by_path = true;
	}
	e->workspace = copy("CI_PROJECT_DIR");
}

/* Whose forge it builds for, it does not say: repository and API stay unknown, but for
 * variables of ours, which the shared library sets. */
static void jenkins_read(struct ci_env *e)
{
	static const char *const tokens[] = {"PROFD_TOKEN", "GITHUB_TOKEN",
					     "GITLAB_TOKEN", NULL};

	e->provider = CI_JENKINS;
	e->event = xstrdup(value("CHANGE_ID") ? "change" : "branch");
	e->repository = copy("PROFD_REPOSITORY");
	e->api_url = copy_url("PROFD_API_URL", NULL);
	e->pr = ci_number(value("CHANGE_ID"));
	e->sha = copy("GIT_COMMIT");
	e->branch = copy_either("CHANGE_BRANCH", "BRANCH_NAME");
	e->base_branch = copy("CHANGE_TARGET");
	e->server_url = copy_url("JENKINS_URL", NULL);
	e->token_variable = first_set(tokens);
	e->run_url = copy_url("BUILD_URL", NULL);
	if (e->run_url) {
		e->artifacts_url = xasprintf("%s/artifact/", e->run_url);
		e->artifacts_by_path = true;
	}
	e->workspace = copy("WORKSPACE");
}

static bool is_true(const char *name)
{
	const char *s = value(name);

	return s && !strcmp(s, "true");
}

void ci_env_read(struct ci_env *ret)
{
	*ret = (struct ci_env){0};
	if (is_true("GITHUB_ACTIONS"))
		github_read(ret);
	else if (is_true("GITLAB_CI"))
		gitlab_read(ret);
	else if (value("JENKINS_URL"))
		jenkins_read(ret);
}

void ci_env_done(struct ci_env *e)
{
	char *all[] = {e->event,     e->event_path,  e->repository,  e->project_id,
		       e->sha,	     e->branch,	     e->base_branch, e->server_url,
		       e->api_url,   e->run_url,     e->job_url,     e->artifacts_url,
		       e->workspace, e->output_path, e->summary_path};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
	*e = (struct ci_env){0};
}
