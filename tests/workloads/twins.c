/* A stack of about 200 KiB that begins in one of two twin functions and ends in the leaf
 * of the same letter, the recursion between them being the same, byte for byte. argv[2]:
 * turns taken in all. A profiler that fills in the outer part of such a stack from
 * another moment shows an a that ends in a b. */
#include "work.h"

static FN void leaf_a(uint64_t n)
{
	BURN(n);
}

static FN void leaf_b(uint64_t n)
{
	BURN(n);
}

static FN void down(unsigned depth, uint64_t n, int b)
{
	volatile char pad[300];

	pad[0] = 1;
	if (depth)
		down(depth - 1, n, b);
	else if (b)
		leaf_b(n);
	else
		leaf_a(n);
	KEEP_FRAME();
}

static FN void root_a(unsigned depth, uint64_t n)
{
	down(depth, n, 0);
	KEEP_FRAME();
}

static FN void root_b(unsigned depth, uint64_t n)
{
	down(depth, n, 1);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1000);
	unsigned turns = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;

	expect("EXPECT down;down;leaf_a");
	expect("EXPECT down;down;leaf_b");
	for (unsigned i = 0; i < turns; i++) {
		root_a(600, load / turns / 2);
		root_b(600, load / turns / 2);
	}
	return 0;
}
