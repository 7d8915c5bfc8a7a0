/* Folded stacks, the text that flame graph tools exchange: "comm;root;…;leaf N".
 *
 * Lines are sorted by the bytes of their stacks, and equal ones are added up (two names
 * may become equal when ';' is replaced, or when their kinds are not shown). Both are
 * done while the tree is walked: nodes whose texts are equal so far are walked together
 * as one, and what they call is put in order wherever they call several. No two lines
 * are ever compared.
 *
 * The order of siblings is not that of their names. The line of "f" itself comes before
 * that of "f (int)", but what f calls comes after it, since "f;" > "f (int)". */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

/* What is still to be written, the next one last: the line of nodes that share one text,
 * or the lines below them. */
struct folder_item {
	uint32_t node; /* the first of them, see `same` */
	uint32_t text;
	size_t len; /* of the line in front of the text */
	bool below;
};

struct folder_child {
	uint32_t node, text;
};

struct folder {
	const struct flame *f;
	const struct profile *p;
	bool annotate;
	/* [strings] where a name's text is in `bytes`, NUL-terminated, or 0: by the mark that
	 * follows it, and by whether the name is a function's or a file's. */
	uint32_t *texts[2 * 4];
	struct text bytes, name;
	struct index by_text; /* equal texts are one */
	struct map same; /* node -> the next one with the same texts up to the root */
	VEC(struct folder_item) items;
	VEC(struct folder_child) children;
	VEC(uint32_t) open; /* groups of `children` whose lower lines have to wait */
	struct text line;
	struct sink *out;
};

/* --- texts ------------------------------------------------------------------------ */

static bool folder_text_equal(const void *table, uint32_t id, const void *key)
{
	return !strcmp((const char *)table + id, key);
}

static uint32_t folder_intern(struct folder *w, const struct flame_node *n,
			      const char *mark)
{
	uint32_t hash, at = (uint32_t)w->bytes.len;

	flame_name(&w->name, w->p, n);
	if (mark)
		text_addf(&w->name, "_[%s]", mark);
	for (size_t k = 0; k < w->name.len; k++)
		if (w->name.s[k] == ';')
			w->name.s[k] = ':';
	hash = hash_bytes(w->name.s, w->name.len);
	/* Text 0 is none; the bytes begin with a NUL. */
	if (index_find(&w->by_text, hash, folder_text_equal, w->bytes.s, w->name.s))
		return index_find(&w->by_text, hash, folder_text_equal, w->bytes.s,
				  w->name.s);
	text_addn(&w->bytes, w->name.s, w->name.len + 1);
	index_add(&w->by_text, hash, at);
	return at;
}

static uint32_t folder_text(struct folder *w, uint32_t node)
{
	const struct flame_node *n = &w->f->nodes.v[node];
	const char *mark = w->annotate ? flame_kind_mark(n->kind) : NULL;
	unsigned named = n->function || n->depth == 1;
	unsigned table = 2 * (mark ? n->kind : 0) + named;

	if (!w->texts[table])
		w->texts[table] = xcalloc(w->p->strings.n, sizeof(**w->texts));
	if (!w->texts[table][n->name])
		w->texts[table][n->name] = folder_intern(w, n, mark);
	return w->texts[table][n->name];
}

/* --- order ------------------------------------------------------------------------ */

static int folder_compare(const struct folder *w, const struct folder_child *a,
			  const struct folder_child *b)
{
	if (a->text == b->text)
		return (a->node > b->node) - (a->node < b->node);
	return strcmp(w->bytes.s + a->text, w->bytes.s + b->text);
}

static int child_compare(const void *a, const void *b, void *ctx)
{
	return folder_compare(ctx, a, b);
}

/* They come in the order of their names, which nearly always is that of their texts. */
static void folder_sort(struct folder *w)
{
	uint32_t i = 1;

	while (i < w->children.n &&
	       folder_compare(w, &w->children.v[i - 1], &w->children.v[i]) < 0)
		i++;
	if (i < w->children.n)
		qsort_r(w->children.v, w->children.n, sizeof(*w->children.v),
			child_compare, w);
}

/* Neighbours with one text become one: their nodes are chained, the first one stays. */
static void folder_merge(struct folder *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->children.n; i++) {
		struct folder_child *c = &w->children.v[i];

		if (i && c->text == c[-1].text)
			map_put(&w->same, c[-1].node, c->node);
		else
			w->children.v[n++] = *c;
	}
	w->children.n = n;
}

/* Whether @a followed by ';' comes before @b, which is not below @a in byte order. */
static bool ends_before(const char *a, const char *b)
{
	for (; *a; a++, b++)
		if (*a != *b)
			return true;
	return (unsigned char)*b > ';';
}

