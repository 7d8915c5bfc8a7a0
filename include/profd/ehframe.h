#pragma once
/* Call frame information of one file: which entry of .eh_frame covers an address, and its
 * parts. LSB Core, "Exception Frames"; DWARF 5, section 6.4. The instructions are run by
 * unwind/. The search table of .eh_frame_hdr is used in place where it is sane; otherwise
 * (static binaries have none) an index is built once by scanning .eh_frame. Input is
 * hostile: nothing is read outside the section. One thread at a time per objfile. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/objfile.h>

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint32_t ra_reg;	    /* DWARF number of the return address column */
	uint8_t fde_encoding;	    /* DW_EH_PE_* of the FDE's addresses */
	bool signal_frame;	    /* augmentation 'S' */
	bool has_augmentation;	    /* augmentation 'z': FDEs carry a length to skip */
	uint8_t address_bytes;	    /* of DW_EH_PE_absptr: 8, or 4 in a 32-bit file */
	const uint8_t *insns, *end; /* initial instructions, borrowed from the objfile */
};

struct fde {
	uint64_t start, end; /* vaddr, [start, end) */
	struct cie cie;
	const uint8_t *insns, *insns_end;
	uint64_t insns_vaddr; /* of insns[0]: DW_CFA_set_loc may be relative to itself */
};

/* The FDE that covers @vaddr. The padding behind that of a signal trampoline, up to the
 * next multiple of 16, counts as its own when no other FDE begins there: rt_sigreturn's
 * return address lies there. False: none, or damaged. */
bool ehframe_find(struct objfile *o, uint64_t vaddr, struct fde *ret_fde);
/* Calls @fn for every FDE in file order until it returns false. For tests and tools. */
void ehframe_each(struct objfile *o, bool (*fn)(void *arg, const struct fde *fde),
		  void *arg);

/* A position in call frame information. What cannot be read is 0, sets bad, and ends
 * it. */
struct eh_cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline void eh_fail(struct eh_cursor *c)
{
	c->bad = true;
	c->p = c->end;
}

static inline uint8_t eh_u8(struct eh_cursor *c)
{
	if (c->p < c->end)
		return *c->p++;
	eh_fail(c);
	return 0;
}

/* A little-endian number of @n bytes: 2, 4 or 8. */
uint64_t eh_fixed(struct eh_cursor *c, unsigned n);
/* DWARF 5, section 7.6; bits beyond 64 are dropped, more than 32 bytes are damage. */
uint64_t eh_uleb(struct eh_cursor *c);
int64_t eh_sleb(struct eh_cursor *c);
void eh_skip(struct eh_cursor *c, uint64_t n);
/* A pointer in DW_EH_PE_ encoding @encoding that begins at @vaddr, @data being what
 * datarel is relative to (0: refuse it). Fails for an encoding that needs the process's
 * memory. */
uint64_t eh_pointer(struct eh_cursor *c, uint8_t encoding, unsigned address_bytes,
		    uint64_t vaddr, uint64_t data);
