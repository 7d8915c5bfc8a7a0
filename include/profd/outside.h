#pragma once
/* What a session asks the world behind the events: the files that were mapped, /proc, the
 * memory of a process that still runs. Live it is this machine; in a replay it is what
 * the capture kept of another. All answers depend on the moment they are asked for. One
 * thread at a time. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <profd/event.h>
#include <profd/objfile.h>

struct outside_ops {
	/* The file that process @pid mapped: a new reference, or NULL when no file of
	 * that identity (build-id, else inode) was found. */
	struct objfile *(*open)(void *arg, uint32_t pid, const struct event_mmap *m);
	/* The vdso of 64-bit processes: a new reference, or NULL. */
	struct objfile *(*vdso)(void *arg);
	/* /proc/PID/maps and /proc/PID/comm, as io_slurp returns them. 0 or -errno. */
	int (*maps)(void *arg, uint32_t pid, char **ret_data, size_t *ret_n);
	int (*comm)(void *arg, uint32_t pid, char **ret_data, size_t *ret_n);
	/* Memory of @pid from @addr on, up to the first page that cannot be read. Returns
	 * the bytes read, and when (CLOCK_MONOTONIC); or -errno, -EAGAIN when reading has
	 * taken too much of the time already. */
	ssize_t (*memory)(void *arg, uint32_t pid, uint64_t addr, void *buf, size_t n,
			  uint64_t *ret_time_ns);
	/* CLOCK_MONOTONIC, for how long something took. */
	uint64_t (*now)(void *arg);
	void (*free)(void *arg);
};

struct outside {
	const struct outside_ops *ops;
	void *arg;
};

/* This machine. */
struct outside outside_live(void);
void outside_done(struct outside *o); /* an empty one is fine */
