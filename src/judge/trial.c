/* A trial's metrics, pairs and looks. What a look decides is in look.c, the triplets in
 * confirm.c. */
#include <errno.h>
#include <math.h>

#include <profd/mem.h>
#include <profd/stats-power.h>

#include "trial-priv.h"

#define FIRST_LOOK 10
#define SECOND_LOOK 20
#define PAIRS_DEFAULT 40

int trial_init(struct trial *t, const struct trial_plan *plan, struct error *err)
{
	*t = (struct trial){.plan = *plan};
	if (!(plan->alpha >= 0 && plan->alpha < 1))
		return error_set(err, -EINVAL, "alpha is %g and not between 0 and 1",
				 plan->alpha);
	if (plan->pairs_max > TRIAL_PAIRS_MAX)
		return error_set(err, -EINVAL, "%u pairs: at most %d can be judged",
				 plan->pairs_max, TRIAL_PAIRS_MAX);
	if (t->plan.alpha == 0)
		t->plan.alpha = TRIAL_ALPHA;
	if (!t->plan.pairs_max)
		t->plan.pairs_max = PAIRS_DEFAULT;
	return 0;
}

void trial_done(struct trial *t)
{
	for (uint32_t i = 0; i < t->entries.n; i++)
		vec_done(&t->entries.v[i].pairs);
	vec_done(&t->entries);
}

int64_t trial_metric(struct trial *t, const struct trial_metric *m, struct error *err)
{
	if (t->family)
		return error_set(err, -EBUSY, "the metrics are fixed by the first pair");
	if (t->entries.n >= TRIAL_METRICS_MAX)
		return error_set(err, -E2BIG, "more than %d metrics", TRIAL_METRICS_MAX);
	if (!(m->threshold >= 0 && isfinite(m->threshold)) || m->threshold_units < 0 ||
	    isinf(m->threshold_units))
		return error_set(err, -EINVAL, "a threshold is negative or not finite");
	vec_add(&t->entries)->metric = *m;
	return t->entries.n - 1;
}

double trial_look_level(const struct trial *t)
{
	return t->plan.alpha / TRIAL_LOOKS;
}

/* Fixes the family, and with it the looks. */
void trial_start(struct trial *t)
{
	uint32_t first, max = t->plan.pairs_max, m = 0;

	if (t->family)
		return;
	for (uint32_t i = 0; i < t->entries.n; i++)
		m += t->entries.v[i].metric.gating;
	t->family = m ? m : 1;
	first = power_fewest(trial_look_level(t) / t->family);
	if (first < FIRST_LOOK)
		first = FIRST_LOOK;
	if (first < t->plan.pairs_first)
		first = t->plan.pairs_first;
	if (first < max)
		t->looks[t->nlooks++] = first;
	if (first < SECOND_LOOK && SECOND_LOOK < max)
		t->looks[t->nlooks++] = SECOND_LOOK;
	t->looks[t->nlooks++] = max;
}

static bool has_gate(const struct trial *t, uint32_t workload)
{
	for (uint32_t i = 0; i < t->entries.n; i++) {
		const struct trial_metric *m = &t->entries.v[i].metric;

		if (m->workload == workload && m->gating)
			return true;
	}
	return false;
}

/* Whether one of its metrics is a reason to run it again. */
static bool is_running(const struct trial *t, uint32_t workload)
{
	bool gates_only = has_gate(t, workload);

	for (uint32_t i = 0; i < t->entries.n; i++) {
		const struct trial_entry *e = &t->entries.v[i];

		if (e->metric.workload == workload && e->verdict == VERDICT_OPEN &&
		    !e->futile && (e->metric.gating || !gates_only))
			return true;
	}
	return false;
}

