/* One look at all open metrics. Decisions are made by p-values, that is, by how many Walsh
 * averages lie on one side of a value: stats-rank.h says why that is the same as making the
 * bounds and comparing them. */
#include <math.h>

#include <profd/mem.h>
#include <profd/stats-dist.h>
#include <profd/stats-family.h>
#include <profd/stats-power.h>

#include "trial-priv.h"

#define FUTILE .05 /* the chance of a verdict below which more pairs are not worth it */

struct hearing { /* of one metric at this look */
	struct trial_entry *entry;
	struct sample sample;
	double p, level;
};

struct look {
	struct hearing *hearings;
	uint32_t n;
	struct rank_null null;
	bool last;
};

void entry_sample(const struct trial_entry *e, uint32_t n, struct sample *s)
{
	sample_init(s, &e->metric, &e->pairs.v->base, &e->pairs.v->head, 2, n);
}

static void hear(struct look *l, struct trial_entry *e)
{
	struct hearing *h = &l->hearings[l->n++];

	h->entry = e;
	entry_sample(e, l->null.n, &h->sample);
	h->p = isnan(h->sample.limit) ? 1 : walsh_p_above(h->sample.d, &l->null, 0);
}

/* Holm among those of the family that were not rejected before; who was is held against the
 * level that the procedure ends at, as its rejection has been counted already. */
static void set_levels(struct trial *t, struct look *l)
{
	_cleanup_free_ double *p = xcalloc((size_t)l->n + 1, sizeof(*p));
	_cleanup_free_ double *level = xcalloc((size_t)l->n + 1, sizeof(*level));
	_cleanup_free_ bool *rejected = xcalloc((size_t)l->n + 1, sizeof(*rejected));
	uint32_t n = 0, left = t->family - t->rejected;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct trial_entry *e = l->hearings[i].entry;

		if (e->metric.gating && !e->rejected)
			p[n++] = l->hearings[i].p;
	}
	t->rejected += holm(p, n, left, trial_look_level(t), rejected, level);
	left = t->family - t->rejected;
	n = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		struct hearing *h = &l->hearings[i];

		if (!h->entry->metric.gating) {
			h->level = trial_look_level(t);
		} else if (h->entry->rejected) {
			h->level = trial_look_level(t) / (left ? left : 1);
		} else {
			h->entry->rejected = rejected[n];
			h->level = level[n++];
		}
	}
}

/* Where the estimate of the last look will be, as far as this one foretells: around the
 * present estimate, with the variance that is still to be lost, se(n)^2 - se(last)^2. */
static bool is_futile(const struct trial *t, const struct hearing *h)
{
	const struct sample *s = &h->sample;
	double spread = power_spread(s->d, s->n), estimate = walsh_estimate(s->d, s->n);
	double last = power_error(spread, t->looks[t->nlooks - 1]);
	double move = sqrt(pow(power_error(spread, s->n), 2) - last * last);
	double pass = s->limit + normal_quantile(TRIAL_PASS_LEVEL) * last;
	double worse = fmax(s->limit, -normal_quantile(h->level) * last);

	if (!(move > 0))
		return false;
	return normal_cdf((pass - estimate) / move) +
		       normal_cdf((estimate - worse) / move) <
	       FUTILE;
}

static bool is_suspect(const struct hearing *h)
{
	return h->p <= h->level &&
	       walsh_estimate(h->sample.d, h->sample.n) >= h->sample.limit;
}

static void decide(const struct trial *t, const struct look *l, struct hearing *h)
{
	const struct sample *s = &h->sample;
	struct trial_entry *e = h->entry;

	e->pairs_used = s->n;
	e->lower_level = h->level;
	e->futile = false;
	if (isnan(s->limit)) {
		e->verdict = VERDICT_INCONCLUSIVE;
		e->reason = REASON_NO_UNITS;
	} else if (is_suspect(h)) {
		e->verdict = VERDICT_SUSPECTED;
	} else if (walsh_p_below(s->d, &l->null, s->limit) <= TRIAL_PASS_LEVEL) {
		e->verdict = walsh_p_below(s->d, &l->null, 0) <= .025
				     ? VERDICT_IMPROVEMENT
				     : VERDICT_PASS;
	} else if (l->last) {
		e->verdict = VERDICT_INCONCLUSIVE;
		e->reason = REASON_OUT_OF_PAIRS;
	} else {
		e->futile = !t->plan.without_futility && is_futile(t, h);
	}
}

void trial_look(struct trial *t)
{
	struct look l = {.n = 0};

	trial_start(t);
	if (t->next_look == t->nlooks)
		return;
	l.last = t->next_look == t->nlooks - 1;
	l.hearings = xcalloc((size_t)t->entries.n + 1, sizeof(*l.hearings));
	rank_null_init(&l.null, t->looks[t->next_look]);
	for (uint32_t i = 0; i < t->entries.n; i++) {
		struct trial_entry *e = &t->entries.v[i];

		if (e->verdict == VERDICT_OPEN && e->pairs.n >= l.null.n)
			hear(&l, e);
	}
	set_levels(t, &l);
	for (uint32_t i = 0; i < l.n; i++) {
		decide(t, &l, &l.hearings[i]);
		sample_done(&l.hearings[i].sample);
	}
	t->next_look++;
	rank_null_done(&l.null);
	free(l.hearings);
}
