/* When samples were taken: counts by row and bin of time. There are no more than
 * PROFILE_BINS_MAX bins; a longer recording has wider ones. */
#include <profd/profile.h>

#include <assert.h>
#include <string.h>

#include "profile-priv.h"

/* Entries of `times` beyond which there have to be fewer bins. */
#define TIMES_MIN (1u << 17)
#define TIMES_PER_ROW 4u

void profile_keep_times(struct profile *p, int64_t bin_ns)
{
	assert(bin_ns > 0);
	p->bin_ns = bin_ns;
}

/* Samples of a row come nearly in the order of time: what is already counted for the bin
 * is its last entry. */
static void time_count(struct profile *p, const struct time_count *c)
{
	uint32_t *latest = &p->latest_time.v[c->row];
	struct time_count *last = *latest ? &p->times.v[*latest - 1] : NULL;

	if (last && last->bin == c->bin && last->count <= UINT32_MAX - c->count) {
		last->count += c->count;
		return;
	}
	vec_push(&p->times, *c);
	*latest = p->times.n;
}

/* No more entries than before, in the same order: they are written over those that were
 * read already. */
static void times_double(struct profile *p)
{
	uint32_t n = p->times.n;

	p->bin_ns *= 2;
	p->times.n = 0;
	memset(p->latest_time.v, 0, p->latest_time.n * sizeof(*p->latest_time.v));
	for (uint32_t i = 0; i < n; i++) {
		struct time_count c = p->times.v[i];

		c.bin /= 2;
		time_count(p, &c);
	}
}

void profile_add_time(struct profile *p, uint32_t row, int64_t at_ns)
{
	if (!p->bin_ns)
		return;
	if (at_ns < 0)
		at_ns = 0;
	while (at_ns / p->bin_ns >= PROFILE_BINS_MAX && p->bin_ns <= INT64_MAX / 2)
		times_double(p);
	profile_count_time(p, row, (uint32_t)(at_ns / p->bin_ns), 1);
}

void profile_count_time(struct profile *p, uint32_t row, uint32_t bin, uint32_t count)
{
	struct time_count c = {.row = row, .bin = bin, .count = count};

	while (p->latest_time.n <= row)
		vec_push(&p->latest_time, 0);
	time_count(p, &c);
	/* In a single bin every row has one entry, so this comes to an end. */
	if (p->times.n / TIMES_PER_ROW > TIMES_MIN / TIMES_PER_ROW + p->samples.n &&
	    p->bin_ns <= INT64_MAX / 2)
		times_double(p);
}
