/* The cfi backend: from frame to frame by rules out of a cache. A frame whose rule is
 * cached costs one probe of the cache and two or three loads from the stack copy; nothing
 * here allocates but the growing memo.
 *
 * L1 is direct-mapped by (file, vaddr) and belongs to this unwinder; L2 has the same key
 * and room for all. Whose process it is does not matter: a thousand of one program decode
 * each pc once, and the next one finds L1 filled. */
#include <errno.h>
#include <stdlib.h>

#include <profd/mem.h>

#include "unwind-priv.h"

#define L1_SLOTS 8192 /* 128 KiB; quality.unwind of run.json tells how many hit */
/* Each step waits for the one before. The kernel has put the copy into another CPU's
 * cache, and frames are too far apart for the CPU to see a sequence: asking for what lies
 * some frames ahead hides that. */
#define AHEAD_BYTES 512
#define AHEAD_LINES 3

struct l1_slot {
	uint64_t key; /* memo_key; 0: empty, ids of files begin at 1 */
	union rule rule;
};
_Static_assert(sizeof(struct l1_slot) == 16, "four slots to a cache line");

struct cfi {
	struct l1_slot l1[L1_SLOTS];
	struct map memo; /* memo_key -> rule */
};

static void cfi_flush(struct unwinder *u)
{
	struct cfi *c = u->state;

	memset(c->l1, 0, sizeof(c->l1));
	map_done(&c->memo);
}

static int cfi_init(struct unwinder *u, struct error *err)
{
	u->state = xcalloc(1, sizeof(struct cfi));
	return 0;
}

static void cfi_done(struct unwinder *u)
{
	struct cfi *c = u->state;

	map_done(&c->memo);
	free(c);
}

static __attribute__((noinline)) union rule rule_lookup(struct cfi *c, struct walk *w,
							uint64_t vaddr, uint64_t key)
{
	struct unwinder *u = w->u;
	union rule rule = {.u = map_find(&c->memo, key)};

	if (rule.u) {
		u->stats.l2_hits++;
		return rule;
	}
	u->stats.decoded++;
	rule = rule_broken(rule_decode(w->vma->obj, vaddr), u->broken);
	if (c->memo.n >= MEMO_MAX)
		map_done(&c->memo);
	map_put(&c->memo, key, rule.u);
	return rule;
}

/* @salt: key_salt(key), the same for all keys of a file. */
static inline struct l1_slot *slot_of(struct cfi *c, uint64_t key, uint64_t salt)
{
	return &c->l1[(key ^ key >> 13 ^ salt) % L1_SLOTS];
}

static inline uint64_t key_salt(uint64_t key)
{
	return (key >> MEMO_ID_SHIFT) * 61;
}

static inline union rule rule_get(struct cfi *c, struct walk *w)
{
	uint64_t vaddr = vma_vaddr(w->vma, walk_lookup(w)), key;
	struct objfile *o = w->vma->obj;
	struct l1_slot *slot;

	if (!o)
		return (union rule){.kind = RULE_NONE};
	if (!memo_key(o, vaddr, &key)) {
		w->u->stats.decoded++;
		return rule_broken(rule_decode(o, vaddr), w->u->broken);
	}
	slot = slot_of(c, key, key_salt(key));
	if (__builtin_expect(slot->key == key, 1)) {
		w->l1_hits++;
		return slot->rule;
	}
	slot->rule = rule_lookup(c, w, vaddr, key);
	slot->key = key;
	return slot->rule;
}

/* Where the caller's bp is. Below sp of the top frame a slot has been popped already: the
 * register holds the value again, though the CFI may still name the slot. */
static inline void restore_bp(struct walk *w, union rule rule, uint64_t cfa)
{
	uint64_t addr;

	if (rule.bk == BP_SAME)
		return;
	if (rule.bk == BP_UNDEFINED) {
		w->bp_known = false;
		return;
	}
	addr = (rule.bk == BP_AT_CFA ? cfa : w->bp) + (uint64_t)(int64_t)rule.bp8 * 8;
	if (rule.bk == BP_AT_BP && !w->bp_known)
		return;
	if (addr < w->sp && w->top)
		return;
	w->bp_known = addr >= w->sp && walk_read(w, addr, &w->bp);
}

