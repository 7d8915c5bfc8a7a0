/* Several outcomes as one, for a report of all shards of a build or of all its programs. It
 * does not judge anew: each metric keeps the verdict of the run that it is of. */
#include "outcome-view.h"

#include <math.h>
#include <string.h>

static int status_weight(int status)
{
	static const int order[] = {0, 3, 1, 4, 2}; /* later ones win */

	for (int i = 0; i < (int)ARRAY_SIZE(order); i++)
		if (status == order[i])
			return i;
	return (int)ARRAY_SIZE(order);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static double sum(double a, double b)
{
	return isfinite(a) && isfinite(b) ? a + b : isfinite(a) ? a : b;
}

static void join_one(struct outcome *o, const struct outcome *x)
{
	if (view_weight(x->verdict) > view_weight(o->verdict))
		o->verdict = x->verdict;
	if (x->effect > o->effect)
		o->effect = x->effect;
	if (status_weight(x->exit_status) > status_weight(o->exit_status))
		o->exit_status = x->exit_status;
	if (x->start_ns && (!o->start_ns || x->start_ns < o->start_ns))
		o->start_ns = x->start_ns;
	if (x->end_ns > o->end_ns)
		o->end_ns = x->end_ns;
	o->plan.planned_s = sum(o->plan.planned_s, x->plan.planned_s);
	o->plan.spent_s = sum(o->plan.spent_s, x->plan.spent_s);
	o->plan.family += x->plan.family;
	if (!o->nlimit_changes) {
		o->limit_changes = x->limit_changes;
		o->nlimit_changes = x->nlimit_changes;
	}
}

static void join_workloads(struct outcome *o, const struct outcome *v, size_t n)
{
	struct outcome_workload *all;
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += v[i].nworkloads;
	all = count ? arena_alloc(&o->arena, count * sizeof(*all)) : NULL;
	o->workloads = all;
	o->nworkloads = count;
	for (size_t i = 0; i < n; i++) {
		if (v[i].nworkloads)
			memcpy(all, v[i].workloads, v[i].nworkloads * sizeof(*all));
		all += v[i].nworkloads;
	}
}

/* What keeps runs from being one comes first. */
static void join_notes(struct outcome *o, const struct outcome *v, size_t n)
{
	bool machines = false, programs = false;
	uint32_t count = 3;
	const char **notes;

	for (size_t i = 0; i < n; i++) {
		count += v[i].nnotes;
		machines |= !same(v[i].environment.testbed, v[0].environment.testbed);
		programs |= !same(v[i].head.commit, v[0].head.commit) ||
			    !same(v[i].base.commit, v[0].base.commit);
	}
	notes = arena_alloc(&o->arena, count * sizeof(*notes));
	o->notes = notes;
	o->nnotes = 0;
	if (programs)
		notes[o->nnotes++] = "The joined runs are of different commits: those of "
				     "the first one are shown.";
	if (machines)
		notes[o->nnotes++] = "The joined runs were made on different testbeds: "
				     "that of the first one is shown.";
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < v[i].nnotes; k++)
			notes[o->nnotes++] = v[i].notes[k];
}

void outcome_join(const struct outcome *v, size_t n, struct outcome *ret)
{
	*ret = v[0];
	ret->arena = (struct arena){0};
	for (size_t i = 1; i < n; i++)
		join_one(ret, &v[i]);
	join_workloads(ret, v, n);
	join_notes(ret, v, n);
}
