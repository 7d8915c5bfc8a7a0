/* The table of functions: self and total time of each, whatever the callers.
 *
 * A stack counts once for a function, however often that is on it: where it is on it for
 * the first time. So the tree of stacks is walked, leg by leg (turns.c), and each leg
 * counts for all samples that end on it or behind it. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

struct top_builder {
	struct top *t;
	const struct profile *p;
	unsigned value;
	struct map groups;     /* name << 32 | source file -> row + 1 */
	uint32_t *by_function; /* [functions] row + 1 */
	uint32_t *
		by_location; /* [locations] row + 1, of those with one function or none */
	struct map
		modules; /* row << 32 | file name of a mapping -> its entry below + 1 */
	VEC(struct module_share) shares;
	VEC(uint32_t) latest; /* [rows] its entry of `shares` that grew last + 1 */
	VEC(uint32_t)
	until; /* [rows] the last leg of the walk that has it on its stack */
	struct turns turns;
	struct turn_leg *legs;
	int64_t *self, *total; /* [turns] */
	uint32_t *size;	       /* [turns] legs behind it, itself included */
};

struct module_share {
	uint32_t row;
	string_id filename;
	int64_t total;
};

static uint32_t top_group(struct top_builder *b, string_id name, const struct function *f)
{
	string_id filename = f ? f->filename : 0;
	uint64_t key = (uint64_t)name << 32 | filename;
	uint64_t known = map_find(&b->groups, key);
	struct top_row *row;

	if (known)
		return (uint32_t)known - 1;
	row = vec_add(&b->t->rows);
	row->name = name;
	row->filename = filename;
	row->start_line = f ? f->start_line : 0;
	vec_push(&b->latest, 0);
	vec_push(&b->until, 0);
	map_put(&b->groups, key, b->t->rows.n);
	return b->t->rows.n - 1;
}

static uint32_t top_function(struct top_builder *b, function_id id)
{
	const struct function *f = &b->p->functions.v[id];

	if (!b->by_function[id])
		b->by_function[id] = top_group(b, f->name, f) + 1;
	return b->by_function[id] - 1;
}

static void top_module(struct top_builder *b, uint32_t row, string_id filename, int64_t v)
{
	uint32_t known = b->latest.v[row];

	if (!known || b->shares.v[known - 1].filename != filename) {
		uint64_t key = (uint64_t)row << 32 | filename;

		known = (uint32_t)map_find(&b->modules, key);
		if (!known) {
			struct module_share share = {row, filename, 0};

			vec_push(&b->shares, share);
			known = b->shares.n;
			map_put(&b->modules, key, known);
		}
		b->latest.v[row] = known;
	}
	b->shares.v[known - 1].total = sum_clamped(b->shares.v[known - 1].total, v);
}

/* A row that is on the stack for the first time, and on all that hangs from this leg. */
static void top_count(struct top_builder *b, uint32_t row, const struct location *l,
		      uint32_t turn, uint32_t number)
{
	struct top_row *r = &b->t->rows.v[row];
	int64_t v = b->total[turn];

	b->until.v[row] = number + b->size[turn] - 1;
	r->total = sum_clamped(r->total, v);
	if (v && l->mapping)
		top_module(b, row, b->p->mappings.v[l->mapping].filename, v);
}

/* Functions of a location, outermost first. Returns the row of the last. */
static uint32_t top_location(struct top_builder *b, location_id id, uint32_t turn,
			     uint32_t number)
{
	const struct location *l = &b->p->locations.v[id];
	uint32_t row = 0;

	for (uint32_t i = l->nlines; i-- > 0;) {
		row = top_function(b, b->p->lines.v[l->first_line + i].function);
		if (b->until.v[row] < number)
			top_count(b, row, l, turn, number);
	}
	if (l->nlines > 1)
		return row;
	if (!l->nlines) {
		row = top_group(b, b->p->mappings.v[l->mapping].filename, NULL);
		if (b->until.v[row] < number)
			top_count(b, row, l, turn, number);
	}
	b->by_location[id] = row + 1;
	return row;
}

