/* A tree of calls as text, for a terminal or a file, and as JSON.
 *
 * A call that has most of its caller's time stands below it, and only other callees
 * indent: so depth costs lines and not columns. Callees that are too small to be shown are
 * counted; beside others they have a line of their own where they are large enough
 * together.
 *
 * The way down is a list of what is still to be printed, since a stack may have more
 * frames than this program has stack for. */
#include "format-priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/json.h>

/* Of a longer row of calls without a branch the middle is left out. */
#define RUN_LINES_MAX 40u
#define LEVEL_COLUMNS 3u
/* Where lines may be of any length. */
#define LEVELS_MAX 100u
#define FIGURES_COLUMNS 25u

struct item { /* a call, or the same one several times in a row */
	struct flame_box box;
	uint32_t times;
};

/* A branch that is still to be printed, or what of the branches beside it is not shown. */
struct branch {
	uint32_t node; /* 0: the rest */
	uint32_t level;
	uint32_t parent; /* JSON: row of the call it hangs from */
	bool last;
	uint64_t nrest;
	int64_t rest;
};

struct calltree {
	const struct profile *p;
	const struct calltree_options *o;
	const struct flame *f;
	const char *unit;
	struct sink *out;
	struct json *list; /* instead of `out` */
	uint32_t rows;	   /* of `list` */
	int64_t limit;	   /* what is below it is not shown */
	VEC(struct branch) todo;
	VEC(uint8_t) more; /* [level] other branches follow on it */
	VEC(struct item) run;
	VEC(uint32_t) shown; /* callees of the run's end, the largest first */
	struct text line, name, fit, tail;
	uint32_t depth;	      /* of what stands in front of the first level */
	uint64_t small, deep; /* calls that are not shown */
	uint64_t skipped;     /* lines in the middle of long runs */
};

/* --- what is shown ------------------------------------------------------------------ */

static int64_t size_of(int64_t value)
{
	return value < 0 ? -(value + 1) : value;
}

/* Of equal ones by name: rows are numbered in the order in which they were met. */
static int by_total(const void *pa, const void *pb, void *arg)
{
	const struct calltree *t = arg;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int64_t va = size_of(t->f->nodes.v[a].total),
		vb = size_of(t->f->nodes.v[b].total);
	struct flame_call ca = flame_box(t->f, a, 0).call,
			  cb = flame_box(t->f, b, 0).call;
	int order;

	if (va != vb)
		return va > vb ? -1 : 1;
	order = strcmp(profile_text(t->p, ca.name), profile_text(t->p, cb.name));
	return order ? order : (ca.kind > cb.kind) - (ca.kind < cb.kind);
}

/* Calls of a branch and all that hangs on it. */
static uint64_t calls_below(const struct flame *f, uint32_t node)
{
	uint64_t n = f->nodes.v[node].n;
	uint32_t at = f->nodes.v[node].first_child;

	/* Down to the first child, else on to the next sibling of the nearest caller. */
	while (at) {
		n += f->nodes.v[at].n;
		if (f->nodes.v[at].first_child) {
			at = f->nodes.v[at].first_child;
			continue;
		}
		while (at != node && !f->nodes.v[at].next_sibling)
			at = f->nodes.v[at].parent;
		at = at == node ? 0 : f->nodes.v[at].next_sibling;
	}
	return n;
}

/* Sorts out what hangs on the end of a strip; returns how many branches are not shown, and
 * their sum. */
static uint64_t choose_callees(struct calltree *t, uint32_t node, int64_t *ret_rest)
{
	const struct flame *f = t->f;
	uint64_t nrest = 0;

	t->shown.n = 0;
	*ret_rest = 0;
	for (uint32_t at = f->nodes.v[node].first_child; at;
	     at = f->nodes.v[at].next_sibling) {
		int64_t total = f->nodes.v[at].total;

		if (total && size_of(total) >= t->limit) {
			vec_push(&t->shown, at);
			continue;
		}
		t->small += calls_below(f, at);
		*ret_rest = sum_clamped(*ret_rest, total);
		nrest++;
	}
	if (t->shown.n)
		qsort_r(t->shown.v, t->shown.n, sizeof(*t->shown.v), by_total, t);
	return nrest;
}

