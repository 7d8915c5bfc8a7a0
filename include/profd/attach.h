#pragma once
/* What runs already and is going to be sampled: whether it is there, what it has mapped
 * and how its threads are called, the CPU time that it uses, and when the recording of it
 * is over. It is not touched. One at a time per process (signals are the process's). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/event.h>
#include <profd/sampler.h>

struct attach_target {
	uint32_t pid, tid; /* tid 0: the whole process */
	char *name;	   /* its command line, or its comm */
};

struct attach {
	int fd; /* readable when a process has ended or the time is over; -1: ask every 100 ms */
	int signalfd;		   /* readable when a signal for profd waits; -1 */
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	bool stop; /* a signal or the duration ends the recording, whatever still runs */
	/* Used since the start, by the processes and what they waited for; 0: not
	 * known. */
	uint64_t cpu_ns, user_ns, system_ns;
	bool forks; /* children that the processes waited for used a tenth of their CPU time */
	struct attach_target *targets; /* [ntargets] */
	size_t ntargets;
	struct attach_private *priv;
};

/* Looks whether all that @on names can be attached to; @on is borrowed until attach_done.
 * Raises profd's own limit of open files. Returns 0 or -errno with err: -ESRCH there is
 * no such process or thread, or it has ended, -EINVAL it cannot be one, -ENOENT there is
 * no such control group. */
int attach_open(struct attach *a, const struct sampler_targets *on, struct error *err);
/* From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT set a->stop. Not beside a launch,
 * which has them. */
void attach_signals(struct attach *a);
/* To be called right after sampler_start: the time begins, @duration_ns 0 being without
 * an end. Returns 0, or -ESRCH with err when one that was there in attach_open has ended
 * since. */
int attach_start(struct attach *a, uint64_t duration_ns, struct error *err);
/* What runs, told as the events that made it so: the names of threads and what is mapped.
 * Once before the sampler starts, which takes the time that files take to open, and what
 * has changed until then once more after attach_start. False when that is all. *ret_event
 * is good until the next call. */
bool attach_next(struct attach *a, struct event *ret_event);
/* To be called when fd or signalfd is readable, and at least every 100 ms. True once the
 * recording is over: a->stop, or all has ended. */
bool attach_tick(struct attach *a);
/* Over it is, for another reason: sets end_ns. */
void attach_end(struct attach *a);
/* At the end, once for each process that was forked meanwhile and lives: adds its CPU
 * time. */
void attach_add_living(struct attach *a, uint32_t pid);
/* The processes that ran before, as children of those that are attached to, or their
 * children. The array is borrowed. */
const uint32_t *attach_strangers(const struct attach *a, size_t *ret_n);
/* @err says that sampling is not allowed: says whose wall it is when it is the target's,
 * and returns true. False: nothing may be sampled here. */
bool attach_explain(const struct attach *a, struct error *err);
/* May they be stopped for a look at them (ptrace(2))? It is tried, without stopping them.
 * Returns 0 or -errno with err. */
int attach_may_stop(const struct attach *a, struct error *err);
/* Undoes what attach_open and attach_signals changed. Zeroed is fine. */
void attach_done(struct attach *a);
