#pragma once
/* Memory. Running out of it aborts the program with one line; in exchange every size that
 * comes from outside (a file, the kernel, the user) is checked against a limit by its
 * reader first. Any thread. */
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
/* Gives what has been freed back to the system, as far as the C library can (glibc does):
 * else it is kept for later, and counts as the process's memory. */
void mem_trim(void);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Scope-owned resources: `_cleanup_free_ char *s = xstrdup(…);` frees s at the end of its
 * block. */
static inline void mem_freep(void *p)
{
	free(*(void **)p);
}
static inline void mem_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(mem_freep)
#define _cleanup_close_ _cleanup_(mem_closep)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* An arena hands out memory that is freed all at once. Pointers stay valid until
 * arena_done. */
struct arena {
	struct arena_chunk *head;
	size_t used_bytes; /* in the head chunk */
	size_t total_bytes;
};
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 8; size > 0 */
char *arena_strndup(struct arena *a, const char *s, size_t n);
void arena_done(struct arena *a);
