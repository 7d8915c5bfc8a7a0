#pragma once
/* A control group for the workload alone (cgroups(7)), so that events on it see every
 * process of the workload and no other. It changes no limit: it is a child of the group
 * that profd is in, and no controller is switched on for it. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <profd/error.h>

struct cgroup;

/* Makes the group "profd-PID", PID being profd's, in the hierarchy that has perf_event,
 * and removes those that a killed profd left empty. Returns NULL with err: -ENOENT no
 * such hierarchy is mounted, -EACCES, -EROFS …: it may not be made. */
struct cgroup *cgroup_make(struct error *err);
/* One that exists: a directory, or a path as in /proc/PID/cgroup ("/docker/ID") in the
 * hierarchy that has perf_event. It is only looked at. NULL with err: -ENOENT, -EACCES
 * … */
struct cgroup *cgroup_open(const char *path, struct error *err);
/* Moves @pid in; remembers nothing of it but where it was, which is where profd is.
 * Returns 0 or -errno with err: -EPERM it would lose sight of a limit of its own,
 * -EOPNOTSUPP the kind of group takes no processes, -EBUSY … */
int cgroup_take(struct cgroup *c, pid_t pid, struct error *err);
int cgroup_fd(const struct cgroup *c); /* of the directory */
/* True while a process that lives is in it or in a group below. */
bool cgroup_populated(const struct cgroup *c);
/* Signals all that are in it or in a group below. */
void cgroup_kill(const struct cgroup *c, int sig);
/* Calls @fn with each process that is in it or in a group below. */
void cgroup_each(const struct cgroup *c, void (*fn)(void *arg, pid_t pid), void *arg);
/* Moves survivors back and removes the group, if cgroup_make made it. NULL is fine;
 * returns NULL. */
struct cgroup *cgroup_close(struct cgroup *c);

/* --- the parts, for tests ----------------------------------------------------------- */

struct cgroup_place {
	char *dir; /* of the group that profd is in; the caller frees */
	bool v1;
};
/* Where the group of this process is, from the texts of /proc/self/mountinfo and
 * /proc/self/cgroup (proc_pid_mountinfo(5), cgroups(7)): the version 1 hierarchy with
 * perf_event where there is one, else version 2. Returns 0; -ENOENT nothing suitable is
 * mounted; -EXDEV it is, but the own group is outside of what can be seen of it; -EROFS
 * it is mounted read-only. */
int cgroup_find(const char *mountinfo, const char *own, struct cgroup_place *ret_place);
/* The file in the group at @dirfd that limits memory or CPU time and is set, or NULL:
 * programs that adapt to their limits read it in their own group. */
const char *cgroup_limit(int dirfd);
