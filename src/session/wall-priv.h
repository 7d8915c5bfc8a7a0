#pragma once
/* Shared by wall.c, which counts where threads spend their time, and wall-states.c, which
 * shows it. */
#include "blocked-priv.h"
#include "session-priv.h"

struct wall_place { /* where an interval off the CPU was spent */
	stack_id stack;
	enum unwind_stop stop;
	uint32_t state;
};

struct wall_thread {
	uint32_t pid, tid;
	uint32_t before, after; /* row + 1 of others of the process; 0: none */
	bool told; /* by accounts: not running then, placed is where it stands still */
	bool running;
	bool fresh;	   /* off the CPU, and never on it so far */
	uint64_t since_ns; /* of that */
	uint64_t start_ns;
	uint64_t pending_ns; /* on the CPU before since_ns, without a sample yet */
	bool preempted;
	bool placed; /* where is known for the present interval, or the next */
	struct wall_place place;
	bool seen; /* and this was read from outside, between these times */
	struct wall_place sight;
	uint64_t seen_begin_ns, seen_end_ns;
	uint64_t carry_ns[2]; /* short intervals without a stack: blocked, preempted */
	stack_id sampled;     /* told: where it was on the CPU last; 0: nowhere */
	labels_id sampled_labels;
	uint32_t comm, thread;
	labels_id labels;
};

struct wall_row {
	stack_id stack;
	labels_id labels;
	uint32_t state;
	int64_t count, ns;
};

struct wall {
	VEC(struct wall_thread) threads;
	VEC(uint32_t) unused;	   /* rows of threads, of those that have exited */
	struct map by_tid;	   /* tid -> row + 1 */
	struct map by_pid;	   /* pid -> row + 1 of its latest thread */
	VEC(struct wall_row) rows; /* row 0 is unused */
	struct index row_index;
	bool lost; /* a fork may be among what was */
	struct profile *profile;
};

/* Times of a capture may be anything: sums end at the largest number that there is. */
static inline int64_t wall_limited(uint64_t ns)
{
	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static inline void wall_sum(int64_t *sum, uint64_t ns)
{
	if (__builtin_add_overflow(*sum, wall_limited(ns), sum))
		*sum = INT64_MAX;
}
