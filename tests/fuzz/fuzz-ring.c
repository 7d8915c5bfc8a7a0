/* A ring buffer as a kernel gone mad would fill it: head, tail and contents from outside.
 * The input: u32 pages, u32 flags, u64 data_tail, u64 data_head, then the data, repeated
 * as often as they fit. What comes out goes through the decoder, as in a session. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <profd/mem.h>
#include <profd/ring.h>
#include <profd/sampler.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define PAGE 4096u
#define BOUNCE_BYTES 65536u
#define PAGES_LOG_MAX 5u

enum {
	FLAG_MAPPED = 1, /* by ring_open, else in memory that a sanitizer watches */
	FLAG_SCAN = 2,
};

struct head {
	uint32_t pages_log;
	uint32_t flags;
	uint64_t tail, head;
};

static void note(void *arg, struct ring *r, uint64_t at)
{
	uint64_t *sum = arg;

	*sum += ring_word(r, at) + ring_word(r, at + 8);
}

static void fill(uint8_t *to, size_t size, const uint8_t *from, size_t n)
{
	for (size_t i = 0; n && i < size; i += n)
		memcpy(to + i, from, n < size - i ? n : size - i);
}

/* True when *@r holds the ring; *@ret_heap is to be freed. */
static bool make(struct ring *r, const struct head *h, size_t size, void **ret_heap)
{
	int fd;
	bool mapped;

	*ret_heap = NULL;
	if (h->flags & FLAG_MAPPED) {
		fd = memfd_create("ring", MFD_CLOEXEC);
		mapped = fd >= 0 && ftruncate(fd, (off_t)(PAGE + size)) == 0 &&
			 ring_open(r, fd, size) == 0;
		close(fd);
		return mapped;
	}
	if (posix_memalign(ret_heap, PAGE, PAGE + size))
		return false;
	memset(*ret_heap, 0, PAGE);
	*r = (struct ring){.base = *ret_heap,
			   .data = (uint8_t *)*ret_heap + PAGE,
			   .mask = size - 1,
			   .bounce = xmalloc(BOUNCE_BYTES)};
	return true;
}

static void drain(struct ring *r, bool scan)
{
	const struct record_format format = {
		PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME, 0, true};
	uint64_t sum = 0;
	const struct perf_event_header *record;

	ring_fetch(r);
	if (scan)
		ring_scan(r, note, &sum);
	for (; (record = ring_peek(r)); ring_advance(r)) {
		struct event e;

		if (record_decode(&format, record, record->size, &e) == 0 &&
		    e.type == EVENT_COMM && e.comm.comm_len)
			sum += (uint8_t)e.comm.comm[e.comm.comm_len - 1];
	}
	ring_release(r);
	__asm__ volatile("" : : "r"(sum)); /* all of it was needed */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct perf_event_mmap_page *meta;
	struct ring r = {0};
	struct head h;
	size_t size;
	void *heap;

	if (n < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	size = (size_t)PAGE << h.pages_log % (PAGES_LOG_MAX + 1);
	if (!make(&r, &h, size, &heap))
		return 0;
	fill(r.data, size, data + sizeof(h), n - sizeof(h));
	meta = r.base;
	/* The tail is ours: always a multiple of 8. The head is the kernel's. */
	r.pos = r.scanned = h.tail & ~7ull;
	meta->data_head = h.head;
	drain(&r, h.flags & FLAG_SCAN);
	meta->data_head += 64;
	drain(&r, h.flags & FLAG_SCAN);
	if (heap) {
		free(r.bounce);
		free(heap);
	} else {
		ring_close(&r);
	}
	return 0;
}
