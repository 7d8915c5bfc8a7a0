/* Unwinds with all registers, straight from the rows: for the few stacks with a frame
 * that no rule describes (a CFA kept in rbx, an expression), and as the check of the hot
 * path in the tests. It knows no rules and shares no cache with the hot path. */
#include <profd/mem.h>

#include "unwind-priv.h"

#define ROW_SLOTS 256 /* 88 KiB, there once the first stack needs it */

/* A row as decoded: of a program that resolves symbols lazily, the same few come again
 * and again. Files are told apart by ids that are never used twice, so nothing has to be
 * forgotten. */
struct general_row {
	uint64_t key;
	bool found; /* else there is no CFI */
	bool signal_frame;
	struct row row;
};

struct general {
	struct walk *w;
	uint64_t r[REG_COUNT];
	uint64_t valid;
	uint64_t cfa;
};

static bool is_known(const struct general *g, uint64_t reg)
{
	return reg < REG_COUNT && g->valid >> reg & 1;
}

static int eval(const struct general *g, const uint8_t *expr, size_t n,
		const uint64_t *initial, uint64_t *ret_value)
{
	struct expr_env env = {g->w, g->r, g->valid, g->w->vma->bias};

	switch (expr_eval(&env, expr, n, initial, ret_value)) {
	case EXPR_OK:
		return STEP_ON;
	case EXPR_OUTSIDE:
		return STOP_TRUNCATED;
	default:
		return STOP_BAD_SP;
	}
}

static int find_cfa(struct general *g, const struct row *row)
{
	if (row->cfa_expr)
		return eval(g, row->cfa_expr, row->cfa_n, NULL, &g->cfa);
	/* Behind a frame without CFI: step_record in cfi.c. */
	if (ARCH_CHAIN_LOSES_SP && g->w->sp_lost && row->cfa_reg == DWREG_SP &&
	    is_known(g, DWREG_FP) && row->regs[DWREG_FP].kind == PLACE_OFFSET) {
		g->cfa = g->r[DWREG_FP] - (uint64_t)row->regs[DWREG_FP].off;
		return STEP_ON;
	}
	if (!is_known(g, row->cfa_reg))
		return STOP_BAD_SP;
	g->cfa = g->r[row->cfa_reg] + (uint64_t)row->cfa_off;
	return STEP_ON;
}

/* What a register without a rule holds in the caller. */
static int unspecified(const struct general *g, unsigned reg, uint64_t *ret_value)
{
	if (reg == DWREG_SP)
		*ret_value = g->cfa;
	else if (reg == DWREG_RA && ARCH_RA_PUSHED)
		return walk_read(g->w, g->cfa - 8, ret_value) ? STEP_ON : STOP_TRUNCATED;
	else if (reg == DWREG_RA && !g->w->top) /* the register was needed for a call */
		return STOP_BAD_SP;
	else if (is_known(g, reg) && arch_callee_saved >> reg & 1)
		*ret_value = g->r[reg];
	else
		return STOP_BAD_SP;
	return STEP_ON;
}

static int read_saved(const struct general *g, unsigned reg, uint64_t addr,
		      uint64_t *ret_value)
{
	/* Popped already, see restore_bp in cfi.c. */
	if (g->w->top && addr < g->w->sp && is_known(g, reg)) {
		*ret_value = g->r[reg];
		return STEP_ON;
	}
	return walk_read(g->w, addr, ret_value) ? STEP_ON : STOP_TRUNCATED;
}

static int find_reg(const struct general *g, const struct place *place, unsigned reg,
		    uint64_t *ret_value)
{
	uint64_t addr;
	int step;

	switch (place->kind) {
	case PLACE_UNSPECIFIED:
		return unspecified(g, reg, ret_value);
	case PLACE_OFFSET:
		return read_saved(g, reg, g->cfa + (uint64_t)place->off, ret_value);
	case PLACE_VAL_OFFSET:
		*ret_value = g->cfa + (uint64_t)place->off;
		return STEP_ON;
	case PLACE_EXPR:
		step = eval(g, place->expr, place->n, &g->cfa, &addr);
		return step == STEP_ON ? read_saved(g, reg, addr, ret_value) : step;
	case PLACE_VAL_EXPR:
		return eval(g, place->expr, place->n, &g->cfa, ret_value);
	case PLACE_SAME:
		if (reg == DWREG_RA && !ARCH_RA_PUSHED)
			return unspecified(g, reg, ret_value);
		__attribute__((fallthrough));
	case PLACE_REGISTER: {
		uint64_t from = place->kind == PLACE_SAME ? reg : place->reg;

		if (!is_known(g, from))
			return STOP_BAD_SP;
		*ret_value = g->r[from];
		return STEP_ON;
	}
	default: /* PLACE_UNDEFINED */
		return STOP_BAD_SP;
	}
}

/* The caller's registers. Those that cannot be found are unknown from here on; only the
 * stack pointer and the return address are indispensable. */
