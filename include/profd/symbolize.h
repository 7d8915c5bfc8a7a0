#pragma once
/* Addresses to functions, for whatever kind of code they are in. Each asks one source; all yield
 * innermost inlined functions first and say whether a name was found or made up.
 * Names are borrowed until the symbolizer is freed or, for symbolize_file, as long as the objfile
 * lives; made-up names until the next call. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/objfile.h>

struct symbolizer;

struct symbolizer *symbolizer_new(void);
struct symbolizer *
symbolizer_free(struct symbolizer *sy); /* NULL is fine; returns NULL */

/* Functions at @vaddr of a file, at most @max; never 0. Without a symbol the name is made of the
 * file's base name and the start of the code that .eh_frame describes as one function
 * ("cc1+0x6f2a10"), or of the base name alone ("[busybox]") where nothing describes it, and *ret_named
 * is false; code at the entry point is "_start". */
unsigned symbolize_file(struct symbolizer *sy, struct objfile *o, uint64_t vaddr,
			struct source_frame *frames, unsigned max, bool *ret_named);
/* From /proc/kallsyms; "[kernel]" when it is hidden. */
unsigned symbolize_kernel(struct symbolizer *sy, uint64_t pc, struct source_frame *frame,
			  bool *ret_named);
/* From /tmp/perf-PID.map (kernel tools/perf/Documentation/jit-interface.txt) when that file is
 * newer than @since_wall_ns; "[jit]" otherwise. */
unsigned symbolize_jit(struct symbolizer *sy, uint32_t pid, uint64_t since_wall_ns,
		       uint64_t pc, struct source_frame *frame, bool *ret_named);
/* Whether kernel symbols are readable here (reads them). */
bool symbolizer_has_kernel(struct symbolizer *sy);

/* --- the tables behind it, for tests ------------------------------------------------------------- */

struct symtab; /* sorted {start, end, name} */
struct symtab *symtab_free(struct symtab *t);
/* Lines "ffffffff81000000 T _text [module]". NULL when all addresses are zero (hidden) or nothing
 * in it is code. */
struct symtab *kallsyms_parse(const char *data, size_t n);
/* Lines "START SIZE name": hexadecimal without 0x; later lines win over earlier ones they overlap.
 * Broken lines are skipped. */
struct symtab *perfmap_parse(const char *data, size_t n);
/* NULL when nothing covers @pc. */
const char *symtab_find(const struct symtab *t, uint64_t pc);
