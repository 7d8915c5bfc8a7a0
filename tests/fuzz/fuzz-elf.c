/* An ELF file from outside, through everything that reads one: headers, symbols, DWARF
 * lines and inlines, .eh_frame and its rules, and an unwind through it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <profd/ehframe.h>
#include <profd/objfile.h>
#include <profd/symbolize.h>
#include <profd/unwind.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LOAD_AT 0x7f0000000000ull

static void unwind_through(struct objfile *o, const struct segment *seg)
{
	struct unwinder *u = unwinder_new(UNWIND_CFI, NULL);
	struct space *space = space_new();
	struct vma v = {.start = LOAD_AT,
			.end = LOAD_AT + seg->memsz_bytes % (1 << 24) + 1,
			.bias = LOAD_AT - seg->vaddr,
			.obj = o};
	uint64_t stack[64];
	struct frame frames[32];
	enum unwind_stop stop;

	space_map(space, &v);
	for (unsigned i = 0; i < 64; i++)
		stack[i] = LOAD_AT + i * 977 % (v.end - v.start);
	for (unsigned i = 0; i < 32; i++) {
		struct regs regs = {.valid = REGS_ALL};
		struct unwind_input in = {.regs = &regs,
					  .stack = (uint8_t *)stack,
					  .stack_bytes = sizeof(stack),
					  .space = space};

		for (unsigned r = 0; r < REG_COUNT; r++)
			regs.r[r] = 0x1000 + r * 8;
		regs.r[DWREG_SP] = 0x1000;
		regs.r[DWREG_PC] = LOAD_AT + i * 4099 % (v.end - v.start);
		unwind(u, &in, frames, 32, &stop);
	}
	space_put(space);
	unwinder_free(u);
}

static bool look_at(void *arg, const struct fde *fde)
{
	unsigned *left = arg;

	return (*left)-- > 0;
}

/* What procs.c and walk.c ask of a file that is mapped. */
static void map_and_read(struct objfile *o, const struct segment *seg)
{
	uint8_t bytes[64];
	uint64_t vaddr;

	for (uint64_t off = 0; off < 3 * 4096; off += 1365)
		objfile_off_to_vaddr(o, seg->off + off, &vaddr);
	objfile_read(o, seg->vaddr + seg->filesz_bytes - 16, bytes, sizeof(bytes));
	objfile_read(o, seg->vaddr, bytes, sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct objfile *o = objfile_open_image(data, n, "fuzz", NULL);
	struct symbolizer *sy;
	const struct segment *seg;
	unsigned fdes = 10000;
	size_t nseg;

	if (!o)
		return 0;
	sy = symbolizer_new();
	nseg = objfile_segments(o, &seg);
	ehframe_each(o, look_at, &fdes);
	for (size_t i = 0; i < nseg && i < 8; i++) {
		for (uint64_t k = 0; k < 64; k++) {
			struct source_frame frames[8];
			uint64_t vaddr = seg[i].vaddr + k * 67;
			struct fde fde;
			bool named;

			symbolize_file(sy, o, vaddr, frames, 8, &named);
			ehframe_find(o, vaddr, &fde);
		}
		map_and_read(o, &seg[i]);
		unwind_through(o, &seg[i]);
	}
	symbolizer_free(sy);
	objfile_put(o);
	return 0;
}
