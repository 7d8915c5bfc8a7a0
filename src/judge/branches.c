/* The stacks that only one side has, told by their outermost frames: where a new function
 * stands on an old caller, that is one line and not one for each of all the stacks
 * through it. They are strips of the flame tree, whose calls have one sum. */
#include "judge-priv.h"

#include <stdlib.h>
#include <string.h>

enum { MORE_BEFORE, MORE_SAMPLES_BEFORE, MORE_SAMPLES_AFTER, MORES };
static const unsigned more_values[MORES] = {DIFF_BEFORE, DIFF_SAMPLES_BEFORE,
					    DIFF_SAMPLES_AFTER};

static struct diff_sums strip_sums(const struct flame *f, uint32_t strip)
{
	const int64_t *more = f->more_total + (size_t)strip * MORES;

	return (struct diff_sums){
		.before = more[MORE_BEFORE],
		.after = f->nodes.v[strip].total,
		.samples_before = more[MORE_SAMPLES_BEFORE],
		.samples_after = more[MORE_SAMPLES_AFTER],
	};
}

static bool is_absent(const struct flame *f, uint32_t strip, unsigned side)
{
	struct diff_sums s = strip_sums(f, strip);

	return side == BEFORE ? !s.before && !s.samples_before
			      : !s.after && !s.samples_after;
}

/* How many stacks end in @strip or above it. */
static uint32_t count_stacks(const struct flame *f, uint32_t strip)
{
	const struct flame_node *n = f->nodes.v;
	uint32_t at = strip, count = 0;

	for (;;) {
		count += n[at].self || f->more_self[(size_t)at * MORES + MORE_BEFORE];
		if (n[at].first_child) {
			at = n[at].first_child;
			continue;
		}
		while (at != strip && !n[at].next_sibling)
			at = n[at].parent;
		if (at == strip)
			return count;
		at = n[at].next_sibling;
	}
}

/* Of equal ones the one that was met first. */
static int by_size(const void *va, const void *vb, void *tree)
{
	const struct diff_branch *a = va, *b = vb;
	const struct flame_node *n = ((const struct flame *)tree)->nodes.v;
	uint64_t sa = size_of(a->change.delta), sb = size_of(b->change.delta);

	if (sa != sb)
		return sa > sb ? -1 : 1;
	return (n[a->strip].first > n[b->strip].first) -
	       (n[a->strip].first < n[b->strip].first);
}

/* What @side does not have and stands on something that it has. */
static void find_branches(struct diff *d, unsigned side, struct diff_branches *ret)
{
	const struct flame *f = &d->tree;

	for (uint32_t i = 1; i < f->nodes.n; i++) {
		struct diff_branch b = {.strip = i};
		uint32_t parent = f->nodes.v[i].parent;

		if (!is_absent(f, i, side) || is_absent(f, i, !side) ||
		    (parent && is_absent(f, parent, side)))
			continue;
		b.change.sums = strip_sums(f, i);
		diff_weigh(d, &b.change);
		if (!b.change.significant) {
			ret->quiet++;
			continue;
		}
		b.stacks = count_stacks(f, i);
		vec_push(ret, b);
	}
	if (ret->n)
		qsort_r(ret->v, ret->n, sizeof(*ret->v), by_size, &d->tree);
}

void diff_find_branches(struct diff *d)
{
	flame_build_all(&d->tree, d->profile, DIFF_AFTER, more_values, MORES);
	find_branches(d, BEFORE, &d->new);
	find_branches(d, AFTER, &d->vanished);
}

uint32_t diff_branch_names(const struct diff *d, const struct diff_branch *b,
			   string_id **ret_names)
{
	const struct flame *f = &d->tree;
	const struct flame_node *n = &f->nodes.v[b->strip];
	uint32_t depth = n->depth;
	string_id *names = xcalloc(depth, sizeof(*names));

	/* Depth 1 is the process. */
	names[depth - 1] = f->calls.v[f->chain.v[n->first]].name;
	for (uint32_t at = n->parent; at; at = f->nodes.v[at].parent) {
		n = &f->nodes.v[at];
		for (uint32_t k = 0; k < n->n; k++)
			names[n->depth - 1 + k] =
				f->calls.v[f->chain.v[n->first + k]].name;
	}
	*ret_names = names;
	return depth;
}
