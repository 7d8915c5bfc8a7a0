#pragma once
/* Events in time order. The session cannot tell one kind of source from another.
 * One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/attach.h>
#include <profd/event.h>
#include <profd/launch.h>
#include <profd/sampler.h>

struct source;

struct source_stats {
	uint64_t late; /* events older than one already yielded: their time was clamped */
	uint64_t broken;  /* records that contradicted themselves */
	uint64_t foreign; /* events of processes that are not of the workload */
	uint64_t rounds;
	/* Of the ptrace source only: */
	uint64_t stops;	   /* threads that were stopped */
	uint64_t stop_ns;  /* that they stood still while profd looked */
	uint64_t repaired; /* system calls that the stop would have made fail */
	uint64_t carried;  /* and those that it cut short, which did the rest */
	uint64_t gap_ns;   /* the longest time between two looks */
	uint64_t
		unwaited_ns; /* CPU time of processes that the launched one did not wait for */
	uint64_t seen_ns; /* CPU time of all threads, as of the last look at each */
	/* Processes that could not be stopped: traced by someone else, or not allowed.
	 * The name of the first. */
	uint32_t traced, refused;
	char traced_name[64], refused_name[64];
};

/* The rings of @s, merged, until the workload @l has exited and the rings are drained
 * once more; with @wait_tree until all that it forked has, too, or a signal or the
 * timeout ends that. What other processes did is left out, and so are samples of the
 * first process before its exec. Both are borrowed. */
struct source *source_perf_new(struct sampler *s, struct launch *l, bool wait_tree);
/* The rings of @s, after what @a has to tell (attach_next), until attach_tick says that
 * it is over; with @command, which is not sampled, until that has ended; with @wait_tree
 * until all that the processes forked has. What other processes did is left out. All are
 * borrowed; @command may be NULL. */
struct source *source_perf_attach(struct sampler *s, struct attach *a,
				  struct launch *command, bool wait_tree);
/* Stops the threads of @l's workload for a moment each, @hz times per second of their CPU
 * time, until the same end. To be called between launch_start and launch_exec. While it
 * lives, SIGCHLD is blocked and profd is the parent of the workload's orphans. NULL and
 * err: -EPERM, -EACCES stopping a process is forbidden here, -ENOSYS, -ESRCH the process
 * did not stop. */
struct source *source_ptrace_new(uint32_t hz, struct launch *l, bool wait_tree,
				 struct error *err);
/* The same with what @a names, until attach_tick says that it is over, or as
 * source_perf_attach does. Before attach_start it yields what runs, and then 0 for the
 * time being. NULL and err: -EPERM it may not be stopped, -ESRCH it has ended, others as
 * above. */
struct source *source_ptrace_attach(uint32_t hz, struct attach *a, struct launch *command,
				    bool wait_tree, struct error *err);
/* Also tells how threads spend their time (EVENT_SPENT, EVENT_BLOCKED), looking at them
 * at least PTRACE_HZ_DEFAULT times a second. Before the first source_next. False: this
 * kernel does not say. */
bool source_ptrace_wall(struct source *src);
#define PTRACE_HZ_DEFAULT 99
#define PTRACE_HZ_MAX 1000
/* What it samples; @reason: why not by perf_event_open(2). */
void source_ptrace_info(uint32_t hz, const char *reason, struct sampler_info *ret);
struct source *source_free(struct source *src); /* NULL is fine; returns NULL */
/* 1: *ret_event holds the next event, borrowed until the next call. 0: no more. <0:
 * -errno. */
int source_next(struct source *src, struct event *ret_event);
/* Looks at the rings every few milliseconds from now on, or only when they fill. */
void source_hurry(struct source *src, bool on);
/* @fn is called before waiting for more. */
void source_on_wait(struct source *src, void (*fn)(void *arg), void *arg);
const struct source_stats *source_stats(const struct source *src);
