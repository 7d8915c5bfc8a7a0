#pragma once
/* Samples that a test program takes of its own threads, each with what the program knows
 * of it. */
#include <stddef.h>
#include <stdint.h>

#include <profd/unwind.h>

#define FRAMES_MAX 512

enum scenario {
	MAIN_THREAD,
	DEEP,
	ALLOCA,
	REALIGNED,
	QSORT,
	ASM_FRAMES, /* CFA by expression, by *(rbp - 8) */
	NO_CFI_FRAME,
	NO_CFI_LEAF,
	NO_CFI_LOST,
	JIT,
	HANDLER,
	ALT_STACK,
	STEPPED,
	SCENARIOS,
};

extern const char *const scenario_names[SCENARIOS];

struct sample {
	struct regs regs;
	const uint8_t *stack;
	size_t stack_bytes;
	const uint64_t *known; /* return addresses, outermost first */
	unsigned known_n;
	enum scenario scenario;
};

extern struct sample *samples; /* [samples_n] */
extern unsigned samples_n;

/* Runs all the workloads. Once in a program. */
void take_samples(void);
/* This process's mappings, as of now. The caller releases it. */
struct space *take_space(void);
