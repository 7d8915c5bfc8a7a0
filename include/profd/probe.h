#pragma once
/* What perf_event_open(2) gives here, found out by doing it: on the calling thread, or on
 * a child made for it. Nothing is taken from a setting alone, and nothing stays open. One
 * thread at a time.
 *
 * Functions return 0 when it works. Else -errno as the kernel gave it, or
 * 	-ENODATA	it opened, and in 20 ms of CPU time no record came
 * 	-ENOBUFS	it opened, and no buffer of locked memory was granted
 * 	-EBUSY		it opened, and never had a hardware counter; or the kernel's own
 * EBUSY */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/sampler.h>

/* The least that can be asked for: an event that counts nothing, in user code, on this
 * thread. What refuses this refuses all. */
int probe_least(void);
/* "cycles" or "cpu-clock", sampled with or without the kernel's side. */
int probe_event(const char *name, bool kernel);
/* Records of context switches, which give off-CPU times. */
int probe_switches(void);
/* A sample at each context switch, which gives off-CPU stacks. */
int probe_switch_samples(void);
/* The tracepoint sched:sched_switch. -ENODEV: tracefs is not mounted. */
int probe_tracepoint(void);
/* Events by @reach, not REACH_ANY. err: why not, one reason. */
int probe_reach(enum reach reach, struct error *err);

/* A recording as `profd record` makes it, of a child that executes `profd --version`. */
struct probe_recording {
	struct sampler_info info;
	uint64_t records; /* that came through the rings */
};
/* Returns 0, -ENODATA without a record, or sampler_open's -errno and error. */
int probe_recording(struct probe_recording *ret, struct error *err);

/* An integer of /proc/sys; false when it cannot be read. */
bool probe_setting(const char *path, int64_t *ret_value);
