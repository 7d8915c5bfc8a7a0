#pragma once
/* The distributions that libm lacks, to a relative error of 1e-9 or better (most of the
 * time 1e-13). Any thread.
 *
 * Why not the GNU Scientific Library: these four functions would be all that is used of it,
 * and it would put the whole program under the GPL. */
#include <stdint.h>

/* P(Z <= z) for a standard normal Z. */
double normal_cdf(double z);
/* The z with normal_cdf(z) = p, 1e-300 <= p <= 1 - 1e-16; otherwise -INFINITY or INFINITY.
 * For a small upper tail ask for -normal_quantile(tail). */
double normal_quantile(double p);
/* The t with P(T <= t) = p for Student's t with df degrees of freedom, df >= 1, not
 * necessarily whole. p as above. */
double student_quantile(double p, double df);

/* Clopper and Pearson's bounds of a probability that was met @k times out of @n, n <= 1e5:
 * each wrong at most as often as @level says. k = 0 has the lower bound 0, k = n the upper
 * bound 1. */
double binomial_lower(uint32_t k, uint32_t n, double level);
double binomial_upper(uint32_t k, uint32_t n, double level);
