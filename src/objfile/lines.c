/* The functions active at an address, with file and line: the chain of inlined functions
 * from the index in units.c, the line of the code from the line table, and the lines of
 * the calls from the inlined functions' own DIEs (DWARF 5, section 3.3.8.2). Without
 * DWARF the symbol alone. */
#include <profd/objfile.h>

#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <profd/mem.h>

#include "objfile-priv.h"

struct place {
	const char *file;
	uint32_t line;
};

static struct place place_of_code(struct unit *u, uint64_t vaddr)
{
	struct place p = {0};
	Dwarf_Line *row = u->has_lines ? dwarf_getsrc_die(&u->die, vaddr) : NULL;
	int line;

	if (!row)
		return p;
	p.file = dwarf_linesrc(row, NULL, NULL);
	if (dwarf_lineno(row, &line) == 0 && line > 0)
		p.line = (uint32_t)line;
	return p;
}

static struct place place_of_call(struct unit *u, Dwarf_Die *die)
{
	struct place p = {0};
	Dwarf_Attribute attr;
	Dwarf_Word value;
	Dwarf_Files *files;
	size_t n;

	if (dwarf_attr(die, DW_AT_call_line, &attr) &&
	    dwarf_formudata(&attr, &value) == 0 && value <= INT32_MAX)
		p.line = (uint32_t)value;
	if (u->has_lines && dwarf_attr(die, DW_AT_call_file, &attr) &&
	    dwarf_formudata(&attr, &value) == 0 &&
	    dwarf_getsrcfiles(&u->die, &files, &n) == 0 && value < n)
		p.file = dwarf_filesrc(files, value, NULL, NULL);
	/* libdw's own entry 0 of tables before DWARF 5. */
	if (p.file && strcmp(p.file, "???") == 0)
		p.file = NULL;
	return p;
}

/* Where the contiguous piece of the function that holds @vaddr begins. */
static uint64_t piece_start(Dwarf_Die *die, uint64_t vaddr)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t off = 0;

	while ((off = dwarf_ranges(die, off, &base, &start, &end)) > 0)
		if (vaddr >= start && vaddr < end)
			return start;
	return UINT64_MAX;
}

/* The function that holds the code is called what its symbol is called, so that a profile
 * reads the same with and without DWARF. Not so when the symbol is a compiler's part of
 * the function ("foo.cold"), or only some label inside it. */
static bool physical_name(struct objfile *o, Dwarf_Die *die, uint64_t vaddr,
			  struct function_name *ret_name)
{
	const struct function_name *by_dwarf = names_of_die(o, die);
	struct symbol symbol;
	const char *pretty;
	bool found = symbols_find(o, vaddr, &symbol, &pretty);

	if (!by_dwarf && !found)
		return false;
	if (by_dwarf)
		*ret_name = *by_dwarf;
	else
		*ret_name = (struct function_name){0};
	if (found && (!by_dwarf || (!symbol_is_clone(symbol.name) &&
				    symbol.vaddr == piece_start(die, vaddr)))) {
		ret_name->linkage = symbol.name;
		ret_name->pretty = pretty;
	}
	return true;
}

static struct source_frame frame_make(const struct function_name *name, struct place p)
{
	return (struct source_frame){
		.name = name->pretty,
		.linkage_name = name->linkage,
		.file = p.file,
		.line = p.line,
		.start_line = name->start_line,
	};
}

static unsigned source_by_symbol(struct objfile *o, uint64_t vaddr, struct place p,
				 struct source_frame *frames)
{
	struct function_name name = {0};
	struct symbol symbol;

	if (!symbols_find(o, vaddr, &symbol, &name.pretty))
		return 0;
	name.linkage = symbol.name;
	*frames = frame_make(&name, p);
	return 1;
}

static unsigned source_by_dwarf(struct objfile *o, struct unit *u, uint32_t id,
				uint64_t vaddr, struct source_frame *frames, unsigned max)
{
	struct place p = place_of_code(u, vaddr);
	unsigned n = 0;

	while (id) {
		uint32_t parent = u->functions.v[id - 1].parent;
		Dwarf_Die die = function_die(u, id);
		const struct function_name *name;
		struct function_name physical;

		if (parent)
			name = names_of_die(o, &die);
		else
			name = physical_name(o, &die, vaddr, &physical) ? &physical
									: NULL;
		/* The physical function comes last also when the chain is cut. */
		if (name && !parent && n == max)
			n--;
		if (name && n < max)
			frames[n++] = frame_make(name, p);
		if (parent)
			p = place_of_call(u, &die);
		id = parent;
	}
	return n;
}

static unsigned source_of_file(struct objfile *o, uint64_t vaddr,
			       struct source_frame *frames, unsigned max)
{
	struct unit *u = max ? dwarf_unit_find(o, vaddr) : NULL;
	uint32_t id = u ? cover_find(&u->cover, vaddr) : 0;

	if (!max)
		return 0;
	if (id)
		return source_by_dwarf(o, u, id, vaddr, frames, max);
	/* Assembler code has lines, but no functions. */
	return source_by_symbol(o, vaddr, u ? place_of_code(u, vaddr) : (struct place){0},
				frames);
}

unsigned objfile_source(struct objfile *o, uint64_t vaddr, struct source_frame *frames,
			unsigned max)
{
	unsigned n;

	if (o->captured)
		return captured_source(o, vaddr, frames, max);
	n = source_of_file(o, vaddr, frames, max);
	if (o->tap)
		o->tap->source(o->tap_arg, vaddr, frames, n);
	return n;
}
