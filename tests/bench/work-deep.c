/* Two threads in a random mutual recursion of four functions, 30 to 60 frames deep, with
 * arrays of varying size in the frames and qsort's callback as the leaf; built without
 * frame pointers. Every descent counts as one unit of work.
 *
 * 	work-deep SECONDS [0 FD]	descends until SECONDS have passed; prints the units
 *
 * FD: the units are counted in the struct shared behind it, too. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shared.h"

#define FN __attribute__((noinline, noclone, noipa))
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")
/* So few that qsort goes hardly deeper: 52 frames a sample, where the workload that the
 * figures to reach were drawn from had 49. */
#define LEAF_ITEMS 4
#define LEAF_SORTS                                                                       \
	700 /* most of the time is spent below, not returning from frame to frame */
#define THREADS 2

struct thread {
	uint64_t random, units;
	double until_s;
	volatile uint64_t *shared_units;
};

static __thread uint64_t compared;

static uint64_t draw(struct thread *t)
{
	t->random = t->random * 6364136223846793005u + 1442695040888963407u;
	return t->random >> 33;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static FN int by_value(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	compared++;
	return (x > y) - (x < y);
}

static FN void leaf(struct thread *t)
{
	unsigned items[LEAF_ITEMS];

	for (unsigned sort = 0; sort < LEAF_SORTS; sort++) {
		for (unsigned i = 0; i < LEAF_ITEMS; i++)
			items[i] = (unsigned)draw(t);
		qsort(items, LEAF_ITEMS, sizeof(items[0]), by_value);
	}
	KEEP_FRAME();
}

typedef void level(struct thread *t, unsigned depth);
static level *const levels[];

/* Not by an inlined function: every frame is to be one of the stack. */
#define DESCEND(t, depth) ((depth) ? levels[draw(t) % 4](t, (depth)-1) : leaf(t))

#define LEVEL(name, most)                                                                \
	static FN void name(struct thread *t, unsigned depth)                            \
	{                                                                                \
		volatile char block[16 + draw(t) % (most)];                              \
                                                                                         \
		block[0] = 1;                                                            \
		DESCEND(t, depth);                                                       \
		KEEP_FRAME();                                                            \
	}
LEVEL(north, 200)
LEVEL(east, 300)
LEVEL(south, 100)
LEVEL(west, 150)

static level *const levels[] = {north, east, south, west};

static void *work(void *arg)
{
	struct thread *t = arg;

	while (now_s() < t->until_s) {
		unsigned depth = 30 + (unsigned)(draw(t) % 31);

		DESCEND(t, depth);
		t->units++;
		*t->shared_units = t->units;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 3;
	struct shared *shared = argc > 3 ? shared_map((int)strtol(argv[3], NULL, 10))
					 : NULL;
	static uint64_t not_shared[THREADS];
	struct thread threads[THREADS];
	pthread_t ids[THREADS];
	uint64_t units = 0;

	if (argc > 3 && !shared)
		return 2;
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){
			.random = 17 + i,
			.until_s = now_s() + seconds,
			.shared_units = shared ? &shared->threads[i].units
					       : &not_shared[i]};
		if (pthread_create(&ids[i], NULL, work, &threads[i]))
			return 1;
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(ids[i], NULL);
		units += threads[i].units;
	}
	printf("units %llu\n", (unsigned long long)units);
	return 0;
}
