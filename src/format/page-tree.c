/* The tree of the page: stacks of locations become nodes of frames, equal ones under one
 * parent become one, in depth-first order, without a table of what is where.
 *
 * The walk holds a list of cursors, legs of stacks (turns.c) that have led to one node.
 * All take one step; those that now stand before the same frame are a group, and that is
 * a node. Most lists are of one cursor, whose whole leg is copied. Every leg has one
 * cursor, so the lists are threaded through the legs.
 *
 * A tree with too many nodes keeps the heaviest; page-prune.c says which, and what becomes
 * of the rest. */
#include "page-priv.h"

#include <stdlib.h>
#include <string.h>

#include "page-walk.h"

/* --- samples ---------------------------------------------------------------------- */

static void row_add(struct page_walk *w, unsigned q, uint32_t sample, uint32_t node)
{
	struct page_rows *r = &w->t->rows[q];
	const struct profile *p = r->p;
	const int64_t *values = &p->values.v[(size_t)sample * p->nvalues];
	uint32_t thread = page_thread_of(&w->t->threads, p->samples.v[sample].labels);
	uint32_t row;

	while (r->latest.n <= thread)
		vec_push(&r->latest, 0);
	row = r->latest.v[thread];
	if (!row || r->rows.v[row - 1].node != node) {
		vec_push(&r->rows, ((struct page_row){node, thread}));
		row = r->latest.v[thread] = r->rows.n;
		for (unsigned i = 0; i < p->nvalues; i++)
			vec_push(&r->values, 0);
	}
	r->of_sample[sample] = row;
	for (unsigned i = 0; i < p->nvalues; i++) {
		int64_t *sum = &r->values.v[(size_t)(row - 1) * p->nvalues + i];

		*sum = sum_clamped(*sum, values[i]);
	}
}

void walk_add_sample(struct page_walk *w, uint32_t sample, uint32_t node)
{
	unsigned q = walk_profile(w, &sample);

	row_add(w, q, sample, node);
}

static void walk_end(struct page_walk *w, uint32_t turn, uint32_t node)
{
	for (uint32_t s = w->legs[turn].samples; s; s = w->next_sample[s])
		walk_add_sample(w, s, node);
}

/* --- nodes ------------------------------------------------------------------------ */

static void walk_strip(struct page_walk *w, uint32_t n, uint32_t depth)
{
	struct page_tree *t = w->t;

	/* In this order, what is one deeper than the node before stands on it. */
	if (depth == w->depth + 1 && t->strips.n)
		t->strips.v[t->strips.n - 1].n += n;
	else
		vec_push(&t->strips, ((struct page_strip){w->depth + 1 - depth, n}));
	w->depth = depth + n - 1;
}

uint32_t walk_node(struct page_walk *w, uint32_t frame, uint32_t depth)
{
	walk_strip(w, 1, depth);
	while (w->path.n <= depth)
		vec_push(&w->path, 0);
	w->path.v[depth] = frame;
	vec_push(&w->t->nodes, frame);
	return w->t->nodes.n - 1;
}

uint32_t walk_nodes(struct page_walk *w, const uint32_t *frames, uint32_t n,
		    uint32_t depth)
{
	struct page_tree *t = w->t;

	walk_strip(w, n, depth);
	vec_reserve(&t->nodes, t->nodes.n + n);
	memcpy(t->nodes.v + t->nodes.n, frames, n * sizeof(*frames));
	t->nodes.n += n;
	return t->nodes.n - 1;
}

/* --- cursors ---------------------------------------------------------------------- */

/* False at the end of the leg. */
static bool leg_step(const struct page_walk *w, struct leg_cursor *leg)
{
	if (leg->k + 1 < leg_span(w, leg).n) {
		leg->k++;
		return true;
	}
	if (leg->at == leg->last)
		return false;
	leg->at++;
	leg->k = 0;
	return true;
}

/* All legs of the list take a step; what ends ends on @node, and what hangs there joins.
 * Returns the new list. */
static uint32_t list_step(struct page_walk *w, uint32_t list, uint32_t node)
{
	uint32_t after = 0, *tail = &after;

	for (uint32_t turn = list, next; turn; turn = next) {
		struct leg_cursor *leg = &w->legs[turn];

		next = leg->next;
		if (leg_step(w, leg)) {
			*tail = turn;
			tail = &leg->next;
			continue;
		}
		walk_end(w, turn, node);
		for (uint32_t c = leg->child; c; c = w->legs[c].sibling) {
			*tail = c;
			tail = &w->legs[c].next;
		}
	}
	*tail = 0;
	return after;
}

