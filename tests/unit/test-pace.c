/* Which looks become samples, and their weights: a program whose threads run by a plan,
 * looked at in even distances, has to come out as the plan says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../src/session/ptrace-priv.h"
#include <profd/clock.h>

#define MS ((uint64_t)1000000)
#define PERIOD (10 * MS + 101010)

/* Nothing is known: as if it never waited. What others do is believed of a new thread, and
 * what it does itself after a while. */
static void test_share(void **state)
{
	struct pace all = {0}, t = {0};

	assert_true(pace_share(&t, &all, 1) == 1);
	for (int i = 0; i < 1000; i++)
		pace_add(&all, 2 * MS, 6 * MS);
	assert_true(fabs(pace_share(&t, &all, 1) - 0.25) < 0.05);
	/* No more than there is for each; what it has itself shown counts more. */
	assert_true(fabs(pace_share(&t, &all, 0.125) - 0.125) < 0.01);
	for (int i = 0; i < 1000; i++)
		pace_add(&t, 9 * MS, MS);
	assert_true(fabs(pace_share(&t, &all, 1) - 0.9) < 0.06);
	/* It has changed its ways. */
	for (int i = 0; i < 500; i++)
		pace_add(&t, MS, 9 * MS);
	assert_true(fabs(pace_share(&t, &all, 1) - 0.1) < 0.06);
	/* A thread that hardly comes to a CPU is sampled, if rarely. */
	for (int i = 0; i < 1000; i++)
		pace_add(&t, 0, 1000 * MS);
	assert_true(pace_share(&t, &all, 1) > 0);
}

/* As many as the share says, in even distances; and what is saved has an end. */
static void test_credit(void **state)
{
	double credit = pace_begin(1234);
	unsigned taken = 0, last = 0;

	assert_true(credit >= 0 && credit < 1);
	for (unsigned i = 1; i <= 10000; i++) {
		pace_found(&credit, 0.125);
		if (!pace_take(&credit))
			continue;
		taken++;
		assert_in_range(i - last, 1, 8);
		last = i;
	}
	assert_in_range(taken, 1249, 1251);
	for (unsigned i = 0; i < 1000; i++)
		pace_found(&credit, 1);
	for (taken = 0; pace_take(&credit);)
		taken++;
	assert_in_range(taken, 1, 16);
}

/* Threads that are found once in their life: each share of them is sampled. */
static void test_begin(void **state)
{
	unsigned taken = 0;

	for (uint32_t tid = 1; tid <= 10000; tid++) {
		double credit = pace_begin(tid);

		pace_found(&credit, 0.3);
		taken += pace_take(&credit);
	}
	assert_in_range(taken, 2800, 3200);
}

static void test_weight(void **state)
{
	const uint64_t sampled = 100 * PERIOD, even = sampled + PERIOD / 2;

	/* The time between two looks, up to some periods. */
	assert_int_equal(pace_weight(PERIOD, PERIOD, MS, 0), PERIOD);
	assert_int_equal(pace_weight(PERIOD, PERIOD, even, sampled), PERIOD);
	assert_int_equal(pace_weight(30 * MS, PERIOD, sampled + 15 * MS, sampled),
			 30 * MS);
	assert_int_equal(pace_weight(500 * MS, PERIOD, MS, 0), 4 * PERIOD);
	/* A part of what is missing, or too much; within limits. */
	assert_true(pace_weight(PERIOD, PERIOD, even + 3 * PERIOD, sampled) > PERIOD);
	assert_true(pace_weight(PERIOD, PERIOD, even - 3 * PERIOD, sampled) < PERIOD);
	assert_true(pace_weight(PERIOD, PERIOD, INT64_MAX, sampled) <= 2 * PERIOD);
	assert_true(pace_weight(PERIOD, PERIOD, 0, sampled) >= PERIOD / 2);
}

struct plan {
	uint64_t turn_ns, pause_ns; /* the mean; from half to one and a half of that */
	unsigned turns;		    /* of a process; 0: as long as the test lasts */
};

#define FIFTHS 5

struct result {
	double fifth[FIFTHS]; /* of the samples' weight, by the place in the turn */
	double covered;	      /* of the CPU time */
};

static uint64_t about(uint64_t ns, unsigned *seed)
{
	return ns / 2 + ns * ((uint64_t)rand_r(seed) % 1000) / 1000;
}

static struct result run_plan(const struct plan *plan, uint64_t duration_ns)
{
	struct result r = {0};
	unsigned seed = 1, left = plan->turns;
	uint64_t look_ns = PERIOD, used_ns = 0, all_ns = 0, begin_ns = 0, weighed_ns = 0;
	uint64_t sampled_ns = 0;

	while (begin_ns < duration_ns) {
		uint64_t end_ns = begin_ns + about(plan->turn_ns, &seed);

		for (; look_ns < end_ns; look_ns += PERIOD) {
			uint64_t in_ns = look_ns - begin_ns, w;

			if (look_ns < begin_ns)
				continue;
			w = pace_weight(PERIOD, PERIOD, used_ns + in_ns, sampled_ns);
			sampled_ns += w;
			weighed_ns += w;
			r.fifth[in_ns * FIFTHS / (end_ns - begin_ns)] += (double)w;
		}
		used_ns += end_ns - begin_ns;
		all_ns += end_ns - begin_ns;
		begin_ns = end_ns + about(plan->pause_ns, &seed);
		/* The next process. */
		if (plan->turns && !--left) {
			left = plan->turns;
			used_ns = 0;
			sampled_ns = 0;
		}
	}
	for (int i = 0; i < FIFTHS; i++)
		r.fifth[i] /= (double)weighed_ns;
	r.covered = (double)weighed_ns / (double)all_ns;
	return r;
}

/* No part of a turn is favoured, however long the turns are, and all of the time is
 * covered; even where no process lives for more than half a period. */
static void test_turns(void **state)
{
	static const struct plan plans[] = {
		{MS, 7 * MS, 0},  {5 * MS, 5 * MS, 0}, {12 * MS, 9 * MS, 0},
		{30 * MS, MS, 0}, {5 * MS, MS, 1},     {20 * MS, 5 * MS, 3},
	};

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct result r = run_plan(&plans[i], 1000 * NSEC_PER_SEC);

		for (int k = 0; k < FIFTHS; k++)
			assert_true(fabs(r.fifth[k] - 0.2) < 0.012);
		assert_true(fabs(r.covered - 1) < 0.01);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share), cmocka_unit_test(test_credit),
		cmocka_unit_test(test_begin), cmocka_unit_test(test_weight),
		cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
