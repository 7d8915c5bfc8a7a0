/* What was found, as a struct outcome. */
#include "gate-priv.h"

#include <math.h>
#include <stdio.h>

#include <profd/stats-order.h>
#include <profd/text.h>

/* --- one metric ---------------------------------------------------------------------- */

static double median_of(const double *v, uint32_t step, uint32_t n)
{
	_cleanup_free_ double *x = xcalloc((size_t)n + 1, sizeof(*x));

	for (uint32_t i = 0; i < n; i++) {
		x[i] = v[(size_t)i * step];
		if (isnan(x[i]))
			return NAN;
	}
	order_sort(x, n);
	return order_median(x, n);
}

static void fill_sizes(struct outcome_metric *m, const struct gauge *x, uint32_t n)
{
	if (m->confirmed) {
		m->base = median_of(&x->triplets[0][GATE_BASE], 3, x->ntriplets);
		m->head = median_of(&x->triplets[0][GATE_HEAD], 3, x->ntriplets);
		return;
	}
	m->base = n ? median_of(&x->pairs.v->base, 2, n) : NAN;
	m->head = n ? median_of(&x->pairs.v->head, 2, n) : NAN;
}

static void fill_bounds(struct outcome_metric *m, const struct gauge *x,
			const struct trial_result *r)
{
	bool turned = x->how.bigger_is_better;

	gate_interval_set(&m->decided, &x->how, r, r->estimate, r->low, r->high,
			  r->level);
	m->lower = trial_change(&x->how, r, turned ? r->upper : r->lower);
	m->upper = trial_change(&x->how, r, turned ? r->lower : r->upper);
	m->lower_level = turned ? r->upper_level : r->lower_level;
	m->upper_level = turned ? r->lower_level : r->upper_level;
	m->spread = r->spread;
	m->detectable = r->ratio ? expm1(r->detectable) : r->detectable;
	m->pairs_needed = r->pairs_needed;
}

/* Of a verdict that was left open there is only one cause that the trial does not know. */
static void settle(const struct gate *g, const struct bout *b, struct outcome_metric *m)
{
	bool in_time = b->in_time && b->planned >= g->plan.pairs_first;

	if (m->verdict == VERDICT_SUSPECTED) {
		m->verdict = VERDICT_INCONCLUSIVE;
		m->note = "suspected, but the runs that were to confirm it did not end "
			  "well";
	} else if (m->verdict == VERDICT_OPEN ||
		   (m->verdict == VERDICT_INCONCLUSIVE && !in_time &&
		    m->reason != REASON_FUTILE && m->reason != REASON_NOT_REPRODUCED &&
		    m->reason != REASON_NO_UNITS)) {
		m->verdict = VERDICT_INCONCLUSIVE;
		m->reason = REASON_TIME;
	}
}

static void fill_trial(struct gate *g, const struct bout *b, const struct gauge *x,
		       struct outcome_metric *m)
{
	struct trial_verdict v = trial_verdict(&g->trial, (uint32_t)x->trial);
	struct trial_result r;

	trial_read(&g->trial, (uint32_t)x->trial, &r);
	m->verdict = r.verdict;
	m->reason = r.reason;
	m->ratio = v.pairs ? r.ratio : gate_all_positive(x->pairs.v, x->pairs.n);
	m->confirmed = r.verdict == VERDICT_REGRESSION ||
		       r.reason == REASON_NOT_REPRODUCED ||
		       r.verdict == VERDICT_UNTRUSTED;
	m->pairs = v.pairs;
	gate_interval_of_pairs(x, v.pairs, m->ratio, &m->first);
	if (v.pairs)
		fill_bounds(m, x, &r);
	if (g->o->collect)
		m->verdict = VERDICT_OPEN;
	else
		settle(g, b, m);
	fill_sizes(m, x, v.pairs ? v.pairs : x->pairs.n);
}

static void fill_exact(const struct gauge *x, struct outcome_metric *m)
{
	m->exact = true;
	m->verdict = x->said;
	m->reason = x->reason;
	m->base = x->alone[GATE_BASE][0];
	m->head = x->alone[GATE_HEAD][0];
	m->ratio = !x->how.units_only && m->base > 0 && m->head > 0;
	m->pairs = EXACT_RUNS;
	if (isnan(x->change)) /* no threshold, so nobody asked the judge */
		m->decided.change = m->ratio ? m->head / m->base - 1 : m->head - m->base;
	else
		m->decided.change = x->change;
	m->decided.low = m->decided.high = m->decided.change;
	m->decided.level = 1;
}

