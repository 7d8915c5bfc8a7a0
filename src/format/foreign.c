/* What readers of other people's files share: which code is the kernel's, or generated,
 * where only the name of its file tells; and when samples were taken, kept until the last
 * is known, since how wide a bin of time is depends on all. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* x86-64 and aarch64 kernels have the upper half of the addresses. JIT code is known by
 * the names of perf and of V8. */
uint32_t mapping_kind(const char *name, uint64_t address)
{
	const char *base = base_name(name);

	if (!strcmp(name, "[vsyscall]"))
		return 0;
	if (starts_with(name, "[kernel") || starts_with(name, "[guest.kernel") ||
	    !strcmp(name, "[k]") || address >> 63)
		return MAPPING_KERNEL;
	if (starts_with(name, "//anon") || starts_with(name, "[anon") ||
	    starts_with(base, "perf-") || starts_with(base, "jitted-") ||
	    starts_with(name, "/memfd:") || starts_with(name, "[JIT"))
		return MAPPING_JIT;
	return 0;
}

/* Readers of pprof take a system_name that equals the name for a mangled one, and shorten
 * what they take for templates and arguments: none stops them. */
string_id system_name(const struct profile *p, string_id name)
{
	return strpbrk(profile_text(p, name), "<(") ? 0 : name;
}

/* --- moments ------------------------------------------------------------------------ */

/* How much of a bin a row had it for. */
struct piece {
	uint32_t row, bin;
	int64_t ns;
};
/* What a row has had for all of a bin counts as so many samples. */
#define PIECES_PER_BIN 100

/* 1, 2 or 5 and zeros: the narrowest bins of which there are not too many. */
static int64_t bin_for(uint64_t range_ns)
{
	static const int64_t steps[] = {1, 2, 5};

	for (int64_t ten = 1;; ten *= 10) {
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			if (range_ns / (uint64_t)(ten * steps[i]) < PROFILE_BINS_MAX)
				return ten * steps[i];
		}
	}
}

static int by_row(const void *pa, const void *pb)
{
	const struct piece *a = pa, *b = pb;

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->bin < b->bin ? -1 : a->bin > b->bin;
}

void moments_add(struct moments *m, uint32_t row, int64_t at_ns, int64_t for_ns)
{
	vec_push(&m->all, ((struct moment){row, at_ns, for_ns}));
}

static bool moments_span(const struct moments *m, int64_t *ret_first_ns,
			 int64_t *ret_end_ns)
{
	int64_t first = INT64_MAX, end = INT64_MIN;

	for (uint32_t i = 0; i < m->all.n; i++) {
		const struct moment *at = &m->all.v[i];

		if (at->at_ns < first)
			first = at->at_ns;
		if (at->at_ns + at->for_ns > end)
			end = at->at_ns + at->for_ns;
	}
	if (!m->all.n)
		return false;
	*ret_first_ns = first;
	*ret_end_ns = end;
	return true;
}

void moments_done(struct moments *m)
{
	vec_done(&m->all);
}

static void keep_pieces(struct profile *p, struct piece *v, uint32_t n)
{
	if (n)
		qsort(v, n, sizeof(*v), by_row);
	for (uint32_t i = 0, next; i < n; i = next) {
		__int128 sum = 0;
		int64_t count;

		for (next = i; next < n && !by_row(&v[next], &v[i]); next++)
			sum += v[next].ns;
		count = (int64_t)(sum * PIECES_PER_BIN / p->bin_ns);
		profile_count_time(p, v[i].row, v[i].bin,
				   count < 1		? 1
				   : count > UINT32_MAX ? UINT32_MAX
							: (uint32_t)count);
	}
}

static void keep_from(struct moments *m, struct profile *p, int64_t start_ns,
		      int64_t end_ns)
{
	VEC(struct piece) pieces = {0};

	profile_keep_times(p, bin_for((uint64_t)end_ns - (uint64_t)start_ns));
	for (uint32_t i = 0; i < m->all.n; i++) {
		const struct moment *at = &m->all.v[i];
		uint64_t from = (uint64_t)at->at_ns - (uint64_t)start_ns;
		uint64_t bin_ns = (uint64_t)p->bin_ns, left = (uint64_t)at->for_ns;

		if (!left)
			profile_count_time(p, at->row, (uint32_t)(from / bin_ns), 1);
		while (left) {
			uint64_t room = bin_ns - from % bin_ns;
			uint64_t part = left < room ? left : room;

			vec_push(&pieces,
				 ((struct piece){at->row, (uint32_t)(from / bin_ns),
						 (int64_t)part}));
			from += part;
			left -= part;
		}
	}
	keep_pieces(p, pieces.v, pieces.n);
	vec_done(&pieces);
}

void moments_keep(struct moments *m, struct profile *p)
{
	int64_t first, end, start, late;

	if (!moments_span(m, &first, &end))
		return;
	start = first;
	if (p->time_ns > 0 && !__builtin_sub_overflow(first, p->time_ns, &late) &&
	    late >= 0 && late <= p->duration_ns)
		start = p->time_ns;
	keep_from(m, p, start, end);
	if (!p->duration_ns && __builtin_sub_overflow(end, start, &p->duration_ns))
		p->duration_ns = INT64_MAX;
}
