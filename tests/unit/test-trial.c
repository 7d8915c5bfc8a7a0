/* The rules by which a change is judged, one test or more for each. How often they are wrong
 * is for tests/simulate. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/mem.h>
#include <profd/stats-dist.h>
#include <profd/trial.h>

static void assert_close(double is, double should)
{
	if (!(is == should || fabs(is - should) <= 1e-9 * fabs(should)))
		fail_msg("%.17g and not %.17g", is, should);
}

/* Normal noise without luck: the bits of i + 1 turned round are spread evenly over (0, 1),
 * whatever number of them is taken. */
static double noise(uint32_t i)
{
	double u = 0, half = .5;

	for (i++; i; i >>= 1, half /= 2)
		u += i & 1 ? half : 0;
	return normal_quantile(u);
}

static const struct trial_metric ten_percent = {
	.gating = true, .threshold = .1, .threshold_units = NAN};

/* @m gating metrics, each in a workload of its own, with a threshold of 10 %. */
static struct trial trial_of(uint32_t m, const struct trial_plan *plan)
{
	struct error err = {0};
	struct trial t;

	if (trial_init(&t, plan, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < m; i++) {
		struct trial_metric metric = ten_percent;

		metric.workload = i;
		assert_int_equal(trial_metric(&t, &metric, &err), i);
	}
	return t;
}

static struct trial new_trial(uint32_t m)
{
	return trial_of(m, &(struct trial_plan){.alpha = 0});
}

/* Pairs until the metric has @n. Differences are change + spread * noise. */
static void feed(struct trial *t, uint32_t metric, uint32_t from, uint32_t n,
		 double change, double spread)
{
	for (uint32_t i = from; i < n; i++) {
		double d = change + spread * noise(i);

		assert_int_equal(
			trial_add(t, metric, (struct trial_pair){100, 100 * exp(d)}), 0);
	}
}

/* Pairs whose differences are given. */
static void feed_these(struct trial *t, uint32_t metric, const double *d, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(
			trial_add(t, metric, (struct trial_pair){100, 100 * exp(d[i])}),
			0);
}

static struct trial_result result_of(const struct trial *t, uint32_t metric)
{
	struct trial_result r;

	trial_read(t, metric, &r);
	return r;
}

static void assert_verdict(const struct trial *t, uint32_t metric, enum verdict verdict,
			   enum verdict_reason reason)
{
	struct trial_verdict v = trial_verdict(t, metric);

	if (v.verdict != verdict || v.reason != reason)
		fail_msg("%s (%s) and not %s (%s)", verdict_name(v.verdict),
			 verdict_reason_text(v.reason), verdict_name(verdict),
			 verdict_reason_text(reason));
	assert_int_equal(result_of(t, metric).verdict, verdict);
}

/* --- differences ----------------------------------------------------------------- */

static void
rule_d_is_the_logarithm_of_the_ratio_where_all_values_are_positive(void **state)
{
	struct trial t = new_trial(1);
	struct trial_result r;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		trial_add(&t, 0, (struct trial_pair){100 << i, 120 << i});
	trial_look(&t);
	r = result_of(&t, 0);
	assert_true(r.ratio);
	assert_close(r.estimate, log(1.2));
	assert_close(trial_change(&ten_percent, &r, r.estimate), .2);
	trial_done(&t);
}

static void rule_d_is_turned_where_bigger_is_better(void **state)
{
	struct trial_metric m = ten_percent;
	struct trial t = new_trial(0);
	struct trial_result r;

	(void)state;
	m.bigger_is_better = true;
	trial_metric(&t, &m, NULL);
	for (uint32_t i = 0; i < 10; i++)
		trial_add(&t, 0, (struct trial_pair){100, 80});
	trial_look(&t);
	r = result_of(&t, 0);
	assert_int_equal(r.verdict, VERDICT_SUSPECTED);
	assert_close(r.estimate, log(100 / 80.));
	assert_close(trial_change(&m, &r, r.estimate), -.2);
	trial_done(&t);
}

static void feed_with_a_zero(struct trial *t, double head)
{
	for (uint32_t i = 0; i < 10; i++)
		trial_add(t, 0, (struct trial_pair){i ? i : 0, i + head});
	trial_look(t);
}

static void rule_d_is_the_difference_with_a_threshold_in_units_otherwise(void **state)
{
	struct trial_metric m = ten_percent;
	struct trial_result r;
	struct trial t;

	(void)state;
	m.threshold_units = 5;
	t = new_trial(0);
	trial_metric(&t, &m, NULL);
	feed_with_a_zero(&t, 5);
	r = result_of(&t, 0);
	assert_false(r.ratio);
	assert_int_equal(r.verdict, VERDICT_SUSPECTED);
	assert_close(r.estimate, 5);
	assert_close(trial_change(&m, &r, r.estimate), 5);
	trial_done(&t);

	t = new_trial(0);
	trial_metric(&t, &m, NULL);
	feed_with_a_zero(&t, 4);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	trial_done(&t);

	t = new_trial(1); /* no threshold in units */
	feed_with_a_zero(&t, 5);
	assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_NO_UNITS);
	assert_int_equal(trial_wanted(&t, 0), 0);
	trial_done(&t);
}

