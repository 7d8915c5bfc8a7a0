#pragma once
/* What every reader's fuzz target does with a profile that was accepted. */
#include <stdlib.h>
#include <string.h>

#include <profd/filter.h>
#include <profd/format.h>
#include <profd/text.h>

static inline __int128 use_sum(const struct profile *p, unsigned value)
{
	__int128 sum = 0;

	for (uint32_t i = 1; i < p->samples.n; i++)
		sum += p->values.v[(size_t)i * p->nvalues + value];
	return sum;
}

/* It must be writable in every format, and pprof must read it again with its sums. */
static inline void use_profile(const struct profile *p)
{
	unsigned value = profile_default_value(p);
	struct text t = {0}, other = {0};
	struct profile *again;
	struct sink_text out;
	struct top top;

	sink_text_init(&out, &t);
	pprof_write(p, &out.sink);
	again = pprof_read(text_get(&t), t.len, (size_t)256 << 20, NULL);
	if (!again || again->nvalues != p->nvalues ||
	    use_sum(again, value) != use_sum(p, value))
		abort();
	profile_free(again);
	sink_text_init(&out, &other);
	folded_write(p, true, &out.sink);
	svg_write(p, &(struct flame_options){.title = "x", .max_boxes = 100}, &out.sink);
	speedscope_write(p, value, "x", &out.sink);
	top_build(&top, p, value);
	top_done(&top);
	text_done(&t);
	text_done(&other);
}

static inline void use_tree(const struct profile *p)
{
	struct calltree_options o = {.style = {.columns = 50}, .min_percent = 1};
	struct text t = {0};
	struct sink_text out;
	struct flame f;

	sink_text_init(&out, &t);
	flame_build(&f, p, profile_default_value(p));
	calltree_write(p, &f, profile_default_value(p), &o, &out.sink);
	flame_done(&f);
	text_done(&t);
}

/* Its times are in the bins that there may be, of rows that there are. */
static inline void use_times(const struct profile *p)
{
	for (uint32_t i = 0; i < p->times.n; i++) {
		const struct time_count *c = &p->times.v[i];

		if (!c->count || c->bin >= PROFILE_BINS_MAX || c->row >= p->samples.n)
			abort();
	}
}
