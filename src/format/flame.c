/* The tree behind pictures, folded text and their numbers: stacks of locations become
 * chains of functions, and equal chains become one node.
 *
 * A stack's place in the tree follows from its parent's, so each (comm, stack) is placed
 * once, however many samples stand on it. Nodes are made after their parents; sums
 * therefore go from the last node to the first.
 *
 * Most nodes have a single child. So a node's children are looked through as a list, only
 * those of the few large families go into an index, and only families are sorted. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

struct flame_builder {
	struct flame *f;
	const struct profile *p;
	unsigned value;
	/* [stacks] where a stack was placed, and under which comm; further comms are in
	 * the map, by comm node << 32 | stack. */
	uint32_t *place, *place_comm;
	struct map placed;
	struct index by_call; /* (parent, name, kind) -> node, of large families */
	VEC(stack_id) path;   /* stacks still to be placed, innermost first */
	VEC(uint32_t) forks;  /* nodes with several children */
};

/* A node with more children than this has all of them in the index. */
#define FAMILY_LISTED 8u

struct call {
	uint32_t parent, kind;
	string_id name;
};

static bool call_equal(const void *table, uint32_t id, const void *key)
{
	const struct flame_node *n = &((const struct flame *)table)->nodes.v[id];
	const struct call *c = key;

	return n->parent == c->parent && n->name == c->name && n->kind == c->kind;
}

static uint32_t call_hash(const struct call *c)
{
	return hash_mix(hash_u64((uint64_t)c->parent << 32 | c->name), c->kind);
}

/* The child of c->parent that is this call, or 0; *ret_seen of them were looked at. */
static uint32_t family_find(struct flame_builder *b, const struct call *c,
			    unsigned *ret_seen)
{
	const struct flame_node *n = b->f->nodes.v;
	uint32_t at = n[c->parent].first_child;
	unsigned seen = 0;

	for (; at && seen <= FAMILY_LISTED; at = n[at].next_sibling, seen++)
		if (n[at].name == c->name && n[at].kind == c->kind)
			return at;
	*ret_seen = seen;
	if (seen <= FAMILY_LISTED)
		return 0;
	return index_find(&b->by_call, call_hash(c), call_equal, b->f, c);
}

/* Adds @id, the newest node, to its family, which had @seen children or more. */
static void family_add(struct flame_builder *b, uint32_t id, unsigned seen)
{
	struct flame_node *n = b->f->nodes.v, *parent = &n[n[id].parent];

	n[id].next_sibling = parent->first_child;
	parent->first_child = id;
	if (seen == 1)
		vec_push(&b->forks, n[id].parent);
	if (seen < FAMILY_LISTED)
		return;
	/* The index starts when the list is full, with all that are on it. */
	for (uint32_t at = id; at; at = n[at].next_sibling) {
		struct call c = {n[at].parent, n[at].kind, n[at].name};

		index_add(&b->by_call, call_hash(&c), at);
		if (seen > FAMILY_LISTED)
			break;
	}
}

static uint32_t flame_call(struct flame_builder *b, const struct call *c,
			   function_id function, mapping_id mapping)
{
	struct flame *f = b->f;
	unsigned seen;
	uint32_t id = family_find(b, c, &seen);
	struct flame_node *n;

	if (id)
		return id;
	id = f->nodes.n;
	n = vec_add(&f->nodes);
	n->name = c->name;
	n->function = function;
	n->mapping = mapping;
	n->kind = c->kind;
	n->parent = c->parent;
	n->depth = f->nodes.v[c->parent].depth + 1;
	if (n->depth > f->max_depth)
		f->max_depth = n->depth;
	family_add(b, id, seen);
	return id;
}

static uint32_t line_kind(const struct location *l, bool inlined)
{
	if (l->flags & LOCATION_LABEL)
		return FLAME_LABEL;
	if (l->flags & LOCATION_KERNEL)
		return FLAME_KERNEL;
	if (l->flags & LOCATION_JIT)
		return FLAME_JIT;
	return inlined ? FLAME_INLINED : FLAME_USER;
}

/* The calls of one location under @parent, outermost first. */
static uint32_t flame_location(struct flame_builder *b, uint32_t parent, location_id id)
{
	const struct profile *p = b->p;
	const struct location *l = &p->locations.v[id];

	if (!l->nlines) {
		struct call c = {parent, line_kind(l, false),
				 p->mappings.v[l->mapping].filename};

		return flame_call(b, &c, 0, l->mapping);
	}
	for (uint32_t i = l->nlines; i-- > 0;) {
		function_id fn = p->lines.v[l->first_line + i].function;
		struct call c = {parent, line_kind(l, i + 1 < l->nlines),
				 p->functions.v[fn].name};

		parent = flame_call(b, &c, fn, l->mapping);
	}
	return parent;
}

