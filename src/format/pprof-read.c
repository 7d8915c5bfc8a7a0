/* Reads profile.proto as anybody may have written it: gzip or not, packed or not, tables
 * in any order, ids in any order, fields of later versions. What the rules of pprof's own
 * CheckValid forbid is refused with the offset of the offending message.
 *
 * One pass over the outermost message notes where each table's messages are; the tables
 * are then read in the order of their references: strings, mappings, functions,
 * locations, samples.
 *
 * A label that says when a sample was taken would make a row of each: it becomes a time of
 * the row that the rest of the labels makes. */
#include "format-priv.h"

#include <errno.h>
#include <string.h>

/* More than any writer stops at; what a hostile file could otherwise inflate into memory.
 * */
#define READ_DEPTH_MAX 65536u
#define READ_STACKS_MAX (1u << 24)
#define READ_LINES_MAX 65536u
#define READ_LABELS_MAX 4096u

enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME = 9,
	PROFILE_DURATION = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_TYPE = 14,
	PROFILE_FIELDS
};

struct pprof_reader {
	struct profile *p;
	struct error *err;
	const unsigned char *data;
	size_t n;
	size_t default_type_at;
	uint64_t default_type;
	VEC(struct proto_view) tables[PROFILE_FIELDS]; /* messages by field number */
	VEC(string_id) strings;
	struct map mappings, functions, locations; /* id in the file -> row */
	VEC(uint64_t) comments;
	string_id time_keys[2]; /* names of labels with a time; 0: not in this file */
	struct moments moments;
	struct proto_view times; /* PPROF_TIMES; empty: absent */
	VEC(uint32_t) rows;	 /* of samples, one after the other */
	/* of the message being read */
	VEC(uint64_t) ids;
	VEC(int64_t) values;
	VEC(struct label) labels;
	VEC(struct line) lines;
	bool has_time;
	int64_t time_ns;
};

/* --- one field -------------------------------------------------------------------- */

static int read_want(const struct pprof_reader *r, const struct proto_field *f,
		     unsigned wire)
{
	if (f->wire == wire)
		return 0;
	return proto_error(r->err, f->at, "field %u has wire type %u where %u belongs",
			   f->number, f->wire, wire);
}

static int read_u64(const struct pprof_reader *r, const struct proto_field *f,
		    uint64_t *ret_value)
{
	int code = read_want(r, f, PROTO_VARINT);

	if (!code)
		*ret_value = f->value;
	return code;
}

static int read_i64(const struct pprof_reader *r, const struct proto_field *f,
		    int64_t *ret_value)
{
	int code = read_want(r, f, PROTO_VARINT);

	if (!code)
		*ret_value = (int64_t)f->value;
	return code;
}

static int read_line_number(const struct pprof_reader *r, const struct proto_field *f,
			    uint32_t *ret_line)
{
	int code = read_want(r, f, PROTO_VARINT);

	/* An int64 in the file; what is no line number is an unknown one. */
	if (!code)
		*ret_line = f->value <= INT32_MAX ? (uint32_t)f->value : 0;
	return code;
}

static int read_string(const struct pprof_reader *r, const struct proto_field *f,
		       string_id *ret_id)
{
	int code = read_want(r, f, PROTO_VARINT);

	if (code)
		return code;
	if (f->value >= r->strings.n)
		return proto_error(r->err, f->at,
				   "string %llu is named, but there are only %u",
				   (unsigned long long)f->value, r->strings.n);
	*ret_id = r->strings.v[f->value];
	return 0;
}

/* Appends the value or packed values of a repeated number to r->ids. */
static int read_repeated(struct pprof_reader *r, const struct proto_field *f,
			 uint32_t max)
{
	struct proto_view v = f->bytes;
	uint64_t value = f->value;
	int code;

	if (f->wire == PROTO_LEN) {
		while ((code = proto_packed(&v, &value, r->err)) > 0) {
			if (r->ids.n == max)
				break;
			vec_push(&r->ids, value);
		}
		if (code <= 0)
			return code;
	} else {
		code = read_want(r, f, PROTO_VARINT);
		if (code)
			return code;
		if (r->ids.n < max) {
			vec_push(&r->ids, value);
			return 0;
		}
	}
	return proto_error(r->err, f->at, "field %u has more than %u values", f->number,
			   max);
}

/* --- strings, types, mappings, functions ------------------------------------------ */

