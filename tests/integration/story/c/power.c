#include "numbers.h"

num power_mod(num base, num exponent, num modulus)
{
	num result = 1;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = result * base % modulus;
		base = base * base % modulus;
	}
	return result;
}

num power_sum(num from, num n)
{
	num sum = 0;

	for (num i = 1; i <= n; i++)
		sum += power_mod(i, 65537 + i, from + i);
	return sum;
}
