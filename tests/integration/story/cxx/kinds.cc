#include "numbers.hh"

namespace numbers
{

std::uint64_t Kind::sum(std::uint64_t from, std::uint64_t n) const
{
	std::uint64_t sum = 0;

	for (std::uint64_t i = 0; i < n; i++)
		sum += of(from + 2 * i);
	return sum;
}

std::uint64_t Divisor::of(std::uint64_t n) const
{
	for (std::uint64_t d = 3; d * d <= n; d += 2)
		if (n % d == 0)
			return d;
	return n;
}

std::uint64_t Digits::of(std::uint64_t n) const
{
	std::uint64_t sum = 0;

	for (std::uint64_t base = 5; base < 40; base++)
		for (std::uint64_t x = n; x; x /= base)
			sum += x % base;
	return sum;
}

} // namespace numbers
