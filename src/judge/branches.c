/* The stacks that only one side has, told by their outermost frames: where a new function
 * stands on an old caller, that is one line and not one for each of all the stacks
 * through it. */
#include "judge-priv.h"

#include <string.h>

struct node {
	string_id comm;
	stack_id stack;
	uint32_t parent; /* row; 0: it is a process */
	uint32_t stacks; /* samples' rows in it and above it */
	struct diff_sums sums;
};

struct forest {
	struct diff *d;
	struct map known;	/* comm << 32 | stack -> row */
	VEC(struct node) nodes; /* parents before children; row 0 is unused */
	VEC(stack_id) path;
};

static uint64_t node_key(string_id comm, stack_id stack)
{
	return (uint64_t)comm << 32 | stack;
}

static uint32_t forest_add(struct forest *f, string_id comm, stack_id stack,
			   uint32_t parent)
{
	vec_push(&f->nodes, ((struct node){comm, stack, parent, 0, {0}}));
	map_put(&f->known, node_key(comm, stack), f->nodes.n - 1);
	return f->nodes.n - 1;
}

/* The row of @stack below @comm; it and those that lead to it are made where they are
 * missing. */
static uint32_t forest_node(struct forest *f, string_id comm, stack_id stack)
{
	uint32_t at;

	f->path.n = 0;
	while (!(at = (uint32_t)map_find(&f->known, node_key(comm, stack)))) {
		vec_push(&f->path, stack);
		if (!stack)
			break;
		stack = f->d->profile->stacks.v[stack].parent;
	}
	while (f->path.n)
		at = forest_add(f, comm, f->path.v[--f->path.n], at);
	return at;
}

static void forest_grow(struct forest *f)
{
	const struct profile *p = f->d->profile;
	string_id key = profile_find_string(p, "comm");

	(void)vec_add(&f->nodes);
	for (uint32_t i = 1; i < p->samples.n; i++) {
		const struct sample_row *s = &p->samples.v[i];
		struct diff_sums sums = diff_row(f->d, i);
		string_id comm = profile_label_str(p, s->labels, key);
		uint32_t row = forest_node(f, comm, s->stack);

		diff_add(&f->nodes.v[row].sums, &sums);
		f->nodes.v[row].stacks++;
	}
	for (uint32_t i = f->nodes.n; i-- > 1;) {
		const struct node *n = &f->nodes.v[i];
		struct node *up = &f->nodes.v[n->parent];

		diff_add(&up->sums, &n->sums);
		up->stacks += n->stacks;
	}
}

/* Of equal ones the one that was met first. */
static int by_size(const void *va, const void *vb)
{
	const struct diff_branch *a = va, *b = vb;
	uint64_t sa = size_of(a->change.delta), sb = size_of(b->change.delta);

	if (sa != sb)
		return sa > sb ? -1 : 1;
	if (a->stack != b->stack)
		return a->stack < b->stack ? -1 : 1;
	return (a->comm > b->comm) - (a->comm < b->comm);
}

static bool is_absent(const struct diff_sums *s, unsigned side)
{
	return side == BEFORE ? !s->before && !s->samples_before
			      : !s->after && !s->samples_after;
}

/* Nodes without @side that stand on one which has it, or on none. */
static void forest_list(struct forest *f, unsigned side)
{
	struct diff *d = f->d;

	for (uint32_t i = 1; i < f->nodes.n; i++) {
		const struct node *n = &f->nodes.v[i];
		struct diff_branch b = {.comm = n->comm,
					.stack = n->stack,
					.stacks = n->stacks,
					.change.sums = n->sums};

		if (!is_absent(&n->sums, side) || is_absent(&n->sums, !side) ||
		    (n->parent && is_absent(&f->nodes.v[n->parent].sums, side)))
			continue;
		diff_weigh(d, &b.change);
		if (!b.change.significant)
			(*(side == BEFORE ? &d->new_quiet : &d->vanished_quiet))++;
		else if (side == BEFORE)
			vec_push(&d->new, b);
		else
			vec_push(&d->vanished, b);
	}
}

void diff_branches(struct diff *d)
{
	struct forest f = {.d = d};

	forest_grow(&f);
	forest_list(&f, BEFORE);
	forest_list(&f, AFTER);
	if (d->new.n)
		qsort(d->new.v, d->new.n, sizeof(*d->new.v), by_size);
	if (d->vanished.n)
		qsort(d->vanished.v, d->vanished.n, sizeof(*d->vanished.v), by_size);
	map_done(&f.known);
	vec_done(&f.nodes);
	vec_done(&f.path);
}
