#include <cstdint>
#include <vector>

namespace numbers
{

/* What is looked for among the numbers from `from` on. */
class Kind
{
      public:
	virtual ~Kind() = default;
	virtual std::uint64_t of(std::uint64_t n) const = 0;
	std::uint64_t sum(std::uint64_t from, std::uint64_t n) const;
};

class Divisor : public Kind
{
      public:
	std::uint64_t of(std::uint64_t n) const override;
};

class Digits : public Kind
{
      public:
	std::uint64_t of(std::uint64_t n) const override;
};

template <typename T> T common(T a, T b)
{
	while (b) {
		T rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

std::vector<std::uint64_t> multiples(std::uint64_t from, std::uint64_t n);

} // namespace numbers
