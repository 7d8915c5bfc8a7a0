/* The live source: the kernel's rings, merged by time.
 *
 * A ring is in order only for its own CPU. In every round all rings are looked at first,
 * and only then are events handed out, up to the newest time that the *previous* round
 * saw: what a CPU had yet to publish then has been published since. A slack in
 * microseconds would not do, because a virtual CPU may be descheduled between taking the
 * time and publishing. Records stay in the ring until they were handed out, so a ring has
 * to have room for two rounds; it wakes us at a quarter. Where a quarter takes its time and
 * CPUs are busy, all rings are looked at once in that time instead: each CPU waking us for
 * its own ring costs more than what is in it.
 *
 * Whose events they are is tree.c's to tell where they are everybody's.
 *
 * Times may run backwards inside one ring (an interrupt between the two steps): such an
 * event gets the time of its predecessor and is counted. */
#include "source-priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include <profd/mem.h>
#include <profd/tree.h>

#include "blocked-priv.h"
#include "merge-priv.h"

#define ROUND_MAX_MS 100
#define TICK_MS 100 /* what launch_tick asks for at least */
#define ROUND_HURRY_MS 5
/* A program that was just started may be deleted as soon as it ends, as configure's are.
 * The rounds after a new mapping are short, so that its file is opened in time. */
#define ROUND_FRESH_MS 10
#define FRESH_ROUNDS 5u
#define ROUND_BLOCKED_MS 5 /* where blocked threads have to be looked at */
#define NO_PID UINT32_MAX

struct perf_source {
	struct source base;
	struct sampler *sampler;
	struct launch *launch; /* NULL: nothing was */
	struct attach *attach; /* NULL: what is launched is sampled */
	struct pollfd *fds;    /* rings, then pidfd, then signalfd */
	size_t nrings;
	struct merge merge; /* of the time of each ring's first record */
	size_t held;	   /* ring whose record the caller still looks at; nrings: none */
	uint64_t bound_ns; /* events up to here may go out */
	uint64_t newest_ns; /* seen in the rounds so far */
	uint64_t last_ns;   /* of the last event handed out */
	int round_ms;	    /* at most, between two looks */
	uint32_t fresh;	    /* short rounds to come, after a new mapping */
	int quarter_ms;	    /* as sampler_quarter_ms */
	int unticked_ms;    /* since the launch was looked after */
	bool busy;	    /* some ring got an eighth of its room in the last round */
	bool draining;	    /* the workload is gone and its events are off */
	bool wait_tree;	    /* not before all that it forked is gone */
	bool started;	    /* the first process has exec'ed */
	uint32_t npoll;	    /* rings whose events have a living task, or may have */
	uint32_t root_pid;
	bool filter; /* the rings hold what others did, too */
	enum reach reach;
	struct tree *tree;
	struct blocked *blocked; /* NULL: switches are not told */
	struct last_exit {	 /* [nrings] */
		uint32_t pid, tid;
	} * exits;
};

static void perf_free(struct source *base)
{
	struct perf_source *src = (struct perf_source *)base;

	tree_free(src->tree);
	blocked_free(src->blocked);
	free(src->fds);
	merge_done(&src->merge);
	free(src->exits);
}

static void perf_hurry(struct source *base, bool on)
{
	((struct perf_source *)base)->round_ms = on ? ROUND_HURRY_MS : ROUND_MAX_MS;
}

static void see_record(void *arg, struct ring *r, uint64_t at)
{
	struct perf_source *src = arg;
	uint64_t t = sampler_time(src->sampler, r, at);

	if (t > src->newest_ns)
		src->newest_ns = t;
}

static void ring_look(struct perf_source *src, size_t i)
{
	struct ring *r = sampler_ring(src->sampler, i);

	merge_set(&src->merge, i,
		  ring_ready(r) ? sampler_time(src->sampler, r, r->pos) : MERGE_NONE);
}

static void round_begin(struct perf_source *src)
{
	src->bound_ns = src->newest_ns;
	src->busy = false;
	for (size_t i = 0; i < src->nrings; i++) {
		struct ring *r = sampler_ring(src->sampler, i);

		ring_fetch(r);
		src->busy |= r->limit - r->scanned > r->mask / 8;
		ring_scan(r, see_record, src);
		ring_look(src, i);
	}
	if (src->draining)
		src->bound_ns = UINT64_MAX - 1;
	src->base.stats.rounds++;
}

/* Is anything of the workload left? Each reach has its own way to know; what /proc says
 * settles lost exits. */
static bool tree_left(struct perf_source *src)
{
	if (src->reach == REACH_CGROUP)
		return sampler_populated(src->sampler);
	if (src->reach == REACH_INHERIT && !src->attach)
		return src->npoll;
	tree_sweep(src->tree);
	return tree_alive(src->tree);
}

static void signal_left(struct perf_source *src, int sig)
{
	if (src->reach == REACH_CGROUP)
		sampler_kill(src->sampler, sig);
	else
		tree_kill(src->tree, sig);
}

