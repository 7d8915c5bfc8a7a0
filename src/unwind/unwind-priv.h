#pragma once
/* Shared inside src/unwind/.
 *
 * The cfi backend in one picture:
 *
 *   pc ──► rule (8 bytes) ──► CFA, return address, rbp of the caller          cfi.c, the hot path
 *           │ L1: (pc, space)       on a miss
 *           │ L2: (file, vaddr)     on a miss
 *           └ FDE ──► row ──► rule                                            row.c, rule.c
 *   a rule that does not fit: the whole stack again with all registers        general.c, expr.c
 *   no CFI at all: a guess                                                    walk.c
 *
 * What depends on the machine is in the arch_ names, a .c and a .h per machine; the .h is
 * included at the end. bp is the frame pointer, whatever the machine calls it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <profd/ehframe.h>
#include <profd/map.h>
#include <profd/unwind.h>

/* --- backends --------------------------------------------------------------------- */

struct unwind_ops {
	const char *name;
	int (*init)(struct unwinder *u, struct error *err); /* sets u->state */
	void (*done)(struct unwinder *u);
	unsigned (*unwind)(struct unwinder *u, const struct unwind_input *in,
			   struct frame *frames, unsigned max,
			   enum unwind_stop *ret_stop);
	void (*flush)(struct unwinder *u); /* forgets what was decoded; may be NULL */
};

struct unwinder {
	const struct unwind_ops *ops;
	void *state; /* the backend's own */
	struct unwind_stats stats;
	struct map looks; /* (file, vaddr) -> what the code there looks like: walk.c */
	struct general_row *rows; /* general.c's cache */
	unsigned broken;	  /* unwinder_break */
	bool force_general; /* tests: every stack takes the path with all registers */
	bool measuring;	    /* unwinder_measure */
	size_t extent_bytes;
};

extern const struct unwind_ops unwind_cfi_ops, unwind_fp_ops, unwind_libdw_ops;
/* By enum unwind_backend; NULL: not compiled in. */
extern const struct unwind_ops *const unwind_libunwind;

/* What unwinder_break breaks. */
enum {
	BREAK_SP = 1,
	BREAK_BP,
	BREAK_SAVED_BP,
	BREAK_DEREF,
	BREAK_PLT,
	BREAK_SIGRETURN,
	BREAK_END,
	BREAK_EXPR,
	BREAK_RA,     /* where the return address is; aarch64 */
	BREAK_SIGNED, /* whether it is signed; aarch64 */
};

/* Tests only. */
void unwinder_force_general(struct unwinder *u, bool on);

/* --- one stack being walked ------------------------------------------------------- */

struct walk {
	struct unwinder *u;
	const struct unwind_input *in;
	uint64_t
		readable_bytes; /* offsets in the stack copy at which 8 bytes can be read */
	uint64_t pc, sp, bp;
	bool bp_known;
	bool sp_lost; /* sp is but a lower bound: ARCH_CHAIN_LOSES_SP */
	bool top; /* pc is where the thread or a signal interrupted it, not behind a call */
	uint64_t uc;	       /* top after a signal: where its ucontext lies; else 0 */
	const struct vma *vma; /* of the frame */
	struct frame *frames;
	unsigned n, max;
	unsigned l1_hits;
	unsigned chained_n; /* n after the last step that followed rbp without CFI */
};

/* What a step from one frame to the next returns: why it was the last, an enum
 * unwind_stop, or: */
enum {
	STEP_ON = STOP_COUNT,
	STEP_GENERAL, /* this takes all registers */
};

/* Puts the sample's own pc into frames[0]. STEP_ON, or a stop. */
int walk_start(struct walk *w, struct unwinder *u, const struct unwind_input *in,
	       struct frame *frames, unsigned max);
/* A step where there is no CFI: a signal trampoline by its code, a leaf function, rbp. */
int walk_guess(struct walk *w);
/* Register @reg of a top frame. */
bool walk_top_reg(const struct walk *w, unsigned reg, uint64_t *ret_value);
/* Makes the frame that a signal interrupted the current one; its ucontext is at @uc. */
int walk_signal(struct walk *w, uint64_t uc);

/* Of the stack copy, @end bytes were needed. */
void walk_note(const struct walk *w, uint64_t end);
/* What is not readable is false, but when the unwinder measures, where nothing is
 * readable at first sight: so that measuring costs nothing where it is off. */
bool walk_read_far(const struct walk *w, uint64_t off, uint64_t *ret_value);

