/* What runs already, told as events: a thread is forked, gets its name, maps a file.
 *
 * Each process is looked at twice. The first look, with the events still off, is the one
 * that makes the session open files, which may take longer than a ring takes to fill. The
 * second, once they are on, tells what came in between; what comes later has records of
 * its own, and those that tell the same again do no harm. */
#include "attach-priv.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <profd/io.h>
#include <profd/map.h>
#include <profd/number.h>
#include <profd/procs.h>

#define MAPS_MAX_BYTES ((size_t)256 << 20)
#define COMM_MAX_BYTES 64u

struct seen {
	uint32_t pid;
	struct map maps;  /* keys of lines, as they were at the last look, -> 1 */
	struct map names; /* keys of threads with their names -> 1 */
};

struct intro {
	VEC(uint32_t) asked;
	uint32_t next_pid; /* in asked */
	VEC(struct seen) seen;
	struct map by_pid; /* pid -> row in seen + 1 */
	VEC(struct event) queue;
	uint32_t next;	   /* in queue */
	struct arena text; /* what the queue points to */
};

struct intro *intro_new(void)
{
	return xcalloc(1, sizeof(struct intro));
}

struct intro *intro_free(struct intro *in)
{
	if (!in)
		return NULL;
	for (uint32_t i = 0; i < in->seen.n; i++) {
		map_done(&in->seen.v[i].maps);
		map_done(&in->seen.v[i].names);
	}
	vec_done(&in->seen);
	vec_done(&in->asked);
	vec_done(&in->queue);
	map_done(&in->by_pid);
	arena_done(&in->text);
	free(in);
	return NULL;
}

void intro_ask(struct intro *in, uint32_t pid)
{
	vec_push(&in->asked, pid);
}

static struct seen *seen_of(struct intro *in, uint32_t pid)
{
	uint64_t row = map_find(&in->by_pid, pid);

	if (!row) {
		vec_add(&in->seen)->pid = pid;
		row = in->seen.n;
		map_put(&in->by_pid, pid, row);
	}
	return &in->seen.v[row - 1];
}

static uint64_t text_key(uint64_t number, const char *s, size_t n)
{
	return (uint64_t)hash_mix(hash_bytes(s, n), number) << 32 | hash_u64(number);
}

/* --- threads ------------------------------------------------------------------------ */

static bool read_name(uint32_t pid, uint32_t tid, char name[COMM_MAX_BYTES],
		      size_t *ret_n)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/task/%u/comm", pid, tid);
	_cleanup_free_ char *data = NULL;
	size_t n;

	if (io_slurp(path, COMM_MAX_BYTES - 1, &data, &n) < 0)
		return false;
	n = strcspn(data, "\n");
	memcpy(name, data, n);
	*ret_n = n;
	return true;
}

static void queue_name(struct intro *in, uint32_t pid, uint32_t tid, bool exec,
		       const char *name, size_t n)
{
	struct event e = {.type = EVENT_COMM, .pid = pid, .tid = tid};

	e.comm = (struct event_comm){arena_strndup(&in->text, name, n), n, exec};
	vec_push(&in->queue, e);
}

/* One that is new in the second look has a record of its birth, or is so young that it
 * does not count. */
static void look_at_thread(struct intro *in, struct seen *s, uint32_t tid, bool first)
{
	struct event birth = {.type = EVENT_FORK, .pid = s->pid, .tid = tid};
	char name[COMM_MAX_BYTES];
	uint64_t key;
	size_t n;

	if (!read_name(s->pid, tid, name, &n))
		return;
	key = text_key(tid, name, n);
	if (map_find(&s->names, key))
		return;
	map_put(&s->names, key, 1);
	birth.task.ppid = birth.task.ptid = s->pid;
	if (first && tid != s->pid)
		vec_push(&in->queue, birth);
	queue_name(in, s->pid, tid, false, name, n);
}

