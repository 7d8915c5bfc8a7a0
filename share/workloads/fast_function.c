/* A function so short that calling it is most of its cost: what a change of a calling
 * convention, an inlining decision or a single instruction does shows here first. It also reports
 * a metric of its own, calls_per_s, into the file that PROFD_METRICS names: bigger is better.
 * The work is counted, not timed; only the report reads a clock.
 *
 *	fast_function [SCALE]	SCALE 1..1000, default 10: about a quarter of a second */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))
#define CALLS_PER_SCALE 16000000u

static NOINLINE uint32_t fast_function(uint32_t x)
{
	return x * 1664525u + 1013904223u;
}

static NOINLINE uint32_t call_often(uint32_t x, uint64_t calls)
{
	for (; calls; calls--)
		x = fast_function(x);
	return x;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Without PROFD_METRICS there is nobody to report to. */
static int report_rate(double per_second)
{
	const char *path = getenv("PROFD_METRICS");
	FILE *file;

	if (!path)
		return 0;
	file = fopen(path, "a");
	if (!file ||
	    fprintf(file,
		    "{\"name\": \"calls_per_s\", \"value\": %.0f, "
		    "\"unit\": \"/s\", \"direction\": \"bigger\"}\n",
		    per_second) < 0 ||
	    fclose(file) != 0) {
		perror("fast_function: cannot report");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned scale = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	uint64_t calls = (uint64_t)scale * CALLS_PER_SCALE;
	double start = cpu_seconds();
	uint32_t x;

	if (argc > 2 || scale < 1 || scale > 1000) {
		fprintf(stderr, "usage: fast_function [SCALE], 1..1000\n");
		return 2;
	}
	x = call_often(1, calls);
	printf("%llu calls, %08x\n", (unsigned long long)calls, x);
	return report_rate((double)calls / (cpu_seconds() - start));
}
