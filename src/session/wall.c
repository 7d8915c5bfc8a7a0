/* Where threads spend their time, on their CPU and off it: a state for each thread, and
 * rows of time by stack and state. Every nanosecond between a thread's start and its end
 * goes into exactly one row.
 *
 * On the CPU the switches say how long, the samples where: a sample stands for the time
 * on the CPU since the thread's sample before it. What comes after the last one has a
 * frame of its own.
 *
 * Off the CPU an interval has the stack of the sample that was taken as the thread left,
 * or the one that was read while it stood still. Where only one in some of these samples
 * is taken, a short interval without one is counted with the thread's next that has one;
 * a long one has been read. What is left is told as unknown.
 *
 * Where nobody tells of switches there are accounts instead (EVENT_SPENT): how much of
 * the time that has passed a thread ran, waited for a CPU and was blocked, and where it
 * stands still at the end of it. What it was blocked is shared by the places before and
 * after; where it was found running both times it waits for the next place, as short
 * intervals do.
 *
 * What a blocked thread waits for is known by the call that was read, or by the kernel's
 * functions on its stack, which have names only at the end: wall_finish decides then. */
#include "session-priv.h"

#include <string.h>

#include "blocked-priv.h"
#include <profd/clock.h>
#include <profd/text.h>

#define CARRY_MAX_NS (NSEC_PER_SEC / 20) /* longer ones have been read ten times over */
/* A sample of user code alone stands for its period; what is far more was time in the
 * kernel. */
#define CLAIM_PERIODS 2u

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

struct wall_place { /* where an interval off the CPU was spent */
	stack_id stack;
	enum unwind_stop stop;
	uint32_t state;
};

struct wall_thread {
	uint32_t pid, tid;
	uint32_t before, after; /* row + 1 of others of the process; 0: none */
	bool told; /* by accounts: not running then, placed is where it stands still */
	bool running;
	bool fresh;	   /* off the CPU, and never on it so far */
	uint64_t since_ns; /* of that */
	uint64_t start_ns;
	uint64_t pending_ns; /* on the CPU before since_ns, without a sample yet */
	bool preempted;
	bool placed; /* where is known for the present interval, or the next */
	struct wall_place place;
	bool seen; /* and this was read from outside, between these times */
	struct wall_place sight;
	uint64_t seen_begin_ns, seen_end_ns;
	uint64_t carry_ns[2]; /* short intervals without a stack: blocked, preempted */
	uint32_t comm, thread;
	labels_id labels;
};

struct wall_row {
	stack_id stack;
	labels_id labels;
	uint32_t state;
	int64_t count, ns;
};

struct wall {
	VEC(struct wall_thread) threads;
	VEC(uint32_t) unused;	   /* rows of threads, of those that have exited */
	struct map by_tid;	   /* tid -> row + 1 */
	struct map by_pid;	   /* pid -> row + 1 of its latest thread */
	VEC(struct wall_row) rows; /* row 0 is unused */
	struct index row_index;
	bool lost; /* a fork may be among what was */
	struct profile *profile;
};

struct wall *wall_new(void)
{
	struct wall *w = xcalloc(1, sizeof(*w));

	vec_add(&w->rows);
	return w;
}

struct wall *wall_free(struct wall *w)
{
	if (!w)
		return NULL;
	vec_done(&w->threads);
	vec_done(&w->unused);
	vec_done(&w->rows);
	map_done(&w->by_tid);
	map_done(&w->by_pid);
	index_done(&w->row_index);
	profile_free(w->profile);
	free(w);
	return NULL;
}

