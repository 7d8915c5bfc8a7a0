/* Counters of a process tree.
 *
 * The members of a group are opened with the leader's descriptor, so that the kernel puts
 * them onto the PMU together or not at all, but are read one by one: a group read of
 * inherited events fails when a task's group has lost a member (kernel/events/core.c,
 * __perf_read_group_add), and at the end, with everything stopped, it would say the same.
 * A member that the kernel does not take into the group is counted alone.
 *
 * Where the kernel's side is denied (perf_event_paranoid 2) an event counts the user
 * side. Events that only happen in the kernel then stay at 0, which is not a count: they
 * are told as not counted. */
#include <profd/counter.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "perf-priv.h"
#include <profd/mem.h>

struct counters {
	struct eventlist *list;
	struct counter_value *values; /* [n], as list->v */
	int *fds;		      /* [n], -1: not open */
	size_t n;
};

bool counter_scale(uint64_t value, uint64_t enabled_ns, uint64_t running_ns,
		   uint64_t *ret_value)
{
	unsigned __int128 v;

	if (!running_ns)
		return false;
	if (running_ns >= enabled_ns) {
		*ret_value = value;
		return true;
	}
	v = ((unsigned __int128)value * enabled_ns + running_ns / 2) / running_ns;
	*ret_value = v > UINT64_MAX ? UINT64_MAX : (uint64_t)v;
	return true;
}

static enum counter_kind kind_of(const struct eventspec *e)
{
	if (e->type == PERF_TYPE_SOFTWARE && e->config == PERF_COUNT_SW_TASK_CLOCK)
		return COUNTER_TASK_CLOCK;
	if (e->type != PERF_TYPE_HARDWARE)
		return COUNTER_OTHER;
	switch (e->config) {
	case PERF_COUNT_HW_CPU_CYCLES:
		return COUNTER_CYCLES;
	case PERF_COUNT_HW_INSTRUCTIONS:
		return COUNTER_INSTRUCTIONS;
	case PERF_COUNT_HW_BRANCH_INSTRUCTIONS:
		return COUNTER_BRANCHES;
	case PERF_COUNT_HW_BRANCH_MISSES:
		return COUNTER_BRANCH_MISSES;
	case PERF_COUNT_HW_CACHE_REFERENCES:
		return COUNTER_CACHE_REFERENCES;
	case PERF_COUNT_HW_CACHE_MISSES:
		return COUNTER_CACHE_MISSES;
	default:
		return COUNTER_OTHER;
	}
}

static uint64_t paranoid(void)
{
	return sysctl_u64("/proc/sys/kernel/perf_event_paranoid", 99);
}

static void not_counted(struct counter_value *v, int code)
{
	const char *word = strerrorname_np(-code);

	v->counted = false;
	if (code == -ENOENT || code == -EOPNOTSUPP || code == -ENODEV)
		snprintf(v->reason, sizeof(v->reason),
			 "this machine has no counter for it (%s)", word);
	else if (code == -EACCES || code == -EPERM)
		snprintf(v->reason, sizeof(v->reason),
			 "this user may not count it (perf_event_paranoid is %llu, or a "
			 "container's seccomp profile forbids it)",
			 (unsigned long long)paranoid());
	else if (code == -EINVAL)
		snprintf(v->reason, sizeof(v->reason),
			 "the kernel refuses it on this machine (%s)", word);
	else
		snprintf(v->reason, sizeof(v->reason), "%s", strerror(-code));
}

static void denied_in_kernel(struct counter_value *v)
{
	v->counted = false;
	snprintf(v->reason, sizeof(v->reason),
		 "it happens in the kernel, which this user may not count "
		 "(perf_event_paranoid is %llu)",
		 (unsigned long long)paranoid());
}

static int open_one(const struct eventspec *e, struct counter_value *v, pid_t pid,
		    int leader_fd)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
		.inherit = 1,
		/* As perf(1) does; some PMUs of Arm's refuse to count guests. */
		.exclude_guest = e->kind == EVENTSPEC_HARDWARE,
		/* A member follows its leader. */
		.disabled = leader_fd < 0,
		.enable_on_exec = leader_fd < 0,
	};
	int fd;

	eventspec_attr(e, &attr);
	v->user_only = attr.exclude_kernel;
	v->denied = false;
	fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, leader_fd,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0)
		return fd;
	if ((errno != EACCES && errno != EPERM) || attr.exclude_kernel ||
	    attr.exclude_user)
		return -errno;
	attr.exclude_kernel = attr.exclude_hv = 1;
	v->user_only = v->denied = true;
	fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, leader_fd,
			  PERF_FLAG_FD_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

