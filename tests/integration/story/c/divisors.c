#include "numbers.h"

num smallest_divisor(num n)
{
	if (n % 2 == 0)
		return 2;
	for (num d = 3; d * d <= n; d += 2)
		if (n % d == 0)
			return d;
	return n;
}

num divisor_sum(num from, num n)
{
	num sum = 0;

	for (num i = 0; i < n; i++)
		sum += smallest_divisor(from + 2 * i);
	return sum;
}
