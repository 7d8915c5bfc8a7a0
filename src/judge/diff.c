/* From two profiles to their difference: whether they can be compared at all, what a
 * sample of them is worth, and what the noise of a change is. The profiles are joined in
 * join.c; what is listed comes from diff-functions.c and branches.c. */
#include "judge-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <profd/noise.h>

/* --- samples ---------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

bool diff_is_sample_count(const struct profile *p, unsigned i)
{
	const char *type = profile_text(p, p->value_types[i].type);

	return !strcmp(profile_text(p, p->value_types[i].unit), "count") &&
	       (ends_with(type, "samples") || ends_with(type, "sample"));
}

/* The value that counts the samples of @value: itself, the one in front of it, or one
 * for all. p->nvalues when there is none. */
static unsigned samples_value(const struct profile *p, unsigned value)
{
	unsigned i = 0;

	if (diff_is_sample_count(p, value))
		return value;
	if (value && diff_is_sample_count(p, value - 1))
		return value - 1;
	while (i < p->nvalues &&
	       strcmp(profile_text(p, p->value_types[i].type), "samples") != 0)
		i++;
	return i < p->nvalues && diff_is_sample_count(p, i) ? i : p->nvalues;
}

static bool is_time(const struct profile *p, const struct value_type *t)
{
	return !strcmp(profile_text(p, t->unit), "nanoseconds");
}

int64_t diff_samples(const struct profile *p, unsigned value, uint32_t row)
{
	const int64_t *v = &p->values.v[(size_t)row * p->nvalues];
	unsigned i = samples_value(p, value);

	if (i < p->nvalues)
		return v[i] > 0 ? v[i] : 0;
	if (v[value] > 0 && p->period > 1 && is_time(p, &p->period_type) &&
	    is_time(p, &p->value_types[value]))
		return v[value] / p->period +
		       (v[value] % p->period >= p->period - v[value] % p->period);
	return 0;
}

/* --- sums ------------------------------------------------------------------------- */

void diff_add(struct diff_sums *to, const struct diff_sums *from)
{
	to->before = sum_clamped(to->before, from->before);
	to->after = sum_clamped(to->after, from->after);
	to->samples_before = sum_clamped(to->samples_before, from->samples_before);
	to->samples_after = sum_clamped(to->samples_after, from->samples_after);
}

struct diff_sums diff_row(const struct diff *d, uint32_t row)
{
	const int64_t *v = &d->profile->values.v[(size_t)row * d->profile->nvalues];

	return (struct diff_sums){v[0], v[1], v[2], v[3]};
}

static double mean_weight(int64_t value, int64_t samples)
{
	return samples > 0 && value > 0 ? (double)value / (double)samples : 0;
}

void diff_weigh(const struct diff *d, struct diff_change *c)
{
	const struct diff_sums *all = &d->all.sums;
	struct noise_sum before = {c->sums.before, c->sums.samples_before,
				   mean_weight(all->before, all->samples_before)};
	struct noise_sum after = {c->sums.after, c->sums.samples_after,
				  mean_weight(all->after, all->samples_after)};

	if (__builtin_sub_overflow(c->sums.after, c->sums.before, &c->delta))
		c->delta = c->sums.after < c->sums.before ? INT64_MIN : INT64_MAX;
	c->noise = noise_between(&before, &after);
	c->significant = noise_exceeded(&before, &after);
}

/* --- normalising ------------------------------------------------------------------ */

const char *diff_normalize_text(enum diff_normalize n)
{
	switch (n) {
	case DIFF_DURATION:
		return "per second of recording";
	case DIFF_TOTAL:
		return "both totals made equal, shares alone compare";
	case DIFF_NONE:
	case DIFF_AUTO:
		break;
	}
	return "not normalised, as measured";
}

/* What ran already was recorded for a time that somebody chose; a command takes its
 * own. */
static enum diff_normalize choose(enum diff_normalize wanted,
				  const struct diff_side *before,
				  const struct diff_side *after)
{
	static const char running[] = "what ran already";

	if (wanted != DIFF_AUTO)
		return wanted;
	return !strcmp(before->origin.of, running) && !strcmp(after->origin.of, running)
		       ? DIFF_DURATION
		       : DIFF_NONE;
}

