/* How the threads of the ptrace engine spend their time, and where they stand still.
 *
 * Nothing tells of switches here. But the scheduler's account of a thread (schedstat) is
 * exact at two moments: while it stands still, and while it is stopped for a sample. At
 * these the time since the one before is told (EVENT_SPENT): so much on a CPU, so much
 * waiting for one, and the rest blocked. A thread that is found running and is not
 * stopped waits for the next. Its account says, too, whether it has come to a CPU since:
 * if not it stands where it stood, and is not read again.
 *
 * Where it starts and ends is known to some milliseconds: its start to a tick, its end to
 * lie between two looks. The middle is taken.
 *
 * Whose time it is when a thread was blocked in several places is for the reader of the
 * events. */
#include "ptrace-priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "blocked-priv.h"
#include <profd/clock.h>
#include <profd/io.h>
#include <profd/mem.h>

/* Reading threads must not take more than a tenth of the time. */
#define SHARE 10u
#define SPEND_MAX_NS (NSEC_PER_SEC / 100)
/* The account of a running thread is brought up to date by the kernel's tick, every 10 ms
 * at the rarest. */
#define STALE_NS (NSEC_PER_SEC / 100)

struct times {
	struct watch *watch;
	struct blocked *blocked;
	uint64_t start_ns;    /* of the launched process */
	uint64_t root_end_ns; /* its end; 0: it has not ended */
	uint64_t look_ns;     /* begin of the last look */
	uint64_t until_ns;    /* when enough was read in it */
	uint64_t tick_ns;     /* a tick of start_ticks */
};

bool times_known(void)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	/* Without the scheduler's account the file has three zeros, or is not there. */
	return io_slurp("/proc/self/schedstat", 128, &data, &n) == 0 &&
	       strncmp(data, "0 0 ", 4) != 0;
}

struct times *times_new(struct watch *w, uint64_t start_ns)
{
	struct times *ts = xcalloc(1, sizeof(*ts));
	long hz = sysconf(_SC_CLK_TCK);

	*ts = (struct times){.watch = w,
			     .blocked = blocked_new(),
			     .start_ns = start_ns,
			     .look_ns = clock_now_ns(),
			     .tick_ns = NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100)};
	return ts;
}

struct times *times_free(struct times *ts)
{
	if (!ts)
		return NULL;
	blocked_free(ts->blocked);
	free(ts);
	return NULL;
}

void times_begin(struct times *ts)
{
	uint64_t now_ns = clock_now_ns(), spend_ns = (now_ns - ts->look_ns) / SHARE;

	ts->look_ns = now_ns;
	ts->until_ns = now_ns + (spend_ns < SPEND_MAX_NS ? spend_ns : SPEND_MAX_NS);
}

void times_root_ended(struct times *ts, uint64_t end_ns)
{
	ts->root_end_ns = end_ns;
}

/* --- what is told ------------------------------------------------------------------- */

static uint64_t middle(uint64_t a, uint64_t b)
{
	return a < b ? a + (b - a) / 2 : b;
}

static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

/* What the kernel counts from the boot on, on our clock. */
static uint64_t boot_to_clock(uint64_t ns)
{
	struct timespec b;
	uint64_t ahead_ns;

	clock_gettime(CLOCK_BOOTTIME, &b);
	ahead_ns = (uint64_t)b.tv_sec * NSEC_PER_SEC + (uint64_t)b.tv_nsec;
	ahead_ns = since(ahead_ns, clock_now_ns());
	return since(ns, ahead_ns);
}

/* The start is told to the tick, and lies between two looks if the process was known
 * before. @st may be NULL. */
static uint64_t start_of(const struct times *ts, const struct thread *t,
			 const struct thread_stat *st)
{
	uint64_t first_ns = t->told.after_ns, last_ns = t->told.found_ns, tick_ns;

	if (t->tid == ts->watch->root)
		return ts->start_ns;
	tick_ns = st ? boot_to_clock(st->start_ticks * ts->tick_ns) : 0;
	if (st && last_ns > tick_ns + ts->tick_ns)
		last_ns = tick_ns + ts->tick_ns;
	if (first_ns < tick_ns)
		first_ns = tick_ns;
	return first_ns ? middle(first_ns, last_ns) : last_ns;
}

