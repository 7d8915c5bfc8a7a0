/* Walsh averages: exact confidence bounds and the Hodges-Lehmann estimate. Decisions need
 * only how many averages lie on one side of a value, which takes n steps; the averages
 * themselves are made when a bound is to be shown. */
#include <profd/stats-rank.h>

#include <errno.h>
#include <math.h>

#include <profd/mem.h>
#include <profd/stats-order.h>

#include "stats-priv.h"

static uint32_t averages(uint32_t n)
{
	return n * (n + 1) / 2;
}

int rank_null_init(struct rank_null *r, uint32_t n)
{
	_cleanup_free_ uint32_t *ranks = NULL;
	double sum = 0;

	if (n > RANK_MAX)
		return -E2BIG;
	ranks = xcalloc(n + 1, sizeof(*ranks));
	for (uint32_t i = 0; i < n; i++)
		ranks[i] = i + 1;
	r->n = n;
	r->cdf = xcalloc(averages(n) + 1, sizeof(*r->cdf));
	subset_sums(r->cdf, ranks, n);
	for (uint32_t c = 0; c <= averages(n); c++) {
		sum += r->cdf[c];
		r->cdf[c] = fmin(sum, 1);
	}
	return 0;
}

void rank_null_done(struct rank_null *r)
{
	free(r->cdf);
	*r = (struct rank_null){0};
}

int64_t rank_null_critical(const struct rank_null *r, double level)
{
	uint32_t low = 0,
		 high = averages(r->n) + 1; /* the first that is above the level */

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (r->cdf[mid] <= level)
			low = mid + 1;
		else
			high = mid;
	}
	return (int64_t)low - 1;
}

/* For the smallest i of a pair going up, the largest partner j goes down. The sum of two
 * doubles, halved, is compared as it is: doubling x is exact. */
uint32_t walsh_at_most(const double *sorted, uint32_t n, double x)
{
	uint32_t count = 0, end = n;

	for (uint32_t i = 0; i < n; i++) {
		while (end > i && sorted[i] + sorted[end - 1] > 2 * x)
			end--;
		if (end <= i)
			break;
		count += end - i;
	}
	return count;
}

uint32_t walsh_at_least(const double *sorted, uint32_t n, double x)
{
	uint32_t count = 0, begin = 0;

	for (uint32_t j = n; j-- > 0;) {
		while (begin <= j && sorted[begin] + sorted[j] < 2 * x)
			begin++;
		if (begin > j)
			break;
		count += j + 1 - begin;
	}
	return count;
}

double walsh_p_above(const double *sorted, const struct rank_null *r, double x)
{
	return r->cdf[walsh_at_most(sorted, r->n, x)];
}

double walsh_p_below(const double *sorted, const struct rank_null *r, double x)
{
	return r->cdf[walsh_at_least(sorted, r->n, x)];
}

static double *make_averages(const double *sorted, uint32_t n)
{
	double *w = xcalloc(averages(n) + 1, sizeof(*w));
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = i; j < n; j++)
			w[k++] = (sorted[i] + sorted[j]) / 2;
	}
	return w;
}

static double nth_average(const double *sorted, uint32_t n, uint32_t k)
{
	_cleanup_free_ double *w = make_averages(sorted, n);

	return order_select(w, averages(n), k);
}

double walsh_lower(const double *sorted, const struct rank_null *r, double level)
{
	int64_t c = rank_null_critical(r, level);

	if (c < 0)
		return -INFINITY;
	if (c + 1 >= averages(r->n)) /* a level near 1 */
		return sorted[r->n - 1];
	return nth_average(sorted, r->n, (uint32_t)c);
}

double walsh_upper(const double *sorted, const struct rank_null *r, double level)
{
	int64_t c = rank_null_critical(r, level);

	if (c < 0)
		return INFINITY;
	if (c + 1 >= averages(r->n))
		return sorted[0];
	return nth_average(sorted, r->n, averages(r->n) - 1 - (uint32_t)c);
}

double walsh_estimate(const double *sorted, uint32_t n)
{
	uint32_t m = averages(n);
	_cleanup_free_ double *w = NULL;
	double upper, lower;

	if (!n)
		return NAN;
	w = make_averages(sorted, n);
	upper = order_select(w, m, m / 2);
	if (m % 2)
		return upper;
	/* Selection has left the smaller ones before it. */
	lower = order_select(w, m / 2, m / 2 - 1);
	return (lower + upper) / 2;
}
