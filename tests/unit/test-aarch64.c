/* The unwinder's rules for aarch64, on every machine: its sources are compiled a second
 * time for this program (PROFD_FOR_AARCH64) and unwind captured stacks, which gdb unwound
 * before (golden.h). Each instruction of prologues, epilogues, stubs and signal handlers
 * has a sample; return addresses are signed in some captures. */
#include <profd/unwind.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/mem.h>

#include "../../src/unwind/unwind-priv.h"
#include "golden.h"

static const struct {
	const char *name;
	bool is_signed; /* return addresses are */
} captures[] = {
	{"fp", false},	    {"no-fp", false},  {"pac", true},
	{"pac-leaf", true}, {"signal", false}, {"alternate", true},
	{"bare", false},    {"qsort", false},  {"rawmemchr", false},
};

struct tally {
	unsigned samples, frames, wrong, guessed;
};

static unsigned unwind_golden(struct unwinder *u, const struct golden *g,
			      struct frame *frames, enum unwind_stop *ret_stop)
{
	const struct golden_sample *s = &g->sample;
	struct unwind_input in = {&s->regs, s->stack, s->stack_bytes, g->space, 1};

	return unwind(u, &in, frames, GOLDEN_FRAMES_MAX, ret_stop);
}

static bool is_right(const struct golden_sample *s, const struct frame *frames,
		     unsigned n, enum unwind_stop stop)
{
	if (n != s->n || stop != STOP_END)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (frames[i].pc != s->frames[i].pc ||
		    !(frames[i].flags & FRAME_SIGNAL) != !s->frames[i].signal)
			return false;
	return true;
}

static void show(const struct golden *g, const struct frame *frames, unsigned n,
		 enum unwind_stop stop)
{
	const struct golden_sample *s = &g->sample;

	print_message("%s: sample %u: %s\n", g->name, g->samples, unwind_stop_name(stop));
	for (unsigned i = 0; i < n || i < s->n; i++)
		print_message("  %8jx %8jx%s\n",
			      (uintmax_t)(i < s->n ? s->frames[i].pc : 0),
			      (uintmax_t)(i < n ? frames[i].pc : 0),
			      i < n && frames[i].flags & FRAME_SIGNAL ? " signal" : "");
}

static char *golden_path(const char *name)
{
	const char *dir = getenv("SRCDIR") ? getenv("SRCDIR") : ".";

	return xasprintf("%s/tests/golden/aarch64/%s.txt", dir, name);
}

/* Unwinds all samples of @name; the first wrong one is shown if @loud. */
static struct tally unwind_all(struct unwinder *u, const char *name, bool loud)
{
	const char *dir = getenv("SRCDIR") ? getenv("SRCDIR") : ".";
	_cleanup_free_ char *path = xasprintf("%s/tests/golden/aarch64/%s.txt", dir,
					      name);
	struct frame frames[GOLDEN_FRAMES_MAX];
	struct tally t = {0};
	struct golden g;

	golden_open(&g, path);
	while (golden_next(&g)) {
		enum unwind_stop stop;
		unsigned n = unwind_golden(u, &g, frames, &stop);

		t.samples++;
		t.frames += n;
		for (unsigned i = 0; i < n; i++)
			t.guessed += !!(frames[i].flags & FRAME_GUESSED);
		if (is_right(&g.sample, frames, n, stop))
			continue;
		if (!t.wrong++ && loud)
			show(&g, frames, n, stop);
	}
	golden_close(&g);
	assert_true(t.samples >= 40);
	return t;
}

static struct unwinder *open_backend(enum unwind_backend backend)
{
	struct error err = {0};
	struct unwinder *u = unwinder_new(backend, &err);

	assert_non_null(u);
	return u;
}

static void check_all(bool general)
{
	struct unwinder *u = open_backend(UNWIND_CFI);
	unsigned wrong = 0;

	unwinder_force_general(u, general);
	for (size_t i = 0; i < ARRAY_SIZE(captures); i++) {
		struct tally t = unwind_all(u, captures[i].name, true);

		print_message(
			"%-10s %u samples, %u frames, %u guessed, %u stacks wrong\n",
			captures[i].name, t.samples, t.frames, t.guessed, t.wrong);
		wrong += t.wrong;
	}
	print_message("%ju stacks took all registers\n",
		      (uintmax_t)unwinder_stats(u)->general);
	assert_int_equal(wrong, 0);
	unwinder_free(u);
}

static void test_rules(void **state)
{
	check_all(false);
}

static void test_rows(void **state)
{
	check_all(true);
}

/* A second oracle where CFI says all: libdw (0.188) knows nothing of signed return
 * addresses, of trampolines by their code, or of frames without CFI. */
