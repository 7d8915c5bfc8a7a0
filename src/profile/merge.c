/* Two profiles into one: all rows of the second are added to the first, under the ids
 * that its strings, code, stacks and labels have there. */
#include <profd/profile.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile-priv.h"

struct merge {
	struct copier copier;
	struct profile *to;
	const struct profile *from;
	uint32_t *stacks;		     /* row of `from` -> row of `to` */
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

/* Parents come before their children. */
static void merge_stacks(struct merge *m)
{
	for (uint32_t i = 1; i < m->from->stacks.n; i++) {
		const struct stack_node *s = &m->from->stacks.v[i];

		m->stacks[i] = profile_stack(m->to, m->stacks[s->parent],
					     copy_location(&m->copier, s->location));
	}
}

static void merge_samples(struct merge *m)
{
	for (uint32_t i = 1; i < m->from->samples.n; i++) {
		const struct sample_row *s = &m->from->samples.v[i];
		const int64_t *from = &m->from->values.v[(size_t)i * m->from->nvalues];
		int64_t values[PROFILE_VALUES_MAX];

		for (unsigned k = 0; k < m->to->nvalues; k++)
			values[k] = from[m->values[k]];
		profile_add(m->to, m->stacks[s->stack],
			    copy_labels(&m->copier, s->labels), values);
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
		string_id id = copy_string(&m->copier, from->comments.v[i]);

		if (!has_comment(to, id))
			vec_push(&to->comments, id);
	}
}

int profile_merge(struct profile *to, const struct profile *from)
{
	struct merge m = {.to = to, .from = from};

	if (!values_match(&m))
		return -EINVAL;
	copier_init(&m.copier, to, from);
	m.stacks = xcalloc(from->stacks.n, sizeof(*m.stacks));
	merge_stacks(&m);
	merge_samples(&m);
	merge_header(&m);
	copier_done(&m.copier);
	free(m.stacks);
	return 0;
}
