/* Call frame information against libdw, which somebody else wrote: every row of every FDE
 * of the libraries and programs at hand, as decoded (row.c) and as packed (rule.c). */
#include <profd/ehframe.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#include <profd/mem.h>

#include "../../src/unwind/unwind-priv.h"
#include "lib-dir.h"

#define BIG_SECTION_BYTES (1u << 20) /* from here on every fourth FDE is compared */

/* --- libdw's description of a row --------------------------------------------------- */

struct ops {
	Dwarf_Op mem[3];
	Dwarf_Op *v;
	size_t n;
};

static bool op_is(const struct ops *o, size_t i, unsigned atom, uint64_t number)
{
	return i < o->n && o->v[i].atom == atom && o->v[i].number == number;
}

/* Expression bytes against the parsed operations [first, first + n) of libdw. */
static bool expr_is(const uint8_t *expr, size_t n, const Dwarf_Op *op, size_t nops)
{
	struct eh_cursor c = {expr, expr + n, false};

	for (; nops; op++, nops--) {
		uint8_t atom = eh_u8(&c);

		if (atom != op->atom)
			return false;
		if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31) {
			if (eh_sleb(&c) != (int64_t)op->number)
				return false;
		} else if (atom == DW_OP_plus_uconst || atom == DW_OP_constu) {
			if (eh_uleb(&c) != op->number)
				return false;
		} else if (atom == DW_OP_const1u) {
			if (eh_u8(&c) != op->number)
				return false;
		} else if (atom < DW_OP_lit0 && atom != DW_OP_deref &&
			   (atom < DW_OP_dup || atom > DW_OP_ne)) {
			print_message("operation 0x%x is not known to the test\n", atom);
			return false;
		}
	}
	return !c.bad && c.p == c.end;
}

static bool cfa_is(const struct row *row, const struct ops *o)
{
	if (row->cfa_expr)
		return expr_is(row->cfa_expr, row->cfa_n, o->v, o->n);
	return o->n == 1 && o->v[0].atom == DW_OP_bregx &&
	       o->v[0].number == row->cfa_reg && (int64_t)o->v[0].number2 == row->cfa_off;
}

/* libdw.h, dwarf_frame_register: no operations mean "undefined", or "same value" with no
 * array. */
static bool ops_undefined(const struct ops *o)
{
	return !o->n && o->v;
}

static bool ops_same(const struct ops *o)
{
	return !o->n && !o->v;
}

static bool ops_offset(const struct ops *o, int64_t off, bool value)
{
	size_t n = 1 + (off != 0) + value;

	return o->n == n && o->v[0].atom == DW_OP_call_frame_cfa &&
	       (!off || op_is(o, 1, DW_OP_plus_uconst, (uint64_t)off)) &&
	       (!value || o->v[n - 1].atom == DW_OP_stack_value);
}

/* @reg's default is that of elfutils' backend for the machine, hence of the ABI. */
static bool unspecified_is(unsigned reg, const struct ops *o)
{
	if (reg == DWREG_SP)
		return ops_offset(o, 0, true);
	if (reg == DWREG_RA && ARCH_RA_PUSHED)
		return ops_offset(o, -8, false);
	/* elfutils 0.188 has the number of rax where it means to say that rbx is kept. */
	if (DWREG_RA == 16 && (reg == 0 || reg == 3))
		return ops_same(o) || ops_undefined(o);
	/* rawmemchr's: aarch64.c. */
	if (!ARCH_RA_PUSHED && reg == 15)
		return ops_undefined(o);
	return arch_callee_saved >> reg & 1 ? ops_same(o) : ops_undefined(o);
}

static bool place_is(const struct place *p, unsigned reg, const struct ops *o)
{
	size_t value = p->kind == PLACE_VAL_EXPR;

	switch (p->kind) {
	case PLACE_UNSPECIFIED:
		return unspecified_is(reg, o);
	case PLACE_SAME:
		return ops_same(o);
	case PLACE_UNDEFINED:
		return ops_undefined(o);
	case PLACE_OFFSET:
	case PLACE_VAL_OFFSET:
		return ops_offset(o, p->off, p->kind == PLACE_VAL_OFFSET);
	case PLACE_REGISTER:
		return o->n == 1 && op_is(o, 0, DW_OP_regx, p->reg);
	default:
		return o->n >= 1 + value && o->v[0].atom == DW_OP_call_frame_cfa &&
		       (!value || o->v[o->n - 1].atom == DW_OP_stack_value) &&
		       expr_is(p->expr, p->n, o->v + 1, o->n - 1 - value);
	}
}

/* --- a rule against libdw ----------------------------------------------------------- */

