/* Writes profile.proto (github.com/google/pprof, proto/profile.proto; the numbers below
 * are its field numbers). Two passes over the tables: mark what samples use and number
 * it, then write message after message through gzip. Memory is a few integers per row,
 * whatever the size.
 *
 * Samples go in the order of the stack tree (order.c): neighbours then share their
 * callers, which deflate finds. Where there are many, locations go by address, and what they name in
 * their order: numbers that grow by little look alike, and so do made-up names. Numbering
 * locations by use, for shorter varints, was tried and made the file larger: it scatters
 * what belongs together. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

struct pprof_writer {
	const struct profile *p;
	struct sink *out;
	struct text msg, sub;
	/* row -> id in the file, 0 when unused */
	uint32_t *mapping_ids, *function_ids, *location_ids, *string_ids;
	/* id - 1 -> row */
	VEC(uint32_t) mappings;
	VEC(uint32_t) functions;
	VEC(uint32_t) locations;
	VEC(uint32_t) strings;
	uint32_t *mapping_flags; /* [mappings], what the lines in use add */
	bool symbolized;
	struct turns turns; /* of all samples */
};

static uint64_t writer_string(struct pprof_writer *w, string_id row)
{
	if (!row || row >= w->p->strings.n)
		return 0;
	if (!w->string_ids[row]) {
		vec_push(&w->strings, row);
		w->string_ids[row] = w->strings.n;
	}
	return w->string_ids[row];
}

static void writer_message(struct pprof_writer *w, unsigned field)
{
	text_clear(&w->sub);
	proto_varint(&w->sub, field << 3 | PROTO_LEN);
	proto_varint(&w->sub, w->msg.len);
	sink_put(w->out, w->sub.s, w->sub.len);
	sink_put(w->out, text_get(&w->msg), w->msg.len);
	text_clear(&w->msg);
}

/* --- what is in use --------------------------------------------------------------- */

static void writer_use_mapping(struct pprof_writer *w, mapping_id row)
{
	if (!row || w->mapping_ids[row])
		return;
	vec_push(&w->mappings, row);
	w->mapping_ids[row] = w->mappings.n;
}

static void writer_use_function(struct pprof_writer *w, function_id row)
{
	if (!row || w->function_ids[row])
		return;
	vec_push(&w->functions, row);
	w->function_ids[row] = w->functions.n;
}

static void writer_use_location(struct pprof_writer *w, location_id row)
{
	const struct location *l = &w->p->locations.v[row];

	vec_push(&w->locations, row);
	w->location_ids[row] = w->locations.n;
	writer_use_mapping(w, l->mapping);
	w->symbolized |= l->nlines > 0;
	if (l->nlines > 1)
		w->mapping_flags[l->mapping] |= MAPPING_HAS_INLINES;
	for (uint32_t i = 0; i < l->nlines; i++) {
		const struct line *line = &w->p->lines.v[l->first_line + i];

		if (line->line)
			w->mapping_flags[l->mapping] |= MAPPING_HAS_LINES;
		if (w->p->functions.v[line->function].filename)
			w->mapping_flags[l->mapping] |= MAPPING_HAS_FILENAMES;
		writer_use_function(w, line->function);
	}
}

static int location_compare(const void *va, const void *vb, void *profile)
{
	const struct profile *p = profile;
	location_id a = *(const location_id *)va, b = *(const location_id *)vb;
	const struct location *la = &p->locations.v[a], *lb = &p->locations.v[b];

	if (la->mapping != lb->mapping)
		return la->mapping < lb->mapping ? -1 : 1;
	if (la->address != lb->address)
		return la->address < lb->address ? -1 : 1;
	return (a > b) - (a < b);
}

/* The order in which rows were made has the frequent ones first, more or less. While they
 * fit the 127 numbers of one byte that counts for more than the tables' size. */
#define BY_ADDRESS_MIN 2048u

static void writer_use_locations(struct pprof_writer *w, const bool *used)
{
	const struct profile *p = w->p;
	VEC(location_id) rows = {0};

	for (location_id row = 1; row < p->locations.n; row++)
		if (used[row])
			vec_push(&rows, row);
	if (rows.n >= BY_ADDRESS_MIN)
		qsort_r(rows.v, rows.n, sizeof(*rows.v), location_compare,
			(void *)(uintptr_t)p);
	for (uint32_t i = 0; i < rows.n; i++)
		writer_use_location(w, rows.v[i]);
	vec_done(&rows);
}

