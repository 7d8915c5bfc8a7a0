#pragma once
/* A change on trial: pairs of runs, of base and of head, are fed metric by metric, and at
 * fixed looks each metric gets a verdict, or does not yet. Neither runs programs nor reads
 * files. A trial belongs to one thread at a time.
 *
 *	trial_init, trial_metric for each, then
 *	while ((n = trial_wanted(t, workload)) for any workload)
 *		n pairs of each, in the order of coin.h: trial_add; then trial_look
 *	and for each metric that is VERDICT_SUSPECTED 20 triplets: trial_confirm
 *
 * Differences are ln(head / base), or ln(base / head) where bigger is better, and so worse
 * is always above 0; head - base (base - head) once a value is 0 or negative, and then the
 * threshold is the one in units. Those of a metric are judged by signed ranks
 * (stats-rank.h): theta is the Hodges-Lehmann estimate, L and U are exact bounds.
 *
 * Looks are taken at n1, 20 and pairs_max pairs. alpha is shared by three looks, fewer too,
 * and at each look by Holm's procedure among the family: all gating metrics, fixed by the
 * first pair. n1 is max(10, as many as can reach alpha / 3m at all). What was found
 * different at one look counts as rejected at the next ones: before the first false
 * rejection no more than the true ones can have come, so the level was at most alpha / 3
 * by the number of metrics without a change, at that look and at any other.
 *
 *	SUSPECTED	L > 0 at Holm's level, and theta >= the threshold
 *	PASS		U < the threshold, at .05 / 3 a look, not shared in the family
 *	IMPROVEMENT	a PASS whose 95 % interval lies below 0: a label, it ends nothing
 *	INCONCLUSIVE	at the last look, otherwise
 *
 * A verdict is frozen by the look that gave it. Metrics that do not gate are judged at
 * alpha / 3, outside the family, and beside one that gates they cause no more runs.
 *
 * Futility: a workload ends early when each of its gating metrics (of all, where none
 * gates) is decided or is unlikely to be: less than 5 in 100 that the last look, as far as the pairs so far foretell it,
 * would give any verdict. It can only lessen false alarms. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/vec.h>
#include <profd/verdict.h>

#define TRIAL_LOOKS 3
#define TRIAL_ALPHA .005
#define TRIAL_PASS_LEVEL (.05 / TRIAL_LOOKS)
#define TRIAL_TRIPLETS 20
#define TRIAL_PAIRS_MAX 1000
#define TRIAL_METRICS_MAX 10000

struct trial_plan {
	double alpha;	      /* one-sided, of the whole family; 0: TRIAL_ALPHA */
	uint32_t pairs_first; /* 0: by the rule; never fewer than the rule says */
	uint32_t pairs_max;   /* 0: 40; at most TRIAL_PAIRS_MAX */
	bool without_futility;
};

struct trial_metric {
	uint32_t workload; /* any number: its metrics get their pairs together */
	bool gating;	   /* policy fail, and a threshold */
	bool bigger_is_better;
	double threshold;	/* .1 is 10 % worse; >= 0 */
	double threshold_units; /* for differences; NaN: there is none */
	bool units_only;	/* differences also where all values are above 0 */
};

struct trial_pair {
	double base, head;
};

/* Of one metric, as of the look that decided it or the last one. Differences as above:
 * trial_change makes them what people read. */
struct trial_result {
	enum verdict verdict;
	enum verdict_reason reason;
	bool ratio;	/* logarithms of ratios, not differences */
	uint32_t pairs; /* that were used; 0: no look yet, and all below is NaN */
	/* SUSPECTED, PASS …: of the pairs, low and high being two-sided 95 %. After
	 * trial_confirm: of the triplets, 90 %, which is what the confirmation asks for. */
	double estimate, low, high, level;
	/* The bounds that decided; infinite where so few pairs cannot reach the level. */
	double lower, lower_level, upper, upper_level;
	double spread;	       /* s: IQR / 1.349 */
	double detectable;     /* true difference that so many pairs find 4 times in 5 */
	uint32_t pairs_needed; /* for a PASS when nothing changed; UINT32_MAX: too many */
};

struct trial_entry;

struct trial {
	struct trial_plan plan;
	VEC(struct trial_entry) entries;
	uint32_t family; /* m, 0 before the first pair or look */
	uint32_t looks[TRIAL_LOOKS], nlooks, next_look;
	uint32_t rejected; /* of the family, at any look so far */
};

/* Returns 0 or -EINVAL: alpha is not between 0 and 1, or too many pairs. */
int trial_init(struct trial *t, const struct trial_plan *plan, struct error *err);
void trial_done(struct trial *t);

/* Returns the metric's number, from 0; -EINVAL for a threshold that is negative or not
 * finite, -EBUSY once there are pairs, -E2BIG. */
int64_t trial_metric(struct trial *t, const struct trial_metric *m, struct error *err);

/* Pairs that a workload still has to run before the next look; 0: none, it is done. */
uint32_t trial_wanted(struct trial *t, uint32_t workload);
/* In the order in which they ran. Returns 0, -EINVAL for a value that is not finite,
 * -E2BIG beyond the last look's number. */
int trial_add(struct trial *t, uint32_t metric, struct trial_pair pair);
/* Judges every open metric that has the pairs for this look, and goes on to the next one.
 * Without effect after the last. */
void trial_look(struct trial *t);

/* What is said of a metric so far, and how many pairs that is said of. */
struct trial_verdict {
	enum verdict verdict;
	enum verdict_reason reason;
	uint32_t pairs; /* 0: no look yet */
};
struct trial_verdict trial_verdict(const struct trial *t, uint32_t metric);
/* The same with its numbers, which are made anew from the pairs each time. */
void trial_read(const struct trial *t, uint32_t metric, struct trial_result *ret);
/* A difference of the result as a change of the value itself, from base to head: a fraction
 * (.1 is 10 % more) if it is a ratio, else in units. Where bigger is better this turns the
 * interval round: low becomes the upper end. */
double trial_change(const struct trial_metric *m, const struct trial_result *r,
		    double difference);

/* Base, a copy of base at a path of equal length, and head, run anew in the order of
 * coin_triplet. */
struct trial_triplets {
	const double *base, *copy, *head; /* TRIAL_TRIPLETS of each */
};
/* A suspected metric becomes
 *	UNTRUSTED	if base and its copy differ: two-sided p < .01, by half the
 *			threshold or more
 *	REGRESSION	if head is worse than base: one-sided p < .05, by half the
 *			threshold or more; the size is that of the triplets, because what
 *			stood out the first time stands out too far
 *	INCONCLUSIVE	otherwise: not reproduced
 * Returns 0, or -EINVAL: not suspected, or values that are not finite. */
int trial_confirm(struct trial *t, uint32_t metric, const struct trial_triplets *x);
