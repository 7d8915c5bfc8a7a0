#pragma once
/* One of the kernel's ring buffers of perf records. Records stay where the kernel put
 * them until they are released; only one that wraps around the end is copied out. One
 * thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	void *base; /* the metadata page, then the data */
	uint8_t *data;
	uint64_t mask;	  /* data bytes - 1; a power of two */
	uint64_t pos;	  /* next record to hand out */
	uint64_t limit;	  /* head as of the last ring_fetch */
	uint64_t scanned; /* up to here ring_scan has looked */
	uint8_t *bounce;  /* 64 KiB, for a record that wraps */
};

/* Maps the ring of event @fd. Returns 0 or -errno (-EPERM: over the quota of locked
 * memory). */
int ring_open(struct ring *r, int fd, size_t data_bytes);
void ring_close(struct ring *r);
/* Looks at how far the kernel has written. */
void ring_fetch(struct ring *r);
/* Whether there is a record at pos, without fetching it in one piece. */
bool ring_ready(struct ring *r);
/* The record at pos, contiguous, valid until ring_advance; NULL when there is none before
 * limit. */
const void *ring_peek(struct ring *r);
void ring_advance(struct ring *r);
/* Gives the space of everything before pos back to the kernel. */
void ring_release(struct ring *r);
/* Calls @fn with each record between scanned and limit: only its header and single
 * aligned 64-bit words may be read, through ring_word. */
void ring_scan(struct ring *r, void (*fn)(void *arg, struct ring *r, uint64_t at),
	       void *arg);
static inline uint64_t ring_word(const struct ring *r, uint64_t at)
{
	return *(const uint64_t *)(const void *)(r->data + (at & r->mask));
}
