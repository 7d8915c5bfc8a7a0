#pragma once
/* Samples of a program, kept whole for the benches: registers, stack copy and the address
 * space as it was. One capture serves all unwinders. One thread at a time. */
#include <stdint.h>

#include <profd/error.h>
#include <profd/unwind.h>
#include <profd/vec.h>

struct capture_sample {
	struct regs regs;
	uint8_t *stack; /* as much as the kernel copied */
	uint32_t stack_bytes;
	uint32_t pid;
	struct space *space; /* a reference */
};

struct capture {
	VEC(struct capture_sample) samples;
	uint64_t stack_bytes, max_bytes; /* of all stacks */
	uint32_t max_samples;
};

/* Runs @command at @hz samples per second of CPU time and keeps up to @max_samples,
 * spread over the whole run: when twice as many have come, every second one is dropped.
 * No unwind section of any file has been read afterwards. Returns 0, or a negative errno
 * with err. */
int capture_take(struct capture *c, char **command, uint32_t hz, uint32_t max_samples,
		 struct error *err);
void capture_done(struct capture *c);
void capture_input(const struct capture_sample *s, struct unwind_input *ret_in);