static void add_item(struct calltree *t, const struct flame_box *box)
{
	struct item *last = t->run.n ? &t->run.v[t->run.n - 1] : NULL;

	if (last && !t->list && last->box.call.name == box->call.name &&
	    last->box.call.kind == box->call.kind && !last->box.self &&
	    last->box.total == box->total) {
		last->times++;
		last->box.self = box->self;
		return;
	}
	vec_push(&t->run, ((struct item){*box, 1}));
}

/* Puts the calls of a strip in the run; false when they, or what they call, are too deep. */
static bool add_strip(struct calltree *t, uint32_t node)
{
	const struct flame_node *n = &t->f->nodes.v[node];

	for (uint32_t k = 0; k < n->n; k++) {
		struct flame_box box = flame_box(t->f, node, k);

		add_item(t, &box);
		if (!t->o->depth || box.depth - t->depth < t->o->depth)
			continue;
		t->deep += calls_below(t->f, node) - k - 1;
		return false;
	}
	return true;
}

/* Whether what is not shown has a line of its own. */
static bool rest_shown(const struct calltree *t, uint64_t nrest, int64_t rest)
{
	return t->shown.n && nrest && rest && size_of(rest) >= t->limit;
}

/* Whether the only branch that is shown at the end of a strip goes on in its line. */
static bool goes_on(const struct calltree *t, uint32_t node)
{
	const struct flame_node *n = &t->f->nodes.v[node];
	int64_t callee;

	if (t->shown.n != 1)
		return false;
	callee = size_of(t->f->nodes.v[t->shown.v[0]].total);
	return callee >= size_of(n->total) - callee;
}

/* The run that begins with a branch, and behind it the branches of its end in `shown`. */
static void find_run(struct calltree *t, const struct branch *b, uint64_t *ret_nrest,
		     int64_t *ret_rest)
{
	uint32_t node = b->node;

	t->run.n = 0;
	for (;;) {
		*ret_nrest = 0;
		*ret_rest = 0;
		t->shown.n = 0;
		if (!add_strip(t, node))
			return;
		*ret_nrest = choose_callees(t, node, ret_rest);
		if (!goes_on(t, node) || rest_shown(t, *ret_nrest, *ret_rest))
			return;
		node = t->shown.v[0];
	}
}

/* --- lines -------------------------------------------------------------------------- */

/* Select Graphic Rendition of ECMA-48. */
static const char *colour_of(double share)
{
	share = fabs(share);
	return share >= 0.2 ? "\033[1;31m" : share >= 0.05 ? "\033[33m" : "";
}

static void paint(struct calltree *t, const char *how)
{
	if (t->o->style.colour)
		text_add(&t->line, how);
}

static double share_of(const struct calltree *t, int64_t value)
{
	int64_t all = t->f->nodes.v[0].total;

	return all ? (double)value / (double)all : 0;
}

static void add_share(struct calltree *t, int64_t value)
{
	double share = share_of(t, value);
	const char *colour = colour_of(share);

	paint(t, colour);
	text_addf(&t->line, "%6.1f%%", 100 * share);
	if (*colour)
		paint(t, "\033[0m");
}

/* "   1.23s  64.9%   1.2% " */
static void add_figures(struct calltree *t, int64_t total, int64_t self)
{
	char value[32];

	text_addf(&t->line, "%8s ", value_text(value, sizeof(value), total, t->unit));
	add_share(t, total);
	text_addc(&t->line, ' ');
	if (self && !t->o->inverted)
		add_share(t, self);
	else
		text_add(&t->line, "       ");
	text_addc(&t->line, ' ');
}

static const char *bar(const struct calltree *t, bool more)
{
	if (!more)
		return "   ";
	return t->o->style.utf8 ? "\xe2\x94\x82  " : "|  ";
}

static const char *corner(const struct calltree *t, bool more)
{
	if (t->o->style.utf8)
		return more ? "\xe2\x94\x9c\xe2\x94\x80 " : "\xe2\x94\x94\xe2\x94\x80 ";
	return more ? "|- " : "`- ";
}

/* Levels that have room: at least half of the line is for names. */
static uint32_t levels_that_fit(const struct calltree *t)
{
	unsigned columns = t->o->style.columns;

	if (!columns)
		return LEVELS_MAX;
	columns = columns > FIGURES_COLUMNS ? columns - FIGURES_COLUMNS : 0;
	return columns / 2 / LEVEL_COLUMNS;
}

