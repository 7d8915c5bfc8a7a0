/* Looks at threads that stand still. /proc/PID/task/TID/syscall tells the call, its
 * arguments, the stack pointer and the pc of a thread that is not running (proc(5)); its
 * stack is read with process_vm_readv(2); the former, read again, has to say the same, or
 * the thread went on meanwhile. That needs the right to trace the thread, and does not
 * stop it.
 *
 * A thread that has not run since it was read need not be read again. What is known of
 * that comes out of the rings, some milliseconds late: so whoever is not known to stand
 * still is looked at, and says "running" at little cost. Whether it really stood still is
 * for the reader of the events to find, by the switches around it. */
#include "blocked-priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/io.h>
#include <profd/machine.h>
#include <profd/map.h>
#include <profd/number.h>
#include <profd/sampler.h>
#include <profd/vec.h>

#define STACK_MAX_BYTES 32768u
#define PAGE_BYTES 4096u
#define PIECES (STACK_MAX_BYTES / PAGE_BYTES + 1)
#define LINE_BYTES 256u
#define QUEUE_MAX 512u /* events that wait: their stacks are in memory */
/* Looking must not take more than a tenth of the time. */
#define SHARE 10u

struct thread {
	uint32_t pid, tid;
	bool off;	     /* as of the last switch that was told */
	uint64_t since_ns;   /* that switch */
	uint64_t read_ns;    /* begin of the last successful read */
	uint64_t refused_ns; /* may not be read; 0: it may */
};

struct sight { /* what was read */
	struct event event;
	uint64_t regs[REG_COUNT];
	uint8_t *stack;
};

struct blocked {
	VEC(struct thread) threads;
	struct map by_tid; /* tid -> row + 1 */
	uint32_t at;	   /* whose turn it is */
	VEC(struct sight) queue;
	uint32_t head; /* of queue: the next to go out */
	uint8_t *lent; /* the stack of the one that went out last */
	uint64_t lent_regs[REG_COUNT];
	uint64_t look_ns; /* begin of the last look */
	uint8_t stack[STACK_MAX_BYTES];
};

struct blocked *blocked_new(void)
{
	return xcalloc(1, sizeof(struct blocked));
}

struct blocked *blocked_free(struct blocked *b)
{
	if (!b)
		return NULL;
	for (uint32_t i = b->head; i < b->queue.n; i++)
		free(b->queue.v[i].stack);
	free(b->lent);
	vec_done(&b->threads);
	vec_done(&b->queue);
	map_done(&b->by_tid);
	free(b);
	return NULL;
}

/* --- who there is ------------------------------------------------------------------- */

static struct thread *thread_get(struct blocked *b, uint32_t pid, uint32_t tid)
{
	uint64_t row = map_find(&b->by_tid, tid);
	struct thread *t;

	if (!row) {
		vec_add(&b->threads);
		row = b->threads.n;
		map_put(&b->by_tid, tid, row);
	}
	t = &b->threads.v[row - 1];
	if (t->pid != pid)
		*t = (struct thread){.pid = pid, .tid = tid};
	return t;
}

static void thread_drop(struct blocked *b, uint32_t tid)
{
	uint64_t row = map_find(&b->by_tid, tid);
	struct thread *last;

	if (!row)
		return;
	map_remove(&b->by_tid, tid);
	last = &b->threads.v[--b->threads.n];
	if (row - 1 == b->threads.n)
		return;
	b->threads.v[row - 1] = *last;
	map_put(&b->by_tid, last->tid, row);
}

void blocked_feed(struct blocked *b, const struct event *e)
{
	struct thread *t;

	switch (e->type) {
	case EVENT_EXIT:
		thread_drop(b, e->tid);
		break;
	case EVENT_FORK:
	case EVENT_COMM:
		thread_get(b, e->pid, e->tid);
		break;
	case EVENT_SWITCH:
		t = thread_get(b, e->pid, e->tid);
		t->off = e->change.out;
		t->since_ns = e->time_ns;
		break;
	default:
		break;
	}
}

/* --- looking ------------------------------------------------------------------------ */

/* "running", or "-1 SP PC" outside of a call, or "NR ARG… SP PC": proc(5). */
struct standing {
	long nr;
	uint64_t args[6]; /* 0 outside of a call */
	uint64_t sp, pc;
};

/* " 0xHEX" at @at; what follows, or NULL. */
static const char *parse_word(const char *at, const char *end, uint64_t *ret)
{
	const char *rest;

	if (end - at < 4 || memcmp(at, " 0x", 3) != 0 ||
	    number_parse_hex(at + 3, end, ret, &rest))
		return NULL;
	return rest;
}

static bool parse_standing(const char *line, struct standing *ret)
{
	const char *end = line + strcspn(line, "\n"), *at;
	char *after;

	*ret = (struct standing){.nr = strtol(line, &after, 10)};
	if (after == line)
		return false;
	at = after;
	for (unsigned i = 0; ret->nr >= 0 && at && i < 6; i++)
		at = parse_word(at, end, &ret->args[i]);
	at = at ? parse_word(at, end, &ret->sp) : NULL;
	at = at ? parse_word(at, end, &ret->pc) : NULL;
	return at == end;
}

