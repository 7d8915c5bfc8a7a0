#pragma once
/* Which functions a change touches: lines of `git diff --unified=0`, held against the lines of
 * functions that profiles and binaries tell. Neither runs git nor opens files. One thread at a
 * time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/functions.h>
#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/profile.h>
#include <profd/vec.h>

enum touched_side { TOUCHED_BASE, TOUCHED_HEAD, TOUCHED_SIDES };

/* Lines of a file, from 1, both counted. Where something was taken out between two lines,
 * they are these two, and only what has both of them is touched. */
struct touched_span {
	const char *path; /* from the top of the repository; clean UTF-8 */
	uint32_t first, last;
	bool gap;
};
struct touched_spans {
	struct touched_span *v;
	uint32_t n, cap;
};

struct touched {
	struct touched_spans sides[TOUCHED_SIDES];
	uint32_t files; /* with changed lines */
	struct arena arena;
};

#define TOUCHED_SPANS_MAX (1u << 20) /* on a side */
#define TOUCHED_PATH_MAX_BYTES 4096

/* Reads the text of a diff (git-diff(1), "Generating patch text"), made with --unified=0
 * --src-prefix=a/ --dst-prefix=b/ and without colours. Files without lines (binary, renamed
 * only, another mode) have no spans. Returns 0; -EBADMSG with the line; -EFBIG. After a failure
 * there is nothing to be done with @t. */
int touched_read(struct touched *t, const char *diff, size_t n, struct error *err);
void touched_done(struct touched *t);

/* Functions of one side, zeroed to start. Two of one file and line are one: instances of a template. */
struct touched_function {
	const char *name, *file;
	uint32_t first; /* the line that names it */
	uint32_t last;	/* that has code; 0, not known: up to the next function */
	bool sampled;	/* some profile has it on a stack */
	bool touched;
};
struct touched_code {
	struct touched_function *v;
	uint32_t n, cap;
	uint32_t touched, touched_sampled; /* by touched_find */
	struct map known;
	struct profile *words; /* strings, and their ids */
};

/* What was sampled: profiles know nothing of the rest, so lines of a function that was not
 * would seem to be those of the one before it. */
void touched_add_profile(struct touched_code *c, const struct profile *p);
/* Everything that DWARF has in the program, inlined functions too as far as they are inlined
 * into something that is looked at: all of the code up to TOUCHED_CODE_MAX_BYTES, else the
 * functions of files that the diff touches. Without DWARF, nothing. */
#define TOUCHED_CODE_MAX_BYTES (1u << 20)
void touched_add_binary(struct touched_code *c, struct objfile *o,
			const struct touched *t, enum touched_side side);
/* Says which of them are touched, and counts. Sources may have been built in any folder:
 * "/build/x/src/a.c" is "src/a.c" if most of the files that end alike have that folder. */
void touched_find(const struct touched *t, enum touched_side side,
		  struct touched_code *c);
void touched_code_done(struct touched_code *c);

/* Marks entries: those that head has by its lines, those that are gone by base's. */
void touched_mark(struct functions *f, const struct touched_code *base,
		  const struct touched_code *head);
