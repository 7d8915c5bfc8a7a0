/* speedscope's own format. Its pprof reader knows neither threads nor inlined functions;
 * here a profile is written for each name of command and thread, and every function of a
 * location is a frame.
 *
 * Names go through the JSON library one by one; what there may be millions of, numbers,
 * is written as it comes. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

#include <profd/json.h>

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

struct scope_group { /* of rows of one command and thread */
	string_id comm, thread;
	int64_t total;
	uint32_t first, n; /* in `rows` */
};

struct scope_row {
	uint32_t group, row, place; /* place: in the order of all */
};

struct scope {
	const struct profile *p;
	unsigned value;
	struct sink *out;
	string_id key_comm, key_thread;
	VEC(struct scope_group) groups;
	struct index by_names; /* row + 1 of groups */
	VEC(struct scope_row) rows;
	/* The frame + 1 of a function, and of code of a mapping without one; 0: none
	 * yet. */
	uint32_t *function_frames, *mapping_frames;
	uint32_t frames;
	uint64_t *known;    /* bits, by row of stacks: its frames have numbers */
	VEC(uint32_t) path; /* frames of a stack, the leaf first */
	VEC(location_id) fresh;
};

static void text_write(struct scope *s, const char *key, const char *value)
{
	sink_putf(s->out, "\"%s\":", key);
	json_write_str(value, s->out);
}

/* --- frames ------------------------------------------------------------------------- */

static void frame_write(struct scope *s, const char *name, const char *file,
			uint32_t line)
{
	sink_puts(s->out, s->frames++ ? ",\n{" : "\n{");
	text_write(s, "name", name);
	if (*file) {
		sink_puts(s->out, ",");
		text_write(s, "file", file);
	}
	if (*file && line)
		sink_putf(s->out, ",\"line\":%u", line);
	sink_puts(s->out, "}");
}

/* A function, or where @f is 0 code without one. */
static void frame_number(struct scope *s, function_id f, mapping_id m)
{
	uint32_t *frame = f ? &s->function_frames[f] : &s->mapping_frames[m];
	const struct function *fn = &s->p->functions.v[f];
	struct text name = {0};

	if (*frame)
		return;
	code_name(&name, s->p, f, m);
	frame_write(s, text_get(&name), profile_text(s->p, fn->filename), fn->start_line);
	*frame = s->frames;
	text_done(&name);
}

static void location_frames(struct scope *s, location_id id)
{
	const struct location *l = &s->p->locations.v[id];

	if (!l->nlines)
		frame_number(s, 0, l->mapping);
	for (uint32_t i = l->nlines; i-- > 0;)
		frame_number(s, s->p->lines.v[l->first_line + i].function, l->mapping);
}

/* Numbers are given by the first use, stack by stack from the root on. */
static void frames_write(struct scope *s)
{
	const struct stack_node *stacks = s->p->stacks.v;

	for (uint32_t i = 0; i < s->rows.n; i++) {
		stack_id at = s->p->samples.v[s->rows.v[i].row].stack;

		for (; at && !mark_is(s->known, at); at = stacks[at].parent) {
			s->known[at / 64] |= 1ull << (at % 64);
			vec_push(&s->fresh, stacks[at].location);
		}
		while (s->fresh.n)
			location_frames(s, s->fresh.v[--s->fresh.n]);
	}
}

/* --- groups ------------------------------------------------------------------------- */

static bool group_equal(const void *table, uint32_t id, const void *key)
{
	const struct scope_group *a = &((const struct scope *)table)->groups.v[id - 1];
	const struct scope_group *b = key;

	return a->comm == b->comm && a->thread == b->thread;
}

static uint32_t group_of(struct scope *s, labels_id labels)
{
	struct scope_group key = {
		.comm = profile_label_str(s->p, labels, s->key_comm),
		.thread = profile_label_str(s->p, labels, s->key_thread)};
	uint32_t hash = hash_u64((uint64_t)key.comm << 32 | key.thread);
	uint32_t id = index_find(&s->by_names, hash, group_equal, s, &key);

	if (id)
		return id - 1;
	vec_push(&s->groups, key);
	index_add(&s->by_names, hash, s->groups.n);
	return s->groups.n - 1;
}

static int64_t row_value(const struct scope *s, uint32_t row)
{
	return s->p->values.v[(size_t)row * s->p->nvalues + s->value];
}

