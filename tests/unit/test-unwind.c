/* Unwinding of known stacks (unwind-samples.c): the cfi backend is compared frame by
 * frame with its own general path, with libdw and with libunwind, and with the return
 * addresses that the functions noted. And what it says where a stack is cut off, damaged,
 * or without CFI. */
#include <profd/unwind.h>

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include <cmocka.h>
#include <elf.h>

#include <profd/clock.h>
#include <profd/mem.h>

#include "../../src/unwind/unwind-priv.h"
#include "unwind-samples.h"

static struct space *space;

/* --- comparing ---------------------------------------------------------------------- */

struct stack {
	struct frame frames[FRAMES_MAX];
	unsigned n;
	enum unwind_stop stop;
};

static void unwind_sample(struct unwinder *u, const struct sample *s, struct stack *ret)
{
	struct unwind_input in = {
		.regs = &s->regs,
		.stack = s->stack,
		.stack_bytes = s->stack_bytes,
		.space = space,
		.pid = 1,
	};

	ret->n = unwind(u, &in, ret->frames, FRAMES_MAX, &ret->stop);
}

static bool frames_equal(const struct stack *a, const struct stack *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a->frames[i].pc != b->frames[i].pc ||
		    a->frames[i].vma != b->frames[i].vma ||
		    (a->frames[i].flags ^ b->frames[i].flags) &
			    (FRAME_CALL | FRAME_SIGNAL))
			return false;
	return true;
}

static bool pcs_equal(const struct stack *a, const struct stack *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a->frames[i].pc != b->frames[i].pc)
			return false;
	return true;
}

static bool stacks_equal(const struct stack *a, const struct stack *b)
{
	return a->n == b->n && a->stop == b->stop && frames_equal(a, b, a->n);
}

/* Every noted return address, outermost first, is met in order. */
static bool stack_is_known(const struct sample *s, const struct stack *st)
{
	unsigned i = st->n, met = 0;

	while (i-- && met < s->known_n)
		if (st->frames[i].pc == s->known[met])
			met++;
	return met == s->known_n;
}

static void print_stack(const char *title, const struct stack *st)
{
	print_message("  %s: %s\n", title, unwind_stop_name(st->stop));
	for (unsigned i = 0; i < st->n && i < 24; i++) {
		const struct vma *v = st->frames[i].vma;

		print_message("    %2u %" PRIx64 " %s+%" PRIx64 " flags %x\n", i,
			      st->frames[i].pc, v && v->obj ? objfile_path(v->obj) : "?",
			      v ? vma_vaddr(v, st->frames[i].pc) : 0,
			      st->frames[i].flags);
	}
}

struct tally {
	unsigned samples, frames;
	unsigned same; /* all frames and the stop */
	unsigned
		shorter; /* the oracle gave up on the way, we did not; its frames are ours */
	unsigned other;
};

static void tally_add(struct tally *t, const struct stack *ours,
		      const struct stack *theirs)
{
	t->samples++;
	t->frames += ours->n;
	if (stacks_equal(ours, theirs))
		t->same++;
	else if (theirs->n < ours->n && pcs_equal(ours, theirs, theirs->n))
		t->shorter++;
	else
		t->other++;
}

static struct unwinder *open_backend(enum unwind_backend backend)
{
	struct error err = {0};
	struct unwinder *u = unwinder_new(backend, &err);

	if (!u)
		assert_int_equal(err.code, -ENOTSUP);
	return u;
}

/* --- tests: the oracles ------------------------------------------------------------- */

/* Where there is no CFI, everybody guesses in their own way. */
static bool is_guesswork(enum scenario k)
{
	return k >= NO_CFI_FRAME && k <= JIT;
}

static void compare_scenario(enum scenario k, const char *name, struct unwinder *oracle,
			     struct tally *all)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	struct tally t = {0};

	for (unsigned i = 0; i < samples_n; i++) {
		struct stack ours, theirs;
		unsigned other = t.other;

		if (samples[i].scenario != k)
			continue;
		unwind_sample(cfi, &samples[i], &ours);
		unwind_sample(oracle, &samples[i], &theirs);
		tally_add(&t, &ours, &theirs);
		if (t.other > other && t.other <= 2 && !is_guesswork(k)) {
			print_stack("cfi", &ours);
			print_stack(name, &theirs);
		}
	}
	print_message("%s, %s: %u samples, %u frames: %u the same, %u given up by %s, %u "
		      "different\n",
		      name, scenario_names[k], t.samples, t.frames, t.same, t.shorter,
		      name, t.other);
	assert_true(t.samples > 0);
	unwinder_free(cfi);
	if (is_guesswork(k))
		return;
	all->samples += t.samples;
	all->frames += t.frames;
	all->same += t.same;
	all->other += t.other;
}

