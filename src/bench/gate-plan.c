/* How many pairs fit into the time budget, and the entry of the metrics into the trial. */
#include "gate-priv.h"

#include <errno.h>
#include <math.h>

/* Metrics that will have no pairs belong to the family all the same: they enter as those of a
 * workload that never runs. */
#define NOWHERE UINT32_MAX

static double pair_s(const struct bout *b)
{
	double exact = b->exact_pairs ? 2 : 1;

	return exact * (b->cost_s[GATE_HEAD] + (b->head_only ? 0 : b->cost_s[GATE_BASE]));
}

/* Judged by pairs, as far as it is known before they run. */
static bool has_pairs(const struct bout *b, const struct gauge *x)
{
	return x->judged && x->said == VERDICT_OPEN && !b->head_only && !b->stopped;
}

static uint32_t runs_asked(const struct gate *g, const struct bout *b)
{
	return g->o->has_tier ? b->w->tiers[g->o->tier].runs : b->w->runs;
}

static uint32_t pairs_asked(const struct gate *g, const struct bout *b)
{
	if (b->stopped)
		return 0;
	return b->judges ? g->o->config->pairs_max : runs_asked(g, b);
}

/* Seconds for those that are not planned yet, shared evenly: who needs less than the share
 * leaves the rest to the others. */
static void share_time(struct gate *g, double seconds)
{
	_cleanup_free_ bool *settled = xcalloc((size_t)g->n + 1, sizeof(*settled));
	uint32_t left = g->n;
	bool again = true;

	while (left && again) {
		double share = seconds / left;

		again = false;
		for (uint32_t i = 0; i < g->n; i++) {
			struct bout *b = &g->bouts[i];
			double need = pairs_asked(g, b) * pair_s(b);

			if (settled[i] || need > share)
				continue;
			b->planned = pairs_asked(g, b);
			settled[i] = again = true;
			seconds -= need;
			left--;
		}
	}
	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];

		if (!settled[i])
			b->planned = seconds > 0 ? (uint32_t)(seconds / left / pair_s(b))
						 : 0;
	}
}

/* Time for the triplets of one suspect, the most expensive one, if that leaves the first
 * look. */
static double reserve_s(const struct gate *g)
{
	double most = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		const struct bout *b = &g->bouts[i];

		if (b->judges && !b->head_only && pair_s(b) > most)
			most = pair_s(b);
	}
	return 1.5 * TRIAL_TRIPLETS * most;
}

/* The first look goes before the reserve. */
static void raise_to_first_look(struct gate *g, double seconds)
{
	_cleanup_free_ uint32_t *reserved = xcalloc((size_t)g->n + 1, sizeof(*reserved));
	uint32_t first = g->plan.pairs_first;
	bool fits = true;

	for (uint32_t i = 0; i < g->n; i++) {
		reserved[i] = g->bouts[i].planned;
		fits &= !g->bouts[i].judges || reserved[i] >= first;
	}
	if (fits)
		return;
	share_time(g, seconds);
	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];

		if (b->judges && reserved[i] >= first)
			b->planned = reserved[i];
		else if (b->judges && b->planned > first)
			b->planned = first;
	}
}

static void plan_pairs(struct gate *g)
{
	double left;

	if (!g->deadline_ns) {
		for (uint32_t i = 0; i < g->n; i++)
			g->bouts[i].planned = pairs_asked(g, &g->bouts[i]);
		return;
	}
	left = (double)g->deadline_ns - (double)g->r->now_ns(g->r->arg);
	left = left > 0 ? left / 1e9 : 0;
	share_time(g, left - reserve_s(g));
	raise_to_first_look(g, left);
}

/* Runs between two looks would be for nothing. The last look is where the most pairs end. */
static void round_down(struct gate *g)
{
	uint32_t looks[] = {g->plan.pairs_first, 20, 0}, most = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		if (g->bouts[i].judges && g->bouts[i].planned > most)
			most = g->bouts[i].planned;
	}
	g->pairs_max = looks[2] = most;
	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];
		uint32_t fits = 0;

		if (!b->judges || b->planned < g->plan.pairs_first)
			continue;
		for (unsigned k = 0; k < ARRAY_SIZE(looks); k++) {
			if (looks[k] <= b->planned && looks[k] > fits)
				fits = looks[k];
		}
		b->planned = fits;
	}
}