static void rule_the_estimate_is_hodges_and_lehmanns(void **state)
{
	/* Walsh averages of 1 2 3 … 9 and 100: the median of all 55 is that of 28, 5.5. */
	static const double d[] = {.001, .002, .003, .004, .005,
				   .006, .007, .008, .009, 1};
	struct trial t = new_trial(1);
	struct trial_result r;

	(void)state;
	feed_these(&t, 0, d, 10);
	trial_look(&t);
	r = result_of(&t, 0);
	if (fabs(r.estimate - .0055) > 1e-9)
		fail_msg("%.12g", r.estimate);
	trial_done(&t);
}

/* --- looks, levels, the family --------------------------------------------------- */

static void rule_a_bound_is_infinite_where_n_is_too_small_for_the_level(void **state)
{
	struct trial t = trial_of(1, &(struct trial_plan){.pairs_max = 9});
	struct trial_result r;

	(void)state;
	assert_int_equal(trial_wanted(&t, 0), 9);
	feed(&t, 0, 0, 9, 1, .01); /* however large the change */
	trial_look(&t);
	r = result_of(&t, 0);
	assert_true(r.lower == -INFINITY && isfinite(r.upper) && isfinite(r.low));
	assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_OUT_OF_PAIRS);
	trial_done(&t);

	t = trial_of(1, &(struct trial_plan){.pairs_max = 5});
	feed(&t, 0, 0, 5, -1, .01);
	trial_look(&t);
	r = result_of(&t, 0);
	assert_true(r.upper == INFINITY && r.low == -INFINITY && r.high == INFINITY);
	assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_OUT_OF_PAIRS);
	trial_done(&t);
}

static void rule_looks_are_taken_at_n1_20_and_40_pairs(void **state)
{
	static const uint32_t looks[] = {10, 20, 40};
	struct trial t = trial_of(1, &(struct trial_plan){.without_futility = true});
	uint32_t have = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(trial_wanted(&t, 0), looks[i] - have);
		feed(&t, 0, have, looks[i], .05, .3);
		have = looks[i];
		assert_int_equal(trial_wanted(&t, 0), 0);
		trial_look(&t);
		assert_int_equal(result_of(&t, 0).pairs, have);
		if (i < 2)
			assert_verdict(&t, 0, VERDICT_OPEN, REASON_NONE);
	}
	assert_int_equal(trial_wanted(&t, 0), 0);
	assert_int_equal(trial_add(&t, 0, (struct trial_pair){1, 1}), -E2BIG);
	assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_OUT_OF_PAIRS);
	trial_look(&t); /* there is no fourth */
	assert_int_equal(result_of(&t, 0).pairs, 40);
	trial_done(&t);
}

static void rule_the_last_look_is_where_the_pairs_end(void **state)
{
	static const uint32_t max[][4] = {
		{15, 10, 15}, {20, 10, 20}, {60, 10, 20, 60}, {7, 7}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(max); i++) {
		struct trial t = trial_of(1,
					  &(struct trial_plan){.pairs_max = max[i][0]});

		trial_wanted(&t, 0);
		for (uint32_t k = 0; k < t.nlooks; k++)
			assert_int_equal(t.looks[k], max[i][1 + k]);
		assert_int_equal(t.looks[t.nlooks - 1], max[i][0]);
		trial_done(&t);
	}
}

