/* Decoding of single records: linux/perf_event.h, enum perf_event_type. Fields are taken
 * by flag in the documented order, never by fixed offset: a sample of an exiting task has
 * no registers, and one with an empty stack copy lacks the field that says how much was
 * copied. */
#include <profd/sampler.h>

#include <errno.h>
#include <string.h>

#include <linux/perf_event.h>

/* Walks the 64-bit words of a record. A read past the end yields 0 and sticks in
 * `bad`. */
struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static const void *take(struct cursor *c, uint64_t bytes)
{
	const void *p = c->p;

	if (bytes > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return NULL;
	}
	c->p += bytes;
	return p;
}

static uint64_t take_u64(struct cursor *c)
{
	const void *p = take(c, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, 8);
	return v;
}

static uint32_t take_u32(struct cursor *c)
{
	const void *p = take(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return v;
}

/* A NUL-padded string up to the end of the cursor. */
static const char *take_string(struct cursor *c, size_t *ret_len)
{
	const char *s = (const char *)c->p;

	*ret_len = strnlen(s, (size_t)(c->end - c->p));
	c->p = c->end;
	return s;
}

/* Kernel pcs of a call chain, which the kernel splits by context markers (enum
 * perf_callchain_context: values above -4096). With exclude_callchain_user only the
 * kernel's part follows; a user part would be cut here all the same. */
static void take_callchain(struct cursor *c, struct event_sample *s)
{
	uint64_t n = take_u64(c);
	const uint64_t *pcs;
	bool kernel = false;

	if (n > (uint64_t)(c->end - c->p) / 8) {
		c->bad = true;
		return;
	}
	pcs = take(c, n * 8);
	for (uint64_t i = 0; i < n; i++) {
		if (pcs[i] >= (uint64_t)PERF_CONTEXT_MAX) {
			if (kernel)
				return;
			kernel = pcs[i] == (uint64_t)PERF_CONTEXT_KERNEL;
			s->kernel_pcs = pcs + i + 1;
			continue;
		}
		s->nkernel += kernel;
	}
}

static void take_user_regs(struct cursor *c, const struct record_format *f,
			   struct event_sample *s)
{
	s->regs_abi = take_u64(c);
	if (s->regs_abi)
		s->regs = take(c, (uint64_t)__builtin_popcountll(f->regs_mask) * 8);
}

static void take_user_stack(struct cursor *c, struct event_sample *s)
{
	uint64_t size = take_u64(c), copied;

	if (!size)
		return;
	s->stack = take(c, size);
	copied = take_u64(c);
	s->stack_bytes = copied < size ? copied : size;
}

static void take_event(struct cursor *c, const struct record_format *f,
		       struct event_sample *s)
{
	uint64_t id = take_u64(c), event;

	if (!f->events)
		return;
	event = map_find(f->events, id);
	if (event)
		s->event = (uint32_t)event - 1;
	else
		c->bad = true;
}

static void decode_sample(const struct record_format *f, struct cursor *c, uint16_t misc,
			  struct event *e)
{
	struct event_sample *s = &e->sample;
	uint64_t t = f->sample_type;

	*s = (struct event_sample){.user_mode = (misc & PERF_RECORD_MISC_CPUMODE_MASK) ==
						PERF_RECORD_MISC_USER};
	if (t & PERF_SAMPLE_IDENTIFIER)
		take_event(c, f, s);
	if (t & PERF_SAMPLE_IP)
		s->ip = take_u64(c);
	if (t & PERF_SAMPLE_TID) {
		e->pid = take_u32(c);
		e->tid = take_u32(c);
	}
	if (t & PERF_SAMPLE_TIME)
		e->time_ns = take_u64(c);
	if (t & PERF_SAMPLE_CPU) {
		e->cpu = take_u32(c);
		take_u32(c);
	}
	if (f->periods && !c->bad && f->periods[s->event])
		s->period = f->periods[s->event];
	else if (t & PERF_SAMPLE_PERIOD)
		s->period = take_u64(c);
	if (t & PERF_SAMPLE_CALLCHAIN)
		take_callchain(c, s);
	if (t & PERF_SAMPLE_REGS_USER)
		take_user_regs(c, f, s);
	if (t & PERF_SAMPLE_STACK_USER)
		take_user_stack(c, s);
}

static void decode_mmap2(struct cursor *c, uint16_t misc, struct event *e)
{
	struct event_mmap *m = &e->mmap;
	const uint8_t *id;

	*m = (struct event_mmap){0};
	e->pid = take_u32(c);
	e->tid = take_u32(c);
	m->addr = take_u64(c);
	m->len_bytes = take_u64(c);
	m->off = take_u64(c);
	id = c->p;
	m->dev_major = take_u32(c);
	m->dev_minor = take_u32(c);
	m->ino = take_u64(c);
	m->ino_generation = take_u64(c);
	/* The same 24 bytes hold {u8 size; u8 reserved[3]; u8 build_id[20]} instead. */
	if (!c->bad && (misc & PERF_RECORD_MISC_MMAP_BUILD_ID)) {
		m->build_id_bytes = id[0] <= BUILD_ID_MAX_BYTES ? id[0] : 0;
		memcpy(m->build_id, id + 4, m->build_id_bytes);
		m->dev_major = m->dev_minor = 0;
		m->ino = m->ino_generation = 0;
	}
	take_u64(c); /* prot, flags */
	m->path = take_string(c, &m->path_len);
}

static void decode_task(struct cursor *c, struct event *e)
{
	e->pid = take_u32(c);
	e->task.ppid = take_u32(c);
	e->tid = take_u32(c);
	e->task.ptid = take_u32(c);
	take_u64(c); /* time; the same as in the trailer */
}

/* The trailer that sample_id_all puts behind every record but samples. */
static size_t trailer_bytes(const struct record_format *f)
{
	uint64_t t = f->sample_type;

	if (!f->sample_id_all)
		return 0;
	return 8u * (unsigned)(!!(t & PERF_SAMPLE_TID) + !!(t & PERF_SAMPLE_TIME) +
			       !!(t & PERF_SAMPLE_CPU) + !!(t & PERF_SAMPLE_IDENTIFIER));
}

static void decode_trailer(const struct record_format *f, struct cursor *c,
			   struct event *e)
{
	uint64_t t = f->sample_type;

	if (!f->sample_id_all)
		return;
	if (t & PERF_SAMPLE_TID) {
		e->pid = take_u32(c);
		e->tid = take_u32(c);
	}
	if (t & PERF_SAMPLE_TIME)
		e->time_ns = take_u64(c);
	if (t & PERF_SAMPLE_CPU)
		e->cpu = take_u32(c);
}

/* Whether the record is about the samples of switches: these are extra, and nothing
 * depends on all being there. */
static bool is_extra(const struct record_format *f, uint64_t id)
{
	return f->events && map_find(f->events, id) == EVENT_SWITCHED + 1;
}

static void decode_throttle(const struct record_format *f, struct cursor *c,
			    struct event *e, enum event_type type)
{
	e->type = type;
	if (!f->events)
		return;
	take_u64(c); /* time */
	if (is_extra(f, take_u64(c)))
		e->type = EVENT_OTHER;
}

static void decode_body(const struct record_format *f, const struct perf_event_header *h,
			struct cursor *c, struct event *e)
{
	switch (h->type) {
	case PERF_RECORD_MMAP2:
		e->type = EVENT_MMAP;
		decode_mmap2(c, h->misc, e);
		break;
	case PERF_RECORD_COMM:
		e->type = EVENT_COMM;
		e->pid = take_u32(c);
		e->tid = take_u32(c);
		e->comm.exec = h->misc & PERF_RECORD_MISC_COMM_EXEC;
		e->comm.comm = take_string(c, &e->comm.comm_len);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		e->type = h->type == PERF_RECORD_FORK ? EVENT_FORK : EVENT_EXIT;
		decode_task(c, e);
		break;
	case PERF_RECORD_LOST:
		e->type = is_extra(f, take_u64(c)) ? EVENT_OTHER : EVENT_LOST;
		e->lost = take_u64(c);
		break;
	case PERF_RECORD_LOST_SAMPLES:
		e->type = EVENT_LOST;
		e->lost = take_u64(c);
		break;
	case PERF_RECORD_THROTTLE:
		decode_throttle(f, c, e, EVENT_THROTTLE);
		break;
	case PERF_RECORD_UNTHROTTLE:
		decode_throttle(f, c, e, EVENT_UNTHROTTLE);
		break;
	/* The latter, of events on whole CPUs, adds who is on the other side. */
	case PERF_RECORD_SWITCH:
	case PERF_RECORD_SWITCH_CPU_WIDE:
		e->type = EVENT_SWITCH;
		e->change.out = h->misc & PERF_RECORD_MISC_SWITCH_OUT;
		e->change.preempt = h->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
		break;
	}
}

int record_decode(const struct record_format *f, const void *record, size_t size,
		  struct event *ret_event)
{
	const struct perf_event_header *h = record;
	struct event e = {.type = EVENT_OTHER};
	struct cursor c = {.p = (const uint8_t *)record + sizeof(*h),
			   .end = (const uint8_t *)record + size};
	struct cursor tail;

	*ret_event = e;
	if (size < sizeof(*h) || h->size != size)
		return -EBADMSG;
	if (h->type == PERF_RECORD_SAMPLE) {
		e.type = EVENT_SAMPLE;
		decode_sample(f, &c, h->misc, &e);
	} else {
		size_t trailer = trailer_bytes(f);
		struct event who = {0};

		if (size < sizeof(*h) + trailer)
			return -EBADMSG;
		tail = (struct cursor){.p = c.end - trailer, .end = c.end};
		c.end -= trailer;
		decode_body(f, h, &c, &e);
		decode_trailer(f, &tail, &who);
		e.time_ns = who.time_ns;
		e.cpu = who.cpu;
		if (e.type >= EVENT_LOST) {
			e.pid = who.pid;
			e.tid = who.tid;
		}
	}
	if (c.bad)
		return -EBADMSG;
	*ret_event = e;
	return 0;
}
