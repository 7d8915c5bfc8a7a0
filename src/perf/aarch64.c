/* What sampling has to know about aarch64. */
#include <profd/sampler.h>

#include <string.h>

#include <asm/perf_regs.h>

/* x0 to x29, lr, sp, pc. unwind/aarch64.c knows the order. */
uint64_t perf_regs_mask(void)
{
	return (1ull << (PERF_REG_ARM64_PC + 1)) - 1;
}

/* Of the arguments: syscall(2). x0 is also where the result goes. */
void perf_regs_outside(uint64_t pc, uint64_t sp, const uint64_t args[6], uint64_t *regs)
{
	memset(regs, 0, (size_t)__builtin_popcountll(perf_regs_mask()) * sizeof(*regs));
	memcpy(&regs[PERF_REG_ARM64_X0], args, 6 * sizeof(*args));
	regs[PERF_REG_ARM64_SP] = sp;
	regs[PERF_REG_ARM64_PC] = pc;
}
