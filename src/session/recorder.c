/* Writes the capture of a session.
 *
 * Answers come before the event that made the session ask: they are staged while it is
 * fed, and the event behind them goes out with them, or not at all when the file would
 * become too large. So the file is a sequence of events that can be fed again up to any
 * point. Of a stack copy as much is kept as the unwinder read; a large one, and memory
 * read from the process, as pages that have changed.
 *
 * What a file, the kernel or JIT code is asked often is written once. */
#include <profd/recorder.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <profd/captured.h>
#include <profd/clock.h>
#include <profd/io.h>

#include "recorder-priv.h"

#define FLUSH_BYTES ((size_t)256 << 10)
#define FLUSH_NS (NSEC_PER_SEC / 10)
#define MARGIN_BYTES                                                                     \
	256u /* kept of a stack beyond what was read: for an unwinder that reads more */
#define PAGED_FROM_BYTES 16384u /* larger stacks are told by pages */
/* Room for what is written at the end: the names of what was seen so far, and the
 * rest. */
#define RESERVE_BYTES 65536u
#define RESERVE_LOCATION_BYTES 512u
#define CLOSING_BYTES 16384u

/* --- the file ----------------------------------------------------------------------- */

struct recorder *recorder_open(const char *path, bool force, uint64_t limit_bytes,
			       struct error *err)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags | O_EXCL, 0600);
	bool made = fd >= 0;
	struct recorder *r;

	if (fd < 0 && errno == EEXIST && force)
		fd = open(path, flags | O_TRUNC, 0600);
	if (fd < 0) {
		error_set(err, -errno, "cannot write the capture '%s': %s", path,
			  strerror(errno));
		if (err && err->code == -EEXIST)
			error_hint(err, "--force overwrites it");
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->fd = fd;
	r->made = made;
	r->limit_bytes = limit_bytes;
	r->live = outside_live();
	capture_begin(&r->out, false);
	return r;
}

void recorder_flush(struct recorder *r)
{
	r->flush_ns = clock_now_ns();
	if (!r->code && r->out.len) {
		r->code = io_write(r->fd, r->out.s, r->out.len);
		r->failed_ns = r->last_ns;
	}
	r->written_bytes += r->out.len;
	text_clear(&r->out);
}

static uint64_t size_now(const struct recorder *r)
{
	return r->written_bytes + r->out.len;
}

/* An answer. It goes out with the event, or at once when there is none: then it is a
 * name. */
void recorder_stage(struct recorder *r, const struct capture_record *record)
{
	if (!r->limited && !r->code)
		capture_encode(&r->stage, record);
}

static bool stage_fits(const struct recorder *r, uint64_t reserve)
{
	return size_now(r) + r->stage.len + reserve <= r->limit_bytes;
}

static void stage_out(struct recorder *r)
{
	text_addn(&r->out, text_get(&r->stage), r->stage.len);
	text_clear(&r->stage);
	if (r->out.len >= FLUSH_BYTES)
		recorder_flush(r);
}

static void put(struct recorder *r, const struct capture_record *record, uint64_t reserve)
{
	if (r->code)
		return;
	capture_encode(&r->stage, record);
	if (stage_fits(r, reserve))
		stage_out(r);
	else
		text_clear(&r->stage);
}

static void put_symbols(struct recorder *r)
{
	for (uint32_t i = 0; i < r->tapped.n; i++) {
		struct capture_record rec = {.type = CAPTURE_SYMBOLS};

		rec.symbols = r->tapped.v[i]->symbols;
		if (rec.symbols.source.p)
			put(r, &rec, CLOSING_BYTES / 2);
	}
}

void recorder_put(struct recorder *r, const struct capture_record *record)
{
	if (record->type == CAPTURE_END)
		put_symbols(r);
	put(r, record, record->type == CAPTURE_END ? 0 : CLOSING_BYTES / 2);
}

/* Names are looked up in the order of locations; those that came after the last event of
 * the capture are not its business. */
bool recorder_naming(const struct recorder *r)
{
	return r->session->naming && r->session->naming < r->locations;
}

