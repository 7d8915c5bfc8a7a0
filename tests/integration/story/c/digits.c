#include "numbers.h"

num digits_of(num x, num base)
{
	num sum = 0;

	for (; x; x /= base)
		sum += x % base;
	return sum;
}

num digit_sum(num from, num n)
{
	num sum = 0;

	for (num i = 0; i < n; i++)
		sum += digits_of(from * i, 7 + i % 13);
	return sum;
}