/* Bytes, 0 when the thread is gone or not ours to look at. */
static size_t read_line(const char *path, char line[LINE_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, line, LINE_BYTES - 1);
	close(fd);
	if (n <= 0)
		return 0;
	line[n] = '\0';
	return (size_t)n;
}

/* A read ends before the first piece that cannot be read (process_vm_readv(2)). */
static size_t read_stack(struct blocked *b, uint32_t pid, uint64_t sp)
{
	struct iovec remote[PIECES], local = {b->stack, 0};
	unsigned n = 0;
	ssize_t got;

	while (local.iov_len < STACK_MAX_BYTES && n < PIECES) {
		size_t len = PAGE_BYTES - (size_t)(sp % PAGE_BYTES);

		if (len > STACK_MAX_BYTES - local.iov_len)
			len = STACK_MAX_BYTES - local.iov_len;
		remote[n++] = (struct iovec){(void *)(uintptr_t)sp, len};
		local.iov_len += len;
		sp += len;
	}
	got = process_vm_readv((pid_t)pid, &local, 1, remote, n, 0);
	return got > 0 ? (size_t)got : 0;
}

static void push(struct blocked *b, const struct thread *t, const struct standing *at,
		 size_t stack_bytes, uint64_t begin_ns, uint64_t end_ns)
{
	struct sight *s = vec_add(&b->queue);

	s->stack = xmalloc(stack_bytes);
	memcpy(s->stack, b->stack, stack_bytes);
	perf_regs_outside(at->pc, at->sp, at->args, s->regs);
	s->event = (struct event){
		.type = EVENT_BLOCKED, .time_ns = end_ns, .pid = t->pid, .tid = t->tid};
	s->event.blocked = (struct event_blocked){
		.sample = {.ip = at->pc,
			   .period = 1,
			   .regs_abi = 2,
			   .stack_bytes = stack_bytes,
			   .user_mode = true},
		.begin_ns = begin_ns,
		.call = call_of_number(at->nr),
	};
}

static void look_at(struct blocked *b, struct thread *t)
{
	char path[64], before[LINE_BYTES], after[LINE_BYTES];
	uint64_t begin_ns = clock_now_ns();
	struct standing at;
	size_t n, bytes;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/syscall", t->pid, t->tid);
	n = read_line(path, before);
	if (!n) {
		t->refused_ns = begin_ns;
		return;
	}
	/* Registers and stack of a 32-bit program are others. */
	if (!parse_standing(before, &at) || (at.sp | at.pc) >> 32 == 0)
		return;
	bytes = read_stack(b, t->pid, at.sp);
	if (!bytes || read_line(path, after) != n || memcmp(before, after, n) != 0)
		return;
	t->read_ns = begin_ns;
	push(b, t, &at, bytes, begin_ns, clock_now_ns());
}

static bool is_known(const struct thread *t, uint64_t now_ns)
{
	if (t->off && t->read_ns > t->since_ns)
		return true;
	/* A program that may not be looked at may become one that may, by an exec. */
	return t->refused_ns && now_ns - t->refused_ns < NSEC_PER_SEC;
}

uint64_t blocked_look(struct blocked *b)
{
	uint64_t start_ns = clock_now_ns(), now_ns = start_ns;
	uint64_t spend_ns = (start_ns - b->look_ns) / SHARE;

	if (spend_ns > NSEC_PER_SEC / 100)
		spend_ns = NSEC_PER_SEC / 100;
	if (b->head)
		vec_remove(&b->queue, 0, b->head);
	b->head = 0;
	for (uint32_t i = 0; i < b->threads.n && b->queue.n < QUEUE_MAX; i++) {
		struct thread *t;

		b->at = b->at + 1 < b->threads.n ? b->at + 1 : 0;
		t = &b->threads.v[b->at];
		if (is_known(t, now_ns))
			continue;
		look_at(b, t);
		now_ns = clock_now_ns();
		if (now_ns - start_ns > spend_ns)
			break;
	}
	b->look_ns = start_ns;
	return now_ns;
}

uint64_t blocked_time(const struct blocked *b)
{
	return b->head < b->queue.n ? b->queue.v[b->head].event.time_ns : UINT64_MAX;
}

void blocked_next(struct blocked *b, struct event *ret_event)
{
	struct sight *s = &b->queue.v[b->head++];

	free(b->lent);
	b->lent = s->stack;
	memcpy(b->lent_regs, s->regs, sizeof(b->lent_regs));
	*ret_event = s->event;
	ret_event->blocked.sample.regs = b->lent_regs;
	ret_event->blocked.sample.stack = b->lent;
}

bool blocked_read(struct blocked *b, uint32_t pid, uint32_t tid, struct event *ret_event)
{
	struct thread t = {.pid = pid, .tid = tid};

	b->head = b->queue.n = 0;
	look_at(b, &t);
	if (!b->queue.n)
		return false;
	blocked_next(b, ret_event);
	return true;
}
