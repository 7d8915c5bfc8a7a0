/* Valgrind's Callgrind format, version 1, as of "Callgrind Format Specification" in
 * Valgrind's manual: cost of each function by line, and of each call. It knows who called
 * whom, but no stacks.
 *
 * What belongs to one function is one node: its name, source file and object. A sample
 * costs its leaf, and each call of its stack; but a node that is on the stack several
 * times is called at this cost once, the time farthest out. The other calls of it are
 * listed with a cost of 0, so that the graph holds together. So the calls of a node cost
 * its total, whatever recurs, which is how kcachegrind (TracePartFunction::update) and
 * callgrind_annotate find it; and what enters a circle of nodes that call each other, or
 * leaves it, is counted once, too. The command is a node that calls all roots. */
#include "format-priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum grind_kind { GRIND_FUNCTION, GRIND_NAMELESS, GRIND_COMM };

struct grind_node {
	string_id name;	  /* of the function or command; of code without one, its file */
	string_id file;	  /* of the source */
	string_id object; /* of the mapping */
	uint32_t kind;
	uint32_t start_line;
	uint32_t last; /* the sample that was last seen to call it */
	bool named;    /* in the file */
};

/* What is one line: own cost if there is no callee, else that of calls. */
struct grind_entry {
	uint32_t node, line;
	uint32_t callee; /* + 1; 0: none */
	uint32_t last;	 /* the sample that was last seen on it */
	int64_t calls;
};

struct grind_frame {
	uint32_t node, line;
	uint32_t entry; /* + 1: the call of the frame before it, or for the first its own
			 * cost; 0: not yet */
};

struct grind {
	const struct profile *p;
	unsigned count; /* the value that counts samples, + 1; 0: none */
	unsigned order[PROFILE_VALUES_MAX]; /* of the values, the chosen one first */
	struct sink *out;
	string_id key_comm;
	VEC(struct grind_node) nodes;
	struct index by_identity; /* node + 1 */
	VEC(struct grind_entry) entries;
	struct index by_place; /* entry + 1 */
	VEC(int64_t) costs;    /* [entries][nvalues], as in `order` */
	/* Filled at their first use: the frames of a location, innermost first, the first
	 * one + 1; the call of a stack's outermost frame by its parent, the entry + 1. */
	uint32_t *location_frames, *stack_entries;
	VEC(struct grind_frame) frames;
	VEC(uint32_t) path; /* entries of one sample, the leaf's first */
	uint32_t *file_numbers, *object_numbers; /* [strings]; 0: not yet */
	uint32_t nfiles, nobjects;
	int64_t totals[PROFILE_VALUES_MAX];
	struct text name;
};

/* --- the graph ---------------------------------------------------------------------- */

static bool node_equal(const void *table, uint32_t id, const void *key)
{
	const struct grind_node *a = &((const struct grind *)table)->nodes.v[id - 1];
	const struct grind_node *b = key;

	return a->name == b->name && a->file == b->file && a->object == b->object &&
	       a->kind == b->kind;
}

static uint32_t node_intern(struct grind *g, const struct grind_node *n)
{
	uint32_t hash = hash_mix(hash_u64((uint64_t)n->name << 32 | n->file), n->object);
	uint32_t id = index_find(&g->by_identity, hash, node_equal, g, n);

	if (id)
		return id - 1;
	vec_push(&g->nodes, *n);
	index_add(&g->by_identity, hash, g->nodes.n);
	return g->nodes.n - 1;
}

static uint32_t node_of(struct grind *g, function_id function, mapping_id mapping)
{
	const struct function *f = &g->p->functions.v[function];
	struct grind_node n = {.name = f->name,
			       .file = f->filename,
			       .object = g->p->mappings.v[mapping].filename,
			       .kind = GRIND_FUNCTION,
			       .start_line = f->start_line};

	if (!function) {
		n.name = n.object;
		n.kind = GRIND_NAMELESS;
	}
	return node_intern(g, &n);
}

static bool entry_equal(const void *table, uint32_t id, const void *key)
{
	const struct grind_entry *a = &((const struct grind *)table)->entries.v[id - 1];
	const struct grind_entry *b = key;

	return a->node == b->node && a->line == b->line && a->callee == b->callee;
}

