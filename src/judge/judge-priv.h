#pragma once
/* Shared between the files of src/judge only. */
#include <profd/diff.h>

enum { BEFORE, AFTER, SIDES };

/* Sums that leave the range stop at its end: a foreign file may say anything. */
static inline int64_t sum_clamped(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

static inline uint64_t size_of(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

/* --- the functions of two builds (match.c) ---------------------------------------- */

/* A function as its side knows it. */
struct match_function {
	string_id name, system_name, filename; /* of match->words */
	uint32_t start_line;
	uint32_t same; /* the row of the other side + 1, or 0 */
};

struct match_side {
	const struct profile *p;
	VEC(struct match_function) functions;
	/* The frames of location i are frames[first[i] .. first[i + 1]), rows of
	 * `functions`, the outermost first. */
	VEC(uint32_t) frames;
	uint32_t *first;
	mapping_id main;  /* the main program, or 0 */
	string_id module; /* its file without the folders */
};

struct match {
	struct profile *words; /* only its strings are used */
	struct match_side sides[SIDES];
};

void match_init(struct match *m, const struct profile *before,
		const struct profile *after);
void match_done(struct match *m);

/* --- whether they can be compared (alike.c) --------------------------------------- */

struct alike {		    /* zeroed to start; more pairs add to it */
	struct text unlike; /* "engine perf against ptrace; …"; nothing: they are alike */
	struct text unknown; /* "engine, event": what not both sides tell */
};
/* Returns 0, or -EINVAL and err: values of two units; or unlike, and not allowed. */
int alike_check(struct alike *l, const struct diff_side *before,
		const struct diff_side *after, bool allow_unlike, struct error *err);

/* --- one profile of both (join.c) ------------------------------------------------- */

struct join_side {
	const struct profile *p;
	unsigned value;
	/* Values are multiplied by num / den. */
	int64_t num, den;
};

/* Fills d->profile, all of it but the comments, and d->notes. */
void diff_join(struct diff *d, const struct join_side *before,
	       const struct join_side *after);

/* --- samples, and what they are worth (diff.c) ------------------------------------ */

/* Whether value @i of @p counts samples. */
bool diff_is_sample_count(const struct profile *p, unsigned i);
/* How many samples @row of @p had for @value; 0 where it is not known. */
int64_t diff_samples(const struct profile *p, unsigned value, uint32_t row);
/* Delta, noise and significance of c->sums. */
void diff_weigh(const struct diff *d, struct diff_change *c);
void diff_add(struct diff_sums *to, const struct diff_sums *from);
/* The values of a row of d->profile. */
struct diff_sums diff_row(const struct diff *d, uint32_t row);

/* --- what comes of it ------------------------------------------------------------- */

void diff_list_functions(struct diff *d); /* diff-functions.c */
void diff_find_branches(struct diff *d);  /* branches.c */
