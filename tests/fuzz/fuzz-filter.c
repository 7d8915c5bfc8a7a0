/* Filters on profiles from outside. The first four bytes choose the patterns and the times,
 * the rest is the text of perf script, or folded stacks. Patterns are not the fuzzer's:
 * regcomp(3) is not ours, and its patterns are the user's own. */
#include <stddef.h>
#include <stdint.h>

#include "use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const patterns[] = {"^f", "a|b", "main",  "[0-9]", ".*",
				       "x*", "1",   "\\.so", "_",     "no such"};

static struct profile *part_of(const struct profile *p, enum filter_by by,
			       const char *pattern)
{
	struct filter *f = filter_new();
	struct profile *part;

	if (filter_add(f, by, pattern, NULL) < 0)
		abort();
	part = profile_filter(p, f, NULL);
	if (!part)
		abort();
	filter_free(f);
	return part;
}

static __int128 sum_with_stacks(const struct profile *p)
{
	__int128 sum = 0;

	for (uint32_t i = 1; i < p->samples.n; i++)
		sum += p->samples.v[i].stack ? p->values.v[(size_t)i * p->nvalues] : 0;
	return sum;
}

/* What has a function and what has not are all. */
static void divide(const struct profile *p, const char *pattern)
{
	struct profile *with = part_of(p, FILTER_FOCUS, pattern);
	struct profile *without = part_of(p, FILTER_IGNORE, pattern);

	if (use_sum(with, 0) + use_sum(without, 0) != sum_with_stacks(p))
		abort();
	use_profile(with);
	use_times(with);
	profile_free(with);
	profile_free(without);
}

static __int128 sum_in(const struct profile *p, int64_t from, int64_t until)
{
	struct filter *f = filter_new();
	struct profile *part;
	__int128 sum;

	if (filter_time(f, from, until, NULL) < 0) {
		filter_free(f);
		return 0;
	}
	part = profile_filter(p, f, NULL);
	if (!part)
		abort();
	sum = use_sum(part, 0);
	use_times(part);
	profile_free(part);
	filter_free(f);
	return sum;
}

/* Two ranges that meet are the range of both. */
static void cut(const struct profile *p, uint8_t where)
{
	int64_t all = p->bin_ns * (int64_t)PROFILE_BINS_MAX, at = all / 256 * where;

	if (!p->bin_ns || !p->times.n || p->bin_ns > INT64_MAX / 1024)
		return;
	if (sum_in(p, 0, at) + sum_in(p, at, FILTER_TO_END) != sum_in(p, 0, all))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct profile *p, *part, *other;
	const char *text = (const char *)data + 4;
	const char *pattern;
	struct error err = {0};

	if (n < 4)
		return 0;
	n -= 4;
	p = perfscript_is(text, n) ? perfscript_read(text, n, &err)
				   : folded_read(text, n, "samples", "count", &err);
	if (!p)
		return 0;
	pattern = patterns[data[0] % ARRAY_SIZE(patterns)];
	divide(p, pattern);
	cut(p, data[1]);
	part = part_of(p, data[2] % FILTER_KINDS, pattern);
	other = part_of(part, data[3] % FILTER_KINDS,
			patterns[data[3] % ARRAY_SIZE(patterns)]);
	use_profile(part);
	use_times(other);
	use_profile(other);
	profile_free(part);
	part = profile_invert(other, NULL);
	if (use_sum(part, 0) != use_sum(other, 0))
		abort();
	use_tree(part);
	profile_free(part);
	profile_free(other);
	profile_free(p);
	return 0;
}
