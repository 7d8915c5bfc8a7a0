/* Two profiles into one: all rows of the second are added to the first, under the ids
 * that its strings, code, stacks and labels have there. */
#include <profd/profile.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile-priv.h"

struct merge {
	struct profile *to;
	const struct profile *from;
	/* Row of `from` -> row of `to`. */
	uint32_t *strings, *mappings, *functions, *locations, *stacks, *labels;
	unsigned values[PROFILE_VALUES_MAX]; /* of `to` -> of `from` */
};

static bool same_text(const struct merge *m, string_id to, string_id from)
{
	return !strcmp(profile_text(m->to, to), profile_text(m->from, from));
}

/* The same types, in whatever order. */
static bool values_match(struct merge *m)
{
	for (unsigned i = 0; i < m->to->nvalues; i++) {
		const struct value_type *a = &m->to->value_types[i];
		unsigned k = 0;

		while (k < m->from->nvalues &&
		       !(same_text(m, a->type, m->from->value_types[k].type) &&
			 same_text(m, a->unit, m->from->value_types[k].unit)))
			k++;
		if (k == m->from->nvalues)
			return false;
		m->values[i] = k;
	}
	return m->to->nvalues == m->from->nvalues;
}

static void merge_strings(struct merge *m)
{
	for (uint32_t i = 1; i < m->from->strings.n; i++)
		m->strings[i] = profile_string_n(m->to, m->from->strings.v[i],
						 m->from->string_lens.v[i]);
}

static bool has_main(const struct profile *p)
{
	for (uint32_t i = 1; i < p->mappings.n; i++) {
		if (p->mappings.v[i].flags & MAPPING_MAIN)
			return true;
	}
	return false;
}

static void merge_mappings(struct merge *m)
{
	bool main = has_main(m->to);

	for (uint32_t i = 1; i < m->from->mappings.n; i++) {
		struct mapping row = m->from->mappings.v[i];

		row.filename = m->strings[row.filename];
		row.build_id = m->strings[row.build_id];
		if (main)
			row.flags &= ~(uint32_t)MAPPING_MAIN;
		m->mappings[i] = profile_mapping(m->to, &row);
	}
}

static void merge_functions(struct merge *m)
{
	for (uint32_t i = 1; i < m->from->functions.n; i++) {
		struct function row = m->from->functions.v[i];

		row.name = m->strings[row.name];
		row.system_name = m->strings[row.system_name];
		row.filename = m->strings[row.filename];
		m->functions[i] = profile_function(m->to, &row);
	}
}

/* Addresses may mean different functions in files of one name that were built anew: with
 * lines, those belong to the identity. */
static void merge_locations(struct merge *m)
{
	VEC(struct line) lines = {0};

	for (uint32_t i = 1; i < m->from->locations.n; i++) {
		const struct location *l = &m->from->locations.v[i];
		mapping_id mapping = m->mappings[l->mapping];

		lines.n = 0;
		for (uint32_t k = 0; k < l->nlines; k++) {
			struct line line = m->from->lines.v[l->first_line + k];

			line.function = m->functions[line.function];
			vec_push(&lines, line);
		}
		m->locations[i] = lines.n ? profile_named_location(m->to, mapping,
								   l->address, l->flags,
								   lines.v, lines.n)
					  : profile_location(m->to, mapping, l->address,
							     l->flags);
	}
	vec_done(&lines);
}

/* Parents come before their children. */
static void merge_stacks(struct merge *m)
{
	for (uint32_t i = 1; i < m->from->stacks.n; i++) {
		const struct stack_node *s = &m->from->stacks.v[i];

		m->stacks[i] = profile_stack(m->to, m->stacks[s->parent],
					     m->locations[s->location]);
	}
}

static void merge_labels(struct merge *m)
{
	VEC(struct label) set = {0};

	for (uint32_t i = 1; i < m->from->label_sets.n; i++) {
		const struct labels *l = &m->from->label_sets.v[i];

		set.n = 0;
		for (uint32_t k = 0; k < l->n; k++) {
			struct label row = m->from->label_rows.v[l->first + k];

			row.key = m->strings[row.key];
			row.str = m->strings[row.str];
			row.unit = m->strings[row.unit];
			vec_push(&set, row);
		}
		m->labels[i] = profile_labels(m->to, set.v, set.n);
	}
	vec_done(&set);
}

static void merge_samples(struct merge *m)
{
	for (uint32_t i = 1; i < m->from->samples.n; i++) {
		const struct sample_row *s = &m->from->samples.v[i];
		const int64_t *from = &m->from->values.v[(size_t)i * m->from->nvalues];
		int64_t values[PROFILE_VALUES_MAX];

		for (unsigned k = 0; k < m->to->nvalues; k++)
			values[k] = from[m->values[k]];
		profile_add(m->to, m->stacks[s->stack], m->labels[s->labels], values);
	}
}

static bool has_comment(const struct profile *p, string_id id)
{
	for (uint32_t i = 0; i < p->comments.n; i++) {
		if (p->comments.v[i] == id)
			return true;
	}
	return false;
}

/* As pprof's own merge has it: the first start, the time of all, the longest period. */
static void merge_header(struct merge *m)
{
	struct profile *to = m->to;
	const struct profile *from = m->from;

	if (from->time_ns && (!to->time_ns || from->time_ns < to->time_ns))
		to->time_ns = from->time_ns;
	to->duration_ns = value_add(to->duration_ns, from->duration_ns);
	to->bin_ns = 0;
	vec_done(&to->times);
	vec_done(&to->latest_time);
	if (from->period > to->period)
		to->period = from->period;
	for (uint32_t i = 0; i < from->comments.n; i++) {
		string_id id = m->strings[from->comments.v[i]];

		if (!has_comment(to, id))
			vec_push(&to->comments, id);
	}
}

int profile_merge(struct profile *to, const struct profile *from)
{
	struct merge m = {.to = to, .from = from};

	if (!values_match(&m))
		return -EINVAL;
	m.strings = xcalloc(from->strings.n, sizeof(*m.strings));
	m.mappings = xcalloc(from->mappings.n, sizeof(*m.mappings));
	m.functions = xcalloc(from->functions.n, sizeof(*m.functions));
	m.locations = xcalloc(from->locations.n, sizeof(*m.locations));
	m.stacks = xcalloc(from->stacks.n, sizeof(*m.stacks));
	m.labels = xcalloc(from->label_sets.n, sizeof(*m.labels));
	merge_strings(&m);
	merge_mappings(&m);
	merge_functions(&m);
	merge_locations(&m);
	merge_stacks(&m);
	merge_labels(&m);
	merge_samples(&m);
	merge_header(&m);
	free(m.strings);
	free(m.mappings);
	free(m.functions);
	free(m.locations);
	free(m.stacks);
	free(m.labels);
	return 0;
}