/* Without a verdict by the trial: measured, or without a base. */
static void fill_plain(const struct gauge *x, struct outcome_metric *m)
{
	m->verdict = x->said == VERDICT_OPEN ? VERDICT_INCONCLUSIVE : x->said;
	m->reason = x->reason;
	m->pairs = x->pairs.n;
	m->ratio = gate_all_positive(x->pairs.v, x->pairs.n);
	fill_sizes(m, x, x->pairs.n);
	if (isfinite(m->base))
		gate_interval_of_pairs(x, x->pairs.n, m->ratio, &m->decided);
}

static void fill_budget(const struct gate *g, const struct gauge *x,
			struct outcome_metric *m)
{
	_cleanup_free_ double *heads = xcalloc((size_t)x->pairs.n + 1, sizeof(*heads));

	gate_budget(x->m, g->o->strictness, &m->budget);
	for (uint32_t i = 0; i < x->pairs.n; i++)
		heads[i] = x->pairs.v[i].head;
	gate_budget_hold(&m->budget, gate_stat(x->m->stat, heads, x->pairs.n));
	if (m->budget.given && !x->pairs.n && !m->note)
		m->note = "no run measured it, so that its budget was not judged";
}

static void fill_values(struct gate *g, struct gauge *x, struct outcome_metric *m)
{
	struct trial_pair *pairs;
	double(*triplets)[3];

	m->nvalues = x->pairs.n;
	m->ntriplets = x->ntriplets;
	if (m->nvalues) {
		pairs = arena_alloc(&g->out->arena, m->nvalues * sizeof(*pairs));
		memcpy(pairs, x->pairs.v, m->nvalues * sizeof(*pairs));
		m->values = pairs;
	}
	if (m->ntriplets) {
		triplets = arena_alloc(&g->out->arena, m->ntriplets * sizeof(*triplets));
		memcpy(triplets, x->triplets, m->ntriplets * sizeof(*triplets));
		m->triplets = (const double(*)[3])triplets;
	}
}

/* That head could not be compared is known by now: the trial was not asked, or in vain. */
static enum verdict without_base(const struct gate *g, const struct bout *b)
{
	if (g->o->no_base)
		return g->o->no_base_verdict;
	return b->head_only || b->base_gone ? VERDICT_NO_BASELINE : VERDICT_OPEN;
}

static void metric_init(struct outcome_metric *m, const struct config_metric *c)
{
	*m = (struct outcome_metric){
		.name = c->name,
		.unit = gate_unit(c),
		.stat = config_stat_word(c->stat),
		.bigger_is_better = c->direction == CONFIG_BIGGER,
		.gating = config_gates(c),
		.threshold = c->has_threshold ? c->threshold : NAN,
		.threshold_units = c->difference > 0 ? c->difference : NAN,
		.base = NAN,
		.head = NAN,
		.decided = gate_nothing,
		.first = gate_nothing,
		.lower = NAN,
		.lower_level = NAN,
		.upper = NAN,
		.upper_level = NAN,
		.spread = NAN,
		.detectable = NAN,
		.pairs_needed = UINT32_MAX,
		.drift = gate_nothing,
	};
}

static void fill_metric(struct gate *g, struct bout *b, struct gauge *x,
			struct outcome_metric *m)
{
	enum verdict gone = without_base(g, b);

	metric_init(m, x->m);
	if (x->m->has_threshold)
		m->threshold = x->how.threshold;
	m->note = x->note;
	if (gone != VERDICT_OPEN && x->judged) {
		x->said = gone;
		x->reason = REASON_NONE;
		fill_plain(x, m);
	} else if (x->repeats) {
		fill_exact(x, m);
	} else if (x->trial >= 0 && x->said == VERDICT_OPEN) {
		fill_trial(g, b, x, m);
	} else {
		fill_plain(x, m);
	}
	if (!b->head_only && !x->repeats)
		gate_drift_of(g, b, x, m->ratio, &m->drift);
	fill_budget(g, x, m);
	fill_values(g, x, m);
	m->effect = g->o->collect
			    ? OUTCOME_FINE
			    : gate_effect(&x->m->policy, m->verdict, m->budget.exceeded);
}

/* --- one workload -------------------------------------------------------------------- */

static const char *command_of(struct gate *g, const struct config_command *c)
{
	struct text t = {0};
	const char *kept;

	config_command_add(&t, c);
	kept = gate_keep(g, "%s", text_get(&t));
	text_done(&t);
	return kept;
}

