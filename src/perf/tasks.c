/* Events on threads that run already, for who may not have events of whole CPUs: one per
 * thread and CPU, since the kernel maps no ring for an inherited event of all CPUs, and
 * all of one CPU write into one ring (perf_event_open(2), PERF_EVENT_IOC_SET_OUTPUT). The
 * rings hang on events of profd's own that count nothing: those of the threads may go
 * with their threads.
 *
 * A thread that is started while this goes on may have inherited the events of its
 * creator, all or some or none: nothing tells. So every one that a later look finds gets
 * events of its own, and of what is then recorded twice one half is dropped: a thread's
 * records have to come from one thread's events, its own or those of the one it descends
 * from. A thread that started before the first event was opened cannot have inherited
 * any. */
#include "perf-priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/number.h>
#include <profd/vec.h>

/* Where threads are started all the time every look finds a new one. Those that are
 * missed are those whose creators were missed in the look before, which are fewer each
 * time. */
#define LOOKS_MAX 20
#define FDS_LEFT_FREE 256u /* for files that are mapped, and the artifacts */
#define NO_TID UINT32_MAX  /* of a task past its end */

struct task {
	uint32_t tid;
	int *fds; /* [ncpus], of the first event */
	struct more more;
};

struct tasks {
	const struct sampler_targets *on;
	VEC(struct task) v;
	struct task_cpu {
		int cpu, ring_fd;
	} * cpus;
	size_t ncpus;
	const struct eventlist *list;
	uint32_t hz;
	bool late;	    /* some were opened after others */
	struct map known;   /* tid -> 1 */
	struct map ids;	    /* of PERF_SAMPLE_IDENTIFIER -> index in list + 1 */
	struct map owners;  /* of PERF_SAMPLE_IDENTIFIER -> tid */
	struct map sources; /* tid -> owner of the events that its records come from */
};

struct tids {
	uint32_t *v;
	uint32_t n, cap;
};

struct tasks *tasks_new(const struct sampler_targets *on, const struct eventlist *list,
			uint32_t hz)
{
	struct tasks *t = xcalloc(1, sizeof(*t));

	t->on = on;
	t->list = list;
	t->hz = hz;
	return t;
}

static void close_task(const struct tasks *t, struct task *k)
{
	more_close(&k->more);
	for (size_t i = 0; i < t->ncpus; i++) {
		if (k->fds[i] >= 0)
			close(k->fds[i]);
	}
	free(k->fds);
}

void tasks_close(struct tasks *t)
{
	for (uint32_t i = 0; i < t->v.n; i++)
		close_task(t, &t->v.v[i]);
	vec_done(&t->v);
	free(t->cpus);
	t->cpus = NULL;
	t->ncpus = 0;
	t->late = false;
	map_done(&t->known);
	map_done(&t->ids);
	map_done(&t->owners);
	map_done(&t->sources);
}

struct tasks *tasks_free(struct tasks *t)
{
	if (!t)
		return NULL;
	tasks_close(t);
	free(t);
	return NULL;
}

static int sys_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, group_fd,
			      PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tasks_anchor(const struct perf_event_attr *attr, int cpu)
{
	struct perf_event_attr anchor = {
		.size = PERF_ATTR_SIZE_VER5,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.sample_type = attr->sample_type & PERF_SAMPLE_TIME,
		.use_clockid = attr->use_clockid,
		.clockid = attr->clockid,
		.watermark = attr->watermark,
		.wakeup_watermark = attr->wakeup_watermark,
	};

	return sys_open(&anchor, 0, cpu, -1);
}

/* --- who is there ------------------------------------------------------------------- */

static void add_threads(const struct tasks *t, pid_t pid, struct tids *tids)
{
	char path[64];
	struct dirent *d;
	uint64_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (!number_parse_u64(d->d_name, 1, INT32_MAX, &tid) &&
		    !map_find(&t->known, tid))
			vec_push(tids, (uint32_t)tid);
	}
	if (dir)
		closedir(dir);
}

