#include <cstdio>

#include "numbers.hh"

namespace numbers
{

std::vector<std::uint64_t> multiples(std::uint64_t from, std::uint64_t n)
{
	std::vector<std::uint64_t> v;

	for (std::uint64_t i = 1; i <= n; i++)
		v.push_back(common<std::uint64_t>(i * 1000003 + 7, i + from));
	return v;
}

} // namespace numbers

int main()
{
	std::uint64_t sum = 0;

	for (int round = 0; round < 40; round++) {
		sum += numbers::Divisor().sum(10000019, 62);
		sum += numbers::Digits().sum(123456789, 140);
		for (std::uint64_t x : numbers::multiples(987654321, 4000))
			sum += x;
	}
	std::printf("%lu\n", static_cast<unsigned long>(sum));
	return 0;
}