static int apply_row(struct general *g, const struct row *row)
{
	struct general next = {.w = g->w};
	uint64_t ra;

	for (unsigned reg = 0; reg < REG_COUNT; reg++) {
		int step = find_reg(g, &row->regs[reg], reg, &next.r[reg]);

		if (step == STEP_ON)
			next.valid |= 1ull << reg;
		else if (reg == DWREG_SP || reg == DWREG_RA)
			return step;
	}
	ra = next.r[DWREG_RA];
	next.r[DWREG_PC] = row->ra_signed ? arch_strip(ra) : ra;
	next.valid |= 1ull << DWREG_PC;
	/* Of use once, or frames without a size could follow each other for ever:
	 * go_on. */
	if (row->regs[DWREG_RA].kind == PLACE_REGISTER &&
	    row->regs[DWREG_RA].reg < REG_COUNT)
		next.valid &= ~(1ull << row->regs[DWREG_RA].reg);
	*g = next;
	return STEP_ON;
}

/* Back from the registers to the walk, and on to the next frame. */
static int go_on(struct general *g, const struct row *row, bool signal_frame)
{
	bool may_stay = g->w->top || row->regs[DWREG_RA].kind == PLACE_REGISTER;
	struct walk *w = g->w;
	struct frame *frame = &w->frames[w->n - 1];

	if (!signal_frame &&
	    (g->r[DWREG_SP] < w->sp || (g->r[DWREG_SP] == w->sp && !may_stay)))
		return STOP_BAD_SP;
	if (!signal_frame && !g->r[DWREG_PC])
		return STOP_END;
	if (signal_frame)
		frame->flags = (frame->flags & ~(uint32_t)FRAME_CALL) | FRAME_SIGNAL;
	w->sp = g->r[DWREG_SP];
	w->bp = g->r[DWREG_FP];
	w->bp_known = is_known(g, DWREG_FP);
	w->sp_lost = false;
	w->top = signal_frame;
	return walk_push(w, g->r[DWREG_PC], signal_frame ? 0 : FRAME_CALL);
}

/* After a guess only what the walk knows is known. */
static void take_walk(struct general *g)
{
	const struct walk *w = g->w;

	g->valid = 0;
	if (w->top) {
		for (unsigned reg = 0; reg < REG_COUNT; reg++)
			g->valid |= (uint64_t)walk_top_reg(w, reg, &g->r[reg]) << reg;
		return;
	}
	g->r[DWREG_PC] = w->pc;
	g->r[DWREG_SP] = w->sp;
	g->r[DWREG_FP] = w->bp;
	g->valid = 1ull << DWREG_PC | (uint64_t)!w->sp_lost << DWREG_SP |
		   (uint64_t)w->bp_known << DWREG_FP;
}

/* A leaf that has saved nothing has changed nothing that it must give back. */
static int step_guess(struct general *g)
{
	struct walk *w = g->w;
	uint64_t kept = w->top ? g->valid & arch_callee_saved : 0;
	int step = walk_guess(w);

	if (step != STEP_ON)
		return step;
	take_walk(g);
	if (!w->top && w->chained_n != w->n)
		g->valid |= kept;
	return STEP_ON;
}

static void decode_row(struct objfile *o, uint64_t vaddr, struct general_row *ret)
{
	struct fde fde;

	ret->found = ehframe_find(o, vaddr, &fde) &&
		     row_decode(o, &fde, vaddr, &ret->row);
	ret->signal_frame = ret->found && fde.cie.signal_frame;
}

/* The row for @vaddr, in @scratch when it has no place in the cache. */
static const struct general_row *row_at(struct unwinder *u, struct objfile *o,
					uint64_t vaddr, struct general_row *scratch)
{
	struct general_row *slot;
	uint64_t key;

	if (!memo_key(o, vaddr, &key)) {
		decode_row(o, vaddr, scratch);
		return scratch;
	}
	if (!u->rows)
		u->rows = xcalloc(ROW_SLOTS, sizeof(*u->rows));
	slot = &u->rows[hash_u64(key) % ROW_SLOTS];
	if (slot->key != key) {
		decode_row(o, vaddr, slot);
		slot->key = key;
	}
	return slot;
}

static int step_general(struct general *g)
{
	struct walk *w = g->w;
	uint64_t vaddr = vma_vaddr(w->vma, walk_lookup(w));
	struct objfile *o = w->vma->obj;
	const struct general_row *at;
	struct general_row scratch;
	int step;

	if (!o || !objfile_is_64bit(o))
		return step_guess(g);
	at = row_at(w->u, o, vaddr, &scratch);
	if (!at->found) {
		if (rule_without_cfi(o, vaddr).kind == RULE_END)
			return STOP_END;
		return step_guess(g);
	}
	if (at->row.regs[DWREG_RA].kind == PLACE_UNDEFINED)
		return STOP_END;
	step = find_cfa(g, &at->row);
	if (step == STEP_ON)
		step = apply_row(g, &at->row);
	return step == STEP_ON ? go_on(g, &at->row, at->signal_frame) : step;
}

enum unwind_stop general_unwind(struct walk *w)
{
	struct general g = {.w = w};
	int step;

	take_walk(&g);
	do
		step = step_general(&g);
	while (step == STEP_ON);
	return (enum unwind_stop)step;
}