static void rule_n1_is_10_or_what_the_family_needs(void **state)
{
	static const uint32_t n1[][2] = {{1, 10}, {2, 11}, {5, 12}, {20, 14}, {100, 16}};
	struct trial t;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(n1); i++) {
		t = new_trial(n1[i][0]);
		assert_int_equal(trial_wanted(&t, 0), n1[i][1]);
		trial_done(&t);
	}
	/* 6 could reach this level. */
	t = trial_of(1, &(struct trial_plan){.alpha = .05});
	assert_int_equal(trial_wanted(&t, 0), 10);
	trial_done(&t);
	t = trial_of(1, &(struct trial_plan){.pairs_first = 13});
	assert_int_equal(trial_wanted(&t, 0), 13);
	trial_done(&t);
	t = trial_of(20, &(struct trial_plan){.pairs_first = 5}); /* never fewer */
	assert_int_equal(trial_wanted(&t, 0), 14);
	trial_done(&t);
}

static void rule_alpha_is_005_a_third_of_it_at_each_look(void **state)
{
	/* Of 10 pairs the smallest alone on the other side: p = 2/1024 > .005/3. */
	double d[] = {-.01, .2, .21, .22, .23, .24, .25, .26, .27, .28};
	struct trial t = new_trial(1);

	(void)state;
	feed_these(&t, 0, d, 10);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_OPEN, REASON_NONE);
	assert_close(result_of(&t, 0).lower_level, .005 / 3);
	trial_done(&t);

	d[0] = .01; /* p = 1/1024 */
	t = new_trial(1);
	feed_these(&t, 0, d, 10);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_SUSPECTED, REASON_NONE);
	trial_done(&t);
}

static const double all_up[] = {.20, .21, .22, .23, .24, .25, .26, .27, .28, .29, .30};
/* p = 2/2048, between .005/6 and .005/3. */
static const double but_one_up[] = {-.01, .21, .22, .23, .24, .25,
				    .26,  .27, .28, .29, .30};

static void rule_holm_over_the_family(void **state)
{
	struct trial t = new_trial(2);

	(void)state;
	feed_these(&t, 0, all_up, 11);
	feed_these(&t, 1, but_one_up, 11);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_SUSPECTED, REASON_NONE);
	assert_close(result_of(&t, 0).lower_level, .005 / 6);
	assert_verdict(&t, 1, VERDICT_SUSPECTED, REASON_NONE);
	assert_close(result_of(&t, 1).lower_level, .005 / 3);
	trial_done(&t);

	t = new_trial(2); /* alone it is not enough */
	feed(&t, 0, 0, 11, 0, .02);
	feed_these(&t, 1, but_one_up, 11);
	trial_look(&t);
	assert_verdict(&t, 1, VERDICT_OPEN, REASON_NONE);
	assert_close(result_of(&t, 1).lower_level, .005 / 6);
	trial_done(&t);
}

static void rule_the_family_counts_metrics_that_have_no_pairs(void **state)
{
	struct trial t = new_trial(2);

	(void)state;
	feed_these(&t, 1, but_one_up, 11);
	trial_look(&t);
	assert_verdict(&t, 1, VERDICT_OPEN, REASON_NONE);
	assert_close(result_of(&t, 1).lower_level, .005 / 6);
	assert_verdict(&t, 0, VERDICT_OPEN, REASON_NONE);
	assert_true(isnan(result_of(&t, 0).estimate));
	trial_done(&t);
}

static void rule_what_an_earlier_look_rejected_counts_in_holm(void **state)
{
	struct trial t = new_trial(2);

	(void)state;
	feed_these(&t, 0, all_up, 11);
	feed(&t, 1, 0, 11, .1, .2);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_SUSPECTED, REASON_NONE);
	assert_verdict(&t, 1, VERDICT_OPEN, REASON_NONE);
	feed(&t, 1, 11, 20, .1, .2);
	trial_look(&t);
	assert_close(result_of(&t, 1).lower_level, .005 / 3);
	trial_done(&t);
}

static void rule_the_family_is_fixed_before_the_first_run(void **state)
{
	struct trial t = new_trial(1);
	struct error err = {0};

	(void)state;
	trial_add(&t, 0, (struct trial_pair){1, 1});
	assert_int_equal(trial_metric(&t, &ten_percent, &err), -EBUSY);
	trial_done(&t);
}