static struct tally compare_with(const char *name, struct unwinder *oracle)
{
	struct tally all = {0};

	for (unsigned k = 0; k < SCENARIOS; k++)
		compare_scenario(k, name, oracle, &all);
	print_message("%s: %u of %u samples the same, %u different\n", name, all.same,
		      all.samples, all.other);
	assert_true(all.samples > 2000);
	return all;
}

static void test_general(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	struct unwinder *general = open_backend(UNWIND_CFI);

	unwinder_force_general(general, true);
	for (unsigned i = 0; i < samples_n; i++) {
		struct stack a, b;

		unwind_sample(cfi, &samples[i], &a);
		unwind_sample(general, &samples[i], &b);
		assert_true(stacks_equal(&a, &b));
	}
	assert_int_equal(unwinder_stats(general)->general, samples_n);
	assert_true(unwinder_stats(cfi)->general > 0);
	print_message("%ju of %u samples needed all registers\n",
		      (uintmax_t)unwinder_stats(cfi)->general, samples_n);
	unwinder_free(general);
	unwinder_free(cfi);
}

/* Neither oracle gets far from where the dynamic linker resolves a symbol: the CFA of the
 * resolver is kept in rbx, which elfutils 0.188 takes for lost, as libunwind does some of
 * its callees' frames. */
static void test_libdw(void **state)
{
	struct unwinder *libdw = open_backend(UNWIND_LIBDW);
	struct tally all = compare_with("libdw", libdw);

	assert_int_equal(all.other, 0);
	assert_true(all.same >= all.samples * 0.95);
	unwinder_free(libdw);
}

static void test_libunwind(void **state)
{
	struct unwinder *libunwind = open_backend(UNWIND_LIBUNWIND);
	struct tally all;

	if (!libunwind) {
		print_message("built without libunwind\n");
		skip();
	}
	all = compare_with("libunwind", libunwind);
	assert_int_equal(all.other, 0);
	assert_true(all.same >= all.samples * 0.95);
	unwinder_free(libunwind);
}

/* --- tests: what the program knows -------------------------------------------------- */

static void test_known(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	unsigned unknown = 0, incomplete = 0;

	for (unsigned i = 0; i < samples_n; i++) {
		struct stack st;

		unwind_sample(cfi, &samples[i], &st);
		if (samples[i].scenario == NO_CFI_LOST) {
			assert_int_equal(st.stop, STOP_NO_CFI);
			continue;
		}
		if (!stack_is_known(&samples[i], &st) && ++unknown <= 3)
			print_stack("not what the program noted", &st);
		if (st.stop != STOP_END && ++incomplete <= 3)
			print_stack(scenario_names[samples[i].scenario], &st);
	}
	print_message("%u samples: %u not as noted, %u incomplete\n", samples_n, unknown,
		      incomplete);
	assert_int_equal(unknown, 0);
	assert_int_equal(incomplete, 0);
	unwinder_free(cfi);
}

static unsigned count_flag(const struct stack *st, uint32_t flag)
{
	unsigned n = 0;

	for (unsigned i = 0; i < st->n; i++)
		n += !!(st->frames[i].flags & flag);
	return n;
}

static void test_guesses(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	uint64_t guessed = 0;

	for (unsigned i = 0; i < samples_n; i++) {
		struct stack st;

		unwind_sample(cfi, &samples[i], &st);
		switch (samples[i].scenario) {
		case NO_CFI_LEAF:
			assert_true(st.frames[1].flags & FRAME_GUESSED);
			__attribute__((fallthrough));
		case NO_CFI_FRAME:
		case JIT:
			assert_int_equal(count_flag(&st, FRAME_GUESSED), 1);
			guessed++;
			break;
		default:
			assert_int_equal(count_flag(&st, FRAME_GUESSED), 0);
		}
	}
	assert_int_equal(guessed, 3);
	assert_int_equal(unwinder_stats(cfi)->guessed, 3);
	unwinder_free(cfi);
}

