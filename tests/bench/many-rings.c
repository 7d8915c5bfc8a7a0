/* many-rings [-n EVENTS] [-r REPEATS] [RINGS...]: what the live source costs with many
 * CPUs, whose rings are made in memory; JSON on stdout, a line for each number of rings
 * (2, 16, 128 and 512).
 *
 * event_ns: CPU time of an event from the kernel's head to source_next's return and the
 * release of its room, without what writes it and without unwinding. round_ns: a look at
 * all rings that are empty, the poll(2) of their descriptors included. The least of all
 * repeats, because what else runs on the machine only adds. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <profd/clock.h>
#include <profd/source.h>

#include "../unit/fake-rings.h"

#define ROUNDS 1000u
#define RECORD_BYTES 64u

struct plan {
	unsigned rounds; /* to come */
};

static uint64_t cpu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool count_down(void *arg, struct sampler *s)
{
	struct plan *p = arg;

	return p->rounds-- > 0;
}

static size_t ring_bytes(unsigned events, unsigned nrings)
{
	size_t want = ((size_t)events / nrings + 1) * RECORD_BYTES, bytes = 4096;

	while (bytes < want)
		bytes *= 2;
	return bytes;
}

/* CPU time of a source that takes @events and then makes @rounds empty rounds. */
static uint64_t run(unsigned nrings, unsigned events, unsigned rounds)
{
	struct plan p = {.rounds = rounds};
	struct sampler *s = fake_rings_new(nrings, ring_bytes(events, nrings), count_down,
					   &p);
	struct source *src = source_perf_new(s, fake_launch(s), false);
	struct event e;
	unsigned n = 0;
	uint64_t start_ns;

	/* CPUs sample in turn, as timers that started together do. */
	for (unsigned i = 0; i < events; i++) {
		if (!fake_sample(s, nrings - 1 - i % nrings, 1000 + i, i, RECORD_BYTES)) {
			fprintf(stderr, "many-rings: no room\n");
			exit(1);
		}
	}
	start_ns = cpu_now_ns();
	while (source_next(src, &e) == 1)
		n += e.type == EVENT_SAMPLE;
	start_ns = cpu_now_ns() - start_ns;
	if (n != events) {
		fprintf(stderr, "many-rings: %u of %u events\n", n, events);
		exit(1);
	}
	source_free(src);
	fake_rings_free(s);
	return start_ns;
}

static void measure(unsigned nrings, unsigned events, unsigned repeats)
{
	uint64_t event_ns = UINT64_MAX, round_ns = UINT64_MAX;

	for (unsigned i = 0; i < repeats; i++) {
		uint64_t few = run(nrings, 0, 2), many = run(nrings, 0, 2 + ROUNDS);
		uint64_t full = run(nrings, events, 2);

		if (full - few < event_ns)
			event_ns = full - few;
		if (many - few < round_ns)
			round_ns = many - few;
	}
	printf("{\"rings\": %u, \"event_ns\": %.1f, \"round_ns\": %.0f}\n", nrings,
	       (double)event_ns / events, (double)round_ns / ROUNDS);
}

int main(int argc, char **argv)
{
	static const unsigned usual[] = {2, 16, 128, 512};
	unsigned events = 400000, repeats = 5;
	int option;

	while ((option = getopt(argc, argv, "n:r:")) != -1) {
		unsigned v = option == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);

		if (!v)
			return 2;
		*(option == 'n' ? &events : &repeats) = v;
	}
	for (unsigned i = 0; optind == argc && i < sizeof(usual) / sizeof(*usual); i++)
		measure(usual[i], events, repeats);
	for (; optind < argc; optind++) {
		unsigned long n = strtoul(argv[optind], NULL, 10);

		if (!n || n > 4096)
			return 2;
		measure((unsigned)n, events, repeats);
	}
	return 0;
}