static void rule_metrics_that_do_not_gate_are_outside_of_the_family(void **state)
{
	struct trial_metric warn = {.threshold = .1, .threshold_units = NAN};
	struct trial t = new_trial(2);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		trial_metric(&t, &warn, NULL);	   /* 2 to 6, of workload 0 */
	assert_int_equal(trial_wanted(&t, 0), 11); /* as many as 2 need */
	feed(&t, 0, 0, 11, 0, .01);
	feed(&t, 2, 0, 11, .2, .01);
	feed(&t, 3, 0, 11, .1, .3);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	assert_verdict(&t, 2, VERDICT_SUSPECTED, REASON_NONE);
	assert_close(result_of(&t, 0).lower_level, .005 / 6);
	assert_close(result_of(&t, 2).lower_level, .005 / 3);
	/* And no more runs for their sake. */
	assert_int_equal(trial_wanted(&t, 0), 0);
	assert_verdict(&t, 3, VERDICT_INCONCLUSIVE, REASON_ENDED);
	trial_done(&t);

	t = new_trial(0); /* unless there is nothing else */
	trial_metric(&t, &warn, NULL);
	feed(&t, 0, 0, 10, .1, .3);
	trial_look(&t);
	assert_int_equal(trial_wanted(&t, 0), 10);
	trial_done(&t);
}

static void rule_a_verdict_is_frozen_at_the_look_that_gave_it(void **state)
{
	struct trial t = new_trial(1);
	struct trial_result before, after;

	(void)state;
	trial_metric(&t, &ten_percent,
		     NULL); /* a second metric of workload 0, undecided */
	feed(&t, 0, 0, 11, 0, .01);
	feed(&t, 1, 0, 11, .08, .2);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	before = result_of(&t, 0);
	assert_int_equal(trial_wanted(&t, 0), 9);
	feed(&t, 0, 11, 20, 1, .01);
	feed(&t, 1, 11, 20, .08, .2);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	after = result_of(&t, 0);
	assert_int_equal(after.pairs, 11);
	assert_true(after.estimate == before.estimate && after.upper == before.upper);
	trial_done(&t);
}

/* --- verdicts -------------------------------------------------------------------- */

static void rule_a_regression_needs_the_bound_and_the_estimate(void **state)
{
	struct trial t = new_trial(1);
	struct trial_result r;

	(void)state;
	feed(&t, 0, 0, 10, log(1.09), .01); /* certainly slower, and not by 10 % */
	trial_look(&t);
	r = result_of(&t, 0);
	assert_true(r.lower > 0 && r.estimate < log(1.1));
	assert_int_not_equal(r.verdict, VERDICT_SUSPECTED);
	trial_done(&t);

	t = new_trial(1);
	feed(&t, 0, 0, 10, log(1.3), .4); /* 30 % in the middle, perhaps none */
	trial_look(&t);
	r = result_of(&t, 0);
	assert_true(r.lower <= 0 && r.estimate > log(1.1));
	assert_int_equal(r.verdict, VERDICT_OPEN);
	trial_done(&t);

	t = new_trial(1);
	feed(&t, 0, 0, 10, log(1.2), .05);
	trial_look(&t);
	r = result_of(&t, 0);
	assert_true(r.lower > 0 && r.estimate > log(1.1));
	assert_int_equal(r.verdict, VERDICT_SUSPECTED);
	trial_done(&t);
}

static void rule_exactly_the_threshold_is_a_regression_and_no_pass(void **state)
{
	struct trial t = new_trial(1);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		trial_add(&t, 0, (struct trial_pair){100 + i * 10, 110 + i * 11});
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_SUSPECTED, REASON_NONE);
	trial_done(&t);
}

static void rule_a_pass_has_its_bound_below_the_threshold_at_a_sixtieth(void **state)
{
	/* 10 pairs: c = 6 is the most with P(T <= c) <= .05/3. With itself and the next
	 * five the largest makes 6 averages above ln(1.1) = .0953. */
	double d[] = {-.03, -.02, -.01, -.01, .01, .02, .03, .04, .05, .2};
	struct trial t = new_trial(1);

	(void)state;
	feed_these(&t, 0, d, 10);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	assert_close(result_of(&t, 0).upper_level, .05 / 3);
	assert_true(result_of(&t, 0).upper < log(1.1));
	trial_done(&t);

	d[3] = 0; /* the seventh: .1 */
	t = new_trial(1);
	feed_these(&t, 0, d, 10);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_OPEN, REASON_NONE);
	assert_true(result_of(&t, 0).upper >= log(1.1));
	trial_done(&t);
}

