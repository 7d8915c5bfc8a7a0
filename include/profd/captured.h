#pragma once
/* What was asked of an objfile: told to a recorder while it happens (the tap), and
 * answered from a record of it where the file itself is not (a captured objfile). Both
 * look the same to the user of <profd/objfile.h> and <profd/ehframe.h>. One thread at a
 * time per objfile. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/ehframe.h>
#include <profd/objfile.h>

/* Each is called with the answer that the asker is about to be given. All must be set. */
struct objfile_tap {
	void (*fde)(void *arg, uint64_t vaddr, const struct fde *fde); /* NULL: none */
	void (*code)(void *arg, uint64_t vaddr, size_t wanted, const void *data,
		     size_t n);
	void (*source)(void *arg, uint64_t vaddr, const struct source_frame *frames,
		       unsigned n);
	void (*symbols)(void *arg, enum symbol_source source);
	void (*lines)(void *arg, bool has_lines);
};
/* @tap and @arg are borrowed as long as the objfile lives; NULL takes the tap off. */
void objfile_set_tap(struct objfile *o, const struct objfile_tap *tap, void *arg);

/* --- captured objfiles -------------------------------------------------------------- */

#define CAPTURED_FDES_MAX                                                                \
	(1u << 17) /* kept in order while they come: 1 MiB is moved at most */
#define CAPTURED_SEGMENTS_MAX 256u
#define CAPTURED_FRAMES_MAX 64u /* at one address */
#define CAPTURED_CODE_BYTES 64u /* looked at behind one address; an instruction or two */

/* An objfile without a file, which at first knows its headers only. @build_id in hex; a
 * longer one than files may have is cut. */
struct objfile *captured_new(const char *path, const char *build_id, uint64_t entry,
			     bool is_64bit);
/* What is added is copied. All return 0, -E2BIG beyond a limit above, or -EINVAL when @o
 * is not a captured one or what is added contradicts itself. */
int captured_add_segment(struct objfile *o, const struct segment *s);
int captured_add_fde(struct objfile *o, const struct fde *fde);
int captured_add_no_fde(struct objfile *o, uint64_t vaddr);
int captured_add_code(struct objfile *o, uint64_t vaddr, size_t wanted, const void *data,
		      size_t n);
/* Frame @index of @count at @vaddr, 0 of 0 meaning that there are none. */
int captured_add_source(struct objfile *o, uint64_t vaddr, unsigned index, unsigned count,
			const struct source_frame *frame);
int captured_set_symbols(struct objfile *o, enum symbol_source source, bool has_lines);
/* Names that were not captured are taken from the file of this path if it is here and has
 * the same build-id. */
void captured_use_local(struct objfile *o);
