#pragma once
/* What happened in the recorded processes, decoded from the kernel's records
 * (perf_event_open(2), "Overflow handling") or from another source. A struct event is a
 * view: its pointers are borrowed from the source until the next source_next. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_type {
	EVENT_OTHER, /* a record of no interest */
	EVENT_MMAP,
	EVENT_COMM,
	EVENT_FORK,
	EVENT_EXIT,
	EVENT_LOST,
	EVENT_THROTTLE,
	EVENT_UNTHROTTLE,
	EVENT_SAMPLE,
	EVENT_SWITCH,  /* a thread came to its CPU or left it */
	EVENT_BLOCKED, /* a thread stood still while it was looked at from outside */
	EVENT_SPENT,   /* how a thread spent its time, where switches are not told */
};

#define BUILD_ID_MAX_BYTES 20

struct event_mmap { /* an executable mapping appeared */
	uint64_t addr, len_bytes, off;
	uint64_t ino, ino_generation; /* 0 when build_id is given instead */
	uint32_t dev_major, dev_minor;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	uint32_t build_id_bytes; /* 0: not known */
	const char *path;	 /* as in /proc/PID/maps; "//anon", "[vdso]" … */
	size_t path_len;
};

struct event_comm {
	const char *comm;
	size_t comm_len;
	bool exec; /* the process is another program now: its mappings are gone */
};

struct event_task { /* fork (ppid == pid: a thread) and exit */
	uint32_t ppid, ptid;
};

struct event_sample {
	uint64_t ip;
	uint32_t event;		    /* which of the sampled events, from 0 */
	uint64_t period;	    /* in the event's unit; ns for the clocks */
	const uint64_t *kernel_pcs; /* innermost first */
	size_t nkernel;
	uint64_t regs_abi; /* 0: no user registers, 1: 32-bit, 2: 64-bit */
	const uint64_t
		*regs; /* in the order of perf_regs_mask(), NULL when regs_abi is 0 */
	const uint8_t *stack; /* from the user stack pointer up */
	size_t stack_bytes;   /* what the kernel could copy */
	bool user_mode;	      /* taken while in user mode */
};

/* event_sample.event of one taken as its thread left its CPU; its time is not after that
 * EVENT_SWITCH. */
#define EVENT_SWITCHED 8u

struct event_switch {
	bool out;
	bool preempt; /* out, but could have gone on: it waits for a CPU */
};

/* What a thread waits for, as far as the system call it is in tells. */
enum wait_call {
	WAIT_UNKNOWN,
	WAIT_FUTEX,  /* a lock, a condition, another thread's end */
	WAIT_SLEEP,  /* a time */
	WAIT_IO,     /* reading and writing: files, pipes, terminals, sockets */
	WAIT_POLL,   /* poll, select, epoll: any of several */
	WAIT_CHILD,  /* another process's end or exec */
	WAIT_SIGNAL, /* a signal, or to be let go on after a stop */
	WAIT_OTHER,  /* another call, a page that is read in */
	WAIT_COUNT,
};

/* sample: registers (pc and stack pointer; the others are 0) and stack. The thread did
 * not run between begin_ns and the event's time. */
struct event_blocked {
	struct event_sample sample;
	uint64_t begin_ns;
	enum wait_call call;
};

/* From begin_ns, the end_ns of the thread's one before, or the first time where it
 * started, to end_ns, not after the event's time: it was on a CPU and waited for one for
 * so long, and was blocked for the rest. An EVENT_BLOCKED since the one before tells
 * where it stood still at end_ns; none: it ran, or could not be read. The last one of a
 * thread is before its exit. */
struct event_spent {
	uint64_t begin_ns, end_ns;
	uint64_t ran_ns, queued_ns;
	uint64_t turns; /* on a CPU that began in this time; 0: it stood still */
};

struct event {
	enum event_type type;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t pid, tid, cpu;
	union {
		struct event_mmap mmap;
		struct event_comm comm;
		struct event_task task;
		struct event_sample sample;
		struct event_switch change;
		struct event_blocked blocked;
		struct event_spent spent;
		uint64_t lost; /* records */
	};
};
