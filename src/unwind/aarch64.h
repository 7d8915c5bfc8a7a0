#pragma once
/* aarch64, what the hot path inlines. Included by unwind-priv.h. */

#define ARCH_CALL_BYTES 4
#define ARCH_SIGRETURN_BYTES 8
/* struct rt_sigframe: siginfo_t, 128 bytes, then the ucontext
 * (linux/arch/arm64/kernel/signal.c). */
#define ARCH_UCONTEXT_OFF 128
#define ARCH_RA_PUSHED false
#define ARCH_CHAIN_LOSES_SP true

/* A signature takes the bits above the address: from 48 on, or from 52 on in programs
 * that ask for more than 2^48 bytes, whose code nevertheless lies below
 * (Documentation/arch/arm64/pointer-authentication.rst). Bit 55 is no part of it: 0 in
 * all user addresses. */
static inline uint64_t arch_strip(uint64_t ra)
{
	return ra & 0x0000ffffffffffffull;
}

/* The caller's frame is not below ours. A frame that calls holds its return address, so
 * it has a size; one that still has it in x30 may have none. */
static inline int arch_return_address(const struct walk *w, union rule rule, uint64_t cfa,
				      uint64_t *ret_ra)
{
	uint64_t addr, ra;

	if ((int64_t)(cfa - w->sp) < (rule.ra == RA_IN_LR ? 0 : 8))
		return STOP_BAD_SP;
	addr = cfa + (uint64_t)(int64_t)rule.bp8 * 8;
	if (rule.ra == RA_USUAL)
		addr += 8;
	/* In a top frame, what lies below sp has been restored already; cfi.c,
	 * restore_bp. */
	if (rule.ra == RA_IN_LR || (addr < w->sp && w->top)) {
		if (!w->top || !walk_top_reg(w, DWREG_RA, &ra))
			return STOP_BAD_SP;
	} else if (addr < w->sp) {
		return STOP_BAD_SP;
	} else if (!walk_read(w, addr, &ra)) {
		return STOP_TRUNCATED;
	}
	*ret_ra = rule.ra_signed ? arch_strip(ra) : ra;
	return STEP_ON;
}