/* What is asked for an event is staged, what is asked for a name goes out. */
void recorder_answer(struct recorder *r, const struct capture_record *record)
{
	uint64_t before = r->stage.len + size_now(r);

	if (!r->session->naming) {
		recorder_stage(r, record);
		return;
	}
	if (!recorder_naming(r))
		return;
	put(r, record, CLOSING_BYTES);
	r->names_cut |= size_now(r) == before && !r->code;
}

/* --- events ------------------------------------------------------------------------- */

/* Sees a sample right after it was unwound, before memory is read for it. */
static void observe(void *arg, const struct unwind_input *in, const struct frame *frames,
		    unsigned n, enum unwind_stop stop)
{
	struct recorder *r = arg;
	size_t extent = unwinder_extent_bytes(r->session->unwinder);
	uint64_t addr = in->regs->r[DWREG_SP];
	struct capture_record rec = {.type = CAPTURE_STACK};

	r->keep_bytes = in->stack_bytes;
	if (stop != STOP_TRUNCATED && in->stack_bytes > MARGIN_BYTES &&
	    extent < in->stack_bytes - MARGIN_BYTES)
		r->keep_bytes = extent + MARGIN_BYTES;
	r->paged = r->keep_bytes >= PAGED_FROM_BYTES;
	if (!r->paged)
		return;
	recorder_pages(r, in->pid, addr, in->stack, r->keep_bytes);
	rec.stack = (struct capture_stack){in->pid, addr, r->keep_bytes};
	recorder_stage(r, &rec);
}

void recorder_begin(struct recorder *r, struct session *ses,
		    const struct session_options *o, const struct sampler_info *info,
		    const struct sampler_event *events)
{
	struct capture_record rec = {.type = CAPTURE_HEADER};

	r->session = ses;
	r->flush_ns = clock_now_ns();
	rec.header = (struct capture_header){CAPTURE_MAJOR, CAPTURE_MINOR,
					     capture_str(PACKAGE_VERSION),
					     capture_str(CAPTURE_ARCH)};
	recorder_put(r, &rec);
	rec = (struct capture_record){.type = CAPTURE_SESSION};
	rec.session = (struct capture_session){
		.unwind = capture_str(unwind_backend_name(o->unwind)),
		.event = capture_str(o->event),
		.max_depth = o->max_depth,
		.clock = o->clock,
		.period = o->period,
		.root_pid = o->root_pid,
		.start_wall_ns = o->start_wall_ns,
		.user_only = o->user_only,
		.reach = capture_str(reach_name(o->reach)),
		.wall = o->wall,
		.wall_stacks = o->wall_stacks,
		.wall_event = o->wall_event,
		.engine = capture_str(o->engine),
	};
	recorder_put(r, &rec);
	rec = (struct capture_record){.type = CAPTURE_SAMPLER};
	rec.sampler = (struct capture_sampler){
		.event = capture_str(info->event),
		.reason = capture_str(info->reason),
		.hardware = info->hardware,
		.kernel = info->kernel,
		.hz = info->hz,
		.period = info->period,
		.ncpus = info->ncpus,
		.nevents = info->nevents,
		.ring_bytes = info->ring_bytes,
		.ring_bytes_wanted = info->ring_bytes_wanted,
		.stack_bytes = info->stack_bytes,
		.reach = capture_str(reach_name(info->reach)),
		.reach_reason = capture_str(info->reach_reason),
		.wall_reason = capture_str(info->wall_reason),
	};
	recorder_put(r, &rec);
	for (uint32_t i = 0; i < info->nevents; i++) {
		rec = (struct capture_record){.type = CAPTURE_SAMPLED};
		rec.sampled = (struct capture_sampled){
			.index = i,
			.name = capture_str(events[i].name),
			.clock = events[i].clock,
			.kernel = events[i].kernel,
			.hz = events[i].hz,
			.period = events[i].period,
			.reason = capture_str(events[i].reason),
		};
		recorder_put(r, &rec);
	}
	unwinder_measure(ses->unwinder, true);
	session_observe(ses, observe, r);
	symbolizer_set_tap(ses->symbolizer, &recorder_name_tap, r);
}

