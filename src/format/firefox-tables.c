/* The tables of one thread in the Firefox Profiler's format: nodes of the stack tree name
 * a frame and the node of the caller, frames name a function, functions a resource, which
 * is a file that was mapped. Each is a list of columns.
 *
 * A function that was inlined is a frame of its own: those of one address follow one
 * another, the outermost one has depth 0. Rows of the profile are numbered by the first
 * use in the thread. */
#include "firefox-priv.h"

#include <stdlib.h>
#include <string.h>

/* Numbers in JSON are doubles for those who read it. */
#define ADDRESS_MAX ((uint64_t)1 << 53)

/* --- what a thread needs ------------------------------------------------------------ */

static uint32_t resource_of(struct firefox *x, mapping_id mapping)
{
	uint32_t lib = firefox_lib(x, mapping);
	uint32_t known;

	if (!lib)
		return 0;
	known = (uint32_t)map_find(&x->resource_numbers, lib);
	if (known)
		return known;
	vec_push(&x->resources, lib - 1);
	map_put(&x->resource_numbers, lib, x->resources.n);
	return x->resources.n;
}

static uint32_t func_of(struct firefox *x, function_id function, mapping_id mapping)
{
	uint32_t nameless = FIREFOX_NAMELESS | x->p->mappings.v[mapping].filename;
	struct firefox_func f = {.function = function,
				 .resource = resource_of(x, mapping)};
	uint64_t key = (uint64_t)(function ? function : nameless) << 32 | f.resource;
	uint32_t known = (uint32_t)map_find(&x->func_numbers, key);
	string_id name = x->p->functions.v[function].name;

	if (known)
		return known - 1;
	if (function)
		f.name = firefox_string(x, name ? name : FIREFOX_NAMELESS);
	else
		f.name = firefox_string(x, nameless);
	vec_push(&x->funcs, f);
	map_put(&x->func_numbers, key, x->funcs.n);
	return x->funcs.n - 1;
}

/* Addresses of the kernel are beyond what a double holds: they count from its start. */
static uint64_t address_of(const struct firefox *x, const struct location *l)
{
	const struct mapping *m = &x->p->mappings.v[l->mapping];

	if (m->flags & MAPPING_KERNEL && l->address >= m->start)
		return l->address - m->start;
	return l->address;
}

static uint32_t symbol_of(struct firefox *x, const struct location *l)
{
	uint32_t lib = firefox_lib(x, l->mapping), known;
	struct firefox_symbol s = {.lib = lib - 1, .address = address_of(x, l)};
	uint64_t key;

	if (!lib || !l->nlines)
		return 0;
	s.function = x->p->lines.v[l->first_line + l->nlines - 1].function;
	if (!s.function || s.address >= ADDRESS_MAX)
		return 0;
	key = (uint64_t)s.function << 32 | lib;
	known = (uint32_t)map_find(&x->symbol_numbers, key);
	if (!known) {
		vec_push(&x->symbols, s);
		map_put(&x->symbol_numbers, key, x->symbols.n);
		return x->symbols.n;
	}
	if (s.address < x->symbols.v[known - 1].address)
		x->symbols.v[known - 1].address = s.address;
	return known;
}

static uint32_t location_depth(const struct location *l)
{
	return l->nlines ? l->nlines : 1;
}

static void location_add(struct firefox *x, location_id id)
{
	const struct location *l = &x->p->locations.v[id];
	struct firefox_frame f = {.location = id};

	if (x->location_epochs[id] == x->epoch)
		return;
	x->location_epochs[id] = x->epoch;
	x->location_frames[id] = x->frames.n;
	f.symbol = symbol_of(x, l);
	for (f.depth = 0; f.depth < location_depth(l); f.depth++) {
		function_id function = 0;

		f.line = l->nlines ? l->nlines - 1 - f.depth : 0;
		if (l->nlines)
			function = x->p->lines.v[l->first_line + f.line].function;
		f.func = func_of(x, function, l->mapping);
		vec_push(&x->frames, f);
	}
}

static void stack_add(struct firefox *x, stack_id stack)
{
	const struct stack_node *stacks = x->p->stacks.v;

	for (; stack && x->stack_epochs[stack] != x->epoch;
	     stack = stacks[stack].parent) {
		x->stack_epochs[stack] = x->epoch;
		vec_push(&x->fresh, stack);
	}
	while (x->fresh.n) {
		stack_id at = x->fresh.v[--x->fresh.n];
		location_id location = stacks[at].location;

		location_add(x, location);
		vec_push(&x->stacks, at);
		x->stack_nodes[at] = x->nodes;
		x->nodes += location_depth(&x->p->locations.v[location]);
	}
}

static void tables_clear(struct firefox *x)
{
	x->nodes = x->stacks.n = x->frames.n = x->funcs.n = 0;
	x->resources.n = x->symbols.n = 0;
	map_done(&x->func_numbers);
	map_done(&x->resource_numbers);
	map_done(&x->symbol_numbers);
}

