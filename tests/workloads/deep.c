/* Mutual recursion, 200 calls deep, built without frame pointers: every frame needs its
 * rule. Leaves everything else to the other programs. */
#include "work.h"

static FN void leaf(uint64_t n)
{
	BURN(n);
}

static FN void odd(unsigned depth, uint64_t n);

static FN void even(unsigned depth, uint64_t n)
{
	char pad[24];

	__asm__ volatile("" : : "r"(pad) : "memory");
	if (depth)
		odd(depth - 1, n);
	else
		leaf(n);
	KEEP_FRAME();
}

static FN void odd(unsigned depth, uint64_t n)
{
	even(depth - 1, n);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1000);

	expect("EXPECT main;even;odd;even;odd;even");
	expect("EXPECT odd;even;leaf");
	expect("SHARE leaf 95 100");
	for (unsigned i = 0; i < 100; i++)
		even(200, load / 100);
	return 0;
}
