#pragma once
/* perf_event_open(2): which event this machine can sample, and on whom; one event and
 * ring per CPU, the records they yield, and the CPU time that the kernel counted beside
 * them. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <profd/error.h>
#include <profd/event.h>
#include <profd/map.h>
#include <profd/ring.h>

/* Whose samples are taken, the better the smaller. Events of whole CPUs see every task
 * however short it lives; an inherited event starts a full period in each task and sees
 * nothing of a shorter one. */
enum reach {
	REACH_ANY,    /* the best that works */
	REACH_CGROUP, /* per CPU, on a control group made for the workload */
	REACH_SYSTEM, /* per CPU, on all processes: the source leaves out what is not of the
			* workload */
	REACH_INHERIT, /* on the workload's first process, inherited by all it forks; or on
			* each thread that runs already */
	REACH_TREE, /* not by events: the workload's threads are found in /proc and looked at */
	REACH_COUNT,
};
/* "cgroup", "system", "inherit" or "tree". */
const char *reach_name(enum reach r);
/* Events sampled at once: a profile has two values for each (PROFILE_VALUES_MAX). */
#define SAMPLER_EVENTS_MAX 8

struct sampler_options {
	const char *event; /* a list of names (eventspec.h), or NULL: the best that works.
			    * The first is the main one, and its is the ladder */
	uint32_t hz;
	size_t ring_bytes; /* per CPU, a power of two; 0: the default. Shrinks on EPERM */
	size_t stack_bytes; /* 0: the largest of which the ring holds 32, and 31 ms' worth;
			     * at most 65,528 */
	enum reach reach;
	bool wall; /* tell when threads come to their CPU and leave it, with stacks if allowed */
};

struct sampler_info {
	char event[208];  /* the name of what is sampled: "cycles", "cpu-clock" */
	char reason[256]; /* why not the rung above, one sentence; "" on the highest */
	bool hardware;	  /* counts events; else it is a clock and periods are ns */
	bool kernel;	  /* kernel code is sampled too */
	uint32_t hz;	  /* of the first event; 0: by period */
	uint64_t period;  /* between two of its samples; 0: by frequency */
	uint32_t ncpus;
	uint32_t nevents;
	size_t ring_bytes; /* per CPU, as granted */
	size_t ring_bytes_wanted;
	size_t stack_bytes; /* of each sample's stack copy */
	enum reach reach;   /* never REACH_ANY */
	char reach_reason
		[512];	     /* why not the one above it, one sentence; "" for the best */
	bool wall;	     /* switches are told */
	uint32_t wall_event; /* the first that samples by time */
	bool wall_stacks;    /* with stacks of those that leave */
	uint64_t wall_period;  /* of one in so many, when they came fastest; by now */
	char wall_reason[128]; /* why without stacks, one sentence; "" */
};

struct sampler_event {
	char name[208];	  /* with levels: "cycles:u" */
	bool clock;	  /* counts nanoseconds */
	bool kernel;	  /* kernel code is sampled too */
	uint32_t hz;	  /* 0: by period */
	uint64_t period;  /* 0: by frequency */
	char reason[256]; /* why it is not the kernel's side as well; "" */
	uint64_t count;	  /* in all, sampled or not, as long as it was on a counter */
	bool count_known; /* not with REACH_SYSTEM, where others' are in it */
	uint64_t lost;	  /* records of this event for which there was no room */
	bool lost_known;  /* since Linux 6.0 */
};

/* What runs already and is to be sampled. With neither processes nor a control group:
 * everything. */
struct sampler_targets {
	const pid_t *pids; /* [npids]: processes and what they fork from now on */
	size_t npids;
	bool threads;	    /* or single threads, and nothing that they start */
	bool forks;	    /* much of the processes' work is done by what they fork */
	const char *cgroup; /* a directory, or a path as in /proc/PID/cgroup; or NULL */
};

struct sampler;

/* The kernel's limit on samples per second and CPU
 * (kernel.perf_event_max_sample_rate). */
