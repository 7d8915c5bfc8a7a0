/* Stacks larger than their copy. The kernel copies less than 64 KiB, and ends at the
 * first page that is not in memory, as in the middle of a large array; what lies beyond
 * is still in the process, whose outer frames rest while inner ones run. So it is read
 * from there, some milliseconds late, and then has to be believed. Three checks:
 *
 * - The outermost part of the copy has to be in memory still: a thread that returned from
 *   there and called others would have overwritten it.
 * - The frames found in the copy are found again.
 * - The chain of outer frames is the same for a dozen looks at this thread, between
 *   which it ran for some milliseconds. A thread that goes down one way from two callers in turn leaves
 *   the same bytes in the copy both times; only the coming and going of the outer frames
 *   gives it away. Samples wait for this.
 *
 * That is evidence, not proof, so such stacks carry a label in the profile and their
 * share is reported; what fails a check stays a truncated stack. */
#include "session-priv.h"

#include <string.h>

#include <profd/clock.h>

#define DEEP_MAX_BYTES ((size_t)16 << 20) /* of one stack; the default limit is 8 MiB */
#define FIRST_BYTES ((size_t)64 << 10)	  /* to begin with */
/* Compared: so much, or half of a smaller copy, or all of a very small one. */
#define OVERLAP_BYTES ((size_t)4096)
#define COPY_SMALL_BYTES ((size_t)512)
#define COPY_MIN_BYTES ((size_t)16)
/* Suspended frames may have locals that inner ones write to: of the words compared, this
 * many in a hundred have to be the same. */
#define OVERLAP_SAME 90u
/* Of two chains that take turns by chance, a look is in a run of 12 or more with a
 * probability of 13 / 2^12. */
#define LOOKS 12u
#define LOOK_NS (NSEC_PER_SEC / 1000)
#define CHAIN_MAX 4096u

struct held {
	struct shot cut, whole;
};

struct deep_thread {
	uint32_t tid;
	uint32_t looks;	     /* at the present chain */
	uint64_t look_ns;    /* the last of them */
	uint64_t since_ns;   /* the first, if there was another chain before; else 0 */
	VEC(uint64_t) chain; /* pcs of the outer frames, the root first */
	VEC(struct held) held;
};

struct deep {
	uint8_t *stack;	      /* [DEEP_MAX_BYTES], touched as far as needed */
	struct frame *frames; /* [max_depth + 1]: those found in the copy alone */
	VEC(struct deep_thread) threads;
	VEC(uint32_t) unused; /* rows of threads, of those that have exited */
	struct map by_tid;    /* tid -> row + 1 */
};

static struct deep *deep_new(const struct session *ses)
{
	struct deep *d = xcalloc(1, sizeof(*d));

	d->stack = xmalloc(DEEP_MAX_BYTES);
	d->frames = xcalloc(ses->options.max_depth + 1, sizeof(*d->frames));
	return d;
}

struct deep *deep_free(struct deep *d)
{
	if (!d)
		return NULL;
	for (uint32_t i = 0; i < d->threads.n; i++) {
		vec_done(&d->threads.v[i].chain);
		vec_done(&d->threads.v[i].held);
	}
	vec_done(&d->threads);
	vec_done(&d->unused);
	map_done(&d->by_tid);
	free(d->stack);
	free(d->frames);
	free(d);
	return NULL;
}

/* --- reading on --------------------------------------------------------------------- */

static size_t overlap_bytes(const struct unwind_input *in)
{
	size_t n = in->stack_bytes;

	if (n > COPY_SMALL_BYTES)
		n /= 2;
	return (n < OVERLAP_BYTES ? n : OVERLAP_BYTES) & ~(size_t)7;
}

static bool overlap_same(const uint8_t *copied, const uint8_t *live, size_t n)
{
	size_t words = n / 8, same = 0;

	for (size_t i = 0; i < words; i++)
		same += !memcmp(copied + 8 * i, live + 8 * i, 8);
	return same * 100 >= words * OVERLAP_SAME;
}

/* Fills d->stack with @in's copy up to its overlap and with memory from there on, to
 * @size bytes. Returns how many there are, 0 when the two do not fit. */
static size_t deep_read(struct session *ses, const struct unwind_input *in, size_t size,
			uint64_t *ret_time_ns)
{
	const struct outside *o = &ses->options.outside;
	uint8_t *stack = ses->deep->stack;
	size_t overlap = overlap_bytes(in), keep = in->stack_bytes - overlap;
	uint64_t sp = in->regs->r[DWREG_SP];
	ssize_t got = o->ops->memory(o->arg, in->pid, sp + keep, stack + keep,
				     size - keep, ret_time_ns);

	if (got <= (ssize_t)overlap ||
	    !overlap_same(in->stack + keep, stack + keep, overlap))
		return 0;
	memcpy(stack, in->stack, keep);
	return keep + (size_t)got;
}

static bool frames_same(const struct frame *a, const struct frame *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (a[i].pc != b[i].pc)
			return false;
	}
	return true;
}

static unsigned give_up(struct session *ses, unsigned n)
{
	memcpy(ses->frames, ses->deep->frames, n * sizeof(*ses->frames));
	return 0;
}

unsigned deep_unwind(struct session *ses, const struct unwind_input *in, unsigned n,
		     enum unwind_stop *ret_stop, uint64_t *ret_time_ns)
{
	struct unwind_input more = *in;
	enum unwind_stop stop = STOP_TRUNCATED;
	size_t size = FIRST_BYTES / 2;
	unsigned total = n;

