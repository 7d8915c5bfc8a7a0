#pragma once
/* Shared by the files of perf/: names to attributes, and whom events are on. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/perf_event.h>

#include <profd/error.h>
#include <profd/eventspec.h>
#include <profd/map.h>
#include <profd/text.h>
#include <profd/event.h>
#include <profd/sampler.h>

/* One event by name, set into @attr: type, config, excluded levels, precise_ip, and the
 * period or frequency where the name has one; else sample_freq stays. *ret_clock: periods
 * are nanoseconds. Fails as eventspec_encode, and with -EINVAL on more than one event. */
int event_encode(const char *name, struct perf_event_attr *attr, bool *ret_clock,
		 struct error *err);
/* The parts of @attr that follow from an encoded event. Neither period nor frequency. */
void eventspec_attr(const struct eventspec *e, struct perf_event_attr *attr);

/* --- several events: more.c --- */

/* All but the first of @list, sampled into the rings of the first. */
struct more {
	const struct eventlist *list; /* encoded */
	size_t ncpus;
	int *ring_fds; /* [ncpus] the first event's; owned from here on */
	/* Opens @attr on the CPU of @ring_fds[cpu] for whom the sampler samples. A
	 * descriptor, or -errno. */
	int (*open)(void *arg, struct perf_event_attr *attr, size_t cpu, int group_fd);
	void *arg;

	struct more_event {
		bool alone; /* the kernel does not take it into its group */
		bool kernel;
		uint32_t hz;	 /* 0: by period */
		uint64_t period; /* 0: by frequency */
		bool silent;	 /* its samples do not carry the period */
		char reason[256];
	} * events;	/* [list->n], [0] is unused */
	int *fds;	/* [list->n][ncpus], likewise */
	struct map ids; /* of PERF_SAMPLE_IDENTIFIER -> index in list + 1 */
};
/* The caller has filled what stands before the empty line. @first: the first event's
 * attributes. Returns 0, or -errno with err; then all is closed. */
int more_open(struct more *m, uint32_t hz, const struct perf_event_attr *first,
	      struct error *err);
void more_close(struct more *m); /* zeroed is fine, and leaves it so */
void more_switch(const struct more *m, bool on);
/* Adds what event @i counted, and lost where it is told (@lost). */
void more_read(const struct more *m, uint32_t i, bool lost, uint64_t *ret_count,
	       uint64_t *ret_lost);
void event_read(int fd, bool lost, uint64_t *count, uint64_t *ret_lost);
/* What makes the samples of several events alike and tells them apart. */
void attr_shared(struct perf_event_attr *attr);
/* Takes back that the idle task is left out. False: it was not. */
bool attr_unidle(struct perf_event_attr *attr);
/* Period or frequency. @hz: where the event has neither. */
void attr_rate(const struct eventspec *e, uint32_t hz, struct perf_event_attr *attr);

/* --- stacks at context switches: switches.c --- */

struct switches {
	size_t ncpus;
	int (*open)(void *arg, struct perf_event_attr *attr, size_t cpu,
		    int group_fd); /* as in struct more */
	void *arg;
	struct map *ids; /* as in struct more; gets EVENT_SWITCHED + 1 */

	int *fds;	    /* [n] */
	struct ring *rings; /* [n] */
	size_t n;	    /* ncpus, or 0: closed */
	bool inherited;
	uint64_t period, max_period; /* one in so many; the largest of all times */
	uint64_t seen, since_ns;
};
/* The caller has filled what stands before the empty line. @first: the first event's
 * attributes, with PERF_SAMPLE_IDENTIFIER. 0 or -errno; then all is closed. */
int switches_open(struct switches *w, const struct perf_event_attr *first);
void switches_close(struct switches *w); /* zeroed is fine, and leaves it so */
void switches_turn(const struct switches *w, bool on);
/* A thread has left its CPU: sets the period by the rate of that. */
void switches_seen(struct switches *w, uint64_t time_ns);

/* --- weights of samples: weight.c --- */

/* Which event of the kernel a sample is of; @tid 0: the events are not inherited. */
uint64_t weight_instance(uint32_t event, uint32_t cpu, uint32_t tid);
/* Replaces the @period that a sample of a software event at a frequency carries by what
 * it stands for. @before: by instance, what the last one carried. */
void weight_correct(struct map *before, uint64_t instance, uint64_t *period);
/* Task @tid has a sample in @before; and it has ended, or another one starts with its
 * tid. */
void weight_note(struct map *before, uint32_t tid);
void weight_forget(struct map *before, uint32_t tid, uint32_t nevents, uint32_t ncpus);