static void fill_failures(struct gate *g, const struct bout *b,
			  struct outcome_workload *w)
{
	struct outcome_failure *f = arena_alloc(&g->out->arena, 2 * sizeof(*f));

	for (unsigned i = 0; i < 2; i++) {
		const struct mishap *x = &b->mishaps[i];

		if (!x->count)
			continue;
		f[w->nfailures++] = (struct outcome_failure){
			i ? "head" : "base", gate_keep(g, "%s", x->what),
			gate_keep(g, "%s", x->output), x->count};
	}
	w->failures = f;
}

/* Of the metrics that gate, where there are such; a regression always tells. */
static enum verdict worst_of(const struct outcome_workload *w)
{
	enum verdict gating = VERDICT_MEASURED, all = VERDICT_MEASURED;
	bool gates = false;

	for (uint32_t i = 0; i < w->nmetrics; i++) {
		const struct outcome_metric *m = &w->metrics[i];

		all = gate_worse(all, m->verdict);
		if (!m->gating && m->verdict != VERDICT_REGRESSION)
			continue;
		gates |= m->gating;
		gating = gate_worse(gating, m->verdict);
	}
	return gates ? gating : all;
}

/* What was measured before says nothing any more. */
static void metrics_failed(struct outcome_metric *m, uint32_t n, enum verdict v)
{
	for (uint32_t i = 0; i < n; i++) {
		m[i].verdict = v;
		m[i].reason = REASON_NONE;
		m[i].effect = m[i].gating ? OUTCOME_FAILS : OUTCOME_FINE;
	}
}

static enum verdict failure_of(const struct mishap *head)
{
	return head->end == BENCH_TIMEOUT ? VERDICT_TIMEOUT : VERDICT_FAILED;
}

static void workload_settle(struct outcome_workload *w, const struct mishap *head)
{
	w->verdict = worst_of(w);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].effect > w->effect)
			w->effect = w->metrics[i].effect;
	}
	if (!head || !head->count)
		return;
	w->verdict = failure_of(head);
	w->effect = OUTCOME_FAILS;
}

static void workload_name(struct gate *g, struct outcome_workload *w,
			  const struct config_workload *c)
{
	w->name = c->name;
	w->group = c->group;
	w->variant = c->variant;
	w->description = c->description;
	w->command = command_of(g, &c->command);
}

/* Metrics of base's that gate and that head's configuration has no more: a gate must not
 * vanish unseen. Returns how many were filled in. */
static uint32_t fill_gone(const struct config_workload *base,
			  const struct config_workload *head, struct outcome_metric *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; base && i < base->nmetrics; i++) {
		const struct config_metric *c = &base->metrics[i];

		if (!config_gates(c) || config_metric_find(head, c->name))
			continue;
		metric_init(&m[n], c);
		m[n].verdict = VERDICT_NOT_COMPARABLE;
		m[n].note = "head's configuration does not have it any more";
		m[n].effect = gate_effect(&c->policy, VERDICT_NOT_COMPARABLE, false);
		n++;
	}
	return n;
}

static void fill_workload(struct gate *g, struct bout *b, struct outcome_workload *w)
{
	const struct config_workload *base = config_workload_find(g->o->base_config,
								  b->w->name);
	uint32_t room = b->w->nmetrics + (base ? base->nmetrics : 0);
	struct outcome_metric *m = arena_alloc(&g->out->arena,
					       ((size_t)room + 1) * sizeof(*m));

	workload_name(g, w, b->w);
	for (uint32_t i = 0; i < b->w->nmetrics; i++)
		fill_metric(g, b, &b->gauges[i], &m[i]);
	if (b->mishaps[1].count)
		metrics_failed(m, b->w->nmetrics, failure_of(&b->mishaps[1]));
	w->metrics = m;
	w->nmetrics = b->w->nmetrics + fill_gone(base, b->w, m + b->w->nmetrics);
	w->runs = b->runs;
	w->pairs = b->pairs;
	w->warmup = b->w->warmup ? b->w->warmup : 1;
	w->seconds = b->seconds;
	fill_failures(g, b, w);
	workload_settle(w, &b->mishaps[1]);
}

static bool is_gone(const struct gate *g, const struct config_workload *base)
{
	return !g->o->chosen && !config_workload_find(g->o->config, base->name);
}

static void fill_gone_workload(struct gate *g, const struct config_workload *base,
			       struct outcome_workload *w)
{
	struct outcome_metric *m = arena_alloc(&g->out->arena,
					       ((size_t)base->nmetrics + 1) * sizeof(*m));