static int by_duration(struct join_side *s, const struct diff_side *side,
		       struct error *err)
{
	if (s->p->duration_ns <= 0) {
		error_set(err, -EINVAL, "'%s' does not say for how long it was recorded",
			  side->name);
		error_hint(err, "--normalize none or total does without");
		return -EINVAL;
	}
	s->num = 1000000000;
	s->den = s->p->duration_ns;
	return 0;
}

static int by_total(struct join_side *before, struct join_side *after, struct error *err)
{
	int64_t b = profile_total(before->p, before->value);
	int64_t a = profile_total(after->p, after->value);

	if (b <= 0 || a <= 0)
		return error_set(err, -EINVAL,
				 "totals of %lld and %lld cannot be made equal",
				 (long long)b, (long long)a);
	after->num = b;
	after->den = a;
	return 0;
}

static int normalize(enum diff_normalize n, const struct diff_side *sides[SIDES],
		     struct join_side joins[SIDES], struct error *err)
{
	int code = 0;

	for (unsigned i = 0; i < SIDES; i++)
		joins[i] = (struct join_side){sides[i]->profile, sides[i]->value, 1, 1};
	if (n == DIFF_TOTAL)
		return by_total(&joins[BEFORE], &joins[AFTER], err);
	for (unsigned i = 0; n == DIFF_DURATION && code == 0 && i < SIDES; i++)
		code = by_duration(&joins[i], sides[i], err);
	return code;
}

/* --- all -------------------------------------------------------------------------- */

static void comments_add(struct diff *d, const struct diff_side *s, const char *which)
{
	struct text t = {0};

	text_addf(&t, "%s: %s", which, s->name);
	profile_comment(d->profile, t.s);
	for (uint32_t i = 0; i < s->profile->comments.n; i++) {
		text_clear(&t);
		text_addf(&t, "%s: %s", which,
			  profile_text(s->profile, s->profile->comments.v[i]));
		profile_comment(d->profile, t.s);
	}
	text_done(&t);
}

static void comments(struct diff *d, const struct diff_side *before,
		     const struct diff_side *after)
{
	struct text t = {0};

	text_addf(&t, "a difference of %s, %s", profile_text(d->profile, d->type),
		  diff_normalize_text(d->normalize));
	profile_comment(d->profile, t.s);
	text_clear(&t);
	if (d->unlike.len) {
		text_addf(&t, "unlike: %s", d->unlike.s);
		profile_comment(d->profile, t.s);
	}
	text_done(&t);
	comments_add(d, before, "before");
	comments_add(d, after, "after");
}

static struct diff_end end_of(struct diff *d, const struct diff_side *s,
			      const struct join_side *j)
{
	return (struct diff_end){.name = profile_string(d->profile, s->name),
				 .duration_ns = s->profile->duration_ns,
				 .factor = (double)j->num / (double)j->den};
}

static void sum_up(struct diff *d)
{
	struct diff_sums *all = &d->all.sums;

	for (uint32_t i = 1; i < d->profile->samples.n; i++) {
		struct diff_sums row = diff_row(d, i);

		diff_add(all, &row);
	}
	d->noise_known = (all->samples_before || !all->before) &&
			 (all->samples_after || !all->after);
	diff_weigh(d, &d->all);
}

int diff_build(struct diff *d, const struct diff_side *before,
	       const struct diff_side *after, const struct diff_options *o,
	       struct error *err)
{
	const struct diff_side *sides[SIDES] = {before, after};
	struct join_side joins[SIDES];
	struct alike alike = {0};
	int code;

	memset(d, 0, sizeof(*d));
	code = alike_check(&alike, before, after, o->allow_unlike, err);
	d->unlike = alike.unlike;
	d->unknown = alike.unknown;
	d->normalize = choose(o->normalize, before, after);
	if (code == 0)
		code = normalize(d->normalize, sides, joins, err);
	if (code < 0) {
		diff_done(d);
		return code;
	}
	diff_join(d, &joins[BEFORE], &joins[AFTER]);
	d->before = end_of(d, before, &joins[BEFORE]);
	d->after = end_of(d, after, &joins[AFTER]);
	comments(d, before, after);
	sum_up(d);
	diff_list_functions(d);
	diff_find_branches(d);
	return 0;
}

void diff_done(struct diff *d)
{
	profile_free(d->profile);
	text_done(&d->unlike);
	text_done(&d->unknown);
	text_done(&d->notes);
	vec_done(&d->functions);
	flame_done(&d->tree);
	vec_done(&d->new);
	vec_done(&d->vanished);
	memset(d, 0, sizeof(*d));
}
