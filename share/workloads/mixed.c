/* What programs of every day do, a bit of each: they write a file, read it back, take its lines
 * apart, sort what they found and look it up again. Some of the time is the kernel's.
 * Deterministic: the same argument gives the same work and the same line of output. The file is
 * an unnamed temporary one.
 *
 *	mixed [SCALE]		SCALE 1..1000, default 10: about a quarter of a second */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
#define ROWS 20000

struct row {
	unsigned key, value;
};

static struct row rows[ROWS];

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static NOINLINE void write_rows(FILE *file, uint32_t seed)
{
	rewind(file);
	for (unsigned i = 0; i < ROWS; i++)
		fprintf(file, "%08x,%u\n", next_random(&seed), i);
}

/* Returns how many rows could be read. */
static NOINLINE unsigned read_rows(FILE *file)
{
	char line[64], *end;
	unsigned n = 0;

	rewind(file);
	for (; n < ROWS && fgets(line, sizeof(line), file); n++) {
		rows[n].key = (unsigned)strtoul(line, &end, 16);
		rows[n].value = (unsigned)strtoul(end + 1, NULL, 10);
	}
	return n;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static NOINLINE uint64_t look_up_rows(unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++) {
		struct row wanted = {.key = i * 214748u};
		unsigned low = 0, high = count;

		while (low < high) {
			unsigned middle = low + (high - low) / 2;

			if (compare_rows(&rows[middle], &wanted) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		sum += rows[low % count].value;
	}
	return sum;
}

int main(int argc, char **argv)
{
	unsigned scale = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	uint64_t sum = 0;
	FILE *file;

	if (argc > 2 || scale < 1 || scale > 1000) {
		fprintf(stderr, "usage: mixed [SCALE], 1..1000\n");
		return 2;
	}
	file = tmpfile();
	if (!file) {
		perror("mixed: no temporary file");
		return 1;
	}
	for (unsigned round = 0; round < scale * 4; round++) {
		write_rows(file, round + 1);
		if (read_rows(file) != ROWS) {
			fprintf(stderr,
				"mixed: the file is shorter than it was written\n");
			return 1;
		}
		qsort(rows, ROWS, sizeof(rows[0]), compare_rows);
		sum += look_up_rows(ROWS);
	}
	fclose(file);
	printf("sum %llu\n", (unsigned long long)sum);
	return 0;
}