static void test_signals(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	unsigned in_trampoline = 0, in_vdso = 0;

	for (unsigned i = 0; i < samples_n; i++) {
		enum scenario k = samples[i].scenario;
		struct stack st;
		unsigned n;

		unwind_sample(cfi, &samples[i], &st);
		n = count_flag(&st, FRAME_SIGNAL);
		in_trampoline += st.frames[0].flags == FRAME_SIGNAL;
		in_vdso += st.frames[0].vma->kind == VMA_VDSO;
		if (k == HANDLER || k == ALT_STACK)
			assert_int_equal(n, 1);
		else if (k != STEPPED)
			assert_int_equal(n, 0);
		for (unsigned f = 0; f + 1 < st.n; f++) {
			const struct frame *fr = &st.frames[f];

			/* Behind a trampoline comes what was interrupted. */
			if (fr->flags & FRAME_SIGNAL)
				assert_int_equal(fr->flags | fr[1].flags, FRAME_SIGNAL);
			else if (!(fr[1].flags & FRAME_SIGNAL))
				assert_true(fr[1].flags & FRAME_CALL);
		}
	}
	print_message("%u samples in the trampoline, %u in the vdso\n", in_trampoline,
		      in_vdso);
	assert_true(in_trampoline > 0);
	assert_true(in_vdso > 0 || !getauxval(AT_SYSINFO_EHDR));
	unwinder_free(cfi);
}

/* --- tests: the oracles are able to notice ------------------------------------------ */

/* The kinds of rule that the samples meet. */
static void count_rules(unsigned counts[RULE_NONE + 1])
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);

	for (unsigned i = 0; i < samples_n; i++) {
		struct stack st;

		unwind_sample(cfi, &samples[i], &st);
		for (unsigned f = 0; f < st.n; f++) {
			const struct frame *fr = &st.frames[f];
			uint64_t pc = fr->pc - !!(fr->flags & FRAME_CALL);
			union rule rule = {.kind = RULE_NONE};

			if (fr->vma && fr->vma->obj)
				rule = rule_decode(fr->vma->obj, vma_vaddr(fr->vma, pc));
			counts[rule.kind & RULE_KIND_MASK]++;
		}
	}
	unwinder_free(cfi);
}

static void test_broken(void **state)
{
	static const unsigned rules[UNWIND_BREAK_MAX + 1] = {
		[BREAK_SP] = RULE_SP,	    [BREAK_BP] = RULE_BP,
		[BREAK_SAVED_BP] = RULE_BP, [BREAK_DEREF] = RULE_BP_DEREF,
		[BREAK_PLT] = RULE_PLT,	    [BREAK_SIGRETURN] = RULE_SIGRETURN,
		[BREAK_END] = RULE_END,	    [BREAK_EXPR] = RULE_GENERAL,
	};
	struct unwinder *general = open_backend(UNWIND_CFI);
	struct unwinder *broken = open_backend(UNWIND_CFI);
	unsigned counts[RULE_NONE + 1] = {0};

	unwinder_force_general(general, true);
	count_rules(counts);
	for (unsigned kind = 0; kind <= UNWIND_BREAK_MAX; kind++) {
		unsigned mismatches = 0;

		unwinder_break(broken, kind);
		for (unsigned i = 0; i < samples_n; i++) {
			struct stack a, b;

			unwind_sample(general, &samples[i], &a);
			unwind_sample(broken, &samples[i], &b);
			mismatches += !stacks_equal(&a, &b);
		}
		print_message(
			"broken %u: %u frames with such a rule, %u of %u stacks wrong\n",
			kind, counts[rules[kind]], mismatches, samples_n);
		if (kind == 0)
			assert_int_equal(mismatches, 0);
		else if (kind != BREAK_PLT || counts[RULE_PLT])
			assert_true(mismatches > 0);
	}
	unwinder_free(broken);
	unwinder_free(general);
}

/* --- tests: why it ends ------------------------------------------------------------- */

