/* The cfi backend: from frame to frame by rules out of a cache. A frame whose rule is cached costs
 * one probe of the cache and two or three loads from the stack copy; nothing here allocates but the
 * growing memo.
 *
 * L1 is direct-mapped by (pc, address space) and belongs to this unwinder. An address space is told
 * from others by a tag of 16 bits, drawn when its generation is first seen; when the tags run out
 * everything is forgotten and they start anew. L2 is keyed by (file, vaddr): a thousand processes of
 * one program decode each pc once. */
#include <errno.h>
#include <stdlib.h>

#include <profd/mem.h>

#include "unwind-priv.h"

#define L1_SLOTS 8192 /* 128 KiB; quality.unwind of run.json tells how many hit */
/* Each step waits for the one before. The kernel has put the copy into another CPU's cache, and frames are
 * too far apart for the CPU to see a sequence: asking for what lies some frames ahead hides that. */
#define AHEAD_BYTES 512
#define AHEAD_LINES 3
#define TAG_SHIFT 48
#define TAGS 65536

struct l1_slot {
	uint64_t key; /* tag << 48 | pc; 0: empty, tags begin at 1 */
	union rule rule;
};
_Static_assert(sizeof(struct l1_slot) == 16, "four slots to a cache line");

struct cfi {
	struct l1_slot l1[L1_SLOTS];
	struct map memo; /* memo_key -> rule */
	struct map tags; /* generation -> tag */
	uint64_t tag;
	uint32_t generation; /* that tag stands for; 0: none */
};

static void cfi_flush(struct unwinder *u)
{
	struct cfi *c = u->state;

	memset(c->l1, 0, sizeof(c->l1));
	map_done(&c->memo);
	map_done(&c->tags);
	c->generation = 0;
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
	map_done(&c->tags);
	free(c);
}

static void choose_tag(struct cfi *c, uint32_t generation)
{
	uint64_t tag = map_find(&c->tags, generation);

	if (!tag && c->tags.n == TAGS - 1) {
		memset(c->l1, 0, sizeof(c->l1));
		map_done(&c->tags);
	}
	if (!tag) {
		tag = c->tags.n + 1;
		map_put(&c->tags, generation, tag);
	}
	c->tag = tag;
	c->generation = generation;
}

static __attribute__((noinline)) union rule rule_lookup(struct cfi *c, struct walk *w,
							uint64_t lookup)
{
	union rule rule = {.kind = RULE_NONE};
	struct objfile *o = w->vma->obj;
	struct unwinder *u = w->u;
	uint64_t vaddr, key;
	bool keyed;

	if (!o)
		return rule;
	vaddr = vma_vaddr(w->vma, lookup);
	keyed = memo_key(o, vaddr, &key);
	rule.u = keyed ? map_find(&c->memo, key) : 0;
	if (rule.u) {
		u->stats.l2_hits++;
		return rule;
	}
	u->stats.decoded++;
	rule = rule_broken(rule_decode(o, vaddr), u->broken);
	if (keyed && c->memo.n >= MEMO_MAX)
		map_done(&c->memo);
	if (keyed)
		map_put(&c->memo, key, rule.u);
	return rule;
}

static inline struct l1_slot *slot_of(struct cfi *c, uint64_t lookup)
{
	return &c->l1[(lookup ^ lookup >> 13 ^ c->tag * 61) % L1_SLOTS];
}

static inline union rule rule_get(struct cfi *c, struct walk *w)
{
	uint64_t lookup = walk_lookup(w), key = c->tag << TAG_SHIFT | lookup;
	struct l1_slot *slot = slot_of(c, lookup);

	if (__builtin_expect(slot->key == key && !(lookup >> TAG_SHIFT), 1)) {
		w->l1_hits++;
		return slot->rule;
	}
	if (lookup >> TAG_SHIFT) /* the vsyscall page, or a space of 57 bits */
		return rule_lookup(c, w, lookup);
	slot->rule = rule_lookup(c, w, lookup);
	slot->key = key;
	return slot->rule;
}

/* Where the caller's bp is. Below sp of the top frame a slot has been popped already: the register
 * holds the value again, though the CFI may still name the slot. */
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

/* Behind a frame without CFI. This one has some, and in what compilers make with frame pointers, bp
 * is where the rule has it saved: that gives the CFA. */
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

/* RULE_SP or RULE_BP, and BP_SAME or BP_AT_CFA: what compilers make of nearly every function. */
static inline bool is_usual(union rule rule)
{
	_Static_assert(RULE_SP == 1 && RULE_BP == 2 && BP_SAME == 0 && BP_AT_CFA == 1,
		       "one comparison");
	return !((rule.u - 1) & 0xfefe);
}

/* Goes on as long as frames are usual, where a call pushes the return address; the first frame that is not
 * is left to the caller, whatever the reason, and so are the checks that say why. sp and bp are offsets in
 * the stack copy here. What is one or the other thing at random from frame to frame is selected, not
 * branched on: a stack's next frame cannot be predicted. */
static void walk_usual(struct cfi *c, struct walk *w)
{
	const uint64_t sp0 = w->in->regs->r[DWREG_SP], tag = c->tag << TAG_SHIFT;
	const uint64_t readable = w->readable_bytes;
	const uint64_t start = w->vma->start, span = w->vma->end - start;
	const uint8_t *stack = w->in->stack;
	uint64_t pc = w->pc, sp = w->sp - sp0, bp = w->bp - sp0;
	struct frame *f = w->frames + w->n, *end = w->frames + w->max;

	if (w->vma->end >> TAG_SHIFT)
		return;
	for (; f < end; f++) {
		const struct l1_slot *slot = slot_of(c, pc - 1);
		union rule rule = slot->rule;
		uint64_t base, ra_off, bp_off, saved;

		if (slot->key != (tag | (pc - 1)) || !is_usual(rule))
			break;
		base = rule.kind & RULE_BP ? bp : sp;
		ra_off = base + (uint64_t)(int64_t)rule.off - 8;
		if (ra_off < sp || ra_off >= readable)
			break;
		/* With BP_SAME the return address is read twice, and one of them forgotten. */
		bp_off = ra_off +
			 ((uint64_t)((int64_t)rule.bp8 * 8 + 8) & -(uint64_t)rule.bk);
		if (bp_off < sp || bp_off > ra_off)
			break;
		for (unsigned i = 0; i < AHEAD_LINES; i++)
			__builtin_prefetch(stack + ra_off + AHEAD_BYTES + i * 64);
		memcpy(&pc, stack + ra_off, sizeof(pc));
		memcpy(&saved, stack + bp_off, sizeof(saved));
		if (pc - 1 - start >= span)
			break;
		bp = rule.bk ? saved - sp0 : bp;
		sp = ra_off + 8;
		*f = (struct frame){pc, w->vma, FRAME_CALL};
	}
	w->l1_hits += (unsigned)(f - w->frames) - w->n;
	w->n = (unsigned)(f - w->frames);
	w->pc = f[-1].pc;
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
	uint32_t generation = space_generation(in->space);
	struct cfi *c = u->state;
	struct walk w;
	int step = walk_start(&w, u, in, frames, max);

	if (generation != c->generation)
		choose_tag(c, generation);
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
