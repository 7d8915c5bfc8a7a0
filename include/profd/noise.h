#pragma once
/* What chance alone does to the difference of two sums of samples. Any thread.
 *
 * A stack that is sampled n times was met by chance: another run of the same program would
 * have n samples give or take sqrt(n) (Poisson). A sample stands for a weight w, so a sum
 * of n of them has the variance n * w * w. The difference of two such sums is noise up to
 * two standard deviations:
 *
 *	2 * sqrt(n_before * w_before^2 + n_after * w_after^2)
 *
 * which chance exceeds in about one case of twenty. That is the noise of sampling alone:
 * what the machine did to one of the two runs is not in it. Clocks sample more evenly
 * than that, so large sums are known better than it says. */
#include <stdbool.h>
#include <stdint.h>

#define NOISE_SIGMAS 2

struct noise_sum {
	int64_t value;	 /* what the samples stand for together */
	int64_t samples; /* how many they were */
	/* What one sample of the whole profile stands for, for values that no sample was
	 * counted with; 0: not known, and such values have no noise. */
	double weight;
};

/* The two standard deviations, rounded to whole units of the values. */
int64_t noise_between(const struct noise_sum *before, const struct noise_sum *after);
/* Whether the difference is more than that. */
bool noise_exceeded(const struct noise_sum *before, const struct noise_sum *after);
