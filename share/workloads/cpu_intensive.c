/* Nothing but computing: three kinds of arithmetic, each in a function of its own, in shares that
 * a profile has to find again. No allocation, no system call, hardly any memory. Deterministic:
 * the same argument gives the same work and the same line of output.
 *
 *	cpu_intensive [SCALE]	SCALE 1..1000, default 10: about a quarter of a second */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
#define SIDE 64

static NOINLINE unsigned count_collatz(unsigned limit)
{
	unsigned steps = 0;

	for (unsigned start = 1; start < limit; start++)
		for (uint64_t n = start; n != 1; steps++)
			n = n % 2 ? 3 * n + 1 : n / 2;
	return steps;
}

static NOINLINE double multiply_matrices(double seed)
{
	static double a[SIDE][SIDE], b[SIDE][SIDE], product[SIDE][SIDE];

	for (unsigned i = 0; i < SIDE * SIDE; i++) {
		a[i / SIDE][i % SIDE] = seed + i % 7;
		b[i % SIDE][i / SIDE] = seed - i % 5;
	}
	for (unsigned i = 0; i < SIDE; i++)
		for (unsigned j = 0; j < SIDE; j++) {
			double sum = 0;

			for (unsigned k = 0; k < SIDE; k++)
				sum += a[i][k] * b[k][j];
			product[i][j] = sum;
		}
	return product[SIDE / 2][SIDE / 3];
}

static NOINLINE uint32_t hash_numbers(uint32_t hash, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		hash = (hash ^ i) * 16777619u;
	return hash;
}

int main(int argc, char **argv)
{
	unsigned scale = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	unsigned steps = 0;
	uint32_t hash = 2166136261u;
	double trace = 0;

	if (argc > 2 || scale < 1 || scale > 1000) {
		fprintf(stderr, "usage: cpu_intensive [SCALE], 1..1000\n");
		return 2;
	}
	for (unsigned round = 0; round < scale; round++) {
		steps += count_collatz(40000 + round);
		for (unsigned i = 0; i < 50; i++)
			trace += multiply_matrices(round);
		hash = hash_numbers(hash, 8000000);
	}
	printf("steps %u, trace %.0f, hash %08x\n", steps, trace, hash);
	return 0;
}
