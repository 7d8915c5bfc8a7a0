/* The tournament of rings. It knows their times, not what is in them. */
#include "merge-priv.h"

#include <stdlib.h>

#include <profd/mem.h>

void merge_init(struct merge *m, size_t nrings)
{
	m->nleaves = 2;
	while (m->nleaves < nrings)
		m->nleaves *= 2;
	m->time_ns = xcalloc(m->nleaves, sizeof(*m->time_ns));
	m->winner = xcalloc(m->nleaves, sizeof(*m->winner));
	for (uint32_t i = 0; i < m->nleaves; i++)
		m->time_ns[i] = MERGE_NONE;
	/* Among equals the first wins, so each node's is its leftmost leaf. */
	for (uint32_t i = m->nleaves / 2; i < m->nleaves; i++)
		m->winner[i] = 2 * i - m->nleaves;
	for (uint32_t i = m->nleaves / 2; i-- > 1;)
		m->winner[i] = m->winner[2 * i];
}

void merge_done(struct merge *m)
{
	free(m->time_ns);
	free(m->winner);
	*m = (struct merge){0};
}

void merge_set(struct merge *m, size_t ring, uint64_t time_ns)
{
	uint32_t i = (uint32_t)(m->nleaves + ring) / 2, left = (uint32_t)ring & ~1u;

	if (m->time_ns[ring] == time_ns)
		return;
	m->time_ns[ring] = time_ns;
	m->winner[i] = left + (m->time_ns[left + 1] < m->time_ns[left]);
	for (i /= 2; i; i /= 2) {
		uint32_t a = m->winner[2 * i], b = m->winner[2 * i + 1];

		m->winner[i] = m->time_ns[b] < m->time_ns[a] ? b : a;
	}
}
