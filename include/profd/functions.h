#pragma once
/* Which functions did it: pairs of profiled runs, of base and of head, to what each function
 * costs more or less in a run, with intervals that hold together. Neither runs programs nor
 * reads files. One thread at a time.
 *
 * Functions are known as in diff.h: by name and source file, not by address, line or build;
 * inlined ones count where DWARF names them. A function's own part ("self") is what was
 * sampled in it; its total counts a sample once, however often it is on the stack. Seconds of
 * a run are the function's share of the run's CPU time, if all runs have it, else what the
 * profile says itself.
 *
 * Candidates have a share of at least 1 % of their own on either side, in the median of the
 * runs. Each has k paired differences head - base. The estimate is Hodges and Lehmann's; the
 * interval about it is the wider of two:
 *
 *	Student's, of the differences' variance (not signed ranks: among m candidates those
 *	have no finite bound below log2(2m / .05) pairs, and no place for a floor; sums of
 *	many samples are about normal)
 *	the normal one, of the variance that counts of samples have at least: a count of n
 *	is n give or take sqrt(n), less what a known total takes off (k differences may
 *	agree by luck)
 *
 * and each of m candidates has its interval at .05 / m, so that all hold together 95 times in
 * 100: on identical builds at most 5 reports in 100 name anybody. With one pair there is no
 * variance between runs; the interval is of sampling alone, and `alone` says so.
 *
 * A certain change (0 is outside) is not always a cost. In this order:
 *
 *	renamed		one function vanishes, another one appears with its callers and
 *			callees and at most twice or half its cost; or under the same name in
 *			another file. The two are one candidate, so that a renamed function
 *			that became slower is "changed" and has `was`.
 *	inlined		it vanishes, and its callers grow by as much
 *	moved		what the one gained, others lost: its callers or callees, methods of
 *			its class, or what the same caller calls from the same file; or its
 *			own total, or that of its only caller, stays what it was
 *	new, gone, changed	the rest: these are named
 *
 * "As much" and "stays": the sum's estimate is within a quarter, and its 95 % interval within
 * half of what is to be explained. So two real changes of related functions that cancel out
 * count as moved: nothing tells them apart. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/mem.h>
#include <profd/outcome.h>
#include <profd/profile.h>

#define FUNCTIONS_PAIRS_MAX 1000
#define FUNCTIONS_SHARE .01
#define FUNCTIONS_LEVEL .95

struct functions_run { /* borrowed */
	const struct profile *profile;
	unsigned value;	  /* index in its value_types */
	const char *name; /* for people, clean UTF-8 */
	double seconds;	  /* that were measured, of what is explained: NaN: unknown */
	double cpu_s; /* that are shared out among its functions; NaN: the profile's sum */
	double factor; /* of its values, where cpu_s is not known; 0: 1 */
};

struct functions_pair {
	struct functions_run base, head;
};

struct functions_options {
	double share, level; /* 0: those above; level is two-sided */
	bool allow_unlike;
	/* Values were measured and not sampled, as the time off the CPU is: chance is only in
	 * how runs differ, so one pair tells nothing for certain. Runs without any are fine. */
	bool exact;
};

enum functions_kind {
	FUNCTIONS_UNCERTAIN, /* 0 is in the interval */
	FUNCTIONS_CHANGED,
	FUNCTIONS_NEW,
	FUNCTIONS_GONE,
	FUNCTIONS_RENAMED,
	FUNCTIONS_INLINED,
	FUNCTIONS_MOVED,
};

struct functions_cost { /* medians of the runs */
	double base, head;
};

struct functions_entry {
	const char *name, *file, *module; /* file, module: "" where not known */
	const char *was;  /* renamed or from another file: the former one; NULL */
	const char *with; /* moved, inlined: into or from which one mostly; NULL */
	/* Whose calls of it changed most in the same direction, summed over all runs; NULL:
	 * nobody calls it, or the change is not certain. */
	const char *caller;
	uint32_t line; /* where it is declared, 0: unknown */
	uint32_t rank; /* from 1 */
	enum functions_kind kind;
	bool certain, named;
	bool in_head; /* some run of head has it; or file and line are base's */
	bool touched; /* by the change: set by others (touched.h) */
	struct functions_cost share; /* of all, its own */
	struct functions_cost self_cost, total_cost;
	struct outcome_interval self;	/* at a level that makes all candidates' hold */
	struct outcome_interval total;	/* .95, by itself, as the next one */
	struct outcome_interval single; /* self */
	uint64_t samples_base, samples_head; /* its own, in all runs */
	const double *differences;	     /* [pairs], self */
};

struct functions {
	/* What is named first, by the bound that is nearest to 0, largest first; then what is
	 * certain otherwise; then the rest by the size of the estimate. */
	struct functions_entry *entries;
	uint32_t n, named, pairs;
	const char *unit; /* of all costs: "s"; or the profile's, of what is no time */
	bool alone;	  /* one pair: intervals know of sampling only */
	bool noise_known;
	/* Of the measured time of runs, or of the profiles' sums; and what of it the named ones
	 * leave unexplained. 95 %. */
	struct outcome_interval all, residual;
	const char *unlike, *unknown; /* as of struct diff; "" */
	const char *notes;	      /* sentences, a newline behind each; or "" */
	struct arena arena;
};

/* Returns 0, or with nothing to be done with @f: -EINVAL and err: no pairs, or profiles that
 * are not alike or do not measure the same or have no samples; -E2BIG. */
int functions_build(struct functions *f, const struct functions_pair *pairs, uint32_t n,
		    const struct functions_options *o, struct error *err);
void functions_done(struct functions *f);

/* Of n pairs of numbers that are measured: head - base, and Student's interval, whose ends are
 * infinite for one pair. */
struct outcome_interval functions_change(const double *base, const double *head,
					 uint32_t n, double level);

/* "changed", "moved" …; static. */
const char *functions_kind_name(enum functions_kind k);
/* What is said of them in an outcome: the certain ones, and at most @max. Texts are copied
 * into @a. */
const struct outcome_function *functions_outcome(const struct functions *f, uint32_t max,
						 struct arena *a, uint32_t *ret_n);
/* Sets those fields of a workload that are about functions, but for what is touched. Costs
 * that are no time leave them empty, with a note. */
void functions_fill(const struct functions *f, uint32_t max, struct outcome_workload *w,
		    struct arena *a);
