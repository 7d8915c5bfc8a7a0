/* A plug-in for dlloop.c. -DLOAD=name names its work; with -DPAD the code lies elsewhere
 * in the page than in the other plug-in, so that a stale map gives a wrong name and not a
 * lucky right one. */
#include "work.h"

#ifdef PAD
__asm__(".text\n.skip 640\n");
#endif

static FN void LOAD(uint64_t n)
{
	BURN(n);
}

void plugin_run(uint64_t n);
FN void plugin_run(uint64_t n)
{
	LOAD(n);
	KEEP_FRAME();
}
