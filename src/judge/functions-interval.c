/* How sure a change of a function is. The reasons for two kinds of interval are in
 * functions.h. */
#include "functions-priv.h"

#include <math.h>
#include <string.h>

#include <profd/stats-dist.h>
#include <profd/stats-mean.h>
#include <profd/stats-order.h>
#include <profd/stats-power.h>

double functions_median(const double *x, uint32_t n)
{
	_cleanup_free_ double *sorted = xmemdup(x, n * sizeof(*x));

	order_sort(sorted, n);
	return order_median(sorted, n);
}

void functions_differences(const struct series *s, uint32_t n, double *ret_d)
{
	for (uint32_t i = 0; i < n; i++)
		ret_d[i] = s->v[AFTER][i] - s->v[BEFORE][i];
}

/* Each sample stands for v / n, so the count's variance n is v^2 / n of the cost. Where the
 * whole run is known otherwise it is a share of N samples, binomial: (1 - n/N) of that. */
static double run_variance(double v, double n, double all, bool known_total)
{
	double variance = n > 0 ? v * v / n : 0;

	return known_total && all > 0 ? variance * fmax(0, 1 - n / all) : variance;
}

/* A function that was not met at all is not known to cost nothing: one sample in all runs of
 * a side is added to the variance. */
double functions_floor(const struct functions_table *t, const struct series *s)
{
	double sum = 0;

	for (unsigned k = 0; k < SIDES && !t->exact; k++) {
		double weight = 0;

		for (uint32_t i = 0; i < t->npairs; i++) {
			double all = t->samples[k][i];

			sum += run_variance(s->v[k][i], s->n[k][i], all, t->known_total);
			if (all > 0)
				weight = fmax(weight,
					      t->sum[k][i] * t->scale[k][i] / all);
		}
		sum += weight * weight;
	}
	return sum / t->npairs;
}

struct outcome_interval functions_interval(const double *d, uint32_t n, double floor,
					   bool floor_known, double level)
{
	_cleanup_free_ double *sorted = xmemdup(d, n * sizeof(*d));
	struct outcome_interval r = {.level = level};
	struct mean m = mean_of(d, n);
	double tail = (1 - level) / 2, margin;

	order_sort(sorted, n);
	r.change = walsh_estimate(sorted, n);
	margin = -normal_quantile(tail) * power_error(sqrt(floor), n);
	if (n > 1)
		margin = fmax(margin, -student_quantile(tail, n - 1) *
					      power_error(sqrt(m.variance), n));
	else if (!floor_known)
		margin = INFINITY;
	r.low = r.change - margin;
	r.high = r.change + margin;
	return r;
}

struct outcome_interval functions_change(const double *base, const double *head,
					 uint32_t n, double level)
{
	_cleanup_free_ double *d = xcalloc(n, sizeof(*d));

	for (uint32_t i = 0; i < n; i++)
		d[i] = head[i] - base[i];
	return functions_interval(d, n, 0, false, level);
}
