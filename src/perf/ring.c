/* Reading one ring buffer that the kernel fills: the protocol of perf_event_open(2),
 * "MMAP layout".
 *
 * Mapping the data twice back to back would spare the bounce buffer, but Linux 6.18
 * refuses it. */
#include <profd/ring.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <profd/mem.h>

#define CACHE_LINE 64u
#define AHEAD_LINES 10u			/* a sample's numbers and the top of its stack */
#define BOUNCE_BYTES ((size_t)64 << 10) /* perf_event_header.size is 16 bits */

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int ring_open(struct ring *r, int fd, size_t data_bytes)
{
	size_t page = page_bytes();
	void *base = mmap(NULL, page + data_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);

	if (base == MAP_FAILED)
		return -errno;
	*r = (struct ring){
		.base = base,
		.data = (uint8_t *)base + page,
		.mask = data_bytes - 1,
		.bounce = xmalloc(BOUNCE_BYTES),
	};
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->base)
		munmap(r->base, page_bytes() + r->mask + 1);
	free(r->bounce);
	*r = (struct ring){0};
}

void ring_fetch(struct ring *r)
{
	struct perf_event_mmap_page *meta = r->base;

	/* Pairs with the kernel's barrier before it moves data_head: what lies below is
	 * written. It counts in multiples of 8; anything else would let a header lie
	 * across the end. */
	r->limit = __atomic_load_n(&meta->data_head, __ATOMIC_ACQUIRE) & ~7ull;
	/* The kernel does not overwrite what is not released: a head that is further
	 * ahead than the ring is long is damage, and so is all before it. */
	if (r->limit > r->pos && r->limit - r->pos > r->mask + 1)
		r->pos = r->scanned = r->limit;
}

/* Records are multiples of 8 bytes, the header has 8 and the ring is a power of two of at
 * least a page, so neither a header nor an aligned word ever wraps. */
static const struct perf_event_header *header_at(const struct ring *r, uint64_t at)
{
	return (const void *)(r->data + (at & r->mask));
}

/* The size of the record at @at; one that the kernel cannot have written ends the
 * batch. */
static size_t size_at(const struct ring *r, uint64_t at)
{
	size_t size = header_at(r, at)->size;

	if (size < sizeof(struct perf_event_header) || size % 8 || size > r->limit - at ||
	    size > r->mask + 1)
		return 0;
	return size;
}

/* The size of the record at pos; 0: there is none. */
static size_t size_next(struct ring *r)
{
	size_t size = r->pos < r->limit ? size_at(r, r->pos) : 0;

	if (!size && r->pos < r->limit)
		r->pos = r->limit;
	return size;
}

bool ring_ready(struct ring *r)
{
	return size_next(r);
}

/* The kernel has put the records into another CPU's cache: asks for the beginning of the
 * one behind, and for its end as if it were as long as this one. */
static void ask_ahead(const struct ring *r, size_t size)
{
	uint64_t at = r->pos + size;

	if (at >= r->limit)
		return;
	for (unsigned i = 0; i < AHEAD_LINES; i++)
		__builtin_prefetch(r->data + ((at + i * CACHE_LINE) & r->mask));
	__builtin_prefetch(r->data + ((at + size - 8) & r->mask));
}

const void *ring_peek(struct ring *r)
{
	size_t size = size_next(r), first;

	if (!size)
		return NULL;
	ask_ahead(r, size);
	first = r->mask + 1 - (r->pos & r->mask);
	if (size <= first)
		return header_at(r, r->pos);
	memcpy(r->bounce, header_at(r, r->pos), first);
	memcpy(r->bounce + first, r->data, size - first);
	return r->bounce;
}

void ring_advance(struct ring *r)
{
	r->pos += size_at(r, r->pos);
}

void ring_release(struct ring *r)
{
	struct perf_event_mmap_page *meta = r->base;

	/* All reads of the released records happen before the kernel sees the new
	 * tail. */
	__atomic_store_n(&meta->data_tail, r->pos, __ATOMIC_RELEASE);
}

void ring_scan(struct ring *r, void (*fn)(void *arg, struct ring *r, uint64_t at),
	       void *arg)
{
	while (r->scanned < r->limit) {
		size_t size = size_at(r, r->scanned);

		if (!size)
			r->scanned = r->limit;
		else
			fn(arg, r, r->scanned);
		r->scanned += size;
		/* Samples, which is most of it, are of one size. */
		__builtin_prefetch(r->data + ((r->scanned + 2 * size) & r->mask));
	}
}
