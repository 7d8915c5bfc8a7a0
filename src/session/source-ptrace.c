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
 * A stop (ptrace-stop.c) may take long to come: the thread waits for a CPU, or for a disk.
 * Nobody waits for it. But once it has come it should end soon, so events are handed out
 * between ticks only. */
#include "stop-priv.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/mem.h>

/* A running thread's CPU time is brought up to date by the kernel's tick, every 10 ms at
 * the rarest. */
#define STALE_NS (NSEC_PER_SEC / 50)
/* What is attached to is asked at least so often whether it has ended. */
#define ATTACHED_NS (NSEC_PER_SEC / 10)
#define PROBE_NS NSEC_PER_SEC
#define LEAVE_NS NSEC_PER_SEC

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
		stop_ask(src, t);
	/* It has not run since it was found ready: that it still is. */
	else if (t->ready && !t->gone)
		stop_note_waits(src, t);
	src->ready_now += t->ready;
	stop_settle(src);
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
			stop_settle(src);
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
	stop_collect(src, clock_now_ns() + LEAVE_NS);
	for (uint32_t i = 0; i < src->halts.n; i++) {
		if (src->halts.v[i].carry)
			carry_hurry(src->halts.v[i].carry);
	}
	stop_collect(src, clock_now_ns() + LEAVE_NS);
}

/* One round: waits for the tick, looks, and takes what stops before the next. */
static void round_make(struct ptrace_source *src)
{
	if (!src->halts.n)
		wait_tick(src);
	else
		stop_collect(src, src->tick_ns);
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
	stop_collect(src, src->tick_ns);
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
