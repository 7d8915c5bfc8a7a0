/* Feeds a capture: turns its records into events again, and checks the numbers that a
 * session adds up. What the session asks meanwhile is answered by answers.c. */
#include <profd/replay.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <profd/captured.h>
#include <profd/eventspec.h>

#include "replay-priv.h"

/* --- events ------------------------------------------------------------------------- */

#define PERIOD_MAX EVENTSPEC_PERIOD_MAX
#define WEIGHT_MAX (1ull << 60)

/* No recording comes near: it keeps sums, and what stands for lost samples, in 63
 * bits. */
static bool is_weight_sane(struct replay *rp, uint64_t period, uint64_t lost)
{
	uint64_t lost_weight;

	if (period > PERIOD_MAX || lost > UINT32_MAX)
		return false;
	rp->weight += period;
	rp->lost += lost;
	rp->heaviest = period > rp->heaviest ? period : rp->heaviest;
	return rp->weight < WEIGHT_MAX &&
	       !__builtin_mul_overflow(rp->lost, rp->heaviest + rp->options.period,
				       &lost_weight) &&
	       lost_weight < WEIGHT_MAX;
}

static int make_sample(struct replay *rp, const struct capture_sample *c,
		       struct event_sample *ret)
{
	size_t nregs = (size_t)__builtin_popcountll(perf_regs_mask());

	if (c->regs.n && c->regs.n != nregs)
		return -EBADMSG;
	if ((c->index >= rp->sampler.nevents && c->index != EVENT_SWITCHED) ||
	    !is_weight_sane(rp, c->period, 0))
		return -EBADMSG;
	*ret = (struct event_sample){
		.ip = c->ip,
		.period = c->period,
		.kernel_pcs = c->kernel.v,
		.nkernel = c->kernel.n,
		.regs_abi = c->regs.n ? c->abi : 0,
		.regs = c->regs.n ? c->regs.v : NULL,
		.stack = rp->stack_bytes ? rp->stack : c->stack.p,
		.stack_bytes = rp->stack_bytes ? rp->stack_bytes : c->stack.n,
		.user_mode = c->user_mode,
		.event = (uint32_t)c->index,
	};
	return 0;
}

static int make_blocked(struct replay *rp, const struct capture_sample *c,
			struct event_blocked *ret)
{
	if (c->call >= WAIT_COUNT)
		return -EBADMSG;
	ret->begin_ns = c->begin;
	ret->call = (enum wait_call)c->call;
	return make_sample(rp, c, &ret->sample);
}

static int make_mmap(const struct capture_mmap *c, struct event_mmap *ret)
{
	if (c->build_id.n > BUILD_ID_MAX_BYTES || c->major > UINT32_MAX ||
	    c->minor > UINT32_MAX)
		return -EBADMSG;
	*ret = (struct event_mmap){
		.addr = c->addr,
		.len_bytes = c->len,
		.off = c->off,
		.ino = c->ino,
		.ino_generation = c->generation,
		.dev_major = (uint32_t)c->major,
		.dev_minor = (uint32_t)c->minor,
		.build_id_bytes = (uint32_t)c->build_id.n,
		.path = c->path.p ? (const char *)c->path.p : "",
		.path_len = c->path.n,
	};
	if (c->build_id.n)
		memcpy(ret->build_id, c->build_id.p, c->build_id.n);
	return 0;
}

static int make_task(const struct capture_task *c, struct event_task *ret)
{
	if (c->ppid > UINT32_MAX || c->ptid > UINT32_MAX)
		return -EBADMSG;
	*ret = (struct event_task){(uint32_t)c->ppid, (uint32_t)c->ptid};
	return 0;
}

