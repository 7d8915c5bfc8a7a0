/* The ladder of events, for each reach, and one event with its ring per CPU.
 *
 * Rungs, best first: the hardware's cycles, with the kernel and without; cpu-clock with the kernel and
 * without. What made a rung fail is kept as the reason why the next one was taken. The ring comes out
 * of a quota of locked memory (perf_event_open(2), "perf_event_mlock_kb"), so it is tried large and
 * halved on EPERM; the stack copy follows the ring's size.
 *
 * Whom the events are on is reach.c's; merging the rings by time is the source's. */
#include <profd/sampler.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "perf-priv.h"
#include <profd/cgroup.h>
#include <profd/io.h>
#include <profd/log.h>
#include <profd/mem.h>
#include <profd/number.h>

#define RING_DEFAULT_BYTES ((size_t)4 << 20)
#define RING_MAX_BYTES ((size_t)16 << 20)
/* All rings together: locked kernel memory that no memory cgroup accounts for. */
#define RINGS_TOTAL_BYTES ((size_t)256 << 20)
#define RING_FLOOR_BYTES ((size_t)512 << 10) /* of one, what the default quota grants */
#define RING_MIN_BYTES ((size_t)64 << 10)
#define RING_MIN_DUMPS 32
/* perf_event_open(2), sample_stack_user: a multiple of 8 below 64 KiB. */
#define STACK_MAX_BYTES ((size_t)65528)

struct sampler {
	struct sampler_info info;
	struct perf_event_attr attr;
	struct record_format format;
	struct target target;
	struct tasks *tasks; /* instead of the target's events: NULL, or REACH_INHERIT */
	int *clock_fds;	     /* [nclocks], count CPU time */
	size_t nclocks;
	struct eventlist list; /* what was asked for; empty: the best that works */
	struct more more;
	struct switches switches;
	uint64_t periods[EVENT_SWITCHED + 1]; /* as in record_format */
	bool late[EVENT_SWITCHED + 1];	      /* samples carry the next one's weight */
	struct map *before;		      /* for weight_correct */
	bool other_failed; /* an event behind the first cannot be opened */
	struct sampler_cpu {
		struct ring ring;
		int fd;
		int cpu;
	} * cpus;
	size_t ncpus;
	uint32_t cpus_end; /* behind the highest number of a CPU */
};

uint64_t sysctl_u64(const char *path, uint64_t fallback)
{
	_cleanup_free_ char *data = NULL;
	size_t n;
	uint64_t v;

	if (io_slurp(path, 4096, &data, &n) < 0)
		return fallback;
	data[strcspn(data, "\n")] = '\0';
	return number_parse_u64(data, 0, UINT64_MAX, &v) ? fallback : v;
}

