/* Whether two profiles can be compared at all: what they measured, and how they were
 * sampled. A part that one of them does not tell is not held against the other. */
#include "judge-priv.h"

#include <errno.h>
#include <string.h>

static void part_add(struct text *t, const char *sep, const char *s)
{
	text_addf(t, "%s%s", t->len ? sep : "", s);
}

static void compare_part(struct alike *l, const char *what, const char *before,
			 const char *after)
{
	struct text t = {0};

	if (!*before || !*after) {
		part_add(&l->unknown, ", ", what);
		return;
	}
	if (!strcmp(before, after))
		return;
	text_addf(&t, "%s %s against %s", what, before, after);
	part_add(&l->unlike, "; ", t.s);
	text_done(&t);
}

static void compare_periods(struct alike *l, const struct diff_side *before,
			    const struct diff_side *after)
{
	const struct profile *b = before->profile, *a = after->profile;
	struct text t = {0};

	/* Counts of samples say how often was looked, not how much there was. */
	if (!diff_is_sample_count(b, before->value) ||
	    !diff_is_sample_count(a, after->value) || !b->period || !a->period ||
	    b->period == a->period)
		return;
	text_addf(&t, "a sample for each %lld %s against each %lld", (long long)b->period,
		  profile_text(b, b->period_type.unit), (long long)a->period);
	part_add(&l->unlike, "; ", t.s);
	text_done(&t);
}

static const char *type_of(const struct diff_side *s)
{
	return profile_text(s->profile, s->profile->value_types[s->value].type);
}

static const char *unit_of(const struct diff_side *s)
{
	return profile_text(s->profile, s->profile->value_types[s->value].unit);
}

static void compare_origins(struct alike *l, const struct diff_side *before,
			    const struct diff_side *after)
{
	const struct origin *b = &before->origin, *a = &after->origin;

	compare_part(l, "value", type_of(before), type_of(after));
	compare_part(l, "engine", b->engine, a->engine);
	compare_part(l, "event", b->event, a->event);
	compare_part(l, "code", b->code, a->code);
	compare_part(l, "a profile of", b->of, a->of);
	compare_part(l, "machine", b->testbed, a->testbed);
	compare_periods(l, before, after);
}

int alike_check(struct alike *l, const struct diff_side *before,
		const struct diff_side *after, bool allow_unlike, struct error *err)
{
	if (strcmp(unit_of(before), unit_of(after)) != 0) {
		error_set(err, -EINVAL,
			  "'%s' measures %s in %s, '%s' %s in %s: nothing to compare",
			  before->name, type_of(before), unit_of(before), after->name,
			  type_of(after), unit_of(after));
		error_hint(err, "--value chooses what is compared; of folded stacks "
				"--unit says what they count");
		return -EINVAL;
	}
	compare_origins(l, before, after);
	if (!l->unlike.len || allow_unlike)
		return 0;
	error_set(err, -EINVAL, "'%s' and '%s' are unlike: %s", before->name, after->name,
		  l->unlike.s);
	error_hint(err, "--allow-unlike compares them all the same, and says so");
	return -EINVAL;
}