	if (in->stack_bytes < COPY_MIN_BYTES || in->stack_bytes > DEEP_MAX_BYTES / 2)
		return 0;
	if (!ses->deep)
		ses->deep = deep_new(ses);
	memcpy(ses->deep->frames, ses->frames, n * sizeof(*ses->frames));
	more.stack = ses->deep->stack;
	if (in->stack_bytes > FIRST_BYTES / 2)
		size = in->stack_bytes;
	while (stop == STOP_TRUNCATED) {
		size = size * 2 < DEEP_MAX_BYTES ? size * 2 : DEEP_MAX_BYTES;
		more.stack_bytes = deep_read(ses, in, size, ret_time_ns);
		if (!more.stack_bytes)
			return give_up(ses, n);
		total = unwind(ses->unwinder, &more, ses->frames, ses->options.max_depth,
			       &stop);
		if (total < n || !frames_same(ses->frames, ses->deep->frames, n))
			return give_up(ses, n);
		if (more.stack_bytes < size || size == DEEP_MAX_BYTES)
			break;
	}
	*ret_stop = stop;
	return total > n ? total : 0;
}

/* --- believing it ------------------------------------------------------------------- */

static uint32_t thread_row(struct deep *d, uint32_t tid)
{
	uint64_t row = map_find(&d->by_tid, tid);

	if (row)
		return (uint32_t)row - 1;
	if (d->unused.n) {
		row = d->unused.v[--d->unused.n];
	} else {
		row = d->threads.n;
		vec_add(&d->threads);
	}
	d->threads.v[row].tid = tid;
	map_put(&d->by_tid, tid, row + 1);
	return (uint32_t)row;
}

/* Counts what waits for thread @row: as a whole, or cut. */
static void release(struct session *ses, uint32_t row, bool whole)
{
	struct deep_thread *t = &ses->deep->threads.v[row];

	for (uint32_t i = 0; i < t->held.n; i++)
		shot_count(ses, whole ? &t->held.v[i].whole : &t->held.v[i].cut);
	t->held.n = 0;
}

/* From the root inwards, as far as both go: a thread that is deeper in the same recursion
 * has the same chain. */
static bool chain_same(const struct deep_thread *t, const struct frame *frames,
		       unsigned total, unsigned n)
{
	for (uint32_t i = 0; i < t->chain.n && i < total - n; i++) {
		if (t->chain.v[i] != frames[total - 1 - i].pc)
			return false;
	}
	return true;
}

static void chain_set(struct deep_thread *t, const struct frame *frames, unsigned total,
		      unsigned n)
{
	t->chain.n = 0;
	for (uint32_t i = 0; i < total - n && i < CHAIN_MAX; i++)
		vec_push(&t->chain, frames[total - 1 - i].pc);
}

/* Another chain than at the last look: whoever waits is decided on. */
static void chain_change(struct session *ses, uint32_t row, uint64_t read_ns, unsigned n,
			 unsigned total)
{
	struct deep_thread *t = &ses->deep->threads.v[row];

	release(ses, row, t->looks >= LOOKS);
	t->since_ns = t->looks ? read_ns : 0;
	t->looks = 0;
	chain_set(t, ses->frames, total, n);
}

/* The thread has run since the last one. Many samples that are read in one go find it
 * standing where its CPU was taken from it, by another program or by the machine's host:
 * that is one look. */
static bool is_another_look(const struct deep_thread *t, const struct deep_look *look)
{
	return look->sample_ns > t->look_ns && look->read_ns - t->look_ns >= LOOK_NS;
}

void deep_hold(struct session *ses, uint32_t tid, const struct deep_look *look,
	       const struct shot *cut, const struct shot *whole)
{
	struct deep *d = ses->deep;
	uint32_t row = thread_row(d, tid);
	struct deep_thread *t = &d->threads.v[row];

	/* The frame at the cut is no root: chains cannot be laid side by side. */
	if (whole->stop == STOP_DEPTH) {
		shot_count(ses, whole);
		return;
	}
	if (!t->looks || !chain_same(t, ses->frames, look->total, look->copied))
		chain_change(ses, row, look->read_ns, look->copied, look->total);
	else if (t->chain.n < look->total - look->copied)
		chain_set(t, ses->frames, look->total, look->copied);
	if (!t->looks || is_another_look(t, look)) {
		t->looks++;
		t->look_ns = look->read_ns;
	}
	/* Sampled before the change was seen, perhaps before it happened. */
	if (look->sample_ns < t->since_ns) {
		shot_count(ses, cut);
		return;
	}
	vec_push(&t->held, ((struct held){*cut, *whole}));
	if (t->looks >= LOOKS)
		release(ses, row, true);
}

void deep_exit(struct session *ses, uint32_t tid)
{
	struct deep *d = ses->deep;
	uint64_t row = d ? map_find(&d->by_tid, tid) : 0;
	struct deep_thread *t;

	if (!row)
		return;
	t = &d->threads.v[--row];
	release(ses, (uint32_t)row, t->looks >= LOOKS);
	vec_done(&t->chain);
	vec_done(&t->held);
	*t = (struct deep_thread){0};
	map_remove(&d->by_tid, tid);
	vec_push(&d->unused, (uint32_t)row);
}

void deep_finish(struct session *ses)
{
	for (uint32_t i = 0; ses->deep && i < ses->deep->threads.n; i++)
		release(ses, i, ses->deep->threads.v[i].looks >= LOOKS);
}
