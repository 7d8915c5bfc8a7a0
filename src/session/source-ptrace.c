/* Samples without perf_event_open(2), where a container forbids it: at each tick the
 * threads that are running are stopped for some 50 us, one look at registers and stack
 * each.
 *
 * Who is stopped. A thread that has been on a CPU lately, and is found in state R right
 * before. A thread that sleeps is never touched: stopping it would end system calls
 * early, and its place is worth nothing in a profile of CPU time. How many of those that
 * are ready are sampled, and what a sample stands for, is told in pace.c; what ran and
 * was never met is left to coverage.c.
 *
 * For time off the CPU (times.c) those that are not running are looked at in the same
 * ticks.
 *
 * A stop may take long to come: the thread waits for a CPU, or for a disk. Nobody waits
 * for it. But once it has come it should end soon, so events are handed out between ticks
 * only. */
#include "source-priv.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ptrace-priv.h"
#include <profd/clock.h>
#include <profd/mem.h>

/* A running thread's CPU time is brought up to date by the kernel's tick, every 10 ms at
 * the rarest. */
#define STALE_NS (NSEC_PER_SEC / 50)
/* Chance makes samples stand for more than a process has used, but hardly for more than
 * this. */
#define AHEAD_PERIODS 4u
/* What is attached to is asked at least so often whether it has ended. */
#define ATTACHED_NS (NSEC_PER_SEC / 10)
#define PROBE_NS NSEC_PER_SEC
#define LEAVE_NS NSEC_PER_SEC
/* As many as guard.c can keep an eye on. */
#define HALTS_MAX 200u
#define DOUBT_NS (NSEC_PER_SEC / 20)
#define REFUSED_NS (NSEC_PER_SEC / 10)
/* A child that is going to execute a program has done so within this much CPU time. */
#define FORKED_NS (NSEC_PER_SEC / 1000)

struct halt { /* a thread that was asked to stop */
	struct watched *process;
	struct thread *thread;
	struct thread_stat stat;
	uint64_t asked_ns;   /* CLOCK_MONOTONIC */
	uint64_t gap_ns;     /* between the look at which it was asked and that before */
	struct carry *carry; /* it does the rest of a system call; else NULL */
};

struct ptrace_source {
	struct source base;
	struct launch *launch; /* NULL: nothing was */
	struct attach *attach; /* NULL: what is launched is sampled */
	struct queue queue;
	struct watch watch;
	struct times *times;	   /* NULL: not wanted */
	uint32_t first;		   /* whose turn it is to be looked at first */
	uint32_t cpus;		   /* that profd, and so the workload, may run on */
	uint32_t ready, ready_now; /* threads in state R: at the last tick, in this one */
	VEC(struct halt) halts;
	struct halt_sample sample;
	sigset_t old_mask;
	struct sigaction old_child;
	uint64_t period_ns, tick_ns; /* the next tick, CLOCK_MONOTONIC */
	uint64_t every_ns;	     /* between two ticks */
	uint64_t looked_ns;	     /* when the last one was */
	uint64_t ticked_ns, gap_ns;  /* the last tick; from the one before to it */
	bool wait_tree, wall, started, over;
	bool may_go_first, is_first; /* SCHED_FIFO */
	bool reaper;		     /* profd was one already */
};

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

/* --- stopping ----------------------------------------------------------------------- */

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
static void note_waits(struct ptrace_source *src, struct thread *t)
{
	if (!t->held) {
		pace_add(&t->pace, 0, src->gap_ns);
		pace_add(&src->watch.pace, 0, src->gap_ns);
		t->waits_ns += src->gap_ns;
	}
	note_ready(src, t);
}

static void ask(struct ptrace_source *src, struct thread *t)
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

static void settle_all(struct ptrace_source *src)
{
	for (uint32_t i = src->halts.n; i-- > 0;) {
		if (settle(src, &src->halts.v[i]))
			vec_remove(&src->halts, i, 1);
	}
}

