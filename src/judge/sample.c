/* From values to differences. */
#include <math.h>

#include <profd/mem.h>
#include <profd/stats-order.h>

#include "trial-priv.h"

/* Differences of logarithms are off by some 1e-15: a metric that is exactly at the threshold
 * counts as one that reached it. */
#define ROUNDING 1e-12

static bool all_positive(const double *x, uint32_t step, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (x[(size_t)i * step] <= 0)
			return false;
	}
	return true;
}

static double threshold(const struct trial_metric *m, bool ratio)
{
	if (!ratio)
		return m->threshold_units * (1 - ROUNDING);
	return m->threshold > 0 ? log1p(m->threshold) - ROUNDING : 0;
}

/* The logarithms are subtracted, not taken of the quotient: the same two values the other
 * way round then give exactly the opposite, and ties stay ties. */
void sample_init(struct sample *s, const struct trial_metric *m, const double *base,
		 const double *head, uint32_t step, uint32_t n)
{
	double sign = m->bigger_is_better ? -1 : 1;

	s->n = n;
	s->d = xcalloc((size_t)n + 1, sizeof(*s->d));
	s->ratio = !m->units_only && all_positive(base, step, n) &&
		   all_positive(head, step, n);
	s->limit = threshold(m, s->ratio);
	for (uint32_t i = 0; i < n; i++) {
		double b = base[(size_t)i * step], h = head[(size_t)i * step];

		s->d[i] = sign * (s->ratio ? log(h) - log(b) : h - b);
	}
	order_sort(s->d, n);
}

void sample_done(struct sample *s)
{
	free(s->d);
	s->d = NULL;
}
