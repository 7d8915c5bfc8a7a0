/* The order of things: warm-up, exact runs, pairs and looks, triplets. What a run is and what
 * it costs is in gate-run.c and gate-plan.c, exact runs are in gate-exact.c, triplets in
 * gate-confirm.c, and what comes of it all in gate-fill.c. */
#include "gate-priv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include <profd/coin.h>
#include <profd/mem.h>

/* --- the bouts ----------------------------------------------------------------------- */

/* A threshold in units alone judges differences; beside a relative one it is for values that
 * are not all above 0. */
static struct trial_metric how_of(const struct gate *g, const struct config_metric *m)
{
	double relative = g->o->threshold;

	if (isnan(relative) || !m->has_threshold)
		relative = m->has_threshold ? m->threshold : 0;
	return (struct trial_metric){
		.gating = config_gates(m),
		.bigger_is_better = m->direction == CONFIG_BIGGER,
		.threshold = relative,
		.threshold_units = m->difference > 0 ? m->difference : NAN,
		.units_only = !m->has_threshold,
	};
}

static void gauge_init(struct gate *g, struct bout *b, struct gauge *x,
		       const struct config_metric *m)
{
	*x = (struct gauge){.m = m, .trial = -1, .change = NAN};
	x->how = how_of(g, m);
	x->judged = (m->has_threshold || m->difference > 0) &&
		    m->policy.worse != CONFIG_LEVEL_OFF;
	x->exact = m->exact;
	x->said = x->judged ? VERDICT_OPEN : VERDICT_MEASURED;
	for (unsigned i = 0; i < GATE_SIDES * EXACT_RUNS; i++)
		x->alone[i / EXACT_RUNS][i % EXACT_RUNS] = NAN;
	b->judges |= x->judged && !x->exact;
	b->exact |= x->exact;
}

/* A base without any configuration has what head's describes; one that has workloads has
 * those alone. */
static void bout_init(struct gate *g, struct bout *b, uint32_t index)
{
	const struct config *base = g->o->base_config;

	*b = (struct bout){.index = index, .w = &g->o->config->workloads[index]};
	b->in_time = true;
	b->gauges = xcalloc((size_t)b->w->nmetrics + 1, sizeof(*b->gauges));
	for (uint32_t i = 0; i < b->w->nmetrics; i++)
		gauge_init(g, b, &b->gauges[i], &b->w->metrics[i]);
	b->head_only = g->o->no_base || (base && !config_workload_find(base, b->w->name));
}

static uint32_t values_most(const struct config *c)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < c->nworkloads; i++) {
		if (c->workloads[i].nmetrics > most)
			most = c->workloads[i].nmetrics;
	}
	return most;
}

static void gate_init(struct gate *g)
{
	const struct config *c = g->o->config;
	uint64_t budget_ns = g->o->time_budget_ns ? g->o->time_budget_ns
						  : c->time_budget_ns;

	for (unsigned i = 0; i < GATE_SIDES; i++)
		g->values[i] = xcalloc((size_t)values_most(c) + 1, sizeof(double));
	g->bouts = xcalloc((size_t)c->nworkloads + 1, sizeof(*g->bouts));
	for (uint32_t i = 0; i < c->nworkloads; i++) {
		if (!g->o->chosen || g->o->chosen[i])
			bout_init(g, &g->bouts[g->n++], i);
	}
	g->start_ns = g->r->now_ns(g->r->arg);
	if (budget_ns)
		g->deadline_ns = g->start_ns + (budget_ns > g->o->spent_ns
							? budget_ns - g->o->spent_ns
							: 1);
	g->plan.time_budget_s = (double)budget_ns / 1e9;
}

static void gate_done(struct gate *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];

		for (uint32_t k = 0; k < b->w->nmetrics; k++) {
			vec_done(&b->gauges[k].pairs);
			vec_done(&b->gauges[k].order);
			free(b->gauges[k].triplets);
		}
		for (unsigned k = 0; k < ARRAY_SIZE(b->mishaps); k++) {
			free(b->mishaps[k].what);
			free(b->mishaps[k].output);
		}
		free(b->gauges);
	}
	for (unsigned i = 0; i < GATE_SIDES; i++)
		free(g->values[i]);
	free(g->bouts);
	free(g->plan.workloads);
	vec_done(&g->notes);
	trial_done(&g->trial);
}

/* --- warm-up ------------------------------------------------------------------------- */

/* Values that are missing now will be missing later: the metric has no base, or no head. */
static void look_for_values(struct gate *g, struct bout *b)
{
	for (uint32_t i = 0; i < b->w->nmetrics; i++) {
		struct gauge *x = &b->gauges[i];

		if (x->exact)
			continue;
		if (!isfinite(g->values[GATE_HEAD][i])) {
			x->said = VERDICT_NOT_COMPARABLE;
			x->note = "head did not report it";
		} else if (!b->head_only && !isfinite(g->values[GATE_BASE][i])) {
			x->said = VERDICT_NO_BASELINE;
			x->note = "base did not report it";
		}
	}
}

static int warm_up_side(struct gate *g, struct bout *b, enum gate_side side)
{
	uint32_t n = b->w->warmup ? b->w->warmup : 1;
	int r = 1;

	for (uint32_t i = 0; i < n && r == 1 && !b->stopped; i++) {
		struct gate_run run = {.side = side, .index = i, .dropped = true};

		r = gate_run_one(g, b, &run);
	}
	return r < 0 ? r : 0;
}

