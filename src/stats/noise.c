/* The noise of sampling; the reasons are in the header. */
#include <profd/noise.h>

#include <math.h>

/* n * w^2, with w the mean weight value / n of these samples. */
static double variance(const struct noise_sum *s)
{
	double value = fabs((double)s->value);

	return s->samples > 0 ? value * value / (double)s->samples : value * s->weight;
}

int64_t noise_between(const struct noise_sum *before, const struct noise_sum *after)
{
	double noise = NOISE_SIGMAS * sqrt(variance(before) + variance(after));

	/* 2^62: hostile values; the sum of two noises still fits. */
	return noise < 0x1p62 ? (int64_t)(noise + 0.5) : INT64_C(1) << 62;
}

bool noise_exceeded(const struct noise_sum *before, const struct noise_sum *after)
{
	double change = (double)after->value - (double)before->value;

	return fabs(change) > (double)noise_between(before, after);
}