static void test_libdw(void **state)
{
	static const char *const names[] = {"fp", "no-fp"};
	struct unwinder *u = open_backend(UNWIND_LIBDW);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(unwind_all(u, names[i], true).wrong, 0);
	unwinder_free(u);
}

/* --- the tests notice --------------------------------------------------------------- */

static unsigned count_wrong(unsigned kind, bool pac)
{
	struct unwinder *u = open_backend(UNWIND_CFI);
	unsigned wrong = 0;

	unwinder_break(u, kind);
	for (size_t i = 0; i < ARRAY_SIZE(captures); i++)
		if (captures[i].is_signed == pac)
			wrong += unwind_all(u, captures[i].name, false).wrong;
	unwinder_free(u);
	return wrong;
}

/* Each way of misreading the rules makes stacks wrong; whether return addresses are
 * signed matters just where they are. */
static void test_broken(void **state)
{
	static const unsigned kinds[] = {BREAK_SP, BREAK_BP,  BREAK_SAVED_BP,
					 BREAK_RA, BREAK_END, BREAK_SIGNED};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned plain = count_wrong(kinds[i], false),
			 pac = count_wrong(kinds[i], true);

		print_message("broken %u: %u stacks wrong, and %u signed ones\n",
			      kinds[i], plain, pac);
		assert_true(pac > 0);
		assert_int_equal(plain > 0, kinds[i] != BREAK_SIGNED);
	}
}

/* --- the other backends ------------------------------------------------------------- */

/* x29's chain leaves out the caller of a top frame that has no record, or
 * none yet; it invents nothing. */
static void test_chain(void **state)
{
	static const char *const with_chain[] = {"fp", "pac"};
	struct unwinder *u = open_backend(UNWIND_FP);
	unsigned complete = 0, samples = 0;

	for (size_t i = 0; i < ARRAY_SIZE(with_chain); i++) {
		_cleanup_free_ char *path = golden_path(with_chain[i]);
		struct frame frames[GOLDEN_FRAMES_MAX];
		enum unwind_stop stop;
		struct golden g;

		golden_open(&g, path);
		while (golden_next(&g)) {
			const struct golden_sample *s = &g.sample;
			unsigned n = unwind_golden(u, &g, frames, &stop), k = 0;

			for (unsigned j = 0; j < s->n && k < n; j++)
				k += frames[k].pc == s->frames[j].pc;
			if (k < n)
				show(&g, frames, n, stop);
			assert_int_equal(k, n);
			samples++;
			assert_in_range(n, s->n - 1, s->n);
			complete += n == s->n;
		}
		golden_close(&g);
	}
	print_message("%u of %u stacks have all frames\n", complete, samples);
	assert_true(complete > 100);
	unwinder_free(u);
}

/* --- instructions, registers -------------------------------------------------------- */

static void put_insn(uint8_t *bytes, uint32_t insn)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(insn >> 8 * i);
}

/* As the assembler has them. */
static void test_calls(void **state)
{
	static const uint32_t calls[] = {
		0x94000003, /* bl .+12 */
		0x97fffff7, /* bl .-36 */
		0xd63f0120, /* blr x9 */
		0xd73f093f, /* blraa x9, sp */
		0xd73f0d23, /* blrab x9, x3 */
		0xd63f093f, /* blraaz x9 */
		0xd63f0d3f, /* blrabz x9 */
	};
	static const uint32_t others[] = {
		0x14000003, /* b .+12 */
		0xd61f0120, /* br x9 */
		0xd71f093f, /* braa x9, sp */
		0xd65f03c0, /* ret */
		0xd65f0bff, /* retaa */
		0xd4000001, /* svc #0 */
		0,
	};
	uint8_t bytes[ARCH_CALL_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		put_insn(bytes, calls[i]);
		assert_true(arch_is_call(bytes));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		put_insn(bytes, others[i]);
		assert_false(arch_is_call(bytes));
	}
}

/* perf sends x0 to x30, sp, pc. */
static void test_registers(void **state)
{
	uint64_t perf[33];
	struct regs regs;

	for (unsigned i = 0; i < 33; i++)
		perf[i] = 100 + i;
	regs_from_perf(perf, &regs);
	assert_int_equal(regs.r[0], 100);
	assert_int_equal(regs.r[DWREG_FP], 129);
	assert_int_equal(regs.r[DWREG_RA], 130);
	assert_int_equal(regs.r[DWREG_SP], 131);
	assert_int_equal(regs.r[DWREG_PC], 132);
	assert_int_equal(regs_perf_pc(perf), 132);
	assert_true(regs.valid == (1ull << 33) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	  cmocka_unit_test(test_rows),
		cmocka_unit_test(test_libdw),	  cmocka_unit_test(test_broken),
		cmocka_unit_test(test_chain),	  cmocka_unit_test(test_calls),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
