#pragma once
/* Shared by the files of session/: one session's state. */
#include <profd/session.h>
#include <profd/symbolize.h>

/* What stands behind a row of profile->mappings. */
struct session_module {
	struct objfile *obj;	/* a reference, or NULL */
	struct objfile *handle; /* what the namer asks instead, borrowed; or NULL */
	uint32_t kind;		/* enum vma_kind, or MODULE_KERNEL */
	uint32_t pid;		/* of JIT code */
	int64_t no_cfi;
};
#define MODULE_KERNEL 100u

/* pc and generation of the space -> location: the way from a frame to its row, without
 * searching mappings again. */
struct location_slot {
	uint64_t pc;
	uint32_t generation;
	location_id location;
};
#define LOCATION_SLOTS 16384u

/* The stack of a thread's last sample, from its root: frames and the rows they led to.
 * Threads whose numbers are equal in their last bits take turns. */
struct trail_step {
	uint64_t pc;
	uint32_t flags;
	stack_id stack;
};
struct trail {
	uint32_t generation; /* of the space; 0: empty */
	stack_id root;
	VEC(struct trail_step) steps;
};
#define TRAILS 32u

/* A segment of a file -> mapping. */
struct mapping_slot {
	uint64_t obj_id;
	uint64_t start, bytes; /* vaddr; 0 bytes: nothing is known */
	mapping_id mapping;
};
#define MAPPING_SLOTS 64u

struct labels_row { /* the last label set of a thread on a CPU */
	uint32_t pid, comm, thread;
	bool deep;
	labels_id labels;
};

struct session {
	struct session_options options;
	struct procs *procs;
	struct deep *deep; /* NULL until a stack was larger than its copy */
	struct unwinder *unwinder;
	struct symbolizer *symbolizer; /* the namer's until the end, if there is one */
	struct namer *namer;	       /* NULL: everything is named at the end */
	location_id asked;	       /* the namer was asked up to here, exclusive */
	uint64_t naming_ns;	       /* CPU time */
	struct profile *profile;
	struct quality quality;
	struct wall *wall;		    /* NULL: switches are not told */
	uint64_t first_ns, last_ns;	    /* of events */
	VEC(struct session_module) modules; /* [profile->mappings.n] */
	struct location_slot *slots;
	struct mapping_slot mapping_slots[MAPPING_SLOTS];
	struct trail trails[TRAILS];
	struct frame *frames; /* [options.max_depth + 1] */
	VEC(struct labels_row) labels;
	struct map labels_by_thread; /* tid << 12 | cpu -> row + 1 */
	mapping_id kernel_mapping;
	struct objfile *main_obj; /* a reference: the launched program */
	bool main_seen, finished;
	location_id naming; /* being looked up at the moment; else 0 */
	bool repair_due;    /* records were lost since procs_repair */
	uint64_t repair_ns; /* not before, in the time of events */
	uint64_t
		deep_ns; /* time of the last sample that was read on in memory; 0: none */
	location_id stop_locations[STOP_COUNT];
	string_id key_comm, key_thread, key_pid, key_tid, key_cpu, key_stack, unit_id;
	void (*observer)(void *arg, const struct unwind_input *in,
			 const struct frame *frames, unsigned n, enum unwind_stop stop);
	void *observer_arg;
};

/* A sample on its way into the profile. */
struct shot {
	stack_id stack;
	labels_id labels;
	enum unwind_stop stop;
	mapping_id no_cfi; /* where STOP_NO_CFI happened; 0: elsewhere or nowhere */
	bool deep;	   /* the outer frames are from memory at a later moment */
	uint32_t event;	   /* which one, 0 being the main one */
	int64_t values[2]; /* samples and weight, of that event */
	int64_t wall_ns; /* of a thread's time; negative: it is not of the event for that */
	labels_id wall_labels;
	uint32_t wall_tid;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
};
/* session.c: adds a row's values of one event, values[2]. Returns the row. */
uint32_t session_add(struct session *ses, stack_id stack, labels_id labels,
		     uint32_t event, const int64_t *values);
/* session.c: counts it. */
void shot_count(struct session *ses, const struct shot *s);

/* deep.c: goes on where the stack copy of @in ended. ses->frames holds the @n frames that
 * were found in it. Returns their new number, why it ended now and when memory was read;
 * or 0, and nothing has changed. */
unsigned deep_unwind(struct session *ses, const struct unwind_input *in, unsigned n,
		     enum unwind_stop *ret_stop, uint64_t *ret_time_ns);
