#pragma once
/* Captured stacks of another machine: tests/golden/aarch64/capture makes them, its
 * capture.py says what each line is. Files of the program come back as ELF images that
 * hold what was captured. */
#include <profd/unwind.h>

#define GOLDEN_FRAMES_MAX 64

struct golden_sample {
	struct regs regs;
	const uint8_t *stack;
	size_t stack_bytes;
	struct golden_frame {
		uint64_t pc;
		bool signal;
	} frames[GOLDEN_FRAMES_MAX]; /* innermost first; the last is the root */
	unsigned n;
};

struct golden {
	const char *name; /* of the file, borrowed */
	struct space *space;
	struct golden_sample sample; /* the current one */
	unsigned samples;	     /* so far */

	uint8_t *stack; /* [low, high) */
	uint64_t low, high;
	struct regs regs;
	char *text, *next; /* the file, and the line to be read */
};

/* Reads up to the first sample. Fails the test on anything unexpected. */
void golden_open(struct golden *g, const char *path);
/* False: there are no more. */
bool golden_next(struct golden *g);
void golden_close(struct golden *g);
