#pragma once
/* Shared inside src/objfile/: the open file and its lazily loaded parts. Each part
 * belongs to the file of its name; other files use the functions declared under it. */
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <libelf.h>

#include <profd/captured.h>
#include <profd/map.h>
#include <profd/objfile.h>
#include <profd/vec.h>

/* Limits on what a file may ask for. Real files stay far below all of them. */
#define BUILD_ID_MAX 64 /* bytes; real ones have 8 to 20 */
#define BUILD_ID_HEX (2 * BUILD_ID_MAX + 1)
#define LIMIT_NAME_BYTES 65536u		 /* one name */
#define LIMIT_SECTION_BYTES (256u << 20) /* .eh_frame */
#define LIMIT_MINIDEBUG_BYTES (8u << 20) /* .gnu_debugdata as stored, compressed */
/* All DWARF sections together, uncompressed; and a quarter of the memory, because libdw
 * reads them. */
#define LIMIT_DEBUG_BYTES (4ull << 30)
#define LIMIT_SYMTAB_BYTES (256u << 20)
#define LIMIT_STRTAB_BYTES (512u << 20)
#define LIMIT_SYMBOLS 4000000u /* names of code, to be sorted */
#define LIMIT_UNITS 4000000u
#define LIMIT_UNIT_DIES 5000000u /* visited in one compilation unit */
#define LIMIT_DIES 64000000u	 /* and ranges, visited in one file */
#define LIMIT_DEPTH 256u	 /* of nested DIEs */

/* cover.c: which of many, possibly nested, address ranges covers an address. */
struct cover_range {
	uint64_t start, end; /* [start, end) */
	uint32_t id;	     /* 1.. */
	uint32_t depth; /* of two ranges that start together the deeper one is inner */
};
struct cover {
	struct cover_piece {
		uint64_t start; /* up to the start of the next piece */
		uint32_t id;	/* 0: nobody */
	} * pieces;
	uint32_t n;
};
/* Sorts @ranges. Replaces what @c held. */
void cover_build(struct cover *c, struct cover_range *ranges, uint32_t n);
/* The id of the innermost range over @vaddr, 0 without one. */
uint32_t cover_find(const struct cover *c, uint64_t vaddr);
void cover_done(struct cover *c);

/* How one function is called. All strings live as long as the objfile. */
struct function_name {
	const char *pretty;  /* for people */
	const char *linkage; /* as the linker sees it, or the same as pretty */
	uint32_t start_line;
};

struct symbols;	 /* symbols.c */
struct debug;	 /* debug.c */
struct dwarf;	 /* units.c */
struct names;	 /* names.c */
struct captured; /* captured.c */

struct objfile {
	uint32_t refs, id;
	char *path;
	char build_id[BUILD_ID_HEX];
	struct objfile *twin_of; /* a reference: fd is its; or NULL */
	int fd;
	void *image; /* instead of fd */
	size_t image_bytes;
	Elf *elf;
	uint64_t entry;
	bool is_64bit;
	VEC(struct segment) segments;

	struct section_view eh_frame, eh_frame_hdr;
	bool eh_frame_read, eh_frame_hdr_read;
	void *ehframe; /* ehframe.c's own */
	void (*ehframe_free)(void *);

	struct symbols *symbols; /* NULL: not asked for yet, like all below */
	struct debug *debug;
	struct dwarf *dwarf;
	struct names *names;

	struct captured *captured; /* instead of all this: answers from elsewhere */
	const struct objfile_tap *tap;
	void *tap_arg;
};

/* One slot on the objfile for the decoder of .eh_frame: whatever it stores there is
 * released with @free_fn (remembered on every call) when the objfile goes. */
void **objfile_ehframe_slot(struct objfile *o, void (*free_fn)(void *));

/* ehframe.c */
uint64_t fde_last_covered(const struct fde *fde);

/* captured.c: as the public functions of these names, for an objfile of that kind. */
bool captured_fde(const struct objfile *o, uint64_t vaddr, struct fde *ret_fde);
size_t captured_read(const struct objfile *o, uint64_t vaddr, void *buf, size_t n);
unsigned captured_source(struct objfile *o, uint64_t vaddr, struct source_frame *frames,
			 unsigned max);
enum symbol_source captured_symbol_source(struct objfile *o);
bool captured_has_lines(struct objfile *o);
void captured_free(struct captured *c);

/* elf.c */
struct objfile *objfile_new(const char *path);
/* The bytes of the file's build-id; their number, 0 without one. */
size_t elf_build_id(Elf *elf, uint8_t id[BUILD_ID_MAX]);
/* In lower case; @n is at most BUILD_ID_MAX. */
void build_id_print(const uint8_t *id, size_t n, char hex[BUILD_ID_HEX]);
/* The section called @name that has contents, or NULL. */
Elf_Scn *elf_find_section(Elf *elf, const char *name, GElf_Shdr *ret_shdr);
/* How many bytes of [vaddr, vaddr + n) one segment has in the file, and where; 0:
 * none. */
