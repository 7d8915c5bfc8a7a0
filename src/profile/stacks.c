/* Stacks, label sets and samples: what is called for every sample. Nothing here allocates
 * unless a table or an index has to grow. */
#include <profd/profile.h>

#include <assert.h>
#include <string.h>

#include "profile-priv.h"

static bool stack_equal(const void *table, uint32_t id, const void *key)
{
	const struct stack_node *a = &((const struct profile *)table)->stacks.v[id];
	const struct stack_node *b = key;

	return a->parent == b->parent && a->location == b->location;
}

/* A stack's nodes are made one after the other, so most have a child that is the next
 * row: it is looked for there, and only the others are in the index. What is new costs
 * neither a search nor a slot, and known stacks are read in the order of memory. */
stack_id profile_stack(struct profile *p, stack_id parent, location_id location)
{
	struct stack_node key = {parent, location};
	stack_id id = parent + 1;
	uint32_t hash;

	if (id == p->stacks.n) {
		vec_push(&p->stacks, key);
		return id;
	}
	if (stack_equal(p, id, &key))
		return id;
	hash = hash_u64((uint64_t)parent << 32 | location);
	id = index_find(&p->stack_index, hash, stack_equal, p, &key);
	if (id)
		return id;
	id = p->stacks.n;
	vec_push(&p->stacks, key);
	index_add(&p->stack_index, hash, id);
	return id;
}

/* Labels are a set: their order in a file or call carries nothing. */
static int label_compare(const struct label *a, const struct label *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->str != b->str)
		return a->str < b->str ? -1 : 1;
	if (a->num != b->num)
		return a->num < b->num ? -1 : 1;
	if (a->unit != b->unit)
		return a->unit < b->unit ? -1 : 1;
	return 0;
}

static bool labels_equal(const void *table, uint32_t id, const void *key)
{
	const struct profile *p = table;
	const struct labels *a = &p->label_sets.v[id], *b = key;

	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (label_compare(&p->label_rows.v[a->first + i],
				  &p->label_rows.v[b->first + i]))
			return false;
	return true;
}

labels_id profile_labels(struct profile *p, const struct label *labels, uint32_t n)
{
	struct labels set = {p->label_rows.n, n};
	struct label *rows;
	uint32_t hash = 0;
	labels_id id;

	if (!n)
		return 0;
	/* The rows go to their final place first, sorted by insertion (sets are small),
	 * and are given up again when the set is known. */
	vec_reserve(&p->label_rows, p->label_rows.n + n);
	rows = p->label_rows.v + set.first;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = i;

		for (; at > 0 && label_compare(&rows[at - 1], &labels[i]) > 0; at--)
			rows[at] = rows[at - 1];
		rows[at] = labels[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		hash = hash_mix(hash, (uint64_t)rows[i].key << 32 | rows[i].str);
		hash = hash_mix(hash, (uint64_t)rows[i].num);
		hash = hash_mix(hash, rows[i].unit);
	}
	id = index_find(&p->labels_index, hash, labels_equal, p, &set);
	if (id)
		return id;
	p->label_rows.n += n;
	id = p->label_sets.n;
	vec_push(&p->label_sets, set);
	index_add(&p->labels_index, hash, id);
	return id;
}

string_id profile_label_str(const struct profile *p, labels_id labels, string_id key)
{
	const struct labels *set;

	if (!key || labels >= p->label_sets.n)
		return 0;
	set = &p->label_sets.v[labels];
	for (uint32_t i = 0; i < set->n; i++)
		if (p->label_rows.v[set->first + i].key == key)
			return p->label_rows.v[set->first + i].str;
	return 0;
}

static bool sample_equal(const void *table, uint32_t id, const void *key)
{
	const struct sample_row *a = &((const struct profile *)table)->samples.v[id];
	const struct sample_row *b = key;

	return a->stack == b->stack && a->labels == b->labels;
}

uint32_t profile_add(struct profile *p, stack_id stack, labels_id labels,
		     const int64_t *values)
{
	struct sample_row key = {stack, labels};
	uint32_t hash = hash_u64((uint64_t)stack << 32 | labels);
	uint32_t row = index_find(&p->sample_index, hash, sample_equal, p, &key);
	int64_t *sums;

	assert(p->nvalues > 0);
	if (!row) {
		row = p->samples.n;
		vec_push(&p->samples, key);
		index_add(&p->sample_index, hash, row);
		vec_reserve(&p->values, p->values.n + p->nvalues);
		memset(p->values.v + p->values.n, 0, p->nvalues * sizeof(*p->values.v));
		p->values.n += p->nvalues;
	}
	sums = p->values.v + (size_t)row * p->nvalues;
	for (unsigned i = 0; i < p->nvalues; i++)
		sums[i] = value_add(sums[i], values[i]);
	return row;
}