static const struct sample *first_of(enum scenario k)
{
	for (unsigned i = 0; i < samples_n; i++)
		if (samples[i].scenario == k)
			return &samples[i];
	fail_msg("no sample of '%s'", scenario_names[k]);
	return NULL;
}

static void test_truncated(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);

	for (unsigned k = 0; k < SCENARIOS; k++) {
		struct sample cut = *first_of(k);
		struct stack whole, st;
		unsigned longest = 0;

		unwind_sample(cfi, &cut, &whole);
		for (size_t n = 0; n < first_of(k)->stack_bytes && n < 20000; n += 4) {
			cut.stack_bytes = n;
			/* Exactly n bytes, for the sanitizer to watch. */
			cut.stack = n ? xmemdup(first_of(k)->stack, n) : NULL;
			unwind_sample(cfi, &cut, &st);
			free((void *)cut.stack);
			assert_true(st.n >= 1 && st.n <= whole.n);
			assert_true(frames_equal(&whole, &st, st.n));
			assert_true(st.n >= longest);
			longest = st.n;
			if (st.n < whole.n)
				assert_true(st.stop == STOP_TRUNCATED ||
					    (is_guesswork(k) && st.stop == STOP_NO_CFI));
		}
	}
	unwinder_free(cfi);
}

static void test_depth(void **state)
{
	const struct sample *s = first_of(DEEP);
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	struct unwind_input in = {&s->regs, s->stack, s->stack_bytes, space, 1};
	struct frame frames[FRAMES_MAX];
	enum unwind_stop stop;
	struct stack whole;

	unwind_sample(cfi, s, &whole);
	for (unsigned max = 1; max < whole.n; max++) {
		assert_int_equal(unwind(cfi, &in, frames, max, &stop), max);
		assert_int_equal(stop, STOP_DEPTH);
	}
	assert_int_equal(unwind(cfi, &in, frames, whole.n, &stop), whole.n);
	assert_int_equal(stop, STOP_END);
	unwinder_free(cfi);
}

static void test_nothing_there(void **state)
{
	for (unsigned b = UNWIND_CFI; b <= UNWIND_LIBDW; b++) {
		struct unwinder *u = open_backend(b);
		struct sample s = *first_of(DEEP);
		struct stack st;

		if (!u)
			continue;
		s.regs.valid = 0;
		unwind_sample(u, &s, &st);
		assert_int_equal(st.n, 1);
		assert_int_equal(st.stop, STOP_NO_USER);
		s = *first_of(DEEP);
		s.regs.r[DWREG_PC] = 16;
		unwind_sample(u, &s, &st);
		assert_int_equal(st.n, 1);
		assert_int_equal(st.frames[0].pc, 16);
		assert_null(st.frames[0].vma);
		assert_int_equal(st.stop, STOP_NO_MAP);
		unwinder_free(u);
	}
}

/* The stack holds anything at all: it ends, and reads nothing outside. */
static void test_garbage(void **state)
{
	uint32_t seed = 7;

	for (unsigned b = UNWIND_CFI; b <= UNWIND_FP; b++) {
		struct unwinder *u = open_backend(b);

		for (unsigned i = 0; i < 4000; i++) {
			struct sample s = samples[i * 7919u % samples_n];
			size_t n = s.stack_bytes < 4096 ? s.stack_bytes : 4096;
			uint8_t *copy = xmemdup(s.stack, n);
			struct stack st;

			for (unsigned k = 0; k < 200; k++) {
				seed = seed * 1664525u + 1013904223u;
				copy[(seed >> 8) % n] = (uint8_t)(seed >> 3);
			}
			seed = seed * 1664525u + 1013904223u;
			s.regs.r[seed >> 8 & 15] ^= 1ull << (seed >> 13 & 63);
			s.stack = copy;
			s.stack_bytes = n;
			unwinder_force_general(u, i & 1);
			unwind_sample(u, &s, &st);
			assert_true(st.n >= 1 && st.stop < STOP_COUNT);
			free(copy);
		}
		unwinder_free(u);
	}
}

/* --- tests: frame pointers ---------------------------------------------------------- */