/* 8 bytes of the stack copy. */
static inline bool walk_read(const struct walk *w, uint64_t addr, uint64_t *ret_value)
{
	uint64_t off = addr - w->in->regs->r[DWREG_SP];

	if (__builtin_expect(off >= w->readable_bytes, 0))
		return walk_read_far(w, off, ret_value);
	memcpy(ret_value, w->in->stack + off, sizeof(*ret_value));
	return true;
}

static inline uint64_t walk_readable_bytes(const struct unwind_input *in)
{
	return in->stack_bytes >= 8 ? in->stack_bytes - 7 : 0;
}

/* The address whose rule and names count: a call may be the last instruction of its
 * function, so that the return address belongs to the next one. */
static inline uint64_t walk_lookup(const struct walk *w)
{
	return w->pc - !w->top;
}

/* Adds a frame at @pc. It must be in an executable mapping. */
static inline int walk_push(struct walk *w, uint64_t pc, uint32_t flags)
{
	uint64_t lookup = pc - !!(flags & FRAME_CALL);

	if (!w->vma || lookup - w->vma->start >= w->vma->end - w->vma->start) {
		w->vma = space_find(w->in->space, lookup);
		if (!w->vma)
			return STOP_NO_MAP;
	}
	if (w->n == w->max)
		return STOP_DEPTH;
	w->pc = pc;
	w->frames[w->n].pc = pc;
	w->frames[w->n].vma = w->vma;
	w->frames[w->n].flags = flags;
	w->n++;
	return STEP_ON;
}

/* --- what is remembered of a file, whatever process maps it ------------------------- */

#define MEMO_ID_SHIFT 40
#define MEMO_MAX (1u << 20) /* entries, 16 bytes each; then it starts anew */

/* False: this address does not fit a key, and is not remembered. No file comes near
 * that. */
static inline bool memo_key(const struct objfile *o, uint64_t vaddr, uint64_t *ret_key)
{
	uint64_t id = objfile_id(o);

	*ret_key = id << MEMO_ID_SHIFT | vaddr;
	return id < 1u << 24 && vaddr < 1ull << MEMO_ID_SHIFT;
}

/* --- rows: the unwind table of DWARF 5, section 6.4.1, one line of it -------------- */

enum place_kind {
	PLACE_UNSPECIFIED, /* what the ABI says */
	PLACE_SAME,
	PLACE_UNDEFINED,
	PLACE_OFFSET,	  /* saved at CFA + off */
	PLACE_VAL_OFFSET, /* is CFA + off */
	PLACE_REGISTER,	  /* in another register */
	PLACE_EXPR,	  /* saved at the expression's value */
	PLACE_VAL_EXPR,	  /* is the expression's value */
};

struct place {
	uint32_t kind;
	uint32_t n; /* bytes of expr */
	union {
		int64_t off;
		uint64_t reg;
		const uint8_t *expr; /* borrowed from the objfile */
	};
};

struct row {
	uint64_t start, end; /* vaddr, [start, end) */
	uint32_t cfa_reg;    /* when cfa_expr is NULL: CFA = cfa_reg + cfa_off */
	uint32_t cfa_n;	     /* bytes of cfa_expr */
	int64_t cfa_off;
	const uint8_t *cfa_expr;
	bool ra_signed; /* aarch64: DW_CFA_AARCH64_negate_ra_state, seen an odd number of times */
	struct place regs[REG_COUNT];
};

/* The row for @vaddr (past the FDE's end: the last one). False: damaged, and *ret_row is
 * anything. */
bool row_find(const struct fde *fde, uint64_t vaddr, struct row *ret_row);
/* The same, with the return address in the place of DWREG_RA whatever its column, and
 * undefined in the function at the entry point of @o, which has no caller. False also:
 * another machine's. */
bool row_decode(const struct objfile *o, const struct fde *fde, uint64_t vaddr,
		struct row *ret_row);

/* --- rules: a row in 8 bytes -------------------------------------------------------- */

enum rule_kind {
	RULE_SP = 1,	/* CFA = sp + off */
	RULE_BP,	/* CFA = bp + off */
	RULE_SP_DEREF,	/* CFA = *(sp + low half of off) + high half of off */
	RULE_BP_DEREF,	/* the same with bp */
	RULE_PLT,	/* x86-64: CFA = rsp + off, 8 more from (pc & 15) >= bp8 on */
	RULE_SIGRETURN, /* registers are in the ucontext at sp + off */
	RULE_REG,	/* CFA = register + off; top frame only */
	RULE_RA_REG,	/* CFA = sp + off, return address in a register; top only */
	RULE_END,	/* the return address is undefined: the thread's root */
	RULE_GENERAL,	/* does not fit */
	RULE_NONE,	/* no CFI */
	RULE_KIND_MASK = 0x0f,
	RULE_REG_SHIFT =
		4, /* RULE_REG, RULE_RA_REG: the register, in the high half of kind */
};