static int make_details(struct replay *rp, const struct capture_record *r,
			struct event *ret)
{
	switch (r->type) {
	case CAPTURE_MMAP:
		ret->type = EVENT_MMAP;
		return make_mmap(&r->mmap, &ret->mmap);
	case CAPTURE_COMM:
		ret->type = EVENT_COMM;
		ret->comm = (struct event_comm){
			r->comm.comm.p ? (const char *)r->comm.comm.p : "",
			r->comm.comm.n, r->comm.exec};
		return 0;
	case CAPTURE_FORK:
		ret->type = EVENT_FORK;
		return make_task(&r->task, &ret->task);
	case CAPTURE_EXIT:
		ret->type = EVENT_EXIT;
		return make_task(&r->task, &ret->task);
	case CAPTURE_LOST:
		ret->type = EVENT_LOST;
		ret->lost = r->lost.lost;
		return is_weight_sane(rp, 0, ret->lost) ? 0 : -EBADMSG;
	case CAPTURE_THROTTLE:
		ret->type = EVENT_THROTTLE;
		return 0;
	case CAPTURE_UNTHROTTLE:
		ret->type = EVENT_UNTHROTTLE;
		return 0;
	case CAPTURE_SAMPLE:
		ret->type = EVENT_SAMPLE;
		rp->state.samples += r->sample.index != EVENT_SWITCHED;
		return make_sample(rp, &r->sample, &ret->sample);
	case CAPTURE_BLOCKED:
		ret->type = EVENT_BLOCKED;
		return make_blocked(rp, &r->sample, &ret->blocked);
	case CAPTURE_SWITCH:
		ret->type = EVENT_SWITCH;
		ret->change = (struct event_switch){r->change.out, r->change.preempt};
		return 0;
	case CAPTURE_SPENT:
		ret->type = EVENT_SPENT;
		ret->spent = (struct event_spent){r->spent.begin, r->spent.end,
						  r->spent.ran, r->spent.queued,
						  r->spent.turns};
		return 0;
	default:
		ret->type = EVENT_OTHER;
		return 0;
	}
}

static int make_event(struct replay *rp, const struct capture_record *r,
		      struct event *ret)
{
	const struct capture_event *e = &r->event;
	struct event made = {.time_ns = e->time,
			     .pid = (uint32_t)e->pid,
			     .tid = (uint32_t)e->tid,
			     .cpu = (uint32_t)e->cpu};

	if (e->pid > UINT32_MAX || e->tid > UINT32_MAX || e->cpu > UINT32_MAX ||
	    make_details(rp, r, &made) < 0)
		return -EBADMSG;
	if (!rp->state.first_ns)
		rp->state.first_ns = e->time;
	if (e->time > rp->state.last_ns)
		rp->state.last_ns = e->time;
	*ret = made;
	return 1;
}

static int take_total(struct replay *rp, const struct capture_total *c)
{
	struct sampler_event *e;

	if (c->index >= rp->sampler.nevents || c->count > WEIGHT_MAX ||
	    !is_weight_sane(rp, 0, c->lost))
		return -EBADMSG;
	e = &rp->events[c->index];
	e->count = c->count;
	e->count_known = c->count_known;
	e->lost = c->lost;
	e->lost_known = c->lost_known;
	return 0;
}

static bool is_event(const struct capture_record *r)
{
	return r->type >= CAPTURE_MMAP && r->type <= CAPTURE_SPENT;
}

/* 1: an event. 0: something else, which was dealt with. */
static int take_record(struct replay *rp, const struct capture_record *r,
		       struct event *ret_event)
{
	if (is_event(r))
		return make_event(rp, r, ret_event);
	switch (r->type) {
	case CAPTURE_HEADER:
	case CAPTURE_SESSION:
	case CAPTURE_SAMPLER:
	case CAPTURE_SAMPLED:
		return -EBADMSG; /* again */
	case CAPTURE_TOTAL:
		return take_total(rp, &r->total);
	case CAPTURE_LIMIT:
		rp->state.limited = true;
		rp->state.limit = r->limit;
		return 0;
	case CAPTURE_END:
		rp->state.complete = true;
		if (!is_weight_sane(rp, 0, r->end.broken))
			return -EBADMSG;
		return rp->put(rp->put_arg, r);
	case CAPTURE_HOST:
	case CAPTURE_ARG:
	case CAPTURE_TARGET:
	case CAPTURE_COUNTER:
	case CAPTURE_SURVIVOR:
		return rp->put(rp->put_arg, r);
	default:
		return replay_take(rp, r);
	}
}

/* Without an end nobody has written down names. */
static void finish(struct replay *rp)
{
	rp->state.cut = capture_cut(rp->reader);
	for (uint32_t i = 0; i < rp->objects.n && !rp->state.complete; i++)
		captured_use_local(rp->objects.v[i]);
}

