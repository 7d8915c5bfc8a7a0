/* Where GitLab keeps things: docs.gitlab.com/api. */
#include "forge-paths.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "forge-priv.h"
#include <profd/mem.h>

#define USERNAME_MAX_BYTES 255

int gitlab_who(struct forge *f, char **ret, struct error *err)
{
	struct forge_call call = {
		.method = "GET", .path = "user", .what = "ask whose token this is"};
	struct json *reply = NULL;
	const char *name;
	int code = forge_ask(f, &call, &reply, err);

	if (code < 0)
		return code;
	name = json_get_str(reply, "username");
	if (name && *name && strlen(name) <= USERNAME_MAX_BYTES)
		*ret = xstrdup(name);
	else
		code = error_set(err, -EBADMSG,
				 "the server does not say whose token "
				 "this is");
	json_free(reply);
	return code;
}

char *gitlab_comments(const struct forge *f, uint64_t pr)
{
	return xasprintf("%s/merge_requests/%" PRIu64
			 "/notes?order_by=created_at&sort=asc&per_page=%d",
			 f->project, pr, FORGE_PAGE);
}

char *gitlab_comment(const struct forge *f, uint64_t pr, uint64_t id)
{
	if (!id)
		return xasprintf("%s/merge_requests/%" PRIu64 "/notes", f->project, pr);
	return xasprintf("%s/merge_requests/%" PRIu64 "/notes/%" PRIu64, f->project, pr,
			 id);
}

char *gitlab_pull(const struct forge *f, uint64_t pr)
{
	return xasprintf("%s/merge_requests/%" PRIu64, f->project, pr);
}

char *gitlab_pulls(const struct forge *f, const char *sha, unsigned way)
{
	if (way)
		return NULL;
	return xasprintf("%s/repository/commits/%s/merge_requests?per_page=%d",
			 f->project, sha, FORGE_PAGE);
}

char *gitlab_runs(const struct forge *f, uint64_t pr, const char *branch)
{
	struct text t = {0};

	if (pr)
		return xasprintf("%s/merge_requests/%" PRIu64 "/pipelines?per_page=%d",
				 f->project, pr, FORGE_RUNS_MAX);
	text_addf(&t, "%s/pipelines?order_by=id&sort=desc&per_page=%d&ref=", f->project,
		  FORGE_RUNS_MAX);
	http_escape(&t, branch);
	return t.s;
}

char *gitlab_artifacts(const struct forge *f, uint64_t run)
{
	return xasprintf("%s/pipelines/%" PRIu64 "/jobs?per_page=%d", f->project, run,
			 FORGE_PAGE);
}

char *gitlab_artifact(const struct forge *f, uint64_t id)
{
	return xasprintf("%s/jobs/%" PRIu64 "/artifacts", f->project, id);
}
