/* The tables that describe code: mappings, functions, locations and their lines. Where
 * the facts come from (ELF, perf, a file) is the caller's business.
 *
 * One index finds two sorts of locations. A plain one is a mapping and an address, and
 * gets its lines later. A named one comes with its lines and they belong to its identity,
 * because a file whose addresses were erased has nothing else to tell its locations
 * apart. */
#include <profd/profile.h>

#include <assert.h>
#include <string.h>

#include "profile-priv.h"

static bool mapping_equal(const void *table, uint32_t id, const void *key)
{
	const struct mapping *a = &((const struct profile *)table)->mappings.v[id];
	const struct mapping *b = key;

	return a->start == b->start && a->limit == b->limit && a->off == b->off &&
	       a->filename == b->filename && a->build_id == b->build_id &&
	       a->pid == b->pid;
}

mapping_id profile_mapping(struct profile *p, const struct mapping *m)
{
	uint32_t hash = hash_u64(m->start);
	mapping_id id;

	hash = hash_mix(hash, m->limit);
	hash = hash_mix(hash, m->off);
	hash = hash_mix(hash, (uint64_t)m->filename << 32 | m->build_id);
	hash = hash_mix(hash, m->pid);
	id = index_find(&p->mapping_index, hash, mapping_equal, p, m);
	if (id) {
		p->mappings.v[id].flags |= m->flags;
		return id;
	}
	id = p->mappings.n;
	vec_push(&p->mappings, *m);
	index_add(&p->mapping_index, hash, id);
	return id;
}

static bool function_equal(const void *table, uint32_t id, const void *key)
{
	const struct function *a = &((const struct profile *)table)->functions.v[id];
	const struct function *b = key;

	return a->name == b->name && a->system_name == b->system_name &&
	       a->filename == b->filename && a->start_line == b->start_line;
}

function_id profile_function(struct profile *p, const struct function *f)
{
	uint32_t hash = hash_u64((uint64_t)f->name << 32 | f->system_name);
	function_id id;

	hash = hash_mix(hash, (uint64_t)f->filename << 32 | f->start_line);
	id = index_find(&p->function_index, hash, function_equal, p, f);
	if (id)
		return id;
	id = p->functions.n;
	vec_push(&p->functions, *f);
	index_add(&p->function_index, hash, id);
	return id;
}

struct location_key {
	uint64_t address;
	mapping_id mapping;
	uint32_t nlines; /* 0: a plain one */
	const struct line *lines;
};

static bool location_equal(const void *table, uint32_t id, const void *key)
{
	const struct profile *p = table;
	const struct location *l = &p->locations.v[id];
	const struct location_key *k = key;
	bool named = l->flags & LOCATION_NAMED;

	if (l->mapping != k->mapping || l->address != k->address || named != !!k->nlines)
		return false;
	if (!named)
		return true;
	return l->nlines == k->nlines && !memcmp(p->lines.v + l->first_line, k->lines,
						 k->nlines * sizeof(*k->lines));
}

static location_id location_intern(struct profile *p, const struct location_key *key,
				   uint32_t flags)
{
	uint32_t hash = hash_mix(hash_u64(key->address), key->mapping);
	struct location *l;
	location_id id;

	for (uint32_t i = 0; i < key->nlines; i++)
		hash = hash_mix(hash, (uint64_t)key->lines[i].function << 32 |
					      key->lines[i].line);
	id = index_find(&p->location_index, hash, location_equal, p, key);
	if (id) {
		p->locations.v[id].flags |= flags;
		return id;
	}
	id = p->locations.n;
	l = vec_add(&p->locations);
	l->mapping = key->mapping;
	l->address = key->address;
	l->flags = flags;
	if (key->nlines)
		profile_set_lines(p, id, key->lines, key->nlines);
	index_add(&p->location_index, hash, id);
	return id;
}

location_id profile_location(struct profile *p, mapping_id mapping, uint64_t address,
			     uint32_t flags)
{
	struct location_key key = {.address = address, .mapping = mapping};

	return location_intern(p, &key, flags);
}

location_id profile_named_location(struct profile *p, mapping_id mapping,
				   uint64_t address, uint32_t flags,
				   const struct line *lines, uint32_t n)
{
	struct location_key key = {address, mapping, n, lines};

	return location_intern(p, &key, flags | LOCATION_NAMED);
}

location_id profile_label_location(struct profile *p, const char *name)
{
	struct function f = {.name = profile_string(p, name)};
	struct line line = {.function = profile_function(p, &f)};

	return profile_named_location(p, 0, 0, LOCATION_LABEL, &line, 1);
}

void profile_set_lines(struct profile *p, location_id id, const struct line *lines,
		       uint32_t n)
{
	struct location *l = &p->locations.v[id];

	assert(n > 0 && l->nlines == 0);
	l->first_line = p->lines.n;
	l->nlines = n;
	vec_reserve(&p->lines, p->lines.n + n);
	memcpy(p->lines.v + p->lines.n, lines, n * sizeof(*lines));
	p->lines.n += n;
}
