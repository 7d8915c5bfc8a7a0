/* Reads captured stacks. The ELF images have one segment with offset = vaddr, in which
 * all is zero but the captured pieces; gaps in .eh_frame are filled with CIEs that nobody
 * refers to. */
#include "golden.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include <profd/io.h>
#include <profd/mem.h>

#define IMAGE_MAX ((uint64_t)64 << 20)
#define STACK_MAX ((uint64_t)4 << 20)
#define SYMBOLS_MAX 256

/* --- a file of the program ---------------------------------------------------------- */

static const char section_names[] = "\0.eh_frame\0.symtab\0.strtab\0.shstrtab";

struct image {
	const char *name;
	uint8_t *bytes;
	uint64_t size; /* of the segment */
	uint64_t entry, eh_vaddr, eh_size, eh_used;
	Elf64_Sym symbols[SYMBOLS_MAX];
	unsigned nsymbols;
	char strings[16384];
	size_t strings_n;
};

static void image_put(struct image *im, uint64_t vaddr, const void *bytes, size_t n)
{
	assert_true(vaddr < IMAGE_MAX && n < IMAGE_MAX);
	if (vaddr + n > im->size) {
		im->bytes = xreallocarray(im->bytes, vaddr + n, 1);
		memset(im->bytes + im->size, 0, vaddr + n - im->size);
		im->size = vaddr + n;
	}
	memcpy(im->bytes + vaddr, bytes, n);
}

static void image_put_hex(struct image *im, uint64_t vaddr, const char *hex)
{
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		uint8_t b = (uint8_t)byte;

		image_put(im, vaddr++, &b, 1);
	}
}

/* Length, CIE, version 1, no augmentation, alignments 1, return address column 30; then
 * nops. */
static void image_fill_cfi(struct image *im, uint64_t vaddr)
{
	uint64_t gap = vaddr - im->eh_used;
	const uint32_t head[] = {(uint32_t)gap - 4, 0, 0x01010001, 30};

	if (!gap)
		return;
	assert_true(gap >= sizeof(head));
	image_put(im, im->eh_used, head, sizeof(head));
}

static void image_put_cfi(struct image *im, uint64_t vaddr, const char *hex)
{
	assert_true(vaddr >= im->eh_used && vaddr < im->eh_vaddr + im->eh_size);
	image_fill_cfi(im, vaddr);
	image_put_hex(im, vaddr, hex);
	im->eh_used = vaddr + strlen(hex) / 2;
}

static void image_put_symbol(struct image *im, uint64_t vaddr, uint64_t size,
			     const char *name)
{
	size_t n = strlen(name) + 1;

	assert_true(im->nsymbols < SYMBOLS_MAX &&
		    im->strings_n + n <= sizeof(im->strings));
	im->symbols[im->nsymbols++] = (Elf64_Sym){
		.st_name = (Elf64_Word)im->strings_n,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = 1,
		.st_value = vaddr,
		.st_size = size,
	};
	memcpy(im->strings + im->strings_n, name, n);
	im->strings_n += n;
}

static uint64_t image_append(struct image *im, const void *bytes, size_t n)
{
	uint64_t off = (im->size + 7) & ~7ull;

	image_put(im, off, bytes, n);
	return off;
}

static struct objfile *image_open(struct image *im)
{
	Elf64_Phdr phdr = {.p_type = PT_LOAD,
			   .p_flags = PF_R | PF_X,
			   .p_filesz = im->size,
			   .p_memsz = im->size};
	Elf64_Shdr shdrs[] = {
		{0},
		{.sh_name = 1,
		 .sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = im->eh_vaddr,
		 .sh_offset = im->eh_vaddr,
		 .sh_size = im->eh_used - im->eh_vaddr,
		 .sh_addralign = 8},
		{.sh_name = 11,
		 .sh_type = SHT_SYMTAB,
		 .sh_size = im->nsymbols * sizeof(Elf64_Sym),
		 .sh_link = 3,
		 .sh_entsize = sizeof(Elf64_Sym),
		 .sh_addralign = 8},
		{.sh_name = 19, .sh_type = SHT_STRTAB, .sh_size = im->strings_n},
		{.sh_name = 27, .sh_type = SHT_STRTAB, .sh_size = sizeof(section_names)},
	};
	Elf64_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_entry = im->entry,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = ARRAY_SIZE(shdrs),
		.e_shstrndx = ARRAY_SIZE(shdrs) - 1,
	};
	struct error err = {0};
	struct objfile *o;

	shdrs[2].sh_offset = image_append(im, im->symbols, shdrs[2].sh_size);
	shdrs[3].sh_offset = image_append(im, im->strings, shdrs[3].sh_size);
	shdrs[4].sh_offset = image_append(im, section_names, sizeof(section_names));
	ehdr.e_shoff = image_append(im, shdrs, sizeof(shdrs));
	image_put(im, 0, &ehdr, sizeof(ehdr));
	image_put(im, sizeof(ehdr), &phdr, sizeof(phdr));
	o = objfile_open_image(im->bytes, im->size, im->name, &err);
	if (!o)
		fail_msg("%s: %s", im->name, err.text);
	return o;
}

