/* Call frame information from outside, run on a stack from outside. The input is not an
 * ELF file but what an unwind needs; the file around it is built here, so that a fuzzer
 * spends its time on the instructions and expressions instead of on headers:
 *
 * 	struct head | head.cie_n bytes | head.fde_n bytes | registers | stack
 *
 * The bytes are the instructions of a CIE and of its FDE, or with RAW the whole of
 * .eh_frame and of .eh_frame_hdr. Of the 8-byte words of registers and stack the upper
 * half makes plausible ones likely: 0xfe000000 is an address on the stack, 0xfd000000 one
 * in the code. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include <profd/ehframe.h>
#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/unwind.h>

#include "../../src/unwind/unwind-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LOAD_AT 0x7f0000000000ull
#define STACK_AT 0x7ffc00000000ull
#define CODE_BYTES 4096u
#define COVERED_BYTES 1024u /* of the code, by the FDE */
#define CFI_MAX 65535u
#define STACK_MAX 4096u

enum {
	FLAG_GENERAL = 1,
	FLAG_RAW = 2,	  /* .eh_frame and .eh_frame_hdr as they come */
	FLAG_SIGNAL = 4,  /* augmentation 'S' */
	FLAG_BARE = 8,	  /* no section headers: found by PT_GNU_EH_FRAME alone */
	FLAG_32BIT = 16,  /* an ELF file of 32 bits */
	FLAG_JIT = 32,	  /* the code has no file */
	FLAG_FP = 64,	  /* by frame pointers only */
	FLAG_ENTRY = 128, /* the program begins where the pc is */
};

struct head {
	uint8_t flags;
	uint8_t ra_reg;
	uint8_t code_align;
	int8_t data_align;
	uint32_t valid; /* registers */
	uint16_t cie_n, fde_n;
	uint16_t pc; /* offset in the code */
	uint16_t regs_n;
};
_Static_assert(sizeof(struct head) == 16, "seeds are written for this");

struct image {
	uint8_t bytes[4 * CFI_MAX];
	size_t n;
};

enum { SECTION_TEXT = 1, SECTION_EH_FRAME, SECTION_HDR, SECTION_NAMES, SECTIONS };

struct piece {
	uint64_t off, n;
};

static struct piece append(struct image *im, const void *data, size_t n)
{
	struct piece p = {im->n, n};

	memcpy(im->bytes + im->n, data, n);
	im->n += n;
	return p;
}

static void align(struct image *im)
{
	while (im->n % 8)
		im->bytes[im->n++] = 0;
}