static void rule_the_bound_of_a_pass_is_not_shared_in_the_family(void **state)
{
	struct trial one = new_trial(1), hundred = new_trial(100);

	(void)state;
	feed(&one, 0, 0, 10, .02, .08);
	trial_look(&one);
	feed(&hundred, 0, 0, 16, .02, .08);
	trial_look(&hundred);
	assert_verdict(&one, 0, VERDICT_PASS, REASON_NONE);
	assert_verdict(&hundred, 0, VERDICT_PASS, REASON_NONE);
	assert_close(result_of(&hundred, 0).upper_level, .05 / 3);
	assert_close(result_of(&hundred, 0).lower_level, .005 / 300);
	trial_done(&one);
	trial_done(&hundred);
}

static void rule_an_improvement_is_a_pass_below_0_and_stops_nothing(void **state)
{
	struct trial t = new_trial(3);

	(void)state;
	feed(&t, 0, 0, 11, -.1, .05);
	feed(&t, 1, 0, 11, -.01, .05);
	feed(&t, 2, 0, 11, -.2, .8); /* better, it seems, and no pass: it goes on */
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_IMPROVEMENT, REASON_NONE);
	assert_true(result_of(&t, 0).high < 0 && result_of(&t, 0).level == .95);
	assert_verdict(&t, 1, VERDICT_PASS, REASON_NONE);
	assert_true(result_of(&t, 1).high >= 0);
	assert_verdict(&t, 2, VERDICT_OPEN, REASON_NONE);
	assert_int_equal(trial_wanted(&t, 2), 9);
	trial_done(&t);
}

static void rule_inconclusive_says_what_was_detectable_and_the_pairs_needed(void **state)
{
	struct trial t = trial_of(5, &(struct trial_plan){.without_futility = true});
	double se, pairs, z = .8416212335729143; /* of .2 */
	struct trial_result r;

	(void)state;
	feed(&t, 0, 0, 12, .05, .3);
	trial_look(&t);
	feed(&t, 0, 12, 20, .05, .3);
	trial_look(&t);
	feed(&t, 0, 20, 40, .05, .3);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_OUT_OF_PAIRS);
	r = result_of(&t, 0);
	assert_true(r.spread > .25 && r.spread < .35);
	se = r.spread / sqrt(.955 * 40);
	/* 3.403 is z of .005/15. */
	assert_close(r.detectable,
		     fmax((-normal_quantile(.005 / 15) + z) * se, log(1.1) + z * se));
	pairs = pow((-normal_quantile(.05 / 3) + z) * r.spread / log(1.1), 2) / .955;
	assert_int_equal(r.pairs_needed, ceil(pairs));
	trial_done(&t);
}

static void rule_runs_stop_early_for_futility(void **state)
{
	struct trial_metric narrow = ten_percent;
	struct trial t = new_trial(0);

	(void)state;
	narrow.threshold = .01;
	trial_metric(&t, &narrow, NULL);
	feed(&t, 0, 0, 10, .08, .4);
	trial_look(&t);
	if (trial_wanted(&t, 0)) {
		feed(&t, 0, 10, 20, .08, .4);
		trial_look(&t);
	}
	assert_int_equal(trial_wanted(&t, 0), 0);
	assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_FUTILE);
	assert_true(result_of(&t, 0).pairs_needed > 1000);
	trial_done(&t);

	t = new_trial(1); /* as wide, but it looks like a regression */
	feed(&t, 0, 0, 10, .3, .4);
	trial_look(&t);
	assert_int_equal(trial_wanted(&t, 0), 10);
	trial_done(&t);

	t = new_trial(1); /* or like a pass, with a few more */
	feed(&t, 0, 0, 10, .03, .2);
	trial_look(&t);
	assert_int_equal(trial_wanted(&t, 0), 10);
	trial_done(&t);
}

/* --- confirmation ---------------------------------------------------------------- */