void firefox_tables_fill(struct firefox *x, const struct thread *thread)
{
	const struct profile *p = x->p;

	if (!x->epoch) {
		x->stack_epochs = xcalloc(p->stacks.n, sizeof(*x->stack_epochs));
		x->stack_nodes = xcalloc(p->stacks.n, sizeof(*x->stack_nodes));
		x->location_epochs = xcalloc(p->locations.n, sizeof(*x->location_epochs));
		x->location_frames = xcalloc(p->locations.n, sizeof(*x->location_frames));
	}
	tables_clear(x);
	x->epoch++;
	for (uint32_t i = 0; i < thread->n; i++) {
		uint32_t row = x->threads.samples.v[thread->first + i].row;

		stack_add(x, p->samples.v[row].stack);
	}
}

uint32_t firefox_leaf(const struct firefox *x, stack_id stack)
{
	const struct location *l = &x->p->locations.v[x->p->stacks.v[stack].location];

	return stack ? x->stack_nodes[stack] + location_depth(l) : 0;
}

void firefox_tables_done(struct firefox *x)
{
	tables_clear(x);
	free(x->stack_epochs);
	free(x->stack_nodes);
	free(x->location_epochs);
	free(x->location_frames);
	vec_done(&x->stacks);
	vec_done(&x->frames);
	vec_done(&x->funcs);
	vec_done(&x->resources);
	vec_done(&x->symbols);
	vec_done(&x->fresh);
}

/* --- columns ------------------------------------------------------------------------ */

/* A number, or null below 0. */
static void cell_write(struct firefox *x, bool first, int64_t value)
{
	if (!first)
		sink_puts(x->out, ",");
	if (value < 0)
		sink_puts(x->out, "null");
	else
		sink_put_i64(x->out, value);
}

static void column_begin(struct firefox *x, const char *key)
{
	firefox_key(x, key);
	sink_puts(x->out, "[");
}

static void column_same(struct firefox *x, const char *key, const char *cell, uint32_t n)
{
	column_begin(x, key);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sink_puts(x->out, ",");
		sink_puts(x->out, cell);
	}
	sink_puts(x->out, "]");
}

static void table_begin(struct firefox *x, const char *key, uint32_t n)
{
	firefox_key(x, key);
	sink_putf(x->out, "{\"length\":%u", n);
}

static void stack_table(struct firefox *x)
{
	table_begin(x, "stackTable", x->nodes);
	column_begin(x, "frame");
	for (uint32_t i = 0; i < x->stacks.n; i++) {
		location_id id = x->p->stacks.v[x->stacks.v[i]].location;
		uint32_t n = location_depth(&x->p->locations.v[id]);

		for (uint32_t k = 0; k < n; k++)
			cell_write(x, !i && !k, (int64_t)x->location_frames[id] + k);
	}
	sink_puts(x->out, "]");
	column_begin(x, "prefix");
	for (uint32_t i = 0; i < x->stacks.n; i++) {
		stack_id at = x->stacks.v[i];
		location_id id = x->p->stacks.v[at].location;
		uint32_t n = location_depth(&x->p->locations.v[id]);

		cell_write(x, !i,
			   (int64_t)firefox_leaf(x, x->p->stacks.v[at].parent) - 1);
		for (uint32_t k = 1; k < n; k++)
			cell_write(x, false, (int64_t)x->stack_nodes[at] + k - 1);
	}
	sink_puts(x->out, "]}");
}

static int64_t frame_address(const struct firefox *x, const struct firefox_frame *f)
{
	const struct location *l = &x->p->locations.v[f->location];
	uint64_t address = address_of(x, l);

	return l->mapping && address < ADDRESS_MAX ? (int64_t)address : -1;
}

static int64_t frame_depth(const struct firefox *x, const struct firefox_frame *f)
{
	return f->depth;
}

static int64_t frame_category(const struct firefox *x, const struct firefox_frame *f)
{
	static const char off_cpu[] = "[off-cpu";
	const struct location *l = &x->p->locations.v[f->location];
	const struct line *line = &x->p->lines.v[l->first_line + f->line];
	const char *name;

	if (l->flags & LOCATION_KERNEL)
		return FIREFOX_KERNEL;
	if (l->flags & LOCATION_JIT)
		return FIREFOX_JIT;
	if (!(l->flags & LOCATION_LABEL) || !l->nlines)
		return FIREFOX_USER;
	name = profile_text(x->p, x->p->functions.v[line->function].name);
	return strncmp(name, off_cpu, strlen(off_cpu)) ? FIREFOX_OTHER : FIREFOX_IDLE;
}

static int64_t frame_func(const struct firefox *x, const struct firefox_frame *f)
{
	return f->func;
}

static int64_t frame_symbol(const struct firefox *x, const struct firefox_frame *f)
{
	return (int64_t)f->symbol - 1;
}