/* Calls that end at every multiple of 16, and a signal trampoline in the middle. */
static void append_code(struct image *im)
{
	static const uint8_t trampoline[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	uint8_t *code = im->bytes + im->n;

	memset(code, 0x90, CODE_BYTES);
	for (unsigned i = 11; i < CODE_BYTES; i += 16)
		code[i] = 0xe8;
	memcpy(code + CODE_BYTES / 2, trampoline, sizeof(trampoline));
	im->n += CODE_BYTES;
}

static void put32(struct image *im, uint32_t v)
{
	append(im, &v, sizeof(v));
}

/* What a compiler writes around the instructions. Addresses are offsets in the image, its
 * first segment being at 0. */
static struct piece append_entries(struct image *im, const struct head *h,
				   const uint8_t *cie, const uint8_t *fde, uint64_t code)
{
	const char *letters = h->flags & FLAG_SIGNAL ? "zRS" : "zR";
	struct piece p = {.off = im->n};
	uint8_t align_bytes[] = {h->code_align & 0x7f, (uint8_t)h->data_align & 0x7f,
				 h->ra_reg & 0x7f, 1, 0x1b /* pcrel, sdata4 */};
	size_t letters_n = strlen(letters) + 1;

	put32(im, (uint32_t)(4 + 1 + letters_n + sizeof(align_bytes) + h->cie_n));
	put32(im, 0);
	append(im, "\1", 1);
	append(im, letters, letters_n);
	append(im, align_bytes, sizeof(align_bytes));
	append(im, cie, h->cie_n);
	put32(im, 4 + 4 + 4 + 1 + h->fde_n);
	put32(im, (uint32_t)(im->n - p.off));
	put32(im, (uint32_t)(code - im->n));
	put32(im, COVERED_BYTES);
	append(im, "\0", 1);
	append(im, fde, h->fde_n);
	put32(im, 0);
	p.n = im->n - p.off;
	return p;
}

/* A header without a table: it only says where .eh_frame is. */
static struct piece append_hdr(struct image *im, uint64_t eh_frame)
{
	const uint8_t start[] = {1, 0x1b, 0xff, 0xff}; /* pcrel sdata4, no table */
	struct piece p = append(im, start, sizeof(start));

	put32(im, (uint32_t)(eh_frame - im->n));
	put32(im, 0);
	p.n += 8;
	return p;
}

static void write_headers(struct image *im, const struct head *h, const struct piece *s)
{
	static const char names[] = "\0.text\0.eh_frame\0.eh_frame_hdr\0.shstrtab";
	static const uint8_t name_at[SECTIONS] = {0, 1, 7, 17, 31};
	struct piece str = append(im, names, sizeof(names));
	Elf64_Shdr shdrs[SECTIONS] = {0};
	Elf64_Phdr phdrs[2] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_filesz = im->n,
		 .p_memsz = im->n},
		{.p_type = PT_GNU_EH_FRAME,
		 .p_offset = s[SECTION_HDR].off,
		 .p_vaddr = s[SECTION_HDR].off,
		 .p_filesz = s[SECTION_HDR].n,
		 .p_memsz = s[SECTION_HDR].n},
	};
	Elf64_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_phnum = 2,
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_entry = h->flags & FLAG_ENTRY
				   ? s[SECTION_TEXT].off + h->pc % CODE_BYTES
				   : 0,
	};

	for (unsigned i = 1; i < SECTIONS; i++) {
		struct piece p = i == SECTION_NAMES ? str : s[i];

		shdrs[i] = (Elf64_Shdr){.sh_name = name_at[i],
					.sh_type = i == SECTION_NAMES ? SHT_STRTAB
								      : SHT_PROGBITS,
					.sh_flags = SHF_ALLOC,
					.sh_addr = p.off,
					.sh_offset = p.off,
					.sh_size = p.n};
	}
	if (!(h->flags & FLAG_BARE)) {
		align(im);
		ehdr.e_shoff = append(im, shdrs, sizeof(shdrs)).off;
		ehdr.e_shnum = SECTIONS;
		ehdr.e_shstrndx = SECTION_NAMES;
	}
	memcpy(im->bytes, &ehdr, sizeof(ehdr));
	memcpy(im->bytes + sizeof(ehdr), phdrs, sizeof(phdrs));
}

static void write_headers_32(struct image *im, const struct piece *s)
{
	Elf32_Phdr phdrs[2] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_filesz = (uint32_t)im->n,
		 .p_memsz = (uint32_t)im->n},
		{.p_type = PT_GNU_EH_FRAME,
		 .p_offset = (uint32_t)s[SECTION_HDR].off,
		 .p_vaddr = (uint32_t)s[SECTION_HDR].off,
		 .p_filesz = (uint32_t)s[SECTION_HDR].n,
		 .p_memsz = (uint32_t)s[SECTION_HDR].n},
	};
	Elf32_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_phnum = 2,
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf32_Phdr),
	};

	memcpy(im->bytes, &ehdr, sizeof(ehdr));
	memcpy(im->bytes + sizeof(ehdr), phdrs, sizeof(phdrs));
}