static void look_at_threads(struct intro *in, struct seen *s, bool first)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/task", s->pid);
	DIR *dir = opendir(path);
	struct dirent *d;
	uint64_t tid;

	/* Its name first: threads are told only where theirs differ. */
	look_at_thread(in, s, s->pid, first);
	while (dir && (d = readdir(dir))) {
		if (!number_parse_u64(d->d_name, 1, INT32_MAX, &tid) && tid != s->pid)
			look_at_thread(in, s, (uint32_t)tid, first);
	}
	if (dir)
		closedir(dir);
}

/* --- mappings ----------------------------------------------------------------------- */

/* The memory of a first thread that has ended is gone, and its file is empty; the others
 * have it still. */
int maps_slurp(uint32_t pid, char **ret_data, size_t *ret_n)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/maps", pid);
	_cleanup_free_ char *folder = xasprintf("/proc/%u/task", pid);
	int code = io_slurp(path, MAPS_MAX_BYTES, ret_data, ret_n);
	struct dirent *d;
	DIR *dir;

	if (code < 0 || *ret_n)
		return code;
	dir = opendir(folder);
	while (dir && !*ret_n && (d = readdir(dir))) {
		_cleanup_free_ char *own = xasprintf("%s/%s/maps", folder, d->d_name);
		char *data;
		size_t n;

		if (d->d_name[0] == '.' || io_slurp(own, MAPS_MAX_BYTES, &data, &n) < 0)
			continue;
		free(*ret_data);
		*ret_data = data;
		*ret_n = n;
	}
	if (dir)
		closedir(dir);
	return 0;
}

static void queue_map(struct intro *in, uint32_t pid, const struct maps_line *l)
{
	struct event e = {.type = EVENT_MMAP, .pid = pid, .tid = pid};

	e.mmap = (struct event_mmap){
		.addr = l->start,
		.len_bytes = l->end - l->start,
		.off = l->off,
		.ino = l->ino,
		.dev_major = l->dev_major,
		.dev_minor = l->dev_minor,
		.path = arena_strndup(&in->text, l->path, l->path_len),
		.path_len = l->path_len,
	};
	vec_push(&in->queue, e);
}

/* Executable lines of @data; those that are not among @told are queued. Returns how many
 * of them were. */
static uint32_t compare_maps(struct intro *in, struct seen *s, const char *data, size_t n,
			     const struct map *told)
{
	size_t pos = 0, len;
	uint32_t same = 0;
	const char *line;

	while (io_line(data, n, &pos, &line, &len)) {
		struct maps_line l;
		uint64_t key;

		if (maps_line_parse(line, len, &l) < 0 || !l.exec)
			continue;
		key = text_key(l.start, line, len);
		map_put(&s->maps, key, 1);
		if (map_find(told, key))
			same++;
		else
			queue_map(in, s->pid, &l);
	}
	return same;
}

/* A program that was exec'ed since the first look has none of the old mappings: addresses
 * are random, and so are files that differ. */
static void look_at_maps(struct intro *in, struct seen *s)
{
	_cleanup_free_ char *data = NULL;
	struct map told = s->maps;
	uint32_t from = in->queue.n;
	char name[COMM_MAX_BYTES];
	size_t n, name_n;

	if (maps_slurp(s->pid, &data, &n) < 0)
		return;
	s->maps = (struct map){0};
	if (!compare_maps(in, s, data, n, &told) && told.n && s->maps.n &&
	    read_name(s->pid, s->pid, name, &name_n)) {
		struct event e;

		queue_name(in, s->pid, s->pid, true, name, name_n);
		e = in->queue.v[--in->queue.n];
		vec_insert(&in->queue, from, e);
	}
	map_done(&told);
}

static void look(struct intro *in, uint32_t pid)
{
	bool first = !map_find(&in->by_pid, pid);
	struct seen *s = seen_of(in, pid);

	in->queue.n = in->next = 0;
	arena_done(&in->text);
	look_at_threads(in, s, first);
	look_at_maps(in, s);
}

bool intro_next(struct intro *in, uint64_t time_ns, struct event *ret_event)
{
	while (in->next == in->queue.n) {
		if (in->next_pid == in->asked.n)
			return false;
		look(in, in->asked.v[in->next_pid++]);
	}
	*ret_event = in->queue.v[in->next++];
	ret_event->time_ns = time_ns;
	return true;
}
