/* A program that is good to look at in a flame graph: it parses, sorts and simulates, one
 * phase after the other, while a second thread computes checksums. Every function is
 * named after what it does. Deterministic: the same argument gives the same work and the
 * same line of output.
 *
 * 	phases [SCALE]		SCALE 1..1000, default 10: about a second of CPU time
 *
 * The recursion is sort_range's; next_random is inlined where it is used. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
#define ROWS 40000

static uint32_t rows[ROWS];
static unsigned scale = 10;

static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static NOINLINE uint32_t parse_number(const char *digits)
{
	uint32_t value = 0;

	for (; *digits; digits++)
		value = value * 10 + (uint32_t)(*digits - '0');
	return value;
}

static NOINLINE void parse_rows(uint32_t seed)
{
	char digits[10] = "";

	for (unsigned i = 0; i < ROWS; i++) {
		for (unsigned d = 0; d < sizeof(digits) - 1; d++)
			digits[d] = (char)('0' + next_random(&seed) % 10);
		rows[i] = parse_number(digits);
	}
}

static NOINLINE unsigned split_range(unsigned low, unsigned high)
{
	uint32_t pivot = rows[low + (high - low) / 2];

	while (low <= high) {
		while (rows[low] < pivot)
			low++;
		while (rows[high] > pivot)
			high--;
		if (low > high)
			break;
		uint32_t kept = rows[low];
		rows[low++] = rows[high];
		rows[high] = kept;
		if (high-- == 0)
			break;
	}
	return low;
}

static NOINLINE void sort_range(unsigned low, unsigned high)
{
	unsigned middle;

	if (low >= high)
		return;
	middle = split_range(low, high);
	if (middle > 0)
		sort_range(low, middle - 1);
	sort_range(middle, high);
	__asm__ volatile(""); /* not a tail call: the frame stays */
}

static NOINLINE double simulate_step(double position, double speed)
{
	for (unsigned i = 0; i < 2000; i++) {
		speed -= position * 1e-3;
		position += speed * 1e-3;
	}
	return position;
}

static NOINLINE double simulate_particles(void)
{
	double sum = 0;

	for (unsigned i = 0; i < 300; i++)
		sum += simulate_step((double)rows[i * 100] * 1e-9, (double)i);
	return sum;
}

static NOINLINE uint32_t checksum_block(uint32_t sum)
{
	for (unsigned i = 0; i < 1000000; i++)
		sum = (sum >> 1 | sum << 31) + i;
	return sum;
}

static void *checksum_thread(void *arg)
{
	uint32_t *sum = arg;

	for (unsigned i = 0; i < scale * 55; i++)
		*sum = checksum_block(*sum);
	return NULL;
}

int main(int argc, char **argv)
{
	uint32_t checksum = 1;
	double energy = 0;
	pthread_t thread;

	if (argc > 1)
		scale = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2 || scale < 1 || scale > 1000) {
		fprintf(stderr, "usage: phases [SCALE], 1..1000\n");
		return 2;
	}
	if (pthread_create(&thread, NULL, checksum_thread, &checksum) != 0) {
		fprintf(stderr, "phases: cannot start a thread\n");
		return 1;
	}
	for (unsigned round = 0; round < scale * 7; round++) {
		parse_rows(round + 1);
		sort_range(0, ROWS - 1);
		energy += simulate_particles();
	}
	pthread_join(thread, NULL);
	printf("median %u, energy %.6f, checksum %08x\n", rows[ROWS / 2], energy,
	       checksum);
	return 0;
}
