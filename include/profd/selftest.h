#pragma once
/* Gates of a program against a copy of itself: how often they were wrong, and how much noise
 * there is, which tells what gates can find here. Neither runs programs nor prints. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/outcome.h>
#include <profd/vec.h>

struct selftest_metric {
	char *workload, *name;
	bool gating;
	double threshold;    /* the file's; NaN: none */
	VEC(double) spreads; /* of its pairs, one from each gate */
};

struct selftest {
	uint32_t gates, alarms; /* alarms: gates that called a metric a regression */
	uint32_t suspected;	/* that did before the triplets */
	uint32_t untrusted, inconclusive, decided; /* of metrics that gate */
	uint32_t family, pairs_max;
	double seconds;
	VEC(struct selftest_metric) metrics;
};

void selftest_add(struct selftest *s, const struct outcome *o);
void selftest_done(struct selftest *s);
/* Of one side: the rate of false alarms is at most this, 95 times in 100. */
double selftest_bound(const struct selftest *s);
/* The median of a metric's spreads; NaN: none. */
double selftest_spread(const struct selftest_metric *m);
/* The chance that a gate with @threshold, given all its pairs, calls a true change of
 * @change (fractions) a regression: the level is that of the hardest test of the family. */
double selftest_power(const struct selftest *s, const struct selftest_metric *m,
		      double threshold, double change);
/* The smallest threshold, in percents of 1 to 99, from which on a gate is worth its minutes:
 * twice of it is found 4 times in 5, and no change passes 4 times in 5. 0: none. */
uint32_t selftest_worth(const struct selftest *s, const struct selftest_metric *m);
