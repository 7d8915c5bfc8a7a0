/* The workload's processes, by pid.
 *
 * A fork by a member makes a member; its last thread's exit ends it. Where records were
 * lost, a pid that nobody introduced is looked up in /proc: it belongs to the tree if one
 * of its parents does. That cannot find a process whose parents are all gone; its samples
 * are left out rather than a stranger's taken in. Events are dropped by the source, not
 * here. */
#include <profd/tree.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include <profd/clock.h>
#include <profd/io.h>
#include <profd/map.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/vec.h>

#define PARENTS_MAX 64u
#define THREADS_ANY (1u << 30)
#define SWEEPS                                                                           \
	3 /* what it did before its end has been fed by then (source-perf.c, rounds) */
#define ASK_AGAIN_NS (NSEC_PER_SEC / 10)
/* The start time in /proc counts in ticks (10 ms) and has been rounded. */
#define START_SLACK_NS (NSEC_PER_SEC / 20)

struct member {
	uint32_t pid;	  /* 0: a row that is free */
	uint32_t threads; /* alive; 0: it has exited */
	uint64_t fork_ns; /* CLOCK_MONOTONIC; 0: not seen */
	uint32_t missed;  /* sweeps in a row that did not find it */
};

struct tree {
	struct map rows;    /* pid -> row + 1 */
	struct map foreign; /* pid -> 1: asked for since records were lost */
	struct map except;  /* pid -> 1: runs since before, and is not to be a member */
	VEC(struct member) v;
	VEC(uint32_t) unused; /* rows */
	tree_parent_fn parent;
	uint32_t alive;
	bool doubt;	  /* records were lost */
	uint64_t last_ns; /* when foreign was emptied */
};

/* --- /proc/PID/stat ----------------------------------------------------------------- */

/* Field @number of proc_pid_stat(5), counted from 1, of those behind the command's name:
 * it may hold blanks and parentheses, but nothing behind it does. */
static bool stat_field(uint32_t pid, unsigned number, uint64_t *ret_value)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/stat", pid);
	_cleanup_free_ char *data = NULL;
	char *save = NULL, *word;
	size_t n;

	if (io_slurp(path, 4096, &data, &n) < 0)
		return false;
	word = strrchr(data, ')');
	word = word ? strtok_r(word + 1, " \n", &save) : NULL;
	for (unsigned i = 3; word && i < number; i++)
		word = strtok_r(NULL, " \n", &save);
	return word && !number_parse_u64(word, 0, UINT64_MAX, ret_value);
}

static uint32_t proc_parent(uint32_t pid)
{
	uint64_t ppid;

	if (!stat_field(pid, 4, &ppid) || ppid > UINT32_MAX)
		return 0;
	return (uint32_t)ppid;
}

/* False when a process that started later has the pid now. */
static bool same_process(const struct member *m)
{
	struct timespec mono, boot;
	uint64_t ticks, start_ns, offset_ns;

	if (!m->fork_ns)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	offset_ns = (uint64_t)(boot.tv_sec - mono.tv_sec) * NSEC_PER_SEC +
		    (uint64_t)(boot.tv_nsec - mono.tv_nsec);
	if (!stat_field(m->pid, 22, &ticks))
		return false;
	start_ns = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	return start_ns <= m->fork_ns + offset_ns + START_SLACK_NS;
}

/* --- members ------------------------------------------------------------------------ */

static struct member *find(const struct tree *t, uint32_t pid)
{
	uint64_t row = map_find(&t->rows, pid);

	return row ? &t->v.v[row - 1] : NULL;
}

static struct member *add(struct tree *t, uint32_t pid, uint64_t time_ns)
{
	struct member *m = find(t, pid);
	uint32_t row;

	if (m && m->threads) /* its exit was lost */
		t->alive--;
	if (!m && t->unused.n) {
		row = t->unused.v[--t->unused.n];
		map_put(&t->rows, pid, row + 1);
		m = &t->v.v[row];
	} else if (!m) {
		m = vec_add(&t->v);
		map_put(&t->rows, pid, t->v.n);
	}
	*m = (struct member){.pid = pid, .threads = 1, .fork_ns = time_ns};
	t->alive++;
	map_remove(&t->foreign, pid);
	map_remove(&t->except, pid);
	return m;
}

static void drop(struct tree *t, struct member *m)
{
	t->alive -= m->threads > 0;
	map_remove(&t->rows, m->pid);
	vec_push(&t->unused, (uint32_t)(m - t->v.v));
	*m = (struct member){0};
}

struct tree *tree_new(uint32_t root, tree_parent_fn parent)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->parent = parent ? parent : proc_parent;
	add(t, root, 0);
	return t;
}

