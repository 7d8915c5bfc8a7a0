/* What a flame graph shows of a tree that is larger than a screen, and what it says about
 * the rest. The markup is in svg.c, the script's data in script.c. */
#include "format-priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_BOXES 10000u

/* --- what is kept ----------------------------------------------------------------- */

/* How many boxes of a strip are there to be drawn. */
static uint32_t strip_drawable(const struct flame_node *n)
{
	uint32_t levels;

	if (n->total <= 0 || n->depth > PICTURE_DEPTH_MAX)
		return 0;
	levels = PICTURE_DEPTH_MAX - n->depth + 1;
	return n->n < levels ? n->n : levels;
}

/* Strips that may be drawn next: a heap with the largest on top, of equal ones the one
 * whose calls came first. */
struct candidate {
	int64_t total;
	uint32_t first, node;
};

struct candidates {
	VEC(struct candidate) heap;
};

static bool candidate_first(const struct candidate *a, const struct candidate *b)
{
	return a->total != b->total ? a->total > b->total : a->first < b->first;
}

static void candidate_add(struct candidates *c, struct candidate new)
{
	uint32_t at = c->heap.n;

	vec_push(&c->heap, new);
	for (uint32_t up; at; at = up) {
		up = (at - 1) / 2;
		if (!candidate_first(&new, &c->heap.v[up]))
			break;
		c->heap.v[at] = c->heap.v[up];
	}
	c->heap.v[at] = new;
}

static uint32_t candidate_take(struct candidates *c)
{
	struct candidate *v = c->heap.v, last = v[--c->heap.n];
	uint32_t node = v[0].node, at = 0, below;

	for (; (below = 2 * at + 1) < c->heap.n; at = below) {
		if (below + 1 < c->heap.n && candidate_first(&v[below + 1], &v[below]))
			below++;
		if (!candidate_first(&v[below], &last))
			break;
		v[at] = v[below];
	}
	v[at] = last;
	return node;
}

static void candidates_on(struct candidates *c, const struct flame_node *nodes,
			  uint32_t node)
{
	for (uint32_t i = nodes[node].first_child; i; i = nodes[i].next_sibling)
		if (strip_drawable(&nodes[i]))
			candidate_add(
				c, (struct candidate){nodes[i].total, nodes[i].first, i});
}

/* Keeps the @max largest boxes. A parent is at least as large as its children and its
 * call came before theirs, so these are found from the root: what is not next to
 * something kept is never looked at. (With negative values a large child of a small
 * parent comes late.) No box comes between those of a strip: they are equal, and
 * neighbours in the chain. */
static void picture_keep(struct picture *pic, uint32_t max)
{
	const struct flame_node *nodes = pic->f->nodes.v;
	struct candidates c = {0};

	pic->kept[0] = 1;
	candidates_on(&c, nodes, 0);
	for (uint32_t left = max - 1; left && c.heap.n;) {
		uint32_t node = candidate_take(&c), n = strip_drawable(&nodes[node]);

		n = n < left ? n : left;
		left -= n;
		pic->kept[node] = n;
		if (n == nodes[node].n)
			candidates_on(&c, nodes, node);
	}
	vec_done(&c.heap);
}

static uint32_t kept_or_sibling(const struct picture *pic, uint32_t node)
{
	while (node && !pic->kept[node])
		node = pic->f->nodes.v[node].next_sibling;
	return node;
}

/* The strip that is drawn after @node. */
static uint32_t kept_next(const struct picture *pic, uint32_t node)
{
	const struct flame_node *n = pic->f->nodes.v;
	uint32_t next = kept_or_sibling(pic, n[node].first_child);

	while (!next && node) {
		next = kept_or_sibling(pic, n[node].next_sibling);
		node = n[node].parent;
	}
	return next;
}

static void picture_place_boxes(struct picture *pic)
{
	const struct flame_node *nodes = pic->f->nodes.v;
	/* [depth] where the next child of the open box of that depth begins */
	int64_t next[PICTURE_DEPTH_MAX + 1] = {0};
	uint32_t i = 0;

	do {
		const struct flame_node *n = &nodes[i];
		int64_t start = n->depth ? next[n->depth - 1] : 0;
		uint32_t depth = n->depth;

		for (uint32_t k = 0; k < pic->kept[i]; k++, depth++) {
			vec_push(&pic->boxes, ((struct picture_box){i, k, start}));
			if (depth)
				next[depth - 1] = sum_clamped(start, n->total);
			next[depth] = start;
		}
		if (depth - 1 > pic->depth)
			pic->depth = depth - 1;
	} while ((i = kept_next(pic, i)));
}

struct flame_box picture_box(const struct picture *pic, uint32_t i)
{
	const struct picture_box *box = &pic->boxes.v[i];

	return flame_box(pic->f, box->node, box->k);
}

