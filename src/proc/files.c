/* From a mapping to its ELF file, while it still exists.
 *
 * The path in a mmap record is only a hint: the file may have been deleted or replaced since, or the
 * path may belong to another mount namespace. So several ways lead to it, and what is found has to be
 * what was mapped: the same build-id, or the same inode where the record has no build-id. Results are
 * kept by that identity; failures, too, but another process may still show the way. */
#include "proc-priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/log.h>
#include <profd/map.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/vec.h>

#define PATH_LIMIT 8192
#define TRIES_MAX 16u

struct file {
	struct event_mmap id; /* build-id or inode; path: our copy */
	struct objfile *obj;  /* NULL: nothing fitting was found */
	uint32_t pid, tries;  /* who mapped it when it was looked for last */
};

struct files {
	VEC(struct file) rows; /* row 0 unused */
	struct index index;
	struct objfile *vdso;
	bool vdso_tried;
	uint32_t missing;
};

struct files *files_new(void)
{
	struct files *fs = xcalloc(1, sizeof(*fs));

	vec_add(&fs->rows);
	return fs;
}

struct files *files_free(struct files *fs)
{
	if (!fs)
		return NULL;
	for (uint32_t i = 1; i < fs->rows.n; i++) {
		objfile_put(fs->rows.v[i].obj);
		free((char *)(uintptr_t)fs->rows.v[i].id.path);
	}
	objfile_put(fs->vdso);
	vec_done(&fs->rows);
	index_done(&fs->index);
	free(fs);
	return NULL;
}

static uint32_t identity_hash(const struct event_mmap *m)
{
	if (m->build_id_bytes)
		return hash_bytes(m->build_id, m->build_id_bytes);
	return hash_mix(hash_u64(m->ino), ((uint64_t)m->dev_major << 32 | m->dev_minor) ^
						  m->ino_generation);
}

static bool identity_equal(const void *table, uint32_t id, const void *key)
{
	const struct event_mmap *a = &((const struct files *)table)->rows.v[id].id,
				*b = key;

	if (a->build_id_bytes != b->build_id_bytes)
		return false;
	if (a->build_id_bytes)
		return !memcmp(a->build_id, b->build_id, a->build_id_bytes);
	return a->ino == b->ino && a->ino_generation == b->ino_generation &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       a->path_len == b->path_len && !memcmp(a->path, b->path, a->path_len);
}

static bool same_build_id(const struct event_mmap *m, struct objfile *o)
{
	char hex[2 * BUILD_ID_MAX_BYTES + 1];

	for (uint32_t i = 0; i < m->build_id_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", m->build_id[i]);
	return !strcmp(hex, objfile_build_id(o));
}

/* Descriptors that mapped files leave for the artifacts, debug files and tables of names. The lowest
 * free number is what open(2) returns, so the number tells how many are taken. */
#define FDS_KEPT_FREE 64u

static bool too_many_files(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	       (rlim_t)fd + FDS_KEPT_FREE >= limit.rlim_cur;
}

/* Opens one candidate. O_NONBLOCK: a fifo under that name must not stop the profiler. */
static struct objfile *open_candidate(const char *path, const char *name,
				      const struct event_mmap *m, bool exact)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct objfile *o;
	struct error err = {0};
	struct stat st;

	if (fd < 0)
		return NULL;
	if (too_many_files(fd)) {
		close(fd);
		return NULL;
	}
	/* Overlay and btrfs show another device number in stat(2) than in the mapping, so the
	 * inode number alone has to do. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (!exact && !m->build_id_bytes && m->ino && st.st_ino != m->ino)) {
		close(fd);
		return NULL;
	}
	o = objfile_open(fd, name, &err);
	if (!o) {
		log_debug("proc", "%s: %s", path, err.text);
		return NULL;
	}
	if (!m->build_id_bytes || same_build_id(m, o))
		return o;
	log_debug("proc", "%s: not the file that was mapped", path);
	return objfile_put(o);
}

static struct objfile *open_mapped(uint32_t pid, const struct event_mmap *m,
				   const char *path)
{
	_cleanup_free_ char *root = xasprintf("/proc/%u/root%s", pid, path);
	_cleanup_free_ char *range = xasprintf(
		"/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)m->addr,
		(unsigned long long)(m->addr + m->len_bytes));
	_cleanup_free_ char *exe = xasprintf("/proc/%u/exe", pid);
	struct objfile *o = open_candidate(path, path, m, false);

	if (!o)
		o = open_candidate(root, path, m, false);
	if (!o) /* the kernel's own link to the mapped file: root only */
		o = open_candidate(range, path, m, true);
	if (!o)
		o = open_candidate(exe, path, m, false);
	return o;
}