static struct trial suspected(double change)
{
	struct trial t = new_trial(1);

	feed(&t, 0, 0, 10, change, .01);
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_SUSPECTED, REASON_NONE);
	return t;
}

static int confirm(struct trial *t, double copy_change, double head_change, double spread)
{
	double base[TRIAL_TRIPLETS], copy[TRIAL_TRIPLETS], head[TRIAL_TRIPLETS];

	for (uint32_t i = 0; i < TRIAL_TRIPLETS; i++) {
		base[i] = 50;
		copy[i] = 50 * exp(copy_change + spread * noise(i + 7));
		head[i] = 50 * exp(head_change + spread * noise(i));
	}
	return trial_confirm(t, 0, &(struct trial_triplets){base, copy, head});
}

static void rule_a_regression_is_confirmed_by_triplets_and_has_their_size(void **state)
{
	struct trial t = suspected(.3);
	struct trial_result r;

	(void)state;
	assert_int_equal(confirm(&t, 0, .2, .02), 0);
	assert_verdict(&t, 0, VERDICT_REGRESSION, REASON_NONE);
	r = result_of(&t, 0);
	assert_true(fabs(r.estimate - .2) < .01 && r.low > .17 && r.high < .22);
	assert_int_equal(r.pairs, 20);
	assert_close(r.level, .9);
	assert_int_equal(confirm(&t, 0, .2, .02), -EINVAL); /* once */
	trial_done(&t);
}

static void rule_what_is_not_reproduced_is_inconclusive(void **state)
{
	static const double change[][2] = {
		{0, .02}, /* nothing there */
		{log1p(.1) / 2 - .01,
		 .01},	    /* certain, and less than half the threshold */
		{.12, .5},  /* large, and not certain */
		{-.3, .02}, /* the other way */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(change); i++) {
		struct trial t = suspected(.3);

		confirm(&t, 0, change[i][0], change[i][1]);
		assert_verdict(&t, 0, VERDICT_INCONCLUSIVE, REASON_NOT_REPRODUCED);
		trial_done(&t);
	}
}

static void rule_half_the_threshold_is_enough_in_triplets(void **state)
{
	struct trial t = suspected(.3);

	(void)state;
	confirm(&t, 0, log1p(.1) / 2 + .005, .01);
	assert_verdict(&t, 0, VERDICT_REGRESSION, REASON_NONE);
	trial_done(&t);
}

static void rule_untrusted_only_if_base_and_its_copy_differ(void **state)
{
	struct trial t = suspected(.3);

	(void)state;
	confirm(&t, .1, .3, .02); /* either way round */
	assert_verdict(&t, 0, VERDICT_UNTRUSTED, REASON_CONTROL);
	trial_done(&t);
	t = suspected(.3);
	confirm(&t, -.1, .3, .02);
	assert_verdict(&t, 0, VERDICT_UNTRUSTED, REASON_CONTROL);
	trial_done(&t);
	t = suspected(.3);
	confirm(&t, .03, .3, .01); /* certain, and less than half the threshold */
	assert_verdict(&t, 0, VERDICT_REGRESSION, REASON_NONE);
	trial_done(&t);
	t = suspected(.3);
	confirm(&t, .08, .3, .3); /* large, and not certain */
	assert_verdict(&t, 0, VERDICT_REGRESSION, REASON_NONE);
	trial_done(&t);
}

static void only_what_is_suspected_is_confirmed(void **state)
{
	struct trial t = new_trial(1);

	(void)state;
	assert_int_equal(confirm(&t, 0, .2, .02), -EINVAL);
	feed(&t, 0, 0, 10, 0, .01);
	trial_look(&t);
	assert_int_equal(confirm(&t, 0, .2, .02), -EINVAL);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	trial_done(&t);
	t = suspected(.3);
	assert_int_equal(confirm(&t, NAN, .2, .02), -EINVAL);
	assert_verdict(&t, 0, VERDICT_SUSPECTED, REASON_NONE);
	trial_done(&t);
}

/* --- what is refused ------------------------------------------------------------- */

