#pragma once
/* Shared by the files of proc/: opening what a mapping names. */
#include <stdint.h>

#include <profd/event.h>
#include <profd/objfile.h>

struct files; /* every file that was ever mapped, opened once */

struct files *files_new(void);
struct files *files_free(struct files *fs);
/* The file behind a mapping of process @pid, or NULL. Borrowed. Identity is the build-id, or device and
 * inode where the kernel gave no build-id: never the path alone. */
struct objfile *files_get(struct files *fs, uint32_t pid, const struct event_mmap *m);
struct objfile *files_vdso(struct files *fs);
uint32_t files_missing(const struct files *fs);
