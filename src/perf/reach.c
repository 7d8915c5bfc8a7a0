/* Whom events are on: a control group on each CPU, all processes on each CPU, or one
 * process and what inherits from it; and the counting clock, which is always inherited.
 *
 * What is sampled, and the order in which things are tried, is the sampler's. */
#include "perf-priv.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#include <profd/cgroup.h>
#include <profd/mem.h>

const char *reach_name(enum reach r)
{
	static const char *const names[REACH_COUNT] = {
		[REACH_ANY] = "any",	   [REACH_CGROUP] = "cgroup",
		[REACH_SYSTEM] = "system", [REACH_INHERIT] = "inherit",
		[REACH_TREE] = "tree",
	};

	return r < REACH_COUNT ? names[r] : "?";
}

static int open_event(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
		      unsigned long flags)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, group_fd,
			      flags | PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int target_open(const struct target *t, struct perf_event_attr *attr, int cpu,
		int group_fd)
{
	if (t->reach == REACH_CGROUP)
		return open_event(attr, cgroup_fd(t->cgroup), cpu, group_fd,
				  PERF_FLAG_PID_CGROUP);
	return open_event(attr, t->reach == REACH_SYSTEM ? -1 : t->pid, cpu, group_fd, 0);
}

void target_attr(const struct target *t, struct perf_event_attr *attr)
{
	bool inherit = t->reach == REACH_INHERIT;

	/* What a single thread starts is another one. */
	attr->inherit = inherit && !(t->on && t->on->threads);
	attr->enable_on_exec = inherit && !t->on;
	/* The idle task is on all CPUs that nobody uses. */
	attr->exclude_idle = t->reach == REACH_SYSTEM;
}

/* Whether the reach is allowed, apart from any event: an event that counts nothing. */
static int probe(const struct target *t, struct error *err)
{
	struct perf_event_attr attr = {
		.size = PERF_ATTR_SIZE_VER0,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int cpu = sched_getcpu(), fd = target_open(t, &attr, cpu < 0 ? 0 : cpu, -1);

	if (fd == -EACCES)
		return error_set(err, fd,
				 "events on whole CPUs are not allowed here "
				 "(perf_event_paranoid is %llu)",
				 (unsigned long long)sysctl_u64(
					 "/proc/sys/kernel/perf_event_paranoid", 99));
	/* The kernel's own answer is EACCES; this one is a filter's. */
	if (fd == -EPERM)
		return error_set(err, fd,
				 "events on whole CPUs are forbidden here (EPERM, as a "
				 "container's seccomp profile answers)");
	if ((fd == -EBADF || fd == -ENOENT) && t->on && t->cgroup)
		return error_set(err, fd,
				 "'%s' is no control group of the hierarchy that has "
				 "perf_event",
				 t->on->cgroup);
	if (fd < 0)
		return error_set(err, fd, "events on %s failed (%s)",
				 t->reach == REACH_CGROUP ? "a control group"
							  : "whole CPUs",
				 strerrorname_np(-fd) ? strerrorname_np(-fd) : "error");
	close(fd);
	return 0;
}

bool target_is_tasks(const struct target *t)
{
	return t->on && t->reach == REACH_INHERIT;
}

int target_init(struct target *t, enum reach reach, pid_t pid,
		const struct sampler_targets *on, struct error *err)
{
	struct target new = {.reach = reach, .pid = pid, .on = on};
	int code = 0;

	if (reach == REACH_CGROUP) {
		new.cgroup = on ? cgroup_open(on->cgroup, err) : cgroup_make(err);
		if (!new.cgroup)
			return err->code;
	}
	if (reach != REACH_INHERIT)
		code = probe(&new, err);
	if (code == 0 && reach == REACH_CGROUP && !on)
		code = cgroup_take(new.cgroup, pid, err);
	if (code < 0)
		target_done(&new);
	else
		*t = new;
	return code;
}

void target_done(struct target *t)
{
	t->cgroup = cgroup_close(t->cgroup);
}

int clock_open(pid_t pid)
{
	struct perf_event_attr attr = {
		.size = PERF_ATTR_SIZE_VER0,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.exclude_hv = 1,
	};
	int fd = open_event(&attr, pid, -1, -1, 0);

	/* The clock runs in both modes all the same; only asking for the kernel is
	 * forbidden to ordinary users. */
	attr.exclude_kernel = 1;
	return fd >= 0 ? fd : open_event(&attr, pid, -1, -1, 0);
}

int sampler_may_watch(pid_t pid)
{
	struct perf_event_attr attr = {
		.size = PERF_ATTR_SIZE_VER0,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = open_event(&attr, pid, -1, -1, 0);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int group_clock_open(const struct target *t, int cpu)
{
	struct perf_event_attr attr = {
		.size = PERF_ATTR_SIZE_VER0,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.disabled = 1,
		.exclude_hv = 1,
	};

	return target_open(t, &attr, cpu, -1);
}
