/* The table of functions: self and total time of each, whatever the callers. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

struct top_builder {
	struct top *t;
	const struct profile *p;
	struct map groups;     /* name << 32 | source file -> row + 1 */
	uint32_t *by_function; /* [functions] row + 1 */
	VEC(uint32_t) last;    /* [rows] the last sample that was counted */
	struct map
		modules; /* row << 32 | file name of a mapping -> its entry below + 1 */
	VEC(struct module_share) shares;
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
	vec_push(&b->last, 0);
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
	uint64_t key = (uint64_t)row << 32 | filename;
	uint64_t known = map_find(&b->modules, key);

	if (!known) {
		struct module_share share = {row, filename, 0};

		vec_push(&b->shares, share);
		known = b->shares.n;
		map_put(&b->modules, key, known);
	}
	b->shares.v[known - 1].total = sum_clamped(b->shares.v[known - 1].total, v);
}

/* Counts @row once for @sample; @leaf is true for the innermost function of the stack. */
static void top_count(struct top_builder *b, uint32_t row, mapping_id mapping,
		      uint32_t sample, int64_t v, bool leaf)
{
	struct top_row *r = &b->t->rows.v[row];

	if (leaf)
		r->self = sum_clamped(r->self, v);
	if (b->last.v[row] == sample)
		return;
	b->last.v[row] = sample;
	r->total = sum_clamped(r->total, v);
	if (mapping)
		top_module(b, row, b->p->mappings.v[mapping].filename, v);
}

static void top_sample(struct top_builder *b, uint32_t sample, int64_t v)
{
	const struct profile *p = b->p;
	bool leaf = true;

	for (stack_id at = p->samples.v[sample].stack; at; at = p->stacks.v[at].parent) {
		const struct location *l = &p->locations.v[p->stacks.v[at].location];

		for (uint32_t i = 0; i < l->nlines; i++, leaf = false) {
			function_id fn = p->lines.v[l->first_line + i].function;

			top_count(b, top_function(b, fn), l->mapping, sample, v, leaf);
		}
		if (!l->nlines) {
			string_id name = p->mappings.v[l->mapping].filename;

			top_count(b, top_group(b, name, NULL), l->mapping, sample, v,
				  leaf);
		}
		leaf = false;
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
	struct top_builder b = {.t = t, .p = p};

	memset(t, 0, sizeof(*t));
	b.by_function = xcalloc(p->functions.n, sizeof(*b.by_function));
	for (uint32_t i = 1; value < p->nvalues && i < p->samples.n; i++) {
		int64_t v = p->values.v[(size_t)i * p->nvalues + value];

		if (v)
			top_sample(&b, i, v);
		t->sum = sum_clamped(t->sum, v);
	}
	top_modules(&b);
	if (t->rows.n)
		qsort_r(t->rows.v, t->rows.n, sizeof(*t->rows.v), top_compare,
			(void *)(uintptr_t)p);
	free(b.by_function);
	map_done(&b.groups);
	map_done(&b.modules);
	vec_done(&b.last);
	vec_done(&b.shares);
}

void top_done(struct top *t)
{
	vec_done(&t->rows);
	t->sum = 0;
}
