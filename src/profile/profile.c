/* The life of a profile, its strings and what describes it as a whole. The tables of code
 * are in code.c, stacks and samples in stacks.c.
 *
 * Strings are cleaned once, here, so that no writer has to expect a control character or
 * broken UTF-8 (a symbol name is whatever bytes a linker wrote). */
#include <profd/profile.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <profd/text.h>

#include "profile-priv.h"

struct profile *profile_new(void)
{
	struct profile *p = xcalloc(1, sizeof(*p));

	vec_push(&p->strings, "");
	vec_push(&p->string_lens, 0);
	(void)vec_add(&p->mappings);
	(void)vec_add(&p->functions);
	(void)vec_add(&p->locations);
	(void)vec_add(&p->stacks);
	(void)vec_add(&p->label_sets);
	(void)vec_add(&p->samples);
	return p;
}

struct profile *profile_free(struct profile *p)
{
	if (!p)
		return NULL;
	vec_done(&p->samples);
	vec_done(&p->values);
	vec_done(&p->comments);
	vec_done(&p->times);
	vec_done(&p->latest_time);
	index_done(&p->sample_index);
	if (p->beside) {
		free(p);
		return NULL;
	}
	vec_done(&p->strings);
	vec_done(&p->string_lens);
	vec_done(&p->mappings);
	vec_done(&p->functions);
	vec_done(&p->locations);
	vec_done(&p->lines);
	vec_done(&p->stacks);
	vec_done(&p->label_rows);
	vec_done(&p->label_sets);
	index_done(&p->string_index);
	index_done(&p->mapping_index);
	index_done(&p->function_index);
	index_done(&p->location_index);
	index_done(&p->stack_index);
	index_done(&p->labels_index);
	arena_done(&p->arena);
	free(p);
	return NULL;
}

struct profile *profile_beside(const struct profile *p)
{
	struct profile *b = xcalloc(1, sizeof(*b));

	*b = *p;
	b->beside = true;
	memset(&b->samples, 0, sizeof(b->samples));
	memset(&b->values, 0, sizeof(b->values));
	memset(&b->times, 0, sizeof(b->times));
	memset(&b->latest_time, 0, sizeof(b->latest_time));
	b->bin_ns = 0;
	memset(&b->comments, 0, sizeof(b->comments));
	memset(&b->sample_index, 0, sizeof(b->sample_index));
	b->nvalues = 0;
	b->default_sample_type = 0;
	(void)vec_add(&b->samples);
	return b;
}

struct string_key {
	const char *s;
	size_t n;
};

static bool string_equal(const void *table, uint32_t id, const void *key)
{
	const struct profile *p = table;
	const struct string_key *k = key;

	return p->string_lens.v[id] == k->n && !memcmp(p->strings.v[id], k->s, k->n);
}

static string_id string_intern(struct profile *p, const char *s, size_t n)
{
	struct string_key key = {s, n};
	uint32_t hash = hash_bytes(s, n);
	string_id id = index_find(&p->string_index, hash, string_equal, p, &key);

	if (id)
		return id;
	id = p->strings.n;
	vec_push(&p->strings, arena_strndup(&p->arena, s, n));
	vec_push(&p->string_lens, (uint32_t)n);
	index_add(&p->string_index, hash, id);
	return id;
}

string_id profile_string_n(struct profile *p, const char *s, size_t n)
{
	struct text clean = {0};
	string_id id;

	if (!n)
		return 0;
	if (text_is_clean(s, n))
		return string_intern(p, s, n);
	text_add_clean(&clean, s, n);
	id = string_intern(p, clean.s, clean.len);
	text_done(&clean);
	return id;
}

string_id profile_string(struct profile *p, const char *s)
{
	return s ? profile_string_n(p, s, strlen(s)) : 0;
}

string_id profile_find_string(const struct profile *p, const char *s)
{
	struct string_key key = {s, strlen(s)};

	if (!key.n)
		return 0;
	return index_find(&p->string_index, hash_bytes(s, key.n), string_equal, p, &key);
}

const char *profile_text(const struct profile *p, string_id id)
{
	return id < p->strings.n ? p->strings.v[id] : "";
}

void profile_value_type(struct profile *p, const char *type, const char *unit)
{
	assert(p->nvalues < PROFILE_VALUES_MAX && p->samples.n == 1);
	p->value_types[p->nvalues].type = profile_string(p, type);
	p->value_types[p->nvalues].unit = profile_string(p, unit);
	p->nvalues++;
	/* The unused row 0 of values grows along. */
	vec_push(&p->values, 0);
}

void profile_comment(struct profile *p, const char *text)
{
	vec_push(&p->comments, profile_string(p, text));
}

unsigned profile_default_value(const struct profile *p)
{
	for (unsigned i = 0; p->default_sample_type && i < p->nvalues; i++)
		if (p->value_types[i].type == p->default_sample_type)
			return i;
	return p->nvalues ? p->nvalues - 1 : 0;
}

void profile_shrink(struct profile *p, unsigned i, int64_t to, int64_t from)
{
	__int128 rest = 0;

	if (i >= p->nvalues)
		return;
	for (uint32_t row = 1; row < p->samples.n; row++) {
		int64_t *v = &p->values.v[(size_t)row * p->nvalues + i];
		__int128 exact = (__int128)*v * to + rest;

		*v = (int64_t)(exact / from);
		rest = exact % from;
	}
}

int64_t profile_total(const struct profile *p, unsigned i)
{
	int64_t total = 0;

	if (i >= p->nvalues)
		return 0;
	for (uint32_t row = 1; row < p->samples.n; row++)
		total = value_add(total, p->values.v[(size_t)row * p->nvalues + i]);
	return total;
}
