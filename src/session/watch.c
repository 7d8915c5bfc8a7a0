/* Who belongs to the workload, and how long each of its threads has run, by /proc alone.
 *
 * A look reads the CPU time of every thread that is known (proc(5), /proc/PID/schedstat:
 * the cheapest file there is). Only threads that ran can have forked and only processes
 * that ran can have new threads, so the rest is left in peace. Who loses his parents
 * becomes profd's child, because profd is a subreaper (prctl(2)) while this engine works:
 * that is how daemons are found, and they are reaped here. The files themselves are read
 * in watch-files.c. */
#include "ptrace-priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach-priv.h"
#include <profd/clock.h>
#include <profd/mem.h>
#include <profd/number.h>

/* Of the descriptors that profd may have, the rest being for files that are mapped. */
#define FDS_SHARE 2u
#define FDS_MAX 20000u
#define PROCESSES_MAX 100000u
/* Reading maps takes one in this many of the time that has passed, and what is free. */
#define MAPS_SHARE 50u
#define MAPS_FREE_NS (NSEC_PER_SEC / 20)

static uint32_t fds_allowed(void)
{
	struct rlimit l;
	rlim_t n;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 0;
	n = l.rlim_cur / FDS_SHARE;
	return n < FDS_MAX ? (uint32_t)n : FDS_MAX;
}

static uint64_t read_ran(struct watch *w, struct thread *t)
{
	uint64_t ns = t->ran_ns;
	char buf[128];
	ssize_t n;

	if (w->blind) {
		t->gone |= !watch_ticks(w, t, &ns);
		return ns;
	}
	n = watch_file_read(w, &t->sched_fd, t, "schedstat", buf, sizeof(buf));
	if (n == -ESRCH || n == -ENOENT) {
		t->gone = true;
		return t->ran_ns;
	}
	if (n <= 0)
		return t->ran_ns;
	watch_sched_parse(buf, &t->sched);
	return t->sched.ran_ns;
}

/* --- events ------------------------------------------------------------------------- */

static void put_task(struct watch *w, enum event_type type, const struct thread *t,
		     uint32_t ppid)
{
	queue_put(w->queue, &(struct event){.type = type,
					    .pid = t->process->pid,
					    .tid = t->tid,
					    .task = {ppid, ppid}});
}

static void put_comm(struct watch *w, uint32_t pid, uint32_t tid, const char *comm,
		     bool exec)
{
	queue_put(w->queue, &(struct event){.type = EVENT_COMM,
					    .pid = pid,
					    .tid = tid,
					    .comm = {comm, strlen(comm), exec}});
}

/* --- threads ------------------------------------------------------------------------ */

static struct thread *thread_add(struct watch *w, struct watched *p, uint32_t tid)
{
	struct thread *t = xcalloc(1, sizeof(*t));

	*t = (struct thread){.tid = tid,
			     .process = p,
			     .stat_fd = -1,
			     .sched_fd = -1,
			     .children_fd = -1,
			     .status_fd = -1,
			     .credit = pace_begin(tid),
			     .moved_ns = clock_now_ns(),
			     .found = true};
	t->told.found_ns = t->told.alive_ns = t->moved_ns;
	t->told.after_ns = p->listed_ns;
	t->told.blocks = NOT_COUNTED;
	vec_push(&p->threads, t);
	if (tid != p->pid)
		put_task(w, EVENT_FORK, t, p->pid);
	return t;
}

static void thread_free(struct watch *w, struct thread *t)
{
	watch_file_close(w, &t->stat_fd);
	watch_file_close(w, &t->sched_fd);
	watch_file_close(w, &t->children_fd);
	watch_file_close(w, &t->status_fd);
	free(t);
}

static struct thread *thread_find(const struct watched *p, uint32_t tid)
{
	for (uint32_t i = 0; i < p->threads.n; i++) {
		if (p->threads.v[i]->tid == tid)
			return p->threads.v[i];
	}
	return NULL;
}

/* Another program has other addresses, or, without randomised ones, the same files at the
 * same places. */
