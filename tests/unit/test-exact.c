/* Metrics that repeat exactly. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <profd/exact.h>
#include <profd/mem.h>

static const struct trial_metric ten_percent = {
	.gating = true, .threshold = .1, .threshold_units = NAN};

static int judge_exactly(const struct trial_metric *m, double base, double head,
			 enum verdict *verdict, double *change)
{
	double b[] = {base, base}, h[] = {head, head};

	return exact_judge(m, &(struct exact_side){b, 2}, &(struct exact_side){h, 2},
			   verdict, change);
}

static void rule_exact_metrics_that_repeat_are_compared_directly(void **state)
{
	static const struct {
		double base, head, change;
		enum verdict verdict;
	} cases[] = {
		{1000, 1100, .1, VERDICT_REGRESSION},
		{1000, 1099, .099, VERDICT_PASS},
		{1000, 1000, 0, VERDICT_PASS},
		{1000, 999, -.001, VERDICT_IMPROVEMENT},
	};
	struct trial_metric m = ten_percent;
	enum verdict v;
	double change;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			judge_exactly(&m, cases[i].base, cases[i].head, &v, &change), 0);
		assert_int_equal(v, cases[i].verdict);
		assert_true(fabs(change - cases[i].change) < 1e-12);
	}
	m.threshold = 0; /* every one is too much, and none is none */
	assert_int_equal(judge_exactly(&m, 1000, 1001, &v, &change), 0);
	assert_int_equal(v, VERDICT_REGRESSION);
	assert_int_equal(judge_exactly(&m, 1000, 1000, &v, &change), 0);
	assert_int_equal(v, VERDICT_PASS);
	assert_int_equal(judge_exactly(&m, 0, 3, &v, &change), -EINVAL);
	m.threshold_units = 2;
	assert_int_equal(judge_exactly(&m, 0, 3, &v, &change), 0);
	assert_true(v == VERDICT_REGRESSION && change == 3);
}

static void rule_exact_metrics_that_do_not_repeat_are_for_pairs(void **state)
{
	double same[] = {5, 5}, other[] = {5, 6}, bad[] = {5, NAN};
	enum verdict v;
	double change;

	(void)state;
	assert_int_equal(exact_judge(&ten_percent, &(struct exact_side){same, 2},
				     &(struct exact_side){other, 2}, &v, &change),
			 -EDOM);
	assert_int_equal(exact_judge(&ten_percent, &(struct exact_side){same, 1},
				     &(struct exact_side){same, 2}, &v, &change),
			 -EINVAL);
	assert_int_equal(exact_judge(&ten_percent, &(struct exact_side){bad, 2},
				     &(struct exact_side){same, 2}, &v, &change),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_exact_metrics_that_repeat_are_compared_directly),
		cmocka_unit_test(rule_exact_metrics_that_do_not_repeat_are_for_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