/* Both sides, also after base failed: whether head runs is worth knowing in any case. */
static int warm_up(struct gate *g, struct bout *b)
{
	int r = b->head_only ? 0 : warm_up_side(g, b, GATE_BASE);

	if (r < 0)
		return r;
	r = warm_up_side(g, b, GATE_HEAD);
	if (r == 0 && !b->stopped)
		look_for_values(g, b);
	return r;
}

/* --- pairs --------------------------------------------------------------------------- */

static void keep_pair(struct gate *g, struct bout *b, uint32_t index, bool exact)
{
	for (uint32_t i = 0; i < b->w->nmetrics; i++) {
		struct gauge *x = &b->gauges[i];
		struct trial_pair p = {g->values[GATE_BASE][i], g->values[GATE_HEAD][i]};

		if (x->exact != exact || x->repeats || !isfinite(p.head) ||
		    (!b->head_only && !isfinite(p.base)))
			continue;
		if (b->head_only)
			p.base = NAN;
		vec_push(&x->pairs, p);
		vec_push(&x->order, index);
		if (x->trial >= 0 && x->said == VERDICT_OPEN)
			trial_add(&g->trial, (uint32_t)x->trial, p);
	}
}

/* Returns 1: it is complete; 0: a run did not end well; a negative errno. */
static int run_pair(struct gate *g, struct bout *b, bool exact)
{
	bool head_first = coin_head_first(g->o->seed, b->index, b->pairs);
	uint32_t padding = coin_padding(g->o->seed, b->index, b->pairs,
					GATE_PADDING_BYTES);
	int r = 1;

	for (unsigned i = 0; i < 2 && r == 1; i++) {
		struct gate_run run = {
			.side = (i == 0) == head_first ? GATE_HEAD : GATE_BASE,
			.index = b->pairs,
			.padding_bytes = exact ? 0 : padding,
			.exact = exact,
		};

		if (run.side == GATE_HEAD || !b->head_only)
			r = gate_run_one(g, b, &run);
	}
	if (r == 1)
		keep_pair(g, b, b->pairs, exact);
	return r;
}

/* One round: a pair of each workload that wants one. Returns how many ran. */
static int run_round(struct gate *g)
{
	int ran = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];
		int r;

		if (b->stopped || !b->want)
			continue;
		if (!gate_in_time(g, b->cost_s[GATE_BASE] + b->cost_s[GATE_HEAD])) {
			b->in_time = false;
			b->want = 0;
			continue;
		}
		r = run_pair(g, b, false);
		if (r == 1 && b->exact_pairs)
			r = run_pair(g, b, true);
		if (r < 0)
			return r;
		b->want = b->in_time ? b->want - 1 : 0;
		b->pairs += r == 1;
		ran++;
	}
	return ran;
}

/* Pairs up to the next look, as far as they are planned. The plan may end before a look that
 * the trial would still take. */
static uint32_t wanted(struct gate *g, struct bout *b)
{
	uint32_t left = b->planned > b->pairs ? b->planned - b->pairs : 0, want = left;

	if (b->stopped || !b->in_time)
		return 0;
	if (!b->head_only && !b->base_gone && b->judges) {
		want = trial_wanted(&g->trial, b->index);
		/* The family's level may ask for more of it than a shard's. */
		if (!want && g->o->collect && gate_has_suspect(g, b))
			want = left;
		if (want > left && !b->pairs && left)
			return left; /* no look, but budgets */
		if (want > left) {
			b->in_time = false;
			want = 0;
		}
	}
	return want;
}

static bool any_wanted(struct gate *g)
{
	bool any = false;

	for (uint32_t i = 0; i < g->n; i++) {
		g->bouts[i].want = wanted(g, &g->bouts[i]);
		any |= g->bouts[i].want > 0;
	}
	return any;
}

int gate_pairs(struct gate *g)
{
	while (any_wanted(g)) {
		int ran;

		do {
			ran = run_round(g);
		} while (ran > 0);
		if (ran < 0)
			return ran;
		trial_look(&g->trial);
	}
	return 0;
}

/* --- all of it ----------------------------------------------------------------------- */

static int judge(struct gate *g)
{
	int r = 0;

	for (uint32_t i = 0; i < g->n && r == 0; i++)
		r = warm_up(g, &g->bouts[i]);
	for (uint32_t i = 0; i < g->n && r == 0; i++)
		r = gate_exact_runs(g, &g->bouts[i]);
	if (r == 0)
		gate_plan_make(g);
	if (r == 0)
		r = gate_enter(g);
	if (r == 0 && g->r->plan)
		g->r->plan(g->r->arg, &g->plan);
	if (r == 0)
		r = gate_pairs(g);
	if (r == 0)
		r = gate_confirm(g);
	return r;
}

int gate_judge(const struct gate_options *o, const struct gate_runner *runner,
	       struct outcome *out, struct error *err)
{
	struct gate g = {.o = o, .r = runner, .out = out, .err = err};
	int r;

	gate_init(&g);
	r = judge(&g);
	if (r == 0)
		gate_fill(&g);
	gate_done(&g);
	return r;
}