/* Asked once source_ended says so. */
static bool is_over(struct perf_source *src)
{
	int sig;

	if (src->attach)
		return !src->wait_tree || src->attach->stop || !tree_left(src);
	if (!src->wait_tree || src->launch->stop || !tree_left(src))
		return true;
	sig = launch_overdue(src->launch);
	if (sig)
		signal_left(src, sig);
	/* A stopped process takes SIGTERM only when it goes on. */
	if (sig == SIGTERM)
		signal_left(src, SIGCONT);
	return false;
}

/* Where not every thread that leaves its CPU leaves its stack. */
static bool look_at_blocked(struct perf_source *src)
{
	const struct sampler_info *info = sampler_info(src->sampler);
	uint64_t now_ns;

	if (!src->blocked || (info->wall_stacks && info->wall_period <= 1))
		return false;
	/* What happened before is in the rings by the next round, as what is seen there
	 * is. */
	now_ns = blocked_look(src->blocked);
	if (now_ns > src->newest_ns)
		src->newest_ns = now_ns;
	return true;
}

/* Looking after the launch takes three system calls: it is done when its descriptors say
 * so, or when it is time. */
static bool is_tick_due(struct perf_source *src, int waited_ms)
{
	const struct pollfd *of_launch = src->fds + src->nrings;

	src->unticked_ms += waited_ms;
	if (!src->attach && src->launch->pidfd >= 0 && src->launch->signalfd >= 0 &&
	    !of_launch[0].revents && !of_launch[1].revents && src->unticked_ms < TICK_MS)
		return false;
	src->unticked_ms = 0;
	return true;
}

static int wait_round(struct perf_source *src)
{
	int ms = src->round_ms, ready;
	size_t nrings = src->nrings;

	source_waits(&src->base);
	if (look_at_blocked(src) && ms > ROUND_BLOCKED_MS)
		ms = ROUND_BLOCKED_MS;
	if (src->fresh && ms > ROUND_FRESH_MS)
		ms = ROUND_FRESH_MS;
	src->fresh -= src->fresh > 0;
	if (src->busy && src->quarter_ms && src->quarter_ms <= ms) {
		ms = src->quarter_ms;
		nrings = 0;
	}
	ready = poll(src->fds + src->nrings - nrings, nrings + 2, ms);
	if (ready < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < src->nrings; i++) {
		/* All tasks that inherited this event are gone. */
		if (!(src->fds[i].revents & (POLLHUP | POLLERR)))
			continue;
		src->npoll -= src->fds[i].fd >= 0;
		src->fds[i].fd = -1;
	}
	if (!is_tick_due(src, ready ? TICK_MS : ms))
		return 0;
	if (!source_ended(src->launch, src->attach))
		return 0;
	src->fds[src->nrings].fd = -1; /* would stay readable */
	if (is_over(src)) {
		sampler_stop(src->sampler);
		src->draining = true;
	}
	return 0;
}

/* The ring whose first record is the oldest, if that may go out; else nrings. */
static size_t oldest(const struct perf_source *src)
{
	uint64_t time_ns;
	size_t ring = merge_first(&src->merge, &time_ns);

	return time_ns != MERGE_NONE && time_ns <= src->bound_ns ? ring : src->nrings;
}

static void release_held(struct perf_source *src)
{
	if (src->held == src->nrings)
		return;
	ring_advance(sampler_ring(src->sampler, src->held));
	ring_release(sampler_ring(src->sampler, src->held));
	ring_look(src, src->held);
	src->held = src->nrings;
}

/* A task that is past its exit has no pid any more, but is on its CPU until it is
 * switched out: the last that exited there. */
static void name_exited(struct perf_source *src, size_t ring, struct event *e)
{
	struct last_exit *last = &src->exits[ring];

	if (e->type == EVENT_EXIT)
		*last = (struct last_exit){e->pid, e->tid};
	if (e->type == EVENT_SAMPLE && e->pid == NO_PID && last->pid) {
		e->pid = last->pid;
		e->tid = last->tid;
	}
}

/* True for what the session is to see. */
static bool is_ours(struct perf_source *src, const struct event *e)
{
	bool member = tree_feed(src->tree, e);

	/* Past its exit a task is nobody's. */
	if (e->type == EVENT_SWITCH && e->pid == NO_PID)
		return false;
	if (src->filter && !member) {
		src->base.stats.foreign++;
		return false;
	}
	if (src->started)
		return true;
	/* Until its exec the first process is still profd's code. */
	if ((e->type == EVENT_COMM && e->comm.exec && e->pid == src->root_pid) ||
	    e->type == EVENT_LOST)
		src->started = true;
	return (e->type != EVENT_SAMPLE && e->type != EVENT_SWITCH) || src->started;
}

/* Decodes the record that is first in ring @i and keeps it in the ring while the caller
 * looks. */
