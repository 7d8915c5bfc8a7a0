/* What is attached to: found and checked, waited for, its CPU time added up.
 *
 * A process is held by a descriptor from the first look on, so that a pid which comes
 * back as another process is noticed. What it is, and why it may not be sampled, is
 * attach-check.c's; the events that make it known to the session are introduce.c's. */
#include "attach-priv.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <profd/cgroup.h>
#include <profd/clock.h>
#include <profd/io.h>
#include <profd/map.h>
#include <profd/number.h>

#define READ_EVERY_NS (NSEC_PER_SEC / 20)

struct watched { /* one of targets */
	int pidfd;
	bool ended;
	struct cpu_time first, last;
};

struct attach_private {
	const struct sampler_targets *on;
	struct watched *watched; /* [ntargets] */
	struct cgroup *group;	 /* NULL without --cgroup */
	bool populated;		 /* it had processes */
	struct intro *intro;
	int timer_fd;
	uint64_t deadline_ns; /* 0: none */
	uint64_t read_ns;     /* when CPU time was */
	struct cpu_time all;  /* at the start, without targets */
	struct cpu_time living;
	VEC(uint32_t) strangers;
	struct rlimit old_files;
	bool has_signals;
	sigset_t blocked, old_mask;
	struct sigaction old_pipe, old_fsize;
};

/* --- who was there before ----------------------------------------------------------- */

struct processes {
	struct pair {
		uint32_t pid, ppid;
	} * v;
	uint32_t n, cap;
};

static void each_pid(void (*fn)(void *arg, uint32_t pid), void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	uint64_t pid;

	while (dir && (d = readdir(dir))) {
		if (!number_parse_u64(d->d_name, 1, INT32_MAX, &pid))
			fn(arg, (uint32_t)pid);
	}
	if (dir)
		closedir(dir);
}

static void note_pair(void *arg, uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/stat", pid);
	struct processes *all = arg;
	uint64_t ppid;

	if (stat_number(path, 4, &ppid))
		vec_push(all, ((struct pair){pid, (uint32_t)ppid}));
}

/* Children of targets, and theirs. */
static void find_strangers(struct attach *a)
{
	struct processes all = {0};
	struct map of = {0};
	uint32_t before;

	each_pid(note_pair, &all);
	for (size_t i = 0; i < a->ntargets; i++)
		map_put(&of, a->targets[i].pid, 1);
	do {
		before = a->priv->strangers.n;
		for (uint32_t i = 0; i < all.n; i++) {
			const struct pair *p = &all.v[i];

			if (map_find(&of, p->pid) || !map_find(&of, p->ppid))
				continue;
			map_put(&of, p->pid, 1);
			vec_push(&a->priv->strangers, p->pid);
		}
	} while (a->priv->strangers.n != before);
	map_done(&of);
	vec_done(&all);
}

const uint32_t *attach_strangers(const struct attach *a, size_t *ret_n)
{
	*ret_n = a->priv->strangers.n;
	return a->priv->strangers.v;
}

/* --- opening ------------------------------------------------------------------------ */

static void ask_pid(void *arg, uint32_t pid)
{
	intro_ask(arg, pid);
}

static void ask_member(void *arg, pid_t pid)
{
	intro_ask(arg, (uint32_t)pid);
}

static void ask_all(struct attach *a)
{
	struct attach_private *p = a->priv;

	if (p->group)
		cgroup_each(p->group, ask_member, p->intro);
	else if (!a->ntargets)
		each_pid(ask_pid, p->intro);
	for (size_t i = 0; i < a->ntargets; i++)
		intro_ask(p->intro, a->targets[i].pid);
}

/* A build, a shell, a server with a process for each client: rather than what works by
 * itself. */
static bool has_forked(uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/stat", pid);
	uint64_t v[4] = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
		stat_number(path, 14 + i, &v[i]);
	return v[2] + v[3] > 0 && 10 * (v[2] + v[3]) >= v[0] + v[1];
}

static void watch_fd(const struct attach *a, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	if (a->fd >= 0 && fd >= 0)
		epoll_ctl(a->fd, EPOLL_CTL_ADD, fd, &e);
}