/* The file around the input; where its code is goes to *@ret_code. */
static struct objfile *file_build(const struct head *h, const uint8_t *cie,
				  const uint8_t *fde, uint64_t *ret_code)
{
	struct image *im = xcalloc(1, sizeof(*im));
	struct piece s[SECTIONS] = {0};
	struct objfile *o;

	im->n = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
	s[SECTION_TEXT] = (struct piece){im->n, CODE_BYTES};
	append_code(im);
	if (h->flags & FLAG_RAW) {
		s[SECTION_EH_FRAME] = append(im, cie, h->cie_n);
		align(im);
		s[SECTION_HDR] = append(im, fde, h->fde_n);
	} else {
		s[SECTION_EH_FRAME] = append_entries(im, h, cie, fde,
						     s[SECTION_TEXT].off);
		align(im);
		s[SECTION_HDR] = append_hdr(im, s[SECTION_EH_FRAME].off);
	}
	if (h->flags & FLAG_32BIT)
		write_headers_32(im, s);
	else
		write_headers(im, h, s);
	*ret_code = s[SECTION_TEXT].off;
	o = objfile_open_image(im->bytes, im->n, "", NULL);
	free(im);
	return o;
}

static uint64_t word_of(uint64_t word, uint64_t code)
{
	switch (word >> 32) {
	case 0xfe000000:
		return STACK_AT + (uint32_t)word;
	case 0xfd000000:
		return LOAD_AT + code + (uint32_t)word % CODE_BYTES;
	default:
		return word;
	}
}

static size_t words_take(const uint8_t **p, size_t *n, size_t max, uint64_t code,
			 uint64_t *words)
{
	size_t count = 0;

	for (; count < max && *n >= 8; count++, *p += 8, *n -= 8) {
		memcpy(&words[count], *p, 8);
		words[count] = word_of(words[count], code);
	}
	return count;
}

static bool count_fde(void *arg, const struct fde *fde)
{
	uint64_t *sum = arg;

	*sum += fde->end;
	return true;
}

static void unwind_all(const struct head *h, struct objfile *o, uint64_t code,
		       const uint8_t *p, size_t n)
{
	enum unwind_backend backend = h->flags & FLAG_FP ? UNWIND_FP : UNWIND_CFI;
	struct unwinder *u = unwinder_new(backend, NULL);
	struct space *space = space_new();
	struct vma v = {.start = LOAD_AT,
			.end = LOAD_AT + code + CODE_BYTES,
			.bias = LOAD_AT,
			.obj = h->flags & FLAG_JIT ? NULL : o,
			.kind = h->flags & FLAG_JIT ? VMA_JIT : VMA_FILE};
	struct regs regs = {.valid = h->valid & REGS_ALL};
	uint64_t *stack = xmalloc(STACK_MAX);
	struct unwind_input in = {.regs = &regs, .space = space};
	struct frame frames[64];
	enum unwind_stop stop;
	size_t words;

	if (backend == UNWIND_CFI)
		unwinder_force_general(u, h->flags & FLAG_GENERAL);
	space_map(space, &v);
	words_take(&p, &n, h->regs_n % (REG_COUNT + 1), code, regs.r);
	words = words_take(&p, &n, STACK_MAX / 8, code, stack);
	in.stack_bytes = words * 8;
	/* In memory of its own size, for a sanitizer to see a read past its end. */
	in.stack = xmemdup(stack, in.stack_bytes);
	if (!regs.r[DWREG_SP])
		regs.r[DWREG_SP] = STACK_AT;
	for (unsigned i = 0; i < 4; i++) {
		regs.r[DWREG_PC] = LOAD_AT + code + (h->pc + i * 13) % CODE_BYTES;
		unwind(u, &in, frames, 64, &stop);
	}
	free((void *)(uintptr_t)in.stack);
	free(stack);
	space_put(space);
	unwinder_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct head h;
	const uint8_t *cie, *fde;
	struct objfile *o;
	uint64_t code, sum = 0;

	if (n < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	data += sizeof(h);
	n -= sizeof(h);
	if (h.cie_n > n)
		h.cie_n = (uint16_t)n;
	cie = data;
	n -= h.cie_n;
	if (h.fde_n > n)
		h.fde_n = (uint16_t)n;
	fde = cie + h.cie_n;
	n -= h.fde_n;
	o = file_build(&h, cie, fde, &code);
	if (!o)
		abort(); /* the headers are ours */
	ehframe_each(o, count_fde, &sum);
	unwind_all(&h, o, code, fde + h.fde_n, n);
	objfile_put(o);
	return 0;
}