static void put_spent(struct times *ts, const struct thread *t,
		      const struct event_spent *s)
{
	queue_put(ts->watch->queue, &(struct event){.type = EVENT_SPENT,
						    .pid = t->process->pid,
						    .tid = t->tid,
						    .spent = *s});
}

/* Up to when it was seen last it stood where it was found; unless it had been woken by
 * then, and waited for a CPU for longer than there was time since, as its account says
 * once it has come to one. */
static void tell_still(struct times *ts, struct thread *t, const struct sched *now,
		       uint64_t end_ns)
{
	struct told *d = &t->told;
	uint64_t busy_ns = since(now->ran_ns, d->sched.ran_ns) +
			   since(now->queued_ns, d->sched.queued_ns);
	struct event_spent s = {
		.begin_ns = d->since_ns,
		.end_ns = since(d->still_ns, since(busy_ns, since(end_ns, d->still_ns))),
	};

	if (!d->still || s.end_ns <= s.begin_ns)
		return;
	put_spent(ts, t, &s);
	d->since_ns = s.end_ns;
}

/* Its time up to @end_ns, when its account was @now; as far as it stood still it is
 * told. */
static struct event_spent account(struct times *ts, struct thread *t,
				  const struct sched *now, uint64_t end_ns)
{
	const struct told *d = &t->told;

	tell_still(ts, t, now, end_ns);
	return (struct event_spent){
		.begin_ns = d->since_ns,
		.end_ns = end_ns > d->since_ns ? end_ns : d->since_ns,
		.ran_ns = since(now->ran_ns, d->sched.ran_ns),
		.queued_ns = since(now->queued_ns, d->sched.queued_ns),
		/* Being let go was one. */
		.turns = since(now->turns, d->sched.turns + d->stopped),
	};
}

static uint64_t rest_of(const struct event_spent *s)
{
	return since(s->end_ns - s->begin_ns, s->ran_ns + s->queued_ns);
}

static void account_open(const struct times *ts, struct thread *t,
			 const struct thread_stat *st)
{
	if (!t->told.since_ns)
		t->told.since_ns = start_of(ts, t, st);
}

void times_found(struct times *ts, struct thread *t, const struct thread_stat *st)
{
	account_open(ts, t, st);
}

static void tell(struct times *ts, struct thread *t, const struct event_spent *s,
		 const struct sched *now)
{
	put_spent(ts, t, s);
	t->told.since_ns = s->end_ns;
	t->told.sched = *now;
	t->told.still = t->told.stopped = false;
	t->told.blocks = NOT_COUNTED;
}

/* --- standing still ----------------------------------------------------------------- */

static bool same(const struct sched *a, const struct sched *b)
{
	return a->ran_ns == b->ran_ns && a->queued_ns == b->queued_ns &&
	       a->turns == b->turns;
}

/* An account that is the same before and after the thread was found off its CPU is its
 * whole account. */
static void stand(struct times *ts, struct thread *t, const struct thread_stat *st)
{
	uint64_t now_ns = clock_now_ns();
	struct sched before, after;
	struct thread_stat again;
	struct event_spent s;
	struct event sight;
	bool seen;

	if (!watch_sched(ts->watch, t, &before))
		return;
	seen = blocked_read(ts->blocked, t->process->pid, t->tid, &sight);
	if (!watch_sched(ts->watch, t, &after) || !same(&before, &after))
		return;
	/* It has been woken, or profd may not look: then its state is all there is. */
	if (!seen && (!watch_stat(ts->watch, t, &again) || strchr("RZX", again.state)))
		return;
	s = account(ts, t, &before, now_ns);
	if (seen) {
		watch_maps(ts->watch, t, st, sight.sample.ip);
		queue_put(ts->watch->queue, &sight);
	}
	tell(ts, t, &s, &before);
	t->told.still = true;
	t->told.still_ns = now_ns;
}

/* It was awake when it was seen last: what its account lacks, @most_ns of that, is shared
 * between running and waiting for a CPU as its time has been so far. It is not more than
 * that was: of what was hardly met nothing is known. */