uint32_t sampler_max_hz(void);
/* Opens events for process @pid, which has yet to exec, and for all that it will fork. It
 * may be moved into a control group. Returns NULL and sets err: -EINVAL unknown event or
 * frequency, -EACCES/-EPERM sampling is forbidden here, -ENOENT this machine lacks the
 * event, -EMFILE, -ENOMEM, -EPERM. */
struct sampler *sampler_open(const struct sampler_options *o, pid_t pid,
			     struct error *err);
/* As sampler_open, for what runs already. Events are off until sampler_start. @on is
 * borrowed until sampler_close. Processes are reached by REACH_INHERIT, or by
 * REACH_SYSTEM, where that is allowed, if they have too many threads or @on->forks;
 * threads by REACH_INHERIT, everything by REACH_SYSTEM, a control group by REACH_CGROUP.
 * Fails as sampler_open; -ESRCH the processes have ended; -EACCES, -EPERM also when one
 * of them may not be looked at; -ENOENT, -EBADF there is no such control group. */
struct sampler *sampler_attach(const struct sampler_options *o,
			       const struct sampler_targets *on, struct error *err);
/* Whether process or thread @pid may be sampled by this user, 0 being profd itself, apart
 * from whether the event is allowed. 0 or -errno. */
int sampler_may_watch(pid_t pid);
/* Moves what is left in the control group back to where it was and removes the group.
 * NULL is fine; returns NULL. */
struct sampler *sampler_close(struct sampler *s);
const struct sampler_info *sampler_info(const struct sampler *s);
/* To be called right before @pid is let go to exec. Inherited events start by that exec;
 * samples that others take of @pid before it are for the reader to leave out. */
void sampler_start(struct sampler *s);
/* Event @i < nevents; counts as of now. */
void sampler_event(const struct sampler *s, uint32_t i, struct sampler_event *ret);
/* Stops the events of all processes. */
void sampler_stop(struct sampler *s);
/* CPU time of @pid since its exec and of all it forked, or of the control group, in user
 * and in kernel mode, waited for or not, up to sampler_stop; 0: the kernel does not say.
 * Not counted are programs with other privileges than the user's (setuid), which the
 * kernel takes events off. */
uint64_t sampler_counted_ns(const struct sampler *s);
/* REACH_CGROUP: true while a process is in the group; signals them all. */
bool sampler_populated(const struct sampler *s);
void sampler_kill(const struct sampler *s, int sig);
size_t sampler_nrings(const struct sampler *s);
struct ring *sampler_ring(struct sampler *s, size_t i);
int sampler_fd(const struct sampler *s,
	       size_t i); /* readable when ring i holds a quarter */

/* How long it takes at the least until samples fill a quarter of a ring, every CPU being
 * busy: in ms. 0: too short, or unknown, as of events that are not sampled by time. */
int sampler_quarter_ms(const struct sampler *s);

/* Decodes one record (from ring_peek). A record that contradicts itself decodes to
 * EVENT_OTHER and returns -EBADMSG. */
int sampler_decode(struct sampler *s, const void *record, struct event *ret_event);
/* The time of the record at @at in @r without decoding it. */
uint64_t sampler_time(const struct sampler *s, const struct ring *r, uint64_t at);

/* User registers in event_sample.regs, as bits of PERF_REG_*, lowest first;
 * src/perf/MACHINE.c. */
uint64_t perf_regs_mask(void);
/* Fills such registers for a thread that is in a system call and of which only this is
 * known; the others are 0. @args: the call's, 0 outside of one. */
void perf_regs_outside(uint64_t pc, uint64_t sp, const uint64_t args[6], uint64_t *regs);

/* --- the decoder on its own, for tests and captures --------------------------------- */

struct record_format {
	uint64_t sample_type;
	uint64_t regs_mask;
	bool sample_id_all;
	const struct map
		*events; /* PERF_SAMPLE_IDENTIFIER -> event_sample.event + 1; NULL: all
				   * are event 0. A sample of another id is broken */
	const uint64_t *periods; /* by event: of samples that do not carry it although
				    * sample_type says so; 0: they do. NULL: all do */
};
int record_decode(const struct record_format *f, const void *record, size_t size,
		  struct event *ret_event);
