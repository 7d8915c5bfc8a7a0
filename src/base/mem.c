/* Allocation that cannot fail, and arenas.
 *
 * A profiler that half-handles exhausted memory lies about what it lost; this one stops
 * with a line that says so. Limits on what comes from outside are the business of whoever
 * reads it. */
#include <profd/mem.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void mem_abort(size_t size)
{
	fprintf(stderr, "profd: out of memory (asked for %zu bytes)\n", size);
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		mem_abort(size);
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		mem_abort(n * size);
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	void *q = reallocarray(p, n ? n : 1, size ? size : 1);

	if (!q)
		mem_abort(n * size);
	return q;
}

void mem_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

char *xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

void *xmemdup(const void *p, size_t n)
{
	void *q = xmalloc(n);

	if (n)
		memcpy(q, p, n);
	return q;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		mem_abort(0);
	return s;
}

/* --- arena ----------------------------------------------------------------------- */

struct arena_chunk {
	struct arena_chunk *next;
	size_t size_bytes;
	_Alignas(8) char data[];
};

#define ARENA_CHUNK_BYTES ((size_t)64 << 10)

static void arena_grow(struct arena *a, size_t want)
{
	size_t size = want > ARENA_CHUNK_BYTES ? want : ARENA_CHUNK_BYTES;
	struct arena_chunk *c = xmalloc(sizeof(*c) + size);

	c->next = a->head;
	c->size_bytes = size;
	a->head = c;
	a->used_bytes = 0;
	a->total_bytes += size;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX - 8 - sizeof(struct arena_chunk))
		mem_abort(size);
	size = (size + 7) & ~(size_t)7;
	if (!a->head || a->head->size_bytes - a->used_bytes < size)
		arena_grow(a, size);
	p = a->head->data + a->used_bytes;
	a->used_bytes += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

void arena_done(struct arena *a)
{
	while (a->head) {
		struct arena_chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	memset(a, 0, sizeof(*a));
}
