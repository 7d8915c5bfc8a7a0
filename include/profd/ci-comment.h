#pragma once
/* The one comment that a pull request has from a gate: made of verdict.json (of run.json
 * where there is no such file), never of the Markdown beside it, which a fork's program may
 * have written. Every text in it is escaped; it is found again by its first line,
 *
 *	<!-- profd:gate-quick -->
 *	<!-- profd-state: worse regression 0123456789abcdef -->
 *
 * and the second says what it tells, for the next run. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/outcome.h>
#include <profd/text.h>

#define COMMENT_ID_MAX_BYTES 60 /* letters, digits, and . _ - */

struct comment_state {
	bool worse; /* a regression, a budget exceeded, a workload that failed */
	enum verdict verdict;
	uint64_t key; /* of all metrics' verdicts: others, other key */
};
/* Of the body of an earlier comment; false for one that has none. */
bool comment_state_read(const char *body, struct comment_state *ret);
void comment_state_of(const struct outcome *o, struct comment_state *ret);

struct comment_options {
	const char *id;	  /* NULL: "gate-quick", from command and tier */
	const char *link; /* to the artifacts; NULL, or what is not https://: none */
	const char
		*run; /* the address of the run, instead of that in the file; or NULL */
	bool foreign; /* a fork's program may have written the results */
};
struct comment {
	char *marker, *text; /* text: without marker and state */
	char *link;
	struct comment_state state;
};
bool comment_id_is_good(const char *id);
void comment_of_outcome(const struct outcome *o, const struct comment_options *opt,
			struct comment *ret);
/* The same of the run.json data[0..n). -EBADMSG and err. */
int comment_of_run(const char *data, size_t n, const struct comment_options *opt,
		   struct comment *ret, struct error *err);
void comment_done(struct comment *c);
/* Appends the comment as it is to be written, at most @max bytes: what is more is cut where a
 * section begins, and says so. @before: what the comment said until now, or NULL. */
void comment_render(const struct comment *c, const struct comment_state *before,
		    size_t max, struct text *t);

/* --- on a pull request --------------------------------------------------------------- */

enum comment_mode {
	COMMENT_ALWAYS,
	COMMENT_ON_CHANGE,     /* one that says the same is left as it is */
	COMMENT_ON_REGRESSION, /* none is begun while nothing is worse */
};
enum comment_done_what {
	COMMENT_NOTHING, /* none was there, and none is needed */
	COMMENT_CREATED,
	COMMENT_UPDATED,
	COMMENT_RESOLVED, /* updated: it told of a regression, which is gone */
	COMMENT_SAME,	  /* left as it is */
};
struct forge;
/* After it the pull request has one comment of this marker, or none: however many jobs do
 * this at the same time, and whatever breaks meanwhile. The errors are those of ci-forge.h. */
int comment_upsert(struct forge *f, uint64_t pr, const struct comment *c,
		   enum comment_mode mode, enum comment_done_what *ret,
		   struct error *err);
