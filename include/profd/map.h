#pragma once
/* Two hash tables, both open addressing with linear probing, zeroed to start, no deletion
 * of single keys except map_remove.
 *
 * `map`: uint64_t key -> non-zero uint64_t value (0 is "absent"). `index`: finds rows of
 * a table the caller owns. It stores (hash, row id) pairs only; the caller compares. Ids
 * start at 1. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_slot {
		uint64_t key, value;
	} * slots;
	uint32_t n, mask; /* mask + 1 slots, or none at all when slots is NULL */
};
uint64_t map_find(const struct map *m, uint64_t key); /* 0: absent */
void map_put(struct map *m, uint64_t key, uint64_t value);
void map_remove(struct map *m, uint64_t key);
void map_done(struct map *m);

struct index {
	struct index_slot {
		uint32_t hash, id;
	} * slots;
	uint32_t n, mask;
};
/* True when row @id of @table is the one that @key means. */
typedef bool (*index_equal)(const void *table, uint32_t id, const void *key);
/* The row id, or 0. Inline, so that @equal is, too: it is asked for every frame. */
static inline uint32_t index_find(const struct index *ix, uint32_t hash,
				  index_equal equal, const void *table, const void *key)
{
	uint32_t i = hash & ix->mask;

	if (!ix->slots)
		return 0;
	for (; ix->slots[i].id; i = (i + 1) & ix->mask) {
		if (ix->slots[i].hash == hash && equal(table, ix->slots[i].id, key))
			return ix->slots[i].id;
	}
	return 0;
}
void index_add(struct index *ix, uint32_t hash, uint32_t id);
void index_done(struct index *ix);

/* The finalizer of MurmurHash3 (public domain, A. Appleby), which passes on every input
 * bit to every output bit. */
static inline uint64_t hash_mix64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ (x >> 33);
}
static inline uint32_t hash_u64(uint64_t x)
{
	return (uint32_t)hash_mix64(x);
}
uint32_t hash_bytes(const void *p, size_t n);
static inline uint32_t hash_mix(uint32_t h, uint64_t x)
{
	return hash_u64(x ^ ((uint64_t)h << 32 | h));
}
