#pragma once
/* Processes over time: what forks, execs, renames and maps, from events in time order.
 * Opens each file when its mapping is first seen and keeps it, so that programs which are
 * gone by the time anyone looks still have names. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/event.h>
#include <profd/outside.h>
#include <profd/space.h>

struct procs;

struct process {
	uint32_t pid, ppid;
	struct space *space; /* a reference; never NULL */
	uint32_t comm;	     /* of the thread group leader: procs_name */
	uint32_t threads;    /* alive, besides the leader */
	bool leader_exited;
	bool exited;  /* all of it: the space is empty then */
	bool sampled; /* for the user of this table */
	bool has_jit; /* it mapped executable memory without a file */
};

/* @outside answers what records do not tell; borrowed. */
struct procs *procs_new(const struct outside *outside);
struct procs *procs_free(struct procs *ps); /* NULL is fine; returns NULL */

/* Feeds an event; other types than MMAP, COMM, FORK and EXIT are ignored. */
void procs_feed(struct procs *ps, const struct event *e);
/* The process, made on the spot (from /proc while it lives) when no record introduced
 * it. */
struct process *procs_get(struct procs *ps, uint32_t pid);
/* The same, but one that has exited stays so: for what the kernel does in a task that is
 * past its end. */
struct process *procs_last(struct procs *ps, uint32_t pid);
/* The name of a thread: its own comm, else its process's. */
uint32_t procs_thread_comm(struct procs *ps, uint32_t pid, uint32_t tid);
/* Reads /proc/PID/maps of all live processes again: records were lost. */
void procs_repair(struct procs *ps);
/* An interned string: comms and paths. Borrowed, as long as the table lives. */
const char *procs_name(const struct procs *ps, uint32_t name);
/* Calls @fn for each process ever seen, in order of appearance. */
void procs_each(const struct procs *ps, void (*fn)(void *arg, const struct process *p),
		void *arg);
/* Files that could not be opened or were not the mapped ones any more. */
uint32_t procs_missing_files(const struct procs *ps);

/* --- /proc/PID/maps ----------------------------------------------------------------- */

/* One line, e.g. "7f10c0-7f10d0 r-xp 00026000 fe:01 1234 /usr/lib/libc.so.6":
 * start=0x7f10c0, end=0x7f10d0, exec, off=0x26000, dev 0xfe:0x01, ino=1234, path. */
struct maps_line {
	uint64_t start, end, off, ino;
	uint32_t dev_major, dev_minor;
	bool exec;
	const char *path; /* borrowed from the line, not terminated */
	size_t path_len;
};
/* Returns 0 or -EBADMSG. */
int maps_line_parse(const char *line, size_t len, struct maps_line *ret_line);
