#pragma once
/* Shared by the files that speak with GitHub and GitLab. */
#include <profd/ci-forge.h>
#include <profd/ci-http.h>
#include <profd/json.h>

struct forge {
	enum forge_kind kind;
	char *api;     /* without a slash at its end */
	char *project; /* "repos/owner/name", "projects/group%2Fname" */
	struct http *http;
	char *me; /* whose token it is, once it was asked */
};

/* Asks for API/PATH. With @ret_json the reply has to be JSON, to be freed by json_free. */
struct forge_call {
	const char *method, *path;
	const struct json *body; /* or NULL */
	const char *what;
	bool once;
};
int forge_ask(struct forge *f, const struct forge_call *c, struct json **ret_json,
	      struct error *err);
/* All pages of the list that is at API/PATH, or that is its member @key: @each of them gets
 * the list of one page, and returns 0, or > 0 for no more. */
typedef int (*forge_page)(void *arg, const struct json *list, struct error *err);
int forge_pages(struct forge *f, const char *path, const char *key, const char *what,
		forge_page each, void *arg, struct error *err);

/* --- what replies say: forge-read.c ---------------------------------------------------- */

bool forge_id(const struct json *j, const char *key, uint64_t *ret);
/* "a1b2c3…": 40 or 64 hexadecimal digits. */
bool forge_is_sha(const char *s);
/* Adds those of one page. -EBADMSG, -EFBIG. */
int forge_read_comments(enum forge_kind kind, const struct json *list, const char *me,
			const char *marker, struct forge_comments *ret,
			struct error *err);
/* Adds artifacts whose name @glob matches. */
int forge_read_artifacts(enum forge_kind kind, const struct json *list, const char *glob,
			 struct forge_artifacts *ret, struct error *err);
/* The open pull requests of one page whose newest commit is @sha: how many were added to
 * *n, the last one in *ret_pr. */
int forge_read_pulls(enum forge_kind kind, const struct json *list, const char *sha,
		     unsigned *n, uint64_t *ret_pr, struct error *err);
/* "403 Forbidden, 'Resource not accessible by integration'", clean, on one line. */
void forge_add_reason(struct text *t, long status, const struct json *body);
/* What that status means (ci-forge.h), 0 for 2xx. */
int forge_code(const struct http_reply *r);
