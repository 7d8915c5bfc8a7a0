/* One stack being walked: where it begins, how it goes on behind a signal handler, and
 * what to try where there is no CFI (hand-written assembly, JIT code, Go). A guess is
 * only taken where it leads to code behind a call instruction, and its frame is
 * marked. */
#include "unwind-priv.h"

int walk_start(struct walk *w, struct unwinder *u, const struct unwind_input *in,
	       struct frame *frames, unsigned max)
{
	const uint64_t needed = 1ull << DWREG_PC | 1ull << DWREG_SP;
	const struct regs *regs = in->regs;

	*w = (struct walk){
		.u = u,
		.in = in,
		.readable_bytes = u->measuring ? 0 : walk_readable_bytes(in),
		.pc = regs->valid >> DWREG_PC & 1 ? regs->r[DWREG_PC] : 0,
		.sp = regs->r[DWREG_SP],
		.bp = regs->r[DWREG_FP],
		.bp_known = regs->valid >> DWREG_FP & 1,
		.top = true,
		.frames = frames,
		.n = 1,
		.max = max,
	};
	if ((regs->valid & needed) == needed)
		w->vma = space_find(in->space, w->pc);
	frames[0] = (struct frame){.pc = w->pc, .vma = w->vma};
	if ((regs->valid & needed) != needed)
		return STOP_NO_USER;
	return w->vma ? STEP_ON : STOP_NO_MAP;
}

void walk_note(const struct walk *w, uint64_t end)
{
	if (w->u->extent_bytes < end)
		w->u->extent_bytes = end;
}

bool walk_read_far(const struct walk *w, uint64_t off, uint64_t *ret_value)
{
	struct unwinder *u = w->u;

	if (!u->measuring || off >= walk_readable_bytes(w->in))
		return false;
	walk_note(w, off + sizeof(*ret_value));
	memcpy(ret_value, w->in->stack + off, sizeof(*ret_value));
	return true;
}

bool walk_top_reg(const struct walk *w, unsigned reg, uint64_t *ret_value)
{
	if (w->uc)
		return walk_read(w, w->uc + arch_ucontext_off[reg], ret_value);
	if (!(w->in->regs->valid >> reg & 1))
		return false;
	*ret_value = w->in->regs->r[reg];
	return true;
}

int walk_signal(struct walk *w, uint64_t uc)
{
	struct frame *trampoline = &w->frames[w->n - 1];
	uint64_t pc, sp, bp;

	trampoline->flags = (trampoline->flags & ~(uint32_t)FRAME_CALL) | FRAME_SIGNAL;
	if (!walk_read(w, uc + arch_ucontext_off[DWREG_PC], &pc) ||
	    !walk_read(w, uc + arch_ucontext_off[DWREG_SP], &sp) ||
	    !walk_read(w, uc + arch_ucontext_off[DWREG_FP], &bp))
		return STOP_TRUNCATED;
	/* The handler may have run on a stack of its own: sp need not grow. */
	w->sp = sp;
	w->bp = bp;
	w->bp_known = true;
	w->sp_lost = false;
	w->top = true;
	w->uc = uc;
	return walk_push(w, pc, 0);
}

/* --- guesses ---------------------------------------------------------------------- */

/* Questions about the code at an address. Their answers are remembered, two bits each,
 * because reading the file is a system call. */
enum look {
	LOOK_BEHIND_CALL = 0,
	LOOK_TRAMPOLINE = 2, /* musl's and Go's have no CFI */
};

static bool look_at_code(const struct objfile *o, uint64_t vaddr, enum look look)
{
	uint8_t bytes[16];
	size_t n = look == LOOK_TRAMPOLINE ? ARCH_SIGRETURN_BYTES : ARCH_CALL_BYTES;

	_Static_assert(ARCH_SIGRETURN_BYTES <= 16 && ARCH_CALL_BYTES <= 16, "bytes");
	if (look == LOOK_BEHIND_CALL) {
		if (vaddr < n)
			return false;
		vaddr -= n;
	}
	if (objfile_read(o, vaddr, bytes, n) != n)
		return false;
	return look == LOOK_TRAMPOLINE ? arch_is_sigreturn(bytes) : arch_is_call(bytes);
}

static bool looks_like(struct walk *w, const struct vma *v, uint64_t pc, enum look look)
{
	struct map *looks = &w->u->looks;
	uint64_t vaddr = vma_vaddr(v, pc), key, known, answer;

	if (!memo_key(v->obj, vaddr, &key))
		return look_at_code(v->obj, vaddr, look);
	known = map_find(looks, key);
	answer = known >> look & 3;
	if (!answer) {
		answer = 1 + look_at_code(v->obj, vaddr, look);
		if (looks->n >= MEMO_MAX)
			map_done(looks);
		map_put(looks, key, known | answer << look);
	}
	return answer == 2;
}