/* Until all that were asked have stopped, or until @until_ns. */
static void collect(struct ptrace_source *src, uint64_t until_ns)
{
	settle_all(src);
	while (src->halts.n && clock_now_ns() < until_ns) {
		go_first(src, true);
		halt_wait(until_ns);
		settle_all(src);
	}
	go_first(src, false);
}

/* --- ticks -------------------------------------------------------------------------- */

/* Who came to a CPU or ran since the last tick, or was ready then; but one that has not run
 * for long waits for a CPU. */
static bool may_run(const struct thread *t, uint64_t now_ns)
{
	return !t->held && !t->gone && (t->awoke || t->ready) &&
	       now_ns - t->moved_ns < STALE_NS;
}

static void note_look(struct ptrace_source *src)
{
	uint64_t now_ns = clock_now_ns();

	if (now_ns - src->looked_ns > src->base.stats.gap_ns)
		src->base.stats.gap_ns = now_ns - src->looked_ns;
	src->looked_ns = now_ns;
}

static void look_at(void *arg, struct thread *t)
{
	struct ptrace_source *src = arg;
	uint64_t now_ns = clock_now_ns();
	bool may = may_run(t, now_ns);

	t->told_of = t->awoke = false;
	if (may && now_ns >= t->process->refused_ns)
		ask(src, t);
	/* It has not run since it was found ready: that it still is. */
	else if (t->ready && !t->gone)
		note_waits(src, t);
	src->ready_now += t->ready;
	settle_all(src);
}

/* What is left over when enough was read is first the next time, or soon. */
static void look_for_times(struct ptrace_source *src)
{
	struct watch *w = &src->watch;

	src->first++;
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct watched *p = w->processes.v[(i + src->first) % w->processes.n];

		for (uint32_t k = 0; k < p->threads.n; k++) {
			struct thread *t = p->threads.v[(k + src->first) % p->threads.n];

			if (!t->told_of)
				times_look(src->times, t);
			settle_all(src);
		}
	}
}

static void tick(struct ptrace_source *src)
{
	note_look(src);
	src->gap_ns = src->looked_ns - src->ticked_ns;
	src->ticked_ns = src->looked_ns;
	src->base.stats.rounds++;
	if (src->times)
		times_begin(src->times);
	watch_look(&src->watch, look_at, src);
	src->ready = src->ready_now;
	src->ready_now = 0;
	if (src->times)
		look_for_times(src);
}

/* Ticks that could not be kept are left out. */
static void next_tick(struct ptrace_source *src)
{
	uint64_t now_ns = clock_now_ns();

	src->tick_ns += src->every_ns;
	if (src->tick_ns < now_ns)
		src->tick_ns += (now_ns - src->tick_ns) / src->every_ns * src->every_ns;
}

static void wait_tick(struct ptrace_source *src)
{
	const struct launch *l = src->launch;
	const struct attach *a = src->attach;
	struct pollfd fds[] = {{.fd = l ? l->pidfd : a->fd, .events = POLLIN},
			       {.fd = l ? l->signalfd : a->signalfd, .events = POLLIN}};
	uint64_t now_ns = clock_now_ns(), ns;
	struct timespec t;

	source_waits(&src->base);
	if (src->tick_ns <= now_ns)
		return;
	ns = src->tick_ns - now_ns;
	if (a && ns > ATTACHED_NS)
		ns = ATTACHED_NS;
	t = (struct timespec){(time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC)};
	if (l && l->reaped)
		fds[0].fd = -1;
	ppoll(fds, ARRAY_SIZE(fds), &t, NULL);
}