int attach_open(struct attach *a, const struct sampler_targets *on, struct error *err)
{
	struct attach_private *p = xcalloc(1, sizeof(*p));

	*a = (struct attach){.fd = epoll_create1(EPOLL_CLOEXEC),
			     .signalfd = -1,
			     .ntargets = on->npids,
			     .priv = p};
	p->on = on;
	p->timer_fd = -1;
	io_raise_files(&p->old_files);
	a->targets = xcalloc(on->npids + 1, sizeof(*a->targets));
	p->watched = xcalloc(on->npids + 1, sizeof(*p->watched));
	p->intro = intro_new();
	for (size_t i = 0; i < on->npids; i++)
		p->watched[i].pidfd = -1;
	for (size_t i = 0; i < on->npids; i++) {
		uint32_t number = (uint32_t)on->pids[i];
		int code;

		/* pidfds of single threads came with Linux 6.9: /proc is asked for
		 * those. */
		if (!on->threads)
			p->watched[i].pidfd = (int)syscall(SYS_pidfd_open, number, 0);
		code = target_find(number, on->threads, &a->targets[i], err);
		if (code < 0)
			return code;
		watch_fd(a, p->watched[i].pidfd);
		a->forks |= has_forked(a->targets[i].pid);
	}
	if (on->cgroup) {
		p->group = cgroup_open(on->cgroup, err);
		if (!p->group)
			return err->code;
	}
	ask_all(a);
	return 0;
}

void attach_signals(struct attach *a)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct attach_private *p = a->priv;

	sigaction(SIGPIPE, &ignore, &p->old_pipe);
	sigaction(SIGXFSZ, &ignore, &p->old_fsize);
	sigemptyset(&p->blocked);
	sigaddset(&p->blocked, SIGINT);
	sigaddset(&p->blocked, SIGTERM);
	sigaddset(&p->blocked, SIGHUP);
	sigaddset(&p->blocked, SIGQUIT);
	sigprocmask(SIG_BLOCK, &p->blocked, &p->old_mask);
	p->has_signals = true;
	a->signalfd = signalfd(-1, &p->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* --- while it runs ------------------------------------------------------------------ */

static bool is_gone(const struct attach *a, size_t i)
{
	const struct attach_target *t = &a->targets[i];
	struct pollfd fd = {.fd = a->priv->watched[i].pidfd, .events = POLLIN};

	return fd.fd >= 0 ? poll(&fd, 1, 0) > 0 : target_has_ended(t->pid, t->tid);
}

static uint64_t since(uint64_t now, uint64_t start)
{
	return now > start ? now - start : 0;
}

static void add_time(struct attach *a, const struct cpu_time *first,
		     const struct cpu_time *last)
{
	a->cpu_ns += since(last->cpu_ns, first->cpu_ns);
	a->user_ns += since(last->user_ns, first->user_ns);
	a->system_ns += since(last->system_ns, first->system_ns);
}

/* What has ended keeps its last reading. */
static void read_times(struct attach *a)
{
	static const struct cpu_time none;
	struct attach_private *p = a->priv;
	struct cpu_time now;

	p->read_ns = clock_now_ns();
	a->cpu_ns = a->user_ns = a->system_ns = 0;
	if (!a->ntargets && !p->group && cpu_time_of_all(&now))
		add_time(a, &p->all, &now);
	for (size_t i = 0; i < a->ntargets; i++) {
		struct watched *w = &p->watched[i];
		const struct attach_target *t = &a->targets[i];

		if (!w->ended && cpu_time_of(t->pid, t->tid, &now) && now.cpu_ns)
			w->last = now;
		add_time(a, &w->first, &w->last);
	}
	add_time(a, &none, &p->living);
}

int attach_start(struct attach *a, uint64_t duration_ns, struct error *err)
{
	struct attach_private *p = a->priv;
	const struct itimerspec in = {.it_value = {(time_t)(duration_ns / NSEC_PER_SEC),
						   (long)(duration_ns % NSEC_PER_SEC)}};

	a->start_ns = clock_now_ns();
	find_strangers(a);
	cpu_time_of_all(&p->all);
	for (size_t i = 0; i < a->ntargets; i++) {
		const struct attach_target *t = &a->targets[i];
		struct watched *w = &p->watched[i];

		if (is_gone(a, i) || !cpu_time_of(t->pid, t->tid, &w->first)) {
			error_set(err, -ESRCH, "%s %u has ended",
				  t->tid ? "thread" : "process",
				  t->tid ? t->tid : t->pid);
			return -ESRCH;
		}
		w->last = w->first;
	}
	ask_all(a);
	if (!duration_ns)
		return 0;
	p->deadline_ns = a->start_ns + duration_ns;
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->timer_fd >= 0)
		timerfd_settime(p->timer_fd, 0, &in, NULL);
	watch_fd(a, p->timer_fd);
	return 0;
}

