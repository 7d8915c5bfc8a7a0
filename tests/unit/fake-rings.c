/* Rings in plain memory, filled by the test as the kernel fills its own. */
#include "fake-rings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <profd/mem.h>

#define PAGE_BYTES 4096u

struct sampler {
	struct ring *rings;
	uint64_t *heads;
	size_t nrings;
	int quiet_fd; /* of all rings: never readable */
	struct launch launch;
	struct sampler_info info;
	struct record_format format;
	bool (*produce)(void *arg, struct sampler *s);
	void *arg;
};

static struct sampler *only; /* launch_tick is not told which */

struct sampler *fake_rings_new(size_t nrings, size_t data_bytes,
			       bool (*produce)(void *arg, struct sampler *s), void *arg)
{
	struct sampler *s = xcalloc(1, sizeof(*s));

	s->nrings = nrings;
	s->rings = xcalloc(nrings, sizeof(*s->rings));
	s->heads = xcalloc(nrings, sizeof(*s->heads));
	for (size_t i = 0; i < nrings; i++) {
		uint8_t *base = xcalloc(1, PAGE_BYTES + data_bytes);

		s->rings[i] = (struct ring){.base = base,
					    .data = base + PAGE_BYTES,
					    .mask = data_bytes - 1,
					    .bounce = xmalloc(65536)};
	}
	s->quiet_fd = eventfd(0, EFD_CLOEXEC);
	/* Always readable: no round waits. */
	s->launch = (struct launch){
		.pid = 1, .pidfd = eventfd(1, EFD_CLOEXEC), .signalfd = -1};
	s->info = (struct sampler_info){.reach = REACH_INHERIT};
	s->format = (struct record_format){
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME};
	s->produce = produce;
	s->arg = arg;
	only = s;
	return s;
}

void fake_rings_free(struct sampler *s)
{
	for (size_t i = 0; i < s->nrings; i++) {
		free(s->rings[i].base);
		free(s->rings[i].bounce);
	}
	close(s->quiet_fd);
	close(s->launch.pidfd);
	free(s->rings);
	free(s->heads);
	free(s);
}

struct launch *fake_launch(struct sampler *s)
{
	return &s->launch;
}

bool fake_sample(struct sampler *s, size_t ring, uint64_t time_ns, uint64_t ip,
		 uint16_t size)
{
	struct ring *r = &s->rings[ring];
	struct perf_event_mmap_page *meta = r->base;
	struct {
		struct perf_event_header h;
		uint64_t ip;
		uint32_t pid, tid;
		uint64_t time_ns;
	} record = {{PERF_RECORD_SAMPLE, 0, size},
		    ip,
		    (uint32_t)ring + 1,
		    (uint32_t)ring + 1,
		    time_ns};
	const uint64_t *words = (const void *)&record;

	if (s->heads[ring] + size - meta->data_tail > r->mask + 1)
		return false;
	for (size_t i = 0; i < sizeof(record) / 8; i++)
		*(uint64_t *)(void *)(r->data +
				      ((s->heads[ring] + 8 * i) & r->mask)) = words[i];
	s->heads[ring] += size;
	__atomic_store_n(&meta->data_head, s->heads[ring], __ATOMIC_RELEASE);
	return true;
}

/* --- in place of sampler.c and launch.c --------------------------------------------- */

const struct sampler_info *sampler_info(const struct sampler *s)
{
	return &s->info;
}

int sampler_quarter_ms(const struct sampler *s)
{
	return 0;
}

size_t sampler_nrings(const struct sampler *s)
{
	return s->nrings;
}

struct ring *sampler_ring(struct sampler *s, size_t i)
{
	return &s->rings[i];
}

int sampler_fd(const struct sampler *s, size_t i)
{
	return s->quiet_fd;
}

int sampler_decode(struct sampler *s, const void *record, struct event *ret_event)
{
	const struct perf_event_header *h = record;

	return record_decode(&s->format, record, h->size, ret_event);
}

uint64_t sampler_time(const struct sampler *s, const struct ring *r, uint64_t at)
{
	return ring_word(r, at + 24);
}

void sampler_stop(struct sampler *s)
{
}

bool sampler_populated(const struct sampler *s)
{
	return false;
}

void sampler_kill(const struct sampler *s, int sig)
{
}

bool launch_tick(struct launch *l)
{
	return !only->produce(only->arg, only);
}

int launch_overdue(struct launch *l)
{
	return 0;
}
