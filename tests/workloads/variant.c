/* Two versions of one program, by -DOLD and without: `twice` does twice as much in the
 * second, `gone` is in the first only, `fresh` in the second, and `same` is what it was. */
#include "work.h"

static FN void same(uint64_t load)
{
	BURN(load / 4);
}

static FN void twice(uint64_t load)
{
#ifdef OLD
	BURN(load / 4);
#else
	BURN(load / 2);
#endif
}

#ifdef OLD
static FN void gone_leaf(uint64_t load)
{
	BURN(load / 8);
}

static FN void gone(uint64_t load)
{
	gone_leaf(load);
	KEEP_FRAME();
}
#else
static FN void fresh(uint64_t load)
{
	BURN(load / 8);
}
#endif

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 400);

	same(load);
	twice(load);
#ifdef OLD
	gone(load);
#else
	fresh(load);
#endif
	return 0;
}
