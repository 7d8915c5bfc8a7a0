/* Intervals beside the trial's: of pairs that nobody judges, and of what the machine itself
 * drifted. */
#include "gate-priv.h"

#include <math.h>

#include <profd/coin.h>
#include <profd/mem.h>
#include <profd/stats-order.h>
#include <profd/stats-rank.h>

const struct outcome_interval gate_nothing = {NAN, NAN, NAN, NAN};

/* Where bigger is better, the lower bound of the difference is the upper one of the value. */
void gate_interval_set(struct outcome_interval *ret, const struct trial_metric *m,
		       const struct trial_result *r, double change, double low,
		       double high, double level)
{
	ret->change = trial_change(m, r, change);
	ret->low = trial_change(m, r, m->bigger_is_better ? high : low);
	ret->high = trial_change(m, r, m->bigger_is_better ? low : high);
	ret->level = level;
}

/* Estimate and 95 % interval of differences in any order, which are sorted. */
static void interval_of(double *d, uint32_t n, bool ratio, struct outcome_interval *ret)
{
	const struct trial_metric plain = {.gating = false};
	const struct trial_result shape = {.ratio = ratio};
	struct rank_null null;

	*ret = gate_nothing;
	if (!n || n > RANK_MAX)
		return;
	order_sort(d, n);
	rank_null_init(&null, n);
	gate_interval_set(ret, &plain, &shape, walsh_estimate(d, n),
			  walsh_lower(d, &null, .025), walsh_upper(d, &null, .025), .95);
	rank_null_done(&null);
}

bool gate_all_positive(const struct trial_pair *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!(p[i].base > 0 && p[i].head > 0))
			return false;
	}
	return true;
}

static double difference(double from, double to, bool ratio)
{
	return ratio ? log(to) - log(from) : to - from;
}

/* Of the first @n pairs. */
void gate_interval_of_pairs(const struct gauge *x, uint32_t n, bool ratio,
			    struct outcome_interval *ret)
{
	_cleanup_free_ double *d = xcalloc((size_t)n + 1, sizeof(*d));

	for (uint32_t i = 0; i < n; i++)
		d[i] = difference(x->pairs.v[i].base, x->pairs.v[i].head, ratio);
	interval_of(d, n, ratio, ret);
}

/* The last run of a pair and the first one of the next were neighbours; where both were of
 * the same side, they differ by what the machine did. */
void gate_drift_of(const struct gate *g, const struct bout *b, const struct gauge *x,
		   bool ratio, struct outcome_interval *ret)
{
	_cleanup_free_ double *d = xcalloc((size_t)x->pairs.n + 1, sizeof(*d));
	uint32_t n = 0;

	for (uint32_t i = 0; i + 1 < x->pairs.n; i++) {
		const struct trial_pair *p = &x->pairs.v[i];
		bool head = !coin_head_first(g->o->seed, b->index, x->order.v[i]);

		if (x->order.v[i + 1] != x->order.v[i] + 1 ||
		    head != coin_head_first(g->o->seed, b->index, x->order.v[i + 1]))
			continue;
		d[n++] = head ? difference(p[0].head, p[1].head, ratio)
			      : difference(p[0].base, p[1].base, ratio);
	}
	interval_of(d, n, ratio, ret);
}