static int by_group(const void *pa, const void *pb)
{
	const struct scope_row *a = pa, *b = pb;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int by_total(const void *pa, const void *pb, void *arg)
{
	const struct scope_group *a = pa, *b = pb;
	const struct profile *p = arg;
	int c;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	c = strcmp(profile_text(p, a->comm), profile_text(p, b->comm));
	return c ? c : strcmp(profile_text(p, a->thread), profile_text(p, b->thread));
}

/* Readers want positive weights. */
static void rows_find(struct scope *s)
{
	struct turns turns;
	uint32_t *order;

	turns_find(&turns, s->p, TURNS_ALL);
	order = samples_in_order(s->p, &turns);
	for (uint32_t i = 1; i < s->p->samples.n; i++) {
		uint32_t row = order[i], group;

		if (row_value(s, row) <= 0)
			continue;
		group = group_of(s, s->p->samples.v[row].labels);
		s->groups.v[group].total = sum_clamped(s->groups.v[group].total,
						       row_value(s, row));
		s->groups.v[group].n++;
		vec_push(&s->rows, ((struct scope_row){group, row, i}));
	}
	free(order);
	turns_done(&turns);
}

static void groups_make(struct scope *s)
{
	if (!s->rows.n)
		return;
	qsort(s->rows.v, s->rows.n, sizeof(*s->rows.v), by_group);
	for (uint32_t i = 0, first = 0; i < s->groups.n; i++) {
		s->groups.v[i].first = first;
		first += s->groups.v[i].n;
	}
	qsort_r(s->groups.v, s->groups.n, sizeof(*s->groups.v), by_total,
		(void *)(uintptr_t)s->p);
}

/* --- samples ------------------------------------------------------------------------ */

static void path_make(struct scope *s, stack_id stack)
{
	const struct profile *p = s->p;

	s->path.n = 0;
	for (; stack; stack = p->stacks.v[stack].parent) {
		const struct location *l = &p->locations.v[p->stacks.v[stack].location];

		for (uint32_t i = 0; i < l->nlines; i++) {
			function_id f = p->lines.v[l->first_line + i].function;

			vec_push(&s->path, f ? s->function_frames[f]
					     : s->mapping_frames[l->mapping]);
		}
		if (!l->nlines)
			vec_push(&s->path, s->mapping_frames[l->mapping]);
	}
}

static void samples_write(struct scope *s, const struct scope_group *g)
{
	sink_puts(s->out, "\"samples\":[");
	for (uint32_t i = 0; i < g->n; i++) {
		path_make(s, s->p->samples.v[s->rows.v[g->first + i].row].stack);
		sink_puts(s->out, i ? ",\n[" : "\n[");
		for (uint32_t k = s->path.n; k-- > 0;) {
			sink_put_i64(s->out, s->path.v[k] - 1);
			if (k)
				sink_puts(s->out, ",");
		}
		sink_puts(s->out, "]");
	}
	sink_puts(s->out, "],\n\"weights\":[");
	for (uint32_t i = 0; i < g->n; i++) {
		if (i)
			sink_puts(s->out, ",");
		sink_put_i64(s->out, row_value(s, s->rows.v[g->first + i].row));
	}
	sink_puts(s->out, "]");
}

/* The units that it knows; others are bare numbers. */
static const char *scope_unit(const char *unit)
{
	static const char *const known[] = {"nanoseconds", "microseconds", "milliseconds",
					    "seconds", "bytes"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(unit, known[i]))
			return unit;
	}
	return "none";
}

static void group_write(struct scope *s, const struct scope_group *g, const char *what)
{
	const char *comm = profile_text(s->p, g->comm);
	const char *thread = profile_text(s->p, g->thread);
	const struct value_type *t = &s->p->value_types[s->value];
	struct text name = {0};

	text_add(&name, *comm ? comm : *thread ? thread : what);
	if (*comm && *thread && strcmp(comm, thread) != 0)
		text_addf(&name, ", thread %s", thread);
	sink_puts(s->out, "{\"type\":\"sampled\",");
	text_write(s, "name", text_get(&name));
	sink_putf(s->out, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%lld,\n",
		  scope_unit(profile_text(s->p, t->unit)), (long long)g->total);
	samples_write(s, g);
	sink_puts(s->out, "}");
	text_done(&name);
}

void speedscope_write(const struct profile *p, unsigned value, const char *name,
		      struct sink *out)
{
	struct scope s = {.p = p,
			  .value = value,
			  .out = out,
			  .key_comm = profile_find_string(p, "comm"),
			  .key_thread = profile_find_string(p, "thread")};

	s.function_frames = xcalloc(p->functions.n, sizeof(*s.function_frames));
	s.mapping_frames = xcalloc(p->mappings.n, sizeof(*s.mapping_frames));
	s.known = xcalloc(p->stacks.n / 64 + 1, sizeof(*s.known));
	rows_find(&s);
	sink_puts(out, "{\"$schema\":\"" SCHEMA
		       "\",\n\"exporter\":\"profd " PACKAGE_VERSION "\",");
	text_write(&s, "name", name);
	sink_puts(out, ",\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[");
	frames_write(&s);
	sink_puts(out, "]},\n\"profiles\":[");
	groups_make(&s);
	for (uint32_t i = 0; i < s.groups.n; i++) {
		sink_puts(out, i ? ",\n" : "\n");
		group_write(&s, &s.groups.v[i], name);
	}
	sink_puts(out, "]}\n");
	free(s.function_frames);
	free(s.mapping_frames);
	free(s.known);
	vec_done(&s.groups);
	index_done(&s.by_names);
	vec_done(&s.rows);
	vec_done(&s.path);
	vec_done(&s.fresh);
}
