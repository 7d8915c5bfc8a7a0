/* The table of processes. Records come first; /proc is only read for a process that no
 * record introduced, and after records were lost.
 *
 * Samples that were taken before are fed before its EXIT, so an exited process gives up
 * its space: a build runs a million of them. A leader may exit before its threads,
 * though. The pid may come back with another FORK, which replaces everything. */
#include <profd/procs.h>

#include <string.h>

#include "proc-priv.h"
#include <profd/io.h>
#include <profd/log.h>
#include <profd/map.h>

struct procs {
	VEC(struct process *) rows;
	struct map by_pid;  /* pid -> row + 1 */
	struct map threads; /* tid -> comm: only where it differs from the process's */
	const struct outside *outside;
	struct files *files;
	struct space *empty; /* of all exited processes */
	struct arena arena;
	VEC(const char *) names; /* row 0: "" */
	struct index name_index;
};

static bool name_equal(const void *table, uint32_t id, const void *key)
{
	return !strcmp(((const struct procs *)table)->names.v[id], key);
}

static uint32_t name_add(struct procs *ps, const char *s, size_t n)
{
	char *copy = xstrndup(s, n);
	uint32_t hash = hash_bytes(copy, strlen(copy));
	uint32_t id = index_find(&ps->name_index, hash, name_equal, ps, copy);

	if (!id && *copy) {
		vec_push(&ps->names, arena_strndup(&ps->arena, copy, strlen(copy)));
		id = ps->names.n - 1;
		index_add(&ps->name_index, hash, id);
	}
	free(copy);
	return id;
}

const char *procs_name(const struct procs *ps, uint32_t name)
{
	return name < ps->names.n ? ps->names.v[name] : "";
}

struct procs *procs_new(const struct outside *outside)
{
	struct procs *ps = xcalloc(1, sizeof(*ps));

	ps->outside = outside;
	ps->files = files_new(outside);
	ps->empty = space_new();
	vec_push(&ps->names, "");
	return ps;
}

struct procs *procs_free(struct procs *ps)
{
	if (!ps)
		return NULL;
	for (uint32_t i = 0; i < ps->rows.n; i++) {
		space_put(ps->rows.v[i]->space);
		free(ps->rows.v[i]);
	}
	space_put(ps->empty);
	vec_done(&ps->rows);
	map_done(&ps->by_pid);
	map_done(&ps->threads);
	files_free(ps->files);
	arena_done(&ps->arena);
	vec_done(&ps->names);
	index_done(&ps->name_index);
	free(ps);
	return NULL;
}

static struct process *process_find(struct procs *ps, uint32_t pid)
{
	uint64_t row = map_find(&ps->by_pid, pid);

	return row ? ps->rows.v[row - 1] : NULL;
}

static struct process *process_new(struct procs *ps, uint32_t pid)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->pid = pid;
	p->space = space_new();
	vec_push(&ps->rows, p);
	map_put(&ps->by_pid, pid, ps->rows.n);
	return p;
}

/* --- mappings ---------------------------------------------------------------------- */

static bool path_is(const struct event_mmap *m, const char *s)
{
	return m->path_len >= strlen(s) && !memcmp(m->path, s, strlen(s));
}

/* What the kernel names instead of a file, and files whose pages are not code from an ELF
 * file: all but these have a real path. */
static enum vma_kind mapping_kind(const struct event_mmap *m)
{
	if (path_is(m, "[vdso]"))
		return VMA_VDSO;
	if (m->path_len == 0 || path_is(m, "//anon") || path_is(m, "[heap]") ||
	    path_is(m, "[stack") || path_is(m, "[anon") || path_is(m, "/memfd:") ||
	    path_is(m, "/dev/zero") || path_is(m, "/SYSV"))
		return VMA_JIT;
	/* A program may well be built and run in /dev/shm. */
	if (m->path[0] != '/' || (path_is(m, "/dev/") && !path_is(m, "/dev/shm/")))
		return VMA_OTHER;
	return VMA_FILE;
}

static void process_map(struct procs *ps, struct process *p, const struct event_mmap *m)
{
	uint64_t vaddr;
	struct vma v = {
		.start = m->addr,
		.end = m->addr + m->len_bytes,
		.off = m->off,
		.kind = mapping_kind(m),
		.name = name_add(ps, m->path, m->path_len),
	};

	if (v.end <= v.start || v.end > 1ull << 63)
		return;
	if (v.kind == VMA_VDSO)
		v.obj = files_vdso(ps->files);
	/* A memory file may hold an ELF image, as runtimes that unpack themselves do. */
	if (v.kind == VMA_FILE || path_is(m, "/memfd:"))
		v.obj = files_get(ps->files, p->pid, m);
	if (v.obj && v.kind == VMA_JIT)
		v.kind = VMA_FILE;
	if (v.obj && objfile_off_to_vaddr(v.obj, v.off, &vaddr))
		v.bias = v.start - vaddr;
	else
		v.obj = NULL;
	p->has_jit |= v.kind == VMA_JIT;
	p->space = space_own(p->space);
	space_map(p->space, &v);
}

/* /proc names deleted files differently and has no build-ids: what is known already is
 * known better. */
static bool is_known(const struct procs *ps, const struct space *space,
		     const struct event_mmap *m)
{
	static const char deleted[] = " (deleted)";
	const struct vma *v = space_find(space, m->addr);
	size_t len = m->path_len, n = sizeof(deleted) - 1;
	const char *name;

	if (!v || v->start != m->addr || v->end != m->addr + m->len_bytes)
		return false;
	if (v->kind == VMA_JIT)
		return mapping_kind(m) == VMA_JIT;
	name = procs_name(ps, v->name);
	if (v->off != m->off || strncmp(name, m->path, strlen(name)))
		return false;
	return len == strlen(name) ||
	       (len == strlen(name) + n && !memcmp(m->path + len - n, deleted, n));
}

