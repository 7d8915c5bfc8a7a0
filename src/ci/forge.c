/* What GitHub and GitLab have in common: JSON is asked for and answered, lists come in pages,
 * refusals have statuses. Paths that differ are in github.c and gitlab.c. */
#include "forge-priv.h"

#include <errno.h>
#include <string.h>

#include <profd/mem.h>

#include "forge-paths.h"

/* --- a server ------------------------------------------------------------------------ */

static bool repository_is_good(const struct forge_options *o)
{
	const char *slash = o->repository ? strchr(o->repository, '/') : NULL;
	size_t n = o->repository ? strlen(o->repository) : 0;

	if (!n || n > FORGE_REPOSITORY_MAX_BYTES || !text_is_clean(o->repository, n))
		return false;
	if (strspn(o->repository, "0123456789") == n)
		return o->kind == FORGE_GITLAB;
	return slash && slash > o->repository && slash[1] &&
	       (o->kind == FORGE_GITLAB || !strchr(slash + 1, '/'));
}

static const char *token_header(const struct forge_options *o)
{
	if (o->kind == FORGE_GITHUB)
		return "Authorization: Bearer ";
	return o->job_token ? "JOB-TOKEN: " : "PRIVATE-TOKEN: ";
}

static char *project_path(const struct forge_options *o)
{
	struct text t = {0};

	if (o->kind == FORGE_GITHUB) {
		_cleanup_free_ char *owner = xstrdup(o->repository);
		char *name = strchr(owner, '/');

		*name++ = '\0';
		text_add(&t, "repos/");
		http_escape(&t, owner);
		text_addc(&t, '/');
		http_escape(&t, name);
	} else {
		text_add(&t, "projects/");
		http_escape(&t, o->repository);
	}
	return t.s;
}

struct forge *forge_new(const struct forge_options *o, struct error *err)
{
	static const char *const headers[] = {"Accept: application/vnd.github+json",
					      "X-GitHub-Api-Version: 2022-11-28", NULL};
	struct http_options http = {.base = o->api,
				    .token = o->token,
				    .header = token_header(o),
				    .backoff_ms = o->backoff_ms};
	struct forge *f;

	if (!repository_is_good(o)) {
		error_set(err, -EINVAL, "'%.100s' is not the name of a repository",
			  o->repository ? o->repository : "");
		return NULL;
	}
	if (o->kind == FORGE_GITHUB)
		http.headers = headers;
	f = xcalloc(1, sizeof(*f));
	f->http = http_new(&http, err);
	if (!f->http) {
		free(f);
		return NULL;
	}
	f->kind = o->kind;
	f->api = xstrdup(o->api);
	for (size_t n = strlen(f->api); n && f->api[n - 1] == '/'; n--)
		f->api[n - 1] = '\0';
	f->project = project_path(o);
	return f;
}

void forge_free(struct forge *f)
{
	if (!f)
		return;
	http_free(f->http);
	free(f->api);
	free(f->project);
	free(f->me);
	free(f);
}

enum forge_kind forge_kind(const struct forge *f)
{
	return f->kind;
}

/* "Body is too long (maximum is 65536 characters)"; GitLab: "Instance limits", 1,000,000. */
size_t forge_comment_max(const struct forge *f)
{
	return f->kind == FORGE_GITHUB ? 65536 : 1000000;
}

/* --- asking -------------------------------------------------------------------------- */

static void put_text(struct text *t, const struct json *body)
{
	struct sink_text out;

	sink_text_init(&out, t);
	json_write(body, &out.sink);
}

static int refused(const struct forge_call *c, const struct http_reply *r,
		   const struct json *body, struct error *err)
{
	struct text reason = {0};
	int code = forge_code(r);

	forge_add_reason(&reason, r->status, body);
	if (r->status == 422 && strstr(text_get(&reason), "too long"))
		code = -E2BIG;
	error_set(err, code, "cannot %s: %s", c->what, text_get(&reason));
	text_done(&reason);
	return code;
}

