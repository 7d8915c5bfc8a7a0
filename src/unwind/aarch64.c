/* What the unwinder has to know about aarch64: the Procedure Call Standard for the Arm
 * 64-bit Architecture (AAPCS64), DWARF for it (AADWARF64), the Architecture Reference
 * Manual (Arm ARM, DDI 0487) for instructions, the kernel's signal frame. */
#include "unwind-priv.h"

/* PERF_REG_ARM64_* (asm/perf_regs.h) are x0 to x29, lr, sp, pc: the DWARF numbers.
 * perf/aarch64.c asks for all. A 32-bit process has its pc in the same place. */
void regs_from_perf(const uint64_t *perf, struct regs *ret)
{
	memcpy(ret->r, perf, sizeof(ret->r));
	ret->valid = REGS_ALL;
}

uint64_t regs_perf_pc(const uint64_t *perf)
{
	return perf[DWREG_PC];
}

/* x8 holds the number (linux/include/uapi/asm-generic/unistd.h): execve, execveat. */
bool regs_may_exec(const struct regs *regs)
{
	return regs->r[8] == 221 || regs->r[8] == 281;
}

/* AAPCS64, 6.1.1: x19 to x28, x29 (the frame pointer) and sp. x30 is the caller's own
 * affair, but holds the return address as long as no rule says where that has gone:
 * compilers rely on it. x15 is what glibc's rawmemchr relies on when it calls strlen, and
 * nobody else asks for: row.c. */
const uint64_t arch_callee_saved = 0xfffull << 19 | 1ull << DWREG_SP | 1ull << 15;

/* struct ucontext (linux/arch/arm64/include/uapi/asm): flags, link and stack_t are 40
 * bytes, the signal mask and its reserve 128, then 8 to align; struct sigcontext follows
 * with the fault address, x0 to x30, sp, pc. */
#define SIGCONTEXT_OFF 176
#define X(n) [n] = SIGCONTEXT_OFF + 8 + 8 * (n)

const uint16_t arch_ucontext_off[REG_COUNT] = {
	X(0),  X(1),  X(2),  X(3),  X(4),  X(5),  X(6),	 X(7),	X(8),  X(9),  X(10),
	X(11), X(12), X(13), X(14), X(15), X(16), X(17), X(18), X(19), X(20), X(21),
	X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30), X(31), X(32),
};

static uint32_t insn_at(const uint8_t *bytes)
{
	struct eh_cursor c = {bytes, bytes + 4, false};

	return (uint32_t)eh_fixed(&c, 4);
}

/* Arm ARM, C6.2: BL; BLR; BLRAA and BLRAB; BLRAAZ and BLRABZ. */
bool arch_is_call(const uint8_t *bytes)
{
	uint32_t insn = insn_at(bytes);

	return (insn & 0xfc000000) == 0x94000000 || (insn & 0xfffffc1f) == 0xd63f0000 ||
	       (insn & 0xfffff800) == 0xd73f0800 || (insn & 0xfffff81f) == 0xd63f081f;
}

/* The vdso's has had no CFI since Linux 5.8, for unwinders to know it by its code:
 * arch/arm64/kernel/vdso/sigreturn.S. musl's has none either. */
bool arch_is_sigreturn(const uint8_t *bytes)
{
	return insn_at(bytes) == 0xd2801168 &&	 /* mov x8, #139 */
	       insn_at(bytes + 4) == 0xd4000001; /* svc #0 */
}

/* Linkage table stubs have no CFI: while one runs, the return address is in x30. */
bool arch_plt_expr(const uint8_t *expr, size_t n, int *ret_off, int *ret_threshold)
{
	return false;
}

/* Mostly x29 and x30 are saved as a pair. Without a frame pointer only x30 is, and bp8 is
 * free. */
bool arch_pack_ra(const struct row *row, union rule *rule)
{
	const struct place *ra = &row->regs[DWREG_RA], *bp = &row->regs[DWREG_FP];

	rule->ra_signed = row->ra_signed;
	if (ra->kind == PLACE_UNSPECIFIED || ra->kind == PLACE_SAME) {
		rule->ra = RA_IN_LR;
		return true;
	}
	if (ra->kind == PLACE_REGISTER && ra->reg < 16 && rule->kind == RULE_SP) {
		rule->kind = (uint8_t)(RULE_RA_REG | ra->reg << RULE_REG_SHIFT);
		return true;
	}
	if (ra->kind != PLACE_OFFSET)
		return false;
	if (rule->bk == BP_AT_CFA) {
		rule->ra = RA_USUAL;
		return ra->off == bp->off + 8;
	}
	if (rule->bk == BP_AT_BP || ra->off % 8 || ra->off / 8 != (int16_t)(ra->off / 8))
		return false;
	rule->ra = RA_AT_CFA;
	rule->bp8 = (int16_t)(ra->off / 8);
	return true;
}

/* The rare trampoline with CFI is one whose rules can be believed. */
bool arch_is_sigreturn_row(const struct row *row)
{
	return false;
}