enum rule_bp {
	BP_SAME,
	BP_AT_CFA, /* saved at CFA + 8 * bp8 */
	BP_AT_BP,  /* saved at bp + 8 * bp8 */
	BP_UNDEFINED,
};

/* Where the return address is, if not in the register of RULE_RA_REG. */
enum rule_ra {
	RA_USUAL,  /* x86-64: at CFA - 8; aarch64: right behind the saved x29 */
	RA_AT_CFA, /* aarch64, BP_SAME or BP_UNDEFINED: at CFA + 8 * bp8 */
	RA_IN_LR,  /* aarch64: in x30, so this is a top frame */
};

union rule {
	struct {
		uint8_t kind;
		uint8_t bk : 2, ra : 2, ra_signed : 1; /* the latter two: 0 on x86-64 */
		int16_t bp8;
		int32_t off;
	};
	uint64_t u; /* 0: not decoded yet */
};
_Static_assert(sizeof(union rule) == 8, "a rule is what the caches hold");

union rule rule_from_row(const struct row *row, bool signal_frame);
union rule rule_decode(struct objfile *o, uint64_t vaddr);
/* The rule where there is no CFI: RULE_NONE, or RULE_END at the entry point. */
union rule rule_without_cfi(struct objfile *o, uint64_t vaddr);
/* Applies unwinder_break(@kind). */
union rule rule_broken(union rule rule, unsigned kind);

/* --- everything else --------------------------------------------------------------- */

/* Unwinds with all registers, from frame 0 on. Returns a stop. */
enum unwind_stop general_unwind(struct walk *w);

struct expr_env {
	const struct walk *walk; /* whose stack copy is read */
	const uint64_t *regs;	 /* [REG_COUNT] */
	uint64_t valid;		 /* bit n: regs[n] is known */
	uint64_t bias;		 /* of DW_OP_addr */
};

enum expr_result {
	EXPR_OK,
	EXPR_OUTSIDE, /* reads memory that the stack copy does not hold */
	EXPR_BAD,     /* damaged, unknown register, or not for frame information */
};

/* DWARF 5, section 2.5. @initial: pushed first, or NULL. */
enum expr_result expr_eval(const struct expr_env *env, const uint8_t *expr, size_t n,
			   const uint64_t *initial, uint64_t *ret_value);

/* --- the machine ------------------------------------------------------------------- */

/* Each machine's header says: ARCH_CALL_BYTES that arch_is_call wants to see
 * ARCH_SIGRETURN_BYTES that arch_is_sigreturn wants to see ARCH_UCONTEXT_OFF from sp at
 * the trampoline to the ucontext_t ARCH_RA_PUSHED a call pushes the return address: it is
 * at CFA - 8 unless a rule says
 * 			otherwise; else a call leaves it in the register DWREG_RA
 * ARCH_CHAIN_LOSES_SP what a saved frame pointer points to is not next to the caller's sp
 * arch_strip() a return address without its signature arch_return_address()
 * step_return's, in cfi.c */
#if defined(MACHINE_AARCH64)
#include "aarch64.h"
#else
#include "x86_64.h"
#endif

/* Registers that a function must give back as it found them. */
extern const uint64_t arch_callee_saved;
/* Offset of each register in the ucontext_t that the kernel pushes for a signal
 * handler. */
extern const uint16_t arch_ucontext_off[REG_COUNT];
/* True when the last of @bytes[ARCH_CALL_BYTES] end a call instruction. */
bool arch_is_call(const uint8_t *bytes);
/* True when @bytes[ARCH_SIGRETURN_BYTES] are a call of rt_sigreturn. */
bool arch_is_sigreturn(const uint8_t *bytes);
/* Recognises the CFA expression that linkers write for .plt: CFA = rsp + off, and 8 more
 * once (pc & 15) >= threshold. */
bool arch_plt_expr(const uint8_t *expr, size_t n, int *ret_off, int *ret_threshold);
/* Where @row has the return address, into @rule, of which all else is there. False: it
 * does not fit. */
bool arch_pack_ra(const struct row *row, union rule *rule);
/* The CFA of the trampoline is what the interrupted rsp was, read from its ucontext. */
bool arch_is_sigreturn_row(const struct row *row);
