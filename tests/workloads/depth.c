/* A stack of argv[2] frames (default 4000) of argv[3] bytes more than the smallest frame
 * (default 0). More frames than profd keeps must end in an explicit frame, and so must
 * more bytes than the stack copy holds; a small stack must be whole. */
#include <alloca.h>

#include "work.h"

static FN void bottom(uint64_t n)
{
	BURN(n);
}

static FN void recurse(unsigned depth, uint64_t n)
{
	if (depth)
		recurse(depth - 1, n);
	else
		bottom(n);
	KEEP_FRAME();
}

static FN void recurse_wide(unsigned depth, uint64_t n, size_t bytes)
{
	volatile char *pad = alloca(bytes);

	pad[0] = 1;
	if (depth)
		recurse_wide(depth - 1, n, bytes);
	else
		bottom(n);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 600);
	unsigned depth = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4000;
	size_t bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	expect(bytes ? "EXPECT recurse_wide;recurse_wide;bottom"
		     : "EXPECT recurse;recurse;recurse;bottom");
	expect("SHARE bottom 95 100");
	for (unsigned i = 0; i < 20; i++) {
		if (bytes)
			recurse_wide(depth, load / 20, bytes);
		else
			recurse(depth, load / 20);
	}
	return 0;
}
