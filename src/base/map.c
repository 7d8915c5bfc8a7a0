/* Hash tables with linear probing, at most 3/4 full. */
#include <profd/map.h>

#include <string.h>

#include <profd/mem.h>

uint32_t hash_bytes(const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = 0x9e3779b97f4a7c15ull ^ n;

	for (; n >= 8; s += 8, n -= 8) {
		uint64_t w;

		memcpy(&w, s, 8);
		h = hash_mix64(h ^ w);
	}
	if (n) {
		uint64_t w = 0;

		memcpy(&w, s, n);
		h = hash_mix64(h ^ w);
	}
	return (uint32_t)(h ^ (h >> 32));
}

/* --- map ------------------------------------------------------------------------- */

static struct map_slot *map_slot_of(const struct map *m, uint64_t key)
{
	uint32_t i = hash_u64(key) & m->mask;

	while (m->slots[i].value && m->slots[i].key != key)
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

uint64_t map_find(const struct map *m, uint64_t key)
{
	return m->slots ? map_slot_of(m, key)->value : 0;
}

static void map_resize(struct map *m, uint32_t nslots)
{
	struct map old = *m;

	m->slots = xcalloc(nslots, sizeof(*m->slots));
	m->mask = nslots - 1;
	for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i].value)
			*map_slot_of(m, old.slots[i].key) = old.slots[i];
	}
	free(old.slots);
}

void map_put(struct map *m, uint64_t key, uint64_t value)
{
	struct map_slot *slot;

	if (!m->slots || m->n + 1 > (m->mask + 1) / 4 * 3)
		map_resize(m, m->slots ? (m->mask + 1) * 2 : 16);
	slot = map_slot_of(m, key);
	m->n += !slot->value;
	slot->key = key;
	slot->value = value;
}

void map_remove(struct map *m, uint64_t key)
{
	struct map_slot *hole;
	uint32_t i;

	if (!m->slots)
		return;
	hole = map_slot_of(m, key);
	if (!hole->value)
		return;
	hole->value = 0;
	m->n--;
	/* What was pushed past the hole by probing moves back, or it would not be
	 * found. */
	for (i = (uint32_t)(hole - m->slots + 1) & m->mask; m->slots[i].value;
	     i = (i + 1) & m->mask) {
		struct map_slot moved = m->slots[i];

		m->slots[i].value = 0;
		*map_slot_of(m, moved.key) = moved;
	}
}

void map_done(struct map *m)
{
	free(m->slots);
	memset(m, 0, sizeof(*m));
}

/* --- index ----------------------------------------------------------------------- */

static void index_insert(struct index *ix, struct index_slot slot)
{
	uint32_t i = slot.hash & ix->mask;

	while (ix->slots[i].id)
		i = (i + 1) & ix->mask;
	ix->slots[i] = slot;
}

void index_add(struct index *ix, uint32_t hash, uint32_t id)
{
	struct index old = *ix;

	if (!ix->slots || ix->n + 1 > (ix->mask + 1) / 4 * 3) {
		uint32_t nslots = ix->slots ? (ix->mask + 1) * 2 : 16;

		ix->slots = xcalloc(nslots, sizeof(*ix->slots));
		ix->mask = nslots - 1;
		for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
			if (old.slots[i].id)
				index_insert(ix, old.slots[i]);
		}
		free(old.slots);
	}
	index_insert(ix, (struct index_slot){.hash = hash, .id = id});
	ix->n++;
}

void index_done(struct index *ix)
{
	free(ix->slots);
	memset(ix, 0, sizeof(*ix));
}