bool attach_next(struct attach *a, struct event *ret_event)
{
	return intro_next(a->priv->intro, a->start_ns ? a->start_ns : clock_now_ns(),
			  ret_event);
}

static void take_signals(struct attach *a)
{
	const struct timespec now = {0};
	siginfo_t si;

	/* Not read from the signalfd, which only wakes poll(2): sandboxes lack it. */
	while (a->priv->has_signals && sigtimedwait(&a->priv->blocked, &si, &now) > 0)
		a->stop = true;
}

/* True when nothing is left of it. Everything never ends; a control group ends when it
 * becomes empty. */
static bool all_ended(struct attach *a)
{
	struct attach_private *p = a->priv;
	size_t alive = 0;

	if (p->group) {
		bool now = cgroup_populated(p->group), had = p->populated;

		p->populated |= now;
		return had && !now;
	}
	for (size_t i = 0; i < a->ntargets; i++) {
		struct watched *w = &p->watched[i];

		if (!w->ended && is_gone(a, i)) {
			w->ended = true;
			if (a->fd >= 0 && w->pidfd >= 0)
				epoll_ctl(a->fd, EPOLL_CTL_DEL, w->pidfd, NULL);
		}
		alive += !w->ended;
	}
	return a->ntargets && !alive;
}

void attach_end(struct attach *a)
{
	if (a->end_ns)
		return;
	a->end_ns = clock_now_ns();
	read_times(a);
}

bool attach_tick(struct attach *a)
{
	struct attach_private *p = a->priv;
	uint64_t now_ns = clock_now_ns();
	bool over;

	take_signals(a);
	a->stop |= p->deadline_ns && now_ns >= p->deadline_ns;
	over = all_ended(a) || a->stop;
	if (over)
		attach_end(a);
	else if (now_ns > p->read_ns + READ_EVERY_NS)
		read_times(a);
	return over;
}

void attach_add_living(struct attach *a, uint32_t pid)
{
	struct cpu_time t;

	for (size_t i = 0; i < a->ntargets; i++) {
		if (a->targets[i].pid == pid)
			return;
	}
	if (!a->ntargets || !cpu_time_of(pid, 0, &t))
		return;
	a->priv->living.cpu_ns += t.cpu_ns;
	a->priv->living.user_ns += t.user_ns;
	a->priv->living.system_ns += t.system_ns;
	add_time(a, &(struct cpu_time){0}, &t);
}

/* --- the end ------------------------------------------------------------------------ */

void attach_done(struct attach *a)
{
	struct attach_private *p = a->priv;

	if (!p)
		return;
	for (size_t i = 0; i < a->ntargets; i++) {
		if (p->watched[i].pidfd >= 0)
			close(p->watched[i].pidfd);
		free(a->targets[i].name);
	}
	if (a->fd >= 0)
		close(a->fd);
	if (a->signalfd >= 0)
		close(a->signalfd);
	if (p->timer_fd >= 0)
		close(p->timer_fd);
	take_signals(a);
	if (p->has_signals) {
		sigaction(SIGPIPE, &p->old_pipe, NULL);
		sigaction(SIGXFSZ, &p->old_fsize, NULL);
		sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
	}
	io_restore_files(&p->old_files);
	cgroup_close(p->group);
	intro_free(p->intro);
	vec_done(&p->strangers);
	free(p->watched);
	free(a->targets);
	free(p);
	*a = (struct attach){.fd = -1, .signalfd = -1};
}
