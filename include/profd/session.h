#pragma once
/* The profiler: events in, a profile out. Keeps each process's space and turns every
 * sample into a stack at once; nothing of a sample is stored but its counts. One thread
 * at a time per session, which may have one of its own for names; sessions share
 * nothing. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/event.h>
#include <profd/outside.h>
#include <profd/procs.h>
#include <profd/profile.h>
#include <profd/quality.h>
#include <profd/sampler.h>
#include <profd/unwind.h>

#define SESSION_DEPTH_DEFAULT 2048
#define SESSION_DEPTH_MAX 65536

struct session_event { /* one sampled beside the main one */
	const char *name;
	bool clock;
};

struct session_options {
	enum unwind_backend unwind;
	uint32_t max_depth;	/* user frames kept of one stack; 0: the default */
	const char *engine;	/* "perf", "ptrace"; NULL: not known */
	const char *event;	/* name of what is sampled */
	bool clock;		/* periods are nanoseconds of CPU time */
	uint64_t period;	/* nominal, in the event's unit */
	uint32_t root_pid;	/* the launched process, 0 when there is none */
	uint64_t start_wall_ns; /* 1970 */
	bool user_only;		/* kernel code is not sampled */
	enum reach reach;
	const struct session_event *more; /* [nmore], borrowed; event_sample.event is
					   * the index here + 1 */
	uint32_t nmore;			  /* < SAMPLER_EVENTS_MAX */
	/* Names are looked up while events flow, by a thread that session_idle starts and
	 * that ends in session_finish. Not for a session that is recorded or that
	 * replays: then at the end. The profile is the same. */
	bool name_early;
	bool wall;	     /* switches are among the events: also a profile of time */
	bool wall_stacks;    /* with stacks, of some at least */
	uint32_t wall_event; /* whose samples tell where threads run */
	int name_nice;	     /* nice value of that thread */
	struct outside outside; /* the session's from now on; empty: this machine */
};

/* What is known of the whole recording once it is over. */
struct session_totals {
	uint64_t duration_ns;
	uint64_t end_ns;	     /* CLOCK_MONOTONIC; 0: at the last event */
	uint64_t counted_ns;	     /* CPU time by the kernel's counter; 0: unknown */
	uint64_t user_ns, system_ns; /* by wait4(2) */
	uint64_t stolen_ns;	     /* by clock_machine; none of it is in the others */
	const struct origin *origin; /* for the comments, borrowed; or NULL */
};

struct session;

/* Returns NULL and sets err when the unwind backend is not there (o->outside is done
 * with, too). */
struct session *session_new(const struct session_options *o, struct error *err);
struct session *session_free(struct session *ses); /* NULL is fine; returns NULL */
void session_feed(struct session *ses, const struct event *e);
/* To be called when there is nothing to feed for the moment: what is new is going to be
 * named. */
void session_idle(struct session *ses);
/* True while stacks are met that have to be read on in the running process, at the time
 * @now_ns of events: the sooner that is done, the better. */
bool session_wants_hurry(const struct session *ses, uint64_t now_ns);
/* Adds what only the source knows. @lost_ring: as counted by the main event, UINT64_MAX
 * when it does not count them, @broken, @late. */
void session_losses(struct session *ses, uint64_t lost_ring, uint64_t broken,
		    uint64_t late);
/* What event @event counted in all, where that is known: what the samples do not stand
 * for of it gets a frame of its own. Not for clocks. Before session_finish. */
void session_total(struct session *ses, uint32_t event, uint64_t count);
/* Adds frames for what was lost or never sampled, names every location once and freezes
 * the profile, which stays the session's. */
const struct profile *session_finish(struct session *ses, const struct session_totals *t);
/* After session_finish, and while the session lives: time by stack, on the CPU and off
 * it. NULL: switches were not told. */
const struct profile *session_wall(const struct session *ses);
/* CPU time that names took, after session_finish. */
uint64_t session_naming_ns(const struct session *ses);
const struct quality *session_quality(const struct session *ses);
struct procs *session_procs(struct session *ses);
struct unwinder *session_unwinder(struct session *ses);
/* Tests and tools: @fn sees each sample that has user registers, as the unwinder saw it,
 * with the frames it found. */
void session_observe(struct session *ses,
		     void (*fn)(void *arg, const struct unwind_input *in,
				const struct frame *frames, unsigned n,
				enum unwind_stop stop),
		     void *arg);