uint32_t sampler_max_hz(void)
{
	uint64_t v = sysctl_u64("/proc/sys/kernel/perf_event_max_sample_rate", 100000);

	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* Arm's PMUs cannot leave the idle task out (drivers/perf/arm_pmuv3.c). They stand still while it waits,
 * and what it leaves is nobody's of the workload. */
bool attr_unidle(struct perf_event_attr *attr)
{
	bool had = attr->exclude_idle;

	attr->exclude_idle = 0;
	return had;
}

/* What is newer than Linux 5.10 is dropped, one after the other, when a kernel refuses the set: fields at
 * the attributes' end (E2BIG, and it wrote the size that it knows), a lost count per event (6.0), then
 * build-ids in mmap records (5.12). What an event lacks for all else it cannot do without. */
static bool attr_age(struct perf_event_attr *attr, int code, uint32_t *size)
{
	if (code == -E2BIG && attr->size >= PERF_ATTR_SIZE_VER3 && attr->size < *size) {
		*size = attr->size;
		return true;
	}
	if (code == -EOPNOTSUPP)
		return attr_unidle(attr);
	if (code != -EINVAL)
		return false;
	if (attr->read_format & PERF_FORMAT_LOST) {
		attr->read_format &= ~(uint64_t)PERF_FORMAT_LOST;
		return true;
	}
	if (attr->build_id) {
		attr->build_id = 0;
		return true;
	}
	return false;
}

static void attr_init(struct perf_event_attr *attr, const struct sampler_options *o,
		      const struct target *t, bool kernel)
{
	*attr = (struct perf_event_attr){
		.size = sizeof(*attr),
		.freq = 1,
		.sample_freq = o->hz,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |
			       PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		.read_format = PERF_FORMAT_LOST,
		.disabled = 1,
		.mmap = 1,
		.mmap2 = 1,
		.build_id = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.context_switch = o->wall,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.exclude_kernel = !kernel,
		.exclude_hv = 1,
		.exclude_guest = 1,
		.exclude_callchain_user = 1,
		.sample_regs_user = perf_regs_mask(),
	};
	if (kernel)
		attr->sample_type |= PERF_SAMPLE_CALLCHAIN;
	target_attr(t, attr);
}

static void close_cpus(struct sampler *s)
{
	for (size_t i = 0; i < s->ncpus; i++) {
		ring_close(&s->cpus[i].ring);
		close(s->cpus[i].fd);
	}
	s->ncpus = 0;
}

/* What the ring of a CPU hangs on. */
static int open_ringed(struct sampler *s, int cpu)
{
	return s->tasks ? tasks_anchor(&s->attr, cpu)
			: target_open(&s->target, &s->attr, cpu, -1);
}

/* Opens the event on every CPU that is online. */
static int open_cpus(struct sampler *s, size_t ring_bytes, size_t ncpus)
{
	uint32_t size = s->attr.size;

	s->attr.wakeup_watermark = (uint32_t)(ring_bytes / 4);
	for (size_t cpu = 0; cpu < ncpus; cpu++) {
		struct sampler_cpu *c = &s->cpus[s->ncpus];
		int fd = open_ringed(s, (int)cpu), code;

		while (fd < 0 && s->ncpus == 0 && attr_age(&s->attr, fd, &size))
			fd = open_ringed(s, (int)cpu);
		if (fd == -ENODEV) /* offline */
			continue;
		if (fd < 0) {
			close_cpus(s);
			return fd;
		}
		code = ring_open(&c->ring, fd, ring_bytes);
		if (code < 0) {
			close(fd);
			close_cpus(s);
			/* Told apart from a refused event by its own code. */
			return code == -EPERM || code == -ENOMEM ? -ENOBUFS : code;
		}
		c->fd = fd;
		c->cpu = (int)cpu;
		s->ncpus++;
	}
	return s->ncpus ? 0 : -ENODEV;
}

/* What comes in while profd waits for a CPU has to fit: an eighth of a second where memory is not
 * short. 4 MiB serve up to 511 Hz. */
static size_t ring_wanted(const struct sampler_options *o, size_t ncpus)
{
	size_t ring = RING_DEFAULT_BYTES;

	if (o->ring_bytes)
		return o->ring_bytes;
	while (ring < o->hz / 8 * STACK_MAX_BYTES && ring < RING_MAX_BYTES)
		ring *= 2;
	while (ring > RING_FLOOR_BYTES && ring > RINGS_TOTAL_BYTES / ncpus)
		ring /= 2;
	return ring;
}

/* With a small quota the stack copy gives way, down to 32 in a ring, or a thirtieth of a second. */
static size_t stack_wanted(const struct sampler_options *o, size_t ring_bytes)
{
	size_t dumps = o->hz / 32 > RING_MIN_DUMPS ? o->hz / 32 : RING_MIN_DUMPS;
	size_t stack = o->stack_bytes ? o->stack_bytes : ring_bytes / dumps;

	return (stack > STACK_MAX_BYTES ? STACK_MAX_BYTES : stack) & ~(size_t)7;
}

/* One rung: the largest ring that the quota grants. */
static int open_rung(struct sampler *s, const struct sampler_options *o, size_t ncpus)
{
	size_t ring = ring_wanted(o, ncpus);
	int code;

	s->info.ring_bytes_wanted = ring;
	for (; ring >= RING_MIN_BYTES; ring /= 2) {
		size_t stack = stack_wanted(o, ring);

		s->attr.sample_stack_user = (uint32_t)stack;
		code = open_cpus(s, ring, ncpus);
		if (code == -ENOBUFS)
			continue;
		s->info.ring_bytes = ring;
		s->info.stack_bytes = stack;
		return code;
	}
	return -ENOBUFS;
}

static const char *errno_word(int code)
{
	const char *name = strerrorname_np(-code);

	return name ? name : "error";
}

/* Why a rung failed, in words for the rung below. */
static void reason_add(struct sampler_info *info, const char *event, bool kernel,
		       int code)
{
	size_t used = strlen(info->reason);
	uint64_t paranoid = sysctl_u64("/proc/sys/kernel/perf_event_paranoid", 99);
	char *at = info->reason + used;
	size_t room = sizeof(info->reason) - used;
	const char *sep = used ? "; " : "";

	if (kernel && (code == -EACCES || code == -EPERM))
		snprintf(
			at, room,
			"%sno kernel samples for this user (perf_event_paranoid is %llu)",
			sep, (unsigned long long)paranoid);
	else if (code == -ENODATA)
		snprintf(at, room,
			 "%s'%s' opens on this machine, but stays silent: no sample of "
			 "20 ms of work",
			 sep, event);
	else if (code == -EBUSY || code == -ENOSPC)
		snprintf(at, room,
			 "%sno hardware counter is free for '%s': others have them (%s)",
			 sep, event, errno_word(code));
	else if (code == -ENOENT || code == -EOPNOTSUPP || code == -EINVAL ||
		 code == -ENODEV)
		snprintf(at, room, "%sno hardware counter for '%s' on this machine (%s)",
			 sep, event, errno_word(code));
	else
		snprintf(at, room, "%s'%s' failed (%s)", sep, event, errno_word(code));
}

static int open_on_cpu(void *arg, struct perf_event_attr *attr, size_t i, int group_fd)
{
	struct sampler *s = arg;

	return target_open(&s->target, attr, s->cpus[i].cpu, group_fd);
}

/* All events on all threads, into the rings that are there. */
static int open_tasks(struct sampler *s, struct error *err)
{
	int *cpus = xcalloc(2 * s->ncpus, sizeof(int)), *fds = cpus + s->ncpus, code;
	uint32_t size = s->attr.size;

	for (size_t i = 0; i < s->ncpus; i++) {
		cpus[i] = s->cpus[i].cpu;
		fds[i] = s->cpus[i].fd;
	}
	do
		code = tasks_open(s->tasks, &s->attr, cpus, fds, s->ncpus,
				  &s->other_failed, err);
	while (code < 0 && !s->other_failed && attr_age(&s->attr, code, &size));
	free(cpus);
	if (code < 0)
		close_cpus(s);
	return code;
}

/* The events behind the first of the list. */
static int open_others(struct sampler *s, const struct sampler_options *o,
		       struct error *err)
{
	int code;

	if (s->tasks)
		return open_tasks(s, err);
	if (s->list.n < 2)
		return 0;
	s->more = (struct more){.list = &s->list,
				.ncpus = s->ncpus,
				.ring_fds = xcalloc(s->ncpus, sizeof(int)),
				.open = open_on_cpu,
				.arg = s};
	for (size_t i = 0; i < s->ncpus; i++)
		s->more.ring_fds[i] = s->cpus[i].fd;
	code = more_open(&s->more, o->hz, &s->attr, err);
	s->other_failed = code < 0;
	if (code < 0)
		close_cpus(s);
	return code;
}

/* Where a thread runs is known by samples that come with time. */
static int find_timer(struct sampler *s, struct error *err)
{
	const struct eventspec *v = s->list.v;

	for (uint32_t i = 0; i < s->list.n; i++) {
		bool cycles = v[i].kind == EVENTSPEC_HARDWARE &&
			      !strncmp(v[i].label, "cycles", strlen("cycles"));

		if (v[i].kind != EVENTSPEC_CLOCK && !cycles)
			continue;
		s->info.wall_event = i;
		return 0;
	}
	if (!s->list.n)
		return 0;
	error_set(err, -EINVAL,
		  "--wall needs an event that comes with time, and '%s' is "
		  "none",
		  v[0].text);
	error_hint(err, "add cpu-clock or cycles to -e, or leave -e out");
	return -EINVAL;
}

/* Without stacks of what blocks it goes on: the kernel tells ordinary users when a thread was off its CPU,
 * but not where. */
static int open_switches(struct sampler *s, struct error *err)
{
	int code = find_timer(s, err);
	uint64_t id;

	if (code < 0)
		return code;

	s->switches = (struct switches){
		.ncpus = s->ncpus, .open = open_on_cpu, .arg = s, .ids = &s->more.ids};
	for (size_t i = 0; i < s->ncpus; i++) {
		if (ioctl(s->cpus[i].fd, PERF_EVENT_IOC_ID, &id) < 0)
			return error_set(err, -errno, "an event without an id: %s",
					 strerror(errno));
		map_put(&s->more.ids, id, 1);
	}
	s->info.wall = true;
	code = switches_open(&s->switches, &s->attr);
	s->info.wall_stacks = code == 0;
	if (code == -EACCES || code == -EPERM)
		snprintf(s->info.wall_reason, sizeof(s->info.wall_reason),
			 "no samples of context switches for this user "
			 "(perf_event_paranoid is %llu)",
			 (unsigned long long)sysctl_u64(
				 "/proc/sys/kernel/perf_event_paranoid", 99));
	else if (code < 0)
		snprintf(s->info.wall_reason, sizeof(s->info.wall_reason),
			 "samples of context switches failed (%s)", errno_word(code));
	return 0;
}

struct rung {
	const char *event;
	bool kernel;
};

static int try_rung(struct sampler *s, const struct sampler_options *o,
		    const struct rung *rung, size_t ncpus, struct error *err)
{
	bool clock;
	int code;

	s->other_failed = false;
	attr_init(&s->attr, o, &s->target, rung->kernel);
	code = event_encode(rung->event, &s->attr, &clock, err);
	if (code < 0)
		return code;
	/* Asked for without the kernel ("EVENT:u"): the rung below is it. */
	if (rung->kernel && s->attr.exclude_kernel)
		return -ENOTSUP;
	/* Of the kernel alone (":k") there is no user side to fall back to. */
	if (!rung->kernel && s->attr.exclude_user)
		return -EACCES;
	s->attr.exclude_kernel = !rung->kernel;
	s->attr.exclude_hv = 1;
	if (s->list.n > 1 || o->wall || s->tasks)
		attr_shared(&s->attr);
	code = event_silent(&s->attr);
	if (code == 0)
		code = open_rung(s, o, ncpus);
	if (code == 0)
		code = open_others(s, o, err);
	log_debug("perf", "%s: %s%s: %s", reach_name(s->target.reach), rung->event,
		  rung->kernel ? "" : ":u", code < 0 ? errno_word(code) : "ok");
	if (code < 0)
		return code;
	snprintf(s->info.event, sizeof(s->info.event), "%s",
		 s->list.n ? s->list.v[0].label : rung->event);
	s->info.hz = s->attr.freq ? (uint32_t)s->attr.sample_freq : 0;
	s->info.period = s->attr.freq ? 0 : s->attr.sample_period;
	s->info.hardware = !clock;
	s->info.kernel = rung->kernel;
	return 0;
}

static int open_failed(const struct sampler *s, const char *event, int code,
		       struct error *err)
{
	if (code == -ENOBUFS) {
		error_set(err, -EPERM, "no locked memory is left for sampling buffers");
		error_hint(err,
			   "end other profilers of this user, or raise 'ulimit -l' or "
			   "kernel.perf_event_mlock_kb");
		return -EPERM;
	}
	if (code == -ENODATA) {
		error_set(err, -ENOENT,
			  "'%s' opens on this machine, but stays silent: no sample of 20 "
			  "ms of work",
			  event);
		error_hint(err, "leave -e out, or use -e cpu-clock");
		return -ENOENT;
	}
	/* An event that there is not is one thing to callers, whatever the kernel calls it; and it is not
	 * the user's fault when the kernel does not understand what nobody asked for. */
	error_set(err,
		  code == -EOPNOTSUPP				      ? -ENOENT
		  : !s->list.n && (code == -EINVAL || code == -E2BIG) ? -EOPNOTSUPP
								      : code,
		  "this machine does not let profd sample '%s': %s", event,
		  strerror(-code));
	if (code == -EACCES)
		error_hint(err, "sysctl kernel.perf_event_paranoid=2 or lower; 'profd "
				"doctor' tells more");
	else if (code == -EPERM)
		error_hint(err, "a container's seccomp profile has to allow "
				"perf_event_open (docker run --cap-add PERFMON); "
				"'profd doctor' tells more");
	else if (code == -EOPNOTSUPP && s->attr.precise_ip)
		error_hint(err, "its counters are not that precise: one p less");
	else if (code == -EBUSY || code == -ENOSPC)
		error_hint(err, "others have the hardware's counters: end other "
				"profilers, or use -e cpu-clock");
	else if (code == -EINVAL || code == -E2BIG)
		error_hint(err, "profd needs Linux 5.10 or newer");
	else if (code == -ENOENT || code == -EOPNOTSUPP)
		error_hint(err, "virtual machines often lack a PMU: leave -e out, or use "
				"-e cpu-clock");
	else if (code == -EMFILE)
		error_hint(err, "raise 'ulimit -n'");
	else if (code == -ENFILE)
		error_hint(err, "raise fs.file-max: no more files can be open in all");
	else if (code == -ENOSYS)
		error_hint(err, "this kernel, or the sandbox around it, has no "
				"perf_event_open; 'profd doctor' tells more");
	return err ? err->code : code;
}

/* Climbs down until a rung holds. */
static int climb(struct sampler *s, const struct sampler_options *o, size_t ncpus,
		 struct error *err)
{
	const struct rung best[] = {{"cycles", true},
				    {"cycles", false},
				    {"cpu-clock", true},
				    {"cpu-clock", false}};
	const char *event = s->list.n ? s->list.v[0].text : NULL;
	const struct rung asked[] = {{event, true}, {event, false}};
	const struct rung *rungs = o->event ? asked : best;
	size_t n = o->event ? ARRAY_SIZE(asked) : ARRAY_SIZE(best);
	bool kernel_denied = false;
	int code = -ENOENT;

	s->info.reason[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (rungs[i].kernel && kernel_denied)
			continue;
		code = try_rung(s, o, &rungs[i], ncpus,
				o->event || s->tasks ? err : NULL);
		if (code == 0 || s->other_failed)
			return code; /* err says which one it was */
		if (code == -ENOBUFS || code == -EMFILE || code == -ENFILE ||
		    code == -ESRCH)
			break;
		if (rungs[i].kernel && code == -ENOTSUP && o->event)
			continue;
		if (rungs[i].kernel && (code == -EACCES || code == -EPERM)) {
			reason_add(&s->info, rungs[i].event, true, code);
			kernel_denied = true;
		} else {
			reason_add(&s->info, rungs[i].event, false, code);
			/* No such counter: the same without the kernel has none either. */
			i += rungs[i].kernel;
		}
	}
	if (s->tasks && err && err->code == code && (code == -EMFILE || code == -ESRCH))
		return code; /* told already */
	return open_failed(s, rungs[n - 1].event, code, err);
}

static void reach_reason_add(struct sampler_info *info, const char *text)
{
	size_t used = strlen(info->reach_reason);

	/* What keeps profd off one often keeps it off the next. */
	if (strstr(info->reach_reason, text))
		return;
	snprintf(info->reach_reason + used, sizeof(info->reach_reason) - used, "%s%s",
		 used ? "; " : "", text);
}

/* Which reaches there are for what is to be sampled, the best first; REACH_ANY ends them. What runs
 * already is one program among others: events of whole CPUs would copy the stacks of all of them. Only
 * for processes shorter than a period that is worth it. A thread has none. */
static const enum reach *reaches_for(const struct sampler_targets *on)
{
	static const enum reach launched[] = {REACH_CGROUP, REACH_SYSTEM, REACH_INHERIT,
					      REACH_ANY};
	static const enum reach group[] = {REACH_CGROUP, REACH_ANY};
	static const enum reach everything[] = {REACH_SYSTEM, REACH_ANY};
	static const enum reach threads[] = {REACH_INHERIT, REACH_ANY};
	static const enum reach processes[] = {REACH_INHERIT, REACH_SYSTEM, REACH_ANY};
	static const enum reach forkers[] = {REACH_SYSTEM, REACH_INHERIT, REACH_ANY};

	if (!on)
		return launched;
	if (on->cgroup)
		return group;
	if (!on->npids)
		return everything;
	return on->threads ? threads : on->forks ? forkers : processes;
}

static int try_reach(struct sampler *s, const struct sampler_options *o, size_t ncpus,
		     enum reach reach, const struct target *whom, struct error *err)
{
	int code = target_init(&s->target, reach, whom->pid, whom->on, err);

	if (code < 0)
		return code;
	if (target_is_tasks(&s->target))
		s->tasks = tasks_new(whom->on, &s->list, o->hz);
	code = climb(s, o, ncpus, err);
	if (code == 0) {
		s->info.reach = reach;
		return 0;
	}
	s->tasks = tasks_free(s->tasks);
	target_done(&s->target);
	return code;
}

/* From the widest reach that is allowed to the narrowest, the whole ladder on each. */
static int open_reach(struct sampler *s, const struct sampler_options *o,
		      const struct target *whom, size_t ncpus, struct error *err)
{
	const enum reach asked[] = {o->reach, REACH_ANY};
	const enum reach *reach = o->reach ? asked : reaches_for(whom->on);
	struct error why = {0};
	int code = -EPERM;

	if (o->reach && o->reach != *reaches_for(whom->on))
		reach_reason_add(&s->info, "another one was not asked for");
	for (; *reach != REACH_ANY; reach++) {
		why = (struct error){0};
		code = try_reach(s, o, ncpus, *reach, whom, &why);
		if (code == 0)
			return 0;
		log_debug("perf", "%s: %s", reach_name(*reach), why.text);
		reach_reason_add(&s->info, why.text);
		if (code == -EINVAL && o->event)
			break; /* an unknown name stays unknown */
		/* What may not be looked at may not be looked at by other events. */
		if (whom->on && *reach == REACH_INHERIT && code != -EMFILE)
			break;
	}
	if (err)
		*err = why;
	if (o->reach && !why.hint[0])
		error_hint(err, "leave --reach out to take the best that works");
	return code;
}

/* Whatever is wrong with the names is said before anything is opened. */
static int parse_events(struct sampler *s, const struct sampler_options *o,
			struct error *err)
{
	int code = eventlist_parse(&s->list, o->event, err);
	struct eventspec *v = s->list.v;

	if (code < 0)
		return code;
	if (s->list.n > SAMPLER_EVENTS_MAX)
		return error_set(err, -E2BIG, "at most %d events can be sampled at once",
				 SAMPLER_EVENTS_MAX);
	for (uint32_t i = 0; i < s->list.n; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (!strcmp(v[k].label, v[i].label))
				return error_set(err, -EINVAL,
						 "the event '%s' stands twice",
						 v[i].label);
		}
		if (v[i].hz > sampler_max_hz())
			return error_set(err, -EINVAL,
					 "'%s' is outside of what this kernel allows "
					 "(1 to %u Hz)",
					 v[i].text, sampler_max_hz());
	}
	return eventlist_encode(&s->list, err);
}

