#pragma once
/* The difference of two profiles: one profile that holds both, a table of functions, and
 * the stacks that only one of them has. One thread at a time per call.
 *
 * The two may be of two builds. So an address, a line, a build-id and whether a function
 * was inlined are not compared, and not in what comes of it: a frame is a function, known
 * by its name and the file that it is in. Two files are the same when the ends of their
 * paths agree, as far as they have to for the function to be found once on each side
 * (two checkouts lie in two folders); a file that one side does not know agrees with any.
 * A function that moved to another file is another one. What compilers add to the names
 * of parts and copies (".part.0", ".cold", " [clone …]") is taken off. Code without a
 * name is "[MODULE]", unless both sides have it from one build of the module. Of labels
 * only the command ("comm") stays. A main program that is called otherwise on the two
 * sides is one and the same, and so is the command of its name.
 *
 * A function's total counts a sample once, however often the function is on its stack. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/format.h>
#include <profd/origin.h>
#include <profd/profile.h>
#include <profd/text.h>

enum diff_normalize {
	/* By duration where both sides are of what ran already, else none. */
	DIFF_AUTO,
	/* What was measured as it is: the time of one run against that of another. */
	DIFF_NONE,
	/* Divided by how long was recorded: per second of it. */
	DIFF_DURATION,
	/* The after side multiplied so that the totals are equal: only shares differ. */
	DIFF_TOTAL,
};

struct diff_side { /* everything is borrowed */
	const struct profile *profile;
	unsigned value;	  /* index in its value_types, whose samples tell the noise */
	const char *name; /* for people, clean UTF-8 */
	struct origin origin;
};

struct diff_options {
	enum diff_normalize normalize;
	bool allow_unlike;
};

/* Normalised values; samples as they were counted or, where only their period is known,
 * estimated. */
struct diff_sums {
	int64_t before, after, samples_before, samples_after;
};

struct diff_change {
	struct diff_sums sums;
	int64_t delta; /* after - before */
	int64_t noise; /* of sampling: noise.h */
	bool significant;
};

struct diff_function {
	function_id function; /* of diff->profile */
	string_id module;     /* file name of a mapping that it is in, or 0 */
	struct diff_change self, total;
};

/* The outermost frame that only one side has, and all that stands on it. */
struct diff_branch {
	uint32_t strip;	 /* of diff->tree, whose first call it is */
	uint32_t stacks; /* that end in it or above it */
	struct diff_change change;
};
struct diff_branches { /* those that are significant, the largest change first */
	struct diff_branch *v;
	uint32_t n, cap;
	uint32_t quiet; /* others */
};

struct diff_end {	     /* one of the two, as far as it is told */
	string_id name;	     /* of diff->profile */
	int64_t duration_ns; /* 0: not known */
	double factor;	     /* that its values were multiplied by */
};

struct diff {
	/* Its values are "before", "after" (the default), both in the unit of what was
	 * compared, normalised; "before_samples", "after_samples", both in "count". The
	 * comments of both sides stand in it, and how it was made. */
	struct profile *profile;
	string_id type, unit; /* of profile: what was compared */
	struct diff_end before, after;
	enum diff_normalize normalize;
	struct text unlike; /* "engine perf against ptrace; …"; nothing: they are alike */
	struct text unknown; /* "engine, event": what not both sides tell; or nothing */
	struct text notes;   /* what was taken for the same, a sentence to a line */
	bool noise_known; /* or no samples are known, no noise, and all is significant */
	struct diff_change all;
	/* Sorted by the size of self.delta, then of total.delta, then by name and file. */
	VEC(struct diff_function) functions;
	/* By DIFF_AFTER, with further values: of the stacks. */
	struct flame tree;
	struct diff_branches new, vanished;
};

/* Returns 0, or -EINVAL with err and nothing to be done with @d: values of two units; not
 * alike and not allowed to be; or there is nothing by which it could be normalised. */
int diff_build(struct diff *d, const struct diff_side *before,
	       const struct diff_side *after, const struct diff_options *o,
	       struct error *err);
void diff_done(struct diff *d);
/* The names from the process (0: not known) to the branch's frame; the caller frees them.
 * Returns how many. */
uint32_t diff_branch_names(const struct diff *d, const struct diff_branch *b,
			   string_id **ret_names);

/* A function or branch that only the one side has. */
static inline bool diff_is_new(const struct diff_change *c)
{
	return !c->sums.before && !c->sums.samples_before;
}
static inline bool diff_is_vanished(const struct diff_change *c)
{
	return !c->sums.after && !c->sums.samples_after;
}
/* "not normalised", "per second of recording", "both totals made equal". */
const char *diff_normalize_text(enum diff_normalize n);
