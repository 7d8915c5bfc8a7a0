/* The event, wherever it is: in GitHub's file, or in variables of GitLab and Jenkins. */
#include "ci-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <profd/io.h>

void event_push_list(struct ci_event *e, struct ci_texts *t, uint32_t max, const char *s)
{
	while (s && *s) {
		size_t n = strcspn(s, ","), end = n;
		_cleanup_free_ char *word = NULL;
		const char *begin = s;

		while (end && *begin == ' ') {
			begin++;
			end--;
		}
		while (end && begin[end - 1] == ' ')
			end--;
		word = xstrndup(begin, end);
		event_push_text(e, t, max, word);
		s += n + (s[n] == ',');
	}
}

static const char *variable(struct ci_event *e, const char *name)
{
	return event_text(e, getenv(name));
}

static bool is_one_of(const char *s, const char *const *words)
{
	for (; s && *words; words++) {
		if (!strcmp(s, *words))
			return true;
	}
	return false;
}

/* --- GitLab -------------------------------------------------------------------------- */

static void read_merge_request(struct ci_event *e)
{
	const char *from = getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH");
	const char *to = getenv("CI_MERGE_REQUEST_PROJECT_PATH");

	e->happened = CI_PULL_REQUEST;
	e->title = variable(e, "CI_MERGE_REQUEST_TITLE");
	e->base_sha = variable(e, "CI_MERGE_REQUEST_DIFF_BASE_SHA");
	event_push_list(e, &e->labels, CI_LABELS_MAX, getenv("CI_MERGE_REQUEST_LABELS"));
	if (from && to)
		e->fork = strcmp(from, to) ? CI_YES : CI_NO;
}

/* Parents are often what others asked for: a pipeline of another project counts as an API. */
static void read_gitlab(const struct ci_env *env, struct ci_event *e)
{
	static const char *const manual[] = {"web",  "api",    "trigger", "pipeline",
					     "chat", "webide", NULL};
	static const char *const pushes[] = {"push", "parent_pipeline", NULL};

	e->head_sha = event_text(e, env->sha);
	e->default_branch = variable(e, "CI_DEFAULT_BRANCH");
	e->branch = event_text(e, env->branch);
	event_push_text(e, &e->messages, CI_COMMITS_MAX, getenv("CI_COMMIT_MESSAGE"));
	e->tier = variable(e, "PROFD_TIER");
	if (env->pr) {
		read_merge_request(e);
	} else if (e->name && !strcmp(e->name, "schedule")) {
		e->happened = CI_SCHEDULE;
	} else if (is_one_of(e->name, manual)) {
		e->happened = CI_MANUAL;
	} else if (is_one_of(e->name, pushes)) {
		e->happened = getenv("CI_COMMIT_TAG") ? CI_TAG : CI_PUSH;
		e->base_sha = variable(e, "CI_COMMIT_BEFORE_SHA");
	}
}

/* --- Jenkins ------------------------------------------------------------------------- */

/* Jenkins tells a pipeline in its own language why a build began; the shared library puts that
 * into PROFD_CAUSE and labels into PROFD_LABELS. BUILD_CAUSE is the EnvInject plugin's. */
static void read_jenkins(const struct ci_env *env, struct ci_event *e)
{
	static const char *const timers[] = {"schedule", "TIMERTRIGGER", NULL};
	static const char *const users[] = {"manual", "MANUALTRIGGER", NULL};
	const char *cause = getenv("PROFD_CAUSE");

	if (!cause || !*cause)
		cause = getenv("BUILD_CAUSE");
	e->head_sha = event_text(e, env->sha);
	e->branch = event_text(e, env->branch);
	e->tier = variable(e, "PROFD_TIER");
	event_push_list(e, &e->labels, CI_LABELS_MAX, getenv("PROFD_LABELS"));
	if (is_one_of(cause, users)) {
		e->happened = CI_MANUAL;
	} else if (is_one_of(cause, timers)) {
		e->happened = CI_SCHEDULE;
		e->schedule = variable(e, "PROFD_SCHEDULE");
	} else if (env->pr) {
		e->happened = CI_PULL_REQUEST;
		e->title = variable(e, "CHANGE_TITLE");
		e->fork = getenv("CHANGE_FORK") ? CI_YES : CI_NOT_SAID;
	} else {
		e->happened = getenv("TAG_NAME") ? CI_TAG : CI_PUSH;
		e->base_sha = variable(e, "GIT_PREVIOUS_COMMIT");
	}
}

/* --- all ----------------------------------------------------------------------------- */

static int read_github(const struct ci_env *env, struct ci_event *ret, struct error *err)
{
	_cleanup_free_ char *data = NULL;
	struct error why = {0};
	size_t n = 0;
	int code;

	if (!env->event_path)
		return error_set(err, -EINVAL, "GITHUB_EVENT_PATH names no event file");
	code = io_slurp(env->event_path, CI_EVENT_MAX_BYTES, &data, &n);
	if (code < 0)
		return error_set(err, code, "cannot read the event file '%s': %s",
				 env->event_path, strerror(-code));
	code = ci_event_github(data, n, env->event, ret, &why);
	if (code < 0)
		return error_set(err, code, "'%s': %s", env->event_path, why.text);
	/* Of a comment it is the default branch's. */
	if (!ret->head_sha && ret->happened != CI_COMMENT)
		ret->head_sha = event_text(ret, env->sha);
	return 0;
}

int ci_event_read(const struct ci_env *env, struct ci_event *ret, struct error *err)
{
	*ret = (struct ci_event){0};
	if (env->provider == CI_GITHUB)
		return read_github(env, ret, err);
	ret->name = event_text(ret, env->event);
	ret->pr = env->pr;
	if (env->provider == CI_GITLAB)
		read_gitlab(env, ret);
	else if (env->provider == CI_JENKINS)
		read_jenkins(env, ret);
	else
		ret->happened = CI_NO_EVENT;
	return 0;
}