/* A control group's clocks count on each CPU. What runs on all of them, and processes that run already,
 * the caller has to ask for elsewhere: an event that some threads inherit and others get would count
 * them twice. */
static void open_clocks(struct sampler *s)
{
	size_t n = !s->target.on ? 1 : s->target.on->cgroup ? s->ncpus : 0;

	s->clock_fds = xcalloc(n + 1, sizeof(*s->clock_fds));
	for (size_t i = 0; i < n; i++) {
		int fd = s->target.on ? group_clock_open(&s->target, s->cpus[i].cpu)
				      : clock_open(s->target.pid);

		if (fd >= 0)
			s->clock_fds[s->nclocks++] = fd;
	}
}

static const struct more *more_of(const struct sampler *s)
{
	return s->tasks ? tasks_more(s->tasks) : &s->more;
}

static struct sampler *sampler_make(const struct sampler_options *o,
				    const struct target *whom, struct error *err)
{
	long ncpus = sysconf(_SC_NPROCESSORS_CONF);
	struct sampler *s;

	if (o->hz == 0 || o->hz > sampler_max_hz()) {
		error_set(err, -EINVAL,
			  "%u Hz is outside of what this kernel allows (1 to %u)", o->hz,
			  sampler_max_hz());
		error_hint(err,
			   "give a lower -F, or raise kernel.perf_event_max_sample_rate");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->before = xcalloc(1, sizeof(*s->before));
	if (ncpus < 1)
		ncpus = 1;
	s->cpus = xcalloc((size_t)ncpus, sizeof(*s->cpus));
	if (o->event && parse_events(s, o, err) < 0)
		return sampler_close(s);
	if (open_reach(s, o, whom, (size_t)ncpus, err) < 0 ||
	    (o->wall && open_switches(s, err) < 0))
		return sampler_close(s);
	open_clocks(s);
	s->info.ncpus = (uint32_t)s->ncpus;
	s->cpus_end = (uint32_t)ncpus;
	s->info.nevents = s->list.n > 1 ? s->list.n : 1;
	if (!(s->attr.sample_type & PERF_SAMPLE_PERIOD))
		s->periods[0] = s->attr.sample_period;
	for (uint32_t i = 1; i < s->list.n; i++)
		s->periods[i] = more_of(s)->events[i].silent
					? more_of(s)->events[i].period
					: 0;
	for (uint32_t i = 0; i < s->list.n; i++) {
		bool hz = i ? more_of(s)->events[i].hz : s->attr.freq;

		s->late[i] = hz && (s->list.v[i].kind == EVENTSPEC_SOFTWARE ||
				    s->list.v[i].kind == EVENTSPEC_TRACEPOINT);
	}
	s->format = (struct record_format){
		.sample_type = s->attr.sample_type | PERF_SAMPLE_PERIOD,
		.periods = s->periods,
		.regs_mask = s->attr.sample_regs_user,
		.sample_id_all = true,
		.events = s->tasks		     ? tasks_ids(s->tasks)
			  : s->list.n > 1 || o->wall ? &s->more.ids
						     : NULL};
	s->periods[EVENT_SWITCHED] = 1;
	return s;
}

struct sampler *sampler_open(const struct sampler_options *o, pid_t pid,
			     struct error *err)
{
	return sampler_make(o, &(struct target){.pid = pid}, err);
}

struct sampler *sampler_attach(const struct sampler_options *o,
			       const struct sampler_targets *on, struct error *err)
{
	return sampler_make(o, &(struct target){.on = on}, err);
}

struct sampler *sampler_close(struct sampler *s)
{
	if (!s)
		return NULL;
	switches_close(&s->switches);
	more_close(&s->more);
	map_done(&s->more.ids);
	tasks_free(s->tasks);
	close_cpus(s);
	for (size_t i = 0; i < s->nclocks; i++)
		close(s->clock_fds[i]);
	free(s->clock_fds);
	target_done(&s->target);
	eventlist_done(&s->list);
	map_done(s->before);
	free(s->before);
	free(s->cpus);
	free(s);
	return NULL;
}

const struct sampler_info *sampler_info(const struct sampler *s)
{
	return &s->info;
}

void sampler_start(struct sampler *s)
{
	if (s->tasks) {
		tasks_switch(s->tasks, true);
		return;
	}
	if (s->target.reach == REACH_INHERIT)
		return;
	for (size_t i = 0; i < s->ncpus; i++)
		ioctl(s->cpus[i].fd, PERF_EVENT_IOC_ENABLE, 0);
	more_switch(&s->more, true);
	switches_turn(&s->switches, true);
	for (size_t i = 0; s->target.on && i < s->nclocks; i++)
		ioctl(s->clock_fds[i], PERF_EVENT_IOC_ENABLE, 0);
}

void sampler_stop(struct sampler *s)
{
	for (size_t i = 0; i < s->ncpus; i++)
		ioctl(s->cpus[i].fd, PERF_EVENT_IOC_DISABLE, 0);
	for (size_t i = 0; i < s->nclocks; i++)
		ioctl(s->clock_fds[i], PERF_EVENT_IOC_DISABLE, 0);
	more_switch(&s->more, false);
	switches_turn(&s->switches, false);
	if (s->tasks)
		tasks_switch(s->tasks, false);
}

uint64_t sampler_counted_ns(const struct sampler *s)
{
	uint64_t ns, sum = 0;

	for (size_t i = 0; i < s->nclocks; i++) {
		if (read(s->clock_fds[i], &ns, sizeof(ns)) == (ssize_t)sizeof(ns))
			sum += ns;
	}
	return sum;
}

bool sampler_populated(const struct sampler *s)
{
	return s->target.cgroup && cgroup_populated(s->target.cgroup);
}

void sampler_kill(const struct sampler *s, int sig)
{
	if (s->target.cgroup)
		cgroup_kill(s->target.cgroup, sig);
}

size_t sampler_nrings(const struct sampler *s)
{
	return s->ncpus + s->switches.n;
}

struct ring *sampler_ring(struct sampler *s, size_t i)
{
	return i < s->ncpus ? &s->cpus[i].ring : &s->switches.rings[i - s->ncpus];
}

int sampler_fd(const struct sampler *s, size_t i)
{
	return i < s->ncpus ? s->cpus[i].fd : s->switches.fds[i - s->ncpus];
}

static bool is_everything(const struct sampler *s)
{
	return s->target.on && !s->target.on->npids && !s->target.on->cgroup;
}

void sampler_event(const struct sampler *s, uint32_t i, struct sampler_event *ret)
{
	bool lost = s->attr.read_format & PERF_FORMAT_LOST;
	const struct more_event *e;

	*ret = (struct sampler_event){.lost_known = lost,
				      .count_known = s->target.reach != REACH_SYSTEM ||
						     is_everything(s)};
	if (i == 0) {
		snprintf(ret->name, sizeof(ret->name), "%s", s->info.event);
		snprintf(ret->reason, sizeof(ret->reason), "%s", s->info.reason);
		ret->clock = !s->info.hardware;
		ret->kernel = s->info.kernel;
		ret->hz = s->info.hz;
		ret->period = s->info.period;
		for (size_t k = 0; !s->tasks && k < s->ncpus; k++)
			event_read(s->cpus[k].fd, lost, &ret->count, &ret->lost);
		if (s->tasks)
			tasks_read(s->tasks, 0, lost, &ret->count, &ret->lost);
		return;
	}
	e = &more_of(s)->events[i];
	snprintf(ret->name, sizeof(ret->name), "%s", s->list.v[i].label);
	snprintf(ret->reason, sizeof(ret->reason), "%s", e->reason);
	ret->clock = s->list.v[i].kind == EVENTSPEC_CLOCK;
	ret->kernel = e->kernel;
	ret->hz = e->hz;
	ret->period = e->period;
	if (s->tasks)
		tasks_read(s->tasks, i, lost, &ret->count, &ret->lost);
	else
		more_read(&s->more, i, lost, &ret->count, &ret->lost);
}

static void sample_weigh(const struct sampler *s, struct event *e)
{
	uint32_t tid = s->attr.inherit ? e->tid : 0;

	if (!s->late[e->sample.event])
		return;
	if (tid)
		weight_note(s->before, tid);
	weight_correct(s->before, weight_instance(e->sample.event, e->cpu, tid),
		       &e->sample.period);
}

int sampler_decode(struct sampler *s, const void *record, struct event *ret_event)
{
	const struct perf_event_header *h = record;
	int code = record_decode(&s->format, record, h->size, ret_event);

	if (code < 0)
		return code;
	if (s->tasks && tasks_twice(s->tasks, record, ret_event))
		ret_event->type = EVENT_OTHER;
	if (ret_event->type == EVENT_SAMPLE)
		sample_weigh(s, ret_event);
	if (ret_event->type == EVENT_SWITCH && ret_event->change.out) {
		switches_seen(&s->switches, ret_event->time_ns);
		s->periods[EVENT_SWITCHED] = s->switches.period;
		s->info.wall_period = s->switches.max_period;
	}
	/* The exit may be among what was lost. */
	if (ret_event->type == EVENT_FORK || ret_event->type == EVENT_EXIT)
		weight_forget(s->before, ret_event->tid, s->info.nevents, s->cpus_end);
	return code;
}

/* Offsets follow from attr_init's sample_type: a sample is {header, [id,] ip, pid+tid, time, …}; every
 * other record ends in {…, pid+tid, time, cpu[, id]}. */
uint64_t sampler_time(const struct sampler *s, const struct ring *r, uint64_t at)
{
	const struct perf_event_header *h = (const void *)(r->data + (at & r->mask));

	size_t id = s->attr.sample_type & PERF_SAMPLE_IDENTIFIER ? 8 : 0;

	if (h->size < 32 + id)
		return 0;
	return ring_word(r, h->type == PERF_RECORD_SAMPLE ? at + 24 + id
							  : at + h->size - 16 - id);
}
