/* The live source's order, against sorting: many rings, few times, so that most events
 * have a twin in another ring. The rings are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/source.h>

#include "fake-rings.h"

#define BATCHES 40u
#define BATCH 500u
#define TIMES 60u /* different ones in a batch */

struct made {
	uint64_t time_ns, seq;
	uint32_t ring;
};

struct plan {
	struct made made[BATCHES * BATCH];
	unsigned n, batch, nrings;
	bool backwards; /* times in a ring are not in order; one batch only */
};

static int compare_times(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The kernel's part of a round: in each ring times rise, among rings they do not. */
static bool produce(void *arg, struct sampler *s)
{
	struct plan *p = arg;
	uint64_t times[BATCH];

	if (p->batch++ == (p->backwards ? 1 : BATCHES))
		return false;
	for (unsigned i = 0; i < BATCH; i++)
		times[i] = 1000 * p->batch + (uint64_t)rand() % TIMES;
	if (!p->backwards)
		qsort(times, BATCH, sizeof(*times), compare_times);
	for (unsigned i = 0; i < BATCH; i++) {
		struct made *m = &p->made[p->n];

		*m = (struct made){times[i], p->n, (uint32_t)rand() % p->nrings};
		assert_true(fake_sample(s, m->ring, m->time_ns, m->seq,
					32 + 8 * (rand() % 9)));
		p->n++;
	}
	return true;
}

/* By time, then by ring; those of one ring stay as they are. */
static int compare_made(const void *a, const void *b)
{
	const struct made *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->ring != y->ring)
		return x->ring < y->ring ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

/* What the source hands out, in the order in which it does. */
static unsigned take_all(struct plan *p, struct made *got, struct source_stats *ret_stats)
{
	struct sampler *s = fake_rings_new(p->nrings, 65536, produce, p);
	struct source *src = source_perf_new(s, fake_launch(s), false);
	struct event e;
	unsigned n = 0;

	while (source_next(src, &e) == 1) {
		assert_int_equal(e.type, EVENT_SAMPLE);
		assert_true(n < p->n);
		got[n++] = (struct made){e.time_ns, e.sample.ip, e.pid - 1};
	}
	*ret_stats = *source_stats(src);
	source_free(src);
	fake_rings_free(s);
	return n;
}

static void check_equal(const struct made *got, const struct made *want, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(got[i].seq, want[i].seq);
		assert_int_equal(got[i].time_ns, want[i].time_ns);
		assert_int_equal(got[i].ring, want[i].ring);
	}
}

static const unsigned counts[] = {1, 2, 3, 16, 128, 500};

static void test_order(void **state)
{
	static struct made got[BATCHES * BATCH];
	static struct plan p;
	struct source_stats stats;

	srand(7);
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		p = (struct plan){.nrings = counts[i]};
		assert_int_equal(take_all(&p, got, &stats), BATCHES * BATCH);
		assert_int_equal(stats.late, 0);
		qsort(p.made, p.n, sizeof(*p.made), compare_made);
		check_equal(got, p.made, p.n);
	}
}

/* Of the first records of all rings the oldest; one that is older than what went out has
 * its time. */
static void merge_slowly(struct plan *p, struct made *want, uint64_t *ret_late)
{
	bool gone[BATCH] = {false};
	uint64_t last = 0;

	*ret_late = 0;
	for (unsigned n = 0; n < p->n; n++) {
		struct made *best = NULL;
		bool seen[512] = {false};

		for (unsigned i = 0; i < p->n; i++) {
			struct made *m = &p->made[i];

			if (gone[i] || seen[m->ring])
				continue;
			seen[m->ring] = true;
			if (!best || m->time_ns < best->time_ns ||
			    (m->time_ns == best->time_ns && m->ring < best->ring))
				best = m;
		}
		gone[best - p->made] = true;
		*ret_late += best->time_ns < last;
		last = best->time_ns < last ? last : best->time_ns;
		want[n] = (struct made){last, best->seq, best->ring};
	}
}

static void test_backwards(void **state)
{
	static struct made got[BATCH], want[BATCH];
	static struct plan p;
	struct source_stats stats;
	uint64_t late;

	srand(8);
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		p = (struct plan){.nrings = counts[i], .backwards = true};
		assert_int_equal(take_all(&p, got, &stats), BATCH);
		merge_slowly(&p, want, &late);
		check_equal(got, want, BATCH);
		assert_int_equal(stats.late, late);
	}
}

/* A time that stands for "none" is not taken for a record, nor does it let a later one
 * out. */
static bool produce_endless(void *arg, struct sampler *s)
{
	unsigned *round = arg;

	if (++*round > 3)
		return false;
	assert_true(fake_sample(s, 1, *round == 1 ? UINT64_MAX : 5, *round, 40));
	assert_true(fake_sample(s, 0, *round, *round, 40));
	return true;
}

static void test_endless(void **state)
{
	unsigned round = 0, n = 0;
	struct sampler *s = fake_rings_new(3, 4096, produce_endless, &round);
	struct source *src = source_perf_new(s, fake_launch(s), false);
	struct event e;

	for (; source_next(src, &e) == 1; n++)
		assert_int_equal(e.pid, 1);
	assert_int_equal(n, 3);
	source_free(src);
	fake_rings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_backwards),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