static int64_t frame_line(const struct firefox *x, const struct firefox_frame *f)
{
	const struct location *l = &x->p->locations.v[f->location];

	if (!l->nlines || !x->p->lines.v[l->first_line + f->line].line)
		return -1;
	return x->p->lines.v[l->first_line + f->line].line;
}

/* Of an address alone -1 says that there is none. */
static void frame_addresses(struct firefox *x)
{
	column_begin(x, "address");
	for (uint32_t i = 0; i < x->frames.n; i++) {
		if (i)
			sink_puts(x->out, ",");
		sink_put_i64(x->out, frame_address(x, &x->frames.v[i]));
	}
	sink_puts(x->out, "]");
}

static void frame_table(struct firefox *x)
{
	static const struct {
		const char *key;
		int64_t (*cell)(const struct firefox *x, const struct firefox_frame *f);
	} columns[] = {
		{"inlineDepth", frame_depth},	{"category", frame_category},
		{"func", frame_func},		{"line", frame_line},
		{"nativeSymbol", frame_symbol},
	};

	table_begin(x, "frameTable", x->frames.n);
	frame_addresses(x);
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
		column_begin(x, columns[c].key);
		for (uint32_t i = 0; i < x->frames.n; i++)
			cell_write(x, !i, columns[c].cell(x, &x->frames.v[i]));
		sink_puts(x->out, "]");
	}
	column_same(x, "subcategory", "0", x->frames.n);
	column_same(x, "innerWindowID", "0", x->frames.n);
	column_same(x, "column", "null", x->frames.n);
	sink_puts(x->out, "}");
}

/* Of functions without a resource -1 says so, too. */
static void func_table(struct firefox *x)
{
	const struct function *functions = x->p->functions.v;

	table_begin(x, "funcTable", x->funcs.n);
	column_begin(x, "name");
	for (uint32_t i = 0; i < x->funcs.n; i++)
		cell_write(x, !i, x->funcs.v[i].name);
	sink_puts(x->out, "]");
	column_begin(x, "resource");
	for (uint32_t i = 0; i < x->funcs.n; i++) {
		if (i)
			sink_puts(x->out, ",");
		sink_put_i64(x->out, (int64_t)x->funcs.v[i].resource - 1);
	}
	sink_puts(x->out, "]");
	column_begin(x, "fileName");
	for (uint32_t i = 0; i < x->funcs.n; i++) {
		string_id file = functions[x->funcs.v[i].function].filename;

		cell_write(x, !i, file ? (int64_t)firefox_string(x, file) : -1);
	}
	sink_puts(x->out, "]");
	column_begin(x, "lineNumber");
	for (uint32_t i = 0; i < x->funcs.n; i++) {
		int64_t line = functions[x->funcs.v[i].function].start_line;

		cell_write(x, !i, line ? line : -1);
	}
	sink_puts(x->out, "]");
	column_same(x, "isJS", "false", x->funcs.n);
	column_same(x, "relevantForJS", "false", x->funcs.n);
	column_same(x, "columnNumber", "null", x->funcs.n);
	sink_puts(x->out, "}");
}

static uint32_t lib_name(struct firefox *x, uint32_t lib)
{
	return firefox_string(x,
			      FIREFOX_BASE | x->p->mappings.v[x->libs.v[lib]].filename);
}

/* Type 1 is a library. */
static void resource_table(struct firefox *x)
{
	table_begin(x, "resourceTable", x->resources.n);
	column_begin(x, "lib");
	for (uint32_t i = 0; i < x->resources.n; i++)
		cell_write(x, !i, x->resources.v[i]);
	sink_puts(x->out, "]");
	column_begin(x, "name");
	for (uint32_t i = 0; i < x->resources.n; i++)
		cell_write(x, !i, lib_name(x, x->resources.v[i]));
	sink_puts(x->out, "]");
	column_same(x, "host", "null", x->resources.n);
	column_same(x, "type", "1", x->resources.n);
	sink_puts(x->out, "}");
}

static void symbol_table(struct firefox *x)
{
	table_begin(x, "nativeSymbols", x->symbols.n);
	column_begin(x, "libIndex");
	for (uint32_t i = 0; i < x->symbols.n; i++)
		cell_write(x, !i, x->symbols.v[i].lib);
	sink_puts(x->out, "]");
	column_begin(x, "address");
	for (uint32_t i = 0; i < x->symbols.n; i++)
		cell_write(x, !i, (int64_t)x->symbols.v[i].address);
	sink_puts(x->out, "]");
	column_begin(x, "name");
	for (uint32_t i = 0; i < x->symbols.n; i++) {
		string_id name = x->p->functions.v[x->symbols.v[i].function].name;

		cell_write(x, !i, firefox_string(x, name ? name : FIREFOX_NAMELESS));
	}
	sink_puts(x->out, "]");
	column_same(x, "functionSize", "null", x->symbols.n);
	sink_puts(x->out, "}");
}

void firefox_tables_write(struct firefox *x)
{
	stack_table(x);
	frame_table(x);
	func_table(x);
	resource_table(x);
	symbol_table(x);
}
