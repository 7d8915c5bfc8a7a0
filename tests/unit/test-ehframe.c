/* Finding FDEs: the encodings, in sections of the test's own making; the linker's table
 * and our own index against each other; and damaged sections, for sanitizers to watch.
 * What the entries say is compared with libdw in test-rows.c. */
#include <profd/ehframe.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dwarf.h>
#include <elf.h>

#include <profd/mem.h>

#include "../../src/unwind/unwind-priv.h"
#include "lib-dir.h"

static const char libc_path[] = LIB_DIR "libc.so.6";

/* --- sections of our own making ----------------------------------------------------- */

struct image {
	uint8_t *data;
	size_t size;
};

/* An ELF file of one segment with .eh_frame and, when @hdr_n is not 0, .eh_frame_hdr. */
static struct image image_new(const void *eh, size_t eh_n, uint64_t eh_vaddr,
			      const void *hdr, size_t hdr_n, uint64_t hdr_vaddr)
{
	static const char names[] = "\0.eh_frame\0.eh_frame_hdr\0.shstrtab";
	unsigned nsections = hdr_n ? 4 : 3;
	size_t eh_off = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), hdr_off = eh_off + eh_n;
	size_t names_off = hdr_off + hdr_n;
	size_t shdrs_off = (names_off + sizeof(names) + 7) & ~7ul;
	struct image im = {.size = shdrs_off + nsections * sizeof(Elf64_Shdr)};
	Elf64_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = shdrs_off,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (uint16_t)nsections,
		.e_shstrndx = (uint16_t)(nsections - 1),
	};
	Elf64_Phdr phdr = {.p_type = PT_LOAD,
			   .p_flags = PF_R | PF_X,
			   .p_vaddr = 0,
			   .p_filesz = im.size,
			   .p_memsz = im.size};
	Elf64_Shdr shdrs[4] = {
		{0},
		{.sh_name = 1,
		 .sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = eh_vaddr,
		 .sh_offset = eh_off,
		 .sh_size = eh_n},
		{.sh_name = 11,
		 .sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = hdr_vaddr,
		 .sh_offset = hdr_off,
		 .sh_size = hdr_n},
	};

	shdrs[nsections - 1] = (Elf64_Shdr){.sh_name = 25,
					    .sh_type = SHT_STRTAB,
					    .sh_offset = names_off,
					    .sh_size = sizeof(names)};
	im.data = xcalloc(1, im.size);
	memcpy(im.data, &ehdr, sizeof(ehdr));
	memcpy(im.data + sizeof(ehdr), &phdr, sizeof(phdr));
	memcpy(im.data + eh_off, eh, eh_n);
	if (hdr_n)
		memcpy(im.data + hdr_off, hdr, hdr_n);
	memcpy(im.data + names_off, names, sizeof(names));
	memcpy(im.data + shdrs_off, shdrs, nsections * sizeof(Elf64_Shdr));
	return im;
}

static struct objfile *open_sections(const void *eh, size_t eh_n, uint64_t eh_vaddr,
				     const void *hdr, size_t hdr_n, uint64_t hdr_vaddr)
{
	struct image im = image_new(eh, eh_n, eh_vaddr, hdr, hdr_n, hdr_vaddr);
	struct error err = {0};
	struct objfile *o = objfile_open_image(im.data, im.size, "test", &err);

	free(im.data);
	if (!o)
		fail_msg("%s", err.text);
	return o;
}

/* Bytes of a section being written. */
struct bytes {
	uint8_t v[1024];
	size_t n;
};

static void put(struct bytes *b, uint64_t value, unsigned n)
{
	memcpy(b->v + b->n, &value, n);
	b->n += n;
}

static void put_uleb(struct bytes *b, uint64_t value)
{
	do {
		put(b, (value & 0x7f) | (value > 0x7f) << 7, 1);
		value >>= 7;
	} while (value);
}

/* A length that is filled in when the entry is complete. */
static size_t entry_begin(struct bytes *b, bool wide)
{
	if (wide)
		put(b, UINT32_MAX, 4);
	put(b, 0, wide ? 8 : 4);
	return b->n;
}

static void entry_end(struct bytes *b, size_t begin, bool wide)
{
	uint64_t n = b->n - begin;

	memcpy(b->v + begin - (wide ? 8 : 4), &n, wide ? 8 : 4);
}