/* Those that have no events yet. */
static struct tids look(const struct tasks *t)
{
	struct tids tids = {0};

	for (size_t i = 0; i < t->on->npids; i++) {
		pid_t pid = t->on->pids[i];

		if (!t->on->threads)
			add_threads(t, pid, &tids);
		else if (!map_find(&t->known, (uint64_t)pid))
			vec_push(&tids, (uint32_t)pid);
	}
	return tids;
}

/* --- opening ------------------------------------------------------------------------ */

struct opening {
	const struct tasks *t;
	pid_t tid;
};

static int open_more_on(void *arg, struct perf_event_attr *attr, size_t i, int group_fd)
{
	const struct opening *o = arg;

	return sys_open(attr, o->tid, o->t->cpus[i].cpu, group_fd);
}

static int open_first(struct tasks *t, struct task *k, struct perf_event_attr *attr)
{
	for (size_t i = 0; i < t->ncpus; i++) {
		int fd = sys_open(attr, (pid_t)k->tid, t->cpus[i].cpu, -1);
		uint64_t id;

		if (fd < 0)
			return fd;
		k->fds[i] = fd;
		if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, t->cpus[i].ring_fd) < 0 ||
		    ioctl(fd, PERF_EVENT_IOC_ID, &id) < 0)
			return -errno;
		map_put(&t->ids, id, 1);
		map_put(&t->owners, id, k->tid);
	}
	return 0;
}

static int open_rest(struct tasks *t, struct task *k, const struct perf_event_attr *attr,
		     struct error *err)
{
	struct opening o = {t, (pid_t)k->tid};
	int code;

	k->more = (struct more){.list = t->list,
				.ncpus = t->ncpus,
				.ring_fds = xcalloc(t->ncpus, sizeof(int)),
				.open = open_more_on,
				.arg = &o};
	memcpy(k->more.ring_fds, k->fds, t->ncpus * sizeof(int));
	code = more_open(&k->more, t->hz, attr, err);
	if (code < 0)
		return code;
	k->more.arg = NULL;
	for (uint32_t i = 0; i <= k->more.ids.mask; i++) {
		const struct map_slot *s = &k->more.ids.slots[i];

		if (!s->value)
			continue;
		map_put(&t->ids, s->key, s->value);
		map_put(&t->owners, s->key, k->tid);
	}
	return 0;
}

static int open_task(struct tasks *t, uint32_t tid, struct perf_event_attr *attr,
		     bool *ret_other_failed, struct error *err)
{
	struct task k = {.tid = tid, .fds = xcalloc(t->ncpus, sizeof(int))};
	int code;

	memset(k.fds, 0xff, t->ncpus * sizeof(int));
	code = open_first(t, &k, attr);
	if (code == 0 && t->list->n > 1) {
		code = open_rest(t, &k, attr, err);
		*ret_other_failed = code < 0 && code != -ESRCH;
	}
	if (code < 0) {
		close_task(t, &k);
		return code;
	}
	map_put(&t->known, tid, 1);
	map_put(&t->sources, tid, tid);
	vec_push(&t->v, k);
	return 0;
}

/* Better now than when the files of the program are to be opened. */
static int have_room(const struct tasks *t, uint32_t n, struct error *err)
{
	uint64_t events = t->list->n > 1 ? t->list->n : 1;
	uint64_t want = (t->v.n + n) * (uint64_t)t->ncpus * events + FDS_LEFT_FREE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    want <= limit.rlim_cur)
		return 0;
	error_set(err, -EMFILE,
		  "%u threads on %zu CPUs take %llu file descriptors, and no more than "
		  "%llu are allowed",
		  t->v.n + n, t->ncpus, (unsigned long long)want,
		  (unsigned long long)limit.rlim_cur);
	error_hint(err, "raise 'ulimit -Hn', sample single threads with -t, or run as "
			"root, whose events need none for each thread");
	return -EMFILE;
}