/* The node of @stack under @comm, 0 when it has none yet. */
static uint32_t flame_placed(const struct flame_builder *b, uint32_t comm, stack_id stack)
{
	if (b->place_comm[stack] == comm)
		return b->place[stack];
	if (!b->place_comm[stack])
		return 0;
	return (uint32_t)map_find(&b->placed, (uint64_t)comm << 32 | stack);
}

static void flame_set_place(struct flame_builder *b, uint32_t comm, stack_id stack,
			    uint32_t node)
{
	if (b->place_comm[stack]) {
		map_put(&b->placed, (uint64_t)comm << 32 | stack, node);
		return;
	}
	b->place_comm[stack] = comm;
	b->place[stack] = node;
}

static uint32_t flame_place(struct flame_builder *b, uint32_t comm, stack_id stack)
{
	uint32_t node = comm;

	b->path.n = 0;
	for (stack_id at = stack; at; at = b->p->stacks.v[at].parent) {
		uint32_t known = flame_placed(b, comm, at);

		if (known) {
			node = known;
			break;
		}
		vec_push(&b->path, at);
	}
	for (uint32_t i = b->path.n; i-- > 0;) {
		stack_id at = b->path.v[i];

		node = flame_location(b, node, b->p->stacks.v[at].location);
		flame_set_place(b, comm, at, node);
	}
	return node;
}

/* --- order ------------------------------------------------------------------------ */

struct child {
	const char *name;
	uint32_t kind, node;
};

static int child_compare(const void *va, const void *vb)
{
	const struct child *a = va, *b = vb;
	int c = strcmp(a->name, b->name);

	return c ? c : (a->kind > b->kind) - (a->kind < b->kind);
}

static void flame_sort(struct flame_builder *b)
{
	struct flame_node *n = b->f->nodes.v;
	VEC(struct child) family = {0};

	for (uint32_t i = 0; i < b->forks.n; i++) {
		struct flame_node *parent = &n[b->forks.v[i]];

		family.n = 0;
		for (uint32_t at = parent->first_child; at; at = n[at].next_sibling)
			vec_push(&family, ((struct child){profile_text(b->p, n[at].name),
							  n[at].kind, at}));
		qsort(family.v, family.n, sizeof(*family.v), child_compare);
		parent->first_child = 0;
		for (uint32_t k = family.n; k-- > 0;) {
			n[family.v[k].node].next_sibling = parent->first_child;
			parent->first_child = family.v[k].node;
		}
	}
	vec_done(&family);
}

/* Totals, from the last node to the first: a child comes after its parent. */
static void flame_sum(struct flame *f)
{
	for (uint32_t i = f->nodes.n; i-- > 0;) {
		struct flame_node *n = &f->nodes.v[i], *up = &f->nodes.v[n->parent];

		n->total = sum_clamped(n->total, n->self);
		if (i)
			up->total = sum_clamped(up->total, n->total);
		f->shown += i && n->total > 0;
		f->falls |= n->self < 0;
	}
}

void flame_build(struct flame *f, const struct profile *p, unsigned value)
{
	struct flame_builder b = {.f = f, .p = p, .value = value};
	string_id comm_key = profile_find_string(p, "comm");

	memset(f, 0, sizeof(*f));
	b.place = xcalloc(p->stacks.n, sizeof(*b.place));
	b.place_comm = xcalloc(p->stacks.n, sizeof(*b.place_comm));
	(void)vec_add(&f->nodes);
	f->nodes.v[0].kind = FLAME_LABEL;
	for (uint32_t i = 1; value < p->nvalues && i < p->samples.n; i++) {
		const struct sample_row *s = &p->samples.v[i];
		struct call comm = {0, FLAME_LABEL,
				    profile_label_str(p, s->labels, comm_key)};
		int64_t v = p->values.v[(size_t)i * p->nvalues + value];
		uint32_t node;

		/* A stack that the chosen value does not know makes no box. */
		if (!v)
			continue;
		node = flame_place(&b, flame_call(&b, &comm, 0, 0), s->stack);
		f->nodes.v[node].self = sum_clamped(f->nodes.v[node].self, v);
	}
	flame_sum(f);
	flame_sort(&b);
	free(b.place);
	free(b.place_comm);
	map_done(&b.placed);
	index_done(&b.by_call);
	vec_done(&b.path);
	vec_done(&b.forks);
}

void flame_done(struct flame *f)
{
	vec_done(&f->nodes);
	memset(f, 0, sizeof(*f));
}

uint32_t flame_next(const struct flame *f, uint32_t node)
{
	const struct flame_node *n = f->nodes.v;

	if (n[node].first_child)
		return n[node].first_child;
	while (node && !n[node].next_sibling)
		node = n[node].parent;
	return node ? n[node].next_sibling : 0;
}
