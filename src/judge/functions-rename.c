/* A function that vanished and one that appeared, which are one: it was renamed, or moved to
 * another file. Told by what a profile knows of a function but its name: who calls it, what
 * it calls, and what it costs. */
#include "functions-priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIKE .8	     /* of the calls, at least, are to or from the same functions */
#define COST_RATIO 2 /* of what has another name */
#define ROUNDS 8
#define CALLS_LEAST 1e-3  /* of all calls of a candidate */
#define COST_RATIO_NAME 4 /* of what has its name, in another file */

/* Calls from or to the one and the other, for each neighbour that they have. */
struct share_pair {
	double old, new;
};

struct calls { /* rows of edges, of one candidate */
	VEC(uint32_t) in, out;
};

struct renames {
	struct functions_table *t;
	struct calls *calls; /* [candidates] */
};

static double weight_of(const struct call_edge *e)
{
	return e->v[BEFORE] + e->v[AFTER];
}

/* Calls that hardly count are left out, so that a candidate has no more than a thousand in
 * either direction: there may be as many candidates as 2 / share, each held against each. */
static void renames_init(struct renames *r, struct functions_table *t)
{
	uint32_t n = t->candidates.n;
	_cleanup_free_ double *in = xcalloc((size_t)n + 1, sizeof(*in));
	_cleanup_free_ double *out = xcalloc((size_t)n + 1, sizeof(*out));

	*r = (struct renames){.t = t};
	r->calls = xcalloc((size_t)n + 1, sizeof(*r->calls));
	for (uint32_t i = 0; i < t->edges.n; i++) {
		const struct call_edge *e = &t->edges.v[i];

		out[t->candidate_of[e->caller]] += weight_of(e);
		in[t->candidate_of[e->callee]] += weight_of(e);
	}
	for (uint32_t i = 0; i < t->edges.n; i++) {
		const struct call_edge *e = &t->edges.v[i];
		uint32_t from = t->candidate_of[e->caller];
		uint32_t to = t->candidate_of[e->callee];

		if (from && weight_of(e) >= CALLS_LEAST * out[from])
			vec_push(&r->calls[from - 1].out, i);
		if (to && weight_of(e) >= CALLS_LEAST * in[to])
			vec_push(&r->calls[to - 1].in, i);
	}
}

static void renames_done(struct renames *r)
{
	for (uint32_t i = 0; i < r->t->candidates.n; i++) {
		vec_done(&r->calls[i].in);
		vec_done(&r->calls[i].out);
	}
	free(r->calls);
}

static bool is_only(const struct candidate *c, unsigned which)
{
	return !c->dropped && !c->was && c->present[which] && !c->present[!which];
}

/* --- likeness ---------------------------------------------------------------------- */

struct compare {
	const struct functions_table *t;
	uint32_t old, new; /* entities */
	struct map at;	   /* neighbour + 1, or 0 -> index + 1 */
	VEC(struct share_pair) shares;
	double old_sum, new_sum;
};

/* All those that only one side has are one: they may be renamed as well. */
static struct share_pair *neighbour(struct compare *c, uint32_t entity, unsigned which)
{
	uint32_t row = c->t->candidate_of[entity];
	bool only = row && is_only(&c->t->candidates.v[row - 1], which);
	uint64_t key = only ? 0 : (uint64_t)entity + 1, at = map_find(&c->at, key);

	if (!at) {
		vec_push(&c->shares, ((struct share_pair){0}));
		at = c->shares.n;
		map_put(&c->at, key, at);
	}
	return &c->shares.v[at - 1];
}

static void compare_row(struct compare *c, uint32_t row, bool callers, unsigned which)
{
	const struct call_edge *e = &c->t->edges.v[row];
	uint32_t other = callers ? e->caller : e->callee;
	struct share_pair *p;

	/* A call of itself, by the other name. */
	if (other == c->old || other == c->new)
		return;
	p = neighbour(c, other, which);
	*(which == BEFORE ? &p->old : &p->new) += e->v[which];
	*(which == BEFORE ? &c->old_sum : &c->new_sum) += e->v[which];
}

/* A function's own part stands beside what it calls: an interrupt in some sample is not all
 * that a function calls. */
static void compare_self(struct compare *c, const struct candidate *old,
			 const struct candidate *new)
{
	double was = 0, is = 0;

	for (uint32_t i = 0; i < c->t->npairs; i++) {
		was += old->self.v[BEFORE][i];
		is += new->self.v[AFTER][i];
	}
	vec_push(&c->shares, ((struct share_pair){was, is}));
	c->old_sum += was;
	c->new_sum += is;
}

/* What the calls from (or to) both have in common, 0 to 1; NaN: neither has any. */
static double compare_calls(const struct renames *r, uint32_t old, uint32_t new,
			    bool callers)
{
	const struct candidate *all = r->t->candidates.v;
	struct compare c = {.t = r->t, .old = all[old].entity, .new = all[new].entity};
	const struct calls *o = &r->calls[old], *n = &r->calls[new];
	double common = 0;
	bool none;

	for (uint32_t i = 0; i < (callers ? o->in.n : o->out.n); i++)
		compare_row(&c, callers ? o->in.v[i] : o->out.v[i], callers, BEFORE);
	for (uint32_t i = 0; i < (callers ? n->in.n : n->out.n); i++)
		compare_row(&c, callers ? n->in.v[i] : n->out.v[i], callers, AFTER);
	if (!callers)
		compare_self(&c, &all[old], &all[new]);
	none = !(c.old_sum > 0) && !(c.new_sum > 0);
	for (uint32_t i = 0; i < c.shares.n; i++)
		common += fmin(c.old_sum > 0 ? c.shares.v[i].old / c.old_sum : 0,
			       c.new_sum > 0 ? c.shares.v[i].new / c.new_sum : 0);
	map_done(&c.at);
	vec_done(&c.shares);
	return none ? NAN : common;
}