/* Returns to where the rule says, and to sp = CFA. */
static inline int step_return(struct walk *w, union rule rule, uint64_t cfa)
{
	uint64_t ra;
	int step = arch_return_address(w, rule, cfa, &ra);

	if (step != STEP_ON)
		return step;
	if (!ra)
		return STOP_END;
	restore_bp(w, rule, cfa);
	w->sp = cfa;
	if (ARCH_CHAIN_LOSES_SP)
		w->sp_lost = false;
	w->top = false;
	return walk_push(w, ra, FRAME_CALL);
}

static int step_deref(struct walk *w, union rule rule)
{
	bool from_sp = (rule.kind & RULE_KIND_MASK) == RULE_SP_DEREF;
	uint64_t addr = (from_sp ? w->sp : w->bp) + (uint64_t)(int16_t)rule.off, cfa;

	if (!from_sp && !w->bp_known)
		return STOP_BAD_SP;
	if (!walk_read(w, addr, &cfa))
		return STOP_TRUNCATED;
	return step_return(w, rule, cfa + (uint64_t)(int16_t)(rule.off >> 16));
}

static int step_ra_reg(struct walk *w, union rule rule)
{
	uint64_t cfa = w->sp + (uint64_t)(int64_t)rule.off, ra;

	if (!w->top)
		return STEP_GENERAL;
	if (!walk_top_reg(w, rule.kind >> RULE_REG_SHIFT, &ra) || cfa < w->sp)
		return STOP_BAD_SP;
	if (rule.ra_signed)
		ra = arch_strip(ra);
	if (!ra)
		return STOP_END;
	restore_bp(w, rule, cfa);
	w->sp = cfa;
	w->top = false;
	return walk_push(w, ra, FRAME_CALL);
}

/* Behind a frame without CFI. This one has some, and in what compilers make with frame
 * pointers, bp is where the rule has it saved: that gives the CFA. */
static int step_record(struct walk *w, union rule rule)
{
	if (!w->bp_known || rule.bk != BP_AT_CFA)
		return walk_guess(w);
	return step_return(w, rule, w->bp - (uint64_t)(int64_t)rule.bp8 * 8);
}

static __attribute__((noinline)) int step_rare(struct walk *w, union rule rule)
{
	uint64_t off = (uint64_t)(int64_t)rule.off, value;

	switch (rule.kind & RULE_KIND_MASK) {
	case RULE_SP: /* and sp is lost */
		return step_record(w, rule);
	case RULE_BP: /* and bp is not known */
		return STOP_BAD_SP;
	case RULE_SP_DEREF:
	case RULE_BP_DEREF:
		return step_deref(w, rule);
	case RULE_PLT:
		off += (w->pc & 15) >= (uint64_t)rule.bp8 ? 8 : 0;
		return step_return(w, rule, w->sp + off);
	case RULE_SIGRETURN:
		return walk_signal(w, w->sp + off);
	case RULE_REG:
		if (!w->top)
			return STEP_GENERAL;
		if (!walk_top_reg(w, rule.kind >> RULE_REG_SHIFT, &value))
			return STOP_BAD_SP;
		return step_return(w, rule, value + off);
	case RULE_RA_REG:
		return step_ra_reg(w, rule);
	case RULE_END:
		return STOP_END;
	case RULE_NONE:
		return walk_guess(w);
	default:
		return STEP_GENERAL;
	}
}

/* RULE_SP or RULE_BP, and BP_SAME or BP_AT_CFA: what compilers make of nearly every
 * function. */
static inline bool is_usual(union rule rule)
{
	_Static_assert(RULE_SP == 1 && RULE_BP == 2 && BP_SAME == 0 && BP_AT_CFA == 1,
		       "one comparison");
	return !((rule.u - 1) & 0xfefe);
}

/* The executable mapping that a loop is in, and what the keys of its places begin
 * with. */
struct module {
	const struct vma *vma;
	uint64_t start, bytes;
	uint64_t key_bias; /* pc + key_bias = memo_key */
	uint64_t salt;	   /* of all of them */
};

/* False: nothing of it is in L1. */
static bool module_enter(struct module *m, const struct vma *v)
{
	uint64_t first, last;

	if (!v || !v->obj || !memo_key(v->obj, vma_vaddr(v, v->start), &first) ||
	    !memo_key(v->obj, vma_vaddr(v, v->end - 1), &last) ||
	    last - first != v->end - 1 - v->start)
		return false;
	*m = (struct module){v, v->start, v->end - v->start, first - v->start,
			     key_salt(first)};
	return true;
}