static bool ops_reg_off(const struct ops *o, unsigned reg, int64_t off)
{
	if (o->n != 1)
		return false;
	if (o->v[0].atom == DW_OP_bregx)
		return o->v[0].number == reg && (int64_t)o->v[0].number2 == off;
	return op_is(o, 0, DW_OP_breg0 + reg, (uint64_t)off);
}

static bool ops_deref(const struct ops *o, unsigned reg, union rule rule)
{
	int64_t off = (int16_t)rule.off, off2 = (int16_t)(rule.off >> 16);

	return o->n == 2u + (off2 != 0) &&
	       op_is(o, 0, DW_OP_breg0 + reg, (uint64_t)off) &&
	       o->v[1].atom == DW_OP_deref &&
	       (!off2 || op_is(o, 2, DW_OP_plus_uconst, (uint64_t)off2));
}

static bool ops_plt(const struct ops *o, union rule rule)
{
	return o->n == 9 && op_is(o, 0, DW_OP_breg7, (uint64_t)rule.off) &&
	       op_is(o, 1, DW_OP_breg16, 0) && o->v[2].atom == DW_OP_lit15 &&
	       o->v[3].atom == DW_OP_and && o->v[4].atom == DW_OP_lit0 + rule.bp8 &&
	       o->v[5].atom == DW_OP_ge && o->v[6].atom == DW_OP_lit3 &&
	       o->v[7].atom == DW_OP_shl && o->v[8].atom == DW_OP_plus;
}

static bool rule_bp_is(union rule rule, const struct ops *bp)
{
	switch (rule.bk) {
	case BP_SAME:
		return ops_same(bp);
	case BP_UNDEFINED:
		return ops_undefined(bp);
	case BP_AT_CFA:
		return ops_offset(bp, 8 * rule.bp8, false);
	default:
		return bp->n == 2 && bp->v[0].atom == DW_OP_call_frame_cfa &&
		       op_is(bp, 1, DW_OP_breg0 + DWREG_FP,
			     (uint64_t)(8 * (int64_t)rule.bp8));
	}
}

static bool rule_ra_is(union rule rule, const struct ops *ra)
{
	if (ARCH_RA_PUSHED)
		return ops_offset(ra, -8, false);
	switch (rule.ra) {
	case RA_IN_LR:
		return ops_same(ra);
	case RA_AT_CFA:
		return ops_offset(ra, 8 * rule.bp8, false);
	default:
		return ops_offset(ra, 8 * rule.bp8 + 8, false);
	}
}

/* RA_AT_CFA has the return address in bp8; the frame pointer is then not saved. */
static bool rule_is(union rule rule, const struct ops *cfa, const struct ops *bp,
		    const struct ops *ra, unsigned ra_reg, bool signal)
{
	unsigned reg = rule.kind >> RULE_REG_SHIFT;

	switch (rule.kind & RULE_KIND_MASK) {
	case RULE_SP:
		return ops_reg_off(cfa, DWREG_SP, rule.off) && rule_bp_is(rule, bp) &&
		       rule_ra_is(rule, ra);
	case RULE_BP:
		return ops_reg_off(cfa, DWREG_FP, rule.off) && rule_bp_is(rule, bp) &&
		       rule_ra_is(rule, ra);
	case RULE_REG:
		return ops_reg_off(cfa, reg, rule.off) && rule_bp_is(rule, bp) &&
		       rule_ra_is(rule, ra);
	case RULE_RA_REG:
		return ops_reg_off(cfa, DWREG_SP, rule.off) && rule_bp_is(rule, bp) &&
		       ((ra->n == 1 && op_is(ra, 0, DW_OP_regx, reg)) ||
			(ra_reg == reg && !ra->n));
	case RULE_SP_DEREF:
		return ops_deref(cfa, DWREG_SP, rule) && rule_bp_is(rule, bp);
	case RULE_BP_DEREF:
		return ops_deref(cfa, DWREG_FP, rule) && rule_bp_is(rule, bp);
	case RULE_PLT:
		return ops_plt(cfa, rule) && ops_same(bp);
	case RULE_SIGRETURN:
		return signal && op_is(cfa, 0, DW_OP_breg7, 160);
	case RULE_END:
		return ops_undefined(ra);
	default: /* RULE_GENERAL uses the row as it is; RULE_NONE is wrong here */
		return (rule.kind & RULE_KIND_MASK) == RULE_GENERAL;
	}
}

/* --- every row of a file ------------------------------------------------------------ */

struct comparison {
	struct objfile *o;
	Dwarf_CFI *cfi;
	unsigned stride;
	uint64_t fdes, rows, registers, mismatches, general;
	uint64_t kinds[RULE_NONE + 1];
	unsigned broken;
};

