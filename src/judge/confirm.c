/* A suspected regression against fresh triplets: base, a copy of base, head. The copy shows
 * what a path and a place in memory do here by themselves. */
#include <errno.h>
#include <math.h>

#include "trial-priv.h"

#define CONFIRM_LEVEL .05 /* one-sided */
#define CONTROL_LEVEL .01 /* two-sided */

static bool all_finite(const double *x)
{
	for (uint32_t i = 0; i < TRIAL_TRIPLETS; i++) {
		if (!isfinite(x[i]))
			return false;
	}
	return true;
}

/* Half the threshold of a sample: less than that is no finding, significant or not. */
static bool is_large(const struct sample *s, double estimate)
{
	return estimate >= s->limit / 2;
}

static bool control_differs(const struct trial_metric *m, const struct trial_triplets *x)
{
	struct rank_test test;
	struct sample s;
	bool differs;

	sample_init(&s, m, x->base, x->copy, 1, TRIAL_TRIPLETS);
	rank_test(s.d, s.n, &test);
	differs = test.p_two_sided < CONTROL_LEVEL &&
		  is_large(&s, fabs(walsh_estimate(s.d, s.n)));
	sample_done(&s);
	return differs;
}

static void measure(const struct sample *s, struct size *ret)
{
	struct rank_null null;

	rank_null_init(&null, s->n);
	ret->ratio = s->ratio;
	ret->estimate = walsh_estimate(s->d, s->n);
	ret->level = 1 - 2 * CONFIRM_LEVEL;
	ret->low = walsh_lower(s->d, &null, CONFIRM_LEVEL);
	ret->high = walsh_upper(s->d, &null, CONFIRM_LEVEL);
	rank_null_done(&null);
}

static bool head_is_worse(const struct sample *s, double estimate)
{
	struct rank_test test;

	rank_test(s->d, s->n, &test);
	return test.p_greater < CONFIRM_LEVEL && is_large(s, estimate);
}

int trial_confirm(struct trial *t, uint32_t metric, const struct trial_triplets *x)
{
	struct trial_entry *e = &t->entries.v[metric];
	struct sample s;

	if (e->verdict != VERDICT_SUSPECTED || !all_finite(x->base) ||
	    !all_finite(x->copy) || !all_finite(x->head))
		return -EINVAL;
	sample_init(&s, &e->metric, x->base, x->head, 1, TRIAL_TRIPLETS);
	measure(&s, &e->size);
	e->confirmed = true;
	if (control_differs(&e->metric, x)) {
		e->verdict = VERDICT_UNTRUSTED;
		e->reason = REASON_CONTROL;
	} else if (isnan(s.limit)) {
		e->verdict = VERDICT_INCONCLUSIVE;
		e->reason = REASON_NO_UNITS;
	} else if (head_is_worse(&s, e->size.estimate)) {
		e->verdict = VERDICT_REGRESSION;
	} else {
		e->verdict = VERDICT_INCONCLUSIVE;
		e->reason = REASON_NOT_REPRODUCED;
	}
	sample_done(&s);
	return 0;
}
