/* The tree behind pictures, folded text and their numbers: stacks of locations become
 * chains of calls, and equal chains become one.
 *
 * The rows of stacks are placed leg by leg (turns.c), each once for every comm, and what
 * is new of a leg becomes one strip. A strip that is left, or ends, in its middle is cut
 * in two: the calls stay where they are in the chain, the first half keeps the number.
 *
 * A strip's children are looked through as a list, only those of the few large families
 * go into an index. Parents, depths, sums and the order of children come at the end. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

/* Where a stack row was placed: in the strip that the call chain[end] is the last of. */
struct place {
	uint32_t comm; /* under this one, or 0 */
	uint32_t strip, end;
};

/* The calls of a location, outermost first; n is 0 until they are asked for. A single one
 * is `first` itself, of others that is the place in `listed`. */
struct span {
	uint32_t first, n;
};

/* Where a strip stands: on the call chain[under]. `cut` took over its end, or is 0. */
struct seam {
	uint32_t under, cut;
};

/* Rows that are placed in one go. */
struct leg {
	stack_id first, last;
	uint32_t turn; /* the number of the last one */
};

struct child {
	const char *name;
	uint32_t kind, strip;
};

struct flame_builder {
	struct flame *f;
	const struct profile *p;
	unsigned value;
	const unsigned *more; /* [f->nmore] further values */
	string_id comm_key;
	struct index by_fields; /* the rows of f->calls, but for root and comms */
	uint32_t *latest;	/* [functions] the last such row that is of it */
	struct span *spans;	/* [locations] */
	VEC(uint32_t) listed;	/* rows of f->calls */
	struct turns turns;
	struct place *places;	 /* [number of a turn] */
	struct map other_places; /* comm << 32 | stack -> strip << 32 | end */
	VEC(struct seam) seams;	 /* [strips] */
	struct index by_call; /* children of large families, by `under` and first call */
	VEC(struct leg) path; /* still to be placed, innermost first */
	VEC(struct child) family; /* to be sorted */
};

/* A strip with more children than this has all of them in the index. */
#define FAMILY_LISTED 8u

/* --- the calls of a location ------------------------------------------------------ */

static bool fields_equal(const void *table, uint32_t id, const void *key)
{
	const struct flame_call *a = &((const struct flame *)table)->calls.v[id];
	const struct flame_call *c = key;

	return a->name == c->name && a->function == c->function &&
	       a->mapping == c->mapping && a->kind == c->kind;
}

static uint32_t call_intern(struct flame_builder *b, const struct flame_call *c)
{
	uint64_t code = (uint64_t)c->mapping << 32 | c->function;
	uint32_t hash = hash_mix(hash_u64((uint64_t)c->kind << 32 | c->name), code);
	uint32_t id = index_find(&b->by_fields, hash, fields_equal, b->f, c);

	if (id)
		return id;
	id = b->f->calls.n;
	vec_push(&b->f->calls, *c);
	index_add(&b->by_fields, hash, id);
	return id;
}

/* Nearly all functions are of one mapping and one kind. */
static uint32_t call_of(struct flame_builder *b, const struct flame_call *c)
{
	uint32_t *latest = &b->latest[c->function];

	if (!c->function || !fields_equal(b->f, *latest, c))
		*latest = call_intern(b, c);
	return *latest;
}

uint32_t flame_line_kind(const struct location *l, bool inlined)
{
	if (l->flags & LOCATION_LABEL)
		return FLAME_LABEL;
	if (l->flags & LOCATION_KERNEL)
		return FLAME_KERNEL;
	if (l->flags & LOCATION_JIT)
		return FLAME_JIT;
	if (l->flags & LOCATION_INLINED)
		return FLAME_INLINED;
	return inlined ? FLAME_INLINED : FLAME_USER;
}

