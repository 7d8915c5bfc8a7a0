/* Order statistics. Selection is Hoare's, so that the many Walsh averages of a sample need
 * not be sorted for the three that are wanted. */
#include <profd/stats-order.h>

#include <math.h>
#include <stdlib.h>

#include <profd/mem.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A look sorts some tens of numbers, which this does in a third of qsort's time. */
static void sort_few(double *x, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		double moved = x[i];
		size_t k = i;

		for (; k > 0 && x[k - 1] > moved; k--)
			x[k] = x[k - 1];
		x[k] = moved;
	}
}

void order_sort(double *x, size_t n)
{
	if (n <= 64)
		sort_few(x, n);
	else
		qsort(x, n, sizeof(*x), by_value);
}

/* Parts x[low..high] so that all up to the returned index are at most those behind it. */
static size_t part(double *x, size_t low, size_t high)
{
	double pivot = x[low + (high - low) / 2];
	size_t i = low, j = high;

	for (;;) {
		double swap;

		while (x[i] < pivot)
			i++;
		while (x[j] > pivot)
			j--;
		if (i >= j)
			return j;
		swap = x[i];
		x[i++] = x[j];
		x[j--] = swap;
	}
}

double order_select(double *x, size_t n, size_t k)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		size_t cut = part(x, low, high);

		if (k <= cut)
			high = cut;
		else
			low = cut + 1;
	}
	return x[k];
}

double order_quantile(const double *sorted, size_t n, double q)
{
	double place, below;
	size_t i;

	if (!n)
		return NAN;
	place = (double)(n - 1) * q;
	below = floor(place);
	i = (size_t)below;
	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]);
}

double order_median(const double *sorted, size_t n)
{
	return order_quantile(sorted, n, .5);
}

double order_iqr(const double *sorted, size_t n)
{
	return order_quantile(sorted, n, .75) - order_quantile(sorted, n, .25);
}

double order_mad(const double *sorted, size_t n)
{
	double median = order_median(sorted, n);
	_cleanup_free_ double *away = xcalloc(n + 1, sizeof(*away));

	for (size_t i = 0; i < n; i++)
		away[i] = fabs(sorted[i] - median);
	order_sort(away, n);
	return order_median(away, n);
}