static void note_program(struct watch *w, struct watched *p, const struct thread_stat *st)
{
	const uint64_t now[3] = {st->start_code, st->start_stack, st->arg_start};
	bool exec = memcmp(now, p->program, sizeof(now)) != 0;

	if (exec) {
		memcpy(p->program, now, sizeof(now));
		vec_done(&p->maps);
		p->maps_read = false;
		p->refused_ns = 0;
	}
	if (exec || strcmp(p->comm, st->comm)) {
		memcpy(p->comm, st->comm, sizeof(p->comm));
		put_comm(w, p->pid, p->pid, p->comm, exec);
	}
}

bool watch_stat(struct watch *w, struct thread *t, struct thread_stat *ret_stat)
{
	char buf[WATCH_FILE_BYTES];
	struct watched *p = t->process;
	ssize_t n = watch_file_read(w, &t->stat_fd, t, "stat", buf, sizeof(buf));

	if (n <= 0 || !watch_stat_parse(buf, ret_stat)) {
		t->gone = true;
		return false;
	}
	p->ppid = ret_stat->ppid;
	/* One that is about to end has lost its memory. */
	if (strchr("ZX", ret_stat->state) || !ret_stat->vsize_bytes)
		return true;
	if (t->tid == p->pid || ret_stat->start_stack != p->program[1])
		note_program(w, p, ret_stat);
	if (t->tid == p->pid)
		return true;
	if (strcmp(t->comm[0] ? t->comm : p->comm, ret_stat->comm)) {
		memcpy(t->comm, ret_stat->comm, sizeof(t->comm));
		put_comm(w, p->pid, t->tid, t->comm, false);
	}
	return true;
}

/* --- processes ---------------------------------------------------------------------- */

static struct watched *process_find(const struct watch *w, uint32_t pid)
{
	uint64_t row = map_find(&w->by_pid, pid);

	return row ? w->processes.v[row - 1] : NULL;
}

static struct watched *process_new(struct watch *w, uint32_t pid)
{
	struct watched *p = xcalloc(1, sizeof(*p));

	*p = (struct watched){.pid = pid, .task_fd = -1, .fresh = true};
	vec_push(&w->processes, p);
	map_put(&w->by_pid, pid, w->processes.n);
	return p;
}

/* A child of @parent; NULL: of nobody any more. */
static void process_add(struct watch *w, uint32_t pid, const struct watched *parent)
{
	struct watched *p;
	struct thread *t;
	struct thread_stat st;

	if (process_find(w, pid) || map_find(&w->strangers, pid) ||
	    w->processes.n >= PROCESSES_MAX)
		return;
	p = process_new(w, pid);
	t = thread_add(w, p, pid);
	if (pid != w->root)
		put_task(w, EVENT_FORK, t, parent ? parent->pid : w->root);
	if (parent) {
		memcpy(p->comm, parent->comm, sizeof(p->comm));
		memcpy(p->program, parent->program, sizeof(p->program));
		vec_reserve(&p->maps, parent->maps.n);
		if (parent->maps.n)
			memcpy(p->maps.v, parent->maps.v,
			       parent->maps.n * sizeof(*p->maps.v));
		p->maps.n = parent->maps.n;
	}
	if (watch_stat(w, t, &st) && w->times)
		times_found(w->times, t, &st);
}

static void process_free(struct watch *w, struct watched *p)
{
	for (uint32_t i = 0; i < p->threads.n; i++)
		thread_free(w, p->threads.v[i]);
	vec_done(&p->threads);
	vec_done(&p->maps);
	watch_file_close(w, &p->task_fd);
	free(p);
}

/* The pids in a file of children, proc(5). */
static void add_children(struct watch *w, char *list, const struct watched *parent)
{
	for (char *save = NULL, *word = strtok_r(list, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save)) {
		uint64_t pid;

		if (!number_parse_u64(word, 2, UINT32_MAX, &pid))
			process_add(w, (uint32_t)pid, parent);
	}
}

static void thread_children(struct watch *w, struct thread *t)
{
	char buf[WATCH_FILE_BYTES];

	if (watch_file_read(w, &t->children_fd, t, "children", buf, sizeof(buf)) > 0)
		add_children(w, buf, t->process);
}