/* Nameless memory need not hold an ELF image; JIT compilers use it for plain code. */
static bool counts_when_missing(const struct event_mmap *m)
{
	static const char memfd[] = "/memfd:";
	size_t n = sizeof(memfd) - 1;

	return m->path_len < n || memcmp(m->path, memfd, n);
}

/* The first process may have been gone, with its mount namespace, before its record was read. */
static void file_retry(struct files *fs, struct file *f, uint32_t pid,
		       const struct event_mmap *m)
{
	_cleanup_free_ char *path = NULL;

	if (f->obj || f->pid == pid || f->tries >= TRIES_MAX)
		return;
	path = xstrndup(m->path, m->path_len < PATH_LIMIT ? m->path_len : PATH_LIMIT);
	f->pid = pid;
	f->tries++;
	f->obj = open_mapped(pid, m, path);
	fs->missing -= f->obj && counts_when_missing(m);
}

struct objfile *files_get(struct files *fs, uint32_t pid, const struct event_mmap *m)
{
	uint32_t hash = identity_hash(m), id;
	struct file *f;
	char *path;

	id = index_find(&fs->index, hash, identity_equal, fs, m);
	if (id) {
		file_retry(fs, &fs->rows.v[id], pid, m);
		return fs->rows.v[id].obj;
	}
	path = xstrndup(m->path, m->path_len < PATH_LIMIT ? m->path_len : PATH_LIMIT);
	f = vec_add(&fs->rows);
	f->id = *m;
	f->id.path = path;
	f->pid = pid;
	f->obj = open_mapped(pid, m, path);
	fs->missing += !f->obj && counts_when_missing(m);
	index_add(&fs->index, hash, fs->rows.n - 1);
	return f->obj;
}

/* The kernel maps the same vdso into every 64-bit process, so our own copy serves for all. It has
 * no length but its ELF headers; two pages hold it on every kernel so far, and what we read is mapped
 * as one piece. */
static size_t vdso_bytes(uintptr_t base)
{
	_cleanup_free_ char *maps = NULL;
	size_t n, len, pos = 0;
	const char *line;
	struct {
		uint64_t start, end;
	} m;

	if (io_slurp("/proc/self/maps", (size_t)64 << 20, &maps, &n) < 0)
		return 0;
	while (io_line(maps, n, &pos, &line, &len)) {
		const char *rest;

		if (number_parse_hex(line, line + len, &m.start, &rest) || *rest != '-' ||
		    number_parse_hex(rest + 1, line + len, &m.end, &rest))
			continue;
		if (m.start == base)
			return m.end - m.start;
	}
	return 0;
}

struct objfile *files_vdso(struct files *fs)
{
	uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	size_t n;

	if (fs->vdso_tried)
		return fs->vdso;
	fs->vdso_tried = true;
	n = base ? vdso_bytes(base) : 0;
	if (n)
		fs->vdso = objfile_open_image((const void *)base, n, "[vdso]", NULL);
	return fs->vdso;
}

uint32_t files_missing(const struct files *fs)
{
	return fs->missing;
}