#define EH_VADDR 0x10000ull
#define START 0x1000ull
#define LENGTH 0x39ull

static void put_cie(struct bytes *b, uint8_t version, const char *letters,
		    uint8_t encoding, bool wide)
{
	size_t begin = entry_begin(b, wide), length_at;

	put(b, 0, 4);
	put(b, version, 1);
	memcpy(b->v + b->n, letters, strlen(letters) + 1);
	b->n += strlen(letters) + 1;
	if (version == 4)
		put(b, 8, 2); /* size of an address, of a segment selector */
	put_uleb(b, 1);
	put(b, 0x78, 1); /* -8 */
	put(b, DWREG_RA, 1);
	length_at = b->n;
	if (*letters)
		put(b, 0, 1);
	for (const char *l = letters; *l; l++) {
		if (*l == 'R')
			put(b, encoding, 1);
		if (*l == 'L')
			put(b, DW_EH_PE_pcrel | DW_EH_PE_sdata4, 1);
		if (*l == 'P')
			put(b, DW_EH_PE_indirect | DW_EH_PE_pcrel | DW_EH_PE_sdata4, 1);
		if (*l == 'P')
			put(b, 0x1234, 4);
	}
	if (*letters)
		b->v[length_at] = (uint8_t)(b->n - length_at - 1);
	put(b, DW_CFA_def_cfa, 1);
	put(b, DWREG_SP, 1);
	put(b, 8, 1);
	put(b, DW_CFA_offset | DWREG_RA, 1);
	put(b, 1, 1);
	entry_end(b, begin, wide);
}

/* The FDE's address and length. */
static void put_range(struct bytes *b, uint8_t encoding)
{
	uint64_t base = (encoding & 0x70) == DW_EH_PE_pcrel ? EH_VADDR + b->n : 0;

	switch (encoding & 0x0f) {
	case DW_EH_PE_uleb128:
	case DW_EH_PE_sleb128: /* bit 6 of the last byte is clear in both */
		put_uleb(b, START);
		put_uleb(b, LENGTH);
		return;
	case DW_EH_PE_udata2:
	case DW_EH_PE_sdata2:
		put(b, START - base, 2);
		put(b, LENGTH, 2);
		return;
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		put(b, START - base, 4);
		put(b, LENGTH, 4);
		return;
	default:
		put(b, START - base, 8);
		put(b, LENGTH, 8);
	}
}

/* A CIE (CFA = rsp + 8, return address at CFA - 8) and one FDE for [START, START +
 * LENGTH) that has CFA = rsp + 16 from START + 4 on. */
static void put_section(struct bytes *b, uint8_t version, const char *letters,
			uint8_t encoding, bool wide)
{
	bool lsda = strchr(letters, 'L');
	size_t cie = b->n, begin;

	put_cie(b, version, letters, encoding, wide);
	begin = entry_begin(b, wide);
	put(b, b->n - cie, 4);
	put_range(b, encoding);
	if (*letters)
		put_uleb(b, lsda ? 4 : 0);
	if (lsda)
		put(b, 0, 4);
	put(b, DW_CFA_advance_loc | 4, 1);
	put(b, DW_CFA_def_cfa_offset, 1);
	put(b, 16, 1);
	entry_end(b, begin, wide);
}

static void check_section(const struct bytes *b, bool found)
{
	bool trampoline;
	struct objfile *o = open_sections(b->v, b->n, EH_VADDR, NULL, 0, 0);
	struct row row;
	struct fde fde;

	assert_int_equal(ehframe_find(o, START, &fde), found);
	if (found) {
		assert_int_equal(fde.start, START);
		assert_int_equal(fde.end, START + LENGTH);
		assert_true(row_find(&fde, START + 3, &row));
		assert_int_equal(row.cfa_off, 8);
		assert_int_equal(row.end, START + 4);
		assert_true(row_find(&fde, START + 4, &row));
		assert_int_equal(row.cfa_off, 16);
		assert_int_equal(row.end, START + LENGTH);
		assert_false(ehframe_find(o, START - 1, &fde));
		trampoline = fde.cie.signal_frame;
		assert_true(ehframe_find(o, START + LENGTH - 1, &fde));
		/* libm's _fini, without an entry, begins right behind its .text */
		assert_int_equal(ehframe_find(o, START + LENGTH, &fde), trampoline);
		assert_false(ehframe_find(o, START + 0x40, &fde));
	}
	objfile_put(o);
}

