/* Folded stacks, the text that flame graph tools exchange: "comm;root;…;leaf N".
 *
 * Lines are sorted by the bytes of their stacks, and equal ones are added up (two names
 * may become equal without their parameters, when ';' is replaced, or when their kinds are
 * not shown). Both are
 * done while the tree is walked: boxes whose texts are equal so far are walked together
 * as one, and what they call is put in order wherever they call several. No two lines
 * are ever compared. A box that is walked alone, as nearly all are, takes the rest of its
 * strip along.
 *
 * The order of siblings is not that of their names. The line of "f" itself comes before
 * that of "f (int)", but what f calls comes after it, since "f;" > "f (int)". */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

#include <profd/objfile.h>

/* A box: the call in place `k` of a strip. */
struct spot {
	uint32_t strip, k;
};

/* What is still to be written, the next one last: the line of boxes that share one text,
 * or the lines below them. */
struct folder_item {
	struct spot spot; /* the first of them, see `same` */
	bool below;
	size_t len; /* of the line in front of the text */
};

struct folder_child {
	struct spot spot;
	uint32_t text;
};

struct folder {
	const struct flame *f;
	const struct profile *p;
	bool annotate;
	struct call_text {
		uint32_t at,
			len; /* in `bytes`, NUL-terminated; at is 0 until it is there */
	} * texts;	     /* [calls] */
	struct text bytes, name;
	struct index by_text; /* equal texts are one */
	struct map same;      /* box -> the next one with the same texts up to the root */
	VEC(struct folder_item) items;
	VEC(struct folder_child) children;
	VEC(uint32_t) open; /* groups of `children` whose lower lines have to wait */
	struct text line;
	struct sink *out;
	bool two; /* a number of before in front of it: of the first further value */
};

static const struct flame_node *spot_strip(const struct folder *w, struct spot at)
{
	return &w->f->nodes.v[at.strip];
}

static bool spot_is_last(const struct folder *w, struct spot at)
{
	return at.k + 1 == spot_strip(w, at)->n;
}

static uint32_t spot_place(const struct folder *w, struct spot at)
{
	return spot_strip(w, at)->first + at.k;
}

/* --- texts ------------------------------------------------------------------------ */

static bool folder_text_equal(const void *table, uint32_t id, const void *key)
{
	return !strcmp((const char *)table + id, key);
}

static uint32_t folder_intern(struct folder *w)
{
	uint32_t hash, known, at = (uint32_t)w->bytes.len + 1;

	hash = hash_bytes(w->name.s, w->name.len);
	known = index_find(&w->by_text, hash, folder_text_equal, w->bytes.s, w->name.s);
	if (known)
		return known;
	text_addc(&w->bytes, ';');
	text_addn(&w->bytes, w->name.s, w->name.len + 1);
	index_add(&w->by_text, hash, at);
	return at;
}

/* Parameters would be most of the text of a C++ program's stacks, which every line repeats;
 * who reads this format is used to names without them. */
static void folder_name(struct folder *w, const struct flame_call *c, uint32_t depth)
{
	const struct function *f = &w->p->functions.v[c->function];
	const char *mangled = profile_text(w->p, f->system_name);
	_cleanup_free_ char *brief = NULL;

	flame_name(&w->name, w->p, c, depth);
	if (!c->function || f->system_name == f->name || !strchr(w->name.s, '('))
		return;
	brief = demangle_brief(mangled);
	if (!brief)
		return;
	text_clear(&w->name);
	text_add_clean(&w->name, brief, strlen(brief));
}

static struct call_text folder_text(struct folder *w, uint32_t call, uint32_t depth)
{
	const struct flame_call *c = &w->f->calls.v[call];
	const char *mark = w->annotate ? flame_kind_mark(c->kind) : NULL;

	if (w->texts[call].at)
		return w->texts[call];
	folder_name(w, c, depth);
	if (mark)
		text_addf(&w->name, "_[%s]", mark);
	for (size_t k = 0; k < w->name.len; k++)
		if (w->name.s[k] == ';')
			w->name.s[k] = ':';
	/* Text 0 is none; the bytes begin with a NUL. */
	w->texts[call].at = folder_intern(w);
	w->texts[call].len = (uint32_t)w->name.len;
	return w->texts[call];
}

/* --- order ------------------------------------------------------------------------ */

