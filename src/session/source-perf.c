/* The live source: the kernel's rings, merged by time.
 *
 * A ring is in order only for its own CPU. In every round all rings are looked at first, and only then
 * are events handed out, up to the newest time that the *previous* round saw: what a CPU had yet to
 * publish then has been published since. A slack in microseconds would not do, because a virtual CPU may
 * be descheduled between taking the time and publishing. Records stay in the ring until they were
 * handed out, so a ring has to have room for two rounds; it wakes us at a quarter.
 *
 * Times may run backwards inside one ring (an interrupt between the two steps): such an event gets
 * the time of its predecessor and is counted. */
#include <profd/source.h>

#include <errno.h>
#include <poll.h>

#include <profd/mem.h>

#define ROUND_MAX_MS 100
#define ROUND_HURRY_MS 5

struct source {
	struct sampler *sampler;
	struct launch *launch;
	struct pollfd *fds; /* rings, then pidfd, then signalfd */
	size_t nrings;
	uint64_t *
		next_ns; /* [nrings] time of each ring's first record; UINT64_MAX: none */
	size_t held;	 /* ring whose record the caller still looks at; nrings: none */
	uint64_t bound_ns;  /* events up to here may go out */
	uint64_t newest_ns; /* seen in the rounds so far */
	uint64_t last_ns;   /* of the last event handed out */
	int round_ms;	    /* at most, between two looks */
	bool draining;	    /* the workload is gone and its events are off */
	struct source_stats stats;
};

struct source *source_perf_new(struct sampler *s, struct launch *l)
{
	struct source *src = xcalloc(1, sizeof(*src));

	src->sampler = s;
	src->launch = l;
	src->round_ms = ROUND_MAX_MS;
	src->nrings = src->held = sampler_nrings(s);
	src->fds = xcalloc(src->nrings + 2, sizeof(*src->fds));
	src->next_ns = xcalloc(src->nrings, sizeof(*src->next_ns));
	for (size_t i = 0; i < src->nrings; i++) {
		src->fds[i] = (struct pollfd){.fd = sampler_fd(s, i), .events = POLLIN};
		src->next_ns[i] = UINT64_MAX;
	}
	src->fds[src->nrings] = (struct pollfd){.fd = l->pidfd, .events = POLLIN};
	src->fds[src->nrings + 1] = (struct pollfd){.fd = l->signalfd, .events = POLLIN};
	return src;
}

struct source *source_free(struct source *src)
{
	if (!src)
		return NULL;
	free(src->fds);
	free(src->next_ns);
	free(src);
	return NULL;
}

const struct source_stats *source_stats(const struct source *src)
{
	return &src->stats;
}

void source_hurry(struct source *src, bool on)
{
	src->round_ms = on ? ROUND_HURRY_MS : ROUND_MAX_MS;
}

static void see_record(void *arg, struct ring *r, uint64_t at)
{
	struct source *src = arg;
	uint64_t t = sampler_time(src->sampler, r, at);

	if (t > src->newest_ns)
		src->newest_ns = t;
}

static void ring_look(struct source *src, size_t i)
{
	struct ring *r = sampler_ring(src->sampler, i);

	src->next_ns[i] = ring_peek(r) ? sampler_time(src->sampler, r, r->pos)
				       : UINT64_MAX;
}

static void round_begin(struct source *src)
{
	src->bound_ns = src->newest_ns;
	for (size_t i = 0; i < src->nrings; i++) {
		struct ring *r = sampler_ring(src->sampler, i);

		ring_fetch(r);
		ring_scan(r, see_record, src);
		ring_look(src, i);
	}
	if (src->draining)
		src->bound_ns = UINT64_MAX - 1;
	src->stats.rounds++;
}

static int wait_round(struct source *src)
{
	if (poll(src->fds, src->nrings + 2, src->round_ms) < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < src->nrings; i++) {
		/* The first task is gone, but others that inherited its event may live: the
		 * timeout serves them. */
		if (src->fds[i].revents & (POLLHUP | POLLERR))
			src->fds[i].fd = -1;
	}
	if (launch_tick(src->launch)) {
		sampler_stop(src->sampler);
		src->draining = true;
	}
	return 0;
}

/* The ring whose first record is the oldest, if that may go out; else nrings. */
static size_t oldest(const struct source *src)
{
	uint64_t best = UINT64_MAX;
	size_t ring = src->nrings;

	for (size_t i = 0; i < src->nrings; i++) {
		if (src->next_ns[i] < best) {
			best = src->next_ns[i];
			ring = i;
		}
	}
	return best <= src->bound_ns ? ring : src->nrings;
}

static void release_held(struct source *src)
{
	if (src->held == src->nrings)
		return;
	ring_advance(sampler_ring(src->sampler, src->held));
	ring_release(sampler_ring(src->sampler, src->held));
	ring_look(src, src->held);
	src->held = src->nrings;
}

/* Decodes the record that is first in ring @i and keeps it in the ring while the caller looks. */
static bool hold(struct source *src, size_t i, struct event *ret_event)
{
	const void *record = ring_peek(sampler_ring(src->sampler, i));

	src->held = i;
	if (sampler_decode(src->sampler, record, ret_event) < 0) {
		src->stats.broken++;
		return false;
	}
	if (ret_event->time_ns < src->last_ns) {
		src->stats.late++;
		ret_event->time_ns = src->last_ns;
	}
	src->last_ns = ret_event->time_ns;
	return true;
}

int source_next(struct source *src, struct event *ret_event)
{
	for (;;) {
		size_t i;
		int code;

		release_held(src);
		i = oldest(src);
		if (i < src->nrings) {
			if (hold(src, i, ret_event))
				return 1;
			continue;
		}
		if (src->draining && src->bound_ns == UINT64_MAX - 1)
			return 0;
		code = src->draining ? 0 : wait_round(src);
		if (code < 0)
			return code;
		round_begin(src);
	}
}