/* Code in a file has to have called; what JIT code lies behind cannot be read. */
static bool is_plausible(struct walk *w, uint64_t ra)
{
	const struct vma *v = ra ? space_find(w->in->space, ra - 1) : NULL;

	if (!v)
		return false;
	if (v->obj)
		return looks_like(w, v, ra, LOOK_BEHIND_CALL);
	return v->kind == VMA_JIT && w->vma->kind == VMA_JIT;
}

static int guess_taken(struct walk *w, uint64_t ra, uint64_t sp)
{
	w->sp = sp;
	w->top = false;
	w->u->stats.guessed++;
	return walk_push(w, ra, FRAME_CALL | FRAME_GUESSED);
}

static int guess_failed(const struct walk *w)
{
	const struct vma *v = w->vma;

	return v->kind == VMA_FILE && !v->obj ? STOP_NO_MAP : STOP_NO_CFI;
}

/* A return address left in its register may be that of a call that the function itself
 * made, and has come back from. */
static bool is_stale(const struct walk *w, uint64_t ra)
{
	struct symbol here, there;
	const struct vma *v = w->vma;

	if (!v->obj || ra - 1 - v->start >= v->end - v->start)
		return false;
	return objfile_symbol(v->obj, vma_vaddr(v, w->pc), &here) &&
	       objfile_symbol(v->obj, vma_vaddr(v, ra - 1), &there) &&
	       here.vaddr == there.vaddr;
}

/* Go's goroutines "return" to a place that never called: goexit + 1. There rbp is 0. */
static bool is_root(const struct walk *w, uint64_t ra, uint64_t bp)
{
	return !bp && ra - w->vma->start < w->vma->end - w->vma->start;
}

/* bp holds the address of the pair (caller's bp, return address). */
static int guess_chain(struct walk *w)
{
	bool chained = w->chained_n == w->n;
	uint64_t sp = w->bp + 16, bp, ra;
	int step;

	if (!w->bp_known)
		return guess_failed(w);
	/* The outermost frame has bp = 0: x86-64's ABI, 3.4.1; AAPCS64, 6.4.6. Elsewhere
	 * it means nothing. */
	if (chained && !w->bp)
		return STOP_END;
	if (w->bp < w->sp || w->bp % 8)
		return guess_failed(w);
	if (!walk_read(w, w->bp, &bp) || !walk_read(w, w->bp + 8, &ra))
		return chained ? STOP_TRUNCATED : guess_failed(w);
	if (chained && !ra)
		return STOP_END;
	ra = arch_strip(ra);
	if (!is_plausible(w, ra) && !(chained && is_root(w, ra, bp)))
		return guess_failed(w);
	w->chained_n = w->n + 1;
	w->bp = bp;
	step = guess_taken(w, ra, sp);
	w->sp_lost = ARCH_CHAIN_LOSES_SP;
	return step;
}

/* The return address of a leaf that has saved nothing, or has restored it all again;
 * *ret_sp is what the caller's sp then is. */
static bool leaf_return(const struct walk *w, uint64_t *ret_ra, uint64_t *ret_sp)
{
	*ret_sp = w->sp + (ARCH_RA_PUSHED ? 8 : 0);
	if (ARCH_RA_PUSHED)
		return walk_read(w, w->sp, ret_ra);
	if (!walk_top_reg(w, DWREG_RA, ret_ra))
		return false;
	*ret_ra = arch_strip(*ret_ra);
	return !is_stale(w, *ret_ra);
}

/* Of a top frame that holds @ra in its register: whether it has saved it, too, and bp
 * beside it. Then sp says nothing. Right behind the saving, bp is still the caller's;
 * from here on it is not. */
static bool has_record(struct walk *w, uint64_t ra)
{
	uint64_t bp, saved;

	if (!w->bp_known)
		return false;
	if (walk_read(w, w->sp, &bp) && bp == w->bp && walk_read(w, w->sp + 8, &saved) &&
	    arch_strip(saved) == ra) {
		w->bp = w->sp;
		return true;
	}
	return walk_read(w, w->bp + 8, &saved) && arch_strip(saved) == ra;
}

int walk_guess(struct walk *w)
{
	uint64_t ra, sp;

	if (w->vma->obj && !objfile_is_64bit(w->vma->obj))
		return STOP_NO_CFI;
	if (w->vma->obj && looks_like(w, w->vma, w->pc, LOOK_TRAMPOLINE))
		return walk_signal(w, w->sp + ARCH_UCONTEXT_OFF);
	if (w->top && w->vma->kind != VMA_JIT && leaf_return(w, &ra, &sp) &&
	    is_plausible(w, ra) && (ARCH_RA_PUSHED || !has_record(w, ra)))
		return guess_taken(w, ra, sp);
	return guess_chain(w);
}