static void test_encodings(void **state)
{
	static const uint8_t encodings[] = {
		DW_EH_PE_absptr,
		DW_EH_PE_udata2,
		DW_EH_PE_udata4,
		DW_EH_PE_udata8,
		DW_EH_PE_uleb128,
		DW_EH_PE_sleb128,
		DW_EH_PE_sdata2,
		DW_EH_PE_sdata4,
		DW_EH_PE_sdata8,
		DW_EH_PE_pcrel | DW_EH_PE_sdata4,
		DW_EH_PE_pcrel | DW_EH_PE_sdata8,
		DW_EH_PE_pcrel | DW_EH_PE_absptr,
	};
	static const char *const letters[] = {"zR", "zPLR", "zRS", "zRB", "zLRS"};
	static const uint8_t versions[] = {1, 3, 4};

	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		for (size_t l = 0; l < ARRAY_SIZE(letters); l++) {
			for (unsigned v = 0; v < 6; v++) {
				struct bytes b = {.n = 0};

				put_section(&b, versions[v % 3], letters[l], encodings[e],
					    v >= 3);
				check_section(&b, true);
			}
		}
	}
}

static void test_encodings_refused(void **state)
{
	static const uint8_t encodings[] = {
		DW_EH_PE_omit,
		DW_EH_PE_indirect | DW_EH_PE_pcrel | DW_EH_PE_sdata4,
		DW_EH_PE_textrel | DW_EH_PE_sdata4,
		DW_EH_PE_datarel | DW_EH_PE_sdata4,
		DW_EH_PE_funcrel | DW_EH_PE_sdata4,
		0x05,
	};
	struct bytes b;

	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		b.n = 0;
		put_section(&b, 1, "zR", encodings[e], false);
		check_section(&b, false);
	}
	b.n = 0;
	put_section(&b, 2, "zR", DW_EH_PE_absptr, false);
	check_section(&b, false);
	b.n = 0;
	put_section(&b, 1, "zXR", DW_EH_PE_absptr, false);
	check_section(&b, false);
	/* No augmentation at all: absolute addresses. */
	b.n = 0;
	put_section(&b, 1, "", DW_EH_PE_absptr, false);
	check_section(&b, true);
}

/* A CIE is taken apart for each of its FDEs: a long one would cost their product. */
static void test_long_cie(void **state)
{
	const uint8_t padded[33] = {[0 ... 31] = 0x80};
	struct eh_cursor c = {padded, padded + sizeof(padded), false};
	struct bytes b = {.n = 0};
	char letters[40] = "zR";

	memset(letters + 2, 'S', 30);
	put_section(&b, 1, letters, DW_EH_PE_absptr, false);
	check_section(&b, true);
	b.n = 0;
	letters[32] = 'S';
	put_section(&b, 1, letters, DW_EH_PE_absptr, false);
	check_section(&b, false);

	assert_int_equal(eh_uleb(&c), 0);
	assert_true(c.bad);
	c = (struct eh_cursor){padded, padded + sizeof(padded), false};
	assert_int_equal(eh_sleb(&c), 0);
	assert_true(c.bad);
	c = (struct eh_cursor){padded + 1, padded + sizeof(padded), false};
	assert_int_equal(eh_uleb(&c), 0);
	assert_false(c.bad);
}

/* crt1.o and crtend.o leave zero words behind and between; what follows still counts. */
static void test_terminator(void **state)
{
	struct bytes b = {.n = 0};

	put(&b, 0, 4);
	put_section(&b, 1, "zR", DW_EH_PE_absptr, false);
	put(&b, 0, 4);
	check_section(&b, true);
}

/* --- the two ways to find ----------------------------------------------------------- */

struct lookup {
	struct objfile *with, *without;
	uint64_t compared;
};

static bool lookup_both(void *arg, const struct fde *fde)
{
	struct lookup *l = arg;
	const uint64_t vaddrs[] = {fde->start, fde->start + 1, fde->end - 1,
				   fde->end,   fde->end + 14,  fde->end + 15};

	for (size_t i = 0; i < ARRAY_SIZE(vaddrs); i++) {
		struct fde a, b;
		bool found = ehframe_find(l->with, vaddrs[i], &a);

		assert_int_equal(ehframe_find(l->without, vaddrs[i], &b), found);
		if (!found)
			continue;
		assert_int_equal(a.start, b.start);
		assert_int_equal(a.end, b.end);
		assert_int_equal(a.insns_vaddr, b.insns_vaddr);
		l->compared++;
	}
	return true;
}

