/* Planning by the normal distribution. */
#include <profd/stats-power.h>

#include <math.h>

#include <profd/stats-dist.h>
#include <profd/stats-order.h>

#define EFFICIENCY .955 /* of Hodges-Lehmann against the mean, of normal numbers */

uint32_t power_fewest(double level)
{
	uint32_t n = 0;

	for (double reached = 1; reached > level; reached /= 2)
		n++;
	return n;
}

double power_spread(const double *sorted, uint32_t n)
{
	return order_iqr(sorted, n) / 1.349;
}

double power_error(double spread, double n)
{
	return spread / sqrt(EFFICIENCY * n);
}

double power_detectable(double spread, uint32_t n, double threshold, double level)
{
	double error = power_error(spread, n), z_power = -normal_quantile(POWER_TAIL);

	return fmax((z_power - normal_quantile(level)) * error,
		    threshold + z_power * error);
}

uint32_t power_pairs(double spread, double threshold, double level)
{
	double z = -normal_quantile(POWER_TAIL) - normal_quantile(level), n;

	if (!(threshold > 0))
		return UINT32_MAX;
	n = ceil(pow(z * spread / threshold, 2) / EFFICIENCY);
	if (!(n < UINT32_MAX))
		return UINT32_MAX;
	return (uint32_t)fmax(n, power_fewest(level));
}