static void writer_mark(struct pprof_writer *w)
{
	const struct profile *p = w->p;
	bool *locations = xcalloc(p->locations.n, sizeof(*locations));

	turns_find(&w->turns, p, TURNS_ALL);
	for (uint32_t i = 1; i < p->stacks.n; i++)
		if (mark_is(w->turns.used, i))
			locations[p->stacks.v[i].location] = true;
	/* pprof takes mapping 1 for the main program, used or not. */
	for (mapping_id row = 1; row < p->mappings.n; row++)
		if (p->mappings.v[row].flags & MAPPING_MAIN)
			writer_use_mapping(w, row);
	writer_use_locations(w, locations);
	free(locations);
}

/* --- samples ---------------------------------------------------------------------- */

/* Reader tools drop a number that is 0 and has no unit (pprof's profile/encode.go,
 * postDecode); a number without a unit is given its key's name, as they would show it. */
static void writer_labels(struct pprof_writer *w, labels_id id)
{
	const struct labels *set = &w->p->label_sets.v[id];

	for (uint32_t i = 0; i < set->n; i++) {
		const struct label *l = &w->p->label_rows.v[set->first + i];

		text_clear(&w->sub);
		proto_uint(&w->sub, 1, writer_string(w, l->key));
		if (l->str) {
			proto_uint(&w->sub, 2, writer_string(w, l->str));
		} else {
			proto_uint(&w->sub, 3, (uint64_t)l->num);
			proto_uint(&w->sub, 4,
				   writer_string(w, l->unit ? l->unit : l->key));
		}
		proto_bytes(&w->msg, 3, w->sub.s, w->sub.len);
	}
}

/* The ids of a stack's locations, leaf first, into w->sub. */
static void writer_stack(struct pprof_writer *w, stack_id at)
{
	const struct stack_node *stacks = w->p->stacks.v;
	unsigned char ids[512];
	size_t n = 0;

	text_clear(&w->sub);
	for (; at; at = stacks[at].parent) {
		if (n > sizeof(ids) - PROTO_VARINT_BYTES) {
			text_addn(&w->sub, ids, n);
			n = 0;
		}
		n += proto_put(ids + n, w->location_ids[stacks[at].location]);
	}
	text_addn(&w->sub, ids, n);
}

static void writer_sample(struct pprof_writer *w, uint32_t row)
{
	const struct profile *p = w->p;
	const struct sample_row *s = &p->samples.v[row];

	writer_stack(w, s->stack);
	if (w->sub.len)
		proto_bytes(&w->msg, 1, w->sub.s, w->sub.len);
	text_clear(&w->sub);
	for (unsigned i = 0; i < p->nvalues; i++)
		proto_varint(&w->sub,
			     (uint64_t)p->values.v[(size_t)row * p->nvalues + i]);
	proto_bytes(&w->msg, 2, w->sub.s, w->sub.len);
	writer_labels(w, s->labels);
	writer_message(w, 2);
}

static void writer_samples(struct pprof_writer *w)
{
	uint32_t *rows = samples_in_order(w->p, &w->turns);

	for (uint32_t i = 1; i < w->p->samples.n; i++)
		writer_sample(w, rows[i]);
	if (w->p->times.n) {
		pprof_times_write(w->p, rows, &w->msg);
		writer_message(w, PPROF_TIMES);
	}
	free(rows);
}

/* --- tables ----------------------------------------------------------------------- */

/* A mapping without any of the has_* flags is symbolized again by readers, from whatever
 * file they find under its name: so one that had its chance says so, even if it got no
 * names. */
static void writer_mapping(struct pprof_writer *w, uint32_t i)
{
	mapping_id row = w->mappings.v[i];
	const struct mapping *m = &w->p->mappings.v[row];
	uint32_t flags = m->flags | w->mapping_flags[row];

	if (w->symbolized)
		flags |= MAPPING_HAS_FUNCTIONS;
	proto_uint(&w->msg, 1, i + 1);
	proto_uint(&w->msg, 2, m->start);
	proto_uint(&w->msg, 3, m->limit);
	proto_uint(&w->msg, 4, m->off);
	proto_uint(&w->msg, 5, writer_string(w, m->filename));
	proto_uint(&w->msg, 6, writer_string(w, m->build_id));
	proto_uint(&w->msg, 7, !!(flags & MAPPING_HAS_FUNCTIONS));
	proto_uint(&w->msg, 8, !!(flags & MAPPING_HAS_FILENAMES));
	proto_uint(&w->msg, 9, !!(flags & MAPPING_HAS_LINES));
	proto_uint(&w->msg, 10, !!(flags & MAPPING_HAS_INLINES));
	writer_message(w, 3);
}

