/* The tree behind pictures, folded text and their numbers: stacks of locations become
 * chains of functions, and equal chains become one node.
 *
 * A stack's place in the tree follows from its parent's, so each (comm, stack) is placed
 * once, however many samples stand on it. Nodes are made after their parents; sums
 * therefore go from the last node to the first. */
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
	struct index by_call; /* (parent, name, kind) -> node */
	VEC(stack_id) path;   /* stacks still to be placed, innermost first */
};

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

static uint32_t flame_call(struct flame_builder *b, const struct call *c,
			   function_id function, mapping_id mapping)
{
	struct flame *f = b->f;
	uint32_t hash = hash_mix(hash_u64((uint64_t)c->parent << 32 | c->name), c->kind);
	uint32_t id = index_find(&b->by_call, hash, call_equal, f, c);
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
	index_add(&b->by_call, hash, id);
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

struct name_rank {
	const char *name;
	string_id id;
};

static int name_rank_compare(const void *va, const void *vb)
{
	const struct name_rank *a = va, *b = vb;

	return strcmp(a->name, b->name);
}

/* [strings] place of each name among the names in use, in byte order. */
static uint32_t *name_ranks(const struct flame *f, const struct profile *p)
{
	uint32_t *rank = xcalloc(p->strings.n, sizeof(*rank));
	VEC(struct name_rank) names = {0};

	for (uint32_t i = 1; i < f->nodes.n; i++) {
		string_id id = f->nodes.v[i].name;

		if (rank[id])
			continue;
		rank[id] = 1;
		vec_push(&names, ((struct name_rank){profile_text(p, id), id}));
	}
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), name_rank_compare);
	for (uint32_t i = 0; i < names.n; i++)
		rank[names.v[i].id] = i;
	vec_done(&names);
	return rank;
}

struct node_rank {
	uint64_t key; /* parent, rank of the name */
	uint32_t kind, node;
};

static int node_rank_compare(const void *va, const void *vb)
{
	const struct node_rank *a = va, *b = vb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->kind < b->kind ? -1 : a->kind > b->kind;
}

static void flame_link(struct flame *f, const struct profile *p)
{
	uint32_t *rank = name_ranks(f, p);
	struct node_rank *ranks = xcalloc(f->nodes.n, sizeof(*ranks));
	uint32_t n = f->nodes.n - 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct flame_node *node = &f->nodes.v[i + 1];

		ranks[i].key = (uint64_t)node->parent << 32 | rank[node->name];
		ranks[i].kind = node->kind;
		ranks[i].node = i + 1;
	}
	qsort(ranks, n, sizeof(*ranks), node_rank_compare);
	for (uint32_t i = n; i-- > 0;) {
		struct flame_node *node = &f->nodes.v[ranks[i].node];

		node->next_sibling = f->nodes.v[node->parent].first_child;
		f->nodes.v[node->parent].first_child = ranks[i].node;
	}
	free(ranks);
	free(rank);
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
	for (uint32_t i = f->nodes.n; i-- > 0;) {
		struct flame_node *n = &f->nodes.v[i], *up = &f->nodes.v[n->parent];

		n->total = sum_clamped(n->total, n->self);
		if (i)
			up->total = sum_clamped(up->total, n->total);
	}
	flame_link(f, p);
	free(b.place);
	free(b.place_comm);
	map_done(&b.placed);
	index_done(&b.by_call);
	vec_done(&b.path);
}

void flame_done(struct flame *f)
{
	vec_done(&f->nodes);
	f->max_depth = 0;
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