static void span_fill(struct flame_builder *b, location_id id)
{
	const struct profile *p = b->p;
	const struct location *l = &p->locations.v[id];
	struct flame_call c = {.mapping = l->mapping};
	struct span *span = &b->spans[id];

	span->first = b->listed.n;
	span->n = l->nlines ? l->nlines : 1;
	if (!l->nlines) {
		c.name = p->mappings.v[l->mapping].filename;
		c.kind = flame_line_kind(l, false);
		span->first = call_of(b, &c);
	}
	for (uint32_t i = l->nlines; i-- > 0;) {
		uint32_t call;

		c.function = p->lines.v[l->first_line + i].function;
		c.name = p->functions.v[c.function].name;
		c.kind = flame_line_kind(l, i + 1 < l->nlines);
		call = call_of(b, &c);
		if (span->n == 1)
			span->first = call;
		else
			vec_push(&b->listed, call);
	}
}

/* One box may be of calls that differ in function and mapping: the first one stays. */
static bool call_same(const struct flame *f, uint32_t a, uint32_t b)
{
	const struct flame_call *c = f->calls.v;

	return a == b || (c[a].name == c[b].name && c[a].kind == c[b].kind);
}

/* --- families --------------------------------------------------------------------- */

struct child_key {
	uint32_t under, call;
};

static uint32_t first_call(const struct flame *f, uint32_t strip)
{
	return f->chain.v[f->nodes.v[strip].first];
}

static uint32_t last_place(const struct flame *f, uint32_t strip)
{
	const struct flame_node *n = &f->nodes.v[strip];

	return n->first + n->n - 1;
}

static bool child_equal(const void *table, uint32_t id, const void *key)
{
	const struct child_key *k = key;
	const struct flame_builder *b = table;

	return b->seams.v[id].under == k->under &&
	       call_same(b->f, first_call(b->f, id), k->call);
}

static uint32_t child_hash(const struct flame *f, uint32_t under, uint32_t call)
{
	const struct flame_call *c = &f->calls.v[call];

	return hash_mix(hash_u64((uint64_t)under << 32 | c->name), c->kind);
}

/* The child of @strip that begins with @call, or 0; *ret_seen of them were looked at. */
static uint32_t family_find(const struct flame_builder *b, uint32_t strip, uint32_t call,
			    unsigned *ret_seen)
{
	const struct flame *f = b->f;
	struct child_key key = {.under = last_place(f, strip), .call = call};
	uint32_t at = f->nodes.v[strip].first_child;
	unsigned seen = 0;

	for (; at && seen <= FAMILY_LISTED; at = f->nodes.v[at].next_sibling, seen++)
		if (call_same(f, first_call(f, at), call))
			return at;
	*ret_seen = seen;
	if (seen <= FAMILY_LISTED)
		return 0;
	return index_find(&b->by_call, child_hash(f, key.under, call), child_equal, b,
			  &key);
}

/* A new strip of one call on @parent, which had @seen children or more. */
static uint32_t family_add(struct flame_builder *b, uint32_t parent, uint32_t call,
			   unsigned seen)
{
	struct flame *f = b->f;
	uint32_t id = f->nodes.n, under = last_place(f, parent);
	struct flame_node *n = vec_add(&f->nodes);

	n->first = f->chain.n;
	n->n = 1;
	n->next_sibling = f->nodes.v[parent].first_child;
	f->nodes.v[parent].first_child = id;
	vec_push(&f->chain, call);
	vec_push(&b->seams, ((struct seam){.under = under}));
	if (seen < FAMILY_LISTED)
		return id;
	/* The index starts when the list is full, with all that are on it. */
	for (uint32_t at = id; at; at = f->nodes.v[at].next_sibling) {
		index_add(&b->by_call, child_hash(f, under, first_call(f, at)), at);
		if (seen > FAMILY_LISTED)
			break;
	}
	return id;
}

/* Cuts @strip in front of its call @k. What stands on its last call does so still. */
static void strip_cut(struct flame_builder *b, uint32_t strip, uint32_t k)
{
	struct flame *f = b->f;
	uint32_t rest = f->nodes.n;
	struct flame_node *n = vec_add(&f->nodes), *s = &f->nodes.v[strip];

	n->first = s->first + k;
	n->n = s->n - k;
	n->first_child = s->first_child;
	n->self = s->self;
	vec_push(&b->seams, ((struct seam){n->first - 1, b->seams.v[strip].cut}));
	b->seams.v[strip].cut = rest;
	s->n = k;
	s->first_child = rest;
	s->self = 0;
}

