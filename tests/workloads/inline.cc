/* C++ with templates, a namespace, a virtual call and functions that are always inlined.
 * Built with -g the inlined ones are frames too; the names are the demangled ones. */
#include "work.h"

#define INLINE inline __attribute__((always_inline))

namespace geometry
{

static INLINE void innermost(uint64_t n)
{
	BURN(n);
}

template <typename T> static INLINE void middle(T n)
{
	innermost(n * 2);
}

struct Shape {
	virtual ~Shape() = default;
	virtual void draw(uint64_t n) const = 0;
};

struct Circle final : Shape {
	FN void draw(uint64_t n) const override
	{
		middle<uint64_t>(n);
		KEEP_FRAME();
	}
};

template <typename T> FN void repeat(const Shape &shape, T n)
{
	for (unsigned i = 0; i < 10; i++)
		shape.draw(n / 20);
}

} // namespace geometry

FN static geometry::Shape *make()
{
	return new geometry::Circle;
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 900);
	geometry::Shape *shape = make();

	expect("EXPECT main;void geometry::repeat<unsigned "
	       "long>|geometry::repeat<unsigned long>;"
	       "geometry::Circle::draw");
	/* An inlined function may have no symbol: gcc writes the template's argument differently. */
	expect("INLINE geometry::Circle::draw;void geometry::middle<unsigned long>|"
	       "geometry::middle<unsigned long>|geometry::middle<long unsigned int>;"
	       "geometry::innermost");
	expect("SHARE geometry::Circle::draw 95 100");
	geometry::repeat(*shape, load);
	delete shape;
	return 0;
}
