/* Runs call frame instructions up to one address: DWARF 5, section 6.4.2, and the GNU
 * additions that gcc and binutils emit. The result is one row of the unwind table. What
 * the row means for a stack is left to rule.c and general.c. */
#include "unwind-priv.h"

enum {
	CFA_ADVANCE_LOC = 0x40, /* these three carry an operand in their low 6 bits */
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_MIPS_ADVANCE_LOC8 = 0x1d,
	CFA_NEGATE_RA_STATE_WITH_PC = 0x2c, /* aarch64 */
	CFA_NEGATE_RA_STATE = 0x2d,	    /* aarch64 */
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

#define REMEMBER_MAX 16	     /* compilers nest one deep, hand-written code two or three */
#define INSNS_MAX (1u << 20) /* per FDE: the largest functions seen have some 10,000 */

struct machine {
	const struct cie *cie;
	struct eh_cursor c;
	uint64_t loc;
	uint64_t target;
	bool passed; /* the next row begins behind target: loc is where */
	struct row *row;
	const struct row *initial; /* what DW_CFA_restore goes back to; NULL in the CIE */
	struct row remembered[REMEMBER_MAX];
	unsigned depth;
};

/* Factored offsets come from the file: the product may not overflow as a signed one
 * would. */
static int64_t factored(const struct machine *m, uint64_t n)
{
	return (int64_t)(n * (uint64_t)m->cie->data_align);
}

static void advance(struct machine *m, uint64_t to)
{
	/* Tables grow downwards; a location that goes back is damage. */
	if (to < m->loc) {
		eh_fail(&m->c);
		return;
	}
	m->loc = to;
	if (to > m->target)
		m->passed = true;
	else
		m->row->start = to;
}

static void advance_by(struct machine *m, uint64_t delta)
{
	advance(m, m->loc + delta * m->cie->code_align);
}

/* Registers beyond the known ones (vector registers of other ABIs) are accepted and
 * dropped. */
static void set_place(struct machine *m, uint64_t reg, struct place place)
{
	if (reg < REG_COUNT)
		m->row->regs[reg] = place;
}

static void set_offset(struct machine *m, uint64_t reg, enum place_kind kind, int64_t off)
{
	set_place(m, reg, (struct place){.kind = kind, .off = off});
}

static void restore(struct machine *m, uint64_t reg)
{
	if (reg < REG_COUNT && m->initial)
		m->row->regs[reg] = m->initial->regs[reg];
}

static struct place block(struct machine *m, enum place_kind kind)
{
	struct place place = {.kind = kind};
	uint64_t n = eh_uleb(&m->c);