/* Who is in /proc/PID/task. */
static void list_threads(struct watch *w, struct watched *p)
{
	char path[64], buf[16384];
	uint64_t now_ns = clock_now_ns();
	ssize_t n;

	if (p->task_fd < 0) {
		snprintf(path, sizeof(path), "/proc/%u/task", p->pid);
		p->task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		w->fds += p->task_fd >= 0;
	}
	for (uint32_t i = 0; i < p->threads.n; i++)
		p->threads.v[i]->found = false;
	lseek(p->task_fd, 0, SEEK_SET);
	while ((n = getdents64(p->task_fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);
			uint64_t tid;
			struct thread *t;

			at += d->d_reclen;
			if (number_parse_u64(d->d_name, 1, UINT32_MAX, &tid))
				continue;
			t = thread_find(p, (uint32_t)tid);
			if (!t)
				t = thread_add(w, p, (uint32_t)tid);
			t->found = true;
			t->gone = false;
		}
	}
	p->listed_ns = now_ns;
	for (uint32_t i = 0; i < p->threads.n; i++)
		p->threads.v[i]->gone |= !p->threads.v[i]->found;
	if (w->fds > w->fds_max)
		watch_file_close(w, &p->task_fd);
}

static void drop_threads(struct watch *w, struct watched *p)
{
	for (uint32_t i = p->threads.n; i-- > 0;) {
		struct thread *t = p->threads.v[i];

		if (!t->gone || t->held)
			continue;
		p->ended_ns += t->ran_ns - t->base_ns;
		w->ended_ns += t->ran_ns - t->base_ns;
		if (w->times)
			times_end(w->times, t);
		put_task(w, EVENT_EXIT, t, p->pid);
		thread_free(w, t);
		vec_remove(&p->threads, i, 1);
	}
}

/* How long a thread has run is brought up to date by the kernel's tick and when it leaves
 * the CPU, how often it came to one and how long it waited for that at once: the time
 * that it ran after a wait comes with the next look. Where it waited when it had been
 * woken it was not found ready; what looks have shown of a wait is counted already. */
static void note_moved(struct watch *w, struct thread *t, const struct sched *before)
{
	const struct sched *now = &t->sched;

	t->moved = w->blind || now->ran_ns != before->ran_ns ||
		   now->turns != before->turns;
	if (!t->moved)
		return;
	t->awoke = true;
	t->moved_ns = clock_now_ns();
	pace_add(&t->pace, now->ran_ns - before->ran_ns, t->waited_ns);
	pace_add(&w->pace, now->ran_ns - before->ran_ns, t->waited_ns);
	t->waited_ns = 0;
	if (t->ready && now->queued_ns - before->queued_ns > t->waits_ns)
		t->waited_ns = now->queued_ns - before->queued_ns - t->waits_ns;
	t->waits_ns = 0;
}

struct visit {
	void (*fn)(void *arg, struct thread *t);
	void *arg;
};

/* True if the thread ran. */
static bool thread_look(struct watch *w, struct thread *t, const struct visit *v)
{
	const struct sched before = t->sched;

	t->ran_ns = read_ran(w, t);
	note_moved(w, t, &before);
	if (v->fn)
		v->fn(v->arg, t);
	return t->moved || t->gone;
}

/* True while anything of it is left. */
static bool process_look(struct watch *w, struct watched *p, const struct visit *v)
{
	bool ran = p->fresh, fresh = p->fresh;
	uint32_t n = p->threads.n;

	p->fresh = false;
	for (uint32_t i = 0; i < n; i++)
		ran |= thread_look(w, p->threads.v[i], v);
	if (!ran)
		return true;
	if (!p->some)
		list_threads(w, p);
	/* Those that are gone by the next look were never seen otherwise. */
	for (uint32_t i = n; i < p->threads.n; i++)
		thread_look(w, p->threads.v[i], v);
	/* Threads are added behind the others, and what they forked comes with the next
	 * look. */
	for (uint32_t i = 0; i < p->threads.n; i++) {
		struct thread *t = p->threads.v[i];

		if ((t->moved || fresh) && !t->gone && !p->some)
			thread_children(w, t);
	}
	drop_threads(w, p);
	return p->threads.n;
}

/* Rows move: the map has their numbers. */
static void process_drop(struct watch *w, uint32_t row)
{
	uint32_t last = w->processes.n - 1;

	map_remove(&w->by_pid, w->processes.v[row]->pid);
	process_free(w, w->processes.v[row]);
	if (row != last) {
		w->processes.v[row] = w->processes.v[last];
		map_put(&w->by_pid, w->processes.v[row]->pid, row + 1);
	}
	w->processes.n--;
}