/* The entry + 1. */
static uint32_t entry_intern(struct grind *g, const struct grind_frame *f,
			     uint32_t callee)
{
	struct grind_entry e = {.node = f->node, .line = f->line, .callee = callee};
	uint32_t hash = hash_mix(hash_u64((uint64_t)e.node << 32 | e.line), e.callee);
	uint32_t id = index_find(&g->by_place, hash, entry_equal, g, &e);

	if (id)
		return id;
	vec_push(&g->entries, e);
	for (unsigned i = 0; i < g->p->nvalues; i++)
		vec_push(&g->costs, 0);
	index_add(&g->by_place, hash, g->entries.n);
	return g->entries.n;
}

static struct grind_frame *location_frames(struct grind *g, location_id id)
{
	const struct location *l = &g->p->locations.v[id];
	uint32_t *first = &g->location_frames[id];

	if (*first)
		return &g->frames.v[*first - 1];
	*first = g->frames.n + 1;
	for (uint32_t i = 0; i < l->nlines; i++) {
		const struct line *line = &g->p->lines.v[l->first_line + i];
		struct grind_frame f = {.node = node_of(g, line->function, l->mapping),
					.line = line->line};

		vec_push(&g->frames, f);
	}
	if (!l->nlines)
		vec_push(&g->frames,
			 ((struct grind_frame){.node = node_of(g, 0, l->mapping)}));
	return &g->frames.v[*first - 1];
}

/* --- samples ------------------------------------------------------------------------ */

struct grind_sample {
	uint32_t number; /* from 1 on */
	int64_t count;
	const int64_t *values;
};

/* What is called that was called already, farther out, costs nothing more. */
static void entry_cost(struct grind *g, const struct grind_sample *s, uint32_t entry)
{
	struct grind_entry *e = &g->entries.v[entry - 1];
	struct grind_node *callee = e->callee ? &g->nodes.v[e->callee - 1] : NULL;
	int64_t *costs = &g->costs.v[(size_t)(entry - 1) * g->p->nvalues];

	if (e->last != s->number)
		e->calls = sum_clamped(e->calls, s->count);
	e->last = s->number;
	if (callee && callee->last == s->number)
		return;
	if (callee)
		callee->last = s->number;
	for (unsigned i = 0; i < g->p->nvalues; i++) {
		int64_t v = s->values[g->order[i]];

		costs[i] = sum_clamped(costs[i], v > 0 ? v : 0);
	}
}

/* The entries of one location. @inner: the stack that @at called, or 0, whose outermost
 * node is @callee. Returns its own outermost one. */
static uint32_t stack_path(struct grind *g, stack_id at, stack_id inner, uint32_t callee)
{
	location_id id = g->p->stacks.v[at].location;
	uint32_t nlines = g->p->locations.v[id].nlines, i = 0;
	struct grind_frame *f = location_frames(g, id);

	if (inner) {
		if (!g->stack_entries[inner])
			g->stack_entries[inner] = entry_intern(g, f, callee + 1);
		vec_push(&g->path, g->stack_entries[inner]);
		i = 1;
	}
	for (; i < (nlines ? nlines : 1); i++) {
		if (!f[i].entry)
			f[i].entry = entry_intern(g, &f[i], i ? f[i - 1].node + 1 : 0);
		vec_push(&g->path, f[i].entry);
	}
	return f[i - 1].node;
}

static void sample_cost(struct grind *g, const struct grind_sample *s, uint32_t row)
{
	stack_id inner = 0, at = g->p->samples.v[row].stack;
	struct grind_node comm = {.kind = GRIND_COMM};
	struct grind_frame root = {0};
	uint32_t callee = 0;

	g->path.n = 0;
	for (; at; inner = at, at = g->p->stacks.v[at].parent)
		callee = stack_path(g, at, inner, callee);
	comm.name = profile_label_str(g->p, g->p->samples.v[row].labels, g->key_comm);
	root.node = node_intern(g, &comm);
	entry_cost(g, s, entry_intern(g, &root, inner ? callee + 1 : 0));
	while (g->path.n)
		entry_cost(g, s, g->path.v[--g->path.n]);
}

