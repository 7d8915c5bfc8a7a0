/* The arithmetic of the judge: against R's answers (tests/oracle/stats.txt), against counting
 * all cases, and at the edges. */
#include <errno.h>
#include <float.h>
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
#include <profd/stats-family.h>
#include <profd/stats-mean.h>
#include <profd/stats-order.h>
#include <profd/stats-power.h>
#include <profd/stats-rank.h>

#define EXACT 1e-9

/* cmocka compares in single precision. */
static void assert_close(double is, double should, const char *what)
{
	if (is == should || fabs(is - should) <= EXACT * fabs(should))
		return;
	fail_msg("%s: %.17g and not %.17g", what, is, should);
}

/* --- the oracle's file ----------------------------------------------------------- */

struct line {
	char text[4096], *at;
	double d[64]; /* the last "sample" line's */
	double sorted[64];
	uint32_t n;
};

static const char *word(struct line *l)
{
	const char *w = strsep(&l->at, " \n");

	assert_non_null(w);
	return w;
}

static double number(struct line *l)
{
	const char *w = word(l);
	char *end;
	double x = strtod(w, &end);

	if (end == w || *end)
		fail_msg("'%s' is no number", w);
	return x;
}

static FILE *oracle_open(void)
{
	_cleanup_free_ char *path = xasprintf("%s/tests/oracle/stats.txt",
					      getenv("SRCDIR"));
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	return f;
}

static void read_sample(struct line *l)
{
	word(l); /* its kind */
	l->n = (uint32_t)number(l);
	assert_true(l->n <= 60);
	for (uint32_t i = 0; i < l->n; i++)
		l->sorted[i] = l->d[i] = number(l);
	order_sort(l->sorted, l->n);
}

/* Calls @check for every line that begins with @key, or fails if they are not @count. */
static void oracle_each(const char *key, uint32_t count, void (*check)(struct line *))
{
	FILE *f = oracle_open();
	struct line l = {.n = 0};
	uint32_t seen = 0;

	while (fgets(l.text, sizeof(l.text), f)) {
		const char *name;

		l.at = l.text;
		name = word(&l);
		if (!strcmp(name, "sample"))
			read_sample(&l);
		if (strcmp(name, key))
			continue;
		check(&l);
		seen++;
	}
	fclose(f);
	assert_int_equal(seen, count);
}

static void check_p(struct line *l)
{
	struct rank_test t;

	assert_int_equal(rank_test(l->d, l->n, &t), 0);
	assert_close(t.p_greater, number(l), "p greater");
	assert_close(t.p_less, number(l), "p less");
	assert_close(t.p_two_sided, number(l), "p two-sided");
}

static void check_estimate(struct line *l)
{
	assert_close(walsh_estimate(l->sorted, l->n), number(l), "estimate");
}

static void check_bounds(struct line *l)
{
	double level = number(l);
	struct rank_null null;

	assert_int_equal(rank_null_init(&null, l->n), 0);
	assert_close(walsh_lower(l->sorted, &null, level), number(l), "lower");
	assert_close(walsh_upper(l->sorted, &null, level), number(l), "upper");
	rank_null_done(&null);
}

static void check_order(struct line *l)
{
	static const double q[] = {.05, .25, .75, .95};

	assert_close(order_median(l->sorted, l->n), number(l), "median");
	for (unsigned i = 0; i < ARRAY_SIZE(q); i++)
		assert_close(order_quantile(l->sorted, l->n, q[i]), number(l),
			     "quantile");
	assert_close(order_iqr(l->sorted, l->n), number(l), "iqr");
	assert_close(order_mad(l->sorted, l->n), number(l), "mad");
}

static void check_normal(struct line *l)
{
	double p = number(l), z = number(l);

	assert_close(normal_quantile(p), z, "normal quantile");
	assert_close(normal_cdf(z), p, "normal cdf");
}

static void check_student(struct line *l)
{
	double p = number(l), df = number(l);

	assert_close(student_quantile(p, df), number(l), "t");
}

static void check_binomial(struct line *l)
{
	uint32_t k = (uint32_t)number(l), n = (uint32_t)number(l);
	double level = number(l);

	assert_close(binomial_lower(k, n, level), number(l), "binomial lower");
	assert_close(binomial_upper(k, n, level), number(l), "binomial upper");
}