struct deep_look {
	uint64_t sample_ns, read_ns; /* CLOCK_MONOTONIC */
	unsigned copied, total;	     /* of ses->frames: found in the copy; and in all */
};
/* Counts one of the two, as soon as it is known whether the outer frames can be
 * believed. */
void deep_hold(struct session *ses, uint32_t tid, const struct deep_look *look,
	       const struct shot *cut, const struct shot *whole);
/* Thread @tid has ended: counts what waits for it, and forgets it. The next one of this
 * tid is another. */
void deep_exit(struct session *ses, uint32_t tid);
/* Counts what is still held. */
void deep_finish(struct session *ses);
struct deep *deep_free(struct deep *d); /* NULL is fine; returns NULL */

/* locations.c: from pcs to rows of the profile. */
/* The stack of the @n frames of ses->frames, innermost first, above @root. */
stack_id stack_of_frames(struct session *ses, struct space *space, uint32_t pid,
			 uint32_t tid, unsigned n, stack_id root);
location_id location_of_kernel(struct session *ses, uint64_t pc, bool call);
mapping_id mapping_of_vma(struct session *ses, const struct vma *v, uint64_t vaddr,
			  uint32_t pid);
void mappings_done(struct session *ses);
/* Once everything has its name: lets go of debug information, which is most of what
 * profd holds by then. */
void names_done(struct session *ses);
/* Asks the namer for the names of new ones. */
void locations_ask(struct session *ses);
/* Names every location. */
void locations_name(struct session *ses);

#define SOURCE_FRAMES_MAX 64 /* kept of those at one address */

/* namer.c: looks names up in a thread of its own. */
struct namer_options {
	struct symbolizer *symbolizer; /* lent until namer_finish or namer_free */
	int nice;		       /* of the thread */
	bool kernel;		       /* addresses in it are expected */
};
struct namer;
struct namer *namer_new(const struct namer_options *o);
/* NULL is fine; returns NULL. Waits for no more than the lookup that is under way. */
struct namer *namer_free(struct namer *nm);
/* Its own handle on a file, borrowed, to be used by others only after namer_finish. NULL:
 * there can be none, and the namer is not to be asked. */
struct objfile *namer_handle(struct namer *nm, struct objfile *o);
/* What is at @address of @handle, or of the kernel if that is NULL? Once per location. */
void namer_ask(struct namer *nm, location_id id, struct objfile *handle,
	       uint64_t address);
/* Hands over what was asked, and starts the thread. */
void namer_submit(struct namer *nm);
/* Ends the thread. After it, and not before, everything has an answer. */
void namer_finish(struct namer *nm);
/* False when @id was not asked for. *ret_n is 0 when nothing covers its address. */
bool namer_answer(const struct namer *nm, location_id id,
		  struct source_frame frames[SOURCE_FRAMES_MAX], unsigned *ret_n,
		  bool *ret_named);
uint64_t namer_cpu_ns(const struct namer *nm); /* of the thread, after its end */

/* coverage.c: what is missing, and frames of its own for it. */
void coverage_finish(struct session *ses, const struct session_totals *t);
void coverage_warn(const struct quality *q, struct quality_warnings *w);
/* wall.c: time on the CPU and off it. */
struct wall *wall_new(void);
struct wall *wall_free(struct wall *w); /* NULL is fine; returns NULL */
/* Forks, execs, exits, switches. */
void wall_feed(struct session *ses, const struct event *e);
/* The stack of an EVENT_SWITCHED sample, or of an EVENT_BLOCKED. */
void wall_switched(struct session *ses, const struct event *e, stack_id stack,
		   enum unwind_stop stop);
void wall_blocked(struct session *ses, const struct event *e, stack_id stack,
		  enum unwind_stop stop);
/* What the CPU sample @e stands for; negative: nothing. */
int64_t wall_claim(struct session *ses, const struct event *e, labels_id *ret_labels);
void wall_count(struct session *ses, uint32_t tid, stack_id stack, labels_id labels,
		int64_t ns);
/* In this order: ends all threads; shows states once locations have names; makes the
 * profile, after which nothing may be added to the session's. */
void wall_close(struct session *ses, uint64_t end_ns);
void wall_name(struct session *ses);
void wall_finish(struct session *ses);
void wall_warn(const struct quality *q, struct quality_warnings *w);
/* finish.c: the figures of quality that need the whole profile. */
void quality_finish(struct session *ses);
/* Puts them and the warnings into the profile's comments. */
void quality_comments(struct session *ses);
void quality_warnf(struct quality_warnings *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
