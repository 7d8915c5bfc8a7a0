#pragma once
/* Addresses to functions, for whatever kind of code they are in. Each asks one source;
 * all yield innermost inlined functions first and say whether a name was found or made
 * up. Names are borrowed until the symbolizer is freed or, for symbolize_file, as long as
 * the objfile lives; made-up names until the next call. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/objfile.h>
#include <profd/profile.h>

struct symbolizer;

struct symbolizer *symbolizer_new(void);
struct symbolizer *
symbolizer_free(struct symbolizer *sy); /* NULL is fine; returns NULL */

/* Functions at @vaddr of a file, at most @max; never 0. Without a symbol the name is made
 * of the file's base name and the start of the code that .eh_frame describes as one
 * function ("cc1+0x6f2a10"), or of the base name alone ("[busybox]") where nothing
 * describes it, and *ret_named is false; code at the entry point is "_start". */
unsigned symbolize_file(struct symbolizer *sy, struct objfile *o, uint64_t vaddr,
			struct source_frame *frames, unsigned max, bool *ret_named);
/* The last part of it alone, where objfile_source found nothing; that one is not asked
 * again. */
unsigned symbolize_nameless(struct symbolizer *sy, struct objfile *o, uint64_t vaddr,
			    struct source_frame *frame, bool *ret_named);
/* From /proc/kallsyms; "[kernel]" when it is hidden. */
unsigned symbolize_kernel(struct symbolizer *sy, uint64_t pc, struct source_frame *frame,
			  bool *ret_named);
/* From /tmp/perf-PID.map (kernel tools/perf/Documentation/jit-interface.txt) when that
 * file is newer than @since_wall_ns; "[jit]" otherwise. */
unsigned symbolize_jit(struct symbolizer *sy, uint32_t pid, uint64_t since_wall_ns,
		       uint64_t pc, struct source_frame *frame, bool *ret_named);
/* Whether kernel symbols are readable here (reads them). */
bool symbolizer_has_kernel(struct symbolizer *sy);

/* Looks up all locations of @p that have no lines in the files of their mappings, as these
 * are on this machine: files that are not here, or have another build-id than the profile
 * says, name nothing. Counts the locations that got a name, and those that did not. */
void symbolize_profile(struct profile *p, uint32_t *ret_named, uint32_t *ret_nameless);

/* --- captures ----------------------------------------------------------------------- */

/* Told which symbol of the kernel, or of a process's JIT code, covers what was asked
 * about, and whether the kernel's are readable. All must be set. */
struct symbolizer_tap {
	void (*kernel)(void *arg, bool readable);
	void (*kernel_name)(void *arg, uint64_t start, uint64_t end, const char *name);
	void (*jit_name)(void *arg, uint32_t pid, uint64_t start, uint64_t end,
			 const char *name);
};
/* @tap and @arg are borrowed; NULL takes it off. */
void symbolizer_set_tap(struct symbolizer *sy, const struct symbolizer_tap *tap,
			void *arg);
/* From here on nothing is read from this machine: there is what is added, which is
 * copied. Symbols may come in any order but should not overlap; of two with one start the
 * first stays. */
void symbolizer_capture(struct symbolizer *sy, bool kernel_readable);
void symbolizer_add_kernel(struct symbolizer *sy, uint64_t start, uint64_t end,
			   const char *name);
void symbolizer_add_jit(struct symbolizer *sy, uint32_t pid, uint64_t start, uint64_t end,
			const char *name);

/* --- the tables behind it, for tests ------------------------------------------------ */

struct symtab; /* sorted {start, end, name} */
struct symtab *symtab_free(struct symtab *t);
/* Lines "ffffffff81000000 T _text [module]". NULL when all addresses are zero (hidden) or
 * nothing in it is code. */
struct symtab *kallsyms_parse(const char *data, size_t n);
/* Lines "START SIZE name": hexadecimal without 0x; later lines win over earlier ones they
 * overlap. Broken lines are skipped. */
struct symtab *perfmap_parse(const char *data, size_t n);
/* NULL when nothing covers @pc. */
const char *symtab_find(const struct symtab *t, uint64_t pc);