/* Goes on as long as frames are usual, where a call pushes the return address; the first
 * frame that is not is left to the caller, whatever the reason, and so are the checks
 * that say why. sp and bp are offsets in the stack copy here. What is one or the other
 * thing at random from frame to frame is selected, not branched on: a stack's next frame
 * cannot be predicted. */
static void walk_usual(struct cfi *c, struct walk *w)
{
	const uint64_t sp0 = w->in->regs->r[DWREG_SP], readable = w->readable_bytes;
	const uint8_t *stack = w->in->stack;
	uint64_t pc = w->pc, sp = w->sp - sp0, bp = w->bp - sp0;
	struct frame *f = w->frames + w->n, *end = w->frames + w->max;
	struct module m;

	if (!module_enter(&m, w->vma))
		return;
	for (; f < end; f++) {
		uint64_t key = pc - 1 + m.key_bias, base, ra_off, bp_off, saved;
		const struct l1_slot *slot = slot_of(c, key, m.salt);
		union rule rule = slot->rule;

		if (slot->key != key || !is_usual(rule))
			break;
		base = rule.kind & RULE_BP ? bp : sp;
		ra_off = base + (uint64_t)(int64_t)rule.off - 8;
		if (ra_off < sp || ra_off >= readable)
			break;
		/* With BP_SAME the return address is read twice, and one of them
		 * forgotten. */
		bp_off = ra_off +
			 ((uint64_t)((int64_t)rule.bp8 * 8 + 8) & -(uint64_t)rule.bk);
		if (bp_off < sp || bp_off > ra_off)
			break;
		for (unsigned i = 0; i < AHEAD_LINES; i++)
			__builtin_prefetch(stack + ra_off + AHEAD_BYTES + i * 64);
		memcpy(&pc, stack + ra_off, sizeof(pc));
		memcpy(&saved, stack + bp_off, sizeof(saved));
		if (pc - 1 - m.start >= m.bytes &&
		    (!pc || !module_enter(&m, space_find(w->in->space, pc - 1))))
			break;
		bp = rule.bk ? saved - sp0 : bp;
		sp = ra_off + 8;
		*f = (struct frame){pc, m.vma, FRAME_CALL};
	}
	w->l1_hits += (unsigned)(f - w->frames) - w->n;
	w->n = (unsigned)(f - w->frames);
	w->pc = f[-1].pc;
	w->vma = f[-1].vma;
	w->sp = sp + sp0;
	w->bp = bp + sp0;
}

static int walk_rules(struct cfi *c, struct walk *w)
{
	int step;

	do {
		union rule rule;
		uint64_t base;

		if (ARCH_RA_PUSHED && !w->top && w->bp_known)
			walk_usual(c, w);
		rule = rule_get(c, w);
		if (rule.kind == RULE_SP && !(ARCH_CHAIN_LOSES_SP && w->sp_lost)) {
			base = w->sp;
		} else if (rule.kind == RULE_BP && w->bp_known) {
			base = w->bp;
		} else {
			step = step_rare(w, rule);
			continue;
		}
		step = step_return(w, rule, base + (uint64_t)(int64_t)rule.off);
	} while (step == STEP_ON);
	return step;
}

static unsigned cfi_unwind(struct unwinder *u, const struct unwind_input *in,
			   struct frame *frames, unsigned max, enum unwind_stop *ret_stop)
{
	struct cfi *c = u->state;
	struct walk w;
	int step = walk_start(&w, u, in, frames, max);

	if (step == STEP_ON)
		step = u->force_general ? STEP_GENERAL : walk_rules(c, &w);
	if (step == STEP_GENERAL) {
		u->stats.general++;
		walk_start(&w, u, in, frames, max);
		step = general_unwind(&w);
	}
	u->stats.l1_hits += w.l1_hits;
	*ret_stop = (enum unwind_stop)step;
	return w.n;
}

const struct unwind_ops unwind_cfi_ops = {
	.name = "cfi",
	.init = cfi_init,
	.done = cfi_done,
	.unwind = cfi_unwind,
	.flush = cfi_flush,
};
