#pragma once
/* Shared between the files that filter profiles only. */
#include <profd/filter.h>

#include <regex.h>

#include "profile-priv.h"

struct filter_pattern {
	char *text;
	regex_t regex;
	bool is_number; /* digits alone: an id where the kind has ids */
	int64_t number;
};

struct filter {
	VEC(struct filter_pattern) patterns[FILTER_KINDS];
	bool timed;
	int64_t from_ns, to_ns;
};

enum match { MATCH_UNKNOWN, MATCH_NO, MATCH_YES };

/* One profile going through a filter. */
struct sieve {
	const struct profile *p;
	const struct filter *f;
	struct copier copier;
	uint8_t *known[FILTER_KINDS]; /* [strings] enum match, or NULL */
	uint8_t *seen;		      /* [stacks] 1 << enum filter_by: on the way to it */
	uint8_t *hidden;	      /* [locations] enum match */
	stack_id *stacks;	      /* [stacks] the row in the part */
	uint32_t *rows;		      /* [samples] the row in the part, or 0 */
	struct share *shares;	      /* [samples], or NULL: all of it */
	string_id key_comm, key_thread, key_pid, key_tid;
	VEC(struct line) lines;
};

bool filter_has(const struct filter *f, enum filter_by by);
/* Whether functions are asked for, or files of code. */
bool filter_has_frames(const struct filter *f);
/* Whether the string matches a pattern of this kind; false where there is none. */
bool sieve_matches(struct sieve *s, enum filter_by by, string_id id);

/* --- filter-frames.c ---------------------------------------------------------------- */

/* Fills `seen`. */
void sieve_look(struct sieve *s);
/* True when the frames of sample @row let it stay. */
bool sieve_wants(const struct sieve *s, uint32_t row);
/* Makes the stacks of all rows that `rows` has not 0 for, and sets those to 0 whose frames
 * are all hidden. */
void sieve_stacks(struct sieve *s);

/* --- filter-times.c ----------------------------------------------------------------- */

/* What of a sample is in the range: of `all` shares those from `before` to `until`. */
struct share {
	uint64_t before, until, all;
};
void sieve_shares(struct sieve *s);
int64_t share_of(const struct share *share, int64_t value);
/* The times of the part. */
void sieve_times(const struct sieve *s, struct profile *part);
