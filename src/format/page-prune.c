/* What is left out of a tree with too many nodes: the lightest, and what stands on them.
 *
 * The weight of a node is its share of each value, added up. From a count of nodes by
 * weight follows the least weight with which all fit. Behind the first node below it only
 * the innermost frames of each sample are kept, as many as there is room for, on one node
 * that stands for all between: so views by function, and callers and callees of what
 * samples ended in, lose little. (The first frames of such tails would tell less: stacks
 * that differ are those that recursed in some way of their own.) Where there is room for
 * none, samples stay on the node that stands for the rest.
 *
 * Functions lose time by that, their total where all their frames on a stack are gone.
 * How much is counted here for each of them, so that the table is right nevertheless. */
#include <math.h>
#include <stdlib.h>

#include "page-walk.h"

struct function_key {
	string_id name, filename;
};

/* The innermost frames of a sample: frames[first .. first + n). */
struct prune_end {
	uint32_t sample, first, n;
	bool whole; /* it stands on what is kept: nothing is between */
};

struct prune {
	uint32_t *group; /* [frames] of equal name and source file, as in the table */
	uint32_t *of_location; /* [locations] the group of those of a single frame */
	uint32_t *seen;	       /* [groups] the last stack that had one */
	uint32_t stacks;       /* so far */
	uint32_t path;	       /* the one that is all the kept nodes */
	uint32_t *lost[PAGE_PROFILES]; /* [groups] row of t->lost + 1 */
	VEC(struct prune_end) ends;    /* of what is left out in one place */
	VEC(uint32_t) frames;	       /* of those, outermost first */
	VEC(uint32_t) turns;	       /* still to be looked at */
};

#define ENDS_MIN 4u /* worth a larger least weight */
#define ENDS_MAX 24u

/* --- what is kept ----------------------------------------------------------------- */

#define STEPS 4	       /* of weight, for each factor of two */
#define LIGHTEST (-64) /* 2^-64 of all, and below */
#define WEIGHTS (STEPS * (4 - LIGHTEST + 1))

static unsigned weight_step(double weight)
{
	double step = weight > 0 ? STEPS * (log2(weight) - LIGHTEST) : 0;

	return step < 0 ? 0 : step < WEIGHTS - 1 ? (unsigned)step : WEIGHTS - 1;
}

static double step_weight(unsigned step)
{
	return step ? exp2((double)step / STEPS + LIGHTEST) : 0;
}

struct weights {
	uint64_t nodes[WEIGHTS]; /* of this weight */
	int64_t tails
		[WEIGHTS]; /* that begin below this weight and above the one before */
	uint64_t samples[WEIGHTS]; /* legs with samples */
};

static void weights_count(const struct page_walk *w, struct weights *c)
{
	for (uint32_t turn = 1; turn < w->turns.n; turn++) {
		const struct leg_cursor *leg = &w->legs[turn];
		unsigned step = weight_step(leg->weight);

		c->nodes[step] += leg->frames;
		c->samples[step] += leg->samples != 0;
		c->tails[step]++;
		c->tails[weight_step(w->legs[leg->parent].weight)]--;
	}
}

void walk_choose(struct page_walk *w, uint32_t max_nodes)
{
	struct weights *c = xcalloc(1, sizeof(*c));
	uint64_t nodes = 0, samples = 0, cost = 0;
	unsigned step = 0;
	int64_t tails = 0;

	w->prune = xcalloc(1, sizeof(*w->prune));
	weights_count(w, c);
	for (unsigned i = 0; i < WEIGHTS; i++)
		nodes += c->nodes[i];
	/* A tail has a node of its own and one for the rest. */
	for (; step < WEIGHTS; step++) {
		uint32_t ends = samples <= max_nodes / (2 * ENDS_MIN) ? ENDS_MIN : 0;

		cost = nodes + 2 * (uint64_t)(tails > 0 ? tails : 0);
		if (cost + ends * samples <= max_nodes)
			break;
		nodes -= c->nodes[step];
		samples += c->samples[step];
		tails += c->tails[step];
	}
	w->least = step_weight(step);
	if (samples && cost < max_nodes)
		w->ends = (uint32_t)((max_nodes - cost) / samples);
	if (w->ends > ENDS_MAX)
		w->ends = ENDS_MAX;
	free(c);
}

/* --- functions -------------------------------------------------------------------- */