/* --- lines -------------------------------------------------------------------------- */

static char *line_next(struct golden *g)
{
	char *line = g->next, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	g->next = end + 1;
	return line;
}

static void line_again(struct golden *g, char *line)
{
	g->next[-1] = '\n';
	g->next = line;
}

/* The lines of one file, behind its first. */
static void read_file(struct golden *g, char *first)
{
	struct image im = {.strings_n = 1};
	struct vma maps[4];
	unsigned nmaps = 0;
	char *line, *blank;

	im.name = first;
	blank = strchr(first, ' ');
	assert_non_null(blank);
	*blank = '\0';
	im.entry = strtoull(blank + 1, NULL, 16);
	while ((line = line_next(g))) {
		uint64_t a, b, c;
		int at = 0;

		if (sscanf(line, "section %" SCNx64 " %" SCNx64, &a, &b) == 2) {
			im.eh_vaddr = im.eh_used = a;
			im.eh_size = b;
		} else if (sscanf(line, "cfi %" SCNx64 " %n", &a, &at) == 1 && at) {
			image_put_cfi(&im, a, line + at);
		} else if (sscanf(line, "code %" SCNx64 " %n", &a, &at) == 1 && at) {
			image_put_hex(&im, a, line + at);
		} else if (sscanf(line, "symbol %" SCNx64 " %" SCNx64 " %n", &a, &b,
				  &at) == 2 &&
			   at) {
			image_put_symbol(&im, a, b, line + at);
		} else if (sscanf(line, "map %" SCNx64 " %" SCNx64 " %" SCNx64, &a, &b,
				  &c) == 3 &&
			   nmaps < ARRAY_SIZE(maps)) {
			maps[nmaps++] = (struct vma){
				.start = a, .end = b, .off = a - c, .bias = c};
		} else {
			line_again(g, line);
			break;
		}
	}
	maps[0].obj = image_open(&im);
	for (unsigned i = 0; i < nmaps; i++) {
		maps[i].obj = maps[0].obj;
		space_map(g->space, &maps[i]);
	}
	objfile_put(maps[0].obj);
	free(im.bytes);
}

static void read_reg(struct golden *g, const char *name, uint64_t value)
{
	unsigned reg;

	if (!strcmp(name, "sp"))
		reg = DWREG_SP;
	else if (!strcmp(name, "pc"))
		reg = DWREG_PC;
	else if (sscanf(name, "x%u", &reg) != 1 || reg > 30)
		fail_msg("register '%s'", name);
	g->regs.r[reg] = value;
}

static void read_stack(struct golden *g, uint64_t low, uint64_t high)
{
	assert_true(!g->stack && low < high && high - low < STACK_MAX);
	g->low = low;
	g->high = high;
	g->stack = xcalloc(1, high - low);
}

static void read_sample(struct golden *g)
{
	struct golden_sample *s = &g->sample;
	uint64_t pc, sp = g->regs.r[DWREG_SP];
	char *line;

	assert_true(g->stack && sp >= g->low && sp < g->high);
	s->regs = g->regs;
	s->regs.valid = REGS_ALL;
	s->stack = g->stack + (sp - g->low);
	s->stack_bytes = g->high - sp;
	s->n = 0;
	while ((line = line_next(g))) {
		if (sscanf(line, "frame %" SCNx64, &pc) != 1) {
			line_again(g, line);
			break;
		}
		assert_true(s->n < GOLDEN_FRAMES_MAX);
		s->frames[s->n++] = (struct golden_frame){pc, strstr(line, " signal") !=
								      NULL};
	}
	assert_true(s->n > 0);
	g->samples++;
}

bool golden_next(struct golden *g)
{
	char *line;

	while ((line = line_next(g))) {
		char name[8];
		uint64_t a, b;

		if (!strcmp(line, "sample")) {
			read_sample(g);
			return true;
		}
		if (*line == '#')
			continue;
		if (!strncmp(line, "file ", 5)) {
			read_file(g, line + 5);
		} else if (sscanf(line, "word %" SCNx64 " %" SCNx64, &a, &b) == 2) {
			assert_true(a >= g->low && a <= g->high - 8);
			memcpy(g->stack + (a - g->low), &b, 8);
		} else if (sscanf(line, "reg %7s %" SCNx64, name, &b) == 2) {
			read_reg(g, name, b);
		} else if (sscanf(line, "stack %" SCNx64 " %" SCNx64, &a, &b) == 2) {
			read_stack(g, a, b);
		} else {
			fail_msg("%s: what is '%s'?", g->name, line);
		}
	}
	return false;
}

void golden_open(struct golden *g, const char *path)
{
	size_t n;

	*g = (struct golden){.name = path, .space = space_new()};
	if (io_slurp(path, 16 << 20, &g->text, &n) < 0)
		fail_msg("%s: cannot be read", path);
	g->next = g->text;
}

void golden_close(struct golden *g)
{
	space_put(g->space);
	free(g->stack);
	free(g->text);
}