	place.expr = m->c.p;
	place.n = (uint32_t)n;
	if (n > UINT32_MAX)
		eh_fail(&m->c);
	eh_skip(&m->c, n);
	return place;
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t off)
{
	if (reg >= REG_COUNT)
		eh_fail(&m->c);
	m->row->cfa_reg = (uint32_t)reg;
	m->row->cfa_off = off;
	m->row->cfa_expr = NULL;
}

/* Changing one half of "register + offset" needs there to be one. */
static void change_cfa(struct machine *m, uint64_t reg, int64_t off)
{
	if (m->row->cfa_expr)
		eh_fail(&m->c);
	set_cfa(m, reg, off);
}

static void set_cfa_expr(struct machine *m)
{
	struct place place = block(m, PLACE_VAL_EXPR);

	m->row->cfa_expr = place.expr;
	m->row->cfa_n = place.n;
}

static void remember_state(struct machine *m)
{
	if (m->depth == REMEMBER_MAX)
		eh_fail(&m->c);
	else
		m->remembered[m->depth++] = *m->row;
}

static void restore_state(struct machine *m)
{
	uint64_t start = m->row->start;

	if (!m->depth) {
		eh_fail(&m->c);
		return;
	}
	*m->row = m->remembered[--m->depth];
	m->row->start = start;
}

static void set_loc(struct machine *m, const struct fde *fde)
{
	uint64_t vaddr;

	if (!fde) { /* in a CIE there is no location */
		eh_fail(&m->c);
		return;
	}
	vaddr = fde->insns_vaddr + (uint64_t)(m->c.p - fde->insns);
	advance(m,
		eh_pointer(&m->c, m->cie->fde_encoding, m->cie->address_bytes, vaddr, 0));
}

static void run_extended(struct machine *m, const struct fde *fde, uint8_t op)
{
	struct eh_cursor *c = &m->c;
	uint64_t reg;

	switch (op) {
	case CFA_NOP:
		return;
	case CFA_SET_LOC:
		return set_loc(m, fde);
	case CFA_ADVANCE_LOC1:
		return advance_by(m, eh_u8(c));
	case CFA_ADVANCE_LOC2:
		return advance_by(m, eh_fixed(c, 2));
	case CFA_ADVANCE_LOC4:
		return advance_by(m, eh_fixed(c, 4));
	case CFA_MIPS_ADVANCE_LOC8:
		return advance_by(m, eh_fixed(c, 8));
	case CFA_REMEMBER_STATE:
		return remember_state(m);
	case CFA_RESTORE_STATE:
		return restore_state(m);
	case CFA_DEF_CFA_EXPRESSION:
		return set_cfa_expr(m);
	case CFA_DEF_CFA_OFFSET:
		return change_cfa(m, m->row->cfa_reg, (int64_t)eh_uleb(c));
	case CFA_DEF_CFA_OFFSET_SF:
		return change_cfa(m, m->row->cfa_reg, factored(m, (uint64_t)eh_sleb(c)));
	case CFA_GNU_ARGS_SIZE: /* for the landing pads of exceptions */
		eh_uleb(c);
		return;
	case CFA_NEGATE_RA_STATE_WITH_PC:
	case CFA_NEGATE_RA_STATE:
		m->row->ra_signed = !m->row->ra_signed;
		return;
	}

	reg = eh_uleb(c);
	switch (op) {
	case CFA_OFFSET_EXTENDED:
		return set_offset(m, reg, PLACE_OFFSET, factored(m, eh_uleb(c)));
	case CFA_OFFSET_EXTENDED_SF:
		return set_offset(m, reg, PLACE_OFFSET,
				  factored(m, (uint64_t)eh_sleb(c)));
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		return set_offset(m, reg, PLACE_OFFSET, factored(m, -eh_uleb(c)));
	case CFA_VAL_OFFSET:
		return set_offset(m, reg, PLACE_VAL_OFFSET, factored(m, eh_uleb(c)));
	case CFA_VAL_OFFSET_SF:
		return set_offset(m, reg, PLACE_VAL_OFFSET,
				  factored(m, (uint64_t)eh_sleb(c)));
	case CFA_RESTORE_EXTENDED:
		return restore(m, reg);
	case CFA_UNDEFINED:
		return set_offset(m, reg, PLACE_UNDEFINED, 0);
	case CFA_SAME_VALUE:
		return set_offset(m, reg, PLACE_SAME, 0);
	case CFA_REGISTER:
		return set_place(
			m, reg,
			(struct place){.kind = PLACE_REGISTER, .reg = eh_uleb(c)});
	case CFA_EXPRESSION:
		return set_place(m, reg, block(m, PLACE_EXPR));
	case CFA_VAL_EXPRESSION:
		return set_place(m, reg, block(m, PLACE_VAL_EXPR));
	case CFA_DEF_CFA:
		return set_cfa(m, reg, (int64_t)eh_uleb(c));
	case CFA_DEF_CFA_SF:
		return set_cfa(m, reg, factored(m, (uint64_t)eh_sleb(c)));
	case CFA_DEF_CFA_REGISTER:
		return change_cfa(m, reg, m->row->cfa_off);
	default:
		eh_fail(c);
	}
}

/* Runs to the end or until the next row would begin behind the target. */
static bool run(struct machine *m, const struct fde *fde)
{
	for (unsigned n = 0; m->c.p < m->c.end && !m->passed && !m->c.bad; n++) {
		uint8_t op = eh_u8(&m->c), low = op & 0x3f;

		if (n == INSNS_MAX)
			return false;
		switch (op & 0xc0) {
		case CFA_ADVANCE_LOC:
			advance_by(m, low);
			break;
		case CFA_OFFSET:
			set_offset(m, low, PLACE_OFFSET, factored(m, eh_uleb(&m->c)));
			break;
		case CFA_RESTORE:
			restore(m, low);
			break;
		default:
			run_extended(m, fde, op);
		}
	}
	return !m->c.bad;
}

bool row_find(const struct fde *fde, uint64_t vaddr, struct row *ret_row)
{
	struct machine m; /* not cleared as a whole: remembered is 5 KiB */
	struct row initial;

	/* A CIE that sets no CFA is one that damage left. */
	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->cfa_reg = REG_COUNT;
	m.row = ret_row;
	m.cie = &fde->cie;
	m.c = (struct eh_cursor){fde->cie.insns, fde->cie.end, false};
	m.loc = m.target = 0;
	m.passed = false;
	m.initial = NULL;
	m.depth = 0;
	if (!run(&m, NULL) || m.passed)
		return false;

	initial = *ret_row;
	m.initial = &initial;
	m.c = (struct eh_cursor){fde->insns, fde->insns_end, false};
	m.loc = ret_row->start = fde->start;
	m.target = vaddr;
	if (!run(&m, fde) || (!ret_row->cfa_expr && ret_row->cfa_reg >= REG_COUNT))
		return false;
	ret_row->end = m.passed && m.loc < fde->end ? m.loc : fde->end;
	return true;
}

/* What the CIE says of the return address, in the place of DWREG_RA. glibc's rawmemchr on
 * aarch64 has a column of its own, x15, in which it keeps x30 over its call of strlen; it
 * says so from the second row on, though the format makes it hold for all. */
static bool move_ra(const struct fde *fde, struct row *row)
{
	uint32_t ra = fde->cie.ra_reg;

	if (ra == DWREG_RA)
		return true;
	if (ARCH_RA_PUSHED || ra >= REG_COUNT)
		return false;
	if (row->start == fde->start)
		return true;
	if (row->regs[ra].kind == PLACE_UNSPECIFIED || row->regs[ra].kind == PLACE_SAME)
		row->regs[DWREG_RA] = (struct place){.kind = PLACE_REGISTER, .reg = ra};
	else
		row->regs[DWREG_RA] = row->regs[ra];
	return true;
}

bool row_decode(const struct objfile *o, const struct fde *fde, uint64_t vaddr,
		struct row *ret_row)
{
	if (!row_find(fde, vaddr, ret_row) || !move_ra(fde, ret_row))
		return false;
	/* Not all entry points say it themselves: ld.so's on aarch64 does not. */
	if (fde->start && fde->start == objfile_entry(o))
		ret_row->regs[DWREG_RA] = (struct place){.kind = PLACE_UNDEFINED};
	return true;
}