static void sample_add(struct grind *g, uint32_t row, uint32_t number)
{
	struct grind_sample s = {.number = number, .count = 1};
	bool any = false;

	s.values = &g->p->values.v[(size_t)row * g->p->nvalues];
	if (g->count && s.values[g->count - 1] > 0)
		s.count = s.values[g->count - 1];
	for (unsigned i = 0; i < g->p->nvalues; i++) {
		int64_t v = s.values[g->order[i]];

		any |= v > 0;
		g->totals[i] = sum_clamped(g->totals[i], v > 0 ? v : 0);
	}
	if (any)
		sample_cost(g, &s, row);
}

static void samples_add(struct grind *g)
{
	struct turns turns;
	uint32_t *order;

	turns_find(&turns, g->p, TURNS_ALL);
	order = samples_in_order(g->p, &turns);
	for (uint32_t i = 1; i < g->p->samples.n; i++)
		sample_add(g, order[i], i);
	free(order);
	turns_done(&turns);
}

/* --- the file ----------------------------------------------------------------------- */

/* A number in brackets stands for a name: with it the first time. */
static void name_write(struct grind *g, const char *key, uint32_t number, bool first)
{
	sink_putf(g->out, "%s=(%u)", key, number);
	if (first) {
		sink_puts(g->out, " ");
		sink_put(g->out, g->name.s, g->name.len);
	}
	sink_puts(g->out, "\n");
}

static void path_write(struct grind *g, const char *key, string_id path,
		       uint32_t *numbers, uint32_t *n)
{
	bool first = !numbers[path];

	if (first)
		numbers[path] = ++*n;
	text_clear(&g->name);
	line_add(&g->name, path ? profile_text(g->p, path) : "???");
	name_write(g, key, numbers[path], first);
}

static void function_write(struct grind *g, const char *key, uint32_t node)
{
	struct grind_node *n = &g->nodes.v[node];
	struct flame_call call = {.name = n->name, .function = n->kind == GRIND_FUNCTION};
	struct text raw = {0};

	text_clear(&g->name);
	if (n->kind == GRIND_COMM)
		text_addf(&raw, n->name ? "[process %s]" : "[process%s]",
			  profile_text(g->p, n->name));
	else
		flame_name(&raw, g->p, &call, 2);
	line_add(&g->name, text_get(&raw));
	name_write(g, key, node + 1, !n->named);
	n->named = true;
	text_done(&raw);
}

static void costs_write(struct grind *g, uint32_t entry)
{
	const struct grind_entry *e = &g->entries.v[entry];

	sink_put_i64(g->out, e->line);
	for (unsigned i = 0; i < g->p->nvalues; i++) {
		sink_puts(g->out, " ");
		sink_put_i64(g->out, g->costs.v[(size_t)entry * g->p->nvalues + i]);
	}
	sink_puts(g->out, "\n");
}

static void entry_write(struct grind *g, uint32_t entry)
{
	const struct grind_entry *e = &g->entries.v[entry];
	const struct grind_node *callee;

	if (e->callee) {
		callee = &g->nodes.v[e->callee - 1];
		path_write(g, "cob", callee->object, g->object_numbers, &g->nobjects);
		path_write(g, "cfi", callee->file, g->file_numbers, &g->nfiles);
		function_write(g, "cfn", e->callee - 1);
		sink_putf(g->out, "calls=%lld %u\n", (long long)e->calls,
			  callee->start_line);
	}
	costs_write(g, entry);
}

static int entry_compare(const void *va, const void *vb, void *entries)
{
	const struct grind_entry *all = entries;
	const struct grind_entry *a = all + *(const uint32_t *)va;
	const struct grind_entry *b = all + *(const uint32_t *)vb;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (!a->callee != !b->callee)
		return a->callee ? 1 : -1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->callee > b->callee) - (a->callee < b->callee);
}

static void body_write(struct grind *g)
{
	uint32_t *order = xcalloc((size_t)g->entries.n + 1, sizeof(*order));
	uint32_t node = UINT32_MAX;

	for (uint32_t i = 0; i < g->entries.n; i++)
		order[i] = i;
	if (g->entries.n)
		qsort_r(order, g->entries.n, sizeof(*order), entry_compare, g->entries.v);
	for (uint32_t i = 0; i < g->entries.n; i++) {
		const struct grind_entry *e = &g->entries.v[order[i]];

		if (e->node != node) {
			const struct grind_node *n = &g->nodes.v[node = e->node];

			sink_puts(g->out, "\n");
			path_write(g, "ob", n->object, g->object_numbers, &g->nobjects);
			path_write(g, "fl", n->file, g->file_numbers, &g->nfiles);
			function_write(g, "fn", node);
		}
		entry_write(g, order[i]);
	}
	free(order);
}

