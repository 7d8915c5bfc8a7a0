#pragma once
/* What so many differences can tell, planned by the normal distribution: the Hodges-Lehmann
 * estimate of n normal differences has the standard error s / sqrt(.955 n), .955 being
 * 3 / pi. Any thread. Differences are logarithms of ratios or in the metric's unit;
 * "threshold" is in the same, ln(1 + .1) for 10 %. */
#include <stdint.h>

#define POWER_TAIL .2 /* 1 - power: what is called detectable is seen 4 times in 5 */

/* The fewest differences that reach a one-sided level at all: 2^-n <= level. 0 < level. */
uint32_t power_fewest(double level);
/* The standard deviation told by the quartiles, which outliers do not move: IQR / 1.349. */
double power_spread(const double *sorted, uint32_t n);
/* The standard error of the estimate. */
double power_error(double spread, double n);
/* The true difference that is called a regression in 4 of 5 cases: a lower bound at @level
 * above 0, and an estimate above the threshold. */
double power_detectable(double spread, uint32_t n, double threshold, double level);
/* How many differences it takes until, with no change at all, an upper bound at @level is
 * below the threshold in 4 of 5 cases. At least power_fewest(level); UINT32_MAX where it
 * would be more, or the threshold is 0. */
uint32_t power_pairs(double spread, double threshold, double level);