/* The lines of the tree in front of a name; returns the columns. Where there are too many
 * levels, those in front are a number. */
static unsigned add_branches(struct calltree *t, uint32_t level, bool first)
{
	uint32_t fit = levels_that_fit(t), from = level > fit ? level - fit : 0;
	unsigned columns = LEVEL_COLUMNS * (level - from);

	if (!level)
		return 0;
	paint(t, "\033[2m");
	if (from) {
		size_t before = t->line.len;

		text_addf(&t->line, "(+%u) ", from);
		columns += (unsigned)(t->line.len - before);
	}
	for (uint32_t i = from + 1; i < level; i++)
		text_add(&t->line, bar(t, t->more.v[i]));
	if (level > from)
		text_add(&t->line,
			 first ? corner(t, t->more.v[level]) : bar(t, t->more.v[level]));
	paint(t, "\033[0m");
	return columns;
}

static void end_line(struct calltree *t)
{
	while (t->line.len && t->line.s[t->line.len - 1] == ' ')
		t->line.len--;
	sink_put(t->out, t->line.s, t->line.len);
	sink_puts(t->out, "\n");
	text_clear(&t->line);
}

static void set_more(struct calltree *t, uint32_t level, bool more)
{
	while (t->more.n <= level)
		vec_push(&t->more, 0);
	t->more.v[level] = more;
}

static void write_item(struct calltree *t, const struct item *item, uint32_t level,
		       bool first, bool cut)
{
	const char *mark = flame_kind_mark(item->box.call.kind);
	unsigned room = t->o->style.columns, used;

	add_figures(t, item->box.total, item->box.self);
	used = FIGURES_COLUMNS + add_branches(t, level, first);
	text_clear(&t->tail);
	if (mark)
		text_addf(&t->tail, " [%s]", mark);
	if (item->times > 1)
		text_addf(&t->tail, " (%u times)", item->times);
	if (cut)
		text_add(&t->tail, " ...");
	used += (unsigned)t->tail.len;
	flame_name(&t->name, t->p, &item->box.call, item->box.depth);
	text_style_fit(&t->o->style, &t->fit, text_get(&t->name),
		       room > used ? room - used : 0);
	text_add(&t->line, text_get(&t->fit));
	text_add(&t->line, text_get(&t->tail));
	end_line(t);
}

static void write_gap(struct calltree *t, uint32_t level, uint32_t n)
{
	text_addf(&t->line, "%*s", FIGURES_COLUMNS, "");
	add_branches(t, level, false);
	text_addf(&t->line, "... %u lines ...", n);
	t->skipped += n;
	end_line(t);
}

static void write_rest(struct calltree *t, const struct branch *b)
{
	add_figures(t, b->rest, 0);
	add_branches(t, b->level, true);
	text_addf(&t->line, "(%llu smaller)", (unsigned long long)b->nrest);
	end_line(t);
}

/* What stands at the left is a heading: what it calls is indented. Returns the level of
 * the last line. */
static uint32_t write_run(struct calltree *t, uint32_t level, bool cut)
{
	uint32_t n = t->run.n, half = RUN_LINES_MAX / 2;
	bool gap = n > RUN_LINES_MAX + 1 && t->limit > 0, first = true;

	for (uint32_t i = 0; i < n; i++) {
		if (gap && i == half) {
			write_gap(t, level, n - 2 * half);
			i = n - half;
		}
		write_item(t, &t->run.v[i], level, first, cut && i + 1 == n);
		first = !level && i + 1 < n;
		if (first)
			set_more(t, ++level, false);
	}
	return level;
}

/* --- JSON --------------------------------------------------------------------------- */

/* Rows by their callers: 0 is the root, which is not in the list. Returns the last. */
static uint32_t put_run(struct calltree *t, uint32_t parent)
{
	for (uint32_t i = 0; i < t->run.n; i++) {
		const struct flame_box *box = &t->run.v[i].box;
		struct json *j = json_node();

		flame_name(&t->name, t->p, &box->call, box->depth);
		json_put_u64(j, "id", ++t->rows);
		json_put_u64(j, "caller", parent);
		json_put_str(j, "name", text_get(&t->name));
		json_put_str(j, "kind", flame_kind_text(box->call.kind));
		json_put_i64(j, "total", box->total);
		json_put_i64(j, "self", box->self);
		json_put(t->list, NULL, j);
		parent = t->rows;
	}
	return parent;
}