/* Asked once source_ended says so. */
static bool is_over(struct ptrace_source *src)
{
	struct watch *w = &src->watch;
	int sig;

	if (src->attach)
		return !src->wait_tree || src->attach->stop || !watch_alive(w);
	if (!src->wait_tree || src->launch->stop || !watch_alive(w))
		return true;
	sig = launch_overdue(src->launch);
	if (sig)
		watch_kill(w, sig);
	/* A stopped process takes SIGTERM only when it goes on. */
	if (sig == SIGTERM)
		watch_kill(w, SIGCONT);
	return false;
}

static void start(struct ptrace_source *src)
{
	const uint32_t *strangers;
	size_t n = 0;

	if (!src->attach) {
		watch_init(&src->watch, (uint32_t)src->launch->pid, &src->queue);
	} else {
		strangers = attach_strangers(src->attach, &n);
		for (size_t i = 0; i < n; i++)
			watch_except(&src->watch, strangers[i]);
		watch_base(&src->watch);
	}
	if (src->wall)
		src->watch.times = src->times = times_new(&src->watch,
							  src->launch->start_ns);
	src->looked_ns = src->ticked_ns = src->attach ? src->attach->start_ns
						      : src->launch->start_ns;
	src->tick_ns = clock_now_ns();
	src->started = true;
}

/* Nothing may stand still, or go on with half a call, when nobody looks any more. */
static void leave_all(struct ptrace_source *src)
{
	collect(src, clock_now_ns() + LEAVE_NS);
	for (uint32_t i = 0; i < src->halts.n; i++) {
		if (src->halts.v[i].carry)
			carry_hurry(src->halts.v[i].carry);
	}
	collect(src, clock_now_ns() + LEAVE_NS);
}

/* One round: waits for the tick, looks, and takes what stops before the next. */
static void round_make(struct ptrace_source *src)
{
	if (!src->halts.n)
		wait_tick(src);
	else
		collect(src, src->tick_ns);
	if (source_ended(src->launch, src->attach)) {
		note_look(src);
		if (src->times)
			times_root_ended(src->times, src->launch->end_ns);
		watch_look(&src->watch, NULL, NULL);
		src->over = is_over(src);
	}
	if (src->over) {
		src->base.stats.unwaited_ns = watch_unwaited_ns(&src->watch);
		src->base.stats.seen_ns = watch_seen_ns(&src->watch);
		leave_all(src);
		if (src->times)
			times_close(src->times);
		return;
	}
	if (clock_now_ns() < src->tick_ns)
		return;
	tick(src);
	next_tick(src);
	collect(src, src->tick_ns);
}

static int ptrace_next(struct source *base, struct event *ret_event)
{
	struct ptrace_source *src = (struct ptrace_source *)base;

	/* Files are opened before time counts. */
	if (src->attach && !src->attach->start_ns)
		return queue_take(&src->queue, ret_event);
	if (!src->started)
		start(src);
	while (!queue_take(&src->queue, ret_event)) {
		if (src->over)
			return 0;
		round_make(src);
	}
	return 1;
}

/* Memory is read while the thread stands still. */
static void ptrace_hurry(struct source *base, bool on)
{
}

static void ptrace_free(struct source *base)
{
	struct ptrace_source *src = (struct ptrace_source *)base;

	guard_done();
	watch_done(&src->watch);
	times_free(src->times);
	queue_done(&src->queue);
	for (uint32_t i = 0; i < src->halts.n; i++)
		carry_free(src->halts.v[i].carry);
	vec_done(&src->halts);
	free(src->sample.stack);
	if (!src->attach && !src->reaper)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigaction(SIGCHLD, &src->old_child, NULL);
	sigprocmask(SIG_SETMASK, &src->old_mask, NULL);
}

static const struct source_ops ptrace_ops = {
	.next = ptrace_next,
	.hurry = ptrace_hurry,
	.free = ptrace_free,
};

/* --- opening ------------------------------------------------------------------------ */

/* Tried on the child that waits for its exec: what works on it works on what it
 * starts. */
