/* A workload for gates whose work is known: KIND is cpu, memory or mixed, UNITS how much of
 * it; a file `percent` in its folder adds so much. Deterministic, and no sleeps. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS (1u << 16) /* half a MiB of 8 bytes: beyond the first cache */

static uint64_t spin(uint64_t x, long steps)
{
	for (long i = 0; i < steps; i++)
		x = x * UINT64_C(6364136223846793005) + (x >> 29);
	return x;
}

/* Each step reads where the one before it says. */
static uint64_t wander(uint64_t *cells, uint64_t x, long steps)
{
	for (long i = 0; i < steps; i++) {
		uint64_t *c = &cells[x % CELLS];

		x = x * UINT64_C(2862933555777941757) + *c;
		*c = x >> 7;
	}
	return x;
}

static long percent(void)
{
	FILE *f = fopen("percent", "r");
	long n = 0;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	long steps = argc > 2 ? strtol(argv[2], NULL, 10) * (100 + percent()) * 100 : 0;
	uint64_t *cells = calloc(CELLS, sizeof(*cells)), x = 1;

	if (argc < 3 || !cells)
		return 2;
	if (!strcmp(argv[1], "cpu"))
		x = spin(x, steps);
	else if (!strcmp(argv[1], "memory"))
		x = wander(cells, x, steps);
	else
		for (long i = 0; i < 100; i++)
			x = wander(cells, spin(x, steps / 150), steps / 300);
	printf("%llu\n", (unsigned long long)x);
	free(cells);
	return 0;
}
