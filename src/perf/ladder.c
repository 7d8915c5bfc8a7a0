/* The ladder of events, for each reach, and one event with its ring per CPU.
 *
 * Rungs, best first: the hardware's cycles, with the kernel and without; cpu-clock with
 * the kernel and without. What made a rung fail is kept as the reason why the next one
 * was taken. The ring comes out of a quota of locked memory (perf_event_open(2),
 * "perf_event_mlock_kb"), so it is tried large and halved on EPERM; the stack copy
 * follows the ring's size.
 *
 * Whom the events are on is reach.c's; what is done with those that hold is
 * sampler.c's. */
#include "sampler-priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <profd/log.h>
#include <profd/mem.h>

#define RING_DEFAULT_BYTES ((size_t)4 << 20)
#define RING_MAX_BYTES ((size_t)16 << 20)
/* All rings together: locked kernel memory that no memory cgroup accounts for. */
#define RINGS_TOTAL_BYTES ((size_t)256 << 20)
#define RING_FLOOR_BYTES ((size_t)512 << 10) /* of one, what the default quota grants */
#define RING_MIN_BYTES ((size_t)64 << 10)
#define RING_MIN_DUMPS 32
/* perf_event_open(2), sample_stack_user: a multiple of 8 below 64 KiB. */
#define STACK_MAX_BYTES ((size_t)65528)

/* Arm's PMUs cannot leave the idle task out (drivers/perf/arm_pmuv3.c). They stand still
 * while it waits, and what it leaves is nobody's of the workload. */
bool attr_unidle(struct perf_event_attr *attr)
{
	bool had = attr->exclude_idle;

	attr->exclude_idle = 0;
	return had;
}

/* What is newer than Linux 5.10 is dropped, one after the other, when a kernel refuses
 * the set: fields at the attributes' end (E2BIG, and it wrote the size that it knows), a
 * lost count per event (6.0), then build-ids in mmap records (5.12). What an event lacks
 * for all else it cannot do without. */
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

void ladder_close(struct sampler *s)
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
			ladder_close(s);
			return fd;
		}
		code = ring_open(&c->ring, fd, ring_bytes);
		if (code < 0) {
			close(fd);
			ladder_close(s);
			/* Told apart from a refused event by its own code. */
			return code == -EPERM || code == -ENOMEM ? -ENOBUFS : code;
		}
		c->fd = fd;
		c->cpu = (int)cpu;
		s->ncpus++;
	}
	return s->ncpus ? 0 : -ENODEV;
}

/* What comes in while profd waits for a CPU has to fit, and each look at the rings costs as
 * much as unwinding a dozen stacks: a quarter of a second where memory is not short. */
static size_t ring_wanted(const struct sampler_options *o, size_t ncpus)
{
	size_t ring = RING_DEFAULT_BYTES;

	if (o->ring_bytes)
		return o->ring_bytes;
	while (ring < o->hz / 4 * STACK_MAX_BYTES && ring < RING_MAX_BYTES)
		ring *= 2;
	while (ring > RING_FLOOR_BYTES && ring > RINGS_TOTAL_BYTES / ncpus)
		ring /= 2;
	return ring;
}

/* With a small quota the stack copy gives way, down to 32 in a ring, or a thirtieth of a
 * second. */
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

const char *errno_word(int code)
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

int ladder_open_on(void *arg, struct perf_event_attr *attr, size_t i, int group_fd)
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
		ladder_close(s);
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
				.open = ladder_open_on,
				.arg = s};
	for (size_t i = 0; i < s->ncpus; i++)
		s->more.ring_fds[i] = s->cpus[i].fd;
	code = more_open(&s->more, o->hz, &s->attr, err);
	s->other_failed = code < 0;
	if (code < 0)
		ladder_close(s);
	return code;
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
	/* An event that there is not is one thing to callers, whatever the kernel calls
	 * it; and it is not the user's fault when the kernel does not understand what
	 * nobody asked for. */
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
			/* No such counter: the same without the kernel has none
			 * either. */
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

/* Which reaches there are for what is to be sampled, the best first; REACH_ANY ends them.
 * What runs already is one program among others: events of whole CPUs would copy the
 * stacks of all of them. Only for processes shorter than a period that is worth it. A
 * thread has none. */
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
int ladder_open(struct sampler *s, const struct sampler_options *o,
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