void tree_root(struct tree *t, uint32_t pid)
{
	struct member *m = find(t, pid);

	if (!m)
		m = add(t, pid, 0);
	/* Threads that end while they are counted would make it end too early. */
	m->threads = THREADS_ANY;
}

void tree_except(struct tree *t, uint32_t pid)
{
	if (!find(t, pid))
		map_put(&t->except, pid, 1);
}

struct tree *tree_free(struct tree *t)
{
	if (!t)
		return NULL;
	map_done(&t->rows);
	map_done(&t->except);
	map_done(&t->foreign);
	vec_done(&t->v);
	vec_done(&t->unused);
	free(t);
	return NULL;
}

/* A pid that no fork introduced. */
static struct member *look_up(struct tree *t, uint32_t pid)
{
	uint32_t up = pid;

	if (!t->doubt || !pid || map_find(&t->foreign, pid))
		return NULL;
	for (unsigned i = 0; i < PARENTS_MAX && up > 1; i++) {
		const struct member *m = find(t, up);

		if (m && m->threads)
			return add(t, pid, 0);
		if (map_find(&t->except, up))
			break;
		up = t->parent(up);
	}
	map_put(&t->foreign, pid, 1);
	return NULL;
}

static struct member *get(struct tree *t, uint32_t pid)
{
	struct member *m = find(t, pid);

	return m ? m : look_up(t, pid);
}

/* --- events ------------------------------------------------------------------------- */

/* Who forks has not exited: threads may have been started unseen. */
static bool revive(struct tree *t, struct member *m)
{
	if (m->threads)
		return true;
	if (!t->doubt)
		return false;
	m->threads = 1;
	t->alive++;
	return true;
}

static bool feed_fork(struct tree *t, const struct event *e)
{
	struct member *parent = get(t, e->task.ppid), *m;

	if (parent && !revive(t, parent))
		parent = NULL;
	if (e->pid == e->task.ppid) {
		if (parent)
			parent->threads++;
		return parent;
	}
	if (parent) {
		add(t, e->pid, e->time_ns);
		return true;
	}
	map_remove(&t->except, e->pid);
	/* The pid of a member that is gone has come back as a stranger's. */
	m = find(t, e->pid);
	if (m)
		drop(t, m);
	return false;
}

static bool feed_exit(struct tree *t, const struct event *e)
{
	struct member *m = get(t, e->pid);

	if (!m)
		return false;
	if (m->threads && --m->threads == 0)
		t->alive--;
	return true;
}

/* What has exited may have been followed by a stranger with the same pid, whose fork was
 * lost. */
static void forget_exited(struct tree *t)
{
	for (uint32_t i = 0; i < t->v.n; i++) {
		struct member *m = &t->v.v[i];

		if (m->pid && !m->threads)
			drop(t, m);
	}
}

static void feed_lost(struct tree *t, const struct event *e)
{
	if (t->doubt && e->time_ns < t->last_ns + ASK_AGAIN_NS)
		return;
	t->doubt = true;
	t->last_ns = e->time_ns;
	map_done(&t->foreign);
	forget_exited(t);
}

bool tree_feed(struct tree *t, const struct event *e)
{
	switch (e->type) {
	case EVENT_FORK:
		return feed_fork(t, e);
	case EVENT_EXIT:
		return feed_exit(t, e);
	case EVENT_MMAP:
	case EVENT_COMM:
	case EVENT_SAMPLE:
	case EVENT_SWITCH:
	case EVENT_BLOCKED:
	case EVENT_SPENT:
		return get(t, e->pid);
	case EVENT_LOST:
		feed_lost(t, e);
		return true;
	case EVENT_THROTTLE:
	case EVENT_UNTHROTTLE:
	case EVENT_OTHER:
		break;
	}
	return true;
}

uint32_t tree_alive(const struct tree *t)
{
	return t->alive;
}

void tree_sweep(struct tree *t)
{
	for (uint32_t i = 0; i < t->v.n; i++) {
		struct member *m = &t->v.v[i];

		if (!m->threads)
			continue;
		if (kill((pid_t)m->pid, 0) == 0 || errno != ESRCH)
			m->missed = 0;
		else if (++m->missed >= SWEEPS)
			drop(t, m);
	}
}

void tree_kill(const struct tree *t, int sig)
{
	for (uint32_t i = 0; i < t->v.n; i++) {
		const struct member *m = &t->v.v[i];
		int fd = m->threads ? (int)syscall(SYS_pidfd_open, m->pid, 0) : -1;

		if (fd < 0)
			continue;
		/* The descriptor holds on to the process that is looked at now. */
		if (same_process(m))
			syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
		close(fd);
	}
}