static int read_strings(struct pprof_reader *r)
{
	for (uint32_t i = 0; i < r->tables[PROFILE_STRING].n; i++) {
		const struct proto_view *v = &r->tables[PROFILE_STRING].v[i];
		const char *s = (const char *)v->base + v->pos;

		if (i == 0 && v->end != v->pos)
			return proto_error(r->err, v->pos, "string 0 is not empty");
		vec_push(&r->strings, profile_string_n(r->p, s, v->end - v->pos));
	}
	if (r->strings.n)
		return 0;
	return proto_error(r->err, r->n, "there is no string table");
}

static int read_value_type(struct pprof_reader *r, struct proto_view v,
			   struct value_type *ret_type)
{
	struct value_type t = {0};
	struct proto_field f;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 1)
			code = read_string(r, &f, &t.type);
		else if (f.number == 2)
			code = read_string(r, &f, &t.unit);
		if (code < 0)
			break;
	}
	if (code < 0)
		return code;
	*ret_type = t;
	return 0;
}

static int read_types(struct pprof_reader *r)
{
	uint32_t n = r->tables[PROFILE_SAMPLE_TYPE].n;

	if (n > PROFILE_VALUES_MAX)
		return proto_error(r->err, r->tables[PROFILE_SAMPLE_TYPE].v[0].pos,
				   "there are %u sample types; profd reads up to %d", n,
				   PROFILE_VALUES_MAX);
	if (!n)
		return proto_error(r->err, r->n, "there is no sample type");
	for (uint32_t i = 0; i < n; i++) {
		struct value_type t;
		int code = read_value_type(r, r->tables[PROFILE_SAMPLE_TYPE].v[i], &t);

		if (code)
			return code;
		profile_value_type(r->p, profile_text(r->p, t.type),
				   profile_text(r->p, t.unit));
	}
	if (!r->tables[PROFILE_PERIOD_TYPE].n)
		return 0;
	n = r->tables[PROFILE_PERIOD_TYPE].n - 1;
	return read_value_type(r, r->tables[PROFILE_PERIOD_TYPE].v[n],
			       &r->p->period_type);
}

/* Remembers that @id means @row. */
static int read_bind(struct pprof_reader *r, struct map *map, uint64_t id, uint32_t row,
		     size_t at, const char *what)
{
	if (!id)
		return proto_error(r->err, at, "a %s has no id", what);
	if (map_find(map, id))
		return proto_error(r->err, at, "two %ss have the id %llu", what,
				   (unsigned long long)id);
	map_put(map, id, row);
	return 0;
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static int read_mapping_field(struct pprof_reader *r, const struct proto_field *f,
			      struct mapping *m, uint64_t *id)
{
	uint64_t flag = 0;
	int code = 0;

	switch (f->number) {
	case 1:
		return read_u64(r, f, id);
	case 2:
		return read_u64(r, f, &m->start);
	case 3:
		return read_u64(r, f, &m->limit);
	case 4:
		return read_u64(r, f, &m->off);
	case 5:
		return read_string(r, f, &m->filename);
	case 6:
		return read_string(r, f, &m->build_id);
	case 7 ... 10:
		code = read_u64(r, f, &flag);
		if (!code && flag)
			m->flags |= MAPPING_HAS_FUNCTIONS << (f->number - 7);
	}
	return code;
}

static int read_mapping(struct pprof_reader *r, struct proto_view v, bool first)
{
	struct mapping m = {0};
	struct proto_field f;
	size_t at = v.pos;
	uint64_t id = 0;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		code = read_mapping_field(r, &f, &m, &id);
		if (code)
			return code;
	}
	if (code)
		return code;
	/* Which kind it is, its file name tells. */
	m.flags |= mapping_kind(profile_text(r->p, m.filename), m.start);
	/* "The first mapping is the main binary": profile.proto, Profile.mapping. */
	if (first && !(m.flags & (MAPPING_KERNEL | MAPPING_JIT)))
		m.flags |= MAPPING_MAIN;
	return read_bind(r, &r->mappings, id, profile_mapping(r->p, &m), at, "mapping");
}