/* Also of a refusal, where it need not be JSON. */
static int ask_url(struct forge *f, const struct forge_call *c, const char *url,
		   struct http_reply *r, struct json **ret_json, struct error *err)
{
	struct text body = {0};
	struct http_request rq = {
		.method = c->method, .url = url, .what = c->what, .once = c->once};
	struct json *json = NULL;
	int code;

	if (c->body) {
		put_text(&body, c->body);
		rq.body = body.s;
		rq.body_n = body.len;
	}
	code = http_do(f->http, &rq, r, err);
	text_done(&body);
	if (r->unsure) {
		error_set(err, -ESTALE, "cannot %s: the connection broke", c->what);
		return -ESTALE;
	}
	if (code < 0)
		return code;
	json = json_read(text_get(&r->body), r->body.len, NULL);
	code = forge_code(r);
	if (code < 0)
		code = refused(c, r, json, err);
	else if (ret_json && !json)
		code = error_set(err, -EBADMSG, "cannot %s: the reply is not JSON",
				 c->what);
	if (code < 0 || !ret_json)
		json_free(json);
	else
		*ret_json = json;
	return code;
}

int forge_ask(struct forge *f, const struct forge_call *c, struct json **ret_json,
	      struct error *err)
{
	_cleanup_free_ char *url = xasprintf("%s/%s", f->api, c->path);
	struct http_reply r;
	int code = ask_url(f, c, url, &r, ret_json, err);

	http_reply_done(&r);
	return code;
}

/* The next page's address is the server's: it may lead nowhere but to the server itself.
 * GitLab leaves out "last" of long lists, but never "next" (its "REST API", Pagination). */
static int next_page(struct forge *f, const struct http_reply *r, char **url,
		     struct error *err)
{
	char next[HTTP_URL_MAX_BYTES];

	if (!http_link_next(r->link, next, sizeof(next))) {
		free(*url);
		*url = NULL;
		return 0;
	}
	if (!http_same_origin(f->api, next))
		return error_set(err, -EPROTO,
				 "the next page of a list is at another server");
	free(*url);
	*url = xstrdup(next);
	return 0;
}

int forge_pages(struct forge *f, const char *path, const char *key, const char *what,
		forge_page each, void *arg, struct error *err)
{
	struct forge_call call = {.method = "GET", .path = path, .what = what};
	_cleanup_free_ char *url = xasprintf("%s/%s", f->api, path);

	for (unsigned page = 0; url; page++) {
		struct json *json = NULL;
		struct http_reply r;
		int code;

		if (page >= FORGE_PAGES_MAX)
			return error_set(err, -EFBIG, "cannot %s: more than %d pages",
					 what, FORGE_PAGES_MAX);
		code = ask_url(f, &call, url, &r, &json, err);
		if (code == 0) {
			code = each(arg, key ? json_get(json, key) : json, err);
			json_free(json);
		}
		if (code == 0)
			code = next_page(f, &r, &url, err);
		http_reply_done(&r);
		if (code)
			return code < 0 ? code : 0;
	}
	return 0;
}

/* --- comments ------------------------------------------------------------------------ */

static int who_am_i(struct forge *f, struct error *err)
{
	if (f->me)
		return 0;
	return f->kind == FORGE_GITHUB ? github_who(f, &f->me, err)
				       : gitlab_who(f, &f->me, err);
}

struct comments_arg {
	const struct forge *f;
	const char *marker;
	struct forge_comments *ret;
};

static int comments_page(void *arg, const struct json *list, struct error *err)
{
	struct comments_arg *a = arg;

	return forge_read_comments(a->f->kind, list, a->f->me, a->marker, a->ret, err);
}

