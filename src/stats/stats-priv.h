#pragma once
/* Shared within src/stats. */
#include <stdint.h>

/* The distribution of the sum of a random subset of @ranks, each in it by a fair coin:
 * p[s], zeroed before, with room for the sum of all, which is returned. */
uint32_t subset_sums(double *p, const uint32_t *ranks, uint32_t n);