static void writer_location(struct pprof_writer *w, uint32_t i)
{
	const struct location *l = &w->p->locations.v[w->locations.v[i]];

	proto_uint(&w->msg, 1, i + 1);
	proto_uint(&w->msg, 2, w->mapping_ids[l->mapping]);
	proto_uint(&w->msg, 3, l->address);
	for (uint32_t j = 0; j < l->nlines; j++) {
		const struct line *line = &w->p->lines.v[l->first_line + j];

		if (!line->function)
			continue;
		text_clear(&w->sub);
		proto_uint(&w->sub, 1, w->function_ids[line->function]);
		proto_uint(&w->sub, 2, line->line);
		proto_bytes(&w->msg, 4, w->sub.s, w->sub.len);
	}
	writer_message(w, 4);
}

static void writer_function(struct pprof_writer *w, uint32_t i)
{
	const struct function *f = &w->p->functions.v[w->functions.v[i]];

	proto_uint(&w->msg, 1, i + 1);
	proto_uint(&w->msg, 2, writer_string(w, f->name));
	proto_uint(&w->msg, 3, writer_string(w, f->system_name));
	proto_uint(&w->msg, 4, writer_string(w, f->filename));
	proto_uint(&w->msg, 5, f->start_line);
	writer_message(w, 5);
}

static void writer_value_type(struct pprof_writer *w, unsigned field,
			      const struct value_type *t)
{
	proto_uint(&w->msg, 1, writer_string(w, t->type));
	proto_uint(&w->msg, 2, writer_string(w, t->unit));
	writer_message(w, field);
}

/* What describes the profile as a whole, as loose fields of the outermost message. */
static void writer_head(struct pprof_writer *w)
{
	const struct profile *p = w->p;

	for (unsigned i = 0; i < p->nvalues; i++)
		writer_value_type(w, 1, &p->value_types[i]);
	if (p->period_type.type || p->period_type.unit)
		writer_value_type(w, 11, &p->period_type);
	proto_uint(&w->msg, 9, (uint64_t)p->time_ns);
	proto_uint(&w->msg, 10, (uint64_t)p->duration_ns);
	proto_uint(&w->msg, 12, (uint64_t)p->period);
	for (uint32_t i = 0; i < p->comments.n; i++) {
		proto_varint(&w->msg, 13 << 3 | PROTO_VARINT);
		proto_varint(&w->msg, writer_string(w, p->comments.v[i]));
	}
	proto_uint(&w->msg, 14, writer_string(w, p->default_sample_type));
	sink_put(w->out, text_get(&w->msg), w->msg.len);
	text_clear(&w->msg);
}

static void writer_strings(struct pprof_writer *w)
{
	writer_message(w, 6);
	for (uint32_t i = 0; i < w->strings.n; i++) {
		string_id row = w->strings.v[i];

		text_addn(&w->msg, w->p->strings.v[row], w->p->string_lens.v[row]);
		writer_message(w, 6);
	}
}

static void writer_init(struct pprof_writer *w, const struct profile *p, struct sink *out)
{
	memset(w, 0, sizeof(*w));
	w->p = p;
	w->out = out;
	w->mapping_ids = xcalloc(p->mappings.n, sizeof(uint32_t));
	w->mapping_flags = xcalloc(p->mappings.n, sizeof(uint32_t));
	w->function_ids = xcalloc(p->functions.n, sizeof(uint32_t));
	w->location_ids = xcalloc(p->locations.n, sizeof(uint32_t));
	w->string_ids = xcalloc(p->strings.n, sizeof(uint32_t));
}

static void writer_done(struct pprof_writer *w)
{
	free(w->mapping_ids);
	free(w->mapping_flags);
	free(w->function_ids);
	free(w->location_ids);
	free(w->string_ids);
	vec_done(&w->mappings);
	vec_done(&w->functions);
	vec_done(&w->locations);
	vec_done(&w->strings);
	text_done(&w->msg);
	text_done(&w->sub);
	turns_done(&w->turns);
}

void pprof_write(const struct profile *p, struct sink *out)
{
	struct pprof_writer w;
	struct gzip_sink gzip;

	gzip_open(&gzip, out);
	writer_init(&w, p, &gzip.sink);
	writer_mark(&w);
	writer_head(&w);
	writer_samples(&w);
	for (uint32_t i = 0; i < w.mappings.n; i++)
		writer_mapping(&w, i);
	for (uint32_t i = 0; i < w.locations.n; i++)
		writer_location(&w, i);
	for (uint32_t i = 0; i < w.functions.n; i++)
		writer_function(&w, i);
	writer_strings(&w);
	writer_done(&w);
	gzip_close(&gzip);
}
