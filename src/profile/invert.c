/* Stacks the other way around: what a tree of callers is made of. The function that was
 * running is the root, and who called it hangs on it.
 *
 * Lines and addresses are left out, so that calls from two lines of one function are one.
 * Each function is a location of its own then, since the order of an inlined chain turns,
 * too. */
#include <profd/profile.h>

#include <errno.h>

#include "profile-priv.h"

#define STACKS_MAX (1u << 24)

struct inverter {
	struct copier copier;
	const struct profile *from;
	struct profile *to;
};

static stack_id add_line(struct inverter *v, stack_id stack, const struct location *l,
			 uint32_t i)
{
	struct line line = {
		.function = copy_function(&v->copier,
					  v->from->lines.v[l->first_line + i].function)};
	/* What was inlined somewhere and called elsewhere are two, by their addresses. */
	bool inlined = i + 1 < l->nlines;
	location_id id = profile_named_location(
		v->to, copy_mapping(&v->copier, l->mapping), inlined,
		l->flags | (inlined ? LOCATION_INLINED : 0u), &line, 1);

	return profile_stack(v->to, stack, id);
}

static stack_id invert_stack(struct inverter *v, stack_id at)
{
	const struct profile *p = v->from;
	stack_id stack = 0;

	for (; at; at = p->stacks.v[at].parent) {
		const struct location *l = &p->locations.v[p->stacks.v[at].location];
		location_id nameless;

		for (uint32_t i = 0; i < l->nlines; i++)
			stack = add_line(v, stack, l, i);
		if (l->nlines)
			continue;
		nameless = profile_location(v->to, copy_mapping(&v->copier, l->mapping),
					    0, l->flags);
		stack = profile_stack(v->to, stack, nameless);
	}
	return stack;
}

struct profile *profile_invert(const struct profile *p, struct error *err)
{
	struct inverter v = {.from = p, .to = profile_new()};

	copier_init(&v.copier, v.to, p);
	for (unsigned i = 0; i < p->nvalues; i++)
		profile_value_type(v.to, profile_text(p, p->value_types[i].type),
				   profile_text(p, p->value_types[i].unit));
	v.to->default_sample_type = copy_string(&v.copier, p->default_sample_type);
	for (uint32_t i = 1; i < p->samples.n && v.to->stacks.n <= STACKS_MAX; i++)
		profile_add(v.to, invert_stack(&v, p->samples.v[i].stack), 0,
			    &p->values.v[(size_t)i * p->nvalues]);
	copier_done(&v.copier);
	if (v.to->stacks.n <= STACKS_MAX)
		return v.to;
	error_set(err, -EFBIG, "the inverted stacks have more than %u frames",
		  STACKS_MAX);
	error_hint(err, "take a part of the profile, by --focus, say");
	return profile_free(v.to);
}
