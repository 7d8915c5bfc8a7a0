/* What happens to a thread of the ptrace engine between being found running and running
 * again: it is asked to stop, sampled once it stands still, and let go. How many are asked,
 * and what a sample stands for, is told in pace.c. */
#include "stop-priv.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/mem.h>

/* Chance makes samples stand for more than a process has used, but hardly for more than
 * this. */
#define AHEAD_PERIODS 4u
/* As many as guard.c can keep an eye on. */
#define HALTS_MAX 200u
#define DOUBT_NS (NSEC_PER_SEC / 20)
#define REFUSED_NS (NSEC_PER_SEC / 10)
/* A child that is going to execute a program has done so within this much CPU time. */
#define FORKED_NS (NSEC_PER_SEC / 1000)

/* A thread that stands still waits for profd, which has to wait for a CPU as everybody does:
 * root's profd goes first as long as there is one. Not longer: the kernel waits, turning, for
 * an exit that is under way to drop its files of /proc when profd reaps that process, and an
 * exit that profd keeps off the CPU goes on only when real-time throttling lets it, a second
 * later. */
static void go_first(struct ptrace_source *src, bool on)
{
	const struct sched_param param = {.sched_priority = on};
	int policy = on ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER;

	if (!src->may_go_first || src->is_first == on)
		return;
	if (sched_setscheduler(0, policy, &param) == 0)
		src->is_first = on;
	else
		src->may_go_first = src->is_first;
}

/* Why a thread may not be stopped: another tracer, or rights. A thread that ends at this
 * moment is refused, too. */
static void note_refused(struct ptrace_source *src, struct thread *t)
{
	struct watched *p = t->process;
	struct source_stats *s = &src->base.stats;
	uint32_t tracer = 0;
	bool ended = true;

	p->refused_ns = clock_now_ns() + REFUSED_NS;
	p->unseen = true;
	tracer = watch_tracer(p->pid, t->tid, &ended);
	if (ended || p->told)
		return;
	p->told = true;
	if (tracer) {
		if (!s->traced++)
			snprintf(s->traced_name, sizeof(s->traced_name), "%s", p->comm);
	} else if (!s->refused++) {
		snprintf(s->refused_name, sizeof(s->refused_name), "%s", p->comm);
	}
}

static int begin(struct ptrace_source *src, const struct thread *t)
{
	int code;

	for (uint32_t i = 0; i < src->halts.n; i++) {
		const struct halt *h = &src->halts.v[i];

		if (h->process == t->process && h->thread->tid != h->process->pid)
			guard_add(h->thread->tid);
	}
	guard_on();
	code = halt_begin(t->tid);
	guard_off();
	return code;
}

/* Those whose stop would harm. */
static bool is_to_be_spared(struct ptrace_source *src, struct thread *t,
			    const struct thread_stat *st)
{
	/* A program that is executed while its process is traced by an ordinary user does
	 * not get the rights that its set-user-ID bit gives it (execve(2)). */
	if (st->forked && t->tid == t->process->pid && t->ran_ns < FORKED_NS)
		return true;
	/* A stop at the wrong moment and its tracer gives up. */
	return watch_is_examined(&src->watch, t);
}

/* Of the looks for time off the CPU not all are for samples. */
static double looks_per_period(const struct ptrace_source *src)
{
	return (double)src->period_ns / (double)src->every_ns;
}

static void note_ready(struct ptrace_source *src, struct thread *t)
{
	/* At the last tick, and so far in this one: many begin at once. */
	uint32_t n = src->ready_now < src->ready ? src->ready : src->ready_now + 1;
	double most = n > src->cpus ? (double)src->cpus / (double)n : 1;

	pace_found(&t->credit,
		   pace_share(&t->pace, &src->watch.pace, most) / looks_per_period(src));
}

/* Without accounts nobody knows how long who is ready waits for a CPU, and with them not at
 * once; but no process has had more than its clock says. */
static bool has_enough(const struct ptrace_source *src, const struct watched *p)
{
	return p->sampled_ns > watch_used_ns(p) + AHEAD_PERIODS * src->period_ns;
}

/* From the last look to this one; its account will know when it has come to a CPU. */
void stop_note_waits(struct ptrace_source *src, struct thread *t)
{
	if (!t->held) {
		pace_add(&t->pace, 0, src->gap_ns);
		pace_add(&src->watch.pace, 0, src->gap_ns);
		t->waits_ns += src->gap_ns;
	}
	note_ready(src, t);
}

void stop_ask(struct ptrace_source *src, struct thread *t)
{
	struct halt h = {.process = t->process, .thread = t, .gap_ns = src->gap_ns};
	int code;

	if (src->halts.n >= HALTS_MAX || !watch_stat(&src->watch, t, &h.stat))
		return;
	t->ready = h.stat.state == 'R';
	if (t->ready)
		note_ready(src, t);
	if (!t->ready || !pace_take(&t->credit) || has_enough(src, t->process)) {
		t->told_of = true;
		if (src->times)
			times_look_stat(src->times, t, &h.stat);
		return;
	}
	if (is_to_be_spared(src, t, &h.stat)) {
		t->process->unseen = true;
		return;
	}
	go_first(src, true);
	code = begin(src, t);
	if (code == -EPERM)
		note_refused(src, t);
	if (code < 0)
		return;
	h.asked_ns = clock_now_ns();
	t->held = true;
	vec_push(&src->halts, h);
}

