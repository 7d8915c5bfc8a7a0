/* One profile of two: the rows of both sides under common functions, so that a stack that
 * both have is one row. diff.h says what is left out. Every frame is a location of its
 * own, with a single function. */
#include "judge-priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMM_MAX 15u /* TASK_COMM_LEN - 1: what prctl(2) keeps of a name */

struct joiner {
	struct diff *d;
	struct profile *to;
	struct match m;
	function_id *functions[SIDES]; /* row of match_side.functions -> of `to`, or 0 */
	struct map locations;	       /* function << 2 | kind -> location of `to` */
	string_id key_comm;
	/* The command of the before side that is another one on the after side. */
	string_id comm_from, comm_to;
};

/* --- functions and locations ------------------------------------------------------ */

static string_id carry(struct joiner *j, string_id id)
{
	return profile_string_n(j->to, j->m.words->strings.v[id],
				j->m.words->string_lens.v[id]);
}

/* What the after side says of a function that both have, but for what it does not know. */
static function_id join_function(struct joiner *j, unsigned which, uint32_t row)
{
	const struct match_function *f = &j->m.sides[which].functions.v[row];
	const struct match_function *other = f;
	struct function fn;

	if (f->same)
		other = &j->m.sides[!which].functions.v[f->same - 1];
	if (which == BEFORE && f->same) {
		const struct match_function *swap = f;

		f = other;
		other = swap;
	}
	if (f->filename)
		other = f;
	fn.name = carry(j, f->name);
	fn.system_name = carry(j, f->system_name);
	fn.filename = carry(j, other->filename);
	fn.start_line = other->start_line;
	return profile_function(j->to, &fn);
}

enum kind { KIND_USER, KIND_KERNEL, KIND_JIT, KIND_LABEL };

static enum kind location_kind(const struct location *l)
{
	if (l->flags & LOCATION_LABEL)
		return KIND_LABEL;
	if (l->flags & LOCATION_KERNEL)
		return KIND_KERNEL;
	return l->flags & LOCATION_JIT ? KIND_JIT : KIND_USER;
}

static mapping_id join_mapping(struct joiner *j, unsigned which, mapping_id id)
{
	const struct match_side *side = &j->m.sides[which];
	const struct mapping *m = &side->p->mappings.v[id];
	struct mapping row = {.flags = m->flags & (MAPPING_KERNEL | MAPPING_JIT)};
	const struct match_side *after = &j->m.sides[AFTER];

	if (!id)
		return 0;
	row.flags |= MAPPING_HAS_FUNCTIONS | MAPPING_HAS_FILENAMES;
	if (id == side->main) {
		row.flags |= which == AFTER || !after->main ? MAPPING_MAIN : 0;
		m = after->main ? &after->p->mappings.v[after->main] : m;
		side = after->main ? after : side;
	}
	row.filename = profile_string(j->to, profile_text(side->p, m->filename));
	return profile_mapping(j->to, &row);
}

/* The mapping is that of the first location of the function: where it lies is no part of
 * what it is. Addresses keep apart what has a function and a mapping in common. */
static location_id join_location(struct joiner *j, unsigned which, uint32_t row,
				 const struct location *l)
{
	static const uint32_t flags[] = {0, LOCATION_KERNEL, LOCATION_JIT,
					 LOCATION_LABEL};
	enum kind kind = location_kind(l);
	struct line line = {0};
	uint64_t key, known;

	if (!j->functions[which][row])
		j->functions[which][row] = join_function(j, which, row);
	line.function = j->functions[which][row];
	key = (uint64_t)line.function << 2 | kind;
	known = map_find(&j->locations, key);
	if (!known) {
		known = profile_named_location(
			j->to,
			kind == KIND_LABEL ? 0 : join_mapping(j, which, l->mapping),
			kind == KIND_LABEL ? 0 : kind, flags[kind], &line, 1);
		map_put(&j->locations, key, known);
	}
	return (location_id)known;
}

/* --- rows ------------------------------------------------------------------------- */

/* Row of the side's stacks -> of the joined ones. The caller frees. */
static stack_id *join_stacks(struct joiner *j, unsigned which)
{
	const struct match_side *side = &j->m.sides[which];
	const struct profile *p = side->p;
	stack_id *stacks = xcalloc(p->stacks.n, sizeof(*stacks));

	/* Parents come before their children. */
	for (stack_id i = 1; i < p->stacks.n; i++) {
		location_id l = p->stacks.v[i].location;
		stack_id at = stacks[p->stacks.v[i].parent];

		for (uint32_t k = side->first[l]; k < side->first[l + 1]; k++)
			at = profile_stack(j->to, at,
					   join_location(j, which, side->frames.v[k],
							 &p->locations.v[l]));
		stacks[i] = at;
	}
	return stacks;
}

