/* Further events beside the first: sampled into its rings, so that one buffer per CPU
 * holds all records in its order, and told apart by their ids (perf_event_open(2),
 * PERF_EVENT_IOC_SET_OUTPUT, PERF_SAMPLE_IDENTIFIER). Measured: inherited events deliver
 * the id of the event they descend from.
 *
 * What happens to processes is recorded by the first event alone. Samples of all have one
 * layout up to the time and almost one behind it: an event without the kernel's side has
 * empty kernel chains, and one of a fixed period may not repeat it in each sample. */
#include "perf-priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <profd/mem.h>

void attr_shared(struct perf_event_attr *attr)
{
	attr->sample_type |= PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_CALLCHAIN;
	attr->exclude_callchain_kernel = attr->exclude_kernel;
}

void attr_rate(const struct eventspec *e, uint32_t hz, struct perf_event_attr *attr)
{
	/* Each passage of a tracepoint counts one, so there is no rate to be steered
	 * to. */
	uint64_t period = !e->period && !e->hz && e->kind == EVENTSPEC_TRACEPOINT
				  ? 1
				  : e->period;

	/* With this flag the kernel takes a sample of every single software event,
	 * whatever the period (kernel/events/core.c, perf_swevent_event). */
	if (period > 1 && e->kind != EVENTSPEC_CLOCK && e->kind != EVENTSPEC_HARDWARE)
		attr->sample_type &= ~(uint64_t)PERF_SAMPLE_PERIOD;
	attr->freq = period == 0;
	if (period)
		attr->sample_period = period;
	else
		attr->sample_freq = e->hz ? e->hz : hz;
}

static void attr_more(const struct eventspec *e, uint32_t hz,
		      const struct perf_event_attr *first, struct perf_event_attr *attr)
{
	*attr = *first;
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = attr->task = 0;
	attr->build_id = 0;
	eventspec_attr(e, attr);
	attr->sample_type |= PERF_SAMPLE_PERIOD;
	attr->exclude_hv = 1;
	attr_rate(e, hz, attr);
	attr_shared(attr);
}

static int *fds_of(const struct more *m, uint32_t i)
{
	return m->fds + (size_t)i * m->ncpus;
}

/* The first event of @i's group, on CPU @cpu; -1: it has none, or leads itself. */
static int group_fd(const struct more *m, uint32_t i, size_t cpu)
{
	const struct eventspec *v = m->list->v;

	if (!v[i].group || m->events[i].alone)
		return -1;
	for (uint32_t k = 0; k < i; k++) {
		if (v[k].group == v[i].group && !m->events[k].alone)
			return k ? fds_of(m, k)[cpu] : m->ring_fds[cpu];
	}
	return -1;
}

static int connect(struct more *m, uint32_t i, int fd, size_t cpu)
{
	uint64_t id;

	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, m->ring_fds[cpu]) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ID, &id) < 0)
		return -errno;
	map_put(&m->ids, id, i + 1);
	return 0;
}

static void close_fds(struct more *m, uint32_t i)
{
	for (size_t cpu = 0; cpu < m->ncpus; cpu++) {
		if (fds_of(m, i)[cpu] >= 0)
			close(fds_of(m, i)[cpu]);
		fds_of(m, i)[cpu] = -1;
	}
}

static int open_everywhere(struct more *m, uint32_t i, struct perf_event_attr *attr,
			   bool enable_on_exec)
{
	for (size_t cpu = 0; cpu < m->ncpus; cpu++) {
		int leader = group_fd(m, i, cpu), fd, code;

		/* A member follows its leader. */
		attr->disabled = leader < 0;
		attr->enable_on_exec = leader < 0 && enable_on_exec;
		fd = m->open(m->arg, attr, cpu, leader);
		code = fd;
		if (fd >= 0) {
			fds_of(m, i)[cpu] = fd;
			code = connect(m, i, fd, cpu);
		}
		if (code < 0) {
			close_fds(m, i);
			return code;
		}
	}
	return 0;
}

/* With the kernel's side where that is wanted and allowed, in its group where the kernel
 * takes it. */
