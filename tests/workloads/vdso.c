/* Reads the clock in a loop: most of the time is spent in the vdso, code that is in no
 * file. */
#include <time.h>

#include "work.h"

static FN uint64_t read_clock(uint64_t calls)
{
	struct timespec now;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < calls; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		sum += (uint64_t)now.tv_nsec;
	}
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 30);

	expect("EXPECT main;read_clock;...;__vdso_clock_gettime|clock_gettime");
	expect("SHARE read_clock 95 100");
	return read_clock(load) == 1;
}