/* Numbers for frames, equal for those that are one function of the table. */
static void prune_groups(struct page_walk *w, struct prune *u)
{
	const struct page_frames *f = &w->t->frames;
	struct map known = {0};

	u->group = xcalloc(f->rows.n, sizeof(*u->group));
	u->seen = xcalloc(f->rows.n, sizeof(*u->seen));
	for (unsigned q = 0; q < w->t->nprofiles; q++)
		u->lost[q] = xcalloc(f->rows.n, sizeof(*u->lost[q]));
	for (uint32_t i = 1; i < f->rows.n; i++) {
		const struct page_frame *frame = &f->rows.v[i];
		string_id file = f->p->functions.v[frame->function].filename;
		uint64_t key = (uint64_t)frame->name << 32 | file;

		if (!map_find(&known, key))
			map_put(&known, key, i);
		u->group[i] = (uint32_t)map_find(&known, key);
	}
	map_done(&known);
	u->of_location = xcalloc(w->p->locations.n, sizeof(*u->of_location));
	for (location_id i = 1; i < w->p->locations.n; i++)
		if (f->spans[i].n == 1)
			u->of_location[i] = u->group[f->spans[i].first];
}

static struct page_lost *lost_of(struct page_walk *w, unsigned q, uint32_t group)
{
	uint32_t *row = &w->prune->lost[q][group];

	if (!*row) {
		vec_add(&w->t->lost[q])->frame = group;
		*row = w->t->lost[q].n;
	}
	return &w->t->lost[q].v[*row - 1];
}

static void lost_add(struct page_walk *w, uint32_t sample, uint32_t group, bool self)
{
	unsigned q = walk_profile(w, &sample);
	const struct profile *p = w->t->rows[q].p;
	struct page_lost *l = lost_of(w, q, group);

	for (unsigned i = 0; i < p->nvalues; i++) {
		int64_t v = p->values.v[(size_t)sample * p->nvalues + i];
		int64_t *sum = self ? &l->self[i] : &l->total[i];

		*sum = sum_clamped(*sum, v);
	}
}

/* --- what is left out ------------------------------------------------------------- */

static void prune_path(struct page_walk *w, struct prune *u)
{
	u->path = ++u->stacks;
	for (uint32_t d = 1; d <= w->depth; d++)
		u->seen[u->group[w->path.v[d]]] = u->stacks;
}

static bool prune_known(struct prune *u, uint32_t group)
{
	if (u->seen[group] == u->stacks || u->seen[group] == u->path)
		return true;
	u->seen[group] = u->stacks;
	return false;
}

/* What is left out of a location, its frames from @least on. */
static void prune_location(struct page_walk *w, uint32_t sample, location_id location,
			   uint32_t least)
{
	struct prune *u = w->prune;
	struct page_span span = w->t->frames.spans[location];

	for (uint32_t k = span.n; k-- > least;) {
		uint32_t group = u->group[page_span_frame(&w->t->frames, span, k)];

		w->t->left_out++;
		if (!prune_known(u, group))
			lost_add(w, sample, group, false);
	}
}

/* What is kept of it; innermost first. */
static void prune_keep(struct page_walk *w, location_id location, uint32_t least)
{
	struct prune *u = w->prune;
	struct page_span span = w->t->frames.spans[location];

	for (uint32_t k = span.n; k-- > least;) {
		uint32_t frame = page_span_frame(&w->t->frames, span, k);

		vec_push(&u->frames, frame);
		prune_known(u, u->group[frame]);
	}
}

static void frames_reverse(uint32_t *v, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i++) {
		uint32_t swap = v[--n];

		v[n] = v[i];
		v[i] = swap;
	}
}

/* The rows that are left out, from @row down to that of the cursor. */
static void prune_rows(struct page_walk *w, stack_id row, const struct leg_cursor *from,
		       uint32_t sample)
{
	const struct stack_node *stacks = w->p->stacks.v;
	struct prune *u = w->prune;
	uint32_t n = 0;

	for (; row != from->at; row = stacks[row].parent) {
		location_id location = stacks[row].location;
		uint32_t group = u->of_location[location];

		if (!group) {
			prune_location(w, sample, location, 0);
			continue;
		}
		n++;
		if (!prune_known(u, group))
			lost_add(w, sample, group, false);
	}
	prune_location(w, sample, stacks[row].location, from->k);
	w->t->left_out += n;
}

/* A sample of a leg, from its leaf down to the cursor. Returns whether any frame of it is
 * left out. */
