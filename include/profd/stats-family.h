#pragma once
/* Many tests at once. Any thread. */
#include <stdbool.h>
#include <stdint.h>

/* Holm's procedure (1979): the smallest p is held against level / m, the next against
 * level / (m - 1), and so on until one is not rejected. In all, something true is rejected
 * with a probability of at most @level, however the tests depend on each other.
 *
 * @n of the family's @m tests have a p, n <= m; the others count as not rejected.
 * ret_rejected[i] says what came out, ret_level[i] against what p[i] was held: where the
 * procedure ended before it, what it ended at. Returns how many are rejected. */
uint32_t holm(const double *p, uint32_t n, uint32_t m, double level, bool *ret_rejected,
	      double *ret_level);
