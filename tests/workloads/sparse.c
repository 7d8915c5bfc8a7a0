/* A frame of argv[2] bytes of which only the two ends are ever written to: the pages
 * between are not in memory, and the kernel's copy of the stack ends there. */
#include <alloca.h>

#include "work.h"

static FN void leaf(uint64_t n)
{
	BURN(n);
}

static FN void sparse(uint64_t n, size_t bytes)
{
	volatile char *array = alloca(bytes);

	array[0] = array[bytes - 1] = 1;
	leaf(n);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1000);
	size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 60000;

	expect("EXPECT main;sparse;leaf");
	expect("SHARE leaf 95 100");
	sparse(load, bytes);
	return 0;
}