static bool prune_stack(struct page_walk *w, const struct leg_cursor *end,
			const struct leg_cursor *from, uint32_t sample)
{
	const struct stack_node *stacks = w->p->stacks.v;
	struct prune *u = w->prune;
	struct prune_end e = {.sample = sample, .first = u->frames.n};
	stack_id row = end->last;

	u->stacks++;
	while (u->frames.n - e.first < w->ends && !e.whole) {
		e.whole = row == from->at;
		prune_keep(w, stacks[row].location, e.whole ? from->k : 0);
		row = stacks[row].parent;
	}
	if (!w->ends) {
		struct page_span span = w->t->frames.spans[stacks[row].location];

		lost_add(w, sample,
			 u->group[page_span_frame(&w->t->frames, span, span.n - 1)],
			 true);
	}
	if (!e.whole)
		prune_rows(w, row, from, sample);
	e.n = u->frames.n - e.first;
	frames_reverse(u->frames.v + e.first, e.n);
	vec_push(&u->ends, e);
	return !e.whole;
}

static void prune_left(struct page_walk *w, uint32_t sample, int64_t *largest)
{
	unsigned q = walk_profile(w, &sample);
	const struct profile *p = w->t->rows[q].p;
	unsigned value = profile_default_value(p);
	int64_t v = p->values.v[(size_t)sample * p->nvalues + value];

	w->t->left_total[q] = sum_clamped(w->t->left_total[q], v);
	largest[q] = sum_clamped(largest[q], v);
}

/* One cursor and all that hangs from its leg. */
static void prune_leg(struct page_walk *w, uint32_t first, int64_t *largest)
{
	struct prune *u = w->prune;

	vec_push(&u->turns, first);
	while (u->turns.n) {
		const struct leg_cursor *leg = &w->legs[u->turns.v[--u->turns.n]];

		for (uint32_t s = leg->samples; s; s = w->next_sample[s])
			if (prune_stack(w, leg, &w->legs[first], s))
				prune_left(w, s, largest);
		for (uint32_t c = leg->child; c; c = w->legs[c].sibling)
			vec_push(&u->turns, c);
	}
}

static int end_compare(const void *va, const void *vb, void *frames)
{
	const struct prune_end *a = va, *b = vb;
	const uint32_t *f = frames;

	if (a->whole != b->whole)
		return a->whole ? -1 : 1;
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (f[a->first + i] != f[b->first + i])
			return f[a->first + i] < f[b->first + i] ? -1 : 1;
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return (a->sample > b->sample) - (a->sample < b->sample);
}

/* How many frames two ends begin with together, when they stand on the same node. */
static uint32_t ends_common(const struct prune *u, const struct prune_end *a,
			    const struct prune_end *b)
{
	uint32_t n = 0;

	while (n < a->n && n < b->n &&
	       u->frames.v[a->first + n] == u->frames.v[b->first + n])
		n++;
	return a->whole == b->whole ? n : 0;
}

/* First what stands on the last node itself, then the rest, on the node that stands for
 * more; nodes of equal frames are one. */
static void prune_ends(struct page_walk *w)
{
	struct prune *u = w->prune;
	uint32_t depth = w->depth, node = w->t->nodes.n - 1;

	if (u->ends.n > 1)
		qsort_r(u->ends.v, u->ends.n, sizeof(*u->ends.v), end_compare,
			u->frames.v);
	for (uint32_t i = 0; i < u->ends.n; i++) {
		const struct prune_end *e = &u->ends.v[i];
		bool begins = !e->whole && (!i || u->ends.v[i - 1].whole);
		uint32_t common = i && !begins ? ends_common(u, e - 1, e) : 0;

		if (begins) {
			node = walk_node(w, 0, depth + 1);
			depth++;
		}
		if (common < e->n)
			node = walk_nodes(w, u->frames.v + e->first + common,
					  e->n - common, depth + 1 + common);
		walk_add_sample(w, e->sample, node);
	}
	u->ends.n = 0;
	u->frames.n = 0;
}

void walk_leave_out(struct page_walk *w, uint32_t list)
{
	int64_t largest[PAGE_PROFILES] = {0};

	if (!w->prune->group)
		prune_groups(w, w->prune);
	prune_path(w, w->prune);
	for (uint32_t turn = list; turn; turn = w->legs[turn].next)
		prune_leg(w, turn, largest);
	prune_ends(w);
	for (unsigned q = 0; q < w->t->nprofiles; q++)
		if (largest[q] > w->t->left_largest[q])
			w->t->left_largest[q] = largest[q];
}

void walk_choose_done(struct page_walk *w)
{
	struct prune *u = w->prune;

	if (!u)
		return;
	free(u->group);
	free(u->seen);
	free(u->of_location);
	for (unsigned q = 0; q < PAGE_PROFILES; q++)
		free(u->lost[q]);
	vec_done(&u->ends);
	vec_done(&u->frames);
	vec_done(&u->turns);
	free(u);
}