/* --- placing ---------------------------------------------------------------------- */

/* Behind the first @k calls of a strip. */
struct cursor {
	uint32_t strip, k;
	bool grows; /* it is the newest strip, and nothing knows of it yet */
};

static void strip_grow(struct flame *f, struct cursor *at, const uint32_t *calls,
		       uint32_t n)
{
	vec_reserve(&f->chain, f->chain.n + n);
	for (uint32_t i = 0; i < n; i++)
		f->chain.v[f->chain.n++] = calls[i];
	at->k = f->nodes.v[at->strip].n += n;
}

static void flame_step(struct flame_builder *b, struct cursor *at, uint32_t call)
{
	const struct flame_node *n = &b->f->nodes.v[at->strip];
	unsigned seen;
	uint32_t child;

	if (at->k < n->n) {
		if (call_same(b->f, b->f->chain.v[n->first + at->k], call)) {
			at->k++;
			return;
		}
		strip_cut(b, at->strip, at->k);
	}
	child = family_find(b, at->strip, call, &seen);
	at->grows = !child;
	at->strip = child ? child : family_add(b, at->strip, call, seen);
	at->k = 1;
}

/* Places rows that follow one another on the end of @strip; returns the strip that ends
 * with the last one. */
static uint32_t flame_leg(struct flame_builder *b, uint32_t strip, const struct leg *leg)
{
	struct cursor at = {.strip = strip, .k = b->f->nodes.v[strip].n};

	for (stack_id row = leg->first; row <= leg->last; row++) {
		location_id location = b->p->stacks.v[row].location;
		struct span *span = &b->spans[location];
		const uint32_t *calls = &span->first;
		uint32_t i = 0;

		if (!span->n)
			span_fill(b, location);
		if (span->n > 1)
			calls = b->listed.v + span->first;
		for (; i < span->n && !at.grows; i++)
			flame_step(b, &at, calls[i]);
		if (i < span->n)
			strip_grow(b->f, &at, calls + i, span->n - i);
	}
	if (at.k < b->f->nodes.v[at.strip].n)
		strip_cut(b, at.strip, at.k);
	return at.strip;
}

/* The strip that ends with chain[end], which @strip did once: cuts took it away. */
static uint32_t strip_ending(const struct flame_builder *b, uint32_t strip, uint32_t end)
{
	while (last_place(b->f, strip) != end)
		strip = b->seams.v[strip].cut;
	return strip;
}

/* The strip that ends with @leg below @comm, 0 when it is not placed yet. */
static uint32_t flame_placed(const struct flame_builder *b, uint32_t comm,
			     const struct leg *leg)
{
	struct place *place = &b->places[leg->turn];
	uint64_t other;

	if (place->comm == comm)
		return place->strip = strip_ending(b, place->strip, place->end);
	if (!place->comm)
		return 0;
	other = map_find(&b->other_places, (uint64_t)comm << 32 | leg->last);
	if (!other)
		return 0;
	return strip_ending(b, (uint32_t)(other >> 32), (uint32_t)other);
}

static void flame_set_place(struct flame_builder *b, uint32_t comm, const struct leg *leg,
			    uint32_t strip)
{
	struct place *place = &b->places[leg->turn];
	uint32_t end = last_place(b->f, strip);

	if (!place->comm)
		*place = (struct place){comm, strip, end};
	else
		map_put(&b->other_places, (uint64_t)comm << 32 | leg->last,
			(uint64_t)strip << 32 | end);
}

/* The strip that ends where @stack does. */
static uint32_t flame_place(struct flame_builder *b, uint32_t comm, stack_id stack)
{
	uint32_t strip = comm;

	b->path.n = 0;
	while (stack) {
		struct leg leg = {stack, stack, turn_number(&b->turns, stack)};
		uint32_t known = flame_placed(b, comm, &leg);

		if (known) {
			strip = known;
			break;
		}
		leg.first = turn_begin(&b->turns, b->p, stack);
		vec_push(&b->path, leg);
		stack = b->p->stacks.v[leg.first].parent;
	}
	for (uint32_t i = b->path.n; i-- > 0;) {
		strip = flame_leg(b, strip, &b->path.v[i]);
		flame_set_place(b, comm, &b->path.v[i], strip);
	}
	return strip;
}

