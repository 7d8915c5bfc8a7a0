/* The fp backend: follows the frame pointer and believes it. Right for programs built
 * with frame pointers, and what a kernel's own walk would give; every frame it finds is
 * marked as guessed. */
#include "unwind-priv.h"

static int fp_init(struct unwinder *u, struct error *err)
{
	return 0;
}

static void fp_done(struct unwinder *u)
{
}

static int step_chain(struct walk *w)
{
	uint64_t bp, ra;

	if (!w->bp_known)
		return STOP_BAD_SP;
	if (!w->bp) /* the outermost frame: walk.c, guess_chain */
		return STOP_END;
	if (w->bp < w->sp)
		return STOP_BAD_SP;
	if (!walk_read(w, w->bp, &bp) || !walk_read(w, w->bp + 8, &ra))
		return STOP_TRUNCATED;
	if (!ra)
		return STOP_END;
	w->sp = w->bp + 16;
	w->bp = bp;
	w->u->stats.guessed++;
	return walk_push(w, arch_strip(ra), FRAME_CALL | FRAME_GUESSED);
}

static unsigned fp_unwind(struct unwinder *u, const struct unwind_input *in,
			  struct frame *frames, unsigned max, enum unwind_stop *ret_stop)
{
	struct walk w;
	int step = walk_start(&w, u, in, frames, max);

	while (step == STEP_ON)
		step = step_chain(&w);
	*ret_stop = (enum unwind_stop)step;
	return w.n;
}

const struct unwind_ops unwind_fp_ops = {
	.name = "fp",
	.init = fp_init,
	.done = fp_done,
	.unwind = fp_unwind,
};
