/* Every file that was mapped, opened once, while it still exists. Results are kept by
 * what tells files apart, build-id or inode; failures, too, but another process may still
 * show the way. How a file is found is the outside's business. */
#include "proc-priv.h"

#include <stdlib.h>
#include <string.h>

#include <profd/map.h>
#include <profd/mem.h>
#include <profd/vec.h>

#define TRIES_MAX 16u

struct file {
	struct event_mmap id; /* build-id or inode; path: our copy */
	struct objfile *obj;  /* NULL: nothing fitting was found */
	uint32_t pid, tries;  /* who mapped it when it was looked for last */
};

struct files {
	const struct outside *outside;
	VEC(struct file) rows; /* row 0 unused */
	struct index index;
	struct objfile *vdso;
	bool vdso_tried;
	uint32_t missing;
};

struct files *files_new(const struct outside *outside)
{
	struct files *fs = xcalloc(1, sizeof(*fs));

	fs->outside = outside;
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

/* Nameless memory need not hold an ELF image; JIT compilers use it for plain code. */
static bool counts_when_missing(const struct event_mmap *m)
{
	static const char memfd[] = "/memfd:";
	size_t n = sizeof(memfd) - 1;

	return m->path_len < n || memcmp(m->path, memfd, n);
}

static struct objfile *file_open(struct files *fs, uint32_t pid,
				 const struct event_mmap *m)
{
	return fs->outside->ops->open(fs->outside->arg, pid, m);
}

/* The first process may have been gone, with its mount namespace, before its record was
 * read. */
static void file_retry(struct files *fs, struct file *f, uint32_t pid,
		       const struct event_mmap *m)
{
	if (f->obj || f->pid == pid || f->tries >= TRIES_MAX)
		return;
	f->pid = pid;
	f->tries++;
	f->obj = file_open(fs, pid, m);
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
	f->obj = file_open(fs, pid, m);
	fs->missing += !f->obj && counts_when_missing(m);
	index_add(&fs->index, hash, fs->rows.n - 1);
	return f->obj;
}

struct objfile *files_vdso(struct files *fs)
{
	if (!fs->vdso_tried)
		fs->vdso = fs->outside->ops->vdso(fs->outside->arg);
	fs->vdso_tried = true;
	return fs->vdso;
}

uint32_t files_missing(const struct files *fs)
{
	return fs->missing;
}