size_t objfile_find_bytes(const struct objfile *o, uint64_t vaddr, size_t n,
			  uint64_t *ret_off);
/* Makes the last byte a NUL. Data are copies, so this is possible; elfutils 0.188 takes
 * strings for terminated. */
void elf_data_terminate(Elf_Data *data);
/* True when [start, end) touches code of this file. */
bool objfile_is_code(const struct objfile *o, uint64_t start, uint64_t end);

/* symbols.c */
void symbols_free(struct symbols *s);
/* The symbol as found in the file, its name for people, and whether it is a compiler's
 * piece of a function ("foo.cold", "foo.part.0"). */
bool symbols_find(struct objfile *o, uint64_t vaddr, struct symbol *ret_symbol,
		  const char **ret_pretty);
/* True when a compiler split or cloned this function: "foo.cold", "foo.constprop.0". */
bool symbol_is_clone(const char *name);

/* debug.c */
void debug_free(struct debug *d);
/* The separate debug file, or NULL. Looks for it once. */
Elf *debug_file(struct objfile *o);
/* The file's DWARF, its own or the debug file's, or NULL. Loads it once. */
Dwarf *debug_dwarf(struct objfile *o);
/* How large the sections are that debug_dwarf reads, unpacked. */
uint64_t debug_dwarf_bytes(const struct objfile *o);
/* The contents of section .debug_@suffix as libdw has unpacked them, or NULL. */
Elf_Data *debug_section(Dwarf *dwarf, const char *suffix);
/* search.c */
/* A descriptor of the separate debug file and its path (the caller frees it), or -1. */
int search_debug_file(struct objfile *o, char **ret_path);

/* module.c */
struct module;
/* .dynsym and MiniDebugInfo together, as libdwfl merges them; NULL without either.
 * Symbols have *ret_bias added to their addresses; their names live as long as the
 * module. */
struct module *module_new(struct objfile *o, Dwfl_Module **ret_module,
			  uint64_t *ret_bias);
/* To be called with every new @elf that dwfl_module_getsym_info says a name is from. */
void module_terminate_strings(Elf *elf);
struct module *module_free(struct module *m); /* NULL is fine; returns NULL */
/* As search_debug_file, by libdwfl, which also asks debuginfod servers. */
int module_search(struct objfile *o, char **ret_path);

/* minidebug.c */
/* True when the file has MiniDebugInfo that is not too large when it is unpacked. */
bool minidebug_usable(Elf *elf);

/* abbrevs.c */
/* True when what libdw remembers of the abbreviations of all units stays in proportion to
 * the @dwarf_bytes of the file. */
bool abbrevs_usable(Dwarf *dwarf, uint64_t dwarf_bytes);

/* linetable.c */
struct linetable_spent { /* by the units of one file */
	uint64_t lines, paths;
};
/* True when decoding the line table of @unit takes no more than what is left of a budget
 * that grows with the file. To be asked once. */
bool linetable_usable(struct objfile *o, Dwarf_Die *unit, struct linetable_spent *spent);

/* units.c: an index of functions, one compilation unit at a time. */
struct function { /* a DW_TAG_subprogram or DW_TAG_inlined_subroutine with code */
	void *die_addr;
	uint32_t parent; /* the function it is inlined into; 0: it is the physical one */
};
struct unit {
	Dwarf_Die die; /* of the unit; of split DWARF the skeleton, it has the lines */
	Dwarf_CU *cu;  /* what the functions' DIEs belong to */
	bool walked;
	bool has_lines;			/* and libdw may decode them */
	VEC(struct function) functions; /* ids are index + 1 */
	struct cover cover;
};
void dwarf_index_free(struct dwarf *d);
/* The unit that holds the code at @vaddr, its functions indexed; or NULL. */
struct unit *dwarf_unit_find(struct objfile *o, uint64_t vaddr);
Dwarf_Die function_die(const struct unit *u, uint32_t id);
/* Where the out-of-line code of abstract function @origin begins, 0 without any known. */
uint64_t dwarf_out_of_line(struct objfile *o, const Dwarf_Die *origin);
/* Takes @n DIEs or ranges from the file's budget; false when it is spent. */
bool dwarf_spend(struct objfile *o, uint32_t n);

/* names.c */
void names_free(struct names *n);
/* The name that DWARF gives to the function of @die; NULL without any. */
const struct function_name *names_of_die(struct objfile *o, Dwarf_Die *die);
/* The string of an attribute, NULL when it is absent, damaged or too long. */
const char *die_string(Dwarf_Die *die, unsigned attr, bool integrate);
