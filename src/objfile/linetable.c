/* Whether libdw may decode a unit's line table: DWARF 5, section 6.2.4, and the same
 * section of versions 2 to 4. libdw joins folder and name for each file when it opens a
 * table, so that a long folder and many short files take the product of both (measured: 3
 * GB for 263 KB); and units can share a table's bytes. Only the head is read here, the
 * program is libdw's. */
#include <limits.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <profd/ehframe.h>

#include "objfile-priv.h"

/* Beside the sizes in the file, which bound the rest. A path cannot be longer than
 * PATH_MAX. */
#define PATHS_FREE_BYTES (64ull << 20)
#define PATHS_FACTOR 64
#define LINES_FREE_BYTES 65536u
#define FORMS_MAX 16 /* in the description of an entry; five are defined */

struct head {
	struct eh_cursor c;
	const Elf_Data *str, *line_str;
	unsigned version;
	unsigned offset_bytes;
	uint64_t comp_dir;     /* length */
	VEC(uint16_t) folders; /* lengths */
	uint64_t paths;	       /* bytes of all files' paths together */
};

static void fail(struct head *h)
{
	eh_fail(&h->c);
}

/* The length of a string at @s; longer than a path can be, or without an end, is
 * damage. */
static uint16_t length_of(struct head *h, const void *s, size_t left)
{
	size_t n = strnlen(s, left < PATH_MAX ? left : PATH_MAX);

	if (n == left || n == PATH_MAX) {
		fail(h);
		return 0;
	}
	return (uint16_t)n;
}

static uint16_t string_inline(struct head *h)
{
	uint16_t n = length_of(h, h->c.p, (size_t)(h->c.end - h->c.p));

	eh_skip(&h->c, n + 1u);
	return n;
}

static uint16_t string_at(struct head *h, const Elf_Data *data)
{
	uint64_t off = eh_fixed(&h->c, h->offset_bytes);

	if (!data || !data->d_buf || off >= data->d_size) {
		fail(h);
		return 0;
	}
	return length_of(h, (const char *)data->d_buf + off, data->d_size - off);
}

static void file_add(struct head *h, uint64_t folder, uint16_t name)
{
	uint64_t first = h->folders.n ? h->folders.v[0] : 0;

	if (folder >= h->folders.n)
		folder = 0; /* libdw refuses it */
	h->paths += h->comp_dir + first + name + 3;
	if (h->folders.n)
		h->paths += h->folders.v[folder];
}

/* --- versions 2 to 4: strings up to an empty one ------------------------------------ */

static void read_strings(struct head *h)
{
	uint16_t n;

	vec_push(&h->folders, 0); /* the unit's own: comp_dir */
	while ((n = string_inline(h)))
		vec_push(&h->folders, n);
	while ((n = string_inline(h))) {
		uint64_t folder = eh_uleb(&h->c);

		eh_uleb(&h->c); /* time */
		eh_uleb(&h->c); /* size */
		file_add(h, folder, n);
	}
}

/* --- version 5: entries that describe themselves ------------------------------------ */

struct form {
	uint64_t content, form;
};

struct entry {
	uint16_t name;
	uint64_t folder;
};

static void read_form(struct head *h, const struct form *f, struct entry *e)
{
	uint64_t value = 0;
	uint16_t n = 0;

	switch (f->form) {
	case DW_FORM_string:
		n = string_inline(h);
		break;
	case DW_FORM_line_strp:
		n = string_at(h, h->line_str);
		break;
	case DW_FORM_strp:
		n = string_at(h, h->str);
		break;
	case DW_FORM_udata:
		value = eh_uleb(&h->c);
		break;
	case DW_FORM_data1:
		value = eh_u8(&h->c);
		break;
	case DW_FORM_data2:
		value = eh_fixed(&h->c, 2);
		break;
	case DW_FORM_data4:
		value = eh_fixed(&h->c, 4);
		break;
	case DW_FORM_data8:
		value = eh_fixed(&h->c, 8);
		break;
	case DW_FORM_data16:
		eh_skip(&h->c, 16);
		break;
	case DW_FORM_block:
		eh_skip(&h->c, eh_uleb(&h->c));
		break;
	default:
		fail(h);
	}
	if (f->content == DW_LNCT_path)
		e->name = n;
	else if (f->content == DW_LNCT_directory_index)
		e->folder = value;
}

