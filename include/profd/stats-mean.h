#pragma once
/* Means with intervals of Student's t, for what is about normal: the sums over functions of
 * profiled runs, the medians of jobs. Any thread. */
#include <stdint.h>

struct mean {
	double mean,
		variance; /* of one number, n - 1 in the denominator; NaN for n < 2 */
	uint32_t n;
};
struct mean mean_of(const double *x, uint32_t n);

/* What is added to or taken from the mean for an interval that is wrong at most as often
 * as @level on each side. The variance is the larger of that of the numbers and @floor, the
 * one that is known from elsewhere: a few numbers may agree by luck, and counts of samples
 * cannot be better than Poisson. For k intervals that hold together, give level / k.
 * INFINITY for n < 2. */
double mean_margin(const struct mean *m, double floor, double level);
/* The limit that one more number exceeds with the probability @level. INFINITY for n < 2;
 * without any variance it is the mean, and the caller needs a threshold as well. */
double mean_prediction(const struct mean *m, double level);