static void test_fp(void **state)
{
	/* Three frames in anonymous code at 0x1000; the words lie at 0x8000. */
	uint64_t stack[] = {0x8010, 0x1100, 0x8020, 0x1200, 0, 0x1300};
	struct regs regs = {.valid = 1ull << DWREG_PC | 1ull << DWREG_SP |
				     1ull << DWREG_FP};
	struct vma v = {.start = 0x1000, .end = 0x2000, .kind = VMA_JIT};
	struct unwind_input in = {.regs = &regs, .stack = (uint8_t *)stack};
	struct unwinder *fp = open_backend(UNWIND_FP);
	struct frame frames[8];
	enum unwind_stop stop;

	in.space = space_new();
	space_map(in.space, &v);
	in.stack_bytes = sizeof(stack);
	regs.r[DWREG_PC] = 0x1010;
	regs.r[DWREG_SP] = regs.r[DWREG_FP] = 0x8000;
	assert_int_equal(unwind(fp, &in, frames, 8, &stop), 4);
	assert_int_equal(stop, STOP_END);
	assert_int_equal(frames[1].pc, 0x1100);
	assert_int_equal(frames[3].pc, 0x1300);
	assert_int_equal(frames[3].flags, FRAME_CALL | FRAME_GUESSED);
	in.stack_bytes = 40;
	assert_int_equal(unwind(fp, &in, frames, 8, &stop), 3);
	assert_int_equal(stop, STOP_TRUNCATED);
	in.stack_bytes = sizeof(stack);
	stack[2] = 0x8000; /* back to where it was */
	assert_int_equal(unwind(fp, &in, frames, 8, &stop), 3);
	assert_int_equal(stop, STOP_BAD_SP);
	stack[3] = 0x3000;
	assert_int_equal(unwind(fp, &in, frames, 8, &stop), 2);
	assert_int_equal(stop, STOP_NO_MAP);
	stack[3] = 0;
	assert_int_equal(unwind(fp, &in, frames, 8, &stop), 2);
	assert_int_equal(stop, STOP_END);
	assert_int_equal(unwind(fp, &in, frames, 1, &stop), 1);
	assert_int_equal(stop, STOP_DEPTH);
	space_put(in.space);
	unwinder_free(fp);
}

/* --- tests: a file without CFI ------------------------------------------------------ */

static const uint8_t bare_code[] = {
	[0x08] = 0xe8,		      /* call: returns to 0x0d */
	[0x10] = 0xff, [0x11] = 0xd0, /* call *%rax: returns to 0x12 */
	[0x20] = 0x48, 0xc7,	      0xc0, 0x0f, 0, 0, 0, /* mov $15, %rax */
	[0x27] = 0x0f, [0x28] = 0x05, /* syscall: musl's trampoline */
	[0x60] = 0xc3,
};

/* bare_code at vaddr 0x1000, in a space of its own, with the entry point at @entry. */
static struct space *bare_space(uint64_t entry)
{
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr;
		uint8_t code[sizeof(bare_code)];
	} image = {
		.ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT},
			 .e_type = ET_DYN,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_entry = entry,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_ehsize = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1},
		.phdr = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			 .p_vaddr = 0x1000,
			 .p_filesz = sizeof(bare_code),
			 .p_memsz = sizeof(bare_code)},
	};
	struct error err = {0};
	struct vma v = {.start = 0x1000, .end = 0x2000, .kind = VMA_FILE};
	struct vma unreadable = {.start = 0x4000, .end = 0x5000, .kind = VMA_FILE};
	struct space *s = space_new();

	memcpy(image.code, bare_code, sizeof(bare_code));
	v.obj = objfile_open_image(&image, sizeof(image), "bare", &err);
	assert_non_null(v.obj);
	space_map(s, &v);
	space_map(s, &unreadable);
	objfile_put(v.obj);
	return s;
}

#define BARE_STACK 0x8000ull

static void unwind_bare(struct space *s, uint64_t pc, uint64_t bp, const uint64_t *words,
			size_t n, struct stack *ret)
{
	struct regs regs = {.valid = REGS_ALL};
	struct unwind_input in = {&regs, (const uint8_t *)words, n * 8, s, 1};

	regs.r[DWREG_PC] = pc;
	regs.r[DWREG_SP] = BARE_STACK;
	regs.r[DWREG_FP] = bp;
	for (unsigned general = 0; general < 2; general++) {
		struct unwinder *cfi = open_backend(UNWIND_CFI);

		unwinder_force_general(cfi, general);
		ret->n = unwind(cfi, &in, ret->frames, FRAMES_MAX, &ret->stop);
		unwinder_free(cfi);
	}
}