static void fill_sample(const struct recorder *r, const struct event_sample *s,
			struct capture_sample *ret)
{
	size_t nregs = (size_t)__builtin_popcountll(perf_regs_mask());

	ret->index = s->event;
	ret->ip = s->ip;
	ret->period = s->period;
	ret->user_mode = s->user_mode;
	ret->abi = s->regs_abi;
	ret->kernel = (struct capture_list){s->kernel_pcs, s->nkernel};
	if (s->regs)
		ret->regs = (struct capture_list){s->regs, nregs};
	ret->copied = s->stack_bytes;
	if (!r->paged && r->keep_bytes)
		ret->stack = capture_bytes(s->stack, r->keep_bytes);
}

static void fill_mmap(const struct event_mmap *m, struct capture_mmap *ret)
{
	ret->addr = m->addr;
	ret->len = m->len_bytes;
	ret->off = m->off;
	ret->ino = m->ino;
	ret->generation = m->ino_generation;
	ret->major = m->dev_major;
	ret->minor = m->dev_minor;
	if (m->build_id_bytes)
		ret->build_id = capture_bytes(m->build_id, m->build_id_bytes);
	ret->path = capture_bytes(m->path, m->path_len);
}

/* All types are there: the session looks at its watch whatever happens. */
static enum capture_type type_of(enum event_type type)
{
	static const enum capture_type types[] = {
		[EVENT_OTHER] = CAPTURE_OTHER,
		[EVENT_MMAP] = CAPTURE_MMAP,
		[EVENT_COMM] = CAPTURE_COMM,
		[EVENT_FORK] = CAPTURE_FORK,
		[EVENT_EXIT] = CAPTURE_EXIT,
		[EVENT_LOST] = CAPTURE_LOST,
		[EVENT_THROTTLE] = CAPTURE_THROTTLE,
		[EVENT_UNTHROTTLE] = CAPTURE_UNTHROTTLE,
		[EVENT_SAMPLE] = CAPTURE_SAMPLE,
		[EVENT_SWITCH] = CAPTURE_SWITCH,
		[EVENT_BLOCKED] = CAPTURE_BLOCKED,
		[EVENT_SPENT] = CAPTURE_SPENT,
	};

	return types[type];
}

static void fill_event(const struct recorder *r, const struct event *e,
		       struct capture_record *rec)
{
	rec->event = (struct capture_event){e->time_ns, e->pid, e->tid, e->cpu};
	switch (e->type) {
	case EVENT_MMAP:
		fill_mmap(&e->mmap, &rec->mmap);
		break;
	case EVENT_COMM:
		rec->comm.exec = e->comm.exec;
		rec->comm.comm = capture_bytes(e->comm.comm, e->comm.comm_len);
		break;
	case EVENT_FORK:
	case EVENT_EXIT:
		rec->task.ppid = e->task.ppid;
		rec->task.ptid = e->task.ptid;
		break;
	case EVENT_LOST:
		rec->lost.lost = e->lost;
		break;
	case EVENT_SAMPLE:
		fill_sample(r, &e->sample, &rec->sample);
		break;
	case EVENT_BLOCKED:
		fill_sample(r, &e->blocked.sample, &rec->sample);
		rec->sample.begin = e->blocked.begin_ns;
		rec->sample.call = e->blocked.call;
		break;
	case EVENT_SWITCH:
		rec->change.out = e->change.out;
		rec->change.preempt = e->change.preempt;
		break;
	case EVENT_SPENT:
		rec->spent.begin = e->spent.begin_ns;
		rec->spent.end = e->spent.end_ns;
		rec->spent.ran = e->spent.ran_ns;
		rec->spent.queued = e->spent.queued_ns;
		rec->spent.turns = e->spent.turns;
		break;
	default:
		break;
	}
}

/* What was said to be written for an event that is not, has to be said again for
 * names. */