static bool has_same_name(const struct functions_table *t, uint32_t a, uint32_t b)
{
	return functions_entity(t, a)->name == functions_entity(t, b)->name;
}

static double ratio_of(double a, double b)
{
	return a > 0 && b > 0 ? fmax(a / b, b / a) : INFINITY;
}

/* How much the two look like one function: 0, not at all. */
static double likeness_of(const struct renames *r, uint32_t old_row, uint32_t new_row)
{
	const struct functions_table *t = r->t;
	const struct candidate *old = &t->candidates.v[old_row];
	const struct candidate *new = &t->candidates.v[new_row];
	bool same_name = has_same_name(t, old->entity, new->entity);
	double self = ratio_of(functions_median(old->self.v[BEFORE], t->npairs),
			       functions_median(new->self.v[AFTER], t->npairs));
	double total = ratio_of(functions_median(old->total.v[BEFORE], t->npairs),
				functions_median(new->total.v[AFTER], t->npairs));
	double callers, callees;

	if (fmin(self, total) > (same_name ? COST_RATIO_NAME : COST_RATIO))
		return 0;
	callers = compare_calls(r, old_row, new_row, true);
	callees = compare_calls(r, old_row, new_row, false);
	/* A name is evidence of its own; without callers there is none. */
	if (!same_name && !(callers >= LIKE))
		return 0;
	if (!same_name && callees < LIKE)
		return 0;
	return (isnan(callers) ? 0 : callers) + (isnan(callees) ? 1 : callees) +
	       1 / self + (same_name ? 4 : 0) +
	       (functions_entity(t, old->entity)->filename ==
		functions_entity(t, new->entity)->filename);
}

/* What is left of a vanished one goes to the one that took its place. */
static void join(struct functions_table *t, struct candidate *old, struct candidate *new)
{
	memcpy(new->self.v[BEFORE], old->self.v[BEFORE], t->npairs * sizeof(double));
	memcpy(new->self.n[BEFORE], old->self.n[BEFORE], t->npairs * sizeof(double));
	memcpy(new->total.v[BEFORE], old->total.v[BEFORE], t->npairs * sizeof(double));
	memcpy(new->total.n[BEFORE], old->total.n[BEFORE], t->npairs * sizeof(double));
	new->present[BEFORE] = true;
	new->was = old->entity + 1;
	old->dropped = true;
	for (uint32_t i = 0; i < t->edges.n; i++) {
		struct call_edge *e = &t->edges.v[i];

		if (e->caller == old->entity)
			e->caller = new->entity;
		if (e->callee == old->entity)
			e->callee = new->entity;
	}
	/* Who was called by the one alone is called by the other. */
	for (uint32_t i = 0; i < t->candidates.n; i++) {
		if (t->candidates.v[i].caller == old->entity + 1)
			t->candidates.v[i].caller = new->entity + 1;
	}
}

struct like {
	double likeness;
	uint32_t old, new; /* rows of candidates */
};

static int by_likeness(const void *va, const void *vb)
{
	const struct like *a = va, *b = vb;

	if (a->likeness != b->likeness)
		return a->likeness > b->likeness ? -1 : 1;
	if (a->old != b->old)
		return a->old > b->old ? 1 : -1;
	return (a->new > b->new) - (a->new < b->new);
}

/* The pairs that are most alike first. Where several are as much so, nothing tells which was
 * renamed to which, and the order of the rows decides. */
static uint32_t join_round(struct functions_table *t)
{
	struct renames r;
	VEC(struct like) likes = {0};
	uint32_t joined = 0;

	renames_init(&r, t);
	for (uint32_t i = 0; i < t->candidates.n; i++) {
		for (uint32_t k = 0; k < t->candidates.n; k++) {
			struct like l = {.old = i, .new = k};

			if (!is_only(&t->candidates.v[i], BEFORE))
				break;
			if (is_only(&t->candidates.v[k], AFTER))
				l.likeness = likeness_of(&r, i, k);
			if (l.likeness > 0)
				vec_push(&likes, l);
		}
	}
	if (likes.n)
		qsort(likes.v, likes.n, sizeof(*likes.v), by_likeness);
	for (uint32_t i = 0; i < likes.n; i++) {
		struct candidate *old = &t->candidates.v[likes.v[i].old];
		struct candidate *new = &t->candidates.v[likes.v[i].new];

		if (!is_only(old, BEFORE) || !is_only(new, AFTER))
			continue;
		join(t, old, new);
		joined++;
	}
	vec_done(&likes);
	renames_done(&r);
	return joined;
}

/* A caller and its callee may both have another name: once the one is known, the other is
 * told by it. */
void functions_join_renamed(struct functions_table *t)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (!join_round(t))
			return;
	}
}