static void plans_and_values_out_of_range_are_refused(void **state)
{
	struct trial_metric m = ten_percent;
	struct error err = {0};
	struct trial t;

	(void)state;
	assert_int_equal(trial_init(&t, &(struct trial_plan){.alpha = 1}, &err), -EINVAL);
	assert_int_equal(trial_init(&t, &(struct trial_plan){.alpha = NAN}, &err),
			 -EINVAL);
	assert_int_equal(trial_init(&t, &(struct trial_plan){.pairs_max = 1001}, &err),
			 -EINVAL);
	t = new_trial(1);
	m.threshold = -.1;
	assert_int_equal(trial_metric(&t, &m, &err), -EINVAL);
	m.threshold = NAN;
	assert_int_equal(trial_metric(&t, &m, &err), -EINVAL);
	m = ten_percent;
	m.threshold_units = -1;
	assert_int_equal(trial_metric(&t, &m, &err), -EINVAL);
	assert_int_equal(trial_add(&t, 0, (struct trial_pair){NAN, 1}), -EINVAL);
	assert_int_equal(trial_add(&t, 0, (struct trial_pair){1, INFINITY}), -EINVAL);
	assert_int_equal(trial_wanted(&t, 0), 10);
	assert_int_equal(trial_wanted(&t, 99), 0); /* no such workload */
	trial_done(&t);
}

static void all_equal_pairs_pass(void **state)
{
	struct trial t = new_trial(1);
	struct trial_result r;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		trial_add(&t, 0, (struct trial_pair){4096, 4096});
	trial_look(&t);
	assert_verdict(&t, 0, VERDICT_PASS, REASON_NONE);
	r = result_of(&t, 0);
	assert_true(r.estimate == 0 && r.lower == 0 && r.upper == 0 && r.spread == 0);
	assert_int_equal(r.pairs_needed, 6); /* fewer cannot reach the level */
	trial_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			rule_d_is_the_logarithm_of_the_ratio_where_all_values_are_positive),
		cmocka_unit_test(rule_d_is_turned_where_bigger_is_better),
		cmocka_unit_test(
			rule_d_is_the_difference_with_a_threshold_in_units_otherwise),
		cmocka_unit_test(rule_the_estimate_is_hodges_and_lehmanns),
		cmocka_unit_test(
			rule_a_bound_is_infinite_where_n_is_too_small_for_the_level),
		cmocka_unit_test(rule_looks_are_taken_at_n1_20_and_40_pairs),
		cmocka_unit_test(rule_the_last_look_is_where_the_pairs_end),
		cmocka_unit_test(rule_n1_is_10_or_what_the_family_needs),
		cmocka_unit_test(rule_alpha_is_005_a_third_of_it_at_each_look),
		cmocka_unit_test(rule_holm_over_the_family),
		cmocka_unit_test(rule_the_family_counts_metrics_that_have_no_pairs),
		cmocka_unit_test(rule_what_an_earlier_look_rejected_counts_in_holm),
		cmocka_unit_test(rule_the_family_is_fixed_before_the_first_run),
		cmocka_unit_test(rule_metrics_that_do_not_gate_are_outside_of_the_family),
		cmocka_unit_test(rule_a_verdict_is_frozen_at_the_look_that_gave_it),
		cmocka_unit_test(rule_a_regression_needs_the_bound_and_the_estimate),
		cmocka_unit_test(rule_exactly_the_threshold_is_a_regression_and_no_pass),
		cmocka_unit_test(
			rule_a_pass_has_its_bound_below_the_threshold_at_a_sixtieth),
		cmocka_unit_test(rule_the_bound_of_a_pass_is_not_shared_in_the_family),
		cmocka_unit_test(rule_an_improvement_is_a_pass_below_0_and_stops_nothing),
		cmocka_unit_test(
			rule_inconclusive_says_what_was_detectable_and_the_pairs_needed),
		cmocka_unit_test(rule_runs_stop_early_for_futility),
		cmocka_unit_test(
			rule_a_regression_is_confirmed_by_triplets_and_has_their_size),
		cmocka_unit_test(rule_what_is_not_reproduced_is_inconclusive),
		cmocka_unit_test(rule_half_the_threshold_is_enough_in_triplets),
		cmocka_unit_test(rule_untrusted_only_if_base_and_its_copy_differ),
		cmocka_unit_test(only_what_is_suspected_is_confirmed),
		cmocka_unit_test(plans_and_values_out_of_range_are_refused),
		cmocka_unit_test(all_equal_pairs_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