static void folder_push(struct folder *w, uint32_t group, size_t len, bool below)
{
	const struct folder_child *c = &w->children.v[group];

	vec_push(&w->items, ((struct folder_item){c->node, c->text, len, below}));
}

/* The items of all groups, in order. What stands on a text waits until no text follows
 * that would still come before its ';': those that wait begin with one another. */
static void folder_order(struct folder *w, size_t len)
{
	const char *bytes = w->bytes.s;

	w->open.n = 0;
	for (uint32_t i = 0; i < w->children.n; i++) {
		const char *text = bytes + w->children.v[i].text;

		while (w->open.n) {
			uint32_t last = w->open.v[w->open.n - 1];

			if (!ends_before(bytes + w->children.v[last].text, text))
				break;
			folder_push(w, last, len, true);
			w->open.n--;
		}
		folder_push(w, i, len, false);
		vec_push(&w->open, i);
	}
	while (w->open.n)
		folder_push(w, w->open.v[--w->open.n], len, true);
}

/* --- lines ------------------------------------------------------------------------ */

static void line_cut(struct text *line, size_t len)
{
	line->len = len;
}

/* The next node that is written as one with @node, or 0. */
static uint32_t folder_same(const struct folder *w, uint32_t node)
{
	return w->same.n ? (uint32_t)map_find(&w->same, node) : 0;
}

/* The line that ends here, if the nodes of the chain have anything of their own. */
static void folder_line(struct folder *w, uint32_t node)
{
	size_t len = w->line.len;
	char digits[24], *at = digits + sizeof(digits);
	int64_t self = 0;

	for (; node; node = folder_same(w, node))
		self = sum_clamped(self, w->f->nodes.v[node].self);
	/* Readers want whole, positive numbers. */
	if (self <= 0)
		return;
	*--at = '\n';
	for (; self; self /= 10)
		*--at = (char)('0' + self % 10);
	*--at = ' ';
	text_addn(&w->line, at, (size_t)(digits + sizeof(digits) - at));
	sink_put(w->out, w->line.s, w->line.len);
	line_cut(&w->line, len);
}

static void folder_children(struct folder *w, uint32_t node)
{
	const struct flame_node *n = w->f->nodes.v;

	w->children.n = 0;
	do {
		for (uint32_t c = n[node].first_child; c; c = n[c].next_sibling)
			vec_push(&w->children,
				 ((struct folder_child){c, folder_text(w, c)}));
		node = folder_same(w, node);
	} while (node);
}

/* All below @node, whose text is the line's end: down to where there are several, whose
 * items then lie on the pile with the first one on top. */
static void folder_below(struct folder *w, uint32_t node)
{
	uint32_t first = w->items.n;
	size_t len;

	for (;;) {
		folder_children(w, node);
		if (w->children.n != 1)
			break;
		if (node)
			text_addc(&w->line, ';');
		text_add(&w->line, w->bytes.s + w->children.v[0].text);
		node = w->children.v[0].node;
		folder_line(w, node);
	}
	if (!w->children.n)
		return;
	if (node)
		text_addc(&w->line, ';');
	len = w->line.len;
	folder_sort(w);
	folder_merge(w);
	folder_order(w, len);
	for (uint32_t i = first, k = w->items.n - 1; i < k; i++, k--) {
		struct folder_item swap = w->items.v[i];

		w->items.v[i] = w->items.v[k];
		w->items.v[k] = swap;
	}
}

void folded_write_tree(const struct profile *p, const struct flame *f, bool annotate,
		       struct sink *out)
{
	struct folder w = {.f = f, .p = p, .annotate = annotate, .out = out};

	text_addc(&w.bytes, '\0');
	folder_below(&w, 0);
	while (w.items.n) {
		struct folder_item item = w.items.v[--w.items.n];

		line_cut(&w.line, item.len);
		text_add(&w.line, w.bytes.s + item.text);
		if (item.below)
			folder_below(&w, item.node);
		else
			folder_line(&w, item.node);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(w.texts); i++)
		free(w.texts[i]);
	text_done(&w.bytes);
	text_done(&w.name);
	text_done(&w.line);
	index_done(&w.by_text);
	map_done(&w.same);
	vec_done(&w.items);
	vec_done(&w.children);
	vec_done(&w.open);
}

void folded_write_value(const struct profile *p, unsigned value, bool annotate,
			struct sink *out)
{
	struct flame f;

	flame_build(&f, p, value);
	folded_write_tree(p, &f, annotate, out);
	flame_done(&f);
}

void folded_write(const struct profile *p, bool annotate, struct sink *out)
{
	folded_write_value(p, profile_default_value(p), annotate, out);
}