static int read_function(struct pprof_reader *r, struct proto_view v)
{
	struct function fn = {0};
	struct proto_field f;
	size_t at = v.pos;
	uint64_t id = 0;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 1)
			code = read_u64(r, &f, &id);
		else if (f.number == 2)
			code = read_string(r, &f, &fn.name);
		else if (f.number == 3)
			code = read_string(r, &f, &fn.system_name);
		else if (f.number == 4)
			code = read_string(r, &f, &fn.filename);
		else if (f.number == 5)
			code = read_line_number(r, &f, &fn.start_line);
		if (code < 0)
			break;
	}
	if (code < 0)
		return code;
	if (!fn.name)
		fn.name = fn.system_name;
	return read_bind(r, &r->functions, id, profile_function(r->p, &fn), at,
			 "function");
}

/* --- locations -------------------------------------------------------------------- */

static int read_line(struct pprof_reader *r, struct proto_view v)
{
	struct line line = {0};
	struct proto_field f;
	size_t at = v.pos;
	uint64_t id = 0;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 1)
			code = read_u64(r, &f, &id);
		else if (f.number == 2)
			code = read_line_number(r, &f, &line.line);
		if (code < 0)
			break;
	}
	if (code < 0)
		return code;
	line.function = (function_id)map_find(&r->functions, id);
	if (!line.function)
		return proto_error(r->err, at,
				   "a line names function %llu, which is absent",
				   (unsigned long long)id);
	if (r->lines.n == READ_LINES_MAX)
		return proto_error(r->err, at, "a location has more than %u lines",
				   READ_LINES_MAX);
	vec_push(&r->lines, line);
	return 0;
}

/* True for "MODULE+0x1f", which is how profd names code that no symbol covers. */
static bool name_is_offset(const char *name, const char *module)
{
	size_t n = strlen(module);

	if (!n || strncmp(name, module, n) || !starts_with(name + n, "+0x"))
		return false;
	return name[n + 3] && !name[n + 3 + strspn(name + n + 3, "0123456789abcdef")];
}

/* The flags that a location of ours had before it was written. */
static uint32_t location_kind(const struct pprof_reader *r, mapping_id mapping,
			      uint64_t address)
{
	const struct profile *p = r->p;
	const struct mapping *m = &p->mappings.v[mapping];
	const char *name = "";
	uint32_t flags = 0;

	if (r->lines.n)
		name = profile_text(p, p->functions.v[r->lines.v[0].function].name);
	if (!mapping && !address && r->lines.n == 1 && name[0] == '[')
		return LOCATION_LABEL;
	if (m->flags & MAPPING_KERNEL || address >> 63)
		flags |= LOCATION_KERNEL;
	if (m->flags & MAPPING_JIT)
		flags |= LOCATION_JIT;
	if (r->lines.n == 1 && mapping &&
	    name_is_offset(name, base_name(profile_text(p, m->filename))))
		flags |= LOCATION_UNRESOLVED;
	return flags;
}

static int read_location_fields(struct pprof_reader *r, struct proto_view v, uint64_t *id,
				uint64_t *mapping, uint64_t *address)
{
	struct proto_field f;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 1)
			code = read_u64(r, &f, id);
		else if (f.number == 2)
			code = read_u64(r, &f, mapping);
		else if (f.number == 3)
			code = read_u64(r, &f, address);
		else if (f.number == 4)
			code = read_want(r, &f, PROTO_LEN) ?: read_line(r, f.bytes);
		if (code < 0)
			return code;
	}
	return code;
}

static int read_location(struct pprof_reader *r, struct proto_view v)
{
	uint64_t id = 0, mapping = 0, address = 0;
	mapping_id mrow = 0;
	location_id row;
	uint32_t flags;
	int code;

	r->lines.n = 0;
	code = read_location_fields(r, v, &id, &mapping, &address);
	if (code)
		return code;
	if (mapping) {
		mrow = (mapping_id)map_find(&r->mappings, mapping);
		if (!mrow)
			return proto_error(
				r->err, v.pos,
				"a location names mapping %llu, which is absent",
				(unsigned long long)mapping);
	}
	flags = location_kind(r, mrow, address);
	row = r->lines.n ? profile_named_location(r->p, mrow, address, flags, r->lines.v,
						  r->lines.n)
			 : profile_location(r->p, mrow, address, flags);
	return read_bind(r, &r->locations, id, row, v.pos, "location");
}

/* --- times -------------------------------------------------------------------------- */

/* As perf_to_profile (github.com/google/perf_data_converter, src/perf_data_converter.cc)
 * and Datadog's profilers call them. */
static void find_time_keys(struct pprof_reader *r)
{
	r->time_keys[0] = profile_find_string(r->p, "timestamp_ns");
	r->time_keys[1] = profile_find_string(r->p, "end_timestamp_ns");
}