/* Valid until the next call for the same register. */
static struct ops ops_of_reg(Dwarf_Frame *frame, int reg)
{
	static struct ops slots[REG_COUNT];
	struct ops *o = &slots[reg];

	if (dwarf_frame_register(frame, reg, o->mem, &o->v, &o->n) < 0)
		fail_msg("dwarf_frame_register: %s", dwarf_errmsg(-1));
	return *o;
}

static void mismatch(struct comparison *c, uint64_t vaddr, const char *what, unsigned reg)
{
	if (!c->mismatches++ && !c->broken)
		print_message("%s: 0x%jx: %s %u differs\n", objfile_path(c->o),
			      (uintmax_t)vaddr, what, reg);
}

static void compare_row(struct comparison *c, const struct fde *fde, uint64_t vaddr,
			Dwarf_Frame *frame, Dwarf_Addr end, bool signal)
{
	union rule rule = rule_broken(rule_decode(c->o, vaddr), c->broken);
	struct ops cfa, bp, ra, o;
	struct row row;

	c->rows++;
	c->kinds[rule.kind & RULE_KIND_MASK]++;
	if (!row_find(fde, vaddr, &row))
		return mismatch(c, vaddr, "readability", 0);
	/* libdw's start is not used: a restored state brings its own back. */
	if (row.start != vaddr || (row.end != end && end <= fde->end))
		mismatch(c, vaddr, "extent of row", 0);
	if (signal != fde->cie.signal_frame)
		mismatch(c, vaddr, "signal flag", 0);
	if (dwarf_frame_cfa(frame, &cfa.v, &cfa.n) < 0)
		fail_msg("dwarf_frame_cfa: %s", dwarf_errmsg(-1));
	if (!cfa_is(&row, &cfa))
		mismatch(c, vaddr, "CFA", 0);
	for (int reg = 0; reg < REG_COUNT; reg++) {
		if (reg == DWREG_PC && DWREG_PC != DWREG_RA)
			continue;
		c->registers++;
		o = ops_of_reg(frame, reg);
		if (!place_is(&row.regs[reg], (unsigned)reg, &o))
			mismatch(c, vaddr, "register", (unsigned)reg);
	}
	bp = ops_of_reg(frame, DWREG_FP);
	/* row.c, move_ra */
	ra = ops_of_reg(frame, vaddr == fde->start ? DWREG_RA : (int)fde->cie.ra_reg);
	/* libdw believes the CFI of an entry point. */
	if (fde->start != objfile_entry(c->o) &&
	    !rule_is(rule, &cfa, &bp, &ra, fde->cie.ra_reg, signal))
		mismatch(c, vaddr, "rule", rule.kind);
}

static bool compare_fde(void *arg, const struct fde *fde)
{
	struct comparison *c = arg;
	uint64_t vaddr = fde->start;
	struct fde found;

	if (!fde->start || c->fdes++ % c->stride)
		return true;
	/* What the table finds is what the scan met. */
	if (fde->end > fde->start &&
	    (!ehframe_find(c->o, fde->end - 1, &found) || found.start != fde->start ||
	     found.end != fde->end || found.insns != fde->insns))
		mismatch(c, vaddr, "found FDE", 0);
	while (vaddr < fde->end) {
		Dwarf_Addr start, end;
		Dwarf_Frame *frame;
		bool signal;

		if (dwarf_cfi_addrframe(c->cfi, vaddr, &frame) < 0) {
			mismatch(c, vaddr, dwarf_errmsg(-1), 0);
			return true;
		}
		dwarf_frame_info(frame, &start, &end, &signal);
		compare_row(c, fde, vaddr, frame, end, signal);
		free(frame);
		if (end <= vaddr)
			break;
		vaddr = end;
	}
	return true;
}

