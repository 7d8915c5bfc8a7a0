/* What each function costs in each run. The runs of a side are merged into one profile, so
 * that functions are matched once between two profiles (match.c) and not between all; what a
 * run has added to the merged rows is its own part. Whether a change is one is decided in the
 * other files. */
#include "functions-priv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the calls of a function: what makes a caller the only one that counts. */
#define ONLY_CALLER .9

static const struct functions_run *run_of(const struct functions_table *t, unsigned which,
					  uint32_t i)
{
	return which == BEFORE ? &t->pairs[i].base : &t->pairs[i].head;
}

/* --- merging ------------------------------------------------------------------------ */

static struct profile *empty_like(const struct profile *p)
{
	struct profile *new = profile_new();

	for (unsigned i = 0; i < p->nvalues; i++)
		profile_value_type(new, profile_text(p, p->value_types[i].type),
				   profile_text(p, p->value_types[i].unit));
	new->period_type.type = profile_string(new, profile_text(p, p->period_type.type));
	new->period_type.unit = profile_string(new, profile_text(p, p->period_type.unit));
	return new;
}

struct seen { /* per row of the merged profile: what was there after the run before */
	VEC(int64_t) v, n;
};

/* Values below 0, as in a difference of two profiles, are no cost of a run. */
static void side_count_run(struct functions_table *t, unsigned which, uint32_t run,
			   struct seen *seen)
{
	const struct profile *p = t->merged[which];
	unsigned value = t->value[which];

	for (uint32_t row = 1; row < p->samples.n; row++) {
		int64_t v = p->values.v[(size_t)row * p->nvalues + value];
		int64_t n = diff_samples(p, value, row);
		struct run_cell c = {.row = row, .run = run};

		while (seen->v.n <= row) {
			vec_push(&seen->v, 0);
			vec_push(&seen->n, 0);
		}
		c.v = (double)v - (double)seen->v.v[row];
		c.n = (double)n - (double)seen->n.v[row];
		seen->v.v[row] = v;
		seen->n.v[row] = n;
		if (!(c.v > 0))
			continue;
		vec_push(&t->cells[which], c);
		t->sum[which][run] += c.v;
		t->samples[which][run] += c.n;
	}
}

static int side_merge(struct functions_table *t, unsigned which, struct error *err)
{
	struct seen seen = {0};
	int code = 0;

	t->value[which] = run_of(t, which, 0)->value;
	t->merged[which] = empty_like(run_of(t, which, 0)->profile);
	for (uint32_t i = 0; code == 0 && i < t->npairs; i++) {
		const struct functions_run *r = run_of(t, which, i);

		if (profile_merge(t->merged[which], r->profile) < 0) {
			code = error_set(err, -EINVAL,
					 "'%s' has not the sample types that '%s' has",
					 r->name, run_of(t, which, 0)->name);
			continue;
		}
		side_count_run(t, which, i, &seen);
		if (t->sum[which][i] <= 0 && !t->exact)
			code = error_set(err, -EINVAL, "'%s' has no samples", r->name);
	}
	vec_done(&seen.v);
	vec_done(&seen.n);
	return code;
}

static void side_scale(struct functions_table *t, unsigned which)
{
	const struct profile *p = t->merged[which];
	const char *unit = profile_text(p, p->value_types[t->value[which]].unit);

	for (uint32_t i = 0; i < t->npairs; i++) {
		double cpu_s = run_of(t, which, i)->cpu_s;
		double factor = run_of(t, which, i)->factor;

		t->scale[which][i] = strcmp(unit, "nanoseconds") ? 1 : 1e-9;
		t->scale[which][i] *= factor > 0 ? factor : 1;
		if (t->known_total)
			t->scale[which][i] = cpu_s / t->sum[which][i];
		t->noise_known = t->noise_known && (t->exact || t->samples[which][i] > 0);
	}
}

/* --- entities ----------------------------------------------------------------------- */

static uint32_t entity_of(const struct functions_table *t, unsigned which, uint32_t row)
{
	uint32_t after = t->m.sides[AFTER].functions.n;

	if (which == AFTER)
		return row;
	if (t->m.sides[BEFORE].functions.v[row].same)
		return t->m.sides[BEFORE].functions.v[row].same - 1;
	return after + row;
}

const struct match_function *functions_entity(const struct functions_table *t,
					      uint32_t entity)
{
	uint32_t after = t->m.sides[AFTER].functions.n;

	return entity < after ? &t->m.sides[AFTER].functions.v[entity]
			      : &t->m.sides[BEFORE].functions.v[entity - after];
}

const char *functions_module(const struct functions_table *t, uint32_t entity)
{
	for (unsigned which = SIDES; which-- > 0;) {
		const struct profile *p = t->merged[which];
		mapping_id m = t->mapping[which][entity];

		if (m)
			return profile_text(p, p->mappings.v[m].filename);
	}
	return "";
}