static bool is_time(const struct pprof_reader *r, const struct label *l)
{
	return !l->str && (l->key == r->time_keys[0] || l->key == r->time_keys[1]);
}

/* --- samples ---------------------------------------------------------------------- */

static int read_label(struct pprof_reader *r, struct proto_view v)
{
	struct label l = {0};
	struct proto_field f;
	size_t at = v.pos;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 1)
			code = read_string(r, &f, &l.key);
		else if (f.number == 2)
			code = read_string(r, &f, &l.str);
		else if (f.number == 3)
			code = read_i64(r, &f, &l.num);
		else if (f.number == 4)
			code = read_string(r, &f, &l.unit);
		if (code < 0)
			return code;
	}
	if (code)
		return code;
	/* pprof lets a label without a key pass; it says nothing. */
	if (!l.key)
		return 0;
	if (l.str)
		l.num = l.unit = 0;
	if (is_time(r, &l)) {
		r->has_time = true;
		r->time_ns = l.num;
		return 0;
	}
	if (r->labels.n == READ_LABELS_MAX)
		return proto_error(r->err, at, "a sample has more than %u labels",
				   READ_LABELS_MAX);
	vec_push(&r->labels, l);
	return 0;
}

static int read_sample_values(struct pprof_reader *r, struct proto_view v)
{
	struct proto_field f;
	int code;

	r->ids.n = r->labels.n = 0;
	r->has_time = false;
	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 2)
			code = read_repeated(r, &f, PROFILE_VALUES_MAX + 1);
		else if (f.number == 3)
			code = read_want(r, &f, PROTO_LEN) ?: read_label(r, f.bytes);
		if (code < 0)
			return code;
	}
	r->values.n = 0;
	for (uint32_t i = 0; i < r->ids.n; i++)
		vec_push(&r->values, (int64_t)r->ids.v[i]);
	return code;
}

static int read_sample_stack(struct pprof_reader *r, struct proto_view v,
			     stack_id *ret_stack)
{
	struct proto_field f;
	size_t at = v.pos;
	stack_id stack = 0;
	int code;

	r->ids.n = 0;
	while ((code = proto_next(&v, &f, r->err)) > 0) {
		if (f.number == 1)
			code = read_repeated(r, &f, READ_DEPTH_MAX);
		if (code < 0)
			return code;
	}
	if (code)
		return code;
	for (uint32_t i = r->ids.n; i-- > 0;) {
		location_id row = (location_id)map_find(&r->locations, r->ids.v[i]);

		if (!row)
			return proto_error(
				r->err, at,
				"a sample names location %llu, which is absent",
				(unsigned long long)r->ids.v[i]);
		stack = profile_stack(r->p, stack, row);
	}
	if (r->p->stacks.n > READ_STACKS_MAX)
		return error_set(r->err, -EFBIG,
				 "the profile has more than %u distinct stack frames",
				 READ_STACKS_MAX);
	*ret_stack = stack;
	return 0;
}

static int read_sample(struct pprof_reader *r, struct proto_view v)
{
	stack_id stack = 0;
	uint32_t row;
	int code = read_sample_stack(r, v, &stack);

	if (code)
		return code;
	code = read_sample_values(r, v);
	if (code)
		return code;
	if (r->values.n != r->p->nvalues)
		return proto_error(r->err, v.pos,
				   "a sample has %u values; there are %u sample types",
				   r->values.n, r->p->nvalues);
	row = profile_add(r->p, stack, profile_labels(r->p, r->labels.v, r->labels.n),
			  r->values.v);
	vec_push(&r->rows, row);
	if (r->has_time)
		moments_add(&r->moments, row, r->time_ns, 0);
	return 0;
}

/* --- the whole -------------------------------------------------------------------- */

static int read_top_field(struct pprof_reader *r, const struct proto_field *f)
{
	int code;

	switch (f->number) {
	case PROFILE_SAMPLE_TYPE ... PROFILE_STRING:
	case PROFILE_PERIOD_TYPE:
		code = read_want(r, f, PROTO_LEN);
		if (!code)
			vec_push(&r->tables[f->number], f->bytes);
		return code;
	case PROFILE_TIME:
		return read_i64(r, f, &r->p->time_ns);
	case PROFILE_DURATION:
		return read_i64(r, f, &r->p->duration_ns);
	case PROFILE_PERIOD:
		return read_i64(r, f, &r->p->period);
	case PROFILE_COMMENT:
		r->ids.n = 0;
		code = read_repeated(r, f, UINT32_MAX);
		for (uint32_t i = 0; i < r->ids.n; i++)
			vec_push(&r->comments, r->ids.v[i]);
		return code;
	case PROFILE_DEFAULT_TYPE:
		r->default_type_at = f->at;
		return read_u64(r, f, &r->default_type);
	case PPROF_TIMES:
		code = read_want(r, f, PROTO_LEN);
		r->times = code ? r->times : f->bytes;
		return code;
	}
	return 0;
}