/* The first member of @e's group that is open; -1: none, or no group. */
static int leader_of(const struct counters *c, size_t i)
{
	const struct eventspec *v = c->list->v;
	int fd = -1;

	for (size_t k = i; v[i].group && k-- > 0 && v[k].group == v[i].group;) {
		if (c->fds[k] >= 0 && c->values[k].grouped)
			fd = c->fds[k];
	}
	return fd;
}

static void open_value(struct counters *c, size_t i, pid_t pid)
{
	const struct eventspec *e = &c->list->v[i];
	struct counter_value *v = &c->values[i];
	int leader = leader_of(c, i), fd;

	v->unit = eventspec_unit(e);
	v->kind = kind_of(e);
	v->grouped = e->group != 0;
	fd = open_one(e, v, pid, leader);
	if (fd < 0 && leader >= 0) {
		fd = open_one(e, v, pid, -1);
		v->grouped = false;
	}
	/* The clocks run with the task, whatever levels are left out. */
	if (e->kind == EVENTSPEC_CLOCK)
		v->user_only = v->denied = false;
	c->fds[i] = fd < 0 ? -1 : fd;
	v->counted = fd >= 0;
	if (fd < 0)
		not_counted(v, fd);
}

struct counters *counters_open(struct eventlist *l, pid_t pid, struct error *err)
{
	struct counters *c = xcalloc(1, sizeof(*c));

	c->list = l;
	c->n = l->n;
	c->values = xcalloc(c->n + 1, sizeof(*c->values));
	c->fds = xcalloc(c->n + 1, sizeof(*c->fds));
	memset(c->fds, 0xff, (c->n + 1) * sizeof(*c->fds));
	for (size_t i = 0; i < c->n; i++) {
		struct eventspec *e = &l->v[i];
		struct error why = {0};
		int code;

		c->values[i].name = e->text;
		c->values[i].unit = "";
		if (e->period || e->hz) {
			error_set(err, -EINVAL,
				  "'%s' is to be counted, not sampled: period= and freq= "
				  "belong to -e",
				  e->text);
			return counters_close(c);
		}
		code = e->encoded ? 0 : eventspec_encode(e, &why);
		if (code == -EINVAL) {
			if (err)
				*err = why;
			return counters_close(c);
		}
		if (code < 0)
			snprintf(c->values[i].reason, sizeof(c->values[i].reason), "%s",
				 why.text);
		else
			open_value(c, i, pid);
	}
	return c;
}

struct counters *counters_close(struct counters *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n; i++) {
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	}
	free(c->fds);
	free(c->values);
	free(c);
	return NULL;
}

static void read_value(struct counters *c, size_t i)
{
	struct counter_value *v = &c->values[i];
	struct {
		uint64_t value, enabled_ns, running_ns;
	} r;

	if (read(c->fds[i], &r, sizeof(r)) != (ssize_t)sizeof(r)) {
		v->counted = false;
		snprintf(v->reason, sizeof(v->reason), "its value could not be read: %s",
			 strerror(errno));
		return;
	}
	v->counted = counter_scale(r.value, r.enabled_ns, r.running_ns, &v->value);
	v->running = r.enabled_ns ? (double)r.running_ns / (double)r.enabled_ns : 0;
	v->scaled = v->counted && r.running_ns < r.enabled_ns;
	if (!v->counted)
		snprintf(v->reason, sizeof(v->reason), "%s",
			 r.enabled_ns ? "others had the hardware's counters all the time"
				      : "the command never ran");
	else if (!v->value && v->denied && eventspec_kernel_only(&c->list->v[i]))
		denied_in_kernel(v);
}

void counters_read(struct counters *c)
{
	/* What outlives the workload must not be in one and not in the other. */
	for (size_t i = 0; i < c->n; i++) {
		if (c->fds[i] >= 0)
			ioctl(c->fds[i], PERF_EVENT_IOC_DISABLE, 0);
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->fds[i] >= 0)
			read_value(c, i);
	}
}

const struct counter_value *counters_values(const struct counters *c, size_t *ret_n)
{
	*ret_n = c->n;
	return c->values;
}
