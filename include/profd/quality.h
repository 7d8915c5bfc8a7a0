#pragma once
/* What a profile knows about its own worth. Weights are in the unit of the profile's main
 * value: nanoseconds for a clock, counts for a hardware event. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/event.h>
#include <profd/sampler.h>
#include <profd/unwind.h>
#include <profd/vec.h>

struct quality_module {
	const char *path, *build_id; /* borrowed from the session */
	const char *symbols; /* symbol_source_name, "kallsyms", "perf map" or "none" */
	bool lines;	     /* file:line known */
	int64_t weight, resolved; /* of frames; a sample counts once per frame */
	int64_t no_cfi; /* weight of stacks that ended here without unwind rules */
};

struct quality_event {
	uint64_t samples;
	int64_t weight;
	uint64_t total; /* what it counted in all; 0: unknown, or a clock */
	const char *
		name; /* of its samples: "page-faults_sample"; borrowed from the profile */
};

/* States of a thread in a wall profile. Blocked: WALL_BLOCKED + enum wait_call. */
enum { WALL_RUNNING, WALL_QUEUED, WALL_BLOCKED, WALL_STATES = WALL_BLOCKED + WAIT_COUNT };
/* "running", "run queue", "blocked" (for what is not known), "futex", "sleep", "io"… */
const char *wall_state_name(unsigned state);
/* How time off the CPU is known: "switch-samples", "switch-records", or "schedstat", by
 * accounts (EVENT_SPENT). */
const char *wall_method(bool stacks, enum reach reach);

struct quality_wall { /* sums over threads; all 0 without switches */
	uint32_t threads;
	bool stacks;	     /* were sampled at switches */
	int64_t lifetime_ns; /* from start to end: on_ns + off_ns if nothing was lost */
	int64_t on_ns, off_ns;
	int64_t unsampled_ns;	  /* of on_ns: without a sample it could belong to */
	int64_t unknown_ns;	  /* of off_ns: blocked, but where is not known */
	int64_t queue_unknown_ns; /* of off_ns: preempted, and where is not known */
	int64_t placed_ns;	  /* of off_ns: with a stack */
	int64_t complete_ns;	  /* of placed_ns: a stack that reaches its root */
	int64_t state_ns[WALL_STATES];
	uint64_t switches; /* off a CPU */
	uint64_t one_in; /* one in so many had a stack when they came fastest; 0: none */
	uint64_t contradictions; /* switches that do not follow from those before */
};

/* Of the main event, if several are sampled, but for what is said to be of all. */
struct quality {
	uint64_t samples; /* that arrived */
	uint64_t lost; /* that did not, over all causes, as far as CPU time is missing */
	uint64_t
		lost_ring; /* the ring had no room; forks, mappings and, with REACH_SYSTEM,
			     * other programs' samples are among them */
	uint64_t lost_broken; /* the record contradicted itself */
	uint64_t late;	      /* arrived out of order by more than a round */
	uint64_t throttled; /* times the kernel stopped sampling for the rest of a tick */
	int64_t weight;	    /* of all samples */
	int64_t stop[STOP_COUNT]; /* weight by stop reason */
	uint64_t stop_samples[STOP_COUNT];
	int64_t kernel_weight; /* taken while in the kernel */
	int64_t deep_weight;   /* of stacks whose outer part was read live */
	double complete; /* 0..1: weight that reached the root / weight with a user side */
	double resolved; /* 0..1: weight of frames with a name */
	/* CPU time in nanoseconds, 0 being unknown: what the samples should add up to. */
	uint64_t counted_ns;	     /* the larger of what a counter and wait4(2) say */
	uint64_t counter_ns;	     /* the counter's */
	uint64_t stolen_ns;	     /* what the host took meanwhile, of all CPUs */
	uint64_t user_ns, system_ns; /* wait4(2)'s: of processes that were waited for */
	/* Weight of the frames that stand for what was not sampled. */
	int64_t unsampled;	  /* tasks too short to be seen */
	int64_t unsampled_kernel; /* time in the kernel, where only user code is sampled */
	bool user_only;		  /* kernel code is not sampled */
	enum reach reach;
	int64_t period;	 /* nominal weight of a sample */
	double coverage; /* weight / (counted_ns - unsampled_kernel); negative: unknown,
			  * or no clock was sampled */
	uint64_t stacks, locations; /* distinct */
	uint32_t processes, missing_files;
	struct unwind_stats unwind;
	struct quality_wall wall;
	struct quality_event events[SAMPLER_EVENTS_MAX]; /* of all; [0] is the main one */
	VEC(struct quality_module) modules;		 /* by weight, largest first */
};

/* Sentences for people about what makes this profile hard to believe, worst first; each
 * with what to do. Appends to @ret (the strings are the caller's to free). */
struct quality_warnings {
	VEC(char *) v;
};
void quality_warn(const struct quality *q, struct quality_warnings *ret);
void quality_warnings_done(struct quality_warnings *w);
