#pragma once
/* A part of a profile: the samples that match, with the frames that are to be shown. The
 * profile that is filtered does not change. One thread at a time per filter.
 *
 * Names are matched by POSIX extended regular expressions, regex(7), anywhere in them. A
 * function matches by its name, by its source file or by the file that its code is in,
 * as in github.com/google/pprof, profile/filter.go; so does code without a name, by the
 * last of these. Inlined functions are functions. Of a name that is longer than
 * FILTER_NAME_MAX_BYTES only these are looked at. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/profile.h>

#define FILTER_NAME_MAX_BYTES 4096

enum filter_by {
	FILTER_FOCUS,	  /* samples with a function that matches */
	FILTER_IGNORE,	  /* samples without any */
	FILTER_HIDE,	  /* functions that match are taken out of the stacks */
	FILTER_SHOW,	  /* all others are */
	FILTER_SHOW_FROM, /* the callers of the outermost match are; samples with one */
	FILTER_MODULE,	  /* samples with code of a file that matches */
	FILTER_PROCESS,	  /* samples whose label "comm" matches; digits: "pid" equals */
	FILTER_THREAD,	  /* the same of "thread", or else "comm"; and of "tid" */
	FILTER_KINDS
};
/* "focus", "show-from" … */
const char *filter_word(enum filter_by by);

struct filter;
struct filter *filter_new(void);
struct filter *filter_free(struct filter *f); /* NULL is fine; returns NULL */
/* Several patterns of one kind are alternatives. Returns 0; -EINVAL and err when it is no
 * regular expression, or is empty. */
int filter_add(struct filter *f, enum filter_by by, const char *pattern,
	       struct error *err);
/* Samples taken from @from_ns on and before @to_ns after the start of the profile.
 * Returns 0; -EINVAL and err unless 0 <= from < to. */
int filter_time(struct filter *f, int64_t from_ns, int64_t to_ns, struct error *err);
#define FILTER_TO_END INT64_MAX
bool filter_is_empty(const struct filter *f);

/* The part, which says in a comment what it is a part of. Samples that have lost all
 * their frames are left out, and so are those that never had any once functions are asked
 * for. Of a sample whose times are partly inside, the values are divided as the counts in
 * `times` are, so that adjacent ranges add up to the whole; a sample that has no time is in
 * no range. A range moves the start; times stay with the samples that stay.
 * NULL and err (-ENODATA): a range is wanted of a profile that keeps no times. */
struct profile *profile_filter(const struct profile *p, struct filter *f,
			       struct error *err);
