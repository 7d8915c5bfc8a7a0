#pragma once
/* What the page's script reads, between the files that make it: frames, the tree of
 * stacks, the rows of samples. man/profd-internals.7 has the form of the bytes. */
#include "format-priv.h"

/* At most two profiles on a page; they share strings, code, stacks and label sets. */
#define PAGE_PROFILES 2u
/* More nodes than this are not kept, give or take what branches in their last ones. */
#define PAGE_NODES_MAX 131072u
/* Longer names are cut in the middle. */
#define PAGE_NAME_BYTES 2048u

/* --- frames ----------------------------------------------------------------------- */

/* A function (or a module, for code without one) as one kind of code. Frame 0 is what
 * stands for frames that were left out. */
struct page_frame {
	string_id name;
	function_id function; /* 0: none, the name is that of a module */
	string_id module;     /* file name of the mapping */
	uint32_t kind;	      /* enum flame_kind */
};

/* The frames of a location, outermost first: `first` itself if it is one, else they are
 * listed from there on. */
struct page_span {
	uint32_t first, n;
};

struct page_frames {
	const struct profile *p;
	VEC(struct page_frame) rows;
	struct index by_fields;
	uint32_t *latest;	 /* [functions] the last frame that is of it */
	struct page_span *spans; /* [locations] */
	VEC(uint32_t) listed;
};
void page_frames_init(struct page_frames *f, const struct profile *p);
void page_frames_done(struct page_frames *f);
static inline uint32_t page_span_frame(const struct page_frames *f, struct page_span span,
				       uint32_t k)
{
	return span.n == 1 ? span.first : f->listed.v[span.first + k];
}

/* --- threads ---------------------------------------------------------------------- */

struct page_thread {
	string_id comm, name;
	int64_t pid, tid; /* 0 where it has none */
};

struct page_threads {
	const struct profile *p;
	VEC(struct page_thread) rows;
	struct index by_fields;
	uint32_t *of_labels; /* [label sets] thread + 1 */
	string_id key_comm, key_thread, key_pid, key_tid;
};
void page_threads_init(struct page_threads *t, const struct profile *p);
void page_threads_done(struct page_threads *t);
uint32_t page_thread_of(struct page_threads *t, labels_id labels);

/* --- the tree --------------------------------------------------------------------- */

/* Nodes that follow one another, the first one on the node `pops` levels below the end
 * of the strip before. */
struct page_strip {
	uint32_t pops, n;
};

/* Samples of one thread that end on one node. */
struct page_row {
	uint32_t node, thread;
};

struct page_rows {
	const struct profile *p;
	VEC(struct page_row) rows; /* by node */
	VEC(int64_t) values;	   /* [rows][p->nvalues] */
	uint32_t *of_sample;	   /* [p->samples] row + 1 */
	VEC(uint32_t) latest;	   /* [threads] its last row + 1 */
};

/* What the left out frames of a function had. */
struct page_lost {
	uint32_t frame;
	int64_t self[PROFILE_VALUES_MAX], total[PROFILE_VALUES_MAX];
};

struct page_tree {
	struct page_frames frames;
	struct page_threads threads;
	struct page_rows rows[PAGE_PROFILES];
	unsigned nprofiles;
	VEC(struct page_strip) strips;
	VEC(uint32_t) nodes; /* their frames; node 0 is the root, of no frame */
	/* What was left out: calls, samples' values (of each profile's default one) that
	 * ended in them, the largest of a single one. */
	uint64_t left_out;
	int64_t left_total[PAGE_PROFILES], left_largest[PAGE_PROFILES];
	VEC(struct page_lost) lost[PAGE_PROFILES];
};
/* @max_nodes: PAGE_NODES_MAX, or less for tests. */
void page_tree_build(struct page_tree *t, const struct profile *const *profiles,
		     unsigned nprofiles, uint32_t max_nodes);
void page_tree_done(struct page_tree *t);

/* --- differences ------------------------------------------------------------------ */

/* A section with the table of functions. Appends. */
void page_diff_table(const struct profile *p, struct text *t);

/* --- the document ----------------------------------------------------------------- */

/* The tree of @profiles, packed, in base64. @diff: their values are those of a
 * difference. */
void page_data_write(const struct profile *const *profiles, unsigned nprofiles, bool diff,
		     struct sink *out);
