#pragma once
/* A machine that disturbs what is measured on it: run after run, a number that is added to
 * the logarithm of the run's time. All of it comes from one seed. */
#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
	double spare;
	bool has_spare;
};
uint64_t random_next(struct random *r);
double random_normal(struct random *r);
double random_uniform(struct random *r); /* in [0, 1) */

struct machine_kind {
	double correlation; /* from one run to the next, of the part that is always there */
	bool spikes;	    /* one run in twenty is slower, by 4 deviations on average */
	bool drift;	 /* slower or faster all the time, by 5 deviations in 80 runs */
	bool regimes;	 /* another level, 4 deviations up, for 20 runs on average */
	unsigned period; /* the first half of every so many runs is 2 deviations slower */
};

struct machine {
	struct machine_kind kind;
	struct random *random;
	double level, slope, drifted;
	bool up;
	unsigned time;
};

/* As if it had been running for ever. @random is borrowed. */
void machine_start(struct machine *m, const struct machine_kind *kind,
		   struct random *random);
double machine_run(struct machine *m);