/* R gives each p the level at which it would just be rejected. */
static void check_holm(struct line *l)
{
	uint32_t m = (uint32_t)number(l);
	double p[20], adjusted[20], level[20];
	bool rejected[20];

	for (uint32_t i = 0; i < m; i++)
		p[i] = number(l);
	for (uint32_t i = 0; i < m; i++)
		adjusted[i] = number(l);
	for (uint32_t i = 0; i < m; i++) {
		if (adjusted[i] >= 1 || adjusted[i] == 0)
			continue;
		holm(p, m, m, adjusted[i] * (1 + EXACT), rejected, level);
		assert_true(rejected[i]);
		holm(p, m, m, adjusted[i] * (1 - EXACT), rejected, level);
		assert_false(rejected[i]);
	}
}

static void check_fewest(struct line *l)
{
	double level = number(l);

	assert_int_equal(power_fewest(level), number(l));
}

static void check_detectable(struct line *l)
{
	double s = number(l);
	uint32_t n = (uint32_t)number(l);
	double threshold = number(l), level = number(l);

	assert_close(power_detectable(s, n, threshold, level), number(l), "detectable");
}

static void check_pairs(struct line *l)
{
	double s = number(l), threshold = number(l), level = number(l);

	assert_int_equal(power_pairs(s, threshold, level), number(l));
}

static void check_mean(struct line *l)
{
	uint32_t n = (uint32_t)number(l);
	double level = number(l), x[30];
	struct mean m;

	for (uint32_t i = 0; i < n; i++)
		x[i] = number(l);
	m = mean_of(x, n);
	assert_close(m.mean, number(l), "mean");
	assert_close(m.variance, number(l), "variance");
	assert_close(mean_margin(&m, 0, level), number(l), "margin");
	assert_close(mean_prediction(&m, level), number(l), "prediction");
}

static void signed_rank_p_is_that_of_r_with_ties_and_zeros(void **state)
{
	(void)state;
	oracle_each("p", 140, check_p);
}

static void hodges_lehmann_is_that_of_r(void **state)
{
	(void)state;
	oracle_each("estimate", 140, check_estimate);
}

static void bounds_are_those_of_r_and_infinite_where_n_is_too_small(void **state)
{
	(void)state;
	oracle_each("bounds", 840, check_bounds);
}

static void quantiles_are_those_of_r(void **state)
{
	(void)state;
	oracle_each("order", 140, check_order);
}

static void distributions_are_those_of_r(void **state)
{
	(void)state;
	oracle_each("normal", 13, check_normal);
	oracle_each("student", 100, check_student);
	oracle_each("binomial", 168, check_binomial);
}

static void holm_is_that_of_r(void **state)
{
	(void)state;
	oracle_each("holm", 4, check_holm);
}

static void detectable_and_pairs_needed_are_those_of_r(void **state)
{
	(void)state;
	oracle_each("fewest", 5, check_fewest);
	oracle_each("detectable", 60, check_detectable);
	oracle_each("pairs", 20, check_pairs);
}

static void means_and_predictions_are_those_of_r(void **state)
{
	(void)state;
	oracle_each("mean", 4, check_mean);
}

/* --- all cases ------------------------------------------------------------------- */

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* The rank of |d[i]| by its definition: those below, half of those equal, half a one. */
static double midrank(const double *d, uint32_t n, uint32_t i)
{
	double rank = .5;

	for (uint32_t j = 0; j < n; j++) {
		rank += fabs(d[j]) < fabs(d[i]);
		rank += fabs(d[j]) == fabs(d[i]) ? .5 : 0;
	}
	return rank;
}

static double sum_of(const double *rank, uint32_t n, uint32_t positive)
{
	double t = 0;

	for (uint32_t i = 0; i < n; i++)
		t += positive & 1u << i ? rank[i] : 0;
	return t;
}

static void compare_with_all_signs(const double *d, uint32_t n)
{
	uint32_t greater = 0, less = 0, positive = 0;
	struct rank_test test;
	double rank[12];

	for (uint32_t i = 0; i < n; i++) {
		rank[i] = d[i] == 0 ? 0 : midrank(d, n, i);
		positive |= d[i] > 0 ? 1u << i : 0;
	}
	/* A zero has the rank 0, so its sign only counts every case twice. */
	for (uint32_t signs = 0; signs < 1u << n; signs++) {
		greater += sum_of(rank, n, signs) >= sum_of(rank, n, positive);
		less += sum_of(rank, n, signs) <= sum_of(rank, n, positive);
	}
	assert_int_equal(rank_test(d, n, &test), 0);
	assert_close(test.t, sum_of(rank, n, positive), "T");
	assert_close(test.p_greater, ldexp(greater, -(int)n), "p greater");
	assert_close(test.p_less, ldexp(less, -(int)n), "p less");
}

static void signed_rank_p_is_the_share_of_all_signs(void **state)
{
	double d[12];

	(void)state;
	random_state = 7;
	for (uint32_t n = 1; n <= 12; n++) {
		for (uint32_t sizes = 1; sizes < 20; sizes++) {
			for (uint32_t i = 0; i < n; i++)
				d[i] = ((double)random_below(2 * sizes + 1) - sizes) / 3;
			compare_with_all_signs(d, n);
		}
	}
}

