/* Packs a row into the 8 bytes of a rule: the frame pointer, the stack pointer and the
 * return address are all that the hot path carries from frame to frame. Nearly all rows
 * of the libraries of a distribution fit; what does not becomes RULE_GENERAL. */
#include "unwind-priv.h"

#define ENTRY_BYTES 64 /* of code at the entry point that belong to it */

enum {
	OP_DEREF = 0x06,
	OP_PLUS_UCONST = 0x23,
	OP_BREG0 = 0x70,
};

static union rule rule_of(enum rule_kind kind)
{
	return (union rule){.kind = (uint8_t)kind};
}

static bool fits16(int64_t n)
{
	return n == (int16_t)n;
}

/* bregN OFF, alone or followed by deref and perhaps plus_uconst OFF2. */
struct breg_expr {
	unsigned reg;
	bool deref;
	int64_t off, off2;
};

static bool parse_breg(const uint8_t *expr, size_t n, struct breg_expr *ret)
{
	struct eh_cursor c = {expr, expr + n, false};
	struct breg_expr b = {0};

	b.reg = (unsigned)eh_u8(&c) - OP_BREG0;
	if (c.bad || b.reg >= REG_COUNT || b.reg > 31) /* DW_OP_regx follows breg31 */
		return false;
	b.off = eh_sleb(&c);
	if (c.p < c.end) {
		if (eh_u8(&c) != OP_DEREF)
			return false;
		b.deref = true;
	}
	if (c.p < c.end) {
		if (eh_u8(&c) != OP_PLUS_UCONST)
			return false;
		b.off2 = (int64_t)eh_uleb(&c);
	}
	if (c.bad || c.p != c.end)
		return false;
	*ret = b;
	return true;
}

/* CFA = *(reg + off) + off2: frames realigned by gcc, and OpenSSL's. */
static bool pack_deref(const struct breg_expr *b, union rule *rule)
{
	if (b->reg != DWREG_SP && b->reg != DWREG_FP)
		return false;
	if (!fits16(b->off) || !fits16(b->off2))
		return false;
	rule->kind = b->reg == DWREG_SP ? RULE_SP_DEREF : RULE_BP_DEREF;
	rule->off = (int32_t)((uint32_t)(uint16_t)b->off | (uint32_t)b->off2 << 16);
	return true;
}

static bool pack_reg_off(unsigned reg, int64_t off, union rule *rule)
{
	if (off != (int32_t)off)
		return false;
	rule->off = (int32_t)off;
	if (reg == DWREG_SP)
		rule->kind = RULE_SP;
	else if (reg == DWREG_FP)
		rule->kind = RULE_BP;
	else if (reg < 16)
		rule->kind = (uint8_t)(RULE_REG | reg << RULE_REG_SHIFT);
	else
		return false;
	return true;
}

static bool pack_cfa(const struct row *row, union rule *rule)
{
	struct breg_expr b;
	int off, threshold;

	if (!row->cfa_expr)
		return pack_reg_off(row->cfa_reg, row->cfa_off, rule);
	if (arch_plt_expr(row->cfa_expr, row->cfa_n, &off, &threshold)) {
		*rule = (union rule){
			.kind = RULE_PLT, .bp8 = (int16_t)threshold, .off = off};
		return true;
	}
	if (!parse_breg(row->cfa_expr, row->cfa_n, &b))
		return false;
	return b.deref ? pack_deref(&b, rule) : pack_reg_off(b.reg, b.off, rule);
}

static bool pack_bp(const struct place *bp, union rule *rule)
{
	struct breg_expr b;
	int64_t off;

	switch (bp->kind) {
	case PLACE_UNSPECIFIED:
	case PLACE_SAME:
		rule->bk = BP_SAME;
		return true;
	case PLACE_UNDEFINED:
		rule->bk = BP_UNDEFINED;
		return true;
	case PLACE_OFFSET:
		rule->bk = BP_AT_CFA;
		off = bp->off;
		break;
	case PLACE_EXPR:
		if (!parse_breg(bp->expr, bp->n, &b) || b.reg != DWREG_FP || b.deref)
			return false;
		rule->bk = BP_AT_BP;
		off = b.off;
		break;
	default:
		return false;
	}
	if (off % 8 || !fits16(off / 8))
		return false;
	rule->bp8 = (int16_t)(off / 8);
	return true;
}

static bool pack(const struct row *row, union rule *rule)
{
	const struct place *sp = &row->regs[DWREG_SP], *bp = &row->regs[DWREG_FP];

	if (!pack_cfa(row, rule))
		return false;
	if (sp->kind != PLACE_UNSPECIFIED && (sp->kind != PLACE_VAL_OFFSET || sp->off))
		return false;
	if (rule->kind == RULE_PLT && bp->kind != PLACE_UNSPECIFIED &&
	    bp->kind != PLACE_SAME)
		return false; /* bp8 is taken */
	return pack_bp(bp, rule) && arch_pack_ra(row, rule);
}

union rule rule_from_row(const struct row *row, bool signal_frame)
{
	union rule rule = {.u = 0};

	if (row->regs[DWREG_RA].kind == PLACE_UNDEFINED)
		return rule_of(RULE_END);
	/* 'S' also marks hand-written frames of other runtimes, whose rows have to be
	 * believed. */
	if (signal_frame)
		return rule_of(arch_is_sigreturn_row(row) ? RULE_SIGRETURN
							  : RULE_GENERAL);
	return pack(row, &rule) ? rule : rule_of(RULE_GENERAL);
}

union rule rule_without_cfi(struct objfile *o, uint64_t vaddr)
{
	uint64_t entry = objfile_entry(o);
	struct fde fde;

	/* ld.so's _start has no CFI on x86-64: nothing called it. */
	if (entry && vaddr - entry < ENTRY_BYTES && !ehframe_find(o, entry, &fde))
		return rule_of(RULE_END);
	return rule_of(RULE_NONE);
}

union rule rule_decode(struct objfile *o, uint64_t vaddr)
{
	struct fde fde;
	struct row row;

	if (!objfile_is_64bit(o)) /* frames of 32-bit code have another layout */
		return rule_of(RULE_NONE);
	if (!ehframe_find(o, vaddr, &fde))
		return rule_without_cfi(o, vaddr);
	if (!row_decode(o, &fde, vaddr, &row))
		return rule_of(RULE_NONE);
	return rule_from_row(&row, fde.cie.signal_frame);
}

union rule rule_broken(union rule rule, unsigned kind)
{
	unsigned k = rule.kind & RULE_KIND_MASK;

	if ((kind == BREAK_SP && k == RULE_SP) || (kind == BREAK_BP && k == RULE_BP) ||
	    (kind == BREAK_PLT && k == RULE_PLT) ||
	    (kind == BREAK_SIGRETURN && k == RULE_SIGRETURN))
		rule.off += 8;
	if (kind == BREAK_SAVED_BP && (rule.bk == BP_AT_CFA || rule.bk == BP_AT_BP))
		rule.bp8--;
	if (kind == BREAK_DEREF && (k == RULE_SP_DEREF || k == RULE_BP_DEREF))
		rule.off = (int32_t)((uint32_t)rule.off + (8u << 16));
	if (kind == BREAK_END && k == RULE_END)
		rule = (union rule){.kind = RULE_SP, .off = 8};
	if (kind == BREAK_RA)
		rule.ra = rule.ra == RA_USUAL ? RA_AT_CFA : RA_USUAL;
	if (kind == BREAK_SIGNED)
		rule.ra_signed = 0;
	return rule;
}
