/* Events that wait for being asked for, with all that they point to. */
#include "ptrace-priv.h"

#include <stdlib.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/mem.h>

struct queued {
	struct queued *next;
	struct event e;
	uint64_t regs[HALT_REGS_MAX];
	uint8_t data[]; /* stack copy, name or path */
};

void queue_init(struct queue *q)
{
	*q = (struct queue){.last = &q->first};
}

static void release_held(struct queue *q)
{
	free(q->held);
	q->held = NULL;
}

void queue_done(struct queue *q)
{
	struct event e;

	while (queue_take(q, &e))
		;
	release_held(q);
}

/* What hangs on the event: where it is kept, and how much it is. */
static const void **event_data(struct event *e, size_t *ret_n)
{
	switch (e->type) {
	case EVENT_SAMPLE:
	case EVENT_BLOCKED: /* begins with a sample */
		*ret_n = e->sample.stack_bytes;
		return (const void **)&e->sample.stack;
	case EVENT_COMM:
		*ret_n = e->comm.comm_len;
		return (const void **)&e->comm.comm;
	case EVENT_MMAP:
		*ret_n = e->mmap.path_len;
		return (const void **)&e->mmap.path;
	default:
		*ret_n = 0;
		return NULL;
	}
}

void queue_put(struct queue *q, const struct event *e)
{
	struct event copy = *e;
	size_t n;
	const void **data = event_data(&copy, &n);
	struct queued *item = xmalloc(sizeof(*item) + n);

	item->next = NULL;
	if (data && n)
		memcpy(item->data, *data, n);
	if (data)
		*data = item->data;
	if (copy.type == EVENT_SAMPLE || copy.type == EVENT_BLOCKED) {
		memcpy(item->regs, copy.sample.regs, sizeof(item->regs));
		copy.sample.regs = item->regs;
	}
	if (!copy.time_ns)
		copy.time_ns = clock_now_ns();
	if (copy.time_ns < q->last_ns)
		copy.time_ns = q->last_ns;
	q->last_ns = copy.time_ns;
	item->e = copy;
	*q->last = item;
	q->last = &item->next;
	q->n++;
}

bool queue_take(struct queue *q, struct event *ret_event)
{
	struct queued *item = q->first;

	release_held(q);
	if (!item)
		return false;
	q->first = item->next;
	if (!q->first)
		q->last = &q->first;
	q->n--;
	q->held = item;
	*ret_event = item->e;
	return true;
}