static void compare_file(const char *path, struct comparison *total)
{
	struct comparison c = {.broken = total->broken};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error err = {0};
	GElf_Ehdr ehdr;
	Elf *elf;

	if (fd < 0) {
		print_message("%s: not here\n", path);
		return;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	c.o = objfile_open(dup(fd), path, &err);
	if (gelf_getehdr(elf, &ehdr) && ehdr.e_machine == ELF_MACHINE)
		c.cfi = dwarf_getcfi_elf(elf);
	if (c.o && c.cfi) {
		c.stride = objfile_eh_frame(c.o)->size < BIG_SECTION_BYTES ? 1 : 4;
		ehframe_each(c.o, compare_fde, &c);
		if (!c.broken)
			print_message(
				"%s: %ju FDEs, %ju rows, %ju registers, %ju general, "
				"%ju mismatches\n",
				path, (uintmax_t)c.fdes / c.stride, (uintmax_t)c.rows,
				(uintmax_t)c.registers, (uintmax_t)c.kinds[RULE_GENERAL],
				(uintmax_t)c.mismatches);
	} else {
		print_message("%s: not readable\n", path);
	}
	total->rows += c.rows;
	total->mismatches += c.mismatches;
	for (unsigned i = 0; i <= RULE_NONE; i++)
		total->kinds[i] += c.kinds[i];
	dwarf_cfi_end(c.cfi);
	objfile_put(c.o);
	elf_end(elf);
	close(fd);
}

static const char libc_path[] = LIB_DIR "libc.so.6";

#ifdef MACHINE_AARCH64
/* One function whose rows use what compilers seldom emit; /proc/self/exe is compared,
 * too. The bytes are those of DWARF 5, table 7.29. */
__asm__(".text\n"
	".type odd_rows, %function\n"
	"odd_rows: .cfi_startproc\n"
	"nop; .cfi_escape 0x0f, 0x03, 0x8d, 0x78, 0x06\n" /* CFA = *(x29 - 8) */
	"nop; .cfi_escape 0x0f, 0x05, 0x8f, 0x28, 0x06, 0x23, 0x08\n" /* *(sp + 40) + 8 */
	"nop; .cfi_def_cfa sp, 16; .cfi_escape 0x10, 0x1d, 0x02, 0x8d, 0x00\n" /* x29 */
	"nop; .cfi_def_cfa sp, 32; .cfi_offset x29, -16; .cfi_offset x30, -8\n"
	"nop; .cfi_remember_state; .cfi_offset x19, -24; .cfi_def_cfa x29, 32\n"
	"nop; .cfi_restore_state; .cfi_restore x29\n"
	"nop; .cfi_undefined x29; .cfi_offset x30, -16\n"
	"nop; .cfi_offset x29, -32; .cfi_offset x30, -8\n"	/* no pair: general */
	"nop; .cfi_restore x29; .cfi_escape 0x14, 0x14, 0x02\n" /* x20 is CFA - 16 */
	"nop; .cfi_escape 0x16, 0x15, 0x03, 0x8f, 0x10, 0x06\n" /* x21 is *(sp + 16) */
	"nop; .cfi_restore x30; .cfi_def_cfa x9, 0\n"
	"nop; .cfi_def_cfa x20, 16\n" /* no room for such a register: general */
	"nop; .cfi_def_cfa sp, 0; .cfi_register x30, x9\n"
	"nop; .cfi_undefined x30\n"
	"nop; .cfi_endproc\n"
	".size odd_rows, . - odd_rows\n");
#else
/* One function whose rows use what compilers seldom emit; /proc/self/exe is compared,
 * too. The bytes are those of DWARF 5, table 7.29. */
__asm__(".text\n"
	".type odd_rows, @function\n"
	"odd_rows: .cfi_startproc\n"
	"nop; .cfi_escape 0x0f, 0x03, 0x76, 0x78, 0x06\n" /* CFA = *(rbp - 8) */
	"nop; .cfi_escape 0x0f, 0x05, 0x77, 0x28, 0x06, 0x23, 0x08\n" /* *(rsp + 40) + 8 */
	"nop; .cfi_def_cfa rsp, 16; .cfi_escape 0x10, 0x06, 0x02, 0x76, 0x00\n" /* rbp */
	"nop; .cfi_remember_state; .cfi_offset rbp, -16; .cfi_offset rbx, -24\n"
	"nop; .cfi_remember_state; .cfi_def_cfa rbp, 32; .cfi_undefined rbp\n"
	"nop; .cfi_restore_state; .cfi_restore rbx\n"
	"nop; .cfi_restore_state\n"
	"nop; .cfi_escape 0x14, 0x0c, 0x02\n"			/* r12 is CFA - 16 */
	"nop; .cfi_escape 0x15, 0x0d, 0x7e\n"			/* r13 is CFA + 16 */
	"nop; .cfi_escape 0x16, 0x0e, 0x03, 0x77, 0x10, 0x06\n" /* r14 is *(rsp + 16) */
	"nop; .cfi_escape 0x11, 0x0f, 0x7d\n"			/* r15 at CFA + 24 */
	"nop; .cfi_escape 0x2e, 0x20; .cfi_def_cfa r10, 0\n"	/* GNU_args_size */
	"nop; .cfi_escape 0x12, 0x07, 0x7c\n"			/* CFA = rsp + 32 */
	"nop; .cfi_escape 0x13, 0x7b\n"				/* CFA = rsp + 40 */
	"nop; .cfi_register rbx, r11; .cfi_same_value r12\n"
	"nop; .cfi_escape 0x0f, 0x08, 0x77, 0x08, 0x79, 0x00, 0x38, 0x1e, 0x22, 0x06\n"
	"nop; .cfi_def_cfa rsp, 8; .cfi_register rip, rdi\n"
	"nop; .cfi_undefined rip\n"
	"nop; .cfi_endproc\n"
	".size odd_rows, . - odd_rows\n");
#endif

/* What this machine has no use for is in no file. */
static bool has_kind(unsigned kind)
{
#ifdef MACHINE_AARCH64
	return kind != RULE_PLT && kind != RULE_SIGRETURN && kind != RULE_RA_REG;
#else
	return true;
#endif
}

static const char *const files[] = {
	libc_path,
	DYNAMIC_LINKER,
	"/usr" LIB_DIR "libstdc++.so.6",
	"/usr" LIB_DIR "libcrypto.so.3",
	"/usr" LIB_DIR "libLLVM-14.so.1",
	"/usr/bin/python3",
	"/proc/self/exe",
};

static void test_rows(void **state)
{
	struct comparison total = {0};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		compare_file(files[i], &total);
	print_message("%ju rows, %ju mismatches\n", (uintmax_t)total.rows,
		      (uintmax_t)total.mismatches);
	assert_int_equal(total.mismatches, 0);
	assert_int_equal(total.kinds[RULE_NONE], 0);
	assert_true(total.rows > 20000);
	for (unsigned kind = RULE_SP; kind < RULE_NONE; kind++)
		assert_true(total.kinds[kind] > 0 || !has_kind(kind));
}

/* The comparison notices each way of misreading. */
static void test_rows_broken(void **state)
{
	static const unsigned kinds[][2] = {
		{BREAK_SP, RULE_SP},	   {BREAK_BP, RULE_BP},
		{BREAK_SAVED_BP, RULE_SP}, {BREAK_DEREF, RULE_BP_DEREF},
		{BREAK_PLT, RULE_PLT},	   {BREAK_END, RULE_END},
#ifdef MACHINE_AARCH64
		{BREAK_RA, RULE_SP},
#endif
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct comparison total = {.broken = kinds[i][0]};

		if (!has_kind(kinds[i][1]))
			continue;
		compare_file(libc_path, &total);
		compare_file("/proc/self/exe", &total);
		assert_true(total.kinds[kinds[i][1]] > 0 || kinds[i][0] == BREAK_END);
		assert_true(total.mismatches > 0);
	}
}

/* Nothing called the dynamic linker's entry point, whether CFI says so or is missing
 * there. */
static void test_entry(void **state)
{
	static const char path[] = DYNAMIC_LINKER;
	struct error err = {0};
	struct objfile *o = objfile_open(open(path, O_RDONLY | O_CLOEXEC), path, &err);

	if (!o)
		skip();
	assert_int_equal(rule_decode(o, objfile_entry(o)).kind, RULE_END);
	assert_int_equal(rule_decode(o, objfile_entry(o) + 7).kind, RULE_END);
	objfile_put(o);
}

/* --- a static binary: no table ------------------------------------------------------ */

static const char static_source[] =
	"#include <stdio.h>\n"
	"int main(int argc, char **argv) { printf(\"%d\\n\", argc); return 0; }\n";

/* False: no compiler, or no static libc. */
static bool compile_static(char *path)
{
	const char *cc = getenv("CC") ? getenv("CC") : "cc";
	_cleanup_free_ char *command = NULL;
	FILE *pipe;

	if (mkstemp(path) < 0)
		return false;
	command = xasprintf("%s -static -O2 -x c -o %s - 2>/dev/null", cc, path);
	pipe = popen(command, "w");
	if (!pipe)
		return false;
	fwrite(static_source, 1, sizeof(static_source) - 1, pipe);
	return pclose(pipe) == 0;
}

static void test_static(void **state)
{
	char path[] = "/tmp/test-ehframe-XXXXXX";
	struct comparison total = {0};
	bool compiled = compile_static(path);

	if (compiled)
		compare_file(path, &total);
	unlink(path);
	if (!compiled) {
		print_message("no static libc here\n");
		skip();
	}
	assert_int_equal(total.mismatches, 0);
	assert_true(total.rows > 1000);
	assert_true(total.kinds[RULE_END] > 0);
	assert_true(total.kinds[RULE_SIGRETURN] > 0 || !has_kind(RULE_SIGRETURN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_broken),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_static),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