uint32_t trial_wanted(struct trial *t, uint32_t workload)
{
	uint32_t have = UINT32_MAX, want;

	trial_start(t);
	if (t->next_look == t->nlooks || !is_running(t, workload))
		return 0;
	for (uint32_t i = 0; i < t->entries.n; i++) {
		const struct trial_entry *e = &t->entries.v[i];

		if (e->metric.workload == workload && e->verdict == VERDICT_OPEN &&
		    e->pairs.n < have)
			have = e->pairs.n;
	}
	want = t->looks[t->next_look];
	return have < want ? want - have : 0;
}

int trial_add(struct trial *t, uint32_t metric, struct trial_pair pair)
{
	struct trial_entry *e = &t->entries.v[metric];

	trial_start(t);
	if (!isfinite(pair.base) || !isfinite(pair.head))
		return -EINVAL;
	if (e->pairs.n >= t->looks[t->nlooks - 1])
		return -E2BIG;
	vec_push(&e->pairs, pair);
	return 0;
}

static void read_pairs(const struct trial *t, const struct trial_entry *e,
		       struct trial_result *ret)
{
	struct rank_null null;
	struct sample s;

	entry_sample(e, e->pairs_used, &s);
	rank_null_init(&null, s.n);
	ret->ratio = s.ratio;
	ret->pairs = s.n;
	ret->estimate = walsh_estimate(s.d, s.n);
	ret->level = .95;
	ret->low = walsh_lower(s.d, &null, .025);
	ret->high = walsh_upper(s.d, &null, .025);
	ret->lower_level = e->lower_level;
	ret->lower = walsh_lower(s.d, &null, e->lower_level);
	ret->upper_level = TRIAL_PASS_LEVEL;
	ret->upper = walsh_upper(s.d, &null, TRIAL_PASS_LEVEL);
	ret->spread = power_spread(s.d, s.n);
	ret->detectable = power_detectable(ret->spread, s.n, s.limit,
					   trial_look_level(t) / t->family);
	ret->pairs_needed = power_pairs(ret->spread, s.limit, TRIAL_PASS_LEVEL);
	sample_done(&s);
	rank_null_done(&null);
}

/* No more pairs will come, whether or not the last look saw it. */
static bool is_over(const struct trial *t, const struct trial_entry *e)
{
	if (!t->family)
		return false;
	return t->next_look == t->nlooks || !is_running(t, e->metric.workload);
}

static enum verdict_reason why_open(const struct trial *t, const struct trial_entry *e)
{
	if (e->futile)
		return REASON_FUTILE;
	return t->next_look == t->nlooks ? REASON_OUT_OF_PAIRS : REASON_ENDED;
}

struct trial_verdict trial_verdict(const struct trial *t, uint32_t metric)
{
	const struct trial_entry *e = &t->entries.v[metric];
	struct trial_verdict v = {e->verdict, e->reason, e->pairs_used};

	if (v.verdict == VERDICT_OPEN && is_over(t, e)) {
		v.verdict = VERDICT_INCONCLUSIVE;
		v.reason = why_open(t, e);
	}
	return v;
}

void trial_read(const struct trial *t, uint32_t metric, struct trial_result *ret)
{
	const struct trial_entry *e = &t->entries.v[metric];
	struct trial_verdict v = trial_verdict(t, metric);

	*ret = (struct trial_result){.estimate = NAN,
				     .low = NAN,
				     .high = NAN,
				     .lower = NAN,
				     .upper = NAN,
				     .spread = NAN,
				     .detectable = NAN,
				     .pairs_needed = UINT32_MAX};
	ret->verdict = v.verdict;
	ret->reason = v.reason;
	if (e->pairs_used)
		read_pairs(t, e, ret);
	if (e->confirmed) {
		ret->pairs = TRIAL_TRIPLETS;
		ret->ratio = e->size.ratio;
		ret->estimate = e->size.estimate;
		ret->low = e->size.low;
		ret->high = e->size.high;
		ret->level = e->size.level;
	}
}

double trial_change(const struct trial_metric *m, const struct trial_result *r,
		    double difference)
{
	double signed_difference = m->bigger_is_better ? -difference : difference;

	return r->ratio ? expm1(signed_difference) : signed_difference;
}
