/* The part of a range of time. Counts are known by bin: a bin that the range cuts is
 * divided at that place. What of a value lies before a point of time is computed from the
 * counts before it, and a range has the difference of two such figures: so ranges that
 * meet lose nothing and count nothing twice. */
#include "filter-priv.h"

/* A bin's count in 2^16 parts: sums of 2^47 samples still fit. */
#define PARTS_SHIFT 16

/* How many parts of a bin's count lie before @at_ns. */
static uint64_t parts_before(const struct profile *p, const struct time_count *c,
			     int64_t at_ns)
{
	__int128 in = (__int128)at_ns - (__int128)c->bin * p->bin_ns;

	if (in <= 0)
		return 0;
	if (in >= p->bin_ns)
		return (uint64_t)c->count << PARTS_SHIFT;
	return (uint64_t)c->count * (uint64_t)((in << PARTS_SHIFT) / p->bin_ns);
}

void sieve_shares(struct sieve *s)
{
	const struct profile *p = s->p;

	s->shares = xcalloc(p->samples.n, sizeof(*s->shares));
	for (uint32_t i = 0; i < p->times.n; i++) {
		const struct time_count *c = &p->times.v[i];
		struct share *share = &s->shares[c->row];

		share->before += parts_before(p, c, s->f->from_ns);
		share->until += parts_before(p, c, s->f->to_ns);
		share->all += (uint64_t)c->count << PARTS_SHIFT;
	}
}

int64_t share_of(const struct share *share, int64_t value)
{
	__int128 before = (__int128)value * share->before / share->all;
	__int128 until = (__int128)value * share->until / share->all;

	return (int64_t)(until - before);
}

static uint32_t first_bin(const struct sieve *s)
{
	int64_t bin = s->f->timed ? s->f->from_ns / s->p->bin_ns : 0;

	return bin < PROFILE_BINS_MAX ? (uint32_t)bin : PROFILE_BINS_MAX;
}

/* The start moves by whole bins; how long the part lasts is known to the nanosecond, if
 * the profile's end is known. */
static void move_start(const struct sieve *s, struct profile *part)
{
	const struct filter *f = s->f;
	int64_t end = f->to_ns;

	if (!f->timed)
		return;
	if (part->time_ns)
		part->time_ns = value_add(part->time_ns,
					  f->from_ns - f->from_ns % s->p->bin_ns);
	if (s->p->duration_ns > 0 && end > s->p->duration_ns)
		end = s->p->duration_ns;
	if (end == FILTER_TO_END)
		part->duration_ns = 0;
	else
		part->duration_ns = end > f->from_ns ? end - f->from_ns : 0;
}

static uint32_t count_inside(const struct sieve *s, const struct time_count *c)
{
	uint64_t parts;

	if (!s->f->timed)
		return c->count;
	parts = parts_before(s->p, c, s->f->to_ns) - parts_before(s->p, c, s->f->from_ns);
	/* Something of it is in: at least one. */
	return parts ? (uint32_t)((parts + (1u << PARTS_SHIFT) - 1) >> PARTS_SHIFT) : 0;
}

void sieve_times(const struct sieve *s, struct profile *part)
{
	const struct profile *p = s->p;
	uint32_t first;

	if (!p->bin_ns)
		return;
	first = first_bin(s);
	profile_keep_times(part, p->bin_ns);
	move_start(s, part);
	for (uint32_t i = 0; i < p->times.n; i++) {
		const struct time_count *c = &p->times.v[i];
		uint32_t count = s->rows[c->row] ? count_inside(s, c) : 0;

		if (count)
			profile_count_time(part, s->rows[c->row], c->bin - first, count);
	}
}
