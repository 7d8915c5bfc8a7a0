/* What sampling has to know about x86-64. Another machine is another file of this
 * kind. */
#include <profd/sampler.h>

#include <string.h>

#include <asm/perf_regs.h>

/* rax..rip and r8..r15: all that DWARF's 17 columns need. unwind/x86_64.c knows the
 * order. */
uint64_t perf_regs_mask(void)
{
	return 1ull << PERF_REG_X86_AX | 1ull << PERF_REG_X86_BX |
	       1ull << PERF_REG_X86_CX | 1ull << PERF_REG_X86_DX |
	       1ull << PERF_REG_X86_SI | 1ull << PERF_REG_X86_DI |
	       1ull << PERF_REG_X86_BP | 1ull << PERF_REG_X86_SP |
	       1ull << PERF_REG_X86_IP | 0xffull << PERF_REG_X86_R8;
}

/* Of the arguments: syscall(2). glibc's vfork keeps its return address in the first. */
void perf_regs_outside(uint64_t pc, uint64_t sp, const uint64_t args[6], uint64_t *regs)
{
	memset(regs, 0, (size_t)__builtin_popcountll(perf_regs_mask()) * sizeof(*regs));
	regs[PERF_REG_X86_SP] = sp;
	regs[PERF_REG_X86_IP] = pc;
	regs[PERF_REG_X86_DI] = args[0];
	regs[PERF_REG_X86_SI] = args[1];
	regs[PERF_REG_X86_DX] = args[2];
	regs[11] = args[3]; /* r10 */
	regs[9] = args[4];
	regs[10] = args[5];
}
