/* Rows of one profile into another. Each table has its ids translated once and is asked
 * for by whoever needs a row, so that nothing is copied that nothing names. */
#include <profd/profile.h>

#include <stdlib.h>

#include "profile-priv.h"

void copier_init(struct copier *c, struct profile *to, const struct profile *from)
{
	*c = (struct copier){.to = to, .from = from};
	c->strings = xcalloc(from->strings.n, sizeof(*c->strings));
	c->mappings = xcalloc(from->mappings.n, sizeof(*c->mappings));
	c->functions = xcalloc(from->functions.n, sizeof(*c->functions));
	c->locations = xcalloc(from->locations.n, sizeof(*c->locations));
	c->labels = xcalloc(from->label_sets.n, sizeof(*c->labels));
	for (uint32_t i = 1; i < to->mappings.n; i++)
		c->has_main |= !!(to->mappings.v[i].flags & MAPPING_MAIN);
	/* Readers are told of the main program even where no sample is in it. */
	for (uint32_t i = 1; !c->has_main && i < from->mappings.n; i++) {
		if (from->mappings.v[i].flags & MAPPING_MAIN)
			copy_mapping(c, i);
	}
}

void copier_done(struct copier *c)
{
	free(c->strings);
	free(c->mappings);
	free(c->functions);
	free(c->locations);
	free(c->labels);
	vec_done(&c->lines);
	vec_done(&c->set);
}

string_id copy_string(struct copier *c, string_id id)
{
	if (!c->strings[id])
		c->strings[id] = profile_string_n(c->to, c->from->strings.v[id],
						  c->from->string_lens.v[id]);
	return c->strings[id];
}

mapping_id copy_mapping(struct copier *c, mapping_id id)
{
	struct mapping m = c->from->mappings.v[id];

	if (!id || c->mappings[id])
		return c->mappings[id];
	m.filename = copy_string(c, m.filename);
	m.build_id = copy_string(c, m.build_id);
	if (c->has_main)
		m.flags &= ~(uint32_t)MAPPING_MAIN;
	return c->mappings[id] = profile_mapping(c->to, &m);
}

function_id copy_function(struct copier *c, function_id id)
{
	struct function f = c->from->functions.v[id];

	if (!id || c->functions[id])
		return c->functions[id];
	f.name = copy_string(c, f.name);
	f.system_name = copy_string(c, f.system_name);
	f.filename = copy_string(c, f.filename);
	return c->functions[id] = profile_function(c->to, &f);
}

/* Addresses may mean different functions in files of one name that were built anew: with
 * lines, those belong to the identity. */
location_id copy_location_lines(struct copier *c, location_id id,
				const struct line *lines, uint32_t n)
{
	const struct location *l = &c->from->locations.v[id];
	mapping_id mapping = copy_mapping(c, l->mapping);

	c->lines.n = 0;
	for (uint32_t i = 0; i < n; i++)
		vec_push(&c->lines, ((struct line){copy_function(c, lines[i].function),
						   lines[i].line}));
	if (!n)
		return profile_location(c->to, mapping, l->address, l->flags);
	return profile_named_location(c->to, mapping, l->address, l->flags, c->lines.v,
				      n);
}

location_id copy_location(struct copier *c, location_id id)
{
	const struct location *l = &c->from->locations.v[id];

	if (!c->locations[id])
		c->locations[id] = copy_location_lines(
			c, id, l->nlines ? &c->from->lines.v[l->first_line] : NULL,
			l->nlines);
	return c->locations[id];
}

labels_id copy_labels(struct copier *c, labels_id id)
{
	const struct labels *l = &c->from->label_sets.v[id];

	if (!id || c->labels[id])
		return c->labels[id];
	c->set.n = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		struct label row = c->from->label_rows.v[l->first + i];

		row.key = copy_string(c, row.key);
		row.str = copy_string(c, row.str);
		row.unit = copy_string(c, row.unit);
		vec_push(&c->set, row);
	}
	return c->labels[id] = profile_labels(c->to, c->set.v, c->set.n);
}
