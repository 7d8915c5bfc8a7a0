/* What a flame graph shows of a tree that is larger than a screen, and what it says about
 * the rest. The markup is in svg.c, the script's data in script.c. */
#include "format-priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_BOXES 10000u

/* --- what is kept ----------------------------------------------------------------- */

static bool node_drawable(const struct flame_node *n)
{
	return n->total > 0 && n->depth <= PICTURE_DEPTH_MAX;
}

static uint32_t count_at_least(const int64_t *totals, uint32_t n, int64_t limit)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += totals[i] >= limit;
	return count;
}

/* The smallest limit that at most @max totals reach, by halving the range of values. */
static int64_t find_limit(const int64_t *totals, uint32_t n, uint32_t max)
{
	int64_t low = 1, high = INT64_MAX;

	while (low < high) {
		int64_t mid = low + (high - low) / 2;

		if (count_at_least(totals, n, mid) <= max)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* Keeps the @max largest nodes. Among equal ones the first made win; a parent is made
 * before its children and is at least as large (unless values are negative), so it is
 * never lost first. */
static void picture_keep(struct picture *pic, uint32_t max)
{
	const struct flame *f = &pic->f;
	VEC(int64_t) totals = {0};
	int64_t limit, next = 0;
	uint32_t room;

	vec_reserve(&totals, f->nodes.n);
	for (uint32_t i = 0; i < f->nodes.n; i++)
		if (node_drawable(&f->nodes.v[i]))
			vec_push(&totals, f->nodes.v[i].total);
	limit = find_limit(totals.v, totals.n, max);
	room = max - count_at_least(totals.v, totals.n, limit);
	for (uint32_t i = 0; i < totals.n; i++)
		if (totals.v[i] < limit && totals.v[i] > next)
			next = totals.v[i];
	vec_done(&totals);

	pic->kept[0] = true;
	for (uint32_t i = 1; i < f->nodes.n; i++) {
		const struct flame_node *n = &f->nodes.v[i];

		if (!node_drawable(n) || !pic->kept[n->parent])
			continue;
		if (n->total == next && room > 0) {
			room--;
			pic->kept[i] = true;
		}
		if (n->total >= limit)
			pic->kept[i] = true;
	}
}

static void picture_place_boxes(struct picture *pic)
{
	const struct flame *f = &pic->f;
	/* [nodes] where the next child begins */
	int64_t *next = xcalloc(f->nodes.n, sizeof(*next));
	uint32_t i = 0;

	do {
		const struct flame_node *n = &f->nodes.v[i];

		if (!pic->kept[i])
			continue;
		vec_push(&pic->boxes, i);
		if (i) {
			pic->start[i] = next[n->parent];
			next[n->parent] = sum_clamped(next[n->parent], n->total);
		}
		next[i] = pic->start[i];
		if (n->depth > pic->depth)
			pic->depth = n->depth;
	} while ((i = flame_next(f, i)));
	free(next);
}

void picture_init(struct picture *pic, const struct profile *p,
		  const struct flame_options *o)
{
	memset(pic, 0, sizeof(*pic));
	pic->p = p;
	pic->value = o->value ? o->value - 1 : profile_default_value(p);
	pic->type = profile_text(p, p->value_types[pic->value].type);
	pic->unit = profile_text(p, p->value_types[pic->value].unit);
	flame_build(&pic->f, p, pic->value);
	pic->kept = xcalloc(pic->f.nodes.n, sizeof(*pic->kept));
	pic->start = xcalloc(pic->f.nodes.n, sizeof(*pic->start));
	picture_keep(pic, o->max_boxes ? o->max_boxes : PICTURE_BOXES);
	picture_place_boxes(pic);
}

void picture_done(struct picture *pic)
{
	flame_done(&pic->f);
	vec_done(&pic->boxes);
	free(pic->kept);
	free(pic->start);
}

/* --- what is not ------------------------------------------------------------------ */

void picture_rest(const struct picture *pic, int64_t min_total, struct picture_rest *ret)
{
	const struct flame_node *nodes = pic->f.nodes.v;
	struct picture_rest rest = {0};

	for (uint32_t i = 1; i < pic->f.nodes.n; i++) {
		const struct flame_node *n = &nodes[i];
		bool parent_drawn = pic->kept[n->parent] &&
				    (!n->parent || nodes[n->parent].total >= min_total);

		if (n->total <= 0 || (pic->kept[i] && n->total >= min_total))
			continue;
		rest.frames++;
		if (parent_drawn)
			rest.total = sum_clamped(rest.total, n->total);
		if (n->depth > PICTURE_DEPTH_MAX)
			rest.deep++;
		else if (n->total > rest.largest)
			rest.largest = n->total;
	}
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
	int64_t whole = pic->f.nodes.v[0].total;

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

void picture_place(const struct picture *pic, const struct flame_node *n, struct text *t)
{
	const struct function *fn = &pic->p->functions.v[n->function];
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

const char *picture_module(const struct picture *pic, const struct flame_node *n)
{
	return base_name(profile_text(pic->p, pic->p->mappings.v[n->mapping].filename));
}
