#pragma once
/* An address space: the executable mappings of a process, in order. Processes share one
 * until it changes (fork, threads); it is reference counted and copied by whoever is
 * about to change it. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/objfile.h>
#include <profd/vec.h>

enum vma_kind {
	VMA_FILE, /* obj is the file, or NULL when it could not be opened */
	VMA_VDSO,
	VMA_JIT,   /* anonymous executable memory */
	VMA_OTHER, /* [vsyscall], [uprobes], a device */
};

struct vma {
	uint64_t start, end; /* pc, [start, end) */
	uint64_t off;	     /* file offset of start */
	uint64_t bias;	     /* pc - bias = vaddr; for a vma without obj: 0 */
	struct objfile *obj; /* a reference held by the space; may be NULL */
	uint32_t kind;	     /* enum vma_kind */
	uint32_t name;	     /* of the path, in the owner's table (procs_name) */
};

struct space {
	uint32_t refs;
	/* Changes with every change of the mappings, never comes twice in one run except
	 * after space_generation wrapped; 0 until space_generation is first asked. */
	uint32_t generation;
	VEC(struct vma) vmas; /* by start, not overlapping */
};

struct space *space_new(void);
struct space *space_get(struct space *s);
struct space *space_put(struct space *s); /* NULL is fine; returns NULL */
/* The space to change instead of *s: itself when nobody else holds it, else a copy. */
struct space *space_own(struct space *s);
/* Maps @v (a reference to v->obj is taken); what it overlaps is cut, as mmap(2) does with
 * MAP_FIXED. There are no records of munmap. */
void space_map(struct space *s, const struct vma *v);
void space_clear(struct space *s);
const struct vma *space_find(const struct space *s,
			     uint64_t pc); /* NULL: nothing mapped */
/* A number that tells this state of the mappings from all others. */
uint32_t space_generation(struct space *s);

static inline uint64_t vma_vaddr(const struct vma *v, uint64_t pc)
{
	return pc - v->bias;
}