/* Times of a capture may be anything: sums end at the largest number that there is. */
static int64_t limited(uint64_t ns)
{
	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static void sum_add(int64_t *sum, uint64_t ns)
{
	if (__builtin_add_overflow(*sum, limited(ns), sum))
		*sum = INT64_MAX;
}

/* --- rows --------------------------------------------------------------------------- */

static bool row_equal(const void *table, uint32_t id, const void *key)
{
	const struct wall_row *a = &((const struct wall *)table)->rows.v[id], *b = key;

	return a->stack == b->stack && a->labels == b->labels && a->state == b->state;
}

static void row_add(struct session *ses, const struct wall_row *add)
{
	struct wall *w = ses->wall;
	uint32_t hash = hash_mix(hash_u64((uint64_t)add->stack << 32 | add->labels),
				 add->state);
	uint32_t row = index_find(&w->row_index, hash, row_equal, w, add);

	if (row) {
		w->rows.v[row].count += add->count;
		sum_add(&w->rows.v[row].ns, (uint64_t)add->ns);
		return;
	}
	vec_push(&w->rows, *add);
	index_add(&w->row_index, hash, w->rows.n - 1);
}

static stack_id label_stack(struct session *ses, const char *name)
{
	return profile_stack(ses->profile, 0, profile_label_location(ses->profile, name));
}

/* Of no CPU: a blocked thread is on none. */
static labels_id thread_labels(struct session *ses, struct wall_thread *t)
{
	struct profile *p = ses->profile;
	uint32_t comm = procs_last(ses->procs, t->pid)->comm;
	uint32_t thread = procs_thread_comm(ses->procs, t->pid, t->tid);

	if (!t->labels || t->comm != comm || t->thread != thread) {
		const struct label l[] = {
			{.key = ses->key_comm,
			 .str = profile_string(p, procs_name(ses->procs, comm))},
			{.key = ses->key_thread,
			 .str = profile_string(p, procs_name(ses->procs, thread))},
			{.key = ses->key_pid, .num = t->pid, .unit = ses->unit_id},
			{.key = ses->key_tid, .num = t->tid, .unit = ses->unit_id},
		};

		t->comm = comm;
		t->thread = thread;
		t->labels = profile_labels(p, l, ARRAY_SIZE(l));
	}
	return t->labels;
}

static void thread_add(struct session *ses, struct wall_thread *t, stack_id stack,
		       uint32_t state, int64_t count, uint64_t ns)
{
	if (ns || count)
		row_add(ses, &(struct wall_row){stack, thread_labels(ses, t), state,
						count, limited(ns)});
}

/* --- one thread --------------------------------------------------------------------- */

static struct wall_thread *thread_find(const struct wall *w, uint32_t tid)
{
	uint64_t row = map_find(&w->by_tid, tid);

	return row ? &w->threads.v[row - 1] : NULL;
}

static void thread_link(struct wall *w, uint32_t row)
{
	struct wall_thread *t = &w->threads.v[row];

	t->after = (uint32_t)map_find(&w->by_pid, t->pid);
	if (t->after)
		w->threads.v[t->after - 1].before = row + 1;
	map_put(&w->by_pid, t->pid, row + 1);
}

static void thread_unlink(struct wall *w, const struct wall_thread *t)
{
	if (t->after)
		w->threads.v[t->after - 1].before = t->before;
	if (t->before)
		w->threads.v[t->before - 1].after = t->after;
	else if (t->after)
		map_put(&w->by_pid, t->pid, t->after);
	else
		map_remove(&w->by_pid, t->pid);
}

static struct wall_thread *thread_start(struct session *ses, const struct event *e)
{
	struct wall *w = ses->wall;
	uint32_t row = w->threads.n;

	if (w->unused.n)
		row = w->unused.v[--w->unused.n];
	else
		vec_add(&w->threads);
	w->threads.v[row] = (struct wall_thread){.pid = e->pid,
						 .tid = e->tid,
						 .running = true,
						 .start_ns = e->time_ns,
						 .since_ns = e->time_ns};
	map_put(&w->by_tid, e->tid, row + 1);
	thread_link(w, row);
	ses->quality.wall.threads++;
	return &w->threads.v[row];
}

static void off_place(struct session *ses, struct wall_thread *t,
		      const struct wall_place *at, int64_t count, uint64_t ns)
{
	struct quality_wall *q = &ses->quality.wall;
	uint64_t *carry = &t->carry_ns[t->preempted];

	ns += *carry;
	*carry = 0;
	thread_add(ses, t, at->stack, at->state, count, ns);
	if (at->stop == STOP_NO_USER)
		return;
	sum_add(&q->placed_ns, ns);
	if (at->stop == STOP_END)
		sum_add(&q->complete_ns, ns);
}

static void off_unknown(struct session *ses, struct wall_thread *t, bool preempted,
			int64_t count, uint64_t ns)
{
	thread_add(ses, t,
		   label_stack(ses, preempted ? "[preempted, stack unknown]"
					      : "[blocked, stack unknown]"),
		   preempted ? WALL_QUEUED : WALL_BLOCKED, count, ns);
	if (preempted)
		sum_add(&ses->quality.wall.queue_unknown_ns, ns);
	else
		sum_add(&ses->quality.wall.unknown_ns, ns);
}

/* The interval off the CPU that began at since_ns ends. */
static void off_end(struct session *ses, struct wall_thread *t, uint64_t end_ns)
{
	uint64_t ns = end_ns > t->since_ns ? end_ns - t->since_ns : 0;
	bool sighted = t->seen && t->seen_begin_ns >= t->since_ns &&
		       t->seen_end_ns <= end_ns;

	sum_add(&ses->quality.wall.off_ns, ns);
	if (t->fresh)
		thread_add(ses, t, label_stack(ses, "[thread start]"), WALL_QUEUED, 1,
			   ns);
	else if (t->placed)
		off_place(ses, t, &t->place, 1, ns);
	else if (sighted && !t->preempted)
		off_place(ses, t, &t->sight, 1, ns);
	else if (ses->options.wall_stacks && ns < CARRY_MAX_NS)
		t->carry_ns[t->preempted] += ns;
	else
		off_unknown(ses, t, t->preempted, 1, ns);
	t->fresh = t->placed = false;
	if (t->seen && t->seen_begin_ns < end_ns)
		t->seen = false;
}

static void on_add(struct session *ses, struct wall_thread *t, uint64_t ns)
{
	t->pending_ns += ns;
	sum_add(&ses->quality.wall.on_ns, ns);
}

static void on_end(struct session *ses, struct wall_thread *t, uint64_t end_ns)
{
	on_add(ses, t, end_ns > t->since_ns ? end_ns - t->since_ns : 0);
}

/* Blocked for @ns up to now, in the middle of which the thread ran unless @still. */
static void blocked_share(struct session *ses, struct wall_thread *t, bool still,
			  uint64_t ns)
{
	bool both = t->placed && t->seen && !still;
	uint64_t after_ns = both ? ns - ns / 2 : t->placed ? 0 : ns;

	if (t->placed)
		off_place(ses, t, &t->place, 0, ns - after_ns);
	if (t->seen && (both || !t->placed))
		off_place(ses, t, &t->sight, 1, after_ns);
	if (t->placed || t->seen)
		return;
	if (t->carry_ns[0] + ns < CARRY_MAX_NS)
		t->carry_ns[0] += ns;
	else
		off_unknown(ses, t, false, 1, ns);
}

/* The clock and the scheduler's account do not agree to the microsecond. */
static void spent_add(struct session *ses, struct wall_thread *t,
		      const struct event_spent *s)
{
	uint64_t ns = s->end_ns > t->since_ns ? s->end_ns - t->since_ns : 0;
	uint64_t ran_ns = s->ran_ns < ns ? s->ran_ns : ns;
	uint64_t queued_ns = s->queued_ns < ns - ran_ns ? s->queued_ns : ns - ran_ns;

	on_add(ses, t, ran_ns);
	sum_add(&ses->quality.wall.off_ns, ns - ran_ns);
	if (queued_ns)
		off_unknown(ses, t, true, 0, queued_ns);
	blocked_share(ses, t, !s->turns, ns - ran_ns - queued_ns);
	t->since_ns += ns;
	if (t->seen)
		t->place = t->sight;
	t->placed = t->seen || (t->placed && !s->turns);
	t->seen = false;
}

static void unsampled(struct session *ses, struct wall_thread *t, uint64_t ns)
{
	thread_add(ses, t, label_stack(ses, "[running, not sampled]"), WALL_RUNNING, 0,
		   ns);
	sum_add(&ses->quality.wall.unsampled_ns, ns);
}

static void thread_end(struct session *ses, uint32_t tid, uint64_t end_ns)
{
	struct wall *w = ses->wall;
	struct wall_thread *t = thread_find(w, tid);

	if (!t)
		return;
	if (t->told)
		end_ns = t->since_ns;
	else if (t->running)
		on_end(ses, t, end_ns);
	else
		off_end(ses, t, end_ns);
	unsampled(ses, t, t->pending_ns);
	for (int preempted = 0; preempted < 2; preempted++) {
		if (t->carry_ns[preempted])
			off_unknown(ses, t, preempted, 0, t->carry_ns[preempted]);
	}
	if (end_ns > t->start_ns)
		sum_add(&ses->quality.wall.lifetime_ns, end_ns - t->start_ns);
	map_remove(&w->by_tid, tid);
	thread_unlink(w, t);
	vec_push(&w->unused, (uint32_t)(t - w->threads.v));
	t->tid = 0;
}

/* --- events ------------------------------------------------------------------------- */

/* After its exit a task is switched off its CPU once more, where events see all tasks of
 * a CPU. Only who has memory has not exited. */
static struct wall_thread *thread_of(struct session *ses, const struct event *e,
				     bool alive)
{
	struct wall_thread *t = thread_find(ses->wall, e->tid);

	if (t && t->pid == e->pid)
		return t;
	return alive ? thread_start(ses, e) : NULL;
}

static void feed_switch(struct session *ses, const struct event *e)
{
	bool alive = ses->options.reach == REACH_INHERIT || ses->wall->lost;
	struct wall_thread *t = thread_of(ses, e, alive);
	struct quality_wall *q = &ses->quality.wall;

	if (!t)
		return;
	q->switches += e->change.out;
	if (t->running != e->change.out) {
		/* One between was lost, or this is the first of a thread. */
		q->contradictions += e->time_ns != t->start_ns;
		return;
	}
	if (e->change.out)
		on_end(ses, t, e->time_ns);
	else
		off_end(ses, t, e->time_ns);
	t->running = !e->change.out;
	t->since_ns = e->time_ns;
	t->preempted = e->change.preempt;
	if (t->running)
		return;
	if (t->placed && t->preempted)
		t->place.state = WALL_QUEUED;
}

static void feed_spent(struct session *ses, const struct event *e)
{
	struct wall_thread *t = thread_of(ses, e, true);

	if (!t->told) {
		t->told = true;
		t->running = t->fresh = false;
		t->start_ns = t->since_ns = e->spent.begin_ns;
	}
	ses->quality.wall.switches += e->spent.turns;
	spent_add(ses, t, &e->spent);
}

/* An exec by a thread that is not the first one makes it that: the others are gone
 * without an exit. */
static void feed_exec(struct session *ses, const struct event *e)
{
	struct wall *w = ses->wall;
	uint64_t row = map_find(&w->by_pid, e->pid);

	while (row) {
		const struct wall_thread *t = &w->threads.v[row - 1];

		row = t->after;
		if (t->tid != e->tid)
			thread_end(ses, t->tid, e->time_ns);
	}
	if (!thread_find(w, e->tid))
		thread_start(ses, e);
}

void wall_feed(struct session *ses, const struct event *e)
{
	struct wall_thread *t;

	switch (e->type) {
	case EVENT_FORK:
		thread_end(ses, e->tid, e->time_ns);
		t = thread_start(ses, e);
		t->running = false;
		t->fresh = true;
		break;
	case EVENT_EXIT:
		thread_end(ses, e->tid, e->time_ns);
		break;
	case EVENT_COMM:
		/* Where there are accounts each exit is told. */
		if (e->comm.exec && ses->options.reach != REACH_TREE)
			feed_exec(ses, e);
		break;
	case EVENT_SWITCH:
		feed_switch(ses, e);
		break;
	case EVENT_SPENT:
		feed_spent(ses, e);
		break;
	case EVENT_LOST:
		ses->wall->lost = true;
		break;
	default:
		break;
	}
}

void wall_switched(struct session *ses, const struct event *e, stack_id stack,
		   enum unwind_stop stop)
{
	struct wall_thread *t = thread_of(ses, e, e->sample.regs_abi);

	if (e->sample.period > ses->quality.wall.one_in)
		ses->quality.wall.one_in = e->sample.period;
	/* A little late, it is of the interval that has just begun. */
	if (!t || (!t->running && t->since_ns != e->time_ns))
		return;
	t->place = (struct wall_place){stack, stop, WALL_BLOCKED};
	if (!t->running && t->preempted)
		t->place.state = WALL_QUEUED;
	t->placed = true;
}

void wall_blocked(struct session *ses, const struct event *e, stack_id stack,
		  enum unwind_stop stop)
{
	struct wall_thread *t = thread_of(ses, e, true);
	const struct event_blocked *b = &e->blocked;

	t->seen = true;
	t->sight = (struct wall_place){stack, stop, WALL_BLOCKED + b->call};
	t->seen_begin_ns = b->begin_ns;
	t->seen_end_ns = e->time_ns;
}

int64_t wall_claim(struct session *ses, const struct event *e, labels_id *ret_labels)
{
	struct wall_thread *t = thread_of(ses, e, e->sample.regs_abi);
	uint64_t ns, most = ses->options.period * CLAIM_PERIODS;

	if (!t)
		return -1;
	if (t->running && e->time_ns > t->since_ns) {
		on_end(ses, t, e->time_ns);
		t->since_ns = e->time_ns;
	}
	ns = t->pending_ns;
	t->pending_ns = 0;
	if (ses->options.user_only && ses->options.clock && most && ns > most) {
		unsampled(ses, t, ns - most);
		ns = most;
	}
	*ret_labels = thread_labels(ses, t);
	return limited(ns);
}

void wall_count(struct session *ses, stack_id stack, labels_id labels, int64_t ns)
{
	row_add(ses, &(struct wall_row){stack, labels, WALL_RUNNING, 1, ns});
}

/* --- the end ------------------------------------------------------------------------ */

void wall_close(struct session *ses, uint64_t end_ns)
{
	struct wall *w = ses->wall;

	for (uint32_t i = 0; i < w->threads.n; i++) {
		struct wall_thread *t = &w->threads.v[i];
		uint64_t last_ns = t->since_ns > end_ns ? t->since_ns : end_ns;

		/* A capture that was cut off: as far as is known it still stands
		 * there. */
		if (t->tid && t->told)
			spent_add(ses, t, &(struct event_spent){.end_ns = last_ns});
		if (t->tid)
			thread_end(ses, t->tid, last_ns);
	}
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
	sum_add(&ses->quality.wall.state_ns[r->state], (uint64_t)r->ns);
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
