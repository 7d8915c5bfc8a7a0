/* What sampling has to know about aarch64. */
#include <profd/sampler.h>

#include <asm/perf_regs.h>

/* x0 to x29, lr, sp, pc. unwind/aarch64.c knows the order. */
uint64_t perf_regs_mask(void)
{
	return (1ull << (PERF_REG_ARM64_PC + 1)) - 1;
}
