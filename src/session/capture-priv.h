#pragma once
/* Shared by the recorder and the replay. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/machine.h>
#include <profd/map.h>
#include <profd/mem.h>
#include <profd/vec.h>

/* Whose registers and stacks are in a capture made here. */
#ifdef MACHINE_AARCH64
#define CAPTURE_ARCH "aarch64"
#else
#define CAPTURE_ARCH "x86_64"
#endif

#define PAGE_BYTES 4096u
/* 64 MiB. When there are more, both sides forget all of them before the next event, never
 * within one: a stack may lie in old and in new pages. */
#define PAGES_MAX 16384u
/* No event needs that many more: a stack copy and 16 MiB behind it. */
#define PAGES_HARD_MAX (2 * PAGES_MAX)

struct page {
	uint32_t pid;
	uint32_t from, to; /* of bytes: what is known */
	uint64_t number;   /* address / PAGE_BYTES */
	uint8_t *bytes;	   /* [PAGE_BYTES] */
};
struct pages {
	VEC(struct page) rows; /* row 0 unused */
	struct index index;
};
void pages_done(struct pages *ps);
/* To be called between two events. */
void pages_trim(struct pages *ps);
/* False when @data, which lies in one page, is what is known already. */
bool pages_put(struct pages *ps, uint32_t pid, uint64_t addr, const uint8_t *data,
	       size_t n);
/* False when not all of it is known. */
bool pages_get(const struct pages *ps, uint32_t pid, uint64_t addr, uint8_t *buf,
	       size_t n);
