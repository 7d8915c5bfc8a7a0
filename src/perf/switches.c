/* Stacks of threads that leave their CPU: a sample of each context switch, taken in the
 * kernel, so only for who may sample that. As an ordinary user the event opens without
 * the kernel's side and yields nothing.
 *
 * They have rings of their own: thousands of stacks a second may overflow those, and then
 * it must be stacks that are lost, not forks and mappings. For the same reason their
 * number is held down: where switches come faster than LIMIT_HZ on a CPU, one in 2, 4, 8
 * … of them is sampled. That needs events of whole CPUs; the period of inherited ones
 * cannot be changed once they are inherited (kernel/events/core.c,
 * PERF_EVENT_IOC_PERIOD). */
#include "perf-priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/mem.h>

#define SWITCH_STACK_BYTES 32768u
#define SWITCH_RING_BYTES ((size_t)4 << 20)
#define SWITCH_RING_MIN_BYTES ((size_t)512 << 10)
#define LIMIT_HZ 2000u
#define LIMIT_MAX_PERIOD 1024u
#define WINDOW_NS (NSEC_PER_SEC / 20)

static void attr_switches(const struct perf_event_attr *first,
			  struct perf_event_attr *attr)
{
	*attr = *first;
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_CONTEXT_SWITCHES;
	attr->config1 = attr->config2 = 0;
	attr->precise_ip = 0;
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = attr->task = 0;
	attr->build_id = attr->context_switch = 0;
	attr->exclude_user = attr->exclude_kernel = attr->exclude_callchain_kernel = 0;
	attr->freq = 0;
	attr->sample_period = 1;
	/* As attr_rate says: it would make each switch a sample. */
	attr->sample_type &= ~(uint64_t)PERF_SAMPLE_PERIOD;
	if (attr->sample_stack_user > SWITCH_STACK_BYTES)
		attr->sample_stack_user = SWITCH_STACK_BYTES;
}

static int open_one(struct switches *w, struct perf_event_attr *attr, size_t cpu,
		    size_t ring_bytes)
{
	int fd, code;
	uint64_t id;

	attr->wakeup_watermark = (uint32_t)(ring_bytes / 4);
	fd = w->open(w->arg, attr, cpu, -1);
	if (fd < 0)
		return fd;
	code = ring_open(&w->rings[w->n], fd, ring_bytes);
	if (code == 0 && ioctl(fd, PERF_EVENT_IOC_ID, &id) < 0) {
		code = -errno;
		ring_close(&w->rings[w->n]);
	}
	if (code < 0) {
		close(fd);
		return code;
	}
	map_put(w->ids, id, EVENT_SWITCHED + 1);
	w->fds[w->n++] = fd;
	return 0;
}

static void close_all(struct switches *w)
{
	for (size_t i = 0; i < w->n; i++) {
		ring_close(&w->rings[i]);
		close(w->fds[i]);
	}
	w->n = 0;
}

int switches_open(struct switches *w, const struct perf_event_attr *first)
{
	size_t ring = SWITCH_RING_BYTES;
	struct perf_event_attr attr;
	int code = -EPERM;

	attr_switches(first, &attr);
	w->inherited = first->inherit;
	w->period = w->max_period = 1;
	w->fds = xcalloc(w->ncpus, sizeof(*w->fds));
	w->rings = xcalloc(w->ncpus, sizeof(*w->rings));
	for (; ring >= SWITCH_RING_MIN_BYTES; ring /= 2) {
		for (size_t cpu = 0; cpu < w->ncpus; cpu++) {
			code = open_one(w, &attr, cpu, ring);
			if (code < 0)
				break;
		}
		if (code == 0)
			return 0;
		close_all(w);
		if (code != -EPERM && code != -ENOMEM)
			break;
	}
	switches_close(w);
	return code;
}

void switches_close(struct switches *w)
{
	close_all(w);
	free(w->fds);
	free(w->rings);
	w->fds = NULL;
	w->rings = NULL;
}

void switches_turn(const struct switches *w, bool on)
{
	for (size_t i = 0; i < w->n; i++)
		ioctl(w->fds[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

static void set_period(struct switches *w, uint64_t period)
{
	w->period = period;
	if (period > w->max_period)
		w->max_period = period;
	for (size_t i = 0; i < w->n; i++)
		ioctl(w->fds[i], PERF_EVENT_IOC_PERIOD, &period);
}

void switches_seen(struct switches *w, uint64_t time_ns)
{
	uint64_t span_ns = time_ns - w->since_ns, hz, want = 1;

	w->seen++;
	if (!w->n || w->inherited || span_ns < WINDOW_NS)
		return;
	hz = w->seen * NSEC_PER_SEC / span_ns / w->ncpus;
	w->seen = 0;
	w->since_ns = time_ns;
	while (want * LIMIT_HZ < hz && want < LIMIT_MAX_PERIOD)
		want *= 2;
	/* Down only by steps of four: the rate is never quite steady. */
	if (want > w->period || want * 4 <= w->period)
		set_period(w, want);
}