/* Of all signs that a sample can have, those whose lower bound is above 0. */
static uint32_t wrong_bounds(const double *sizes, const struct rank_null *null,
			     double level)
{
	uint32_t wrong = 0;

	for (uint32_t signs = 0; signs < 1u << null->n; signs++) {
		double d[12];

		for (uint32_t i = 0; i < null->n; i++)
			d[i] = signs & 1u << i ? sizes[i] : -sizes[i];
		order_sort(d, null->n);
		wrong += walsh_lower(d, null, level) > 0;
		assert_true((walsh_lower(d, null, level) > 0) ==
			    (walsh_p_above(d, null, 0) <= level));
		assert_true((walsh_upper(d, null, level) < .5) ==
			    (walsh_p_below(d, null, .5) <= level));
	}
	return wrong;
}

static void
bounds_are_wrong_no_more_often_than_their_level_given_ties_and_zeros(void **state)
{
	static const double levels[] = {.1, .05, .025, .05 / 3, .005 / 3};
	double sizes[12];

	(void)state;
	random_state = 11;
	for (uint32_t n = 1; n <= 10; n++) {
		struct rank_null null;

		rank_null_init(&null, n);
		for (uint32_t kinds = 1; kinds <= 12; kinds += n > 8 ? 4 : 1) {
			for (uint32_t i = 0; i < n; i++)
				sizes[i] = random_below(kinds) * .25;
			for (unsigned k = 0; k < ARRAY_SIZE(levels); k++)
				assert_true(ldexp(wrong_bounds(sizes, &null, levels[k]),
						  -(int)n) <= levels[k]);
		}
		/* Without ties it is as often as the steps of the distribution allow. */
		for (uint32_t i = 0; i < n; i++)
			sizes[i] = i + 1 + 1. / (i + 2);
		for (unsigned k = 0; k < ARRAY_SIZE(levels); k++) {
			int64_t c = rank_null_critical(&null, levels[k]);

			assert_close(
				ldexp(wrong_bounds(sizes, &null, levels[k]), -(int)n),
				c < 0 ? 0 : null.cdf[c], "wrong bounds");
		}
		rank_null_done(&null);
	}
}

static void counts_of_averages_are_those_of_all_of_them(void **state)
{
	double d[12];

	(void)state;
	random_state = 13;
	for (uint32_t round = 0; round < 500; round++) {
		uint32_t n = random_below(13), most = 0, least = 0;
		double x = ((double)random_below(9) - 4) / 4;

		for (uint32_t i = 0; i < n; i++)
			d[i] = ((double)random_below(9) - 4) / 2;
		order_sort(d, n);
		for (uint32_t i = 0; i < n; i++) {
			for (uint32_t j = i; j < n; j++) {
				most += (d[i] + d[j]) / 2 <= x;
				least += (d[i] + d[j]) / 2 >= x;
			}
		}
		assert_int_equal(walsh_at_most(d, n, x), most);
		assert_int_equal(walsh_at_least(d, n, x), least);
	}
}

static void selection_is_what_sorting_finds(void **state)
{
	double x[200], sorted[200];

	(void)state;
	random_state = 17;
	for (uint32_t round = 0; round < 500; round++) {
		uint32_t n = 1 + random_below(200), k = random_below(n);

		for (uint32_t i = 0; i < n; i++)
			x[i] = sorted[i] = random_below(1 + round % 50);
		order_sort(sorted, n);
		assert_true(order_select(x, n, k) == sorted[k]);
		for (uint32_t i = 0; i < n; i++)
			assert_true(i < k ? x[i] <= x[k] : x[i] >= x[k]);
	}
}

/* --- edges ----------------------------------------------------------------------- */

static void some_hundred_differences_are_exact_and_too_many_are_refused(void **state)
{
	_cleanup_free_ double *d = xcalloc(RANK_MAX + 1, sizeof(*d));
	struct rank_null null;
	struct rank_test t;

	(void)state;
	for (uint32_t i = 0; i < RANK_MAX; i++)
		d[i] = i + 1;
	assert_int_equal(rank_test(d, 400, &t), 0);
	assert_close(t.p_greater, 0x1p-400, "all of 400 positive");
	d[0] = -1; /* one subset is as far out, and one farther */
	assert_int_equal(rank_test(d, 400, &t), 0);
	assert_close(t.p_greater, 0x1p-399, "all but the smallest");
	assert_int_equal(rank_test(d, RANK_MAX + 1, &t), -E2BIG);
	assert_int_equal(rank_null_init(&null, RANK_MAX + 1), -E2BIG);
	assert_int_equal(rank_null_init(&null, 300), 0);
	assert_close(null.cdf[0], 0x1p-300, "none");
	assert_close(null.cdf[4], 7 * 0x1p-300, "1, 2, 1+2, 3, 1+3, 4");
	assert_close(null.cdf[300 * 301 / 4 - 1] + null.cdf[300 * 301 / 4], 1,
		     "the middle");
	rank_null_done(&null);
}