/* One word; by its number where it is not the only one. */
static void event_name(struct text *t, const struct profile *p, unsigned value)
{
	const char *type = profile_text(p, p->value_types[value].type);

	text_clear(t);
	for (const char *s = type; *s; s++)
		text_addc(t, isalnum((unsigned char)*s) ? *s : '_');
	if (!t->len || isdigit((unsigned char)t->s[0]))
		text_addf(t, "value_%u", value + 1);
	for (unsigned i = 0; i < value; i++) {
		if (strcmp(profile_text(p, p->value_types[i].type), type) != 0)
			continue;
		text_addf(t, "_%u", value + 1);
		return;
	}
}

static void totals_write(struct grind *g, const char *key)
{
	sink_puts(g->out, key);
	for (unsigned i = 0; i < g->p->nvalues; i++) {
		sink_puts(g->out, " ");
		sink_put_i64(g->out, g->totals[i]);
	}
	sink_puts(g->out, "\n");
}

static void head_write(struct grind *g)
{
	const struct profile *p = g->p;

	sink_puts(g->out, "# callgrind format\nversion: 1\n"
			  "creator: profd " PACKAGE_VERSION "\n");
	text_clear(&g->name);
	line_add(&g->name, main_program(p));
	if (g->name.len)
		sink_putf(g->out, "cmd: %s\n", text_get(&g->name));
	sink_puts(
		g->out,
		"desc: Costs: from samples. Calls: their numbers are those of samples "
		"that were taken during such a call; their inclusive costs are of these "
		"samples, 0 where the callee is on the stack already.\n");
	for (uint32_t i = 0; i < p->comments.n; i++) {
		text_clear(&g->name);
		line_add(&g->name, profile_text(p, p->comments.v[i]));
		sink_putf(g->out, "desc: Comment: %s\n", text_get(&g->name));
	}
	sink_puts(g->out, "positions: line\n");
	for (unsigned i = 0; i < p->nvalues; i++) {
		const struct value_type *t = &p->value_types[g->order[i]];
		struct text long_name = {0};

		event_name(&g->name, p, g->order[i]);
		line_add(&long_name, profile_text(p, t->type));
		text_add(&long_name, ", ");
		line_add(&long_name, profile_text(p, t->unit));
		sink_putf(g->out, "event: %s : %s\n", text_get(&g->name),
			  text_get(&long_name));
		text_done(&long_name);
	}
	sink_puts(g->out, "events:");
	for (unsigned i = 0; i < p->nvalues; i++) {
		event_name(&g->name, p, g->order[i]);
		sink_putf(g->out, " %s", text_get(&g->name));
	}
	sink_puts(g->out, "\n");
	totals_write(g, "summary:");
}

static void grind_done(struct grind *g)
{
	vec_done(&g->nodes);
	index_done(&g->by_identity);
	vec_done(&g->entries);
	index_done(&g->by_place);
	vec_done(&g->costs);
	vec_done(&g->frames);
	vec_done(&g->path);
	free(g->location_frames);
	free(g->stack_entries);
	free(g->file_numbers);
	free(g->object_numbers);
	text_done(&g->name);
}

void callgrind_write(const struct profile *p, unsigned value, struct sink *out)
{
	struct grind g = {.p = p,
			  .count = samples_value(p, value),
			  .out = out,
			  .key_comm = profile_find_string(p, "comm")};

	for (unsigned i = 0, n = 1; i < p->nvalues; i++)
		g.order[i == value ? 0 : n++] = i;
	g.location_frames = xcalloc(p->locations.n, sizeof(*g.location_frames));
	g.stack_entries = xcalloc(p->stacks.n, sizeof(*g.stack_entries));
	g.file_numbers = xcalloc(p->strings.n, sizeof(*g.file_numbers));
	g.object_numbers = xcalloc(p->strings.n, sizeof(*g.object_numbers));
	samples_add(&g);
	head_write(&g);
	body_write(&g);
	sink_puts(out, "\n");
	totals_write(&g, "totals:");
	grind_done(&g);
}