static bool is_held(const struct watched *p)
{
	for (uint32_t i = 0; i < p->threads.n; i++) {
		if (p->threads.v[i]->held)
			return true;
	}
	return false;
}

static uint64_t usage_ns(const struct rusage *u)
{
	return (uint64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * NSEC_PER_SEC +
	       (uint64_t)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1000;
}

/* Orphans, which are profd's children now. */
static void look_at_orphans(struct watch *w)
{
	char buf[WATCH_FILE_BYTES];
	ssize_t n = w->orphans_fd < 0 ? 0 : pread(w->orphans_fd, buf, sizeof(buf) - 1, 0);
	char *save = NULL;

	if (n <= 0)
		return;
	buf[n] = '\0';
	for (char *word = strtok_r(buf, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save)) {
		uint32_t pid = (uint32_t)strtoul(word, NULL, 10);
		struct watched *p;
		struct rusage used;

		if (!pid || pid == w->root)
			continue;
		process_add(w, pid, NULL);
		p = process_find(w, pid);
		/* Waiting would take the stop of one that is being stopped. */
		if (p && !is_held(p) && wait4((pid_t)pid, NULL, WNOHANG, &used) > 0)
			w->orphans_ns += usage_ns(&used);
	}
}

/* Processes that have ended, and whose parents did before them: nobody that is watched
 * waits for those. (Who was attached to is counted by another clock.) */
static void count_orphans(struct watch *w)
{
	for (uint32_t i = 0; i < w->processes.n; i++) {
		const struct watched *p = w->processes.v[i];

		if (!p->threads.n && !p->root && p->ppid && !process_find(w, p->ppid))
			w->orphans_ns += p->ended_ns;
	}
}

void watch_look(struct watch *w, void (*fn)(void *arg, struct thread *t), void *arg)
{
	const struct visit v = {fn, arg};

	look_at_orphans(w);
	/* Children are added behind their parents. */
	for (uint32_t i = 0; i < w->processes.n; i++)
		process_look(w, w->processes.v[i], &v);
	if (w->attached)
		count_orphans(w);
	for (uint32_t i = w->processes.n; i-- > 0;) {
		if (!w->processes.v[i]->threads.n)
			process_drop(w, i);
	}
}

/* Mappings change the size of the memory, and what takes the place of another is read
 * page by page: that is a fault each. Code that is not known at all is looked for in any
 * case; but what has no end must not take all the time. */
void watch_maps(struct watch *w, struct thread *t, const struct thread_stat *st,
		uint64_t pc)
{
	struct watched *p = t->process;
	uint64_t now_ns = clock_now_ns();
	bool known = false;

	for (uint32_t i = 0; i < p->maps.n; i++)
		known |= pc >= p->maps.v[i].start && pc < p->maps.v[i].end;
	if (p->maps_read && known && st->vsize_bytes == p->vsize_bytes &&
	    st->faults == t->faults)
		return;
	if (p->maps_read &&
	    w->maps_ns > MAPS_FREE_NS + (now_ns - w->start_ns) / MAPS_SHARE)
		return;
	maps_look(w->queue, p);
	p->maps_read = true;
	p->vsize_bytes = st->vsize_bytes;
	t->faults = st->faults;
	w->maps_ns += clock_now_ns() - now_ns;
}

uint32_t watch_alive(struct watch *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct watched *p = w->processes.v[i];
		struct thread_stat st;

		for (uint32_t k = 0; k < p->threads.n; k++) {
			if (watch_stat(w, p->threads.v[k], &st) &&
			    !strchr("ZX", st.state)) {
				n++;
				break;
			}
		}
	}
	return n;
}

void watch_kill(struct watch *w, int sig)
{
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct watched *p = w->processes.v[i];
		struct thread_stat st;

		/* Its own file still says something: the pid is still its. */
		if (p->threads.n && watch_stat(w, p->threads.v[0], &st))
			kill((pid_t)p->pid, sig);
	}
}