static int by_id(const void *a, const void *b)
{
	const struct forge_comment *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int forge_comments(struct forge *f, uint64_t pr, const char *marker,
		   struct forge_comments *ret, struct error *err)
{
	struct comments_arg arg = {f, marker, ret};
	_cleanup_free_ char *path = NULL;
	int code = who_am_i(f, err);

	if (code < 0)
		return code;
	path = f->kind == FORGE_GITHUB ? github_comments(f, pr) : gitlab_comments(f, pr);
	code = forge_pages(f, path, NULL, "list the comments", comments_page, &arg, err);
	if (code == 0 && ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(*ret->list.v), by_id);
	return code;
}

int forge_comment_write(struct forge *f, uint64_t pr, uint64_t id, const char *body,
			uint64_t *ret_id, struct error *err)
{
	bool github = f->kind == FORGE_GITHUB;
	_cleanup_free_ char *path = github ? github_comment(f, pr, id)
					   : gitlab_comment(f, pr, id);
	struct json *node = json_node(), *reply = NULL;
	struct forge_call call = {
		.method = !id	   ? "POST"
			  : github ? "PATCH"
				   : "PUT",
		.path = path,
		.body = node,
		.what = id ? "write over the comment" : "write a comment",
		.once = !id,
	};
	int code;

	json_put_str(node, "body", body);
	code = forge_ask(f, &call, &reply, err);
	if (code == 0 && !forge_id(reply, "id", ret_id))
		code = error_set(err, -ESTALE, "the server's reply has no number");
	json_free(reply);
	json_free(node);
	return code;
}

int forge_comment_delete(struct forge *f, uint64_t pr, uint64_t id, struct error *err)
{
	_cleanup_free_ char *path = f->kind == FORGE_GITHUB ? github_comment(f, pr, id)
							    : gitlab_comment(f, pr, id);
	struct forge_call call = {
		.method = "DELETE", .path = path, .what = "remove a comment of ours"};
	int code = forge_ask(f, &call, NULL, err);

	return code == -ENOENT ? 0 : code;
}

/* --- pull requests ------------------------------------------------------------------- */

struct pulls_arg {
	const struct forge *f;
	const char *sha;
	unsigned n;
	uint64_t pr;
};

static int pulls_page(void *arg, const struct json *list, struct error *err)
{
	struct pulls_arg *a = arg;

	return forge_read_pulls(a->f->kind, list, a->sha, &a->n, &a->pr, err);
}

int forge_pull_find(struct forge *f, const char *sha, const char *head, uint64_t *ret_pr,
		    struct error *err)
{
	struct pulls_arg arg = {.f = f, .sha = sha};
	int code = 0;

	if (!forge_is_sha(sha))
		return error_set(err, -EINVAL, "'%.100s' is not a commit", sha);
	for (unsigned way = 0; !arg.n && code == 0; way++) {
		_cleanup_free_ char *path = f->kind == FORGE_GITHUB
						    ? github_pulls(f, sha, head, way)
						    : gitlab_pulls(f, sha, way);

		if (!path)
			break;
		code = forge_pages(f, path, NULL, "look for the pull request", pulls_page,
				   &arg, err);
	}
	if (code < 0)
		return code;
	if (arg.n != 1)
		return error_set(err, -ENOENT,
				 arg.n ? "commit %.12s is the head of %u pull requests"
				       : "no open pull request has commit %.12s as its "
					 "head",
				 sha, arg.n);
	*ret_pr = arg.pr;
	return 0;
}

int forge_pull_head(struct forge *f, uint64_t pr, char **ret_sha, char **ret_branch,
		    struct error *err)
{
	bool github = f->kind == FORGE_GITHUB;
	_cleanup_free_ char *path = github ? github_pull(f, pr) : gitlab_pull(f, pr);
	struct forge_call call = {
		.method = "GET", .path = path, .what = "look at the pull request"};
	struct json *json = NULL;
	const char *sha, *branch;
	int code = forge_ask(f, &call, &json, err);

	if (code < 0)
		return code;
	sha = json_get_str(github ? json_get(json, "head") : json, "sha");
	branch = github ? json_get_str(json_get(json, "head"), "ref")
			: json_get_str(json, "source_branch");
	if (forge_is_sha(sha) && branch) {
		*ret_sha = xstrdup(sha);
		*ret_branch = xstrdup(branch);
	} else {
		code = error_set(err, -EBADMSG, "the pull request has no head");
	}
	json_free(json);
	return code;
}