/* @number: legs are walked in this order, one that hangs from another behind that. */
static void top_leg(struct top_builder *b, uint32_t turn, uint32_t number)
{
	const struct stack_node *stacks = b->p->stacks.v;
	stack_id last = b->legs[turn].last;
	uint32_t row = 0;

	for (stack_id at = b->legs[turn].first; at <= last; at++) {
		location_id id = stacks[at].location;

		if (!b->by_location[id]) {
			row = top_location(b, id, turn, number);
			continue;
		}
		row = b->by_location[id] - 1;
		if (b->until.v[row] < number)
			top_count(b, row, &b->p->locations.v[id], turn, number);
	}
	b->t->rows.v[row].self = sum_clamped(b->t->rows.v[row].self, b->self[turn]);
}

/* Sums by leg; a leg's number is above that of the one it hangs from. */
static void top_legs(struct top_builder *b)
{
	const struct profile *p = b->p;

	turns_find(&b->turns, p, b->value);
	b->legs = turn_legs(&b->turns, p);
	b->self = xcalloc(b->turns.n, sizeof(*b->self));
	b->total = xcalloc(b->turns.n, sizeof(*b->total));
	b->size = xcalloc(b->turns.n, sizeof(*b->size));
	for (uint32_t i = 1; i < p->samples.n; i++) {
		int64_t v = p->values.v[(size_t)i * p->nvalues + b->value], *self;

		b->t->sum = sum_clamped(b->t->sum, v);
		if (!v)
			continue;
		self = &b->self[turn_number(&b->turns, p->samples.v[i].stack)];
		*self = sum_clamped(*self, v);
	}
	for (uint32_t turn = b->turns.n; turn-- > 1;) {
		int64_t *up = &b->total[b->legs[turn].parent];

		b->total[turn] = sum_clamped(b->total[turn], b->self[turn]);
		*up = sum_clamped(*up, b->total[turn]);
		b->size[turn]++;
		b->size[b->legs[turn].parent] += b->size[turn];
	}
}

static void top_walk(struct top_builder *b)
{
	uint32_t at = b->legs[0].child, number = 0;

	while (at) {
		top_leg(b, at, ++number);
		if (b->legs[at].child) {
			at = b->legs[at].child;
			continue;
		}
		while (at && !b->legs[at].sibling)
			at = b->legs[at].parent;
		at = b->legs[at].sibling;
	}
}

/* The module with most of a row's total; the first seen where two have the same. */
static void top_modules(struct top_builder *b)
{
	int64_t *most = xcalloc(b->t->rows.n, sizeof(*most));

	for (uint32_t i = 0; i < b->shares.n; i++) {
		const struct module_share *s = &b->shares.v[i];
		struct top_row *row = &b->t->rows.v[s->row];

		if (row->module && s->total <= most[s->row])
			continue;
		row->module = s->filename;
		most[s->row] = s->total;
	}
	free(most);
}

static int top_compare(const void *va, const void *vb, void *ctx)
{
	const struct top_row *a = va, *b = vb;
	int c;

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	c = strcmp(profile_text(ctx, a->name), profile_text(ctx, b->name));
	return c ? c
		 : strcmp(profile_text(ctx, a->filename), profile_text(ctx, b->filename));
}

void top_build(struct top *t, const struct profile *p, unsigned value)
{
	struct top_builder b = {.t = t, .p = p, .value = value};

	memset(t, 0, sizeof(*t));
	if (value >= p->nvalues)
		return;
	b.by_function = xcalloc(p->functions.n, sizeof(*b.by_function));
	b.by_location = xcalloc(p->locations.n, sizeof(*b.by_location));
	top_legs(&b);
	top_walk(&b);
	top_modules(&b);
	if (t->rows.n)
		qsort_r(t->rows.v, t->rows.n, sizeof(*t->rows.v), top_compare,
			(void *)(uintptr_t)p);
	turns_done(&b.turns);
	free(b.legs);
	free(b.self);
	free(b.total);
	free(b.size);
	free(b.by_function);
	free(b.by_location);
	map_done(&b.groups);
	map_done(&b.modules);
	vec_done(&b.shares);
	vec_done(&b.latest);
	vec_done(&b.until);
}

void top_done(struct top *t)
{
	vec_done(&t->rows);
	t->sum = 0;
}