static uint64_t weigh(const struct ptrace_source *src, const struct halt *h)
{
	struct watched *p = h->process;
	uint64_t used_ns = watch_used_ns(p), ns;
	double gap_ns = (double)h->gap_ns * looks_per_period(src);

	if (p->unseen)
		p->sampled_ns = used_ns;
	p->unseen = false;
	ns = pace_weight((uint64_t)gap_ns, src->period_ns, used_ns, p->sampled_ns);
	p->sampled_ns += ns;
	return ns;
}

/* True when the thread is let go. */
static bool take_sample(struct ptrace_source *src, struct halt *h, int sig)
{
	struct thread *t = h->thread;
	struct watched *p = h->process;
	struct halt_sample *s = &src->sample;
	bool main_stack = h->stat.start_stack && t->tid == p->pid;
	uint64_t begin_ns = clock_now_ns(), ns;
	bool gone;
	bool ok = halt_read(t->tid, main_stack ? h->stat.start_stack + 64 : 0, s);

	if (ok && src->times)
		times_stopped(src->times, t, &h->stat, h->asked_ns);
	if (ok && !sig && !s->repaired)
		h->carry = carry_begin(t->tid, s);
	gone = !h->carry && halt_end(t->tid, sig);
	src->base.stats.carried += h->carry != NULL;
	src->base.stats.stops++;
	src->base.stats.stop_ns += clock_now_ns() - begin_ns;
	src->base.stats.repaired += ok && s->repaired;
	if (!ok)
		return gone;
	ns = weigh(src, h);
	watch_maps(&src->watch, t, &h->stat, s->pc);
	queue_put(&src->queue, &(struct event){.type = EVENT_SAMPLE,
					       .pid = p->pid,
					       .tid = t->tid,
					       .cpu = h->stat.cpu,
					       .sample = {.ip = s->pc,
							  .period = ns,
							  .regs_abi = s->regs_abi,
							  .regs = s->regs,
							  .stack = s->stack,
							  .stack_bytes = s->stack_bytes,
							  .user_mode = true}});
	return gone;
}

/* Another program than the one that was asked: a thread that executes one takes the
 * number of its process's first (execve(2)), and with it goes its tracer. */
static bool follow_exec(struct ptrace_source *src, struct halt *h)
{
	struct watched *p = h->process;
	struct thread *first = p->threads.v[0];
	bool ended;

	if (h->thread->tid == p->pid || first->tid != p->pid || first->held ||
	    watch_tracer(p->pid, p->pid, &ended) != (uint32_t)getpid())
		return false;
	h->thread->held = false;
	h->thread = first;
	first->held = true;
	return true;
}

/* The same from the other side: who was asked has ended, and who has its number now was
 * not asked. */
static bool is_other(const struct halt *h)
{
	bool ended;

	return clock_now_ns() - h->asked_ns > DOUBT_NS &&
	       watch_tracer(h->process->pid, h->thread->tid, &ended) !=
		       (uint32_t)getpid() &&
	       !ended;
}

/* It stands, but nothing is told of that: another wait of this process has taken it.
 * Nobody else would let it go. Polled again, because a stop may have come in between. */
static bool is_forgotten(struct ptrace_source *src, const struct halt *h, int *ret_sig,
			 enum halt_state *ret_state)
{
	struct thread_stat st;

	if (clock_now_ns() - h->asked_ns < DOUBT_NS ||
	    !watch_stat(&src->watch, h->thread, &st) || st.state != 't')
		return false;
	*ret_state = halt_poll(h->thread->tid, ret_sig);
	return *ret_state == HALT_RUNS;
}

/* True when the thread is let go. */
static bool settle(struct ptrace_source *src, struct halt *h)
{
	struct thread *t = h->thread;
	int sig = 0;
	enum halt_state state = halt_poll(t->tid, &sig);

	if (state == HALT_RUNS && is_forgotten(src, h, &sig, &state) &&
	    halt_end(t->tid, 0)) {
		carry_free(h->carry);
		h->carry = NULL;
		t->held = false;
		return true;
	}
	if (state != HALT_RUNS && state != HALT_GONE && h->carry) {
		t->held = !carry_step(h->carry, state, sig);
		return !t->held;
	}
	switch (state) {
	case HALT_RUNS:
		t->held = h->carry || !is_other(h);
		break;
	case HALT_STOPPED:
	case HALT_SIGNAL:
		t->held = !take_sample(src, h, sig);
		break;
	case HALT_JOB:
	case HALT_CALL:
		t->held = !halt_end(t->tid, 0);
		break;
	case HALT_GONE:
		if (follow_exec(src, h))
			return false;
		go_first(src, false);
		if (!watch_is_child(&src->watch, t))
			halt_reap(t->tid);
		carry_free(h->carry);
		h->carry = NULL;
		t->held = false;
		break;
	}
	return !t->held;
}

void stop_settle(struct ptrace_source *src)
{
	for (uint32_t i = src->halts.n; i-- > 0;) {
		if (settle(src, &src->halts.v[i]))
			vec_remove(&src->halts, i, 1);
	}
}

/* Until all that were asked have stopped, or until @until_ns. */
void stop_collect(struct ptrace_source *src, uint64_t until_ns)
{
	stop_settle(src);
	while (src->halts.n && clock_now_ns() < until_ns) {
		go_first(src, true);
		halt_wait(until_ns);
		stop_settle(src);
	}
	go_first(src, false);
}
