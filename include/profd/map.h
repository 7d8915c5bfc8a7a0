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
/* The row id, or 0. */
uint32_t index_find(const struct index *ix, uint32_t hash, index_equal equal,
		    const void *table, const void *key);
void index_add(struct index *ix, uint32_t hash, uint32_t id);
void index_done(struct index *ix);

uint32_t hash_u64(uint64_t x);
uint32_t hash_bytes(const void *p, size_t n);
static inline uint32_t hash_mix(uint32_t h, uint64_t x)
{
	return hash_u64(x ^ ((uint64_t)h << 32 | h));
}