void picture_init(struct picture *pic, const struct profile *p,
		  const struct flame_options *o)
{
	memset(pic, 0, sizeof(*pic));
	pic->p = p;
	pic->value = o->value ? o->value - 1 : profile_default_value(p);
	pic->f = o->tree;
	if (o->diff)
		picture_diff_init(pic, p);
	pic->type = profile_text(pic->p, pic->p->value_types[pic->value].type);
	pic->unit = profile_text(pic->p, pic->p->value_types[pic->value].unit);
	if (!pic->f) {
		flame_build(&pic->own, p, pic->value);
		pic->f = &pic->own;
	}
	pic->kept = xcalloc(pic->f->nodes.n, sizeof(*pic->kept));
	picture_keep(pic, o->max_boxes ? o->max_boxes : PICTURE_BOXES);
	picture_place_boxes(pic);
	if (pic->diff)
		picture_diff_place(pic);
}

void picture_done(struct picture *pic)
{
	flame_done(&pic->own);
	vec_done(&pic->boxes);
	free(pic->kept);
	picture_diff_done(pic);
}

/* --- what is not ------------------------------------------------------------------ */

/* The boxes of @node from @k on are not drawn. */
static void rest_add(const struct flame_node *n, uint32_t k, struct picture_rest *rest)
{
	uint32_t drawable = strip_drawable(n);

	if (k < drawable && n->total > rest->largest)
		rest->largest = n->total;
	rest->deep += n->n - (k > drawable ? k : drawable);
}

/* How many boxes of a strip are drawn, from its first on. */
static uint32_t strip_drawn(const struct picture *pic, uint32_t node, int64_t min_total)
{
	return !node || pic->f->nodes.v[node].total >= min_total ? pic->kept[node] : 0;
}

/* What is not drawn is as large as its parent at most, and no deeper than the picture
 * goes: then those next to the boxes tell all. Else every strip is looked at. */
void picture_rest(const struct picture *pic, int64_t min_total, struct picture_rest *ret)
{
	const struct flame_node *nodes = pic->f->nodes.v;
	bool all = pic->f->falls || pic->f->max_depth > PICTURE_DEPTH_MAX;
	struct picture_rest rest = {.frames = pic->f->shown};

	for (uint32_t i = 0; i < pic->boxes.n; i++) {
		uint32_t node = pic->boxes.v[i].node;
		const struct flame_node *n = &nodes[node];
		uint32_t drawn = strip_drawn(pic, node, min_total);

		if (pic->boxes.v[i].k || !drawn)
			continue;
		rest.frames -= node ? drawn : 0;
		if (drawn < n->n) {
			rest.total = sum_clamped(rest.total, n->total);
			rest_add(n, drawn, &rest);
			continue;
		}
		for (uint32_t c = n->first_child; c; c = nodes[c].next_sibling) {
			if (nodes[c].total <= 0 || strip_drawn(pic, c, min_total))
				continue;
			rest.total = sum_clamped(rest.total, nodes[c].total);
			rest_add(&nodes[c], 0, &rest);
		}
	}
	/* None of these was deep unless all are counted now. */
	rest.deep = 0;
	for (uint32_t i = 1; all && i < pic->f->nodes.n; i++)
		if (nodes[i].total > 0)
			rest_add(&nodes[i], strip_drawn(pic, i, min_total), &rest);
	*ret = rest;
}

static void count_add(struct text *t, uint64_t n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu",
				      (unsigned long long)n);

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text_addc(t, ',');
		text_addc(t, digits[i]);
	}
}

/* A share that @part lies below, two digits rounded up. */
static void bound_add(struct text *t, int64_t part, int64_t whole)
{
	double share = 100.0 * (double)part / (double)whole;
	double step = pow(10, floor(log10(share)) - 1);
	double bound = (floor(share / step) + 1) * step;

	text_addf(t, "%.2g %%", bound);
}

void picture_rest_text(const struct picture *pic, const struct picture_rest *rest,
		       struct text *t)
{
	int64_t whole = pic->f->nodes.v[0].total;

	if (!rest->frames || whole <= 0)
		return;
	count_add(t, rest->frames);
	text_add(t, rest->frames == 1 ? " frame, " : " frames, ");
	percent_add(t, rest->total, whole);
	text_add(t, " of the ");
	text_add(t, strstr(pic->unit, "seconds") ? "time" : "total");
	text_add(t, ", not drawn (");
	if (rest->largest) {
		text_add(t, "each below ");
		bound_add(t, rest->largest, whole);
	}
	if (rest->deep) {
		text_add(t, rest->largest ? ", and " : "");
		count_add(t, rest->deep);
		text_add(t, " deeper than ");
		count_add(t, PICTURE_DEPTH_MAX);
		text_add(t, " levels");
	}
	text_addc(t, ')');
}

/* --- what a box says -------------------------------------------------------------- */

void picture_place(const struct picture *pic, const struct flame_call *call,
		   struct text *t)
{
	const struct function *fn = &pic->p->functions.v[call->function];
	const char *path = profile_text(pic->p, fn->filename), *at;
	unsigned slashes = 0;

	text_clear(t);
	if (!*path)
		return;
	/* The last two parts of a path tell most. */
	for (at = path + strlen(path); at > path; at--)
		if (at[-1] == '/' && ++slashes == 2)
			break;
	name_clip(t, at, NAME_MAX_BYTES);
	if (fn->start_line)
		text_addf(t, ":%u", fn->start_line);
}

const char *picture_module(const struct picture *pic, const struct flame_call *call)
{
	return base_name(
		profile_text(pic->p, pic->p->mappings.v[call->mapping].filename));
}