/* Splits a list by the frames that its legs stand before, in the order in which these are
 * first seen; the groups go on the pile, the first one on top. Returns how many. */
static uint32_t list_split(struct page_walk *w, uint32_t list, uint32_t depth)
{
	uint32_t first = w->pile.n;

	for (uint32_t turn = list, next; turn; turn = next) {
		struct leg_cursor *leg = &w->legs[turn];
		uint32_t frame = leg_frame(w, leg), known = w->group_of[frame];
		struct walk_group *g;

		next = leg->next;
		leg->next = 0;
		if (known > first && known <= w->pile.n &&
		    w->pile.v[known - 1].frame == frame) {
			g = &w->pile.v[known - 1];
			w->legs[g->last].next = turn;
			g->last = turn;
			g->weight += leg->weight;
			continue;
		}
		vec_push(&w->pile, ((struct walk_group){.list = turn,
							.last = turn,
							.frame = frame,
							.depth = depth,
							.weight = leg->weight}));
		w->group_of[frame] = w->pile.n;
	}
	for (uint32_t i = first, k = w->pile.n; i + 1 < k; i++) {
		struct walk_group swap = w->pile.v[--k];

		w->pile.v[k] = w->pile.v[i];
		w->pile.v[i] = swap;
	}
	return w->pile.n - first;
}

static uint32_t list_of_children(struct page_walk *w, uint32_t turn)
{
	uint32_t list = 0, *tail = &list;

	for (uint32_t c = w->legs[turn].child; c; c = w->legs[c].sibling) {
		*tail = c;
		tail = &w->legs[c].next;
	}
	*tail = 0;
	return list;
}

/* The rest of a leg that is alone, behind the node made last. */
static void walk_leg(struct page_walk *w, uint32_t turn)
{
	struct leg_cursor *leg = &w->legs[turn];
	struct page_tree *t = w->t;
	uint32_t n = leg_rest(w, leg), *node, *path;

	vec_reserve(&t->nodes, t->nodes.n + n);
	vec_reserve(&w->path, w->depth + 1 + n);
	node = t->nodes.v + t->nodes.n;
	path = w->path.v + w->depth + 1;
	for (uint32_t i = 0; i < n; i++) {
		*node++ = *path++ = leg_frame(w, leg);
		if (++leg->k < leg_span(w, leg).n)
			continue;
		leg->at++;
		leg->k = 0;
	}
	t->nodes.n += n;
	w->depth += n;
	if (w->path.n <= w->depth)
		w->path.n = w->depth + 1;
	t->strips.v[t->strips.n - 1].n += n;
}

/* A node, and those that follow it without a branch. */
static void walk_group(struct page_walk *w, const struct walk_group *g)
{
	bool light = g->weight < w->least;
	uint32_t list = list_step(w, g->list, walk_node(w, g->frame, g->depth));

	for (;;) {
		struct walk_group at;

		if (!list)
			return;
		if (light) {
			walk_leave_out(w, list);
			return;
		}
		if (!w->legs[list].next) {
			walk_leg(w, list);
			walk_end(w, list, w->t->nodes.n - 1);
			list = list_of_children(w, list);
			continue;
		}
		if (list_split(w, list, w->depth + 1) > 1)
			return;
		at = w->pile.v[--w->pile.n];
		list = list_step(w, at.list, walk_node(w, at.frame, at.depth));
	}
}

static void walk_all(struct page_walk *w)
{
	vec_push(&w->t->nodes, 0);
	walk_end(w, 0, 0);
	list_split(w, list_of_children(w, 0), 1);
	while (w->pile.n) {
		struct walk_group g = w->pile.v[--w->pile.n];

		walk_group(w, &g);
	}
}

/* --- legs ------------------------------------------------------------------------- */

static void walk_scale(struct page_walk *w)
{
	for (unsigned q = 0; q < w->t->nprofiles; q++) {
		const struct profile *p = w->t->rows[q].p;

		for (unsigned i = 0; i < p->nvalues; i++) {
			double sum = 0;

			for (uint32_t s = 1; s < p->samples.n; s++) {
				double v =
					(double)p->values.v[(size_t)s * p->nvalues + i];

				sum += v < 0 ? -v : v;
			}
			w->scale[q][i] = sum > 0 ? 1 / sum : 0;
		}
	}
}

