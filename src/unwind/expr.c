/* Evaluates DWARF expressions of call frame information: DWARF 5, sections 2.5.1 and
 * 6.4.2, a stack machine. It reads memory from the sample's stack copy only, and does a
 * bounded number of steps. */
#include "unwind-priv.h"

enum {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_PICK = 0x15,
	OP_SWAP = 0x16,
	OP_ROT = 0x17,
	OP_ABS = 0x19,
	OP_AND = 0x1a,
	OP_DIV = 0x1b,
	OP_MINUS = 0x1c,
	OP_MOD = 0x1d,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

#define DEPTH 64
#define STEPS_MAX 1000 /* branches may go back */

struct eval {
	const struct expr_env *env;
	const uint8_t *start;
	struct eh_cursor c;
	uint64_t stack[DEPTH];
	unsigned n;
	enum expr_result result;
};

static void push(struct eval *e, uint64_t value)
{
	if (e->n == DEPTH)
		e->result = EXPR_BAD;
	else
		e->stack[e->n++] = value;
}

static uint64_t pop(struct eval *e)
{
	if (!e->n) {
		e->result = EXPR_BAD;
		return 0;
	}
	return e->stack[--e->n];
}

static void push_pick(struct eval *e, uint64_t depth)
{
	if (depth >= e->n)
		e->result = EXPR_BAD;
	else
		push(e, e->stack[e->n - 1 - depth]);
}

static void push_reg(struct eval *e, uint64_t reg, int64_t off)
{
	if (reg >= REG_COUNT || !(e->env->valid >> reg & 1))
		e->result = EXPR_BAD;
	else
		push(e, e->env->regs[reg] + (uint64_t)off);
}

static void deref(struct eval *e, uint64_t size)
{
	const struct unwind_input *in = e->env->walk->in;
	uint64_t off = pop(e) - in->regs->r[DWREG_SP], value = 0;

	if (e->result != EXPR_OK)
		return;
	if (!size || size > 8) {
		e->result = EXPR_BAD;
	} else if (off > in->stack_bytes || in->stack_bytes - off < size) {
		e->result = EXPR_OUTSIDE;
	} else {
		walk_note(e->env->walk, off + size);
		memcpy(&value, in->stack + off, size);
		push(e, value);
	}
}

static void rotate(struct eval *e)
{
	uint64_t a = pop(e), b = pop(e), c = pop(e);

	push(e, a);
	push(e, c);
	push(e, b);
}

static void jump(struct eval *e, bool taken)
{
	int64_t to = (int16_t)eh_fixed(&e->c, 2);

	if (!taken || e->c.bad)
		return;
	if (to < e->start - e->c.p || to > e->c.end - e->c.p)
		e->result = EXPR_BAD;
	else
		e->c.p += to;
}

/* DWARF divides and compares as signed, mod is unsigned. */
static void divide(struct eval *e, uint8_t op, uint64_t a, uint64_t b)
{
	if (!b)
		e->result = EXPR_BAD;
	else if (op == OP_MOD)
		push(e, a % b);
	else if (b == UINT64_MAX) /* INT64_MIN / -1 traps */
		push(e, -a);
	else
		push(e, (uint64_t)((int64_t)a / (int64_t)b));
}

static uint64_t shift(uint8_t op, uint64_t a, uint64_t by)
{
	if (op == OP_SHRA)
		return (uint64_t)((int64_t)a >> (by < 63 ? by : 63));
	if (by > 63)
		return 0;
	return op == OP_SHL ? a << by : a >> by;
}

/* a is the entry below the top, b the top. */
static void binary(struct eval *e, uint8_t op)
{
	uint64_t b = pop(e), a = pop(e);
	int64_t sb = (int64_t)b, sa = (int64_t)a;

	switch (op) {
	case OP_AND:
		return push(e, a & b);
	case OP_DIV:
	case OP_MOD:
		return divide(e, op, a, b);
	case OP_MINUS:
		return push(e, a - b);
	case OP_MUL:
		return push(e, a * b);
	case OP_OR:
		return push(e, a | b);
	case OP_PLUS:
		return push(e, a + b);
	case OP_SHL:
	case OP_SHR:
	case OP_SHRA:
		return push(e, shift(op, a, b));
	case OP_XOR:
		return push(e, a ^ b);
	case OP_EQ:
		return push(e, a == b);
	case OP_GE:
		return push(e, sa >= sb);
	case OP_GT:
		return push(e, sa > sb);
	case OP_LE:
		return push(e, sa <= sb);
	case OP_LT:
		return push(e, sa < sb);
	case OP_NE:
		return push(e, a != b);
	default:
		e->result = EXPR_BAD;
	}
}

static void unary(struct eval *e, uint8_t op)
{
	uint64_t a = pop(e);

	switch (op) {
	case OP_ABS:
		return push(e, (int64_t)a < 0 ? -a : a);
	case OP_NEG:
		return push(e, -a);
	case OP_NOT:
		return push(e, ~a);
	default: /* OP_PLUS_UCONST */
		return push(e, a + eh_uleb(&e->c));
	}
}

static void stack_op(struct eval *e, uint8_t op)
{
	uint64_t a, b;

	switch (op) {
	case OP_DUP:
		return push_pick(e, 0);
	case OP_DROP:
		pop(e);
		return;
	case OP_OVER:
		return push_pick(e, 1);
	case OP_PICK:
		return push_pick(e, eh_u8(&e->c));
	case OP_SWAP:
		a = pop(e);
		b = pop(e);
		push(e, a);
		return push(e, b);
	default: /* OP_ROT */
		return rotate(e);
	}
}

static void push_const(struct eval *e, uint8_t op)
{
	struct eh_cursor *c = &e->c;

	switch (op) {
	case OP_ADDR:
		return push(e, eh_fixed(c, 8) + e->env->bias);
	case OP_CONST1U:
		return push(e, eh_u8(c));
	case OP_CONST1S:
		return push(e, (uint64_t)(int8_t)eh_u8(c));
	case OP_CONST2U:
		return push(e, eh_fixed(c, 2));
	case OP_CONST2S:
		return push(e, (uint64_t)(int16_t)eh_fixed(c, 2));
	case OP_CONST4U:
		return push(e, eh_fixed(c, 4));
	case OP_CONST4S:
		return push(e, (uint64_t)(int32_t)eh_fixed(c, 4));
	case OP_CONST8U:
	case OP_CONST8S:
		return push(e, eh_fixed(c, 8));
	case OP_CONSTU:
		return push(e, eh_uleb(c));
	default: /* OP_CONSTS */
		return push(e, (uint64_t)eh_sleb(c));
	}
}

static void step(struct eval *e)
{
	uint8_t op = eh_u8(&e->c);
	uint64_t reg;

	if (op >= OP_LIT0 && op <= OP_LIT31)
		return push(e, op - OP_LIT0);
	if (op >= OP_BREG0 && op <= OP_BREG31)
		return push_reg(e, op - OP_BREG0, eh_sleb(&e->c));
	if (op == OP_ADDR || (op >= OP_CONST1U && op <= OP_CONSTS))
		return push_const(e, op);
	if (op >= OP_DUP && op <= OP_ROT)
		return stack_op(e, op);
	switch (op) {
	case OP_NOP:
		return;
	case OP_DEREF:
		return deref(e, 8);
	case OP_DEREF_SIZE:
		return deref(e, eh_u8(&e->c));
	case OP_BREGX:
		reg = eh_uleb(&e->c);
		return push_reg(e, reg, eh_sleb(&e->c));
	case OP_SKIP:
		return jump(e, true);
	case OP_BRA:
		return jump(e, pop(e) != 0);
	case OP_ABS:
	case OP_NEG:
	case OP_NOT:
	case OP_PLUS_UCONST:
		return unary(e, op);
	default:
		return binary(e, op);
	}
}

enum expr_result expr_eval(const struct expr_env *env, const uint8_t *expr, size_t n,
			   const uint64_t *initial, uint64_t *ret_value)
{
	struct eval e; /* not cleared: stack is 512 bytes */
	uint64_t value;

	e.env = env;
	e.start = expr;
	e.c = (struct eh_cursor){expr, expr + n, false};
	e.n = 0;
	e.result = EXPR_OK;
	if (initial)
		push(&e, *initial);
	for (unsigned i = 0; e.c.p < e.c.end; i++) {
		if (i == STEPS_MAX)
			return EXPR_BAD;
		step(&e);
		if (e.c.bad)
			return EXPR_BAD;
		if (e.result != EXPR_OK)
			return e.result;
	}
	value = pop(&e);
	if (e.result == EXPR_OK)
		*ret_value = value + (env->walk->u->broken == BREAK_EXPR ? 8 : 0);
	return e.result;
}
