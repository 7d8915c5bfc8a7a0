/* Budgets, policies and exit statuses: what needs no runs. */
#include <profd/gate.h>

#include <math.h>
#include <string.h>

#include <profd/mem.h>
#include <profd/stats-order.h>

/* --- budgets ------------------------------------------------------------------------- */

static double multiplier(const struct config_limit *l, double strictness)
{
	if (l->kind == CONFIG_TIME && !l->at_least)
		return strictness;
	if ((l->kind == CONFIG_RATE || l->kind == CONFIG_SIZE_RATE) && l->at_least)
		return 1 / strictness;
	return 1;
}

void gate_budget(const struct config_metric *m, double strictness,
		 struct outcome_budget *ret)
{
	const struct config_limit *l = &m->budget;

	*ret = (struct outcome_budget){.given = l->given,
				       .at_least = l->at_least,
				       .base_limit = l->given ? l->value : NAN,
				       .limit = NAN,
				       .actual = NAN,
				       .multiplier = 1,
				       .text = l->text};
	if (!l->given)
		return;
	ret->multiplier = multiplier(l, strictness);
	ret->limit = l->value * ret->multiplier;
}

void gate_budget_hold(struct outcome_budget *b, double actual)
{
	b->actual = actual;
	b->exceeded = b->given && (b->at_least ? actual < b->limit : actual > b->limit);
}

static double sum_of(const double *x, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

double gate_stat(enum config_stat stat, const double *values, uint32_t n)
{
	_cleanup_free_ double *x = xcalloc((size_t)n + 1, sizeof(*x));

	if (!n)
		return NAN;
	memcpy(x, values, n * sizeof(*x));
	order_sort(x, n);
	switch (stat) {
	case CONFIG_P95:
		return order_quantile(x, n, .95);
	case CONFIG_P99:
		return order_quantile(x, n, .99);
	case CONFIG_MIN:
		return x[0];
	case CONFIG_MAX:
		return x[n - 1];
	case CONFIG_SUM:
		return sum_of(x, n);
	default:
		return order_median(x, n);
	}
}

const char *gate_unit(const struct config_metric *m)
{
	switch (m->kind) {
	case CONFIG_TIME:
		return "s";
	case CONFIG_SIZE:
		return "B";
	case CONFIG_RATE:
		return "/s";
	case CONFIG_SIZE_RATE:
		return "B/s";
	case CONFIG_PERCENT:
		return "%";
	default:
		return m->unit && strcmp(m->unit, "count") != 0 ? m->unit : "";
	}
}

/* --- policies ------------------------------------------------------------------------ */

static enum outcome_effect effect_of(enum config_level l)
{
	if (l == CONFIG_LEVEL_FAIL)
		return OUTCOME_FAILS;
	return l == CONFIG_LEVEL_WARN ? OUTCOME_WARNS : OUTCOME_FINE;
}

static enum outcome_effect milder(enum outcome_effect a, enum outcome_effect b)
{
	return a < b ? a : b;
}

static enum outcome_effect effect_of_verdict(const struct config_policy *p,
					     enum verdict v)
{
	enum outcome_effect worse = effect_of(p->worse);

	switch (v) {
	case VERDICT_REGRESSION:
		return worse;
	case VERDICT_OPEN:
	case VERDICT_SUSPECTED:
	case VERDICT_INCONCLUSIVE:
		return milder(worse, effect_of(p->inconclusive));
	case VERDICT_UNTRUSTED:
		return milder(worse, effect_of(p->untrusted));
	case VERDICT_IMMATURE:
	case VERDICT_NOT_COMPARABLE:
	case VERDICT_NO_BASELINE:
		return milder(worse, effect_of(p->no_baseline));
	case VERDICT_FAILED:
	case VERDICT_TIMEOUT:
		return OUTCOME_FAILS;
	default:
		return OUTCOME_FINE;
	}
}

enum outcome_effect gate_effect(const struct config_policy *p, enum verdict v,
				bool budget_exceeded)
{
	enum outcome_effect e = effect_of_verdict(p, v), worse = effect_of(p->worse);

	return budget_exceeded && worse > e ? worse : e;
}

/* From the worst to the best; what is not in it comes last. */
enum verdict gate_worse(enum verdict a, enum verdict b)
{
	static const enum verdict order[] = {
		VERDICT_FAILED,	   VERDICT_TIMEOUT,	 VERDICT_REGRESSION,
		VERDICT_UNTRUSTED, VERDICT_INCONCLUSIVE, VERDICT_SUSPECTED,
		VERDICT_OPEN,	   VERDICT_NO_BASELINE,	 VERDICT_NOT_COMPARABLE,
		VERDICT_IMMATURE,  VERDICT_PASS,	 VERDICT_IMPROVEMENT,
		VERDICT_MEASURED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (order[i] == a || order[i] == b)
			return order[i];
	}
	return a;
}

/* --- exit status --------------------------------------------------------------------- */

/* What there is among all workloads. */
struct found {
	bool failed;	     /* a head did not end well */
	bool worse, unknown; /* and the policy is to fail */
	bool open;	     /* a metric that gates has no verdict, whatever the policy */
	bool warns;
};

static void look_at_metric(const struct outcome_metric *m, struct found *f)
{
	bool worse = m->verdict == VERDICT_REGRESSION || m->budget.exceeded;
	bool unknown = !worse && m->verdict != VERDICT_PASS &&
		       m->verdict != VERDICT_IMPROVEMENT &&
		       m->verdict != VERDICT_MEASURED;

	f->open |= unknown && m->gating;
	f->worse |= worse && m->effect == OUTCOME_FAILS;
	f->unknown |= unknown && m->effect == OUTCOME_FAILS;
	f->warns |= m->effect == OUTCOME_WARNS;
}

static void look_at(const struct outcome *o, struct found *f)
{
	*f = (struct found){0};
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		/* Its metrics say nothing any more: it fails whatever they are. */
		if (w->verdict == VERDICT_FAILED || w->verdict == VERDICT_TIMEOUT) {
			f->failed = true;
			continue;
		}
		f->warns |= w->effect == OUTCOME_WARNS;
		if (!w->nmetrics)
			f->unknown |= w->effect == OUTCOME_FAILS;
		for (uint32_t k = 0; k < w->nmetrics; k++)
			look_at_metric(&w->metrics[k], f);
	}
}

int gate_exit(const struct outcome *o, enum config_mode mode,
	      enum outcome_effect *ret_effect)
{
	struct found f;

	look_at(o, &f);
	*ret_effect = OUTCOME_FAILS;
	if (f.failed)
		return 4;
	if (f.worse || f.unknown) {
		if (mode == CONFIG_GATE)
			return f.worse ? 1 : 3;
		f.warns = true;
	}
	*ret_effect = f.warns && mode != CONFIG_OBSERVE ? OUTCOME_WARNS : OUTCOME_FINE;
	return 0;
}

int gate_bisect_exit(const struct outcome *o)
{
	struct found f;

	look_at(o, &f);
	if (f.failed)
		return 125;
	if (f.worse)
		return 1;
	return f.open || f.unknown ? 125 : 0;
}
