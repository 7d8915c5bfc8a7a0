#pragma once
/* Shared by the files of perf/: names to attributes, and whom events are on. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/perf_event.h>

#include <profd/error.h>
#include <profd/eventspec.h>
#include <profd/text.h>
#include <profd/sampler.h>

/* One event by name, set into @attr: type, config, excluded levels and, where the name says so,
 * precise_ip and the period or frequency. *ret_clock: periods are nanoseconds. Fails as eventspec_encode, and with
 * -EINVAL on more than one event. */
int event_encode(const char *name, struct perf_event_attr *attr, bool *ret_clock,
		 struct error *err);
/* The parts of @attr that follow from an encoded event. Neither period nor frequency. */
void eventspec_attr(const struct eventspec *e, struct perf_event_attr *attr);

/* s[0..n) fit for a sentence: printable ASCII, cut when long. The caller frees it. */
char *event_shown(const char *s, size_t n);

/* --- software events: names.c --- */

struct software_name {
	const char *name;
	uint64_t config; /* enum perf_sw_ids */
};
extern const struct software_name software_names[]; /* ends with a NULL */

/* --- libpfm4's tables: suggest.c --- */

/* Initializes libpfm4 once. 0 or -ENOENT. */
int pfm_ready(struct error *err);
/* An unknown or unusable name, in words: error -EINVAL with the nearest names, or -ENOENT when some
 * PMU has it and this machine does not. @why: libpfm4's code for @name; @tracepoint: tracepoint_id's. */
int event_unknown(const char *name, int why, int tracepoint, struct error *err);

/* --- tracepoints: tracepoint.c --- */

/* True when @name has the form subsystem:name. */
bool tracepoint_form(const char *name);
/* The number that perf_event_attr.config takes. Returns 0; -ENOENT no such tracepoint; -ENODEV
 * tracefs is not mounted; -EACCES this user may not read it. */
int tracepoint_id(const char *name, uint64_t *ret_id);
/* The sentence for a failure of tracepoint_id; returns its @code. */
int tracepoint_failed(const char *name, int code, struct error *err);
/* Offers all tracepoints to @near; nothing when they cannot be read. */
void tracepoint_offer(struct text_nearest *near);

/* An integer in a file of /proc/sys, or @fallback. */
uint64_t sysctl_u64(const char *path, uint64_t fallback);

/* Whom events are opened on: a process to be, and how far from it they see. */
struct target {
	enum reach reach;
	pid_t pid;
	struct cgroup *cgroup; /* REACH_CGROUP only */
};
/* Gets @t ready for @reach: makes the control group and moves @pid in, tries whether events on whole CPUs
 * are allowed. Returns 0, or -errno with err: one reason, without a full stop. */
int target_init(struct target *t, enum reach reach, pid_t pid, struct error *err);
void target_done(struct target *t);
/* The bits of @attr that follow from the reach. */
void target_attr(const struct target *t, struct perf_event_attr *attr);
/* Returns a file descriptor or -errno. */
int target_open(const struct target *t, struct perf_event_attr *attr, int cpu);
/* An event that counts the CPU time of @pid from its exec on and of all it forks, whatever the reach.
 * Returns a file descriptor or -errno. */
int clock_open(pid_t pid);
