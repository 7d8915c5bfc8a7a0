/* What threads waited for, and the profile of their time. By the call that was read where
 * a thread stood still; or by the kernel's functions on its stack, which have names only
 * at the end. */
#include "wall-priv.h"

#include <string.h>

#include <profd/text.h>

static const char *const state_names[WALL_STATES] = {
	[WALL_RUNNING] = "running",
	[WALL_QUEUED] = "run queue",
	[WALL_BLOCKED + WAIT_UNKNOWN] = "blocked",
	[WALL_BLOCKED + WAIT_FUTEX] = "futex",
	[WALL_BLOCKED + WAIT_SLEEP] = "sleep",
	[WALL_BLOCKED + WAIT_IO] = "io",
	[WALL_BLOCKED + WAIT_POLL] = "poll",
	[WALL_BLOCKED + WAIT_CHILD] = "child",
	[WALL_BLOCKED + WAIT_SIGNAL] = "signal",
	[WALL_BLOCKED + WAIT_OTHER] = "other",
};

const char *wall_state_name(unsigned state)
{
	return state < WALL_STATES ? state_names[state] : "?";
}

const char *wall_method(bool stacks, enum reach reach)
{
	return stacks		     ? "switch-samples"
	       : reach == REACH_TREE ? "schedstat"
				     : "switch-records";
}

/* The kernel's function at @stack's end; NULL: it is none. */
static const char *kernel_name(const struct profile *p, stack_id stack)
{
	const struct location *l = &p->locations.v[p->stacks.v[stack].location];

	if (!stack || !(l->flags & LOCATION_KERNEL) || !l->nlines)
		return NULL;
	return profile_text(p, p->functions.v[p->lines.v[l->first_line].function].name);
}

/* The functions that switch are the same on all stacks, and tell nothing. */
static stack_id without_scheduler(const struct profile *p, stack_id stack)
{
	const char *name = kernel_name(p, stack);

	while (name && call_is_scheduler(name)) {
		stack = p->stacks.v[stack].parent;
		name = kernel_name(p, stack);
	}
	return stack;
}

static uint32_t state_by_kernel(const struct profile *p, stack_id stack)
{
	const char *name;
	bool in_kernel = false;

	while ((name = kernel_name(p, stack))) {
		enum wait_call call = call_of_function(name);

		if (call)
			return WALL_BLOCKED + call;
		in_kernel |= strcmp(name, "[kernel]") != 0;
		stack = p->stacks.v[stack].parent;
	}
	return WALL_BLOCKED + (in_kernel ? WAIT_OTHER : WAIT_UNKNOWN);
}

static bool is_label(const struct profile *p, stack_id stack)
{
	return p->locations.v[p->stacks.v[stack].location].flags & LOCATION_LABEL;
}

/* The row as it is shown: the state as the leaf, and as a label. */
static void row_show(struct session *ses, struct wall_row *r)
{
	struct profile *p = ses->profile;
	struct label l[8];
	struct labels set;
	uint32_t n = 0;

	if (r->state != WALL_RUNNING)
		r->stack = without_scheduler(p, r->stack);
	if (r->state == WALL_BLOCKED && !is_label(p, r->stack))
		r->state = state_by_kernel(p, r->stack);
	set = p->label_sets.v[r->labels];
	for (; n < set.n && n < ARRAY_SIZE(l) - 1; n++)
		l[n] = p->label_rows.v[set.first + n];
	l[n++] = (struct label){.key = profile_string(p, "state"),
				.str = profile_string(p, state_names[r->state])};
	r->labels = profile_labels(p, l, n);
	if (r->state != WALL_RUNNING &&
	    !(r->state == WALL_BLOCKED && is_label(p, r->stack))) {
		_cleanup_free_ char *name = xasprintf("[off-cpu: %s]",
						      state_names[r->state]);

		r->stack = profile_stack(p, r->stack, profile_label_location(p, name));
	}
	wall_sum(&ses->quality.wall.state_ns[r->state], (uint64_t)r->ns);
}

void wall_name(struct session *ses)
{
	for (uint32_t i = 1; i < ses->wall->rows.n; i++)
		row_show(ses, &ses->wall->rows.v[i]);
}

void wall_finish(struct session *ses)
{
	static const char *const types[][2] = {{"samples", "count"},
					       {"wall", "nanoseconds"},
					       {"cpu", "nanoseconds"},
					       {"off_cpu", "nanoseconds"}};
	struct wall *w = ses->wall;
	struct profile *p = ses->profile, *v;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		profile_string(p, types[i][0]);
	profile_string(p, "nanoseconds");
	v = w->profile = profile_beside(p);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		profile_value_type(v, types[i][0], types[i][1]);
	v->default_sample_type = v->value_types[1].type;
	v->period_type = v->value_types[1];
	v->period = 1;
	for (uint32_t i = 1; i < w->rows.n; i++) {
		const struct wall_row *r = &w->rows.v[i];
		bool on = r->state == WALL_RUNNING;
		const int64_t values[] = {r->count, r->ns, on ? r->ns : 0,
					  on ? 0 : r->ns};

		profile_add(v, r->stack, r->labels, values);
	}
	for (uint32_t i = 0; i < p->comments.n; i++)
		vec_push(&v->comments, p->comments.v[i]);
}

const struct profile *session_wall(const struct session *ses)
{
	return ses->wall ? ses->wall->profile : NULL;
}

#define UNKNOWN_MANY 20 /* one in so many of the time off the CPU */

void wall_warn(const struct quality *q, struct quality_warnings *ret)
{
	const struct quality_wall *w = &q->wall;
	int64_t blocked = w->off_ns - w->state_ns[WALL_QUEUED];

	if (!w->threads)
		return;
	if ((double)w->unknown_ns * UNKNOWN_MANY > (double)blocked)
		quality_warnf(ret,
			      "of %.0f %% of the time blocked it is not known where: %s",
			      100 * (double)w->unknown_ns / (double)blocked,
			      w->stacks ? "threads were switched faster than they could "
					  "be sampled"
			      : q->reach == REACH_TREE
				      ? "threads are looked at now and then, and what is "
					"short is met by chance"
				      : "as an ordinary user profd sees only blocks "
					"that last for some milliseconds; run as root "
					"or with CAP_PERFMON");
	if (w->contradictions * 100 > w->switches)
		quality_warnf(
			ret,
			"%llu of %llu context switches were lost: the times off the "
			"CPU are rough",
			(unsigned long long)w->contradictions,
			(unsigned long long)w->switches);
}
