/* Where GitHub keeps things: docs.github.com/rest, and openapi descriptions of the same. */
#include "forge-paths.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "forge-priv.h"
#include <profd/mem.h>

#define LOGIN_MAX_BYTES 200

/* ".../api/v3" of GitHub Enterprise has it at ".../api/graphql". */
static char *graphql_path(const struct forge *f)
{
	size_t n = strlen(f->api);
	bool enterprise = n > 3 && !strcmp(f->api + n - 3, "/v3");

	return xstrdup(enterprise ? "../graphql" : "graphql");
}

static int login(const struct json *user, char **ret, struct error *err)
{
	const char *s = json_get_str(user, "login");

	if (!s || !*s || strlen(s) > LOGIN_MAX_BYTES)
		return error_set(err, -EBADMSG,
				 "the server does not say whose token "
				 "this is");
	*ret = xstrdup(s);
	return 0;
}

/* GET /user is not for the tokens of workflows; the GraphQL interface tells them, too. */
int github_who(struct forge *f, char **ret, struct error *err)
{
	static const char what[] = "ask whose token this is";
	_cleanup_free_ char *path = graphql_path(f);
	struct json *query = json_node(), *reply = NULL;
	struct forge_call call = {
		.method = "POST", .path = path, .body = query, .what = what};
	int code;

	json_put_str(query, "query", "{viewer{login}}");
	code = forge_ask(f, &call, &reply, err);
	json_free(query);
	if (code == 0) {
		code = login(json_get(json_get(reply, "data"), "viewer"), ret, err);
		json_free(reply);
	}
	if (code == 0 || code == -EBUSY || code == -EIO)
		return code;
	call = (struct forge_call){.method = "GET", .path = "user", .what = what};
	code = forge_ask(f, &call, &reply, err);
	if (code < 0)
		return code;
	code = login(reply, ret, err);
	json_free(reply);
	return code;
}

char *github_comments(const struct forge *f, uint64_t pr)
{
	return xasprintf("%s/issues/%" PRIu64 "/comments?per_page=%d", f->project, pr,
			 FORGE_PAGE);
}

char *github_comment(const struct forge *f, uint64_t pr, uint64_t id)
{
	if (!id)
		return xasprintf("%s/issues/%" PRIu64 "/comments", f->project, pr);
	return xasprintf("%s/issues/comments/%" PRIu64, f->project, id);
}

char *github_pull(const struct forge *f, uint64_t pr)
{
	return xasprintf("%s/pulls/%" PRIu64, f->project, pr);
}

/* Of a commit that came from a fork the first list is empty; the second one has it. */
char *github_pulls(const struct forge *f, const char *sha, const char *head, unsigned way)
{
	struct text t = {0};

	if (way == 0)
		return xasprintf("%s/commits/%s/pulls?per_page=%d", f->project, sha,
				 FORGE_PAGE);
	if (way > 1 || !head)
		return NULL;
	text_addf(&t, "%s/pulls?state=open&per_page=%d&head=", f->project, FORGE_PAGE);
	http_escape(&t, head);
	return t.s;
}

char *github_runs(const struct forge *f, const char *sha, const char *branch)
{
	struct text t = {0};

	text_addf(&t, "%s/actions/runs?per_page=%d&", f->project, FORGE_RUNS_MAX);
	text_add(&t, sha ? "head_sha=" : "branch=");
	http_escape(&t, sha ? sha : branch);
	return t.s;
}

char *github_artifacts(const struct forge *f, uint64_t run)
{
	return xasprintf("%s/actions/runs/%" PRIu64 "/artifacts?per_page=%d", f->project,
			 run, FORGE_PAGE);
}

char *github_artifact(const struct forge *f, uint64_t id)
{
	return xasprintf("%s/actions/artifacts/%" PRIu64 "/zip", f->project, id);
}