static int folder_compare(const struct folder *w, const struct folder_child *a,
			  const struct folder_child *b)
{
	if (a->text == b->text)
		return (spot_place(w, a->spot) > spot_place(w, b->spot)) -
		       (spot_place(w, a->spot) < spot_place(w, b->spot));
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

static uint64_t spot_code(struct spot at)
{
	return (uint64_t)at.strip << 32 | at.k;
}

/* Neighbours with one text become one: their boxes are chained, the first one stays. */
static void folder_merge(struct folder *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->children.n; i++) {
		struct folder_child *c = &w->children.v[i];

		if (i && c->text == c[-1].text)
			map_put(&w->same, spot_code(c[-1].spot), spot_code(c->spot));
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

	vec_push(&w->items, ((struct folder_item){c->spot, below, len}));
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

/* Finds the next box that is written as one with @at; false when there is none. */
static bool folder_same(const struct folder *w, struct spot at, struct spot *ret_next)
{
	uint64_t code = w->same.n ? map_find(&w->same, spot_code(at)) : 0;

	*ret_next = (struct spot){(uint32_t)(code >> 32), (uint32_t)code};
	return code;
}

static void line_number(struct text *line, int64_t v)
{
	char digits[24], *digit = digits + sizeof(digits);

	do
		*--digit = (char)('0' + v % 10);
	while (v /= 10);
	*--digit = ' ';
	text_addn(line, digit, (size_t)(digits + sizeof(digits) - digit));
}

/* The line that ends here, if the boxes of the chain have anything of their own. */
static void folder_line(struct folder *w, struct spot at)
{
	const struct flame *f = w->f;
	size_t len = w->line.len;
	int64_t self = 0, before = 0;

	do {
		if (!spot_is_last(w, at))
			continue;
		self = sum_clamped(self, spot_strip(w, at)->self);
		if (w->two)
			before = sum_clamped(before,
					     f->more_self[(size_t)at.strip * f->nmore]);
	} while (folder_same(w, at, &at));
	/* Readers want whole, positive numbers. */
	if (self <= 0 && before <= 0)
		return;
	if (w->two)
		line_number(&w->line, before > 0 ? before : 0);
	line_number(&w->line, self > 0 ? self : 0);
	text_addc(&w->line, '\n');
	sink_put(w->out, w->line.s, w->line.len);
	line_cut(&w->line, len);
}

static struct call_text spot_text(struct folder *w, struct spot at)
{
	const struct flame_node *n = spot_strip(w, at);

	return folder_text(w, w->f->chain.v[n->first + at.k], n->depth + at.k);
}

static void folder_add(struct folder *w, struct spot at)
{
	struct call_text text = spot_text(w, at);

	text_addn(&w->line, w->bytes.s + text.at, text.len);
}

static void folder_add_called(struct folder *w, struct spot at)
{
	struct call_text text = spot_text(w, at);

	text_addn(&w->line, w->bytes.s + text.at - 1, text.len + 1);
}

static void folder_child(struct folder *w, struct spot at)
{
	vec_push(&w->children, ((struct folder_child){at, spot_text(w, at).at}));
}

static void folder_children(struct folder *w, struct spot at)
{
	const struct flame_node *n = w->f->nodes.v;

	w->children.n = 0;
	do {
		if (!spot_is_last(w, at))
			folder_child(w, (struct spot){at.strip, at.k + 1});
		else
			for (uint32_t c = n[at.strip].first_child; c;
			     c = n[c].next_sibling)
				folder_child(w, (struct spot){c, 0});
	} while (folder_same(w, at, &at));
}

/* The rest of the strip, when nothing else is written as one with it. */
static struct spot folder_strip(struct folder *w, struct spot at)
{
	struct spot other;

	if (spot_is_last(w, at) || folder_same(w, at, &other))
		return at;
	while (!spot_is_last(w, at)) {
		at.k++;
		folder_add_called(w, at);
	}
	folder_line(w, at);
	return at;
}

/* All below @at, whose text is the line's end: down to where there are several, whose
 * items then lie on the pile with the first one on top. */
static void folder_below(struct folder *w, struct spot at)
{
	uint32_t first = w->items.n;
	size_t len;

	for (;;) {
		at = folder_strip(w, at);
		folder_children(w, at);
		if (w->children.n != 1)
			break;
		if (at.strip)
			folder_add_called(w, w->children.v[0].spot);
		else
			folder_add(w, w->children.v[0].spot);
		at = w->children.v[0].spot;
		folder_line(w, at);
	}
	if (!w->children.n)
		return;
	if (at.strip)
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

static void folded_write_all(struct folder w)
{
	w.texts = xcalloc(w.f->calls.n, sizeof(*w.texts));
	text_addc(&w.bytes, '\0');
	folder_below(&w, (struct spot){0});
	while (w.items.n) {
		struct folder_item item = w.items.v[--w.items.n];

		line_cut(&w.line, item.len);
		folder_add(&w, item.spot);
		if (item.below)
			folder_below(&w, item.spot);
		else
			folder_line(&w, item.spot);
	}
	free(w.texts);
	text_done(&w.bytes);
	text_done(&w.name);
	text_done(&w.line);
	index_done(&w.by_text);
	map_done(&w.same);
	vec_done(&w.items);
	vec_done(&w.children);
	vec_done(&w.open);
}

void folded_write_tree(const struct profile *p, const struct flame *f, bool annotate,
		       struct sink *out)
{
	folded_write_all(
		(struct folder){.f = f, .p = p, .annotate = annotate, .out = out});
}

void folded_write_diff(const struct profile *p, bool annotate, struct sink *out)
{
	static const unsigned before = DIFF_BEFORE;
	struct flame f;

	flame_build_all(&f, p, DIFF_AFTER, &before, 1);
	folded_write_all((struct folder){
		.f = &f, .p = p, .annotate = annotate, .out = out, .two = true});
	flame_done(&f);
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