	workload_name(g, w, base);
	w->metrics = m;
	w->nmetrics = fill_gone(base, NULL, m);
	workload_settle(w, NULL);
}

static void fill_workloads(struct gate *g)
{
	const struct config *base = g->o->base_config;
	uint32_t room = g->n + (base ? base->nworkloads : 0);
	struct outcome_workload *w = arena_alloc(&g->out->arena,
						 ((size_t)room + 1) * sizeof(*w));

	g->out->workloads = w;
	for (uint32_t i = 0; i < g->n; i++)
		fill_workload(g, &g->bouts[i], &w[g->out->nworkloads++]);
	for (uint32_t i = 0; base && i < base->nworkloads; i++) {
		if (is_gone(g, &base->workloads[i]))
			fill_gone_workload(g, &base->workloads[i],
					   &w[g->out->nworkloads++]);
	}
}

/* --- all of it ----------------------------------------------------------------------- */

static void note_workload(struct gate *g, const struct bout *b)
{
	if (b->base_gone)
		vec_push(&g->notes,
			 gate_keep(g,
				   "%s: base did not end well (%s), so that there is "
				   "nothing to compare with",
				   b->w->name, b->mishaps[0].what));
	else if (b->head_only && !g->o->no_base)
		vec_push(&g->notes, gate_keep(g,
					      "%s is new: base's configuration does "
					      "not have it",
					      b->w->name));
	else if (b->judges && !b->stopped && b->planned < g->plan.pairs_first)
		vec_push(&g->notes,
			 gate_keep(g,
				   "%s: the time budget allowed %u pairs, and the "
				   "first look needs %u",
				   b->w->name, b->planned, g->plan.pairs_first));
}

static void fill_notes(struct gate *g)
{
	const struct config *base = g->o->base_config;
	double over = g->out->plan.spent_s - g->plan.time_budget_s;
	const char **notes;

	if (g->o->no_base)
		vec_push(&g->notes, gate_keep(g, "%s", g->o->no_base));
	for (uint32_t i = 0; i < g->n; i++)
		note_workload(g, &g->bouts[i]);
	for (uint32_t i = 0; base && i < base->nworkloads; i++) {
		if (is_gone(g, &base->workloads[i]))
			vec_push(&g->notes,
				 gate_keep(g,
					   "%s is gone: head's configuration does "
					   "not have it any more",
					   base->workloads[i].name));
	}
	if (g->plan.time_budget_s > 0 && over > 1)
		vec_push(&g->notes, gate_keep(g,
					      "the runs took %.0f s more than the "
					      "time budget",
					      over));
	notes = arena_alloc(&g->out->arena, (g->notes.n + 1) * sizeof(*notes));
	if (g->notes.n)
		memcpy(notes, g->notes.v, g->notes.n * sizeof(*notes));
	g->out->notes = notes;
	g->out->nnotes = g->notes.n;
}

static enum verdict overall(const struct outcome *o)
{
	enum verdict v = o->nworkloads ? o->workloads[0].verdict : VERDICT_MEASURED;

	for (uint32_t i = 1; i < o->nworkloads; i++)
		v = gate_worse(v, o->workloads[i].verdict);
	return v;
}

void gate_fill(struct gate *g)
{
	struct outcome *o = g->out;
	enum config_mode mode = g->o->mode ? g->o->mode : g->o->config->mode;

	o->plan = (struct outcome_plan){
		.alpha = TRIAL_ALPHA,
		.time_budget_s = g->plan.time_budget_s,
		.family = g->plan.family,
		.pairs_first = g->plan.pairs_first,
		.pairs_max = g->plan.pairs_max,
		.seed = g->o->seed,
		.planned_s = g->plan.planned_s,
		.spent_s = (double)(g->r->now_ns(g->r->arg) - g->start_ns +
				    g->o->spent_ns) /
			   1e9,
	};
	o->strictness = g->o->strictness;
	o->strictness_from = g->o->strictness_from;
	o->mode = config_mode_word(mode);
	o->tier = g->o->has_tier ? config_tier_word(g->o->tier) : NULL;
	fill_workloads(g);
	gate_limits(g->o->base_config, g->o->config, o);
	fill_notes(g);
	o->verdict = overall(o);
	o->exit_status = gate_exit(o, mode, &o->effect);
	if (g->o->bisect)
		o->exit_status = gate_bisect_exit(o);
}