static void read_entries(struct head *h, bool files)
{
	struct form forms[FORMS_MAX];
	unsigned n = eh_u8(&h->c);
	uint64_t count;

	if (n > FORMS_MAX)
		return fail(h);
	for (unsigned i = 0; i < n; i++) {
		forms[i].content = eh_uleb(&h->c);
		forms[i].form = eh_uleb(&h->c);
	}
	count = eh_uleb(&h->c);
	/* Every entry has a byte or more. */
	if (count > (uint64_t)(h->c.end - h->c.p) || (count && !n))
		return fail(h);
	for (; count && !h->c.bad; count--) {
		struct entry e = {0};

		for (unsigned i = 0; i < n; i++)
			read_form(h, &forms[i], &e);
		if (files)
			file_add(h, e.folder, e.name);
		else
			vec_push(&h->folders, e.name);
	}
}

/* --- both --------------------------------------------------------------------------- */

/* Returns the length of the whole table. */
static uint64_t read_head(struct head *h)
{
	uint64_t length = eh_fixed(&h->c, 4);
	unsigned opcodes;

	h->offset_bytes = length == UINT32_MAX ? 8 : 4;
	if (h->offset_bytes == 8)
		length = eh_fixed(&h->c, 8);
	if (length > (uint64_t)(h->c.end - h->c.p)) {
		fail(h);
		return 0;
	}
	h->c.end = h->c.p + length;
	h->version = (unsigned)eh_fixed(&h->c, 2);
	if (h->version < 2 || h->version > 5)
		fail(h);
	if (h->version == 5)
		eh_skip(&h->c, 2); /* sizes of an address and of a segment selector */
	eh_skip(&h->c, h->offset_bytes);
	eh_skip(&h->c, h->version >= 4 ? 5 : 4);
	opcodes = eh_u8(&h->c);
	eh_skip(&h->c, opcodes ? opcodes - 1 : 0);
	if (h->version < 5) {
		read_strings(h);
	} else {
		read_entries(h, false);
		read_entries(h, true);
	}
	return length;
}

static bool spend(uint64_t *spent, uint64_t n, uint64_t limit)
{
	if (n > limit - *spent)
		return false;
	*spent += n;
	return true;
}

bool linetable_usable(struct objfile *o, Dwarf_Die *unit, struct linetable_spent *spent)
{
	Dwarf *dwarf = dwarf_cu_getdwarf(unit->cu);
	Elf_Data *lines = debug_section(dwarf, "line");
	uint64_t bytes = debug_dwarf_bytes(o), length;
	struct head h = {.str = debug_section(dwarf, "str"),
			 .line_str = debug_section(dwarf, "line_str")};
	const char *comp_dir = die_string(unit, DW_AT_comp_dir, false);
	Dwarf_Attribute attr;
	Dwarf_Word off;
	bool sound;

	if (!dwarf_attr(unit, DW_AT_stmt_list, &attr) ||
	    dwarf_formudata(&attr, &off) != 0 || !lines || !lines->d_buf ||
	    off >= lines->d_size)
		return false;
	h.comp_dir = comp_dir ? strlen(comp_dir) : 0;
	h.c = (struct eh_cursor){(const uint8_t *)lines->d_buf + off,
				 (const uint8_t *)lines->d_buf + lines->d_size, false};
	length = read_head(&h);
	sound = !h.c.bad && h.comp_dir < PATH_MAX;
	vec_done(&h.folders);
	return sound && spend(&spent->lines, length, LINES_FREE_BYTES + bytes) &&
	       spend(&spent->paths, h.paths, PATHS_FREE_BYTES + PATHS_FACTOR * bytes);
}
