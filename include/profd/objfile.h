#pragma once
/* One ELF file: what it maps, how its frames unwind, and what its addresses are called.
 *
 * Addresses here are `vaddr`, as in the file's own headers. Opening reads headers only;
 * unwind sections, symbols and DWARF are read when first asked for, and a failure is
 * remembered with them. Section contents are copies, never file mappings: a program that
 * truncates its own binary must not kill the profiler. Everything returned is borrowed
 * and lives as long as the objfile. Files are hostile: all sizes and offsets are checked
 * against the file. One thread at a time per objfile. Reference counted. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>

struct objfile;

struct segment { /* a PT_LOAD; ELF spec, "Program Header" */
	uint64_t vaddr, off;
	uint64_t filesz_bytes, memsz_bytes;
	bool exec;
};

struct section_view {
	const uint8_t *data; /* NULL: the file has no such section */
	size_t size;
	uint64_t vaddr;
};

struct symbol {
	const char *name; /* as in the file: mangled */
	uint64_t vaddr,
		size; /* size 0 in the file is given the distance to the next symbol */
};

/* One function that is active at an address. */
struct source_frame {
	const char *name; /* for people: demangled or the DWARF name; never NULL */
	const char *linkage_name; /* mangled, or the same as name */
	const char *file;	  /* source file of the function's code, or NULL */
	uint32_t
		line; /* being executed (for an outer frame: the line of the call); 0 unknown */
	uint32_t start_line; /* where the function is declared; 0 unknown */
};

enum symbol_source { /* where names came from, best wins */
		     SYMBOLS_NONE,
		     SYMBOLS_DYNSYM,
		     SYMBOLS_MINIDEBUG, /* .gnu_debugdata */
		     SYMBOLS_SYMTAB,
		     SYMBOLS_DEBUGFILE, /* a separate file, by build-id or debuglink */
};

/* Takes @fd (closed on failure too). @path is remembered for messages and to find
 * debuglinks. Returns NULL and sets err: -ENOEXEC not an ELF file for this kind of
 * machine (64 or 32 bit), -EBADMSG damaged headers, -errno. */
struct objfile *objfile_open(int fd, const char *path, struct error *err);
/* The same from memory, which is copied: the vdso. */
struct objfile *objfile_open_image(const void *image, size_t n, const char *name,
				   struct error *err);
/* A second objfile of the same open file, which shares nothing with @o but the
 * descriptor: another thread may use it. It has a reference to @o, which counts are not
 * atomic: it is made and put by the thread of @o. NULL where there is no file behind @o,
 * somebody listens to it (captured.h), or the file has shrunk since. */
struct objfile *objfile_twin(struct objfile *o);
struct objfile *objfile_get(struct objfile *o);
struct objfile *objfile_put(struct objfile *o); /* NULL is fine; returns NULL */

uint32_t objfile_id(const struct objfile *o);	   /* unique in this process, from 1 */
const char *objfile_path(const struct objfile *o); /* as opened */
const char *
objfile_build_id(const struct objfile *o);	 /* lower case hex, "" without one */
uint64_t objfile_entry(const struct objfile *o); /* vaddr of the entry point, 0: none */
bool objfile_is_64bit(const struct objfile *o);
size_t objfile_segments(const struct objfile *o, const struct segment **ret_segments);
/* The vaddr that file offset @off is loaded at, by an executable segment if one holds it.
 * lld and gold give segments whose offset and vaddr differ. */
bool objfile_off_to_vaddr(const struct objfile *o, uint64_t off, uint64_t *ret_vaddr);
/* Reads file contents behind [vaddr, vaddr+n). Returns the bytes read (0 when
 * outside). */
size_t objfile_read(const struct objfile *o, uint64_t vaddr, void *buf, size_t n);

const struct section_view *objfile_eh_frame(struct objfile *o);
const struct section_view *objfile_eh_frame_hdr(struct objfile *o);
/* A file descriptor of the file for libdw's and libunwind's own use (borrowed), -1 for an
 * image; and the image of objfile_open_image (NULL for a file). */
int objfile_fd(const struct objfile *o);
const void *objfile_image(const struct objfile *o, size_t *ret_n);

/* The symbol that covers @vaddr, functions preferred. */
bool objfile_symbol(struct objfile *o, uint64_t vaddr, struct symbol *ret_symbol);
/* The functions active at @vaddr, innermost inlined one first, at most @max; the last one
 * is the function that holds the code. From DWARF where there is some, else from the
 * symbol table. 0 when nothing covers the address. */
unsigned objfile_source(struct objfile *o, uint64_t vaddr, struct source_frame *frames,
			unsigned max);
enum symbol_source objfile_symbol_source(struct objfile *o); /* loads the symbols */
const char *symbol_source_name(enum symbol_source s);
bool objfile_has_lines(struct objfile *o); /* DWARF was found (loads it) */

/* C++ (Itanium), Rust (legacy and v0) and D names for people. Returns NULL when @mangled
 * is none of these or too long to be trusted (over 64 KiB); else the caller frees. Any
 * thread. */
char *demangle(const char *mangled);
/* The same of C++ and legacy Rust names only, without parameters, return types and marks
 * of clones: as perf shows them. */
char *demangle_brief(const char *mangled);