int replay_next(struct replay *rp, struct event *ret_event, struct error *err)
{
	struct capture_record r;
	int code;

	answers_clear(rp);
	free(rp->stack);
	rp->stack = NULL;
	rp->stack_bytes = 0;
	while ((code = capture_next(rp->reader, &r, err)) > 0) {
		code = take_record(rp, &r, ret_event);
		if (code > 0)
			return code;
		if (code < 0)
			return error_set(err, -EBADMSG,
					 "'%s' is damaged: a '%s' record that "
					 "contradicts others or itself",
					 rp->path, capture_shape(r.type)->name);
	}
	if (code == 0)
		finish(rp);
	return code;
}

/* --- the beginning ------------------------------------------------------------------ */

static bool take_backend(const char *name, enum unwind_backend *ret)
{
	for (enum unwind_backend b = UNWIND_CFI; name && b <= UNWIND_FP; b++) {
		if (!strcmp(unwind_backend_name(b), name)) {
			*ret = b;
			return true;
		}
	}
	return false;
}

static enum reach take_reach(const struct capture_bytes *name)
{
	for (enum reach r = REACH_ANY + 1; name->p && r < REACH_COUNT; r++) {
		if (!strcmp(reach_name(r), str(name)))
			return r;
	}
	return REACH_INHERIT;
}

static int take_session(struct replay *rp, const struct capture_session *c,
			struct error *err)
{
	if (!take_backend(str(&c->unwind), &rp->options.unwind))
		return error_set(err, -ENOTSUP,
				 "'%s' was unwound by '%s', which cannot be replayed",
				 rp->path, c->unwind.p ? str(&c->unwind) : "");
	if (c->max_depth > SESSION_DEPTH_MAX || c->root_pid > UINT32_MAX ||
	    c->period > PERIOD_MAX || c->start_wall_ns > INT64_MAX || !c->event.p ||
	    c->wall_event >= SAMPLER_EVENTS_MAX)
		return error_set(err, -EBADMSG,
				 "'%s' is damaged: no session has these options",
				 rp->path);
	rp->options.event = xstrdup(str(&c->event));
	rp->options.engine = c->engine.p ? xstrdup(str(&c->engine)) : NULL;
	rp->options.max_depth = (uint32_t)c->max_depth;
	rp->options.clock = c->clock;
	rp->options.period = c->period;
	rp->options.root_pid = (uint32_t)c->root_pid;
	rp->options.start_wall_ns = c->start_wall_ns;
	rp->options.user_only = c->user_only;
	rp->options.reach = take_reach(&c->reach);
	rp->options.wall = c->wall;
	rp->options.wall_stacks = c->wall_stacks;
	rp->options.wall_event = (uint32_t)c->wall_event;
	rp->options.outside = (struct outside){&replay_outside_ops, rp};
	return 0;
}

static void copy_text(char *buf, size_t size, const struct capture_bytes *b)
{
	snprintf(buf, size, "%s", b->p ? str(b) : "");
}

static int take_sampler(struct replay *rp, const struct capture_sampler *c)
{
	struct sampler_info *info = &rp->sampler;

	copy_text(info->event, sizeof(info->event), &c->event);
	copy_text(info->reason, sizeof(info->reason), &c->reason);
	info->hardware = c->hardware;
	info->kernel = c->kernel;
	info->hz = (uint32_t)c->hz;
	info->period = c->period;
	info->ncpus = (uint32_t)c->ncpus;
	info->nevents = c->nevents ? (uint32_t)c->nevents : 1;
	info->ring_bytes = c->ring_bytes;
	info->ring_bytes_wanted = c->ring_bytes_wanted;
	info->stack_bytes = c->stack_bytes;
	info->reach = take_reach(&c->reach);
	copy_text(info->reach_reason, sizeof(info->reach_reason), &c->reach_reason);
	copy_text(info->wall_reason, sizeof(info->wall_reason), &c->wall_reason);
	/* One event need not be told twice. */
	rp->events[0].clock = !info->hardware;
	rp->events[0].kernel = info->kernel;
	rp->events[0].hz = info->hz;
	rp->events[0].period = info->period;
	copy_text(rp->events[0].name, sizeof(rp->events[0].name), &c->event);
	return c->nevents <= SAMPLER_EVENTS_MAX ? 0 : -EBADMSG;
}