/* Opens events on all of @tids. One that has ended meanwhile is none. */
static int open_all(struct tasks *t, const struct tids *tids,
		    struct perf_event_attr *attr, bool *ret_other_failed,
		    struct error *err)
{
	int code = have_room(t, tids->n, err);

	for (uint32_t i = 0; code == 0 && i < tids->n; i++) {
		code = open_task(t, tids->v[i], attr, ret_other_failed, err);
		if (code == -ESRCH)
			code = 0;
	}
	return code;
}

int tasks_open(struct tasks *t, struct perf_event_attr *attr, const int *cpus,
	       const int *ring_fds, size_t ncpus, bool *ret_other_failed,
	       struct error *err)
{
	int code = 0;

	t->ncpus = ncpus;
	t->cpus = xcalloc(ncpus, sizeof(*t->cpus));
	for (size_t i = 0; i < ncpus; i++)
		t->cpus[i] = (struct task_cpu){cpus[i], ring_fds[i]};
	for (unsigned i = 0; code == 0 && i < LOOKS_MAX; i++) {
		struct tids tids = look(t);
		uint32_t had = t->v.n;

		code = open_all(t, &tids, attr, ret_other_failed, err);
		vec_done(&tids);
		t->late |= i && t->v.n > had;
		if (t->v.n == had)
			break;
	}
	if (code == 0 && !t->v.n) {
		error_set(err, -ESRCH, "there is nothing left to sample");
		code = -ESRCH;
	}
	if (code < 0)
		tasks_close(t);
	return code;
}

void tasks_switch(const struct tasks *t, bool on)
{
	unsigned long how = on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE;

	for (uint32_t i = 0; i < t->v.n; i++) {
		for (size_t cpu = 0; cpu < t->ncpus; cpu++)
			ioctl(t->v.v[i].fds[cpu], how, 0);
		more_switch(&t->v.v[i].more, on);
	}
}

const struct more *tasks_more(const struct tasks *t)
{
	return &t->v.v[0].more;
}

const struct map *tasks_ids(const struct tasks *t)
{
	return &t->ids;
}

size_t tasks_count(const struct tasks *t)
{
	return t->v.n;
}

void tasks_read(const struct tasks *t, uint32_t event, bool lost, uint64_t *ret_count,
		uint64_t *ret_lost)
{
	for (uint32_t i = 0; i < t->v.n; i++) {
		const struct task *k = &t->v.v[i];

		if (event)
			more_read(&k->more, event, lost, ret_count, ret_lost);
		for (size_t cpu = 0; !event && cpu < t->ncpus; cpu++)
			event_read(k->fds[cpu], lost, ret_count, ret_lost);
	}
}

/* --- what comes twice --------------------------------------------------------------- */

/* Offsets as in sampler_time, with PERF_SAMPLE_IDENTIFIER. @tid: who wrote the record. */
static uint64_t record_id(const void *record, uint32_t *ret_tid)
{
	const struct perf_event_header *h = record;
	const uint8_t *p = record;
	bool sample = h->type == PERF_RECORD_SAMPLE;
	uint64_t id;

	if (h->size < 48)
		return 0;
	memcpy(&id, p + (sample ? 8 : h->size - 8), 8);
	memcpy(ret_tid, p + (sample ? 28 : h->size - 28), 4);
	return id;
}

bool tasks_twice(struct tasks *t, const void *record, const struct event *e)
{
	uint64_t owner, source;
	uint32_t tid = NO_TID;

	if (!t->late || e->type == EVENT_OTHER || e->type == EVENT_LOST)
		return false;
	owner = map_find(&t->owners, record_id(record, &tid));
	if (!owner || !tid || tid == NO_TID)
		return false;
	source = map_find(&t->sources, tid);
	if (!source)
		map_put(&t->sources, tid, owner);
	else if (source != owner)
		return true;
	if (e->type == EVENT_FORK)
		map_put(&t->sources, e->tid, owner);
	return false;
}
