#pragma once
/* What a counting workload shares with the bench that watches it: a file descriptor given
 * as an argument, mapped by both. */
#include <stdint.h>
#include <sys/mman.h>

#define SHARED_THREADS 8
#define SHARED_GAPS (1u << 20)

struct shared {
	/* Work done, one cache line for each thread. */
	struct {
		volatile uint64_t units;
		uint64_t pad[7];
	} threads[SHARED_THREADS];
	/* Gaps between two readings of the time stamp counter, in its ticks; @ngaps ever
	 * seen, the last SHARED_GAPS are kept. */
	volatile uint64_t ngaps;
	volatile uint32_t gaps[SHARED_GAPS];
};

static inline struct shared *shared_map(int fd)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);

	return p == MAP_FAILED ? NULL : p;
}
