/* Calls across a shared library's border, through the procedure linkage table: many
 * samples lie in the stubs, whose unwind rule depends on the instruction. Link it with
 * -Wl,-z,lazy and with libtiny.so, which is this file with -DTINY. */
#include "work.h"

unsigned tiny(unsigned x);
unsigned small(unsigned x);

#ifdef TINY
FN unsigned tiny(unsigned x)
{
	return x + 1;
}

FN unsigned small(unsigned x)
{
	return x ^ 3;
}
#else
static FN unsigned caller(uint64_t n)
{
	unsigned x = 0;

	while (n--)
		x = small(tiny(x));
	return x;
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 800);

	expect("EXPECT main;caller;tiny");
	expect("EXPECT main;caller;small");
	expect("SHARE caller 95 100");
	return caller(load) == ~0u; /* at most 7: never */
}
#endif
