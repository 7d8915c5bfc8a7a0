/* DWARF expressions: each operation by an expected value worked out by hand from DWARF 5,
 * section 2.5.1; what must be refused; and random bytes, for sanitizers to watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <dwarf.h>

#include <profd/mem.h>

#include "../../src/unwind/unwind-priv.h"

#define SP 0x7000ull

#define WORD 0x1122334455667788ull

static const uint64_t stack[] = {WORD, SP + 8, UINT64_MAX};

static enum expr_result eval(const uint8_t *expr, size_t n, const uint64_t *initial,
			     uint64_t *ret)
{
	struct regs regs = {.valid = 1u << 12 | 1ull << DWREG_SP};
	struct unwind_input in = {&regs, (const uint8_t *)stack, sizeof(stack), NULL, 1};
	struct unwinder u = {0};
	struct walk w = {.u = &u, .in = &in};
	struct expr_env env = {&w, regs.r, regs.valid, 0x10000};

	regs.r[12] = 5;
	regs.r[DWREG_SP] = SP;
	return expr_eval(&env, expr, n, initial, ret);
}

struct expectation {
	uint8_t expr[16];
	size_t n;
	uint64_t value;
};

#define EXPECT(value, ...)                                                               \
	{                                                                                \
		{__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}), (uint64_t)(value)       \
	}
#define LIT(n) (DW_OP_lit0 + (n))
#define MINUS_1 DW_OP_const1s, 0xff
#define BREG_SP (DW_OP_breg0 + DWREG_SP)

static const struct expectation good[] = {
	EXPECT(17, LIT(17)),
	EXPECT(0x10102, DW_OP_addr, 2, 1, 0, 0, 0, 0, 0, 0),
	EXPECT(200, DW_OP_const1u, 200),
	EXPECT(-56, DW_OP_const1s, 200),
	EXPECT(0xfffe, DW_OP_const2u, 0xfe, 0xff),
	EXPECT(-2, DW_OP_const2s, 0xfe, 0xff),
	EXPECT(0xfffffffe, DW_OP_const4u, 0xfe, 0xff, 0xff, 0xff),
	EXPECT(-2, DW_OP_const4s, 0xfe, 0xff, 0xff, 0xff),
	EXPECT(1ull << 56, DW_OP_const8u, 0, 0, 0, 0, 0, 0, 0, 1),
	EXPECT(300, DW_OP_constu, 0xac, 0x02),
	EXPECT(-2, DW_OP_consts, 0x7e),
	EXPECT(SP + 16, BREG_SP, 16),
	EXPECT(SP - 16, BREG_SP, 0x70),
	EXPECT(6, DW_OP_bregx, 12, 1),
	EXPECT(WORD, BREG_SP, 0, DW_OP_deref),
	EXPECT(SP + 8, BREG_SP, 8, DW_OP_deref, DW_OP_deref),
	EXPECT(0x7788, BREG_SP, 0, DW_OP_deref_size, 2),
	EXPECT(0xff, BREG_SP, 23, DW_OP_deref_size, 1),
	EXPECT(6, LIT(3), DW_OP_dup, DW_OP_plus),
	EXPECT(3, LIT(3), LIT(4), DW_OP_drop),
	EXPECT(3, LIT(3), LIT(4), DW_OP_over),
	EXPECT(2, LIT(2), LIT(3), LIT(4), DW_OP_pick, 2),
	EXPECT(1, LIT(3), LIT(4), DW_OP_swap, DW_OP_minus),
	/* 1 2 3 becomes 3 1 2, hence 3 - (1 - 2). */
	EXPECT(4, LIT(1), LIT(2), LIT(3), DW_OP_rot, DW_OP_minus, DW_OP_minus),
	EXPECT(9, LIT(9), DW_OP_neg, DW_OP_abs),
	EXPECT(9, LIT(9), DW_OP_abs),
	EXPECT(4, LIT(12), LIT(6), DW_OP_and),
	EXPECT(-2, DW_OP_const1s, 0xf9, LIT(3), DW_OP_div),
	EXPECT(1ull << 63, LIT(1), DW_OP_const1u, 63, DW_OP_shl, MINUS_1, DW_OP_div),
	EXPECT(-1, LIT(3), LIT(4), DW_OP_minus),
	EXPECT(1, LIT(7), LIT(3), DW_OP_mod),
	EXPECT(21, LIT(7), LIT(3), DW_OP_mul),
	EXPECT(-8, LIT(7), DW_OP_not),
	EXPECT(14, LIT(12), LIT(6), DW_OP_or),
	EXPECT(10, LIT(12), LIT(6), DW_OP_xor),
	EXPECT(305, LIT(5), DW_OP_plus_uconst, 0xac, 0x02),
	EXPECT(40, LIT(5), LIT(3), DW_OP_shl),
	EXPECT(0, LIT(5), DW_OP_const1u, 64, DW_OP_shl),
	EXPECT(UINT64_MAX >> 1, MINUS_1, LIT(1), DW_OP_shr),
	EXPECT(-1, MINUS_1, LIT(9), DW_OP_shra),
	EXPECT(-1, MINUS_1, DW_OP_const1u, 200, DW_OP_shra),
	/* Comparisons are signed. */
	EXPECT(1, MINUS_1, LIT(0), DW_OP_lt),
	EXPECT(0, MINUS_1, LIT(0), DW_OP_gt),
	EXPECT(0, MINUS_1, LIT(0), DW_OP_ge),
	EXPECT(1, LIT(3), LIT(3), DW_OP_ge),
	EXPECT(1, LIT(3), LIT(3), DW_OP_le),
	EXPECT(1, LIT(3), LIT(3), DW_OP_eq),
	EXPECT(1, LIT(3), LIT(4), DW_OP_ne),
	EXPECT(1, LIT(1), DW_OP_nop, DW_OP_skip, 1, 0, LIT(9)),
	EXPECT(2, LIT(2), LIT(1), DW_OP_bra, 1, 0, LIT(9)),
	EXPECT(9, LIT(2), LIT(0), DW_OP_bra, 1, 0, LIT(9)),
	/* Counts 5 down to 0 by jumping back. */
	EXPECT(0, LIT(5), LIT(1), DW_OP_minus, DW_OP_dup, DW_OP_bra, 0xfa, 0xff),
};

