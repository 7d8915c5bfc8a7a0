/* What is sampled, from the options to the decoded record: the list of events, clocks
 * that count, stacks at context switches, and each event's weight and totals.
 *
 * Opening the events is ladder.c's, whom they are on reach.c's; merging the rings by time
 * is the source's. */
#include <profd/sampler.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "sampler-priv.h"
#include <profd/cgroup.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/number.h>

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

/* Without stacks of what blocks it goes on: the kernel tells ordinary users when a thread
 * was off its CPU, but not where. */
static int open_switches(struct sampler *s, struct error *err)
{
	int code = find_timer(s, err);
	uint64_t id;

	if (code < 0)
		return code;

	s->switches = (struct switches){
		.ncpus = s->ncpus, .open = ladder_open_on, .arg = s, .ids = &s->more.ids};
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

/* A control group's clocks count on each CPU. What runs on all of them, and processes
 * that run already, the caller has to ask for elsewhere: an event that some threads
 * inherit and others get would count them twice. */
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
	if (ladder_open(s, o, whom, (size_t)ncpus, err) < 0 ||
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
	ladder_close(s);
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

/* Of what is beside the stack copy in a sample: its registers, and 127 kernel frames. */
#define SAMPLE_REST_BYTES 2048u

int sampler_quarter_ms(const struct sampler *s)
{
	uint64_t hz = s->info.hz, ms;

	if (s->info.hardware || s->info.wall)
		return 0;
	for (uint32_t i = 1; i < s->info.nevents; i++) {
		if (s->list.v[i].kind != EVENTSPEC_CLOCK || !more_of(s)->events[i].hz)
			return 0;
		hz += more_of(s)->events[i].hz;
	}
	if (!hz)
		return 0;
	ms = 1000 * (s->info.ring_bytes / 4) /
	     (hz * (s->info.stack_bytes + SAMPLE_REST_BYTES));
	return ms < INT_MAX ? (int)ms : INT_MAX;
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

/* Offsets follow from attr_init's sample_type: a sample is {header, [id,] ip, pid+tid,
 * time, …}; every other record ends in {…, pid+tid, time, cpu[, id]}. */
uint64_t sampler_time(const struct sampler *s, const struct ring *r, uint64_t at)
{
	const struct perf_event_header *h = (const void *)(r->data + (at & r->mask));

	size_t id = s->attr.sample_type & PERF_SAMPLE_IDENTIFIER ? 8 : 0;

	if (h->size < 32 + id)
		return 0;
	return ring_word(r, h->type == PERF_RECORD_SAMPLE ? at + 24 + id
							  : at + h->size - 16 - id);
}