/* The frames of a stack, the innermost first. */
struct frames {
	const struct functions_table *t;
	unsigned which;
	stack_id at;
	uint32_t left; /* frames of at's location that are still to come */
};

static struct frames frames_of(const struct functions_table *t, unsigned which,
			       uint32_t row)
{
	struct frames f = {t, which, t->merged[which]->samples.v[row].stack, 0};
	const struct match_side *side = &t->m.sides[which];

	if (f.at) {
		location_id l = t->merged[which]->stacks.v[f.at].location;

		f.left = side->first[l + 1] - side->first[l];
	}
	return f;
}

static bool frames_next(struct frames *f, uint32_t *ret_entity)
{
	const struct profile *p = f->t->merged[f->which];
	const struct match_side *side = &f->t->m.sides[f->which];
	location_id l;

	while (f->at && !f->left) {
		f->at = p->stacks.v[f->at].parent;
		l = p->stacks.v[f->at].location;
		f->left = f->at ? side->first[l + 1] - side->first[l] : 0;
	}
	if (!f->at)
		return false;
	l = p->stacks.v[f->at].location;
	f->left--;
	*ret_entity = entity_of(f->t, f->which, side->frames.v[side->first[l] + f->left]);
	return true;
}

/* --- who has a share, and who calls whom -------------------------------------------- */

static void edge_add(struct functions_table *t, struct map *known, uint32_t caller,
		     uint32_t callee, unsigned which, double v)
{
	uint64_t key = (uint64_t)caller << 32 | callee;
	uint64_t at = map_find(known, key);

	if (caller == callee)
		return;
	if (!at) {
		vec_push(&t->edges, ((struct call_edge){caller, callee, {0}}));
		at = t->edges.n;
		map_put(known, key, at);
	}
	t->edges.v[at - 1].v[which] += v;
}

/* The innermost frame of a stack's last location. */
static uint32_t leaf_entity(const struct functions_table *t, unsigned which, stack_id s)
{
	const struct match_side *side = &t->m.sides[which];
	location_id l = t->merged[which]->stacks.v[s].location;

	return entity_of(t, which, side->frames.v[side->first[l + 1] - 1]);
}

/* All that passes through a stack passes through the calls of its last location. */
static void add_calls(struct functions_table *t, unsigned which, stack_id s, double v,
		      struct map *known)
{
	const struct profile *p = t->merged[which];
	const struct match_side *side = &t->m.sides[which];
	const struct stack_node *node = &p->stacks.v[s];
	mapping_id m = p->locations.v[node->location].mapping;
	bool called = node->parent;
	uint32_t caller = called ? leaf_entity(t, which, node->parent) : 0;

	for (uint32_t k = side->first[node->location];
	     k < side->first[node->location + 1]; k++) {
		uint32_t entity = entity_of(t, which, side->frames.v[k]);

		if (!t->mapping[which][entity])
			t->mapping[which][entity] = m;
		if (called)
			edge_add(t, known, caller, entity, which, v);
		caller = entity;
		called = true;
	}
}

static void side_look(struct functions_table *t, unsigned which, struct map *known)
{
	const struct profile *p = t->merged[which];
	_cleanup_free_ double *passes = xcalloc(p->stacks.n, sizeof(*passes));

	for (uint32_t i = 0; i < t->cells[which].n; i++) {
		const struct run_cell *c = &t->cells[which].v[i];
		stack_id s = p->samples.v[c->row].stack;

		if (!s)
			continue;
		t->share_sum[which][leaf_entity(t, which, s)] += c->v /
								 t->sum[which][c->run];
		passes[s] += c->v * t->scale[which][c->run];
	}
	/* Parents come before their children. */
	for (stack_id s = p->stacks.n; s-- > 1;)
		passes[p->stacks.v[s].parent] += passes[s];
	for (stack_id s = 1; s < p->stacks.n; s++) {
		if (passes[s] > 0)
			add_calls(t, which, s, passes[s], known);
	}
}

static struct candidate *candidate_add(struct functions_table *t, uint32_t entity)
{
	struct candidate *c;

	if (t->candidate_of[entity])
		return &t->candidates.v[t->candidate_of[entity] - 1];
	c = vec_add(&t->candidates);
	c->entity = entity;
	t->candidate_of[entity] = t->candidates.n;
	return c;
}

/* A median of 1 % means that half the runs have as much: the sum is half of that. There can
 * be 2 / share of them on a side. */
static void choose(struct functions_table *t)
{
	double least = t->share * t->npairs / 2 * (1 - 1e-9);

	for (uint32_t e = 0; e < t->nentities; e++) {
		if (t->share_sum[BEFORE][e] >= least || t->share_sum[AFTER][e] >= least)
			candidate_add(t, e);
	}
}

