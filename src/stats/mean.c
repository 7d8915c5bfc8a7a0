/* Means, their margins, and the limit for one more number. */
#include <profd/stats-mean.h>

#include <math.h>

#include <profd/stats-dist.h>

struct mean mean_of(const double *x, uint32_t n)
{
	struct mean m = {.n = n};
	double squares = 0;

	for (uint32_t i = 0; i < n; i++)
		m.mean += x[i];
	m.mean /= n;
	for (uint32_t i = 0; i < n; i++)
		squares += (x[i] - m.mean) * (x[i] - m.mean);
	m.variance = n > 1 ? squares / (n - 1) : NAN;
	return m;
}

double mean_margin(const struct mean *m, double floor, double level)
{
	if (m->n < 2)
		return INFINITY;
	return -student_quantile(level, m->n - 1) * sqrt(fmax(m->variance, floor) / m->n);
}

double mean_prediction(const struct mean *m, double level)
{
	if (m->n < 2)
		return INFINITY;
	return m->mean -
	       student_quantile(level, m->n - 1) * sqrt(m->variance * (1 + 1. / m->n));
}
