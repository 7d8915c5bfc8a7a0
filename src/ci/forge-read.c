/* What GitHub and GitLab answer. Titles, names and comments are anybody's: types and lengths
 * are checked, and nothing is taken that is not needed. */
#include "forge-priv.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include <profd/mem.h>

#define COMMENTS_MAX 10000	  /* of ours */
#define BODY_MAX_BYTES (4u << 20) /* more than any server takes */
#define NAME_MAX_BYTES 1024
#define MESSAGE_MAX_BYTES 160

bool forge_id(const struct json *j, const char *key, uint64_t *ret)
{
	int64_t value;

	if (!json_i64(json_get(j, key), &value) || value <= 0)
		return false;
	*ret = (uint64_t)value;
	return true;
}

bool forge_is_sha(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	return (n == 40 || n == 64) && strspn(s, "0123456789abcdef") == n;
}

static int bad_list(const struct json *list, struct error *err)
{
	if (json_is_list(list))
		return 0;
	return error_set(err, -EBADMSG, "the server's reply is not a list");
}

/* --- comments ------------------------------------------------------------------------ */

static const char *author(enum forge_kind kind, const struct json *comment)
{
	return kind == FORGE_GITHUB
		       ? json_get_str(json_get(comment, "user"), "login")
		       : json_get_str(json_get(comment, "author"), "username");
}

static bool is_ours(enum forge_kind kind, const struct json *comment, const char *me,
		    const char *marker)
{
	const char *body = json_get_str(comment, "body"), *by = author(kind, comment);

	return body && by && !strcmp(by, me) && !strncmp(body, marker, strlen(marker)) &&
	       strlen(body) <= BODY_MAX_BYTES;
}

int forge_read_comments(enum forge_kind kind, const struct json *list, const char *me,
			const char *marker, struct forge_comments *ret, struct error *err)
{
	int code = bad_list(list, err);

	for (size_t i = 0; code == 0 && i < json_count(list); i++) {
		const struct json *comment = json_at(list, i);
		struct forge_comment c = {0};

		if (!is_ours(kind, comment, me, marker))
			continue;
		if (!forge_id(comment, "id", &c.id))
			return error_set(err, -EBADMSG, "a comment has no number");
		if (ret->list.n >= COMMENTS_MAX)
			return error_set(err, -EFBIG, "there are more than %u comments",
					 COMMENTS_MAX);
		c.body = xstrdup(json_get_str(comment, "body"));
		vec_push(&ret->list, c);
	}
	return code;
}

void forge_comments_done(struct forge_comments *c)
{
	for (uint32_t i = 0; i < c->list.n; i++)
		free(c->list.v[i].body);
	vec_done(&c->list);
}

/* --- artifacts ----------------------------------------------------------------------- */

/* GitHub: {"id": 1, "name": "profd-out", "size_in_bytes": 10, "expired": false}; GitLab: a
 * job, {"id": 1, "name": "perf", "artifacts_file": {"filename": "a.zip", "size": 10}}. */
static bool read_artifact(enum forge_kind kind, const struct json *j, const char *glob,
			  struct forge_artifact *a)
{
	const struct json *file = json_get(j, "artifacts_file");
	const char *name = json_get_str(j, "name");
	bool expired = false;
	int64_t size = 0;

	if (!name || strlen(name) > NAME_MAX_BYTES || fnmatch(glob, name, 0) != 0 ||
	    !forge_id(j, "id", &a->id))
		return false;
	json_get_bool(j, "expired", &expired);
	if (expired || (kind == FORGE_GITLAB && !json_is_node(file)))
		return false;
	json_i64(kind == FORGE_GITHUB ? json_get(j, "size_in_bytes")
				      : json_get(file, "size"),
		 &size);
	a->size = size > 0 ? (uint64_t)size : 0;
	a->name = xstrdup(name);
	return true;
}

int forge_read_artifacts(enum forge_kind kind, const struct json *list, const char *glob,
			 struct forge_artifacts *ret, struct error *err)
{
	int code = bad_list(list, err);

	for (size_t i = 0; code == 0 && i < json_count(list); i++) {
		struct forge_artifact a = {0};

		if (!read_artifact(kind, json_at(list, i), glob, &a))
			continue;
		vec_push(&ret->list, a);
		if (ret->list.n > FORGE_ARTIFACTS_MAX)
			return error_set(err, -EFBIG, "there are more than %u artifacts",
					 FORGE_ARTIFACTS_MAX);
	}
	return code;
}

void forge_artifacts_done(struct forge_artifacts *a)
{
	for (uint32_t i = 0; i < a->list.n; i++)
		free(a->list.v[i].name);
	vec_done(&a->list);
	free(a->sha);
	a->sha = NULL;
	a->run = 0;
}

/* --- pull requests ------------------------------------------------------------------- */

int forge_read_pulls(enum forge_kind kind, const struct json *list, const char *sha,
		     unsigned *n, uint64_t *ret_pr, struct error *err)
{
	bool github = kind == FORGE_GITHUB;
	int code = bad_list(list, err);

	for (size_t i = 0; code == 0 && i < json_count(list); i++) {
		const struct json *j = json_at(list, i);
		const char *at = json_get_str(github ? json_get(j, "head") : j, "sha");
		const char *state = json_get_str(j, "state");
		uint64_t pr;

		if (!at || !state || strcmp(at, sha) != 0 ||
		    strcmp(state, github ? "open" : "opened") != 0 ||
		    !forge_id(j, github ? "number" : "iid", &pr) || (*n && pr == *ret_pr))
			continue;
		*ret_pr = pr;
		(*n)++;
	}
	return code;
}

/* --- refusals ------------------------------------------------------------------------ */

static const char *status_word(long status)
{
	switch (status) {
	case 400:
		return " Bad Request";
	case 401:
		return " Unauthorized";
	case 403:
		return " Forbidden";
	case 404:
		return " Not Found";
	case 409:
		return " Conflict";
	case 410:
		return " Gone";
	case 413:
		return " Content Too Large";
	case 422:
		return " Unprocessable Content";
	case 429:
		return " Too Many Requests";
	default:
		return status >= 500 ? " (an error of the server)" : "";
	}
}

/* The words of a reply: "message", "error", or, GitLab, {"message": {"note": ["…"]}}. */
static const char *message(const struct json *body)
{
	static const char *const keys[] = {"message", "error", "error_description"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *s = json_get_str(body, keys[i]);

		if (s)
			return s;
	}
	return json_str(json_at(json_get(json_get(body, "message"), "note"), 0), NULL);
}

void forge_add_reason(struct text *t, long status, const struct json *body)
{
	const char *s = message(body);
	struct text clean = {0};

	text_addf(t, "%ld%s", status, status_word(status));
	if (!s)
		return;
	text_add_clean(&clean, s,
		       strnlen(s, MESSAGE_MAX_BYTES)); /* a part of a character: U+FFFD */
	text_addf(t, ", '%s'", text_get(&clean));
	text_done(&clean);
}

int forge_code(const struct http_reply *r)
{
	if (r->status >= 200 && r->status < 300)
		return 0;
	if (r->limited)
		return -EBUSY;
	switch (r->status) {
	case 401:
	case 403:
		return -EACCES;
	case 404:
	case 410:
		return -ENOENT;
	case 409:
	case 412:
		return -ESTALE;
	case 413:
		return -E2BIG;
	default:
		return -EIO;
	}
}
