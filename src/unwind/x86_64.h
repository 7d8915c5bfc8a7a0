#pragma once
/* x86-64, what the hot path inlines. Included by unwind-priv.h. */

#define ARCH_CALL_BYTES 8
#define ARCH_SIGRETURN_BYTES 9
#define ARCH_UCONTEXT_OFF 0
#define ARCH_RA_PUSHED true
#define ARCH_CHAIN_LOSES_SP false

static inline uint64_t arch_strip(uint64_t ra)
{
	return ra;
}

static inline int arch_return_address(const struct walk *w, union rule rule, uint64_t cfa,
				      uint64_t *ret_ra)
{
	if ((int64_t)(cfa - w->sp) < 8)
		return STOP_BAD_SP;
	return walk_read(w, cfa - 8, ret_ra) ? STEP_ON : STOP_TRUNCATED;
}
