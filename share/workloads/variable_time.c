/* A program whose time depends on its input: it sorts by insertion, so that the order of the rows,
 * which the seed decides, is how much there is to do. Judged with one seed it is the same work
 * every time; with several, each is a workload of its own: .profd.yml beside this file.
 * Deterministic: the same seed gives the same work and the same line of output.
 *
 *	variable_time [SEED]	default 1; seeds 0 to 4 take from 0.6 to 1.2 times as long as 2,
 *				which is about a quarter of a second */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
#define ROWS 16000u

static uint32_t rows[ROWS];

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Rows in falling order to a part that the seed says, and in random order behind that: random
 * ones are in order to the half, falling ones not at all. */
static NOINLINE void draw_rows(unsigned seed)
{
	uint32_t state = seed * 2654435761u + 1;
	unsigned falling = ROWS / 5 * (seed % 5);

	for (unsigned i = 0; i < ROWS; i++)
		rows[i] = i < falling ? 0xffffffffu - i : next_random(&state);
}

static NOINLINE uint64_t insert_row(unsigned at)
{
	uint32_t row = rows[at];
	unsigned i = at;

	for (; i > 0 && rows[i - 1] > row; i--)
		rows[i] = rows[i - 1];
	rows[i] = row;
	return at - i;
}

static NOINLINE uint64_t sort_rows(void)
{
	uint64_t moves = 0;

	for (unsigned i = 1; i < ROWS; i++)
		moves += insert_row(i);
	return moves;
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	uint64_t moves = 0;

	if (argc > 2) {
		fprintf(stderr, "usage: variable_time [SEED]\n");
		return 2;
	}
	for (unsigned round = 0; round < 5; round++) {
		draw_rows(seed);
		moves += sort_rows();
	}
	printf("seed %u: %llu moves\n", seed, (unsigned long long)moves);
	return 0;
}