/* --- the whole ---------------------------------------------------------------------- */

/* The branches in `shown` are next, and what of them is not shown. */
static void push_branches(struct calltree *t, uint32_t level, uint32_t parent,
			  uint64_t nrest, int64_t rest)
{
	struct branch b = {.level = level, .parent = parent, .last = true};

	if (rest_shown(t, nrest, rest) && !t->list) {
		b.nrest = nrest;
		b.rest = rest;
		vec_push(&t->todo, b);
		b = (struct branch){.level = level, .parent = parent};
	}
	for (uint32_t i = t->shown.n; i-- > 0;) {
		b.node = t->shown.v[i];
		vec_push(&t->todo, b);
		b.last = false;
	}
}

static void write_branch(struct calltree *t, const struct branch *b)
{
	uint32_t parent = b->parent, level = b->level;
	uint64_t deep = t->deep, nrest;
	int64_t rest;

	set_more(t, level, !b->last);
	if (!b->node) {
		write_rest(t, b);
		return;
	}
	find_run(t, b, &nrest, &rest);
	if (t->list)
		parent = put_run(t, parent);
	else
		level = write_run(t, level, t->deep > deep);
	push_branches(t, level + 1, parent, nrest, rest);
}

/* The strip whose callees stand at the left: the root, or what is there only because
 * samples have no command. */
static uint32_t find_top(const struct flame *f)
{
	uint32_t only = f->nodes.v[0].first_child;

	if (!only || f->nodes.v[only].next_sibling || f->nodes.v[only].self)
		return 0;
	return f->calls.v[f->chain.v[f->nodes.v[only].first]].name ? 0 : only;
}

static void write_tree(struct calltree *t)
{
	uint32_t top = find_top(t->f);
	int64_t rest;
	uint64_t nrest = choose_callees(t, top, &rest);

	t->depth = t->f->nodes.v[top].depth;
	push_branches(t, 0, 0, nrest, rest);
	while (t->todo.n) {
		struct branch b = t->todo.v[--t->todo.n];

		write_branch(t, &b);
	}
}

static void add_cut(struct calltree *t, uint64_t n, const char *where)
{
	if (!n)
		return;
	text_addf(&t->line, "%s%llu call%s %s",
		  t->line.len ? "; " : "not shown: ", (unsigned long long)n,
		  n == 1 ? "" : "s", where);
}

static void say_cut(struct calltree *t)
{
	char where[64];

	snprintf(where, sizeof(where), "below %.3g %%", t->o->min_percent);
	add_cut(t, t->small, where);
	snprintf(where, sizeof(where), "more than %u deep", t->o->depth);
	add_cut(t, t->deep, where);
	add_cut(t, t->skipped, "in the middle of long rows");
	if (t->line.len)
		end_line(t);
}

static void tree_init(struct calltree *t, const struct profile *p, const struct flame *f,
		      unsigned value, const struct calltree_options *o)
{
	*t = (struct calltree){.p = p, .o = o, .f = f};
	t->unit = profile_text(p, p->value_types[value].unit);
	t->limit = (int64_t)ceil(fabs((double)f->nodes.v[0].total) * o->min_percent /
				 100);
}

static void tree_done(struct calltree *t)
{
	vec_done(&t->todo);
	vec_done(&t->more);
	vec_done(&t->run);
	vec_done(&t->shown);
	text_done(&t->line);
	text_done(&t->name);
	text_done(&t->fit);
	text_done(&t->tail);
}

void calltree_write(const struct profile *p, const struct flame *f, unsigned value,
		    const struct calltree_options *o, struct sink *out)
{
	struct calltree t;

	tree_init(&t, p, f, value, o);
	t.out = out;
	text_addf(&t.line, "%8s %7s %7s", "total", "total%", o->inverted ? "" : "self%");
	end_line(&t);
	write_tree(&t);
	say_cut(&t);
	tree_done(&t);
}

struct json *calltree_json(const struct profile *p, const struct flame *f, unsigned value,
			   const struct calltree_options *o)
{
	struct calltree t;

	tree_init(&t, p, f, value, o);
	t.list = json_list();
	write_tree(&t);
	tree_done(&t);
	return t.list;
}