static const struct expectation bad[] = {
	EXPECT(EXPR_BAD, DW_OP_drop),
	EXPECT(EXPR_BAD, LIT(1), DW_OP_plus),
	EXPECT(EXPR_BAD, LIT(1), DW_OP_drop),
	EXPECT(EXPR_BAD, LIT(1), LIT(0), DW_OP_div),
	EXPECT(EXPR_BAD, LIT(1), LIT(0), DW_OP_mod),
	EXPECT(EXPR_BAD, DW_OP_breg3, 0), /* not known */
	EXPECT(EXPR_BAD, DW_OP_bregx, REG_COUNT, 0),
	EXPECT(EXPR_BAD, LIT(1), DW_OP_pick, 1),
	EXPECT(EXPR_BAD, DW_OP_const4u, 1, 2),
	EXPECT(EXPR_BAD, DW_OP_constu, 0x80),
	EXPECT(EXPR_BAD, DW_OP_skip, 0xfd, 0xff), /* for ever */
	EXPECT(EXPR_BAD, DW_OP_skip, 1, 0),
	EXPECT(EXPR_BAD, DW_OP_skip, 0xfc, 0xff),
	EXPECT(EXPR_BAD, LIT(1), DW_OP_dup, DW_OP_skip, 0xfc, 0xff), /* stack overflow */
	EXPECT(EXPR_BAD, BREG_SP, 0, DW_OP_deref_size, 9),
	EXPECT(EXPR_BAD, BREG_SP, 0, DW_OP_deref_size, 0),
	EXPECT(EXPR_BAD, DW_OP_call_frame_cfa),
	EXPECT(EXPR_BAD, DW_OP_reg0),
	EXPECT(EXPR_BAD, DW_OP_lo_user),
	EXPECT(EXPR_OUTSIDE, BREG_SP, 17, DW_OP_deref),
	EXPECT(EXPR_OUTSIDE, BREG_SP, 0x7f, DW_OP_deref),
	EXPECT(EXPR_OUTSIDE, LIT(0), DW_OP_deref),
	EXPECT(EXPR_OUTSIDE, MINUS_1, DW_OP_deref),
};

static void test_operations(void **state)
{
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (eval(good[i].expr, good[i].n, NULL, &value) != EXPR_OK ||
		    value != good[i].value)
			fail_msg("expression %zu gives 0x%jx", i, (uintmax_t)value);
	}
}

static void test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t value = 77;

		if (eval(bad[i].expr, bad[i].n, NULL, &value) != bad[i].value)
			fail_msg("expression %zu is accepted or refused otherwise", i);
		assert_int_equal(value, 77);
	}
}

/* The rules of registers begin with the CFA on the stack. */
static void test_initial(void **state)
{
	const uint8_t expr[] = {DW_OP_plus_uconst, 8};
	uint64_t cfa = SP + 8, value;

	assert_int_equal(eval(expr, sizeof(expr), &cfa, &value), EXPR_OK);
	assert_int_equal(value, SP + 16);
	assert_int_equal(eval(expr, 0, &cfa, &value), EXPR_OK);
	assert_int_equal(value, cfa);
	assert_int_equal(eval(expr, 0, NULL, &value), EXPR_BAD);
}

static void test_random(void **state)
{
	uint32_t seed = 99;

	for (unsigned i = 0; i < 200000; i++) {
		size_t n = i % 24;
		uint8_t *expr = xmalloc(n + 1);
		uint64_t value, cfa = SP;

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525u + 1013904223u;
			expr[k] = (uint8_t)(seed >> 16);
			/* Every other one mostly of operations that exist. */
			if (i & 1)
				expr[k] = (uint8_t)(0x06 + expr[k] % 0x4a);
		}
		expr = xreallocarray(expr, n ? n : 1, 1);
		assert_in_range(eval(expr, n, i & 2 ? &cfa : NULL, &value), EXPR_OK,
				EXPR_BAD);
		free(expr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