static int read_top(struct pprof_reader *r)
{
	struct proto_view v = {r->data, 0, r->n};
	struct proto_field f;
	int code;

	while ((code = proto_next(&v, &f, r->err)) > 0) {
		code = read_top_field(r, &f);
		if (code)
			return code;
	}
	return code;
}

/* The loose string numbers of the outermost message, once there are strings. */
static int read_top_strings(struct pprof_reader *r)
{
	struct proto_field f = {.number = PROFILE_COMMENT, .at = r->n};
	string_id id;
	int code;

	for (uint32_t i = 0; i < r->comments.n; i++) {
		f.value = r->comments.v[i];
		code = read_string(r, &f, &id);
		if (code)
			return code;
		vec_push(&r->p->comments, id);
	}
	f.number = PROFILE_DEFAULT_TYPE;
	f.at = r->default_type_at;
	f.value = r->default_type;
	return read_string(r, &f, &r->p->default_sample_type);
}

static int read_tables(struct pprof_reader *r)
{
	static int (*const readers[])(struct pprof_reader *, struct proto_view) = {
		[PROFILE_FUNCTION] = read_function,
		[PROFILE_LOCATION] = read_location,
		[PROFILE_SAMPLE] = read_sample,
	};
	static const unsigned order[] = {PROFILE_FUNCTION, PROFILE_LOCATION,
					 PROFILE_SAMPLE};
	int code = read_strings(r) ?: read_types(r) ?: read_top_strings(r);

	find_time_keys(r);
	for (uint32_t i = 0; !code && i < r->tables[PROFILE_MAPPING].n; i++)
		code = read_mapping(r, r->tables[PROFILE_MAPPING].v[i], i == 0);
	for (unsigned k = 0; k < ARRAY_SIZE(order); k++)
		for (uint32_t i = 0; !code && i < r->tables[order[k]].n; i++)
			code = readers[order[k]](r, r->tables[order[k]].v[i]);
	return code;
}

static void reader_done(struct pprof_reader *r)
{
	for (unsigned i = 0; i < PROFILE_FIELDS; i++)
		vec_done(&r->tables[i]);
	vec_done(&r->strings);
	vec_done(&r->rows);
	moments_done(&r->moments);
	map_done(&r->mappings);
	map_done(&r->functions);
	map_done(&r->locations);
	vec_done(&r->comments);
	vec_done(&r->ids);
	vec_done(&r->values);
	vec_done(&r->labels);
	vec_done(&r->lines);
}

static struct profile *read_plain(const void *data, size_t n, struct error *err)
{
	struct pprof_reader r = {.data = data, .n = n, .err = err};
	int code;

	if (n >= 8 && !memcmp(data, "PERFILE2", 8)) {
		error_set(err, -EBADMSG, "this is a perf.data file, not a pprof profile");
		error_hint(err,
			   "'perf script -i FILE' makes a text of it that profd reads");
		return NULL;
	}
	r.p = profile_new();
	code = read_top(&r) ?: read_tables(&r);
	if (!code && r.times.base)
		code = pprof_times_read(r.p, r.times, r.rows.v, r.rows.n, err);
	else if (!code)
		moments_keep(&r.moments, r.p);
	reader_done(&r);
	return code ? profile_free(r.p) : r.p;
}

struct profile *pprof_read(const void *data, size_t n, size_t max_bytes,
			   struct error *err)
{
	struct text plain = {0};
	struct profile *p = NULL;

	if (gzip_is(data, n)) {
		if (!gzip_inflate(data, n, max_bytes, &plain, err))
			p = read_plain(text_get(&plain), plain.len, err);
		text_done(&plain);
		return p;
	}
	if (n <= max_bytes)
		return read_plain(data, n, err);
	error_set(err, -EFBIG, "the profile has %zu bytes, more than the limit of %zu", n,
		  max_bytes);
	return NULL;
}
