/* Sums about the numbers from @from on. */
typedef unsigned long num;

num gcd(num a, num b);
num gcd_sum(num from, num n);
num power_mod(num base, num exponent, num modulus);
num power_sum(num from, num n);
num smallest_divisor(num n);
num divisor_sum(num from, num n);
num digits_of(num x, num base);
num digit_sum(num from, num n);