static void read_maps(struct procs *ps, struct process *p)
{
	_cleanup_free_ char *data = NULL;
	size_t n, len, pos = 0;
	const char *line;
	struct maps_line m;

	if (ps->outside->ops->maps(ps->outside->arg, p->pid, &data, &n) < 0)
		return;
	while (io_line(data, n, &pos, &line, &len)) {
		struct event_mmap e;

		if (maps_line_parse(line, len, &m) < 0 || !m.exec)
			continue;
		e = (struct event_mmap){.addr = m.start,
					.len_bytes = m.end - m.start,
					.off = m.off,
					.ino = m.ino,
					.dev_major = m.dev_major,
					.dev_minor = m.dev_minor,
					.path = m.path,
					.path_len = m.path_len};
		if (!is_known(ps, p->space, &e))
			process_map(ps, p, &e);
	}
}

static uint32_t read_comm(struct procs *ps, uint32_t pid)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	if (ps->outside->ops->comm(ps->outside->arg, pid, &data, &n) < 0)
		return 0;
	return name_add(ps, data, strcspn(data, "\n"));
}

/* One thread is left, and it is the leader: after a fork, and after an exec by whichever
 * thread. */
static void process_revive(struct process *p)
{
	p->threads = 0;
	p->leader_exited = p->exited = false;
}

struct process *procs_get(struct procs *ps, uint32_t pid)
{
	struct process *p = process_find(ps, pid);

	if (p && !p->exited)
		return p;
	if (p) { /* its FORK was lost, or the event is late */
		uint32_t comm = read_comm(ps, pid);

		process_revive(p);
		p->comm = comm ? comm : p->comm;
		read_maps(ps, p);
		return p;
	}
	log_debug("proc", "no record introduced process %u", pid);
	p = process_new(ps, pid);
	p->comm = read_comm(ps, pid);
	read_maps(ps, p);
	return p;
}

struct process *procs_last(struct procs *ps, uint32_t pid)
{
	struct process *p = process_find(ps, pid);

	return p ? p : procs_get(ps, pid);
}

/* --- events ------------------------------------------------------------------------ */

static void feed_fork(struct procs *ps, const struct event *e)
{
	struct process *parent, *p;
	uint32_t comm;

	if (e->pid == e->task.ppid) { /* a thread; it starts with its creator's name */
		comm = procs_thread_comm(ps, e->pid, e->task.ptid);
		p = procs_get(ps, e->pid);
		map_remove(&ps->threads, e->tid);
		p->threads++;
		if (comm != p->comm)
			map_put(&ps->threads, e->tid, comm);
		return;
	}
	parent = procs_get(ps, e->task.ppid);
	comm = procs_thread_comm(ps, e->task.ppid, e->task.ptid);
	p = process_find(ps, e->pid);
	if (!p)
		p = process_new(ps, e->pid);
	space_put(p->space);
	p->space = space_get(parent->space);
	p->ppid = e->task.ppid;
	p->comm = comm;
	process_revive(p);
	map_remove(&ps->threads, e->pid);
}

static void feed_comm(struct procs *ps, const struct event *e)
{
	uint32_t comm = name_add(ps, e->comm.comm, e->comm.comm_len);
	struct process *p = process_find(ps, e->pid);

	if (!p)
		p = process_new(ps, e->pid);
	if (e->comm.exec) {
		/* A generation of its own for what comes, even if it maps the same. */
		space_put(p->space);
		p->space = space_new();
		p->has_jit = false;
		process_revive(p);
	}
	if (e->pid == e->tid || e->comm.exec)
		p->comm = comm;
	else
		map_put(&ps->threads, e->tid, comm);
}

static void feed_exit(struct procs *ps, const struct event *e)
{
	struct process *p = process_find(ps, e->pid);

	if (e->pid != e->tid)
		map_remove(&ps->threads, e->tid);
	if (!p)
		return;
	if (e->pid == e->tid)
		p->leader_exited = true;
	else
		p->threads -= p->threads > 0;
	if (!p->leader_exited || p->threads)
		return;
	p->exited = true;
	space_put(p->space);
	p->space = space_get(ps->empty);
}

void procs_feed(struct procs *ps, const struct event *e)
{
	switch (e->type) {
	case EVENT_MMAP:
		process_map(ps, procs_get(ps, e->pid), &e->mmap);
		break;
	case EVENT_COMM:
		feed_comm(ps, e);
		break;
	case EVENT_FORK:
		feed_fork(ps, e);
		break;
	case EVENT_EXIT:
		feed_exit(ps, e);
		break;
	default:
		break;
	}
}

uint32_t procs_thread_comm(struct procs *ps, uint32_t pid, uint32_t tid)
{
	uint64_t comm = pid == tid ? 0 : map_find(&ps->threads, tid);

	return comm ? (uint32_t)comm : procs_last(ps, pid)->comm;
}

void procs_repair(struct procs *ps)
{
	for (uint32_t i = 0; i < ps->rows.n; i++) {
		if (!ps->rows.v[i]->exited)
			read_maps(ps, ps->rows.v[i]);
	}
}

void procs_each(const struct procs *ps, void (*fn)(void *arg, const struct process *p),
		void *arg)
{
	for (uint32_t i = 0; i < ps->rows.n; i++)
		fn(arg, ps->rows.v[i]);
}

uint32_t procs_missing_files(const struct procs *ps)
{
	return files_missing(ps->files);
}
