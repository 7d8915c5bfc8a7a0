#pragma once
/* The walk of page-tree.c, and what page-prune.c does to it. */
#include "page-priv.h"

/* A leg of the profile's stacks, and how far the walk is in it. */
struct leg_cursor {
	uint32_t parent, child, sibling; /* numbers of turns; 0: none */
	stack_id at, last;		 /* rows of the profile */
	uint32_t k;			 /* which frame of `at` is next */
	uint32_t frames;		 /* of the whole leg */
	uint32_t next;			 /* in the list it is in; 0: none */
	uint32_t samples;		 /* the first that ends with it; 0: none */
	double weight;			 /* with all that hangs from it */
};

/* Cursors before one frame: a node that is still to be made. */
struct walk_group {
	uint32_t list, last; /* by number of turn */
	uint32_t frame, depth;
	double weight;
};

struct page_walk {
	struct page_tree *t;
	const struct profile *p; /* whose code and stacks all have */
	struct turns turns;
	struct leg_cursor *legs;     /* [turns] */
	uint32_t *next_sample;	     /* of the same leg; samples of all profiles, see
				       walk_profile */
	uint32_t *group_of;	     /* [frames] its group on the pile + 1 */
	VEC(struct walk_group) pile; /* the next one last */
	uint32_t depth;		     /* of the node made last */
	VEC(uint32_t) path;	     /* [depth] frames */
	/* What stands on a node below this weight is left out, but for the innermost
	 * `ends` frames of each sample. */
	double least;
	uint32_t ends;

	double scale[PAGE_PROFILES][PROFILE_VALUES_MAX]; /* value -> weight */
	struct prune *prune;
};

/* Of a number that counts through the samples of all profiles; *sample becomes its own. */
static inline unsigned walk_profile(const struct page_walk *w, uint32_t *sample)
{
	uint32_t n = w->p->samples.n;

	if (*sample < n)
		return 0;
	*sample -= n;
	return 1;
}
static inline struct page_span leg_span(const struct page_walk *w,
					const struct leg_cursor *leg)
{
	return w->t->frames.spans[w->p->stacks.v[leg->at].location];
}
static inline uint32_t leg_frame(const struct page_walk *w, const struct leg_cursor *leg)
{
	return page_span_frame(&w->t->frames, leg_span(w, leg), leg->k);
}
/* How many frames are ahead. */
static inline uint32_t leg_rest(const struct page_walk *w, const struct leg_cursor *leg)
{
	uint32_t n = 0;

	for (stack_id row = leg->at; row <= leg->last; row++)
		n += w->t->frames.spans[w->p->stacks.v[row].location].n;
	return n - leg->k;
}
/* Makes a node; its parent is the node made last of that depth - 1. */
uint32_t walk_node(struct page_walk *w, uint32_t frame, uint32_t depth);
/* Makes nodes that stand on one another, the first one at @depth; returns the last. Nothing
 * that is not left out may stand on them. */
uint32_t walk_nodes(struct page_walk *w, const uint32_t *frames, uint32_t n,
		    uint32_t depth);
void walk_add_sample(struct page_walk *w, uint32_t sample, uint32_t node);

/* Decides what is kept; the weights of legs are there. */
void walk_choose(struct page_walk *w, uint32_t max_nodes);
/* What the list leads to, which stands on the node made last, is not kept. */
void walk_leave_out(struct page_walk *w, uint32_t list);
void walk_choose_done(struct page_walk *w);