static uint32_t family(const struct gate *g)
{
	uint32_t m = 0;

	if (g->o->whole_family)
		return g->o->config->family;
	for (uint32_t i = 0; i < g->n; i++) {
		for (uint32_t k = 0; k < g->bouts[i].w->nmetrics; k++)
			m += g->bouts[i].gauges[k].how.gating;
	}
	return m;
}

static void plan_fill(struct gate *g)
{
	uint64_t spent_ns = g->r->now_ns(g->r->arg) - g->start_ns + g->o->spent_ns;
	double seconds = (double)spent_ns / 1e9;

	g->plan.workloads = xcalloc((size_t)g->n + 1, sizeof(*g->plan.workloads));
	g->plan.pairs_max = g->pairs_max;
	for (uint32_t i = 0; i < g->n; i++) {
		const struct bout *b = &g->bouts[i];

		g->plan.workloads[g->plan.n++] = (struct gate_planned){
			b->index, b->planned, b->cost_s[GATE_BASE], b->cost_s[GATE_HEAD],
			b->head_only};
		seconds += b->planned * pair_s(b);
		g->runs_planned += b->planned * (b->head_only ? 1 : 2) *
				   (b->exact_pairs ? 2 : 1);
	}
	g->runs_planned += g->runs;
	g->plan.planned_s = seconds;
}

void gate_plan_make(struct gate *g)
{
	uint32_t asked = g->o->config->pairs_asked;

	g->plan.family = family(g);
	g->plan.pairs_first = config_first_look(g->plan.family);
	if (asked > g->plan.pairs_first)
		g->plan.pairs_first = asked;
	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];

		b->judges = false;
		for (uint32_t k = 0; k < b->w->nmetrics; k++)
			b->judges |= has_pairs(b, &b->gauges[k]);
	}
	plan_pairs(g);
	round_down(g);
	plan_fill(g);
}

/* Metrics of workloads that are not run here, for their number alone. */
static int enter_others(struct gate *g, uint32_t n)
{
	const struct trial_metric nobody = {
		.workload = NOWHERE, .gating = true, .threshold_units = NAN};
	int64_t id = 0;

	for (uint32_t i = 0; i < n && id >= 0; i++)
		id = trial_metric(&g->trial, &nobody, g->err);
	return id < 0 ? (int)id : 0;
}

static int enter_gauge(struct gate *g, struct bout *b, struct gauge *x)
{
	if (!x->judged)
		return 0;
	x->how.workload = has_pairs(b, x) ? b->index : NOWHERE;
	/* A shard knows nothing of the others: it suspects at a level that is shared with
	 * nobody, so that the triplets are there for whatever the whole family suspects. */
	if (g->o->collect)
		x->how.gating = false;
	x->trial = trial_metric(&g->trial, &x->how, g->err);
	return x->trial < 0 ? (int)x->trial : 0;
}

int gate_enter(struct gate *g)
{
	/* Not by fewer pairs than the first look needs: then no look is taken at all. */
	struct trial_plan plan = {.pairs_first = g->plan.pairs_first,
				  .pairs_max = g->pairs_max > g->plan.pairs_first
						       ? g->pairs_max
						       : g->plan.pairs_first};
	uint32_t entered = 0;
	int r;

	plan.without_futility = g->o->collect;
	r = trial_init(&g->trial, &plan, g->err);
	for (uint32_t i = 0; i < g->n && r == 0; i++) {
		for (uint32_t k = 0; k < g->bouts[i].w->nmetrics && r == 0; k++) {
			r = enter_gauge(g, &g->bouts[i], &g->bouts[i].gauges[k]);
			entered += g->bouts[i].gauges[k].how.gating;
		}
	}
	if (r < 0 || g->o->collect)
		return r;
	return enter_others(g, g->plan.family - entered);
}
