/* Counting, and the normal distribution's answer to what such noise allows. */
#include <profd/selftest.h>

#include <math.h>
#include <string.h>

#include <profd/stats-dist.h>
#include <profd/stats-order.h>
#include <profd/stats-power.h>

static struct selftest_metric *metric_get(struct selftest *s, const char *workload,
					  const struct outcome_metric *m)
{
	struct selftest_metric *x;

	for (uint32_t i = 0; i < s->metrics.n; i++) {
		x = &s->metrics.v[i];
		if (!strcmp(x->workload, workload) && !strcmp(x->name, m->name))
			return x;
	}
	x = vec_add(&s->metrics);
	x->workload = xstrdup(workload);
	x->name = xstrdup(m->name);
	x->gating = m->gating;
	x->threshold = m->threshold;
	return x;
}

static void count_gating(struct selftest *s, const struct outcome_metric *m, bool *alarm,
			 bool *suspected)
{
	switch (m->verdict) {
	case VERDICT_REGRESSION:
		*alarm = *suspected = true;
		break;
	case VERDICT_UNTRUSTED:
		*suspected = true;
		s->untrusted++;
		break;
	case VERDICT_PASS:
	case VERDICT_IMPROVEMENT:
		s->decided++;
		break;
	default:
		*suspected |= m->reason == REASON_NOT_REPRODUCED;
		s->inconclusive++;
	}
}

void selftest_add(struct selftest *s, const struct outcome *o)
{
	bool alarm = false, suspected = false;

	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			const struct outcome_metric *m = &w->metrics[k];

			if (m->gating)
				count_gating(s, m, &alarm, &suspected);
			if (m->ratio && isfinite(m->spread))
				vec_push(&metric_get(s, w->name, m)->spreads, m->spread);
		}
	}
	s->gates++;
	s->alarms += alarm;
	s->suspected += suspected;
	s->family = o->plan.family;
	s->pairs_max = o->plan.pairs_max;
	s->seconds += o->plan.spent_s;
}

void selftest_done(struct selftest *s)
{
	for (uint32_t i = 0; i < s->metrics.n; i++) {
		free(s->metrics.v[i].workload);
		free(s->metrics.v[i].name);
		vec_done(&s->metrics.v[i].spreads);
	}
	vec_done(&s->metrics);
}

double selftest_bound(const struct selftest *s)
{
	return s->gates ? binomial_upper(s->alarms, s->gates, .05) : 1;
}

double selftest_spread(const struct selftest_metric *m)
{
	double median;
	double *x;

	if (!m->spreads.n)
		return NAN;
	x = xmemdup(m->spreads.v, m->spreads.n * sizeof(*x));
	order_sort(x, m->spreads.n);
	median = order_median(x, m->spreads.n);
	free(x);
	return median;
}

/* Both have to hold: the bound above 0, and the estimate at the threshold. */
double selftest_power(const struct selftest *s, const struct selftest_metric *m,
		      double threshold, double change)
{
	uint32_t family = s->family ? s->family : 1;
	double level = TRIAL_ALPHA / TRIAL_LOOKS / family;
	double error = power_error(selftest_spread(m), s->pairs_max);
	double needed = fmax(log1p(threshold), -normal_quantile(level) * error);

	if (!(error > 0))
		return log1p(change) >= needed;
	return normal_cdf((log1p(change) - needed) / error);
}

uint32_t selftest_worth(const struct selftest *s, const struct selftest_metric *m)
{
	double spread = selftest_spread(m);

	for (uint32_t percent = 1; percent < 100 && isfinite(spread); percent++) {
		double t = percent / 100.;

		if (selftest_power(s, m, t, 2 * t) >= 1 - POWER_TAIL &&
		    power_pairs(spread, log1p(t), TRIAL_PASS_LEVEL) <= s->pairs_max)
			return percent;
	}
	return 0;
}
