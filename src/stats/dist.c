/* Normal, Student's t and binomial, the latter two by the incomplete beta function
 * (DLMF 8.17, https://dlmf.nist.gov/8.17). Quantiles are found by halving an interval of
 * doubles until nothing is between its ends: slow, and nothing can go wrong. */
#include <profd/mem.h>
#include <profd/stats-dist.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>

double normal_cdf(double z)
{
	return .5 * erfc(-z * M_SQRT1_2);
}

/* Newton's method on the logarithm of the lower tail, which is concave and rising: each
 * tangent meets the level left of the curve, so from a start on the left the steps only go
 * up, to the solution. The start is on the left because normal_cdf(z) <= exp(-z^2/2)/2. */
static double lower_tail_quantile(double p)
{
	double z = -sqrt(-2 * log(2 * p));

	for (int i = 0; i < 200; i++) {
		double tail = normal_cdf(z);
		double density = exp(-.5 * z * z) / sqrt(2 * M_PI);
		double step = (log(p) - log(tail)) * tail / density;

		z += step;
		if (fabs(step) <= 4 * DBL_EPSILON * fabs(z))
			break;
	}
	return z;
}

double normal_quantile(double p)
{
	if (!(p >= 1e-300))
		return -INFINITY;
	if (p >= 1)
		return INFINITY;
	if (p == .5)
		return 0;
	return p < .5 ? lower_tail_quantile(p) : -lower_tail_quantile(1 - p);
}

/* The k-th numerator of the continued fraction of DLMF 8.17.22, k from 1. */
static double numerator(double a, double b, double x, int k)
{
	double m = floor(k / 2.);

	if (k % 2 == 0)
		return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
	return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

/* 1 / (1 + d1/(1 + d2/(1 + …))) from the front, as the ratio of two recurrences: c is that
 * of the numerators, d the inverse one of the denominators (Lentz; DLMF 3.10(iii)). */
static double fraction(double a, double b, double x)
{
	double value = 1, c = 1, d = 0;

	for (int k = 1; k < 100000; k++) {
		double num = numerator(a, b, x, k), change;

		d = 1 + num * d;
		c = 1 + num / c;
		d = 1 / (d == 0 ? DBL_MIN : d);
		c = c == 0 ? DBL_MIN : c;
		change = c * d;
		value *= change;
		if (fabs(change - 1) < DBL_EPSILON)
			break;
	}
	return 1 / value;
}

static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* What Stirling's formula leaves of log Gamma(x), x >= 10 (DLMF 5.11.1): the first term left
 * out is below 1e-15. */
static double stirling_rest(double x)
{
	static const double term[] = {1. / 12,	  -1. / 360, 1. / 1260,
				      -1. / 1680, 1. / 1188, -691. / 360360};
	double sum = 0;

	for (int i = (int)ARRAY_SIZE(term) - 1; i >= 0; i--)
		sum = sum / (x * x) + term[i];
	return sum / x;
}

/* log B(a, b). The logarithms of two large Gamma functions have many equal digits, which are
 * gone from their difference; here Stirling's formula takes them out before. */
static double log_beta(double a, double b)
{
	double small = fmin(a, b), large = fmax(a, b), both = a + b;
	double rest, turn = log1p(-small / both);

	if (large < 10)
		return log_gamma(a) + log_gamma(b) - log_gamma(both);
	rest = stirling_rest(large) - stirling_rest(both);
	if (small < 10)
		return log_gamma(small) + rest + small - small * log(both) +
		       (large - .5) * turn;
	return .5 * log(2 * M_PI / large) + stirling_rest(small) + rest +
	       (small - .5) * log(small / both) + large * turn;
}

/* The regularised I_x(a, b); y is 1 - x, given apart so that neither is rounded. */
static double beta_cdf(double a, double b, double x, double y)
{
	double log_x = x > .5 ? log1p(-y) : log(x);
	double log_y = y > .5 ? log1p(-x) : log(y);

	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	if (x > (a + 1) / (a + b + 2))
		return 1 - beta_cdf(b, a, y, x);
	return exp(a * log_x + b * log_y - log_beta(a, b)) / a * fraction(a, b, x);
}

/* The x with I_x(a, b) = p or, with @upper, with 1 - I_x(a, b) = p. */
static double beta_solve(double a, double b, double p, bool upper)
{
	double low = 0, high = 1;

	for (;;) {
		double x = low + (high - low) / 2;
		bool beyond = upper ? beta_cdf(b, a, 1 - x, x) < p
				    : beta_cdf(a, b, x, 1 - x) > p;

		if (x <= low || x >= high)
			return x;
		if (beyond)
			high = x;
		else
			low = x;
	}
}

/* With x = df / (df + t^2) both tails together are I_x(df/2, 1/2). Either x or 1 - x is
 * small and solved for, so that no digits are lost in the other. */
static double lower_student(double p, double df)
{
	double x, y;

	if (beta_cdf(df / 2, .5, .5, .5) > 2 * p) {
		x = beta_solve(df / 2, .5, 2 * p, false);
		y = 1 - x;
	} else {
		y = beta_solve(.5, df / 2, 2 * p, true);
		x = 1 - y;
	}
	return -sqrt(df) * sqrt(y / x);
}

double student_quantile(double p, double df)
{
	if (!(p >= 1e-300))
		return -INFINITY;
	if (p >= 1)
		return INFINITY;
	if (p == .5)
		return 0;
	return p < .5 ? lower_student(p, df) : -lower_student(1 - p, df);
}

/* P(X >= k) = I_x(k, n - k + 1). */
double binomial_lower(uint32_t k, uint32_t n, double level)
{
	return k ? beta_solve(k, (double)n - k + 1, level, false) : 0;
}

/* P(X <= k) = 1 - I_x(k + 1, n - k). */
double binomial_upper(uint32_t k, uint32_t n, double level)
{
	return k < n ? beta_solve(k + 1., (double)n - k, level, true) : 1;
}
