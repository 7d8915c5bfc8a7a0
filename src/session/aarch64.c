/* What stopping a thread has to know about aarch64: struct user_pt_regs (asm/ptrace.h) is
 * in the order of perf/aarch64.c, but for pstate behind it.
 *
 * A system call that failed with EINTR cannot be made again: its first argument was in
 * x0, where the result is now, and the kernel has forgotten which call it was
 * (linux/arch/arm64/kernel/signal.c, do_signal). Only that threads are found running
 * keeps the stop from being seen. */
#include "ptrace-priv.h"

#include <asm/ptrace.h>

#include <profd/mem.h>

const size_t machine_regs_bytes = sizeof(struct user_pt_regs);

#define REGS32_BYTES (18 * 4)
enum { REG32_SP = 13, REG32_PC = 15, PERF_SP = 31, PERF_PC = 32 };

bool machine_sample(const void *user, size_t n, struct halt_sample *ret)
{
	const struct user_pt_regs *u = user;
	const uint32_t *u32 = user;

	memset(ret->regs, 0, sizeof(ret->regs));
	if (n == REGS32_BYTES) {
		ret->regs_abi = 1;
		ret->regs[PERF_PC] = ret->pc = u32[REG32_PC];
		ret->regs[PERF_SP] = ret->sp = u32[REG32_SP];
		return true;
	}
	if (n != sizeof(*u))
		return false;
	ret->regs_abi = 2;
	ret->pc = u->pc;
	ret->sp = u->sp;
	memcpy(ret->regs, u->regs, sizeof(u->regs));
	ret->regs[PERF_SP] = u->sp;
	ret->regs[PERF_PC] = u->pc;
	return true;
}

bool machine_restart(void *user, size_t n)
{
	return false;
}

/* The same goes for one that was cut short. */
bool machine_call(const void *user, size_t n, struct machine_call *ret)
{
	return false;
}

bool machine_is_call(const uint8_t *code)
{
	return false;
}

void machine_call_again(void *user, const struct machine_call *c)
{
}

void machine_call_result(void *user, int64_t result)
{
}
