/* Reads the time stamp counter in a loop and notes the gaps: the time that somebody else
 * took. It does so below STACK_KB of stack in use, which is what a sampler with stack
 * copies has to copy.
 *
 * 	work-gaps SECONDS STACK_KB FD
 *
 * A gap below 2,000 ticks is none: that is the loop itself. */
#include <stdlib.h>
#include <time.h>

#include <x86intrin.h>

#include "shared.h"

#define GAP_MIN 2000
#define FRAME_BYTES 1024
#define FN __attribute__((noinline, noclone, noipa))

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static FN void spin(struct shared *s, double until_s)
{
	uint64_t last = __rdtsc();

	for (uint64_t i = 1;; i++) {
		uint64_t now = __rdtsc(), gap = now - last;

		last = now;
		if (gap >= GAP_MIN) {
			s->gaps[s->ngaps % SHARED_GAPS] = gap > UINT32_MAX
								  ? UINT32_MAX
								  : (uint32_t)gap;
			s->ngaps++;
		}
		if (i % 65536)
			continue;
		if (now_s() >= until_s)
			return;
		last = __rdtsc();
	}
}

static FN void descend(struct shared *s, double until_s, unsigned frames)
{
	volatile char block[FRAME_BYTES];

	block[0] = 1;
	if (frames)
		descend(s, until_s, frames - 1);
	else
		spin(s, until_s);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	struct shared *s = argc == 4 ? shared_map((int)strtol(argv[3], NULL, 10)) : NULL;

	if (!s)
		return 2;
	descend(s, now_s() + strtod(argv[1], NULL),
		(unsigned)strtoul(argv[2], NULL, 10) * 1024 / FRAME_BYTES);
	return 0;
}
