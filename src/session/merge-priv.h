#pragma once
/* Which of n rings is next: a tournament by time, in which among equals the ring with the
 * lower number wins. A ring that changes costs one match a level, whatever the others do;
 * asking for the winner costs nothing. One thread at a time. */
#include <stddef.h>
#include <stdint.h>

#define MERGE_NONE UINT64_MAX /* the time of a ring that has nothing */

struct merge {
	uint64_t *time_ns; /* [nleaves] */
	uint32_t *
		winner; /* [nleaves]: of the match at a node; 1 is the final, those below node i are
			    * 2 * i and 2 * i + 1, and leaf k is node nleaves + k */
	uint32_t nleaves; /* a power of two, at least 2 */
};

/* All rings begin with MERGE_NONE. */
void merge_init(struct merge *m, size_t nrings);
void merge_done(struct merge *m);
void merge_set(struct merge *m, size_t ring, uint64_t time_ns);

/* The ring with the oldest time, and that time; MERGE_NONE: no ring has any. */
static inline size_t merge_first(const struct merge *m, uint64_t *ret_time_ns)
{
	*ret_time_ns = m->time_ns[m->winner[1]];
	return m->winner[1];
}
