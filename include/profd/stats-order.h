#pragma once
/* Numbers in order. Any thread; NaN must not be among the numbers.
 *
 * "sorted" is ascending (order_sort). What is asked of no numbers at all is NaN. */
#include <stddef.h>

void order_sort(double *x, size_t n);
/* The k-th smallest, k from 0, k < n; @x is left in another order. */
double order_select(double *x, size_t n, size_t k);
/* Linear between neighbours, x[(n - 1) q] with x[0] for q = 0: type 7 of Hyndman and Fan
 * (1996), which is the default of R and numpy. 0 <= q <= 1. */
double order_quantile(const double *sorted, size_t n, double q);
double order_median(const double *sorted, size_t n);
double order_iqr(const double *sorted, size_t n); /* quantile .75 - quantile .25 */
/* The median distance from the median, as it is: not multiplied by 1.4826. */
double order_mad(const double *sorted, size_t n);