static void test_bare(void **state)
{
	uint64_t words[64] = {[2] = BARE_STACK + 48, [3] = 0x100d, [7] = 0x1041};
	struct space *s = bare_space(0), *started = bare_space(0x1010);
	struct stack st;

	/* A chain that ends as Go's do: rbp is 0 and the return address is behind no
	 * call. */
	unwind_bare(s, 0x1030, BARE_STACK + 16, words, 64, &st);
	assert_int_equal(st.n, 3);
	assert_int_equal(st.stop, STOP_END);
	assert_int_equal(st.frames[1].pc, 0x100d);
	assert_int_equal(st.frames[2].pc, 0x1041);
	assert_int_equal(st.frames[2].flags, FRAME_CALL | FRAME_GUESSED);
	/* It does not begin that way. */
	unwind_bare(s, 0x1030, BARE_STACK + 48, words, 64, &st);
	assert_int_equal(st.n, 1);
	assert_int_equal(st.stop, STOP_NO_CFI);
	unwind_bare(s, 0x1030, 0, words, 64, &st);
	assert_int_equal(st.stop, STOP_NO_CFI);
	/* It leaves the stack copy. */
	unwind_bare(s, 0x1030, BARE_STACK + 16, words, 6, &st);
	assert_int_equal(st.n, 2);
	assert_int_equal(st.stop, STOP_TRUNCATED);
	/* A return address behind something else than a call. */
	words[3] = 0x1008;
	unwind_bare(s, 0x1030, BARE_STACK + 16, words, 64, &st);
	assert_int_equal(st.n, 1);
	assert_int_equal(st.stop, STOP_NO_CFI);
	/* A leaf; then nothing leads on. */
	words[0] = 0x1012;
	unwind_bare(s, 0x1030, 0, words, 64, &st);
	assert_int_equal(st.n, 2);
	assert_int_equal(st.frames[1].pc, 0x1012);
	assert_int_equal(st.stop, STOP_NO_CFI);
	/* The program's entry point is a root. */
	unwind_bare(started, 0x1030, 0, words, 64, &st);
	assert_int_equal(st.n, 1);
	assert_int_equal(st.stop, STOP_END);
	/* A file that could not be read. */
	words[0] = 0;
	unwind_bare(s, 0x4010, 0, words, 64, &st);
	assert_int_equal(st.n, 1);
	assert_int_equal(st.stop, STOP_NO_MAP);
	/* A trampoline without CFI is known by its code. */
	words[0] = 0;
	words[168 / 8] = 0x1030;
	words[160 / 8] = BARE_STACK + 256;
	words[120 / 8] = 0;
	words[256 / 8] = 0x100d;
	unwind_bare(s, 0x1020, 0, words, 64, &st);
	assert_int_equal(st.n, 3);
	assert_int_equal(st.frames[0].flags, FRAME_SIGNAL);
	assert_int_equal(st.frames[1].pc, 0x1030);
	assert_int_equal(st.frames[1].flags, 0);
	assert_int_equal(st.frames[2].pc, 0x100d);
	space_put(s);
	space_put(started);
}

/* --- tests: caches ------------------------------------------------------------------ */

static void test_caches(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	struct space *first = space, *second = space_new();
	struct unwind_stats before;
	struct stack a, b;

	for (uint32_t i = 0; i < space->vmas.n; i++)
		space_map(second, &space->vmas.v[i]);
	unwind_sample(cfi, first_of(DEEP), &a);
	before = *unwinder_stats(cfi);
	assert_true(before.l1_hits > 0); /* recursion */
	assert_true(before.decoded > 0);
	assert_int_equal(before.l2_hits, 0);
	assert_int_equal(before.frames, a.n);

	unwind_sample(cfi, first_of(DEEP), &b);
	assert_int_equal(unwinder_stats(cfi)->decoded, before.decoded);
	assert_int_equal(unwinder_stats(cfi)->l1_hits, before.l1_hits + a.n);

	/* Another process with the same files. */
	space = second;
	unwind_sample(cfi, first_of(DEEP), &b);
	assert_int_equal(unwinder_stats(cfi)->decoded, before.decoded);
	assert_int_equal(unwinder_stats(cfi)->l1_hits, before.l1_hits + 2 * a.n);
	assert_true(stacks_equal(&a, &b) || a.frames[0].vma != b.frames[0].vma);

	/* It maps nothing any more: what was remembered of it is not used. */
	space_clear(second);
	unwind_sample(cfi, first_of(DEEP), &b);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.stop, STOP_NO_MAP);
	space = first;
	space_put(second);
	unwinder_free(cfi);
}

