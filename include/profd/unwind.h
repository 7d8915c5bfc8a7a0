#pragma once
/* One sample's registers and stack copy to a chain of frames. Ending early is data, not
 * an error: every unwind says why it ended. One thread at a time per unwinder. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/machine.h>
#include <profd/space.h>

struct regs {
	uint64_t r[REG_COUNT]; /* by DWARF number: machine.h */
	uint64_t valid;	       /* bit n: r[n] is known */
};
#define REGS_ALL ((1ull << REG_COUNT) - 1)

/* From what perf_regs_mask() asks the kernel for, in its order. */
void regs_from_perf(const uint64_t *perf, struct regs *ret);
/* The pc alone, which also a 32-bit process has in its place. */
uint64_t regs_perf_pc(const uint64_t *perf);
/* Of a thread in kernel mode: false when it is not in a system call, or, where registers
 * tell the call, not in execve(2). */
bool regs_may_exec(const struct regs *regs);

/* What the unwinder sees. Everything is borrowed for the call; @stack is what memory held
 * at [regs->r[DWREG_SP], + stack_bytes). */
struct unwind_input {
	const struct regs *regs;
	const uint8_t *stack;
	size_t stack_bytes;
	struct space *space; /* as of the sample's time */
	uint32_t pid;
};

enum unwind_stop {
	STOP_END,	/* the thread's root: CFI says so, or the program's entry point */
	STOP_TRUNCATED, /* the stack copy ends before the stack does */
	STOP_NO_CFI, /* no unwind rule for this code, and no frame pointer chain either */
	STOP_BAD_SP, /* a rule led to a stack that does not grow, or to an unknown register */
	STOP_DEPTH, /* more frames than the caller has room for */
	STOP_NO_MAP, /* the pc is in no executable mapping, or its file could not be read */
	STOP_NO_USER, /* no user registers: the thread had no user side at that moment */
	STOP_COUNT,
};
const char *unwind_stop_name(enum unwind_stop stop); /* "end", "truncated", "no_cfi", … */

enum frame_flag {
	FRAME_CALL = 1u << 0, /* reached by a call: names and lines are those of pc - 1 */
	FRAME_SIGNAL = 1u << 1, /* a signal trampoline */
	FRAME_GUESSED =
		1u << 2, /* found by the frame pointer or a leaf guess, not by CFI */
};

struct frame {
	uint64_t pc;
	const struct vma *vma; /* of the space; NULL when nothing is mapped at pc */
	uint32_t flags;
};

/* Which backend unwinds. */
enum unwind_backend {
	UNWIND_CFI,	  /* our own .eh_frame decoder behind a rule cache: the default */
	UNWIND_FP,	  /* frame pointers only */
	UNWIND_LIBUNWIND, /* slow; an oracle for the tests */
	UNWIND_LIBDW,	  /* slow; an oracle for the tests */
	UNWIND_COUNT,
};

const char *unwind_backend_name(enum unwind_backend b); /* "cfi", "fp" … */

struct unwind_stats {
	uint64_t frames;
	uint64_t l1_hits, l2_hits,
		decoded;  /* frame rules: cache, shared memo, own decoder */
	uint64_t general; /* stacks that needed the full register set */
	uint64_t guessed;
};

struct unwinder;

/* NULL and err when the backend is not compiled in (-ENOTSUP). */
struct unwinder *unwinder_new(enum unwind_backend backend, struct error *err);
struct unwinder *unwinder_free(struct unwinder *u); /* NULL is fine; returns NULL */
/* Innermost frame first; always at least the sample's own pc. Returns the count, 1..max;
 * frames and their vma are valid until the space changes. *ret_stop says why it ended. */
unsigned unwind(struct unwinder *u, const struct unwind_input *in, struct frame *frames,
		unsigned max, enum unwind_stop *ret_stop);
const struct unwind_stats *unwinder_stats(const struct unwinder *u);
/* Backends cfi and fp: from here on, how much of the stack copy the last unwind() has
 * read; it finds the same with a copy of that size, unless it ended with
 * STOP_TRUNCATED. */
void unwinder_measure(struct unwinder *u, bool on);
size_t unwinder_extent_bytes(const struct unwinder *u);
/* Tests only: makes the cfi backend misread one kind of rule, to show that the oracles
 * notice. 0 is none, 1..UNWIND_BREAK_MAX one kind each. */
#ifdef MACHINE_AARCH64
#define UNWIND_BREAK_MAX 10
#else
#define UNWIND_BREAK_MAX 8
#endif
void unwinder_break(struct unwinder *u, unsigned kind);
