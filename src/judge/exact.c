/* Metrics that repeat exactly are compared directly. */
#include <profd/exact.h>

#include <errno.h>
#include <math.h>

#include "trial-priv.h"

static int check_side(const struct exact_side *side)
{
	if (side->n < 2)
		return -EINVAL;
	for (uint32_t i = 0; i < side->n; i++) {
		if (!isfinite(side->values[i]))
			return -EINVAL;
	}
	for (uint32_t i = 1; i < side->n; i++) {
		if (side->values[i] != side->values[0])
			return -EDOM;
	}
	return 0;
}

int exact_judge(const struct trial_metric *m, const struct exact_side *base,
		const struct exact_side *head, enum verdict *ret_verdict,
		double *ret_change)
{
	int r = check_side(base), r_head = check_side(head);
	struct trial_result shape;
	struct sample s;
	double d, limit;

	if (r == -EINVAL || r_head == -EINVAL)
		return -EINVAL;
	if (r < 0 || r_head < 0)
		return -EDOM;
	sample_init(&s, m, base->values, head->values, 1, 1);
	shape = (struct trial_result){.ratio = s.ratio};
	d = s.d[0];
	limit = s.limit;
	sample_done(&s);
	if (isnan(limit))
		return -EINVAL;
	/* Without a threshold to speak of, no change is no regression. */
	if (d > 0 && d >= limit)
		*ret_verdict = VERDICT_REGRESSION;
	else
		*ret_verdict = d < 0 ? VERDICT_IMPROVEMENT : VERDICT_PASS;
	*ret_change = trial_change(m, &shape, d);
	return 0;
}
