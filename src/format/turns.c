/* The rows of a profile's stacks that matter to whoever puts stacks in a tree or in
 * order: where samples end, and where a row hangs that is not the next one. The rows
 * between two of them, a leg, belong together. Stacks that grow deep have few turns and
 * long legs. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

static void mark(uint64_t *bits, uint32_t row)
{
	bits[row / 64] |= 1ull << (row % 64);
}

static bool has_value(const struct profile *p, uint32_t sample, unsigned value)
{
	return value == TURNS_ALL || p->values.v[(size_t)sample * p->nvalues + value];
}

static void turns_init(struct turns *t, const struct profile *p)
{
	size_t words = p->stacks.n / 64 + 1;

	t->bits = xcalloc(words, sizeof(*t->bits));
	t->used = xcalloc(words, sizeof(*t->used));
	t->before = xcalloc(words, sizeof(*t->before));
	t->n = 0;
	mark(t->bits, 0);
}

static void turns_end(struct turns *t, const struct profile *p, unsigned value)
{
	for (uint32_t i = 1; i < p->samples.n; i++)
		if (has_value(p, i, value))
			mark(t->bits, p->samples.v[i].stack);
}

/* A parent's row is below its child's, so one pass from the end sees every row that a
 * sample has or stands on. */
static void turns_branch(struct turns *t, const struct profile *p)
{
	size_t words = p->stacks.n / 64 + 1;

	memcpy(t->used, t->bits, words * sizeof(*t->used));
	for (stack_id i = p->stacks.n; i-- > 1;) {
		stack_id parent = p->stacks.v[i].parent;

		if (!mark_is(t->used, i))
			continue;
		mark(t->used, parent);
		if (parent != i - 1)
			mark(t->bits, parent);
	}
	for (size_t i = 0; i < words; i++) {
		t->before[i] = t->n;
		t->n += (uint32_t)__builtin_popcountll(t->bits[i]);
	}
}

void turns_find(struct turns *t, const struct profile *p, unsigned value)
{
	turns_init(t, p);
	turns_end(t, p, value);
	turns_branch(t, p);
}

void turns_find_all(struct turns *t, const struct profile *const *profiles, unsigned n)
{
	turns_init(t, profiles[0]);
	for (unsigned i = 0; i < n; i++)
		turns_end(t, profiles[i], TURNS_ALL);
	turns_branch(t, profiles[0]);
}

void turns_done(struct turns *t)
{
	free(t->bits);
	free(t->used);
	free(t->before);
}

uint32_t turn_number(const struct turns *t, stack_id row)
{
	uint64_t lower = t->bits[row / 64] & ((1ull << (row % 64)) - 1);

	return t->before[row / 64] + (uint32_t)__builtin_popcountll(lower);
}

stack_id turn_begin(const struct turns *t, const struct profile *p, stack_id row)
{
	while (p->stacks.v[row].parent == row - 1 && !mark_is(t->bits, row - 1))
		row--;
	return row;
}

struct turn_leg *turn_legs(const struct turns *t, const struct profile *p)
{
	struct turn_leg *legs = xcalloc(t->n, sizeof(*legs));
	uint32_t n = t->n;

	for (stack_id row = p->stacks.n; row-- > 1;) {
		struct turn_leg *leg;

		if (!mark_is(t->bits, row))
			continue;
		leg = &legs[--n];
		leg->last = row;
		row = leg->first = turn_begin(t, p, row);
		leg->parent = turn_number(t, p->stacks.v[row].parent);
		leg->sibling = legs[leg->parent].child;
		legs[leg->parent].child = n;
	}
	return legs;
}