static bool hold(struct perf_source *src, size_t i, struct event *ret_event)
{
	const void *record = ring_peek(sampler_ring(src->sampler, i));

	src->held = i;
	if (sampler_decode(src->sampler, record, ret_event) < 0) {
		src->base.stats.broken++;
		return false;
	}
	if (ret_event->time_ns < src->last_ns) {
		src->base.stats.late++;
		ret_event->time_ns = src->last_ns;
	}
	src->last_ns = ret_event->time_ns;
	name_exited(src, i, ret_event);
	if (!is_ours(src, ret_event))
		return false;
	if (ret_event->type == EVENT_MMAP)
		src->fresh = FRESH_ROUNDS;
	if (src->blocked)
		blocked_feed(src->blocked, ret_event);
	return true;
}

/* What was read of a blocked thread, if that is older than the rings' first. */
static bool take_blocked(struct perf_source *src, struct event *ret_event)
{
	uint64_t time_ns = src->blocked ? blocked_time(src->blocked) : UINT64_MAX,
		 ring_ns;

	if (time_ns == UINT64_MAX || time_ns > src->bound_ns)
		return false;
	merge_first(&src->merge, &ring_ns);
	if (ring_ns < time_ns)
		return false;
	blocked_next(src->blocked, ret_event);
	if (ret_event->time_ns < src->last_ns)
		ret_event->time_ns = src->last_ns;
	src->last_ns = ret_event->time_ns;
	return true;
}

static int perf_next(struct source *base, struct event *ret_event)
{
	struct perf_source *src = (struct perf_source *)base;

	if (src->attach && attach_next(src->attach, ret_event))
		return 1;
	for (;;) {
		size_t i;
		int code;

		release_held(src);
		if (take_blocked(src, ret_event))
			return 1;
		i = oldest(src);
		if (i < src->nrings) {
			if (hold(src, i, ret_event))
				return 1;
			continue;
		}
		if (src->draining && src->bound_ns == UINT64_MAX - 1)
			return 0;
		code = src->draining ? 0 : wait_round(src);
		if (code < 0)
			return code;
		round_begin(src);
	}
}

static const struct source_ops perf_ops = {
	.next = perf_next,
	.hurry = perf_hurry,
	.free = perf_free,
};

/* @fd, @signalfd: of what ends it. */
static struct perf_source *source_new(struct sampler *s, int fd, int signalfd,
				      uint32_t root)
{
	struct perf_source *src = xcalloc(1, sizeof(*src));

	src->base.ops = &perf_ops;
	src->sampler = s;
	src->round_ms = ROUND_MAX_MS;
	src->quarter_ms = sampler_quarter_ms(s);
	src->fresh = FRESH_ROUNDS; /* the program itself is a new mapping */
	src->reach = sampler_info(s)->reach;
	src->root_pid = root;
	src->tree = tree_new(root, NULL);
	if (sampler_info(s)->wall)
		src->blocked = blocked_new();
	src->nrings = src->held = sampler_nrings(s);
	src->fds = xcalloc(src->nrings + 2, sizeof(*src->fds));
	src->npoll = (uint32_t)src->nrings;
	merge_init(&src->merge, src->nrings);
	src->exits = xcalloc(src->nrings, sizeof(*src->exits));
	for (size_t i = 0; i < src->nrings; i++)
		src->fds[i] = (struct pollfd){.fd = sampler_fd(s, i), .events = POLLIN};
	src->fds[src->nrings] = (struct pollfd){.fd = fd, .events = POLLIN};
	src->fds[src->nrings + 1] = (struct pollfd){.fd = signalfd, .events = POLLIN};
	return src;
}

struct source *source_perf_new(struct sampler *s, struct launch *l, bool wait_tree)
{
	struct perf_source *src = source_new(s, l->pidfd, l->signalfd, (uint32_t)l->pid);

	src->launch = l;
	src->wait_tree = wait_tree;
	src->started = src->reach == REACH_INHERIT;
	src->filter = src->reach == REACH_SYSTEM;
	return &src->base;
}

/* Children that are inherited from while the events are opened may have inherited some of
 * them only, and were not forked from then on: they are filtered out, too. */
struct source *source_perf_attach(struct sampler *s, struct attach *a,
				  struct launch *command, bool wait_tree)
{
	bool processes = a->ntargets && !a->targets[0].tid;
	struct perf_source *src = source_new(s, command ? command->pidfd : a->fd,
					     command ? command->signalfd : a->signalfd,
					     processes ? a->targets[0].pid : 0);
	size_t n;
	const uint32_t *strangers = attach_strangers(a, &n);

	src->launch = command;
	src->attach = a;
	src->wait_tree = wait_tree;
	src->started = true;
	src->filter = processes;
	for (size_t i = 0; processes && i < a->ntargets; i++)
		tree_root(src->tree, a->targets[i].pid);
	for (size_t i = 0; i < n; i++)
		tree_except(src->tree, strangers[i]);
	return &src->base;
}
