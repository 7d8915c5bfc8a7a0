/* What the unwinder has to know about x86-64: System V ABI, AMD64 supplement; the code
 * sequences of compilers and linkers; the kernel's signal frame. Another machine is
 * another file of this kind. */
#include "unwind-priv.h"

#include <errno.h>

#define BIT(reg) (1u << (reg))

/* PERF_REG_X86_* in ascending order, as perf/x86_64.c asks for them: ax bx cx dx si di bp
 * sp ip r8..r15. */
#define PERF_IP 8

void regs_from_perf(const uint64_t *perf, struct regs *ret)
{
	static const uint8_t dwarf[] = {0, 3, 2,  1,  4,  5,  6,  7, 16,
					8, 9, 10, 11, 12, 13, 14, 15};

	for (unsigned i = 0; i < REG_COUNT; i++)
		ret->r[dwarf[i]] = perf[i];
	ret->valid = REGS_ALL;
}

uint64_t regs_perf_pc(const uint64_t *perf)
{
	return perf[PERF_IP];
}

/* The number is not among the registers that perf copies. The kernel starts a call with
 * -ENOSYS as its result (linux/arch/x86/entry/entry_64.S), and the instruction left the
 * return address in rcx (Intel SDM, volume 2, SYSCALL). */
bool regs_may_exec(const struct regs *regs)
{
	return regs->r[0] == (uint64_t)-ENOSYS && regs->r[2] == regs->r[DWREG_PC];
}

/* Figure 3.4 of the ABI: rbx, rbp, rsp, r12 to r15. */
const uint64_t arch_callee_saved = BIT(3) | BIT(DWREG_FP) | BIT(DWREG_SP) | BIT(12) |
				   BIT(13) | BIT(14) | BIT(15);

/* struct ucontext begins with flags, link and stack_t: 40 bytes; struct sigcontext_64
 * follows with r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip
 * (linux/arch/x86/include/uapi/asm). */
const uint16_t arch_ucontext_off[REG_COUNT] = {
	[0] = 144, [1] = 136, [2] = 152, [3] = 128, [4] = 112,	[5] = 104,
	[6] = 120, [7] = 160, [8] = 40,	 [9] = 48,  [10] = 56,	[11] = 64,
	[12] = 72, [13] = 80, [14] = 88, [15] = 96, [16] = 168,
};

/* Intel SDM, volume 2, CALL: E8 rel32, or FF /2 with a ModRM byte, perhaps a SIB byte,
 * and 0, 1 or 4 bytes of displacement. Prefixes come before and do not matter. */
bool arch_is_call(const uint8_t *bytes)
{
	const uint8_t *end = bytes + ARCH_CALL_BYTES;

	if (end[-5] == 0xe8)
		return true;
	for (int n = 2; n <= 7; n++) {
		uint8_t modrm, mod, rm;
		int length = 2;

		if (end[-n] != 0xff)
			continue;
		modrm = end[-n + 1];
		if ((modrm >> 3 & 7) != 2)
			continue;
		mod = modrm >> 6;
		rm = modrm & 7;
		if (mod != 3 &&
		    rm == 4) { /* SIB; with base 5 and mod 0 a disp32 follows */
			length++;
			if (n > 2 && mod == 0 && (end[-n + 2] & 7) == 5)
				length += 4;
		}
		if (mod == 1)
			length += 1;
		else if (mod == 2 || (mod == 0 && rm == 5))
			length += 4;
		if (length == n)
			return true;
	}
	return false;
}

bool arch_is_sigreturn(const uint8_t *bytes)
{
	static const uint8_t code[ARCH_SIGRETURN_BYTES] = {
		0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, /* mov $15, %rax */
		0x0f, 0x05,			 /* syscall */
	};

	return !memcmp(bytes, code, sizeof(code));
}

enum {
	OP_AND = 0x1a,
	OP_PLUS = 0x22,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

/* breg7 OFF; breg16 0; lit15; and; litN; ge; lit3; shl; plus. N is 11 in .plt and in
 * lld's, 10 in the .plt.sec of -z ibtplt. */
bool arch_plt_expr(const uint8_t *expr, size_t n, int *ret_off, int *ret_threshold)
{
	static const uint8_t middle[] = {OP_BREG0 + DWREG_PC, 0, OP_LIT0 + 15, OP_AND};
	static const uint8_t tail[] = {OP_GE, OP_LIT0 + 3, OP_SHL, OP_PLUS};

	if (n != 11 || expr[0] != OP_BREG0 + DWREG_SP || expr[1] >= 0x40)
		return false;
	if (memcmp(expr + 2, middle, sizeof(middle)) ||
	    memcmp(expr + 7, tail, sizeof(tail)))
		return false;
	if (expr[6] < OP_LIT0 || expr[6] > OP_LIT0 + 16)
		return false;
	*ret_off = expr[1];
	*ret_threshold = expr[6] - OP_LIT0;
	return true;
}

/* At CFA - 8, or in a register: vfork keeps it out of the stack its child will share. */
bool arch_pack_ra(const struct row *row, union rule *rule)
{
	const struct place *ra = &row->regs[DWREG_RA];

	if (ra->kind == PLACE_UNSPECIFIED)
		return true;
	if (ra->kind == PLACE_OFFSET)
		return ra->off == -8;
	if (ra->kind != PLACE_REGISTER || ra->reg >= 16 || rule->kind != RULE_SP)
		return false;
	rule->kind = (uint8_t)(RULE_RA_REG | ra->reg << RULE_REG_SHIFT);
	return true;
}

/* breg7 160; deref, as glibc describes __restore_rt. */
bool arch_is_sigreturn_row(const struct row *row)
{
	static const uint8_t expr[] = {OP_BREG0 + DWREG_SP, 0xa0, 0x01, 0x06};

	return row->cfa_expr && row->cfa_n == sizeof(expr) &&
	       !memcmp(row->cfa_expr, expr, sizeof(expr));
}