static double sample_weight(const struct page_walk *w, uint32_t sample)
{
	unsigned q = walk_profile(w, &sample);
	const struct profile *p = w->t->rows[q].p;
	double weight = 0;

	for (unsigned i = 0; i < p->nvalues; i++) {
		double v = (double)p->values.v[(size_t)sample * p->nvalues + i];

		weight += (v < 0 ? -v : v) * w->scale[q][i];
	}
	return weight;
}

static stack_id sample_stack(const struct page_walk *w, uint32_t sample)
{
	unsigned q = walk_profile(w, &sample);

	return w->t->rows[q].p->samples.v[sample].stack;
}

/* Samples of a leg are in the order of their rows: lists grow at their heads, from the
 * last one on. */
static void legs_samples(struct page_walk *w)
{
	uint32_t n = w->p->samples.n, end = n;

	if (w->t->nprofiles > 1)
		end += w->t->rows[1].p->samples.n;
	w->next_sample = xcalloc(end, sizeof(*w->next_sample));
	for (uint32_t s = end; s-- > 1;) {
		struct leg_cursor *leg;

		/* Row 0 of a profile is unused. */
		if (s == n)
			continue;
		leg = &w->legs[turn_number(&w->turns, sample_stack(w, s))];
		w->next_sample[s] = leg->samples;
		leg->samples = s;
	}
}

/* Children are in the order of their rows for the same reason. Returns how many frames
 * there are at most. */
static uint64_t legs_init(struct page_walk *w)
{
	const struct page_span *spans = w->t->frames.spans;
	const struct stack_node *stacks = w->p->stacks.v;
	uint32_t n = w->turns.n;
	uint64_t frames = 0;

	w->legs = xcalloc(n, sizeof(*w->legs));
	for (stack_id row = w->p->stacks.n; row-- > 1;) {
		struct leg_cursor *leg;

		if (!mark_is(w->turns.bits, row))
			continue;
		leg = &w->legs[--n];
		leg->last = row;
		for (;; row--) {
			leg->frames += spans[stacks[row].location].n;
			if (stacks[row].parent != row - 1 ||
			    mark_is(w->turns.bits, row - 1))
				break;
		}
		frames += leg->frames;
		leg->at = row;
		leg->parent = turn_number(&w->turns, stacks[row].parent);
		leg->sibling = w->legs[leg->parent].child;
		w->legs[leg->parent].child = n;
	}
	return frames;
}

static void legs_weigh(struct page_walk *w)
{
	for (uint32_t turn = w->turns.n; turn-- > 0;) {
		struct leg_cursor *leg = &w->legs[turn];

		for (uint32_t s = leg->samples; s; s = w->next_sample[s])
			leg->weight += sample_weight(w, s);
		if (turn)
			w->legs[leg->parent].weight += leg->weight;
	}
}

void page_tree_build(struct page_tree *t, const struct profile *const *profiles,
		     unsigned nprofiles, uint32_t max_nodes)
{
	struct page_walk w = {.t = t, .p = profiles[0]};
	uint64_t frames;

	memset(t, 0, sizeof(*t));
	t->nprofiles = nprofiles;
	for (unsigned q = 0; q < nprofiles; q++) {
		t->rows[q].p = profiles[q];
		t->rows[q].of_sample = xcalloc(profiles[q]->samples.n, sizeof(uint32_t));
	}
	page_frames_init(&t->frames, w.p);
	page_threads_init(&t->threads, w.p);
	turns_find_all(&w.turns, profiles, nprofiles);
	frames = legs_init(&w);
	legs_samples(&w);
	w.group_of = xcalloc(t->frames.rows.n, sizeof(*w.group_of));
	if (frames > max_nodes) {
		walk_scale(&w);
		legs_weigh(&w);
		walk_choose(&w, max_nodes);
	}
	walk_all(&w);
	walk_choose_done(&w);
	turns_done(&w.turns);
	free(w.legs);
	free(w.next_sample);
	free(w.group_of);
	vec_done(&w.pile);
	vec_done(&w.path);
}

void page_tree_done(struct page_tree *t)
{
	page_frames_done(&t->frames);
	page_threads_done(&t->threads);
	for (unsigned q = 0; q < t->nprofiles; q++) {
		vec_done(&t->rows[q].rows);
		vec_done(&t->rows[q].values);
		vec_done(&t->rows[q].latest);
		free(t->rows[q].of_sample);
		vec_done(&t->lost[q]);
	}
	vec_done(&t->strips);
	vec_done(&t->nodes);
}
