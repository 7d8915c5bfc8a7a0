/* Metrics that repeat: two runs of each side say all, or that pairs have to. */
#include "gate-priv.h"

#include <errno.h>
#include <math.h>

#include <profd/exact.h>

static void exact_say(struct bout *b, struct gauge *x)
{
	struct exact_side base = {x->alone[GATE_BASE], EXACT_RUNS};
	struct exact_side head = {x->alone[GATE_HEAD], EXACT_RUNS};
	enum verdict v;
	int code;

	if (!isfinite(head.values[0])) {
		x->said = VERDICT_NOT_COMPARABLE;
		x->note = "head did not report it";
		return;
	}
	if (!isfinite(base.values[0])) {
		x->said = VERDICT_NO_BASELINE;
		x->note = "base did not report it";
		return;
	}
	code = exact_judge(&x->how, &base, &head, &v, &x->change);
	x->repeats = code != -EDOM;
	if (!x->repeats) {
		x->note = "it does not repeat exactly, so pairs have judged it";
		b->exact_pairs |= x->judged;
	} else if (x->judged) {
		x->said = code == 0 ? v : VERDICT_INCONCLUSIVE;
		x->reason = code == 0 ? REASON_NONE : REASON_NO_UNITS;
	}
}

static void keep_exact(struct gate *g, struct bout *b, enum gate_side side, uint32_t run)
{
	for (uint32_t i = 0; i < b->w->nmetrics; i++)
		b->gauges[i].alone[side][run] = g->values[side][i];
}

static void exact_pairs(struct gauge *x, bool head_only)
{
	for (unsigned i = 0; i < EXACT_RUNS; i++) {
		struct trial_pair p = {head_only ? NAN : x->alone[GATE_BASE][i],
				       x->alone[GATE_HEAD][i]};

		if (!isfinite(p.head))
			continue;
		vec_push(&x->pairs, p);
		vec_push(&x->order, i);
	}
}

int gate_exact_runs(struct gate *g, struct bout *b)
{
	if (!b->exact || b->stopped)
		return 0;
	for (uint32_t i = 0; i < 2 * EXACT_RUNS && !b->stopped; i++) {
		struct gate_run run = {.side = i % 2 ? GATE_HEAD : GATE_BASE,
				       .index = i / 2,
				       .exact = true};
		int r = 1;

		if (run.side == GATE_BASE && b->head_only)
			continue;
		r = gate_run_one(g, b, &run);
		if (r < 0)
			return r;
		if (r == 1)
			keep_exact(g, b, run.side, run.index);
	}
	for (uint32_t i = 0; i < b->w->nmetrics && !b->stopped; i++) {
		struct gauge *x = &b->gauges[i];

		if (!x->exact)
			continue;
		if (!b->head_only)
			exact_say(b, x);
		if (x->repeats || b->head_only || x->said == VERDICT_NO_BASELINE)
			exact_pairs(x, b->head_only || !x->repeats);
	}
	return 0;
}