static labels_id join_labels(struct joiner *j, unsigned which, string_id comm)
{
	struct label label = {.key = j->key_comm};

	if (!comm)
		return 0;
	label.str = profile_string(j->to, profile_text(j->m.sides[which].p, comm));
	if (which == BEFORE && label.str == j->comm_from)
		label.str = j->comm_to;
	return profile_labels(j->to, &label, 1);
}

/* v * num / den to the nearest; halves go away from 0. */
static int64_t scaled(int64_t v, int64_t num, int64_t den)
{
	__int128 exact = (__int128)v * num, half = den / 2;
	__int128 q = (exact + (exact < 0 ? -half : half)) / den;

	return q > INT64_MAX ? INT64_MAX : q < INT64_MIN ? INT64_MIN : (int64_t)q;
}

static void join_samples(struct joiner *j, unsigned which, const struct join_side *in)
{
	const struct profile *p = in->p;
	string_id comm_key = profile_find_string(p, "comm");
	stack_id *stacks = join_stacks(j, which);

	for (uint32_t i = 1; i < p->samples.n; i++) {
		const struct sample_row *s = &p->samples.v[i];
		int64_t v = p->values.v[(size_t)i * p->nvalues + in->value];
		int64_t values[4] = {0};

		values[which] = scaled(v, in->num, in->den);
		values[SIDES + which] = diff_samples(p, in->value, i);
		if (!values[which] && !values[SIDES + which])
			continue;
		profile_add(
			j->to, stacks[s->stack],
			join_labels(j, which, profile_label_str(p, s->labels, comm_key)),
			values);
	}
	free(stacks);
}

/* --- the command of the main program ---------------------------------------------- */

static bool has_comm(const struct profile *p, const char *comm)
{
	string_id key = profile_find_string(p, "comm"), id = profile_find_string(p, comm);

	for (uint32_t i = 1; id && i < p->samples.n; i++)
		if (profile_label_str(p, p->samples.v[i].labels, key) == id)
			return true;
	return false;
}

/* A command is named after its file; where that is called otherwise on the other side,
 * and neither name is there twice, the two are one. */
static void join_comms(struct joiner *j)
{
	const struct profile *before = j->m.sides[BEFORE].p, *after = j->m.sides[AFTER].p;
	char from[COMM_MAX + 1] = "", to[COMM_MAX + 1] = "";

	if (!j->m.sides[BEFORE].main || !j->m.sides[AFTER].main)
		return;
	snprintf(from, sizeof(from), "%s",
		 profile_text(j->m.words, j->m.sides[BEFORE].module));
	snprintf(to, sizeof(to), "%s",
		 profile_text(j->m.words, j->m.sides[AFTER].module));
	if (!strcmp(from, to) || !has_comm(before, from) || !has_comm(after, to) ||
	    has_comm(before, to) || has_comm(after, from))
		return;
	j->comm_from = profile_string(j->to, from);
	j->comm_to = profile_string(j->to, to);
	text_addf(&j->d->notes, "the command '%s' before is taken for '%s' after\n",
		  profile_text(j->to, j->comm_from), profile_text(j->to, j->comm_to));
}

/* --- all -------------------------------------------------------------------------- */

static void join_header(struct profile *to, const struct profile *after, const char *unit)
{
	profile_value_type(to, "before", unit);
	profile_value_type(to, "after", unit);
	profile_value_type(to, "before_samples", "count");
	profile_value_type(to, "after_samples", "count");
	to->default_sample_type = to->value_types[AFTER].type;
	to->time_ns = after->time_ns;
	to->duration_ns = after->duration_ns;
}

void diff_join(struct diff *d, const struct join_side *before,
	       const struct join_side *after)
{
	struct joiner j = {.d = d, .to = profile_new()};
	const struct value_type *type = &after->p->value_types[after->value];

	d->profile = j.to;
	join_header(j.to, after->p, profile_text(after->p, type->unit));
	d->type = profile_string(j.to, profile_text(after->p, type->type));
	d->unit = profile_string(j.to, profile_text(after->p, type->unit));
	j.key_comm = profile_string(j.to, "comm");
	match_init(&j.m, before->p, after->p);
	for (unsigned i = 0; i < SIDES; i++)
		j.functions[i] = xcalloc(j.m.sides[i].functions.n + 1,
					 sizeof(*j.functions[i]));
	join_comms(&j);
	join_samples(&j, AFTER, after);
	join_samples(&j, BEFORE, before);
	for (unsigned i = 0; i < SIDES; i++)
		free(j.functions[i]);
	map_done(&j.locations);
	match_done(&j.m);
}
