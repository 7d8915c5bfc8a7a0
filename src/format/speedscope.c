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
	uint32_t group, row;
};

struct scope {
	const struct profile *p;
	unsigned value;
	struct sink *out;
	string_id key_comm, key_thread;
	VEC(struct scope_group) groups;
	struct index by_names; /* row + 1 of groups */
	VEC(struct scope_row) rows;
	uint32_t *nameless; /* [locations]: the frame of one without lines; 0: none yet */
	uint32_t frames;
	VEC(uint32_t) path; /* frames of a stack, the leaf first */
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

/* Function f is frame f - 1; code without a name comes behind them. */
static void frames_write(struct scope *s)
{
	const struct profile *p = s->p;
	struct text name = {0};

	for (function_id f = 1; f < p->functions.n; f++) {
		const struct function *fn = &p->functions.v[f];

		frame_write(s, profile_text(p, fn->name), profile_text(p, fn->filename),
			    fn->start_line);
	}
	for (location_id l = 1; l < p->locations.n; l++) {
		const struct location *at = &p->locations.v[l];
		struct flame_call call = {.mapping = at->mapping};

		if (at->nlines)
			continue;
		if (at->mapping)
			call.name = p->mappings.v[at->mapping].filename;
		flame_name(&name, p, &call, 2);
		s->nameless[l] = s->frames;
		frame_write(s, text_get(&name), "", 0);
	}
	text_done(&name);
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
	return a->row < b->row ? -1 : a->row > b->row;
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
static void groups_make(struct scope *s)
{
	for (uint32_t i = 1; i < s->p->samples.n; i++) {
		uint32_t group;

		if (row_value(s, i) <= 0)
			continue;
		group = group_of(s, s->p->samples.v[i].labels);
		s->groups.v[group].total = sum_clamped(s->groups.v[group].total,
						       row_value(s, i));
		s->groups.v[group].n++;
		vec_push(&s->rows, ((struct scope_row){group, i}));
	}
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
		location_id id = p->stacks.v[stack].location;
		const struct location *l = &p->locations.v[id];

		for (uint32_t i = 0; i < l->nlines; i++)
			vec_push(&s->path,
				 p->lines.v[l->first_line + i].function
					 ? p->lines.v[l->first_line + i].function - 1
					 : s->nameless[id]);
		if (!l->nlines)
			vec_push(&s->path, s->nameless[id]);
	}
}

static void samples_write(struct scope *s, const struct scope_group *g)
{
	sink_puts(s->out, "\"samples\":[");
	for (uint32_t i = 0; i < g->n; i++) {
		path_make(s, s->p->samples.v[s->rows.v[g->first + i].row].stack);
		sink_puts(s->out, i ? ",\n[" : "\n[");
		for (uint32_t k = s->path.n; k-- > 0;)
			sink_putf(s->out, k ? "%u," : "%u", s->path.v[k]);
		sink_puts(s->out, "]");
	}
	sink_puts(s->out, "],\n\"weights\":[");
	for (uint32_t i = 0; i < g->n; i++)
		sink_putf(s->out, i ? ",%lld" : "%lld",
			  (long long)row_value(s, s->rows.v[g->first + i].row));
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

	s.nameless = xcalloc(p->locations.n, sizeof(*s.nameless));
	groups_make(&s);
	sink_puts(out, "{\"$schema\":\"" SCHEMA
		       "\",\n\"exporter\":\"profd " PACKAGE_VERSION "\",");
	text_write(&s, "name", name);
	sink_puts(out, ",\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[");
	frames_write(&s);
	sink_puts(out, "]},\n\"profiles\":[");
	for (uint32_t i = 0; i < s.groups.n; i++) {
		sink_puts(out, i ? ",\n" : "\n");
		group_write(&s, &s.groups.v[i], name);
	}
	sink_puts(out, "]}\n");
	free(s.nameless);
	vec_done(&s.groups);
	index_done(&s.by_names);
	vec_done(&s.rows);
	vec_done(&s.path);
}
