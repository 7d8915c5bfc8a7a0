/* Frames on a realigned stack: the caller's frame cannot be found by adding to a
 * register, only by reading where the function kept it (a DWARF expression with a
 * load). */
#include <alloca.h>

#include "work.h"

static FN void inner(uint64_t n)
{
	BURN(n);
}

/* Alignment and alloca together make gcc keep the argument pointer in the frame. */
static FN void aligned(unsigned depth, uint64_t n, size_t bytes)
{
	char block[64] __attribute__((aligned(64)));
	volatile char *more = alloca(bytes);

	__asm__ volatile("" : : "r"(block), "r"(more) : "memory");
	if (depth)
		aligned(depth - 1, n, bytes);
	else
		inner(n);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 800);

	expect("EXPECT main;aligned;aligned;aligned");
	expect("EXPECT aligned;aligned;inner");
	expect("SHARE inner 95 100");
	for (unsigned i = 0; i < 20; i++)
		aligned(30, load / 20, 16 + (size_t)argc);
	return 0;
}
