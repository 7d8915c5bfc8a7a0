/* Whether libdw may open the units of a file. It parses the abbreviations of every unit
 * for that unit alone, so that many units which share a long table take the product of
 * both (measured: 5.9 GB for 237 KB). Read here are the headers of the units, DWARF 5,
 * section 7.5.1, and the lengths of the tables, section 7.5.3. */
#include <dwarf.h>
#include <elfutils/libdw.h>

#include <profd/ehframe.h>

#include "objfile-priv.h"

/* Of tables, counted once for each unit: beside what grows with the file. Compilers that
 * give a table to all units of a module (LLVM) keep it to a few KiB. In memory they take
 * 12 times as much. */
#define TABLES_FREE_BYTES (4ull << 20)
#define TABLES_FACTOR 8

/* The length of the table at @c, or more than @max. */
static uint64_t table_length(struct eh_cursor c, uint64_t max)
{
	const uint8_t *start = c.p;

	while (eh_uleb(&c) && !c.bad && (uint64_t)(c.p - start) <= max) {
		uint64_t attr, form;

		eh_uleb(&c); /* tag */
		eh_u8(&c);   /* has children */
		do {
			attr = eh_uleb(&c);
			form = eh_uleb(&c);
			if (form == DW_FORM_implicit_const)
				eh_sleb(&c);
		} while ((attr || form) && !c.bad && (uint64_t)(c.p - start) <= max);
	}
	return (uint64_t)(c.p - start);
}

/* Steps over one unit; the offset of its abbreviations goes to *@ret_off. */
static bool unit_next(struct eh_cursor *c, uint64_t *ret_off)
{
	uint64_t length = eh_fixed(c, 4);
	unsigned offset_bytes = length == UINT32_MAX ? 8 : 4;
	struct eh_cursor unit;

	if (offset_bytes == 8)
		length = eh_fixed(c, 8);
	unit = *c;
	eh_skip(c, length);
	if (c->bad)
		return false;
	unit.end = c->p;
	if (eh_fixed(&unit, 2) == 5)
		eh_skip(&unit, 2); /* type, size of an address */
	*ret_off = eh_fixed(&unit, offset_bytes);
	return true;
}

bool abbrevs_usable(Dwarf *dwarf, uint64_t dwarf_bytes)
{
	const Elf_Data *info = debug_section(dwarf, "info");
	const Elf_Data *abbrev = debug_section(dwarf, "abbrev");
	uint64_t left = TABLES_FREE_BYTES + TABLES_FACTOR * dwarf_bytes, off, length;
	struct map lengths = {0}; /* offset + 1 -> length + 1 */
	struct eh_cursor c;
	bool enough = true;

	if (!info || !info->d_buf || !abbrev || !abbrev->d_buf)
		return true; /* and there is nothing to parse */
	c = (struct eh_cursor){info->d_buf, (const uint8_t *)info->d_buf + info->d_size,
			       false};
	while (c.p < c.end && enough && unit_next(&c, &off)) {
		if (off >= abbrev->d_size)
			continue;
		length = map_find(&lengths, off + 1);
		if (!length) {
			const uint8_t *p = (const uint8_t *)abbrev->d_buf;
			struct eh_cursor table = {p + off, p + abbrev->d_size, false};

			length = table_length(table, left) + 1;
			map_put(&lengths, off + 1, length);
		}
		enough = length <= left;
		left -= enough ? length : 0;
	}
	map_done(&lengths);
	return enough;
}
