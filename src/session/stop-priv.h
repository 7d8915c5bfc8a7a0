#pragma once
/* Shared between the two halves of the ptrace engine only: source-ptrace.c, who is looked
 * at when, and ptrace-stop.c, what happens to a thread until it runs again. */
#include "ptrace-priv.h"
#include "source-priv.h"

#include <signal.h>

struct halt { /* a thread that was asked to stop */
	struct watched *process;
	struct thread *thread;
	struct thread_stat stat;
	uint64_t asked_ns;   /* CLOCK_MONOTONIC */
	uint64_t gap_ns;     /* between the look at which it was asked and that before */
	struct carry *carry; /* it does the rest of a system call; else NULL */
};

struct ptrace_source {
	struct source base;
	struct launch *launch; /* NULL: nothing was */
	struct attach *attach; /* NULL: what is launched is sampled */
	struct queue queue;
	struct watch watch;
	struct times *times;	   /* NULL: not wanted */
	uint32_t first;		   /* whose turn it is to be looked at first */
	uint32_t cpus;		   /* that profd, and so the workload, may run on */
	uint32_t ready, ready_now; /* threads in state R: at the last tick, in this one */
	VEC(struct halt) halts;
	struct halt_sample sample;
	sigset_t old_mask;
	struct sigaction old_child;
	uint64_t period_ns, tick_ns; /* the next tick, CLOCK_MONOTONIC */
	uint64_t every_ns;	     /* between two ticks */
	uint64_t looked_ns;	     /* when the last one was */
	uint64_t ticked_ns, gap_ns;  /* the last tick; from the one before to it */
	bool wait_tree, wall, started, over;
	bool may_go_first, is_first; /* SCHED_FIFO */
	bool reaper;		     /* profd was one already */
};

/* Whether @t, which was found in state R at this look, is to be sampled; if so it is asked
 * to stop. */
void stop_ask(struct ptrace_source *src, struct thread *t);
/* @t is ready now and waits for a CPU, or has one: it is sampled at a later look. */
void stop_note_waits(struct ptrace_source *src, struct thread *t);
/* Takes the samples of those that stand still by now and lets them run. */
void stop_settle(struct ptrace_source *src);
/* The same, waiting for all that were asked, but not beyond @until_ns. */
void stop_collect(struct ptrace_source *src, uint64_t until_ns);