/* The caller that on each side has nearly all calls. */
static void find_callers(struct functions_table *t)
{
	uint32_t n = t->candidates.n;
	_cleanup_free_ double *all = xcalloc((size_t)n * SIDES + 1, sizeof(*all));

	for (uint32_t i = 0; i < t->edges.n; i++) {
		const struct call_edge *e = &t->edges.v[i];
		uint32_t to = t->candidate_of[e->callee];

		for (unsigned k = 0; to && to <= n && k < SIDES; k++)
			all[(size_t)(to - 1) * SIDES + k] += e->v[k];
	}
	for (uint32_t i = 0; i < t->edges.n; i++) {
		const struct call_edge *e = &t->edges.v[i];
		uint32_t to = t->candidate_of[e->callee];
		const double *sums = all + (size_t)(to - 1) * SIDES;

		if (!to || to > n || e->v[BEFORE] < ONLY_CALLER * sums[BEFORE] ||
		    e->v[AFTER] < ONLY_CALLER * sums[AFTER])
			continue;
		t->candidates.v[to - 1].caller = e->caller + 1;
		if (!t->candidate_of[e->caller])
			candidate_add(t, e->caller)->helper = true;
	}
}

/* --- series ------------------------------------------------------------------------- */

static void series_init(struct series *s, uint32_t n, struct arena *a)
{
	for (unsigned k = 0; k < SIDES; k++) {
		s->v[k] = arena_alloc(a, n * sizeof(double));
		s->n[k] = arena_alloc(a, n * sizeof(double));
	}
}

static void series_add(struct series *s, unsigned which, const struct run_cell *c,
		       double scale)
{
	s->v[which][c->run] += c->v * scale;
	s->n[which][c->run] += c->n;
}

static void side_fill_series(struct functions_table *t, unsigned which)
{
	_cleanup_free_ uint32_t *last = xcalloc(t->candidates.n + 1, sizeof(*last));

	for (uint32_t i = 0; i < t->cells[which].n; i++) {
		const struct run_cell *c = &t->cells[which].v[i];
		struct frames f = frames_of(t, which, c->row);
		double scale = t->scale[which][c->run];
		bool leaf = true;
		uint32_t entity;

		for (; frames_next(&f, &entity); leaf = false) {
			uint32_t at = t->candidate_of[entity];
			struct candidate *to;

			if (!at)
				continue;
			to = &t->candidates.v[at - 1];
			if (leaf)
				series_add(&to->self, which, c, scale);
			/* Recursion: once a sample. */
			if (last[at - 1] != i + 1)
				series_add(&to->total, which, c, scale);
			last[at - 1] = i + 1;
			to->present[which] = true;
		}
	}
}

/* --- all ---------------------------------------------------------------------------- */

static void table_alloc(struct functions_table *t)
{
	for (unsigned k = 0; k < SIDES; k++) {
		t->sum[k] = xcalloc(t->npairs, sizeof(double));
		t->scale[k] = xcalloc(t->npairs, sizeof(double));
		t->samples[k] = xcalloc(t->npairs, sizeof(double));
	}
	t->known_total = t->noise_known = true;
	for (uint32_t i = 0; i < t->npairs; i++)
		t->known_total = t->known_total && t->pairs[i].base.cpu_s > 0 &&
				 t->pairs[i].head.cpu_s > 0;
}

static void table_count(struct functions_table *t)
{
	struct map known = {0};

	match_init(&t->m, t->merged[BEFORE], t->merged[AFTER]);
	t->nentities = t->m.sides[AFTER].functions.n + t->m.sides[BEFORE].functions.n;
	t->candidate_of = xcalloc((size_t)t->nentities + 1, sizeof(uint32_t));
	for (unsigned k = 0; k < SIDES; k++) {
		t->mapping[k] = xcalloc((size_t)t->nentities + 1, sizeof(mapping_id));
		t->share_sum[k] = xcalloc((size_t)t->nentities + 1, sizeof(double));
		side_scale(t, k);
	}
	for (unsigned k = 0; k < SIDES; k++)
		side_look(t, k, &known);
	map_done(&known);
	choose(t);
	find_callers(t);
	for (uint32_t i = 0; i < t->candidates.n; i++) {
		series_init(&t->candidates.v[i].self, t->npairs, t->arena);
		series_init(&t->candidates.v[i].total, t->npairs, t->arena);
	}
	for (unsigned k = 0; k < SIDES; k++)
		side_fill_series(t, k);
}

int functions_table_fill(struct functions_table *t, struct error *err)
{
	int code = 0;

	table_alloc(t);
	for (unsigned k = 0; code == 0 && k < SIDES; k++)
		code = side_merge(t, k, err);
	if (code == 0)
		table_count(t);
	return code;
}

void functions_table_done(struct functions_table *t)
{
	if (t->candidate_of)
		match_done(&t->m);
	for (unsigned k = 0; k < SIDES; k++) {
		profile_free(t->merged[k]);
		vec_done(&t->cells[k]);
		free(t->sum[k]);
		free(t->scale[k]);
		free(t->samples[k]);
		free(t->mapping[k]);
		free(t->share_sum[k]);
	}
	free(t->candidate_of);
	vec_done(&t->candidates);
	vec_done(&t->edges);
}
