#pragma once
/* Shared by the files of proc/: opening what a mapping names. */
#include <stdint.h>

#include <profd/event.h>
#include <profd/outside.h>

struct files; /* every file that was ever mapped, opened once */

/* A path longer than this is cut; the kernel's own limit is half of it. */
#define PATH_LIMIT 8192u

/* @outside is borrowed. */
struct files *files_new(const struct outside *outside);
struct files *files_free(struct files *fs);
/* The file behind a mapping of process @pid, or NULL. Borrowed. Identity is the build-id,
 * or device and inode where the kernel gave no build-id: never the path alone. */
struct objfile *files_get(struct files *fs, uint32_t pid, const struct event_mmap *m);
struct objfile *files_vdso(struct files *fs);
uint32_t files_missing(const struct files *fs);