static int take_sampled(struct replay *rp, uint32_t i, const struct capture_sampled *c)
{
	struct sampler_event *e = &rp->events[i];

	if (c->index != i || !c->name.p)
		return -EBADMSG;
	copy_text(e->name, sizeof(e->name), &c->name);
	copy_text(e->reason, sizeof(e->reason), &c->reason);
	e->clock = c->clock;
	e->kernel = c->kernel;
	e->hz = (uint32_t)c->hz;
	e->period = c->period;
	if (i)
		rp->more[i - 1] = (struct session_event){e->name, e->clock};
	return 0;
}

static int astray(const struct replay *rp, struct error *err)
{
	return error_set(err, -EBADMSG, "'%s' ends, or goes astray, in its first records",
			 rp->path);
}

/* The next record, which has to be of @type. */
static int expect(struct replay *rp, enum capture_type type, struct capture_record *ret,
		  struct error *err)
{
	int code = capture_next(rp->reader, ret, err);

	if (code < 0)
		return code;
	return code > 0 && ret->type == type ? 0 : astray(rp, err);
}

/* HEADER, SESSION, SAMPLER and its SAMPLEDs come first, in this order. */
static int begin(struct replay *rp, struct error *err)
{
	struct capture_record r;
	int code = expect(rp, CAPTURE_HEADER, &r, err);

	if (code < 0)
		return code;
	if (!r.header.arch.p || strcmp(str(&r.header.arch), CAPTURE_ARCH) != 0)
		return error_set(
			err, -ENOTSUP,
			"'%s' was recorded on '%s'; this profd unwinds stacks of "
			"%s only",
			rp->path, r.header.arch.p ? str(&r.header.arch) : "",
			CAPTURE_ARCH);
	code = expect(rp, CAPTURE_SESSION, &r, err);
	if (code == 0)
		code = take_session(rp, &r.session, err);
	if (code == 0)
		code = expect(rp, CAPTURE_SAMPLER, &r, err);
	if (code < 0)
		return code;
	if (take_sampler(rp, &r.sampler) < 0)
		return astray(rp, err);
	for (uint32_t i = 0; i < r.sampler.nevents && i < rp->sampler.nevents; i++) {
		struct capture_record e;

		code = expect(rp, CAPTURE_SAMPLED, &e, err);
		if (code < 0)
			return code;
		if (take_sampled(rp, i, &e.sampled) < 0)
			return astray(rp, err);
	}
	rp->options.more = rp->more;
	rp->options.nmore = rp->sampler.nevents - 1;
	return 0;
}

struct replay *replay_open(const char *path,
			   int (*put)(void *arg, const struct capture_record *r),
			   void *arg, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct replay *rp;

	if (fd < 0) {
		error_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
		return NULL;
	}
	rp = xcalloc(1, sizeof(*rp));
	rp->path = xstrdup(path);
	rp->put = put;
	rp->put_arg = arg;
	rp->reader = capture_open(fd, path, err);
	if (!rp->reader || begin(rp, err) < 0)
		return replay_close(rp);
	return rp;
}

struct replay *replay_close(struct replay *rp)
{
	if (!rp)
		return NULL;
	answers_clear(rp);
	vec_done(&rp->answers);
	for (uint32_t i = 0; i < rp->objects.n; i++)
		objfile_put(rp->objects.v[i]);
	vec_done(&rp->objects);
	pages_done(&rp->pages);
	capture_close(rp->reader);
	free((char *)(uintptr_t)rp->options.event);
	free((char *)(uintptr_t)rp->options.engine);
	free(rp->stack);
	free(rp->path);
	free(rp);
	return NULL;
}

const struct session_options *replay_session_options(const struct replay *rp)
{
	return &rp->options;
}

const struct sampler_event *replay_events(const struct replay *rp)
{
	return rp->events;
}

const struct sampler_info *replay_sampler(const struct replay *rp)
{
	return &rp->sampler;
}

void replay_attach(struct replay *rp, struct session *ses)
{
	rp->session = ses;
	symbolizer_capture(ses->symbolizer, false);
}

const struct replay_state *replay_state(const struct replay *rp)
{
	return &rp->state;
}