static void nothing_is_no_number(void **state)
{
	struct rank_test t;
	struct rank_null null;

	(void)state;
	assert_true(isnan(order_median(NULL, 0)));
	assert_true(isnan(order_mad(NULL, 0)));
	assert_true(isnan(walsh_estimate(NULL, 0)));
	assert_int_equal(rank_test(NULL, 0, &t), 0);
	assert_true(t.p_greater == 1 && t.p_less == 1 && t.p_two_sided == 1);
	assert_int_equal(rank_null_init(&null, 0), 0);
	assert_true(walsh_lower(NULL, &null, .5) == -INFINITY);
	assert_true(walsh_upper(NULL, &null, .5) == INFINITY);
	rank_null_done(&null);
}

static void quantiles_of_the_ends_are_infinite(void **state)
{
	(void)state;
	assert_true(normal_quantile(0) == -INFINITY && normal_quantile(1) == INFINITY);
	assert_true(student_quantile(0, 3) == -INFINITY &&
		    student_quantile(1, 3) == INFINITY);
	assert_true(normal_quantile(.5) == 0 && student_quantile(.5, 3) == 0);
	assert_true(normal_quantile(NAN) == -INFINITY);
}

static void holm_goes_on_only_after_a_rejection(void **state)
{
	static const double p[] = {.02, .011, .001, .2};
	double level[4];
	bool rejected[4];

	(void)state;
	/* .001 <= .05/4, .011 <= .05/3, .02 <= .05/2, .2 > .05 */
	assert_int_equal(holm(p, 4, 4, .05, rejected, level), 3);
	assert_true(rejected[0] && rejected[1] && rejected[2] && !rejected[3]);
	assert_close(level[3], .05, "level of the last");
	/* .001 <= .05/10, .011 > .05/9: here it ends, and at this level for all. */
	assert_int_equal(holm(p, 4, 10, .05, rejected, level), 1);
	assert_true(rejected[2] && !rejected[0] && !rejected[1]);
	assert_close(level[0], .05 / 9, "level where it ended");
	assert_close(level[3], .05 / 9, "level where it ended");
	/* One that would pass alone must not, behind one that did not. */
	assert_int_equal(holm((double[]){.03, .04}, 2, 2, .05, rejected, level), 0);
}

static void few_numbers_that_agree_by_luck_have_the_variance_that_is_known(void **state)
{
	static const double same[] = {3, 3, 3, 3};
	struct mean m = mean_of(same, 4);

	(void)state;
	assert_true(mean_margin(&m, 0, .025) == 0);
	assert_close(mean_margin(&m, 4, .025), -student_quantile(.025, 3), "margin");
	m = mean_of(same, 1);
	assert_true(mean_margin(&m, 4, .025) == INFINITY);
	assert_true(mean_prediction(&m, .025) == INFINITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_rank_p_is_that_of_r_with_ties_and_zeros),
		cmocka_unit_test(hodges_lehmann_is_that_of_r),
		cmocka_unit_test(bounds_are_those_of_r_and_infinite_where_n_is_too_small),
		cmocka_unit_test(quantiles_are_those_of_r),
		cmocka_unit_test(distributions_are_those_of_r),
		cmocka_unit_test(holm_is_that_of_r),
		cmocka_unit_test(detectable_and_pairs_needed_are_those_of_r),
		cmocka_unit_test(means_and_predictions_are_those_of_r),
		cmocka_unit_test(signed_rank_p_is_the_share_of_all_signs),
		cmocka_unit_test(
			bounds_are_wrong_no_more_often_than_their_level_given_ties_and_zeros),
		cmocka_unit_test(counts_of_averages_are_those_of_all_of_them),
		cmocka_unit_test(selection_is_what_sorting_finds),
		cmocka_unit_test(
			some_hundred_differences_are_exact_and_too_many_are_refused),
		cmocka_unit_test(nothing_is_no_number),
		cmocka_unit_test(quantiles_of_the_ends_are_infinite),
		cmocka_unit_test(holm_goes_on_only_after_a_rejection),
		cmocka_unit_test(
			few_numbers_that_agree_by_luck_have_the_variance_that_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
