#pragma once
/* Shared between the files of src/profile only. */
#include <profd/profile.h>

/* Sums that leave the range stop at its end: a foreign file may say anything. */
static inline int64_t value_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

/* --- rows of one profile under the ids that they have, or get, in another ----------- */

/* Both are borrowed. A row is copied when it is first asked for. */
struct copier {
	struct profile *to;
	const struct profile *from;
	/* [rows of `from`] the row of `to`, 0 until it is there */
	uint32_t *strings, *mappings, *functions, *locations, *labels;
	bool has_main; /* `to` has a MAPPING_MAIN of its own: no second one */
	VEC(struct line) lines;
	VEC(struct label) set;
};
void copier_init(struct copier *c, struct profile *to, const struct profile *from);
void copier_done(struct copier *c);
string_id copy_string(struct copier *c, string_id id);
mapping_id copy_mapping(struct copier *c, mapping_id id);
function_id copy_function(struct copier *c, function_id id);
location_id copy_location(struct copier *c, location_id id);
/* The same place with other lines, functions being of `from`; not remembered. */
location_id copy_location_lines(struct copier *c, location_id id,
				const struct line *lines, uint32_t n);
labels_id copy_labels(struct copier *c, labels_id id);