uint64_t watch_unwaited_ns(const struct watch *w)
{
	uint64_t ns = w->orphans_ns;

	for (uint32_t i = 0; !w->attached && i < w->processes.n; i++) {
		const struct watched *p = w->processes.v[i];

		for (uint32_t k = 0; p->pid != w->root && k < p->threads.n; k++)
			ns += p->threads.v[k]->ran_ns;
	}
	return ns;
}

void watch_init(struct watch *w, uint32_t root, struct queue *q)
{
	char path[64];

	*w = (struct watch){.root = root,
			    .blind = !times_known(),
			    .queue = q,
			    .fds_max = fds_allowed(),
			    .start_ns = clock_now_ns()};
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", gettid());
	w->orphans_fd = open(path, O_RDONLY | O_CLOEXEC);
	process_add(w, root, NULL);
	/* Its own file is the first that is mapped: that makes it the main program. */
	if (w->processes.n)
		maps_look(q, w->processes.v[0]);
}

/* --- what runs already -------------------------------------------------------------- */

void watch_init_attached(struct watch *w, struct queue *q)
{
	*w = (struct watch){.queue = q,
			    .blind = !times_known(),
			    .fds_max = fds_allowed(),
			    .orphans_fd = -1,
			    .attached = true};
}

/* Under its name, and no exec: what it has mapped is told besides. */
static struct watched *root_add(struct watch *w, uint32_t pid)
{
	struct watched *p = process_new(w, pid);
	struct thread *first = thread_add(w, p, pid);
	struct thread_stat st;
	char buf[WATCH_FILE_BYTES];

	p->root = true;
	if (watch_file_read(w, &first->stat_fd, first, "stat", buf, sizeof(buf)) > 0 &&
	    watch_stat_parse(buf, &st)) {
		p->program[0] = st.start_code;
		p->program[1] = st.start_stack;
		p->program[2] = st.arg_start;
		memcpy(p->comm, st.comm, sizeof(p->comm));
		put_comm(w, pid, pid, p->comm, false);
	}
	return p;
}

void watch_attach(struct watch *w, uint32_t pid, uint32_t tid)
{
	struct watched *p = process_find(w, pid);

	if (!p) {
		p = root_add(w, pid);
		maps_look(w->queue, p);
		p->some = tid;
		if (tid && tid != pid) {
			thread_free(w, p->threads.v[0]);
			p->threads.n = 0;
		}
	}
	if (!tid)
		list_threads(w, p);
	else if (!thread_find(p, tid))
		thread_add(w, p, tid);
}

void watch_except(struct watch *w, uint32_t pid)
{
	map_put(&w->strangers, pid, 1);
}

void watch_base(struct watch *w)
{
	struct thread_stat st;

	w->start_ns = clock_now_ns();
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct watched *p = w->processes.v[i];

		if (!p->some)
			list_threads(w, p);
		for (uint32_t k = 0; k < p->threads.n; k++) {
			struct thread *t = p->threads.v[k];

			t->base_ns = t->ran_ns = read_ran(w, t);
		}
		p->base_ns = cpu_time_process_ns(p->pid);
		if (p->threads.n)
			watch_stat(w, p->threads.v[0], &st);
		maps_look(w->queue, p);
	}
}

/* Of single threads the process's clock knows too much. */
uint64_t watch_used_ns(const struct watched *p)
{
	uint64_t ns = cpu_time_process_ns(p->pid), sum = p->ended_ns;

	if (ns && !p->some)
		return ns > p->base_ns ? ns - p->base_ns : 0;
	for (uint32_t k = 0; k < p->threads.n; k++)
		sum += p->threads.v[k]->ran_ns - p->threads.v[k]->base_ns;
	return sum;
}

uint64_t watch_seen_ns(const struct watch *w)
{
	uint64_t ns = w->ended_ns;

	for (uint32_t i = 0; i < w->processes.n; i++) {
		const struct watched *p = w->processes.v[i];

		for (uint32_t k = 0; k < p->threads.n; k++)
			ns += p->threads.v[k]->ran_ns - p->threads.v[k]->base_ns;
	}
	return ns;
}

void watch_done(struct watch *w)
{
	for (uint32_t i = 0; i < w->processes.n; i++)
		process_free(w, w->processes.v[i]);
	vec_done(&w->processes);
	map_done(&w->by_pid);
	map_done(&w->strangers);
	if (w->orphans_fd >= 0)
		close(w->orphans_fd);
}
