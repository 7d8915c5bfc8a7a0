/* Folded stacks, the text that flame graph tools exchange: "comm;root;…;leaf N".
 *
 * Lines are sorted by the bytes of their stacks, and equal ones are added up (two names
 * may become equal when ';' is replaced). They are compared in the tree, name by name:
 * all of them as text would need a hundred times the memory of the profile. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

struct folder {
	const struct flame *f;
	/* [nodes] the frame's text in `bytes`, NUL-terminated */
	uint32_t *text_at;
	struct text bytes;
	VEC(uint32_t) path; /* of the line being written */
};

/* One text per (name, kind), shared by all nodes that show it. */
static void folder_texts(struct folder *w, const struct profile *p, bool annotate)
{
	struct map known = {0};
	struct text name = {0};

	text_addc(&w->bytes, '\0');
	for (uint32_t i = 1; i < w->f->nodes.n; i++) {
		const struct flame_node *n = &w->f->nodes.v[i];
		const char *mark = annotate ? flame_kind_mark(n->kind) : NULL;
		bool named = n->function || n->depth == 1;
		uint64_t key = (uint64_t)n->name << 8 | (named ? 8 : 0) | n->kind;
		size_t at = map_find(&known, key);

		if (!at) {
			at = w->bytes.len;
			flame_name(&name, p, n);
			for (size_t k = 0; k < name.len; k++)
				text_addc(&w->bytes, name.s[k] == ';' ? ':' : name.s[k]);
			if (mark)
				text_addf(&w->bytes, "_[%s]", mark);
			text_addc(&w->bytes, '\0');
			map_put(&known, key, at);
		}
		w->text_at[i] = (uint32_t)at;
	}
	text_done(&name);
	map_done(&known);
}

static const char *folder_text(const struct folder *w, uint32_t node)
{
	return w->bytes.s + w->text_at[node];
}

/* Compares two frames that may be followed by more: as if each ended in ';' or, at the
 * end of its stack, in nothing. */
static int frame_compare(const char *a, bool a_more, const char *b, bool b_more)
{
	for (; *a && *a == *b; a++)
		b++;
	if (*a && *b)
		return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
	if (*a)
		return !b_more || (unsigned char)*a > ';' ? 1 : -1;
	if (*b)
		return !a_more || (unsigned char)*b > ';' ? -1 : 1;
	return a_more - b_more;
}

/* Compares the whole stacks of two nodes. Where the paths part, different names decide at
 * once; equal names of different kinds make it go on below them. */
static int stack_compare(const struct folder *w, uint32_t a, uint32_t b)
{
	const struct flame_node *n = w->f->nodes.v;
	uint32_t x = a, y = b, above_x = 0, above_y = 0;
	int deepest = 0;

	while (n[x].depth > n[y].depth)
		above_x = x, x = n[x].parent;
	while (n[y].depth > n[x].depth)
		above_y = y, y = n[y].parent;
	/* The outermost difference counts, and is the last that is met on the way up. */
	if (x == y)
		return (above_x != 0) - (above_y != 0);
	while (x != y) {
		int c = 0;

		if (w->text_at[x] != w->text_at[y])
			c = frame_compare(folder_text(w, x), x != a, folder_text(w, y),
					  y != b);
		if (c)
			deepest = c;
		x = n[x].parent;
		y = n[y].parent;
	}
	if (deepest)
		return deepest;
	return (above_x != 0) - (above_y != 0);
}

static int node_compare(const void *va, const void *vb, void *ctx)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
	int c = stack_compare(ctx, a, b);

	/* Equal stacks stay in an order that does not depend on the sort. */
	return c ? c : a < b ? -1 : a > b;
}

static void folder_line(struct folder *w, uint32_t node, int64_t value, struct text *t,
			struct sink *out)
{
	const struct flame_node *n = w->f->nodes.v;

	text_clear(t);
	w->path.n = 0;
	for (; node; node = n[node].parent)
		vec_push(&w->path, node);
	for (uint32_t i = w->path.n; i-- > 0;) {
		text_add(t, folder_text(w, w->path.v[i]));
		text_addc(t, i ? ';' : ' ');
	}
	text_addf(t, "%lld\n", (long long)value);
	sink_put(out, t->s, t->len);
}

void folded_write(const struct profile *p, bool annotate, struct sink *out)
{
	folded_write_value(p, profile_default_value(p), annotate, out);
}

void folded_write_value(const struct profile *p, unsigned value, bool annotate,
			struct sink *out)
{
	struct flame f;
	struct folder w = {.f = &f};
	struct text line = {0};
	VEC(uint32_t) leaves = {0};

	flame_build(&f, p, value);
	w.text_at = xcalloc(f.nodes.n, sizeof(*w.text_at));
	folder_texts(&w, p, annotate);
	/* In tree order first: nearly sorted, which a merge sort likes. */
	for (uint32_t i = flame_next(&f, 0); i; i = flame_next(&f, i))
		if (f.nodes.v[i].self)
			vec_push(&leaves, i);
	if (leaves.n)
		qsort_r(leaves.v, leaves.n, sizeof(*leaves.v), node_compare, &w);
	for (uint32_t i = 0; i < leaves.n; i++) {
		int64_t self = f.nodes.v[leaves.v[i]].self;

		while (i + 1 < leaves.n &&
		       !stack_compare(&w, leaves.v[i], leaves.v[i + 1]))
			self = sum_clamped(self, f.nodes.v[leaves.v[++i]].self);
		/* Readers want whole, positive numbers. */
		if (self > 0)
			folder_line(&w, leaves.v[i], self, &line, out);
	}
	vec_done(&leaves);
	vec_done(&w.path);
	text_done(&line);
	text_done(&w.bytes);
	free(w.text_at);
	flame_done(&f);
}