static struct objfile *open_file(const char *path)
{
	struct error err = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : objfile_open(fd, path, &err);
}

/* The linker's table, our own index, and tables that must not be believed. */
static void test_table(void **state)
{
	struct objfile *o = open_file(libc_path);
	const struct section_view *eh, *hdr;
	uint8_t *bad;

	if (!o)
		skip();
	eh = objfile_eh_frame(o);
	hdr = objfile_eh_frame_hdr(o);
	assert_non_null(hdr->data);
	for (unsigned kind = 0; kind < 6; kind++) {
		struct lookup l = {.with = o};
		size_t n = hdr->size;

		bad = xmemdup(hdr->data, hdr->size);
		if (kind == 1)
			n = 16; /* cut off */
		if (kind == 2)
			bad[3] = DW_EH_PE_datarel | DW_EH_PE_sdata8;
		if (kind == 3)
			bad[4] ^= 0x10; /* another .eh_frame */
		if (kind == 4)
			memset(bad + 8, 0xff, 4); /* count */
		if (kind == 5)
			memmove(bad + 12, bad + 20, 8 * 40); /* order */
		if (kind == 5)
			memset(bad + 12 + 8 * 20, 0x7f, 4);
		l.without = open_sections(eh->data, eh->size, eh->vaddr, bad,
					  kind ? n : 0, hdr->vaddr);
		ehframe_each(o, lookup_both, &l);
		assert_true(l.compared > 1000);
		objfile_put(l.without);
		free(bad);
	}
	objfile_put(o);
}

/* --- damage ------------------------------------------------------------------------- */

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

struct pcs {
	uint64_t v[400];
	uint32_t n, seen;
};

static bool collect_pc(void *arg, const struct fde *fde)
{
	struct pcs *p = arg;

	if (p->seen++ % 8 == 0 && p->n < ARRAY_SIZE(p->v))
		p->v[p->n++] = fde->start + (fde->end - fde->start) / 2;
	return true;
}

static bool decode_fde(void *arg, const struct fde *fde)
{
	uint32_t *budget = arg;
	struct row row;

	row_find(fde, fde->end, &row);
	return --*budget > 0;
}

/* Flips bytes of the first @n bytes, opens, looks up and decodes. */
static void damage(const struct section_view *eh, const struct section_view *hdr,
		   size_t n, const struct pcs *pcs, uint32_t *seed)
{
	uint8_t *copy = xmemdup(eh->data, n), *table = xmemdup(hdr->data, hdr->size);
	unsigned flips = 1 + random_next(seed) % 64;
	bool with_table = random_next(seed) & 1;
	uint32_t budget = 500;
	struct objfile *o;

	for (unsigned i = 0; i < flips; i++)
		copy[random_next(seed) % n] ^= (uint8_t)(1 + random_next(seed) % 255);
	if (random_next(seed) % 4 == 0)
		table[random_next(seed) % 64] ^= (uint8_t)(1 + random_next(seed) % 255);
	o = open_sections(copy, n, eh->vaddr, table, with_table ? hdr->size : 0,
			  hdr->vaddr);
	for (uint32_t i = 0; i < pcs->n; i++)
		rule_decode(o, pcs->v[i]);
	rule_decode(o, UINT64_MAX);
	rule_decode(o, 0);
	ehframe_each(o, decode_fde, &budget);
	objfile_put(o);
	free(copy);
	free(table);
}

static void test_damaged(void **state)
{
	struct objfile *o = open_file(libc_path);
	const struct section_view *eh, *hdr;
	struct pcs pcs = {.n = 0};
	uint32_t seed = 20240607;

	if (!o)
		skip();
	eh = objfile_eh_frame(o);
	hdr = objfile_eh_frame_hdr(o);
	ehframe_each(o, collect_pc, &pcs);
	for (unsigned i = 0; i < 600; i++)
		damage(eh, hdr, i % 2 ? eh->size : 64 + random_next(&seed) % 4096, &pcs,
		       &seed);
	objfile_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_encodings_refused),
		cmocka_unit_test(test_long_cie),
		cmocka_unit_test(test_terminator),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