static int probe(struct ptrace_source *src)
{
	uint32_t pid = (uint32_t)src->launch->pid;
	uint64_t until_ns = clock_now_ns() + PROBE_NS;
	int code = halt_begin(pid), sig;
	enum halt_state state;
	bool ok;

	if (code < 0)
		return code;
	while ((state = halt_poll(pid, &sig)) == HALT_RUNS && clock_now_ns() < until_ns)
		halt_wait(until_ns);
	if (state == HALT_RUNS || state == HALT_GONE)
		return -ESRCH;
	ok = halt_read(pid, 0, &src->sample) && src->sample.stack_bytes;
	halt_end(pid, sig);
	return ok ? 0 : -EPERM;
}

static int probe_failed(int code, struct error *err)
{
	error_set(err, code,
		  "this machine does not let profd stop a process to look at it: %s",
		  strerror(-code));
	if (code == -EPERM || code == -EACCES)
		error_hint(err,
			   "kernel.yama.ptrace_scope at 0 or 1, and a container whose "
			   "seccomp profile allows ptrace and process_vm_readv");
	return code;
}

void source_ptrace_info(uint32_t hz, const char *reason, struct sampler_info *ret)
{
	long ncpus = sysconf(_SC_NPROCESSORS_ONLN);

	*ret = (struct sampler_info){
		.event = "cpu-time",
		.hz = hz,
		.ncpus = ncpus > 0 ? (uint32_t)ncpus : 1,
		.nevents = 1,
		.stack_bytes = HALT_STACK_BYTES,
		.reach = REACH_TREE,
	};
	snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
}

static uint32_t cpus_allowed(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? CPU_SETSIZE
							   : (uint32_t)CPU_COUNT(&set);
}

static struct ptrace_source *source_new(uint32_t hz, struct launch *l, bool wait_tree)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	struct ptrace_source *src = xcalloc(1, sizeof(*src));
	sigset_t child;

	src->base.ops = &ptrace_ops;
	/* Somebody's own choice stays. */
	src->may_go_first = sched_getscheduler(0) == SCHED_OTHER;
	src->launch = l;
	src->wait_tree = wait_tree;
	src->cpus = cpus_allowed();
	src->period_ns = src->every_ns = NSEC_PER_SEC / hz;
	src->watch.orphans_fd = -1;
	src->sample.stack = xmalloc(HALT_STACK_BYTES);
	queue_init(&src->queue);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &src->old_mask);
	/* Where it is ignored stops are not told (linux/kernel/signal.c,
	 * do_notify_parent_cldstop). */
	sigaction(SIGCHLD, &usual, &src->old_child);
	guard_init();
	return src;
}

struct source *source_ptrace_new(uint32_t hz, struct launch *l, bool wait_tree,
				 struct error *err)
{
	struct ptrace_source *src = source_new(hz, l, wait_tree);
	int reaper = 0, code;

	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	src->reaper = reaper;
	code = probe(src);
	if (code < 0) {
		probe_failed(code, err);
		source_free(&src->base);
		return NULL;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return &src->base;
}

struct source *source_ptrace_attach(uint32_t hz, struct attach *a, struct launch *command,
				    bool wait_tree, struct error *err)
{
	struct ptrace_source *src;

	if (attach_may_stop(a, err) < 0)
		return NULL;
	src = source_new(hz, command, wait_tree);
	src->attach = a;
	watch_init_attached(&src->watch, &src->queue);
	for (size_t i = 0; i < a->ntargets; i++)
		watch_attach(&src->watch, a->targets[i].pid, a->targets[i].tid);
	return &src->base;
}

bool source_ptrace_wall(struct source *base)
{
	struct ptrace_source *src = (struct ptrace_source *)base;
	uint64_t least_ns = NSEC_PER_SEC / PTRACE_HZ_DEFAULT;

	src->wall = times_known();
	if (src->wall && src->every_ns > least_ns)
		src->every_ns = least_ns;
	return src->wall;
}
