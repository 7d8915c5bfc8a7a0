/* Which run left what: runs are looked through from the newest until one has left an artifact
 * of the name that is asked for. */
#include "forge-paths.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "forge-priv.h"
#include <profd/mem.h>

struct runs {
	struct {
		uint64_t id;
		char *sha;
	} v[FORGE_RUNS_MAX];
	unsigned n;
};

static int runs_page(void *arg, const struct json *list, struct error *err)
{
	struct runs *r = arg;

	if (!json_is_list(list))
		return error_set(err, -EBADMSG, "the server's reply is not a list");
	for (size_t i = 0; i < json_count(list) && r->n < FORGE_RUNS_MAX; i++) {
		const struct json *j = json_at(list, i);
		const char *sha = json_get_str(j, "head_sha");

		sha = sha ? sha : json_get_str(j, "sha");
		if (!forge_is_sha(sha) || !forge_id(j, "id", &r->v[r->n].id))
			continue;
		r->v[r->n++].sha = xstrdup(sha);
	}
	return 1;
}

static int list_runs(struct forge *f, uint64_t pr, const char *branch, struct runs *ret,
		     struct error *err)
{
	bool github = f->kind == FORGE_GITHUB;
	_cleanup_free_ char *sha = NULL, *head = NULL, *path = NULL;
	int code = github && pr ? forge_pull_head(f, pr, &sha, &head, err) : 0;

	if (code < 0)
		return code;
	path = github ? github_runs(f, sha, branch) : gitlab_runs(f, pr, branch);
	return forge_pages(f, path, github ? "workflow_runs" : NULL, "list the runs",
			   runs_page, ret, err);
}

struct artifacts_arg {
	const struct forge *f;
	const char *name;
	struct forge_artifacts *ret;
};

static int artifacts_page(void *arg, const struct json *list, struct error *err)
{
	struct artifacts_arg *a = arg;

	return forge_read_artifacts(a->f->kind, list, a->name, a->ret, err);
}

static int look_into(struct forge *f, uint64_t run, const char *name,
		     struct forge_artifacts *ret, struct error *err)
{
	bool github = f->kind == FORGE_GITHUB;
	_cleanup_free_ char *path = github ? github_artifacts(f, run)
					   : gitlab_artifacts(f, run);
	struct artifacts_arg arg = {f, name, ret};

	return forge_pages(f, path, github ? "artifacts" : NULL, "list the artifacts",
			   artifacts_page, &arg, err);
}

int forge_artifacts(struct forge *f, uint64_t pr, const char *branch, const char *name,
		    struct forge_artifacts *ret, struct error *err)
{
	struct runs runs = {0};
	int code = list_runs(f, pr, branch, &runs, err);

	*ret = (struct forge_artifacts){0};
	for (unsigned i = 0; code == 0 && i < runs.n && !ret->list.n; i++) {
		code = look_into(f, runs.v[i].id, name, ret, err);
		if (code < 0 || !ret->list.n)
			continue;
		ret->run = runs.v[i].id;
		ret->sha = xstrdup(runs.v[i].sha);
	}
	if (code == 0 && !ret->list.n) {
		code = error_set(
			err, -ENOENT,
			"none of the last %u runs left an artifact like '%.100s'", runs.n,
			name);
		error_hint(err, "--artifact names it; artifacts expire");
	}
	for (unsigned i = 0; i < runs.n; i++)
		free(runs.v[i].sha);
	if (code < 0)
		forge_artifacts_done(ret);
	return code;
}

int forge_run_artifacts(struct forge *f, uint64_t run, const char *name,
			struct forge_artifacts *ret, struct error *err)
{
	int code;

	*ret = (struct forge_artifacts){.run = run};
	code = look_into(f, run, name, ret, err);
	if (code == 0 && !ret->list.n) {
		code = error_set(err, -ENOENT,
				 "run %" PRIu64 " left no artifact like '%.100s'", run,
				 name);
		error_hint(err, "--artifact names it; artifacts expire");
	}
	if (code < 0)
		forge_artifacts_done(ret);
	return code;
}

int forge_artifact_get(struct forge *f, const struct forge_artifact *a, int fd,
		       uint64_t max, struct error *err)
{
	_cleanup_free_ char *path = f->kind == FORGE_GITHUB ? github_artifact(f, a->id)
							    : gitlab_artifact(f, a->id);
	_cleanup_free_ char *url = xasprintf("%s/%s", f->api, path);
	struct http_request rq = {
		.method = "GET",
		.url = url,
		.what = "download an artifact",
		.fd = fd,
		.fd_max = max < HTTP_DOWNLOAD_MAX_BYTES ? max : HTTP_DOWNLOAD_MAX_BYTES};
	struct http_reply r;
	struct json *json;
	int code = http_do(f->http, &rq, &r, err);

	if (code == 0 && forge_code(&r) < 0) {
		struct text reason = {0};

		json = json_read(text_get(&r.body), r.body.len, NULL);
		forge_add_reason(&reason, r.status, json);
		code = error_set(err, forge_code(&r), "cannot %s: %s", rq.what,
				 text_get(&reason));
		text_done(&reason);
		json_free(json);
	}
	http_reply_done(&r);
	return code;
}