/* s[0..n) fit for a sentence: printable ASCII, cut when long. The caller frees it. */
char *event_shown(const char *s, size_t n);

/* --- events that open and stay silent: silent.c --- */

/* Tries the event of @like on the calling thread, for 20 ms of CPU time at most. Returns
 * 0 when it samples, or when that cannot be known; -ENODATA when it does not; -EBUSY when
 * others have the hardware's counters all the time. */
int event_silent(const struct perf_event_attr *like);
/* The same for type, config, precise_ip and exclude_kernel of any @like that spinning
 * causes 100,000 of in that time. Also returns what perf_event_open(2) said, and -ENOBUFS
 * where no ring is granted. */
int event_try(const struct perf_event_attr *like);

/* --- software events: names.c --- */

struct software_name {
	const char *name;
	uint64_t config; /* enum perf_sw_ids */
};
extern const struct software_name software_names[]; /* ends with a NULL */

/* --- libpfm4's tables: suggest.c --- */

/* Initializes libpfm4 once. 0 or -ENOENT. */
int pfm_ready(struct error *err);
/* An unknown or unusable name, in words: error -EINVAL with the nearest names, or -ENOENT
 * when some PMU has it and this machine does not. @why: libpfm4's code for @name;
 * @tracepoint: tracepoint_id's. */
int event_unknown(const char *name, int why, int tracepoint, struct error *err);

/* --- tracepoints: tracepoint.c --- */

/* True when @name has the form subsystem:name. */
bool tracepoint_form(const char *name);
/* The number that perf_event_attr.config takes. Returns 0; -ENOENT no such tracepoint;
 * -ENODEV tracefs is not mounted; -EACCES this user may not read it. */
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
	struct cgroup *cgroup;		  /* REACH_CGROUP only */
	const struct sampler_targets *on; /* what runs already; NULL: @pid, launched */
};
/* Gets @t ready for @reach: makes the control group and moves @pid in, or opens that of
 * @on; tries whether events on whole CPUs are allowed. Returns 0, or -errno with err: one
 * reason, without a full stop. */
int target_init(struct target *t, enum reach reach, pid_t pid,
		const struct sampler_targets *on, struct error *err);
void target_done(struct target *t);
/* The bits of @attr that follow from the reach. */
void target_attr(const struct target *t, struct perf_event_attr *attr);
/* @group_fd: of the leader on the same CPU, or -1. Returns a file descriptor or
 * -errno. */
int target_open(const struct target *t, struct perf_event_attr *attr, int cpu,
		int group_fd);
/* Events on the single threads of what runs already (REACH_INHERIT): then target_open is
 * not for use. */
bool target_is_tasks(const struct target *t);
/* An event that counts the time that the control group of @t has CPU @cpu, disabled. As
 * clock_open. */
int group_clock_open(const struct target *t, int cpu);
/* An event that counts the CPU time of @pid from its exec on and of all it forks,
 * whatever the reach. Returns a file descriptor or -errno. */
int clock_open(pid_t pid);

/* --- events on threads that run already: tasks.c --- */

struct tasks;
/* @on and @list are borrowed; @hz: of events that have no rate of their own. Never
 * NULL. */
struct tasks *tasks_new(const struct sampler_targets *on, const struct eventlist *list,
			uint32_t hz);
struct tasks *tasks_free(struct tasks *t); /* NULL is fine; returns NULL */
/* An event that counts nothing, for a ring with @attr's clock and watermark. A descriptor
 * or -errno. */
int tasks_anchor(const struct perf_event_attr *attr, int cpu);
/* Opens @attr and the events behind the first of the list, disabled, on every thread and
 * CPU, into the rings of @ring_fds. Returns 0 or -errno, and all is closed then: -EMFILE
 * (err is set), -ESRCH they have all ended. *ret_other_failed: it was an event behind the
 * first; err says which. */
int tasks_open(struct tasks *t, struct perf_event_attr *attr, const int *cpus,
	       const int *ring_fds, size_t ncpus, bool *ret_other_failed,
	       struct error *err);
void tasks_close(struct tasks *t); /* back to what tasks_new left */
void tasks_switch(const struct tasks *t, bool on);
size_t tasks_count(const struct tasks *t);
const struct more *tasks_more(const struct tasks *t); /* how the others were opened */
const struct map *tasks_ids(const struct tasks *t);   /* for record_format.events */
/* Adds up what event @event counted, as event_read does. */
void tasks_read(const struct tasks *t, uint32_t event, bool lost, uint64_t *ret_count,
		uint64_t *ret_lost);
/* True for a record that another event wrote as well. To be asked once for each, in the
 * order of its ring. */
bool tasks_twice(struct tasks *t, const void *record, const struct event *e);
