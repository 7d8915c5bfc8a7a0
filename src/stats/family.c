/* Holm's step-down procedure. */
#include <profd/stats-family.h>

#include <profd/mem.h>

struct test {
	double p;
	uint32_t index;
};

static int by_p(const void *a, const void *b)
{
	const struct test *x = a, *y = b;

	if (x->p != y->p)
		return x->p > y->p ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

uint32_t holm(const double *p, uint32_t n, uint32_t m, double level, bool *ret_rejected,
	      double *ret_level)
{
	_cleanup_free_ struct test *order = xcalloc((size_t)n + 1, sizeof(*order));
	uint32_t rejected = 0;

	for (uint32_t i = 0; i < n; i++)
		order[i] = (struct test){p[i], i};
	if (n > 1)
		qsort(order, n, sizeof(*order), by_p);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = order[i].index;

		ret_level[at] = level / (m - rejected);
		ret_rejected[at] = i == rejected && order[i].p <= ret_level[at];
		rejected += ret_rejected[at];
	}
	return rejected;
}
