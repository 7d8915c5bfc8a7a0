#pragma once
/* Counting events over a whole process tree, without sampling: one number each at the
 * end. perf_event_open(2) with inherit and cpu -1. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <profd/error.h>
#include <profd/eventspec.h>

/* What is counted unless something else is asked for. */
#define COUNTERS_DEFAULT                                                                 \
	"task-clock,context-switches,cpu-migrations,page-faults,minor-faults,"           \
	"major-faults,{cycles,instructions},{branches,branch-misses},cache-misses"

/* What takes part in a ratio. */
enum counter_kind {
	COUNTER_OTHER,
	COUNTER_TASK_CLOCK,
	COUNTER_CYCLES,
	COUNTER_INSTRUCTIONS,
	COUNTER_BRANCHES,
	COUNTER_BRANCH_MISSES,
	COUNTER_CACHE_REFERENCES,
	COUNTER_CACHE_MISSES,
};

struct counter_value {
	const char *name; /* as it was asked for; borrowed from the list of events */
	const char *unit; /* "ns" or "" */
	enum counter_kind kind;
	bool counted;	  /* else `value` means nothing and `reason` says why */
	uint64_t value;	  /* an estimate when `scaled` */
	bool scaled;	  /* the event had a hardware counter for part of the time only */
	double running;	  /* 0..1: that part */
	bool user_only;	  /* the kernel's side is not in it: asked for, or denied */
	bool denied;	  /* … because this user may not count it */
	bool grouped;	  /* counted at the same times as the others of its group */
	char reason[512]; /* one sentence; "" when counted */
};

struct counters;

/* Opens all events of @l on process @pid and all that it will fork, enabled by its next
 * exec, and encodes those that are not. One that this machine cannot count keeps the
 * others from nothing. @l is borrowed. Returns NULL with err: -EINVAL, an unknown event,
 * or one with period= or freq=. */
struct counters *counters_open(struct eventlist *l, pid_t pid, struct error *err);
struct counters *counters_close(struct counters *c); /* NULL is fine; returns NULL */
/* Stops counting and reads all, once the tree has ended. */
void counters_read(struct counters *c);
/* One for each event, in the list's order; before counters_read nothing but names and
 * reasons. */
const struct counter_value *counters_values(const struct counters *c, size_t *ret_n);

/* @value as it would be had the event been counted all the time it was enabled
 * (perf_event_open(2), PERF_FORMAT_TOTAL_TIME_RUNNING). False when it never ran: then
 * nothing is known. */
bool counter_scale(uint64_t value, uint64_t enabled_ns, uint64_t running_ns,
		   uint64_t *ret_value);