static void forget(struct recorder *r)
{
	for (uint32_t i = 0; i < r->tapped.n; i++) {
		map_done(&r->tapped.v[i]->fdes);
		map_done(&r->tapped.v[i]->no_fdes);
	}
}

static void reach_limit(struct recorder *r)
{
	struct capture_record rec = {.type = CAPTURE_LIMIT};

	text_clear(&r->stage);
	rec.limit = (struct capture_limit){r->last_ns, r->samples, r->limit_bytes};
	put(r, &rec, CLOSING_BYTES);
	r->limited = true;
	forget(r);
	pages_done(&r->pages);
	recorder_flush(r);
}

static uint64_t reserve_bytes(const struct recorder *r)
{
	uint64_t want = RESERVE_BYTES + (uint64_t)r->session->profile->locations.n *
						RESERVE_LOCATION_BYTES;

	return want < r->limit_bytes / 2 ? want : r->limit_bytes / 2;
}

void recorder_event(struct recorder *r, const struct event *e)
{
	struct capture_record rec = {.type = type_of(e->type)};

	if (r->limited || r->code)
		return;
	fill_event(r, e, &rec);
	capture_encode(&r->stage, &rec);
	r->keep_bytes = 0;
	r->paged = false;
	if (!stage_fits(r, reserve_bytes(r))) {
		reach_limit(r);
		return;
	}
	r->first_ns = r->first_ns ? r->first_ns : e->time_ns;
	r->last_ns = e->time_ns;
	r->samples += e->type == EVENT_SAMPLE && e->sample.event != EVENT_SWITCHED;
	r->locations = r->session->profile->locations.n;
	stage_out(r);
	pages_trim(&r->pages);
	/* Events are some milliseconds old, but not too old for this. */
	if (e->time_ns > r->flush_ns + FLUSH_NS)
		recorder_flush(r);
}

/* --- the end ------------------------------------------------------------------------ */

static void untap(struct recorder *r)
{
	for (uint32_t i = 0; i < r->tapped.n; i++) {
		struct tapped *t = r->tapped.v[i];

		objfile_set_tap(t->obj, NULL, NULL);
		objfile_put(t->obj);
		map_done(&t->fdes);
		map_done(&t->no_fdes);
		map_done(&t->codes);
		free(t);
	}
	vec_done(&r->tapped);
	if (!r->session)
		return;
	unwinder_measure(r->session->unwinder, false);
	session_observe(r->session, NULL, NULL);
	symbolizer_set_tap(r->session->symbolizer, NULL, NULL);
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

static int verdict(const struct recorder *r, struct error *err)
{
	uint64_t end = r->code ? r->failed_ns : r->last_ns;

	if (!r->code && !r->limited && !r->names_cut)
		return 0;
	if (r->code)
		return error_set(err, r->code,
				 "the capture '%s' ends after %.2f s, about sample %llu: "
				 "%s",
				 r->path, seconds(end - r->first_ns),
				 (unsigned long long)r->samples, strerror(-r->code));
	error_set(err, -EFBIG,
		  r->limited ? "the capture '%s' ends after %.2f s, at sample %llu: it "
			       "reached its limit"
			     : "the capture '%s', %.2f s and %llu samples, lacks names: "
			       "it reached its limit",
		  r->path, seconds(end - r->first_ns), (unsigned long long)r->samples);
	error_hint(err, "--raw-limit sets another one");
	return -EFBIG;
}

int recorder_close(struct recorder *r, struct error *err)
{
	int code;

	if (!r)
		return 0;
	recorder_flush(r);
	code = close(r->fd) < 0 ? -errno : 0;
	if (!r->code)
		r->code = code;
	code = verdict(r, err);
	untap(r);
	outside_done(&r->live);
	text_done(&r->out);
	text_done(&r->stage);
	map_done(&r->kernel_names);
	pages_done(&r->pages);
	free(r->path);
	free(r);
	return code;
}

void recorder_discard(struct recorder *r)
{
	if (r && r->made)
		unlink(r->path);
	recorder_close(r, NULL);
}
