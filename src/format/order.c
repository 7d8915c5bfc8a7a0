/* The one order in which formats take samples: that of the stack tree, depth first. What
 * hangs from one row goes in the order of rows, so that a profile that was written in this
 * order and read again has the same one, whatever its rows were before. A format that
 * numbers all else by its first use therefore writes the same bytes for both. */
#include "format-priv.h"

#include <stdlib.h>

struct turn {
	uint32_t parent, child, sibling; /* numbers of turns; 0: none */
	uint32_t order;
};

/* The turns of the stack tree, each with its place in depth-first order: a list of
 * children is in the order of their rows, pushed in front from the last one on. */
static struct turn *turn_order(const struct profile *p, const struct turns *t)
{
	struct turn *turns = xcalloc(t->n, sizeof(*turns));
	uint32_t n = t->n, next = 0, at = 0;

	for (stack_id row = p->stacks.n; row-- > 1;) {
		struct turn *turn;

		if (!mark_is(t->bits, row))
			continue;
		turn = &turns[--n];
		row = turn_begin(t, p, row);
		turn->parent = turn_number(t, p->stacks.v[row].parent);
		turn->sibling = turns[turn->parent].child;
		turns[turn->parent].child = n;
	}
	for (;;) {
		turns[at].order = next++;
		if (turns[at].child) {
			at = turns[at].child;
			continue;
		}
		while (at && !turns[at].sibling)
			at = turns[at].parent;
		if (!at)
			return turns;
		at = turns[at].sibling;
	}
}

static int u64_compare(const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return a < b ? -1 : a > b;
}

uint32_t *samples_in_order(const struct profile *p, const struct turns *t)
{
	struct turn *turns = turn_order(p, t);
	uint64_t *keys = xcalloc(p->samples.n, sizeof(*keys));
	uint32_t *rows = xcalloc(p->samples.n, sizeof(*rows));

	for (uint32_t i = 1; i < p->samples.n; i++) {
		uint32_t turn = turn_number(t, p->samples.v[i].stack);

		keys[i] = (uint64_t)turns[turn].order << 32 | i;
	}
	/* Row 0 keeps its key of 0, the smallest, and stays in front. */
	qsort(keys, p->samples.n, sizeof(*keys), u64_compare);
	for (uint32_t i = 1; i < p->samples.n; i++)
		rows[i] = (uint32_t)keys[i];
	free(keys);
	free(turns);
	return rows;
}