static int open_more(struct more *m, uint32_t i, uint32_t hz,
		     const struct perf_event_attr *first)
{
	const struct eventspec *e = &m->list->v[i];
	struct more_event *me = &m->events[i];
	struct perf_event_attr attr;
	int code;

	attr_more(e, hz, first, &attr);
	code = open_everywhere(m, i, &attr, first->enable_on_exec);
	if (code == -EOPNOTSUPP && attr_unidle(&attr))
		code = open_everywhere(m, i, &attr, first->enable_on_exec);
	if ((code == -EACCES || code == -EPERM) && !attr.exclude_kernel &&
	    !attr.exclude_user) {
		attr.exclude_kernel = attr.exclude_callchain_kernel = 1;
		snprintf(
			me->reason, sizeof(me->reason),
			"no kernel samples for this user (perf_event_paranoid is %llu)%s",
			(unsigned long long)sysctl_u64(
				"/proc/sys/kernel/perf_event_paranoid", 99),
			eventspec_kernel_only(e)
				? "; it happens in the kernel only, so there are none"
				: "");
		code = open_everywhere(m, i, &attr, first->enable_on_exec);
	}
	if (code == -EINVAL && e->group && !me->alone) {
		me->alone = true;
		return open_more(m, i, hz, first);
	}
	me->kernel = !attr.exclude_kernel;
	me->hz = attr.freq ? (uint32_t)attr.sample_freq : 0;
	me->period = attr.freq ? 0 : attr.sample_period;
	me->silent = !(attr.sample_type & PERF_SAMPLE_PERIOD);
	return code;
}

int more_open(struct more *m, uint32_t hz, const struct perf_event_attr *first,
	      struct error *err)
{
	size_t nfds = (size_t)m->list->n * m->ncpus;
	int code = 0;
	uint64_t id;

	m->events = xcalloc(m->list->n, sizeof(*m->events));
	m->fds = xcalloc(nfds, sizeof(*m->fds));
	memset(m->fds, 0xff, nfds * sizeof(*m->fds));
	for (size_t cpu = 0; code == 0 && cpu < m->ncpus; cpu++) {
		if (ioctl(m->ring_fds[cpu], PERF_EVENT_IOC_ID, &id) < 0)
			code = -errno;
		else
			map_put(&m->ids, id, 1);
	}
	for (uint32_t i = 1; code == 0 && i < m->list->n; i++) {
		code = open_more(m, i, hz, first);
		if (code == 0)
			continue;
		error_set(err, code, "this machine does not let profd sample '%s': %s",
			  m->list->v[i].text, strerror(-code));
		error_hint(err,
			   code == -EMFILE || code == -ENFILE
				   ? "raise 'ulimit -n', or sample fewer events at once"
				   : "leave it out; the events before it can be sampled");
	}
	if (code < 0)
		more_close(m);
	return code;
}

void more_close(struct more *m)
{
	for (uint32_t i = 1; m->fds && i < m->list->n; i++)
		close_fds(m, i);
	map_done(&m->ids);
	free(m->fds);
	free(m->events);
	free(m->ring_fds);
	*m = (struct more){0};
}

void more_switch(const struct more *m, bool on)
{
	for (uint32_t i = 1; m->fds && i < m->list->n; i++) {
		for (size_t cpu = 0; cpu < m->ncpus; cpu++)
			ioctl(fds_of(m, i)[cpu],
			      on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
	}
}

void event_read(int fd, bool lost, uint64_t *count, uint64_t *ret_lost)
{
	uint64_t v[2] = {0}; /* value, lost */
	ssize_t size = lost ? 16 : 8;

	if (read(fd, v, (size_t)size) != size)
		return;
	*count += v[0];
	*ret_lost += v[1];
}

void more_read(const struct more *m, uint32_t i, bool lost, uint64_t *ret_count,
	       uint64_t *ret_lost)
{
	for (size_t cpu = 0; cpu < m->ncpus; cpu++)
		event_read(fds_of(m, i)[cpu], lost, ret_count, ret_lost);
}
