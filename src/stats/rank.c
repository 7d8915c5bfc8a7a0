/* The signed-rank test with ties and zeros. Bounds and estimates are in walsh.c. */
#include <profd/stats-rank.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <profd/mem.h>

#include "stats-priv.h"

/* One more rank is in the subset or it is not. @sum is the largest sum with it; beyond
 * what was the largest before, p is 0. */
static void add_rank(double *p, uint32_t sum, uint32_t rank)
{
	for (uint32_t s = sum; s >= rank; s--)
		p[s] = .5 * (p[s] + p[s - rank]);
	for (uint32_t s = 0; s < rank; s++)
		p[s] *= .5;
}

uint32_t subset_sums(double *p, const uint32_t *ranks, uint32_t n)
{
	uint32_t sum = 0;

	p[0] = 1;
	for (uint32_t i = 0; i < n; i++) {
		sum += ranks[i];
		add_rank(p, sum, ranks[i]);
	}
	return sum;
}

static int by_size(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

/* Twice the midranks of those that are not 0, which makes whole numbers of them. Returns
 * how many; *ret_t gets twice the sum over the positive ones. */
static uint32_t midranks(const double *by_size, uint32_t n, uint32_t *ranks,
			 uint32_t *ret_t)
{
	uint32_t count = 0, t = 0;

	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && fabs(by_size[end]) == fabs(by_size[i]);)
			end++;
		if (by_size[i] == 0)
			continue;
		for (uint32_t k = i; k < end; k++) {
			ranks[count++] = i + 1 + end;
			t += by_size[k] > 0 ? i + 1 + end : 0;
		}
	}
	*ret_t = t;
	return count;
}

int rank_test(const double *d, uint32_t n, struct rank_test *ret)
{
	_cleanup_free_ double *sizes = NULL, *p = NULL;
	_cleanup_free_ uint32_t *ranks = NULL;
	uint32_t count, t, sum;
	double less = 0, greater = 0;

	if (n > RANK_MAX)
		return -E2BIG;
	sizes = xcalloc(n + 1, sizeof(*sizes));
	ranks = xcalloc(n + 1, sizeof(*ranks));
	for (uint32_t i = 0; i < n; i++)
		sizes[i] = d[i];
	if (n > 1)
		qsort(sizes, n, sizeof(*sizes), by_size);
	count = midranks(sizes, n, ranks, &t);
	p = xcalloc((size_t)n * (n + 1) + 1, sizeof(*p));
	sum = subset_sums(p, ranks, count);
	/* From the ends inwards: small parts first, so that a small tail is exact. */
	for (uint32_t s = 0; s <= t; s++)
		less += p[s];
	for (uint32_t s = sum + 1; s-- > t;)
		greater += p[s];
	ret->n = n;
	ret->zeros = n - count;
	ret->t = t / 2.;
	ret->p_less = fmin(less, 1);
	ret->p_greater = fmin(greater, 1);
	ret->p_two_sided = fmin(1, 2 * fmin(less, greater));
	return 0;
}
