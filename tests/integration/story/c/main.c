#include <stdio.h>

#include "numbers.h"

int main(void)
{
	num sum = 0;

	for (int round = 0; round < 25; round++) {
		sum += gcd_sum(123456789, 4000);
		sum += power_sum(987654321, 2500);
		sum += divisor_sum(10000019, 107);
		sum += digit_sum(123456, 8000);
	}
	printf("%lu\n", sum);
	return 0;
}
