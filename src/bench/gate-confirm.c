/* What stood out is run anew: triplets of base, its copy, and head. */
#include "gate-priv.h"

#include <math.h>

#include <profd/coin.h>
#include <profd/mem.h>

static bool is_suspected(const struct gate *g, const struct gauge *x)
{
	return x->trial >= 0 && x->said == VERDICT_OPEN &&
	       trial_verdict(&g->trial, (uint32_t)x->trial).verdict == VERDICT_SUSPECTED;
}

bool gate_has_suspect(const struct gate *g, const struct bout *b)
{
	for (uint32_t i = 0; !b->stopped && i < b->w->nmetrics; i++) {
		if (is_suspected(g, &b->gauges[i]))
			return true;
	}
	return false;
}

static void keep_triplet(struct gate *g, struct bout *b, bool exact)
{
	for (uint32_t i = 0; i < b->w->nmetrics; i++) {
		struct gauge *x = &b->gauges[i];
		double *t;

		if (x->repeats || x->exact != exact)
			continue;
		if (!x->triplets)
			x->triplets = xcalloc(TRIAL_TRIPLETS, sizeof(*x->triplets));
		t = x->triplets[x->ntriplets];
		for (unsigned side = 0; side < GATE_SIDES; side++)
			t[side] = g->values[side][i];
		x->ntriplets += isfinite(t[0]) && isfinite(t[1]) && isfinite(t[2]);
	}
}

static int run_triplet(struct gate *g, struct bout *b, bool exact)
{
	uint32_t padding = coin_padding(~g->o->seed, b->index, b->triplets,
					GATE_PADDING_BYTES);
	uint8_t order[3];
	int r = 1;

	coin_triplet(g->o->seed, b->index, b->triplets, order);
	for (unsigned i = 0; i < 3 && r == 1; i++) {
		struct gate_run run = {.side = (enum gate_side)order[i],
				       .index = b->triplets,
				       .padding_bytes = exact ? 0 : padding,
				       .exact = exact};

		r = gate_run_one(g, b, &run);
	}
	if (r == 1)
		keep_triplet(g, b, exact);
	return r;
}

static void confirm_gauge(struct gate *g, const struct gauge *x)
{
	double column[GATE_SIDES][TRIAL_TRIPLETS];
	const struct trial_triplets t = {column[0], column[1], column[2]};

	if (!is_suspected(g, x) || x->ntriplets < TRIAL_TRIPLETS)
		return;
	for (unsigned i = 0; i < TRIAL_TRIPLETS; i++) {
		for (unsigned side = 0; side < GATE_SIDES; side++)
			column[side][i] = x->triplets[i][side];
	}
	trial_confirm(&g->trial, (uint32_t)x->trial, &t);
}

/* Returns 1 when a triplet ran, 0 when nothing is left to do. */
static int triplet_round(struct gate *g)
{
	int ran = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		struct bout *b = &g->bouts[i];
		int r;

		if (b->triplets == TRIAL_TRIPLETS || !gate_has_suspect(g, b))
			continue;
		r = run_triplet(g, b, false);
		if (r == 1 && b->exact_pairs)
			r = run_triplet(g, b, true);
		if (r < 0)
			return r;
		b->triplets++;
		ran = 1;
	}
	return ran;
}

static int make_copy(struct gate *g)
{
	if (g->copied || !g->r->copy_base)
		return 0;
	g->copied = true;
	return g->r->copy_base(g->r->arg, g->err);
}

/* The time budget does not end it: what stood out is looked at again before anybody hears of
 * it. What that took beyond the budget is told. */
int gate_confirm(struct gate *g)
{
	int r = 0;

	for (uint32_t i = 0; i < g->n && r == 0; i++) {
		if (gate_has_suspect(g, &g->bouts[i]))
			r = make_copy(g);
		if (gate_has_suspect(g, &g->bouts[i]))
			g->runs_planned += 3 * TRIAL_TRIPLETS;
	}
	if (r < 0)
		return r;
	do {
		r = triplet_round(g);
	} while (r > 0);
	for (uint32_t i = 0; i < g->n && r == 0; i++) {
		for (uint32_t k = 0; k < g->bouts[i].w->nmetrics; k++)
			confirm_gauge(g, &g->bouts[i].gauges[k]);
	}
	return r;
}
