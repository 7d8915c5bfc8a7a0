#include "numbers.h"

num gcd(num a, num b)
{
	while (b) {
		num rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

num gcd_sum(num from, num n)
{
	num sum = 0;

	for (num i = 1; i <= n; i++)
		sum += gcd(i * 1000003 + 7, i + from);
	return sum;
}