/* One address space after the other, with the same files: nothing is decoded anew. */
static void test_generations(void **state)
{
	struct unwinder *cfi = open_backend(UNWIND_CFI);
	struct vma last = space->vmas.v[space->vmas.n - 1];
	struct unwind_stats before;
	struct stack a, b;

	unwind_sample(cfi, first_of(NO_CFI_LEAF), &a);
	before = *unwinder_stats(cfi);
	for (unsigned i = 0; i < 140000; i++) {
		space_map(space, &last); /* changes nothing but the generation */
		unwind_sample(cfi, first_of(NO_CFI_LEAF), &b);
		assert_true(stacks_equal(&a, &b));
	}
	assert_int_equal(unwinder_stats(cfi)->decoded, before.decoded);
	unwinder_free(cfi);
}

/* --- figures ------------------------------------------------------------------------ */

static double ns_per_frame(enum unwind_backend backend, const unsigned *chosen,
			   unsigned n, unsigned rounds)
{
	struct unwinder *u = open_backend(backend);
	uint64_t start = 0, frames = 0;
	struct stack st;

	if (!u)
		return 0;
	for (unsigned round = 0; round <= rounds; round++) {
		if (round == 1) /* the first one fills the caches */
			start = clock_now_ns();
		frames = round ? frames : 0;
		for (unsigned i = 0; i < n; i++) {
			unwind_sample(u, &samples[chosen[i]], &st);
			frames += st.n;
		}
	}
	unwinder_free(u);
	return (double)(clock_now_ns() - start) / (double)frames;
}

static void compare_speed(const char *name, const unsigned *chosen, unsigned n,
			  unsigned rounds)
{
	double own = ns_per_frame(UNWIND_CFI, chosen, n, 20 * rounds);
	double libdw = ns_per_frame(UNWIND_LIBDW, chosen, n, rounds);
	double libunwind = ns_per_frame(UNWIND_LIBUNWIND, chosen, n, rounds);

	print_message(
		"%s: cfi %.1f ns/frame, libdw %.0f (%.0fx), libunwind %.0f (%.0fx)\n",
		name, own, libdw, libdw / own, libunwind, libunwind / own);
	assert_true(own < libdw);
}

/* Figures to read; asserted is only what no noise can turn around. */
static void test_speed(void **state)
{
	unsigned live[64], stepped_few[1000], lives = 0, steppeds = 0;
	struct unwinder *cfi = open_backend(UNWIND_CFI);

	for (unsigned i = 0; i < samples_n; i++) {
		uint64_t general = unwinder_stats(cfi)->general;
		enum scenario k = samples[i].scenario;
		struct stack st;

		unwind_sample(cfi, &samples[i], &st);
		if (is_guesswork(k) || unwinder_stats(cfi)->general != general)
			continue;
		if (k == STEPPED && steppeds < ARRAY_SIZE(stepped_few))
			stepped_few[steppeds++] = i;
		if (k != STEPPED && lives < ARRAY_SIZE(live))
			live[lives++] = i;
	}
	compare_speed("chosen points", live, lives, 200);
	compare_speed("stepped, without the general ones", stepped_few, steppeds, 10);
	unwinder_free(cfi);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),	    cmocka_unit_test(test_general),
		cmocka_unit_test(test_libdw),	    cmocka_unit_test(test_libunwind),
		cmocka_unit_test(test_guesses),	    cmocka_unit_test(test_signals),
		cmocka_unit_test(test_broken),	    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_depth),	    cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_garbage),	    cmocka_unit_test(test_fp),
		cmocka_unit_test(test_bare),	    cmocka_unit_test(test_caches),
		cmocka_unit_test(test_generations), cmocka_unit_test(test_speed),
	};
	int failed;

	take_samples();
	space = take_space();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	space_put(space);
	return failed;
}
