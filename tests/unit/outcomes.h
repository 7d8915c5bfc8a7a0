#pragma once
/* Outcomes as bench, compare and gate would fill them, made by code, for tests of what is
 * written of them. */
#include <profd/outcome.h>

struct outcome_sample {
	const char *name;
	void (*fill)(struct outcome *o);
};
extern const struct outcome_sample outcome_samples[];
extern const unsigned noutcome_samples;

/* The sample called @name, which there is; for outcome_done. */
void outcome_sample(const char *name, struct outcome *ret);
