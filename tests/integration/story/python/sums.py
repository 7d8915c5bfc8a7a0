"""Sums of divisors and of digits."""


def smallest_divisor(n):
    if n % 2 == 0:
        return 2
    d = 3
    while d * d <= n:
        if n % d == 0:
            return d
        d += 2
    return n


def digits_of(n, base):
    total = 0
    while n:
        total += n % base
        n //= base
    return total


def main():
    total = 0
    for i in range(95):
        total += smallest_divisor(1000003 + 2 * i)
    for i in range(3000):
        total += digits_of(123456 * i, 7 + i % 13)
    print(total)


main()
