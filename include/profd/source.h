#pragma once
/* Events in time order. The session cannot tell one kind of source from another.
 * One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/event.h>
#include <profd/launch.h>
#include <profd/sampler.h>

struct source;

struct source_stats {
	uint64_t late; /* events older than one already yielded: their time was clamped */
	uint64_t broken;  /* records that contradicted themselves */
	uint64_t foreign; /* events of processes that are not of the workload */
	uint64_t rounds;
};

/* The rings of @s, merged, until the workload @l has exited and the rings are drained once more; with
 * @wait_tree until all that it forked has, too, or a signal or the timeout ends that. What other
 * processes did is left out, and so are samples of the first process before its exec. Both are
 * borrowed. */
struct source *source_perf_new(struct sampler *s, struct launch *l, bool wait_tree);
struct source *source_free(struct source *src); /* NULL is fine; returns NULL */
/* 1: *ret_event holds the next event, borrowed until the next call. 0: no more. <0: -errno. */
int source_next(struct source *src, struct event *ret_event);
/* Looks at the rings every few milliseconds from now on, or only when they fill. */
void source_hurry(struct source *src, bool on);
/* @fn is called before waiting for more. */
void source_on_wait(struct source *src, void (*fn)(void *arg), void *arg);
const struct source_stats *source_stats(const struct source *src);
