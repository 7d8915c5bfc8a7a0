/* What is left out of a tree with too many nodes: the lightest, and what stands on them.
 *
 * The weight of a node is its share of each value, added up. From a count of nodes by
 * weight follows the least weight with which all fit; and of the tails behind the last
 * node of that weight the first few nodes are kept, as many as there is room for. Samples
 * of what is left out keep the frame they ended in, behind one node that stands for all
 * between (or stay on that node, where even these are too many).
 *
 * Functions lose time by that, their total where all their frames on a stack are gone.
 * How much is counted here for each of them, so that the table is right nevertheless. */
#include <math.h>
#include <stdlib.h>

#include "page-walk.h"

struct function_key {
	string_id name, filename;
};

struct prune {
	uint32_t *group; /* [frames] of equal name and source file, as in the table */
	uint32_t *seen;	 /* [groups] the last stack that had one */
	uint32_t stacks; /* so far */
	uint32_t path;	 /* the one that is all the kept nodes */
	uint32_t *lost[PAGE_PROFILES]; /* [groups] row of t->lost + 1 */
	uint32_t *leaf_of;	       /* [frames] entry of `leaves` + 1, see leaf_add */
	VEC(struct prune_leaf) leaves;
	uint32_t *next;	     /* [samples] of the same leaf */
	VEC(uint32_t) turns; /* still to be looked at */
};

/* A frame in which left out samples ended. */
struct prune_leaf {
	uint32_t frame, first; /* a sample */
	bool near;	       /* it stands on what is kept: nothing is between */
};

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
		w->leaves = samples <= max_nodes / 2;
		cost = nodes + 2 * (uint64_t)(tails > 0 ? tails : 0) +
		       (w->leaves ? samples : 0);
		if (cost <= max_nodes)
			break;
		nodes -= c->nodes[step];
		samples += c->samples[step];
		tails += c->tails[step];
	}
	w->least = step_weight(step);
	if (tails > 0 && cost < max_nodes)
		w->tail_nodes = (uint32_t)((max_nodes - cost) / (uint64_t)tails);
	free(c);
}

/* --- functions -------------------------------------------------------------------- */

/* Numbers for frames, equal for those that are one function of the table. */
static void prune_groups(struct page_walk *w, struct prune *u)
{
	const struct page_frames *f = &w->t->frames;
	struct map known = {0};
	uint32_t samples = w->p->samples.n;

	if (w->t->nprofiles > 1)
		samples += w->t->rows[1].p->samples.n;
	u->group = xcalloc(f->rows.n, sizeof(*u->group));
	u->seen = xcalloc(f->rows.n, sizeof(*u->seen));
	u->leaf_of = xcalloc(2 * (size_t)f->rows.n, sizeof(*u->leaf_of));
	u->next = xcalloc(samples, sizeof(*u->next));
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

/* Its functions that are on none of its kept frames, from the leaf down to the cursor. */
static void prune_stack(struct page_walk *w, const struct leg_cursor *end,
			const struct leg_cursor *from, uint32_t sample)
{
	struct prune *u = w->prune;
	bool leaf = true;

	u->stacks++;
	for (stack_id row = end->last;; row = w->p->stacks.v[row].parent) {
		struct page_span span = w->t->frames.spans[w->p->stacks.v[row].location];
		uint32_t least = row == from->at ? from->k : 0;

		for (uint32_t k = span.n; k-- > least; leaf = false) {
			uint32_t group =
				u->group[page_span_frame(&w->t->frames, span, k)];
			bool known = u->seen[group] == u->stacks ||
				     u->seen[group] == u->path;

			if (!known)
				u->seen[group] = u->stacks;
			if (leaf && !w->leaves)
				lost_add(w, sample, group, true);
			if (!known && !(leaf && w->leaves))
				lost_add(w, sample, group, false);
		}
		if (row == from->at)
			return;
	}
}

/* Samples are put together by the frame they ended in. */
static void leaf_add(struct page_walk *w, uint32_t frame, bool near, uint32_t sample)
{
	struct prune *u = w->prune;
	uint32_t *at = &u->leaf_of[2 * frame + near];

	if (!*at) {
		vec_push(&u->leaves, ((struct prune_leaf){frame, 0, near}));
		*at = u->leaves.n;
	}
	u->next[sample] = u->leaves.v[*at - 1].first;
	u->leaves.v[*at - 1].first = sample;
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
	const struct leg_cursor *from = &w->legs[first];

	vec_push(&u->turns, first);
	while (u->turns.n) {
		uint32_t turn = u->turns.v[--u->turns.n];
		const struct leg_cursor *leg = &w->legs[turn];
		struct page_span span =
			w->t->frames.spans[w->p->stacks.v[leg->last].location];
		bool near = turn == first && leg->at == leg->last && leg->k + 1 == span.n;

		w->t->left_out += turn == first ? leg_rest(w, leg) : leg->frames;
		for (uint32_t s = leg->samples; s; s = w->next_sample[s]) {
			leaf_add(w, page_span_frame(&w->t->frames, span, span.n - 1),
				 near && w->leaves, s);
			prune_stack(w, leg, from, s);
			if (!near || !w->leaves)
				prune_left(w, s, largest);
		}
		for (uint32_t c = leg->child; c; c = w->legs[c].sibling)
			vec_push(&u->turns, c);
	}
}

static void leaf_end(struct page_walk *w, struct prune_leaf *leaf, uint32_t node)
{
	for (uint32_t s = leaf->first; s; s = w->prune->next[s])
		walk_add_sample(w, s, node);
	w->prune->leaf_of[2 * leaf->frame + leaf->near] = 0;
}

/* First what stands on the node itself, then the rest on the node that stands for more. */
static void prune_leaves(struct page_walk *w)
{
	struct prune *u = w->prune;
	uint32_t depth = w->depth, rest = 0;

	for (uint32_t i = 0; i < u->leaves.n; i++) {
		if (!u->leaves.v[i].near)
			continue;
		leaf_end(w, &u->leaves.v[i],
			 walk_node(w, u->leaves.v[i].frame, depth + 1));
		w->jumped = true;
		w->t->left_out--;
	}
	for (uint32_t i = 0; i < u->leaves.n; i++) {
		if (u->leaves.v[i].near)
			continue;
		if (!rest)
			rest = walk_node(w, 0, depth + 1);
		if (!w->leaves) {
			leaf_end(w, &u->leaves.v[i], rest);
			continue;
		}
		leaf_end(w, &u->leaves.v[i],
			 walk_node(w, u->leaves.v[i].frame, depth + 2));
		w->jumped = true;
		w->t->left_out--;
	}
	u->leaves.n = 0;
}

void walk_leave_out(struct page_walk *w, uint32_t list)
{
	int64_t largest[PAGE_PROFILES] = {0};

	if (!w->prune->group)
		prune_groups(w, w->prune);
	prune_path(w, w->prune);
	for (uint32_t turn = list; turn; turn = w->legs[turn].next)
		prune_leg(w, turn, largest);
	prune_leaves(w);
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
	free(u->leaf_of);
	free(u->next);
	for (unsigned q = 0; q < PAGE_PROFILES; q++)
		free(u->lost[q]);
	vec_done(&u->leaves);
	vec_done(&u->turns);
	free(u);
}
