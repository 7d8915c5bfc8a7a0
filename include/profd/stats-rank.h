#pragma once
/* Wilcoxon's signed ranks: is a sample of differences symmetric about 0, and if it is about
 * something else, about what? Any thread. All is exact, nothing is approximated by a normal
 * distribution: relative errors are those of sums of positive doubles, below 1e-12.
 *
 * T is the sum of the ranks of the positive differences, ranks being those of the sizes.
 * When each sign is a fair coin, as where a coin decides which of two runs is first, T has
 * a known distribution given the sizes: that of a random subset's sum.
 *
 * The test has midranks for sizes that tie and Pratt's (1959) way with zeros: they are
 * ranked with the others, and then their ranks are left out. Its p is taken from the
 * distribution of just these midranks.
 *
 * Bounds are Walsh averages (d[i] + d[j]) / 2, i <= j, counted off from either end by the
 * distribution without ties. With ties or zeros the interval, ends included, covers at
 * least as often as it says: break the ties by a symmetric noise as small as you like, and
 * the exact interval of that moves by no more. So "the lower bound is above 0" is wrong at
 * most as often as its level, given the sizes. For the same reason a bound may be a little
 * wider than the test, which knows the ties; they agree where there are none.
 *
 * @d and "sorted" are finite; "sorted" is ascending (order_sort). Sizes count as equal when
 * they are equal doubles: make differences so that the same two values give the same. */
#include <stddef.h>
#include <stdint.h>

/* The work grows with n^3: a second at this many. */
#define RANK_MAX 1000

struct rank_test {
	uint32_t n, zeros;
	double t;		  /* T, of midranks */
	double p_greater, p_less; /* P(T >= t), P(T <= t) */
	double p_two_sided;	  /* twice the smaller, at most 1 */
};
/* Returns 0, or -E2BIG for more than RANK_MAX. All zeros, or none at all: every p is 1. */
int rank_test(const double *d, uint32_t n, struct rank_test *ret);

/* P(T <= c) for n sizes without ties or zeros, c from 0 to n (n + 1) / 2. Read only. */
struct rank_null {
	uint32_t n;
	double *cdf;
};
/* Returns 0, or -E2BIG for more than RANK_MAX. */
int rank_null_init(struct rank_null *r, uint32_t n);
void rank_null_done(struct rank_null *r);
/* The largest c with P(T <= c) <= level, or -1: so few cannot reach the level. */
int64_t rank_null_critical(const struct rank_null *r, double level);

/* How many Walsh averages are at most, or at least, x. */
uint32_t walsh_at_most(const double *sorted, uint32_t n, double x);
uint32_t walsh_at_least(const double *sorted, uint32_t n, double x);
/* The smallest level at which the lower bound is above x, or the upper one below it:
 * walsh_lower(…, level) > x is the same as walsh_p_above(…, x) <= level. */
double walsh_p_above(const double *sorted, const struct rank_null *r, double x);
double walsh_p_below(const double *sorted, const struct rank_null *r, double x);

/* One-sided bounds, each wrong at most as often as @level says; -INFINITY and INFINITY
 * where r->n differences are too few for it. */
double walsh_lower(const double *sorted, const struct rank_null *r, double level);
double walsh_upper(const double *sorted, const struct rank_null *r, double level);
/* Hodges and Lehmann's estimate: the median of the Walsh averages. NaN for none. */
double walsh_estimate(const double *sorted, uint32_t n);
