#pragma once
/* Shared between the files of src/profile only. */
#include <profd/profile.h>

/* Sums that leave the range stop at its end: a foreign file may say anything. */
static inline int64_t value_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}
