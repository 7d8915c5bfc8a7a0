#pragma once
/* Metrics that repeat exactly: instructions under valgrind, allocations, sizes of files. Any
 * thread. */
#include <stdint.h>

#include <profd/trial.h>

struct exact_side {
	const double *values;
	uint32_t n;
};

/* Where each side has two values or more and all of a side are equal, one run says all:
 * REGRESSION from the threshold on, IMPROVEMENT below 0, else PASS; *ret_change is the
 * change of the value as trial_change makes it. No confirmation, no family.
 *
 * Returns 0, or -EINVAL: too few values, not finite, or zero or negative without a
 * threshold in units; -EDOM: they do not repeat, and the rule for pairs has to judge. */
int exact_judge(const struct trial_metric *m, const struct exact_side *base,
		const struct exact_side *head, enum verdict *ret_verdict,
		double *ret_change);