static void add_awake(const struct thread *t, struct event_spent *s, uint64_t most_ns)
{
	double ran = (double)t->sched.ran_ns, known = ran + (double)t->sched.queued_ns;
	uint64_t ns = rest_of(s), ran_ns;

	ns = ns < most_ns ? ns : most_ns;
	if ((double)ns > known)
		ns = (uint64_t)known;
	ran_ns = ns ? (uint64_t)((double)ns * (ran / known)) : 0;
	s->ran_ns += ran_ns;
	s->queued_ns += ns - ran_ns;
}

/* It ended between these times. @whole: its account is of its end, else of the look
 * before. */
static void end_between(struct times *ts, struct thread *t, uint64_t first_ns,
			uint64_t last_ns, bool whole)
{
	struct event_spent s;

	if (t->told.over)
		return;
	t->told.over = true;
	account_open(ts, t, NULL);
	if (ts->root_end_ns && t->process->pid == ts->watch->root &&
	    last_ns > ts->root_end_ns)
		last_ns = ts->root_end_ns;
	if (t->tid == ts->watch->root && ts->root_end_ns)
		first_ns = last_ns;
	if (first_ns < t->told.since_ns)
		first_ns = t->told.since_ns;
	s = account(ts, t, &t->sched, middle(first_ns, last_ns));
	if (!t->told.still || !same(&t->told.sched, &t->sched))
		add_awake(t, &s, since(s.end_ns, first_ns) + (whole ? 0 : STALE_NS));
	tell(ts, t, &s, &t->sched);
}

void times_look_stat(struct times *ts, struct thread *t, const struct thread_stat *st)
{
	uint64_t now_ns = clock_now_ns();

	if (t->told.over)
		return;
	if (strchr("ZX", st->state)) {
		/* When the launched process ended is known soon, by waiting for it. */
		if (t->tid != ts->watch->root)
			end_between(ts, t, t->told.alive_ns, now_ns, true);
		return;
	}
	account_open(ts, t, st);
	t->told.alive_ns = ts->look_ns;
	if (st->state != 'R' && now_ns < ts->until_ns)
		stand(ts, t, st);
}

void times_look(struct times *ts, struct thread *t)
{
	struct thread_stat st;

	if (t->told.over || t->gone)
		return;
	if (t->held) {
		t->told.alive_ns = ts->look_ns;
		return;
	}
	if (t->told.still && same(&t->told.sched, &t->sched)) {
		t->told.still_ns = t->told.alive_ns = ts->look_ns;
		return;
	}
	if (clock_now_ns() < ts->until_ns && watch_stat(ts->watch, t, &st))
		times_look_stat(ts, t, &st);
}

/* --- others ------------------------------------------------------------------------- */

void times_stopped(struct times *ts, struct thread *t, const struct thread_stat *st,
		   uint64_t asked_ns)
{
	uint64_t blocks = watch_blocks(ts->watch, t), rest_ns, own_ns;
	uint64_t end_ns = clock_now_ns();
	struct sched now;
	struct event_spent s;

	if (t->told.over || !watch_sched(ts->watch, t, &now))
		return;
	account_open(ts, t, st);
	s = account(ts, t, &now, end_ns);
	rest_ns = rest_of(&s);
	own_ns = since(end_ns, asked_ns);
	own_ns = own_ns < rest_ns ? own_ns : rest_ns;
	/* Standing here is profd's doing: the thread could have run. */
	s.queued_ns += own_ns;
	/* One that has stood nowhere else since its last stop was not blocked: what is
	 * missing went to interrupts, and to other virtual machines. */
	if (t->told.stopped && blocks != NOT_COUNTED && t->told.blocks != NOT_COUNTED &&
	    blocks - t->told.blocks <= 1)
		s.ran_ns += rest_ns - own_ns;
	tell(ts, t, &s, &now);
	t->told.stopped = true;
	t->told.blocks = blocks;
	t->told.alive_ns = end_ns;
}

void times_end(struct times *ts, struct thread *t)
{
	end_between(ts, t, t->told.alive_ns, clock_now_ns(), false);
}

void times_close(struct times *ts)
{
	struct watch *w = ts->watch;

	times_begin(ts);
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct watched *p = w->processes.v[i];

		for (uint32_t k = 0; k < p->threads.n; k++) {
			struct thread *t = p->threads.v[k];
			uint64_t now_ns;

			times_look(ts, t);
			now_ns = clock_now_ns();
			end_between(ts, t, now_ns, now_ns, false);
		}
	}
}
