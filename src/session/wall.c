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
 * intervals do. Samples come at moments then that have nothing to do with what the thread
 * has run since its last one: half of that goes to each of the two, or the end of all
 * turns would have more than its part.
 *
 * How all this is shown is for wall-states.c. */
#include "wall-priv.h"

#include <string.h>

#include <profd/clock.h>

#define CARRY_MAX_NS (NSEC_PER_SEC / 20) /* longer ones have been read ten times over */
/* A sample of user code alone stands for its period; what is far more was time in the
 * kernel. */
#define CLAIM_PERIODS 2u
/* Of samples at chance moments few are farther apart than this: the thread could not be
 * sampled. */
#define CHANCE_PERIODS 8u

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
		wall_sum(&w->rows.v[row].ns, (uint64_t)add->ns);
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
						count, wall_limited(ns)});
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
	wall_sum(&q->placed_ns, ns);
	if (at->stop == STOP_END)
		wall_sum(&q->complete_ns, ns);
}

static void off_unknown(struct session *ses, struct wall_thread *t, bool preempted,
			int64_t count, uint64_t ns)
{
	thread_add(ses, t,
		   label_stack(ses, preempted ? "[preempted, stack unknown]"
					      : "[blocked, stack unknown]"),
		   preempted ? WALL_QUEUED : WALL_BLOCKED, count, ns);
	if (preempted)
		wall_sum(&ses->quality.wall.queue_unknown_ns, ns);
	else
		wall_sum(&ses->quality.wall.unknown_ns, ns);
}

/* The interval off the CPU that began at since_ns ends. */
static void off_end(struct session *ses, struct wall_thread *t, uint64_t end_ns)
{
	uint64_t ns = end_ns > t->since_ns ? end_ns - t->since_ns : 0;
	bool sighted = t->seen && t->seen_begin_ns >= t->since_ns &&
		       t->seen_end_ns <= end_ns;

	wall_sum(&ses->quality.wall.off_ns, ns);
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
	wall_sum(&ses->quality.wall.on_ns, ns);
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
	wall_sum(&ses->quality.wall.off_ns, ns - ran_ns);
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
	wall_sum(&ses->quality.wall.unsampled_ns, ns);
}

static void sampled_add(struct session *ses, stack_id stack, labels_id labels,
			int64_t count, uint64_t ns)
{
	row_add(ses,
		&(struct wall_row){stack, labels, WALL_RUNNING, count, wall_limited(ns)});
}

/* Of @ns on the CPU, what no sample at a chance moment can stand for has a frame of its
 * own. Returns the rest. */
static uint64_t claim_by_chance(struct session *ses, struct wall_thread *t, uint64_t ns)
{
	uint64_t most = ses->options.period * CHANCE_PERIODS;

	if (!most || ns <= most)
		return ns;
	unsampled(ses, t, ns - most);
	return most;
}

/* The thread has ended after @ns more on the CPU. */
static void on_last(struct session *ses, struct wall_thread *t, uint64_t ns)
{
	if (t->told && t->sampled)
		sampled_add(ses, t->sampled, t->sampled_labels, 0,
			    claim_by_chance(ses, t, ns));
	else
		unsampled(ses, t, ns);
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
	on_last(ses, t, t->pending_ns);
	for (int preempted = 0; preempted < 2; preempted++) {
		if (t->carry_ns[preempted])
			off_unknown(ses, t, preempted, 0, t->carry_ns[preempted]);
	}
	if (end_ns > t->start_ns)
		wall_sum(&ses->quality.wall.lifetime_ns, end_ns - t->start_ns);
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
	if (t->told)
		ns = claim_by_chance(ses, t, ns);
	if (t->told && t->sampled) {
		sampled_add(ses, t->sampled, t->sampled_labels, 0, ns / 2);
		ns -= ns / 2;
	}
	if (ses->options.user_only && ses->options.clock && most && ns > most) {
		unsampled(ses, t, ns - most);
		ns = most;
	}
	*ret_labels = thread_labels(ses, t);
	return wall_limited(ns);
}

void wall_count(struct session *ses, uint32_t tid, stack_id stack, labels_id labels,
		int64_t ns)
{
	struct wall_thread *t = thread_find(ses->wall, tid);

	sampled_add(ses, stack, labels, 1, (uint64_t)ns);
	if (!t)
		return;
	t->sampled = stack;
	t->sampled_labels = labels;
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