/* Comms are called by nobody else: their calls are no rows of the index. */
static uint32_t flame_comm(struct flame_builder *b, string_id name)
{
	struct flame *f = b->f;
	struct flame_call c = {.name = name, .kind = FLAME_LABEL};
	unsigned seen;
	uint32_t known;

	vec_push(&f->calls, c);
	known = family_find(b, 0, f->calls.n - 1, &seen);
	if (!known)
		return family_add(b, 0, f->calls.n - 1, seen);
	f->calls.n--;
	return known;
}

/* --- sums and order --------------------------------------------------------------- */

static int child_compare(const void *va, const void *vb)
{
	const struct child *a = va, *b = vb;
	int c = strcmp(a->name, b->name);

	return c ? c : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Most families are small, and qsort takes its time to begin. */
static void children_sort(struct child *v, uint32_t n)
{
	if (n > FAMILY_LISTED) {
		qsort(v, n, sizeof(*v), child_compare);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		struct child c = v[i];
		uint32_t k = i;

		for (; k && child_compare(&v[k - 1], &c) > 0; k--)
			v[k] = v[k - 1];
		v[k] = c;
	}
}

static void family_sort(struct flame_builder *b, uint32_t parent)
{
	struct flame *f = b->f;
	struct flame_node *n = f->nodes.v;
	uint32_t first = n[parent].first_child;

	if (!first || !n[first].next_sibling)
		return;
	b->family.n = 0;
	for (uint32_t at = first; at; at = n[at].next_sibling) {
		const struct flame_call *c = &f->calls.v[first_call(f, at)];

		vec_push(&b->family,
			 ((struct child){profile_text(b->p, c->name), c->kind, at}));
	}
	children_sort(b->family.v, b->family.n);
	n[parent].first_child = 0;
	for (uint32_t k = b->family.n; k-- > 0;) {
		n[b->family.v[k].strip].next_sibling = n[parent].first_child;
		n[parent].first_child = b->family.v[k].strip;
	}
}

/* The first strip that is complete, of those on @at. */
static uint32_t flame_outermost(struct flame *f, uint32_t at)
{
	struct flame_node *n = f->nodes.v;

	for (uint32_t child; (child = n[at].first_child); at = child) {
		n[child].parent = at;
		n[child].depth = n[at].depth + n[at].n;
	}
	return at;
}

/* The further values of a strip, which are complete, and their part of its parent's. */
static void more_sum(struct flame *f, uint32_t at)
{
	int64_t *total = f->more_total + (size_t)at * f->nmore;
	int64_t *self = f->more_self + (size_t)at * f->nmore;
	int64_t *up = f->more_total + (size_t)f->nodes.v[at].parent * f->nmore;

	for (unsigned i = 0; i < f->nmore; i++) {
		total[i] = sum_clamped(total[i], self[i]);
		if (at)
			up[i] = sum_clamped(up[i], total[i]);
	}
}

/* From the last calls to the root, each strip after all that stand on it, and of those
 * the newest first: so a sum that leaves the range is the same however strips were
 * cut. */
static void flame_finish(struct flame_builder *b)
{
	struct flame *f = b->f;
	struct flame_node *nodes = f->nodes.v;
	uint32_t at = flame_outermost(f, 0);

	for (;;) {
		struct flame_node *n = &nodes[at], *up = &nodes[n->parent];
		uint32_t sibling = n->next_sibling;

		n->total = sum_clamped(n->total, n->self);
		if (f->nmore)
			more_sum(f, at);
		f->falls |= n->self < 0;
		if (n->depth + n->n - 1 > f->max_depth)
			f->max_depth = n->depth + n->n - 1;
		family_sort(b, at);
		if (!at)
			return;
		up->total = sum_clamped(up->total, n->total);
		f->shown += n->total > 0 ? n->n : 0;
		if (!sibling) {
			at = n->parent;
			continue;
		}
		nodes[sibling].parent = n->parent;
		nodes[sibling].depth = n->depth;
		at = flame_outermost(f, sibling);
	}
}

/* --- all -------------------------------------------------------------------------- */

static const int64_t *flame_values(const struct flame_builder *b, uint32_t sample)
{
	return &b->p->values.v[(size_t)sample * b->p->nvalues];
}

/* A stack that none of the chosen values knows makes no box. */
static bool flame_wants(const struct flame_builder *b, uint32_t sample)
{
	const int64_t *v = flame_values(b, sample);
	bool wants = v[b->value];

	for (unsigned i = 0; !wants && i < b->f->nmore; i++)
		wants = v[b->more[i]];
	return wants;
}

/* The strip that ends with the sample's stack. */
static uint32_t flame_sample(struct flame_builder *b, uint32_t sample)
{
	const struct sample_row *s = &b->p->samples.v[sample];
	string_id comm = profile_label_str(b->p, s->labels, b->comm_key);

	return flame_place(b, flame_comm(b, comm), s->stack);
}

static void flame_samples(struct flame_builder *b)
{
	for (uint32_t i = 1; i < b->p->samples.n; i++) {
		struct flame_node *n;
		uint32_t strip;

		if (!flame_wants(b, i))
			continue;
		strip = flame_sample(b, i);
		n = &b->f->nodes.v[strip];
		n->self = sum_clamped(n->self, flame_values(b, i)[b->value]);
	}
}

/* Once no strip is cut any more: every sample is found where it was placed. */
static void flame_samples_more(struct flame_builder *b)
{
	struct flame *f = b->f;

	f->more_total = xcalloc(f->nodes.n, f->nmore * sizeof(*f->more_total));
	f->more_self = xcalloc(f->nodes.n, f->nmore * sizeof(*f->more_self));
	for (uint32_t i = 1; i < b->p->samples.n; i++) {
		int64_t *self;

		if (!flame_wants(b, i))
			continue;
		self = f->more_self + (size_t)flame_sample(b, i) * f->nmore;
		for (unsigned k = 0; k < f->nmore; k++)
			self[k] = sum_clamped(self[k], flame_values(b, i)[b->more[k]]);
	}
}

void flame_build_all(struct flame *f, const struct profile *p, unsigned value,
		     const unsigned *more, unsigned nmore)
{
	struct flame_builder b = {.f = f,
				  .p = p,
				  .value = value,
				  .more = more,
				  .comm_key = profile_find_string(p, "comm")};

	memset(f, 0, sizeof(*f));
	f->nmore = nmore;
	vec_add(&f->calls)->kind = FLAME_LABEL;
	vec_push(&f->chain, 0);
	vec_add(&f->nodes)->n = 1;
	vec_push(&b.seams, ((struct seam){0}));
	if (value < p->nvalues) {
		b.latest = xcalloc(p->functions.n, sizeof(*b.latest));
		b.spans = xcalloc(p->locations.n, sizeof(*b.spans));
		turns_find(&b.turns, p, nmore ? TURNS_ALL : value);
		b.places = xcalloc(b.turns.n, sizeof(*b.places));
		flame_samples(&b);
	}
	if (nmore)
		flame_samples_more(&b);
	flame_finish(&b);
	index_done(&b.by_fields);
	free(b.latest);
	free(b.spans);
	vec_done(&b.listed);
	turns_done(&b.turns);
	free(b.places);
	map_done(&b.other_places);
	vec_done(&b.seams);
	index_done(&b.by_call);
	vec_done(&b.path);
	vec_done(&b.family);
}

void flame_build(struct flame *f, const struct profile *p, unsigned value)
{
	flame_build_all(f, p, value, NULL, 0);
}

void flame_done(struct flame *f)
{
	free(f->more_total);
	free(f->more_self);
	vec_done(&f->nodes);
	vec_done(&f->calls);
	vec_done(&f->chain);
	memset(f, 0, sizeof(*f));
}
