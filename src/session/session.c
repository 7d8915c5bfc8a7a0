/* One switch from events to counts. What happens to processes goes to procs, samples are
 * unwound on the spot and become a stack of the profile; the rest is counted.
 *
 * Each distinct address is named once (locations.c): looked up meanwhile, in a thread
 * (namer.c), or at the end. */
#include "session-priv.h"

#include <string.h>

#include <profd/clock.h>
#include <profd/origin.h>

/* Of the time bins to begin with: the period of 1000 Hz. */
#define FIRST_BIN_NS (NSEC_PER_SEC / 1000)

/* Two values each. The first clock among the events is the CPU time. */
static void add_value_types(struct profile *p, const char *event, bool clock, bool *cpu)
{
	_cleanup_free_ char *samples = xasprintf("%s_sample", event);
	_cleanup_free_ char *events = xasprintf("%s_event", event);

	if (clock && !*cpu) {
		profile_value_type(p, "samples", "count");
		profile_value_type(p, "cpu", "nanoseconds");
		*cpu = true;
		return;
	}
	profile_value_type(p, samples, "count");
	profile_value_type(p, clock ? event : events, clock ? "nanoseconds" : "count");
}

static void add_events(struct profile *p, const struct session_options *o)
{
	bool cpu = false;

	add_value_types(p, o->event, o->clock, &cpu);
	p->default_sample_type = p->value_types[1].type;
	p->period_type = (struct value_type){
		o->clock ? p->value_types[1].type : profile_string(p, o->event),
		profile_string(p, o->clock ? "nanoseconds" : "count")};
	p->period = (int64_t)o->period;
	for (uint32_t i = 0; i < o->nmore; i++)
		add_value_types(p, o->more[i].name, o->more[i].clock, &cpu);
}

struct session *session_new(const struct session_options *o, struct error *err)
{
	struct session *ses = xcalloc(1, sizeof(*ses));
	struct profile *p;

	ses->options = *o;
	if (!ses->options.max_depth)
		ses->options.max_depth = SESSION_DEPTH_DEFAULT;
	if (!ses->options.outside.ops)
		ses->options.outside = outside_live();
	ses->unwinder = unwinder_new(o->unwind, err);
	if (!ses->unwinder)
		return session_free(ses);
	ses->procs = procs_new(&ses->options.outside);
	ses->symbolizer = symbolizer_new();
	ses->asked = 1;
	if (o->name_early)
		ses->namer = namer_new(&(struct namer_options){
			ses->symbolizer, o->name_nice, !o->user_only});
	ses->slots = xcalloc(LOCATION_SLOTS, sizeof(*ses->slots));
	ses->frames = xcalloc(ses->options.max_depth + 1, sizeof(*ses->frames));
	ses->profile = p = profile_new();
	vec_add(&ses->modules); /* mapping 0 */
	add_events(p, o);
	if (o->wall)
		ses->wall = wall_new();
	ses->quality.wall.stacks = o->wall_stacks;
	p->time_ns = (int64_t)o->start_wall_ns;
	profile_keep_times(p, FIRST_BIN_NS);
	ses->key_comm = profile_string(p, "comm");
	ses->key_thread = profile_string(p, "thread");
	ses->key_pid = profile_string(p, "pid");
	ses->key_tid = profile_string(p, "tid");
	ses->key_cpu = profile_string(p, "cpu");
	ses->key_stack = profile_string(p, "stack");
	ses->unit_id = profile_string(p, "id");
	return ses;
}

struct session *session_free(struct session *ses)
{
	if (!ses)
		return NULL;
	names_done(ses);
	mappings_done(ses);
	unwinder_free(ses->unwinder);
	symbolizer_free(ses->symbolizer);
	procs_free(ses->procs);
	deep_free(ses->deep);
	wall_free(ses->wall);
	outside_done(&ses->options.outside);
	profile_free(ses->profile);
	vec_done(&ses->modules);
	vec_done(&ses->labels);
	vec_done(&ses->quality.modules);
	map_done(&ses->labels_by_thread);
	free(ses->slots);
	for (unsigned i = 0; i < TRAILS; i++)
		vec_done(&ses->trails[i].steps);
	free(ses->frames);
	free(ses);
	return NULL;
}

struct procs *session_procs(struct session *ses)
{
	return ses->procs;
}

struct unwinder *session_unwinder(struct session *ses)
{
	return ses->unwinder;
}

const struct quality *session_quality(const struct session *ses)
{
	return &ses->quality;
}

void session_observe(struct session *ses,
		     void (*fn)(void *arg, const struct unwind_input *in,
				const struct frame *frames, unsigned n,
				enum unwind_stop stop),
		     void *arg)
{
	ses->observer = fn;
	ses->observer_arg = arg;
}

/* --- samples ------------------------------------------------------------------------ */

/* A 32-bit process has other registers and another stack layout: all we know is where it
 * is. */
static unsigned leaf_only(struct session *ses, struct process *p, uint64_t pc,
			  enum unwind_stop *ret_stop)
{
	ses->frames[0] = (struct frame){.pc = pc, .vma = space_find(p->space, pc)};
	*ret_stop = ses->frames[0].vma ? STOP_NO_CFI : STOP_NO_MAP;
	return 1;
}

/* In the middle of execve(2) the registers are still those of the program before, and its
 * mappings or its memory are gone. (Elsewhere memory is there when the kernel is called:
 * a function was called just before.) */
static bool is_replaced(const struct session *ses, const struct event_sample *s,
			const struct regs *regs, unsigned n)
{
	return s->nkernel && n == 1 &&
	       (!ses->frames[0].vma || (!s->stack_bytes && regs_may_exec(regs)));
}

/* @in and @regs are filled, for a second look. */
static unsigned unwind_user(struct session *ses, const struct event *e, struct process *p,
			    struct unwind_input *in, struct regs *regs,
			    enum unwind_stop *ret_stop)
{
	const struct event_sample *s = &e->sample;
	unsigned n;

	*in = (struct unwind_input){
		.regs = regs,
		.stack = s->stack,
		.stack_bytes = s->stack_bytes,
		.space = p->space,
		.pid = e->pid,
	};
	if (s->regs_abi == 1 && s->regs && regs_perf_pc(s->regs))
		return leaf_only(ses, p, regs_perf_pc(s->regs), ret_stop);
	/* A program that is being replaced (exec) has an empty register set. */
	if (s->regs_abi != 2 || !s->regs) {
		*ret_stop = STOP_NO_USER;
		return 0;
	}
	regs_from_perf(s->regs, regs);
	if (!regs->r[DWREG_PC] && !regs->r[DWREG_SP]) {
		*ret_stop = STOP_NO_USER;
		return 0;
	}
	n = unwind(ses->unwinder, in, ses->frames, ses->options.max_depth, ret_stop);
	if (is_replaced(ses, s, regs, n)) {
		*ret_stop = STOP_NO_USER;
		return 0;
	}
	if (ses->observer)
		ses->observer(ses->observer_arg, in, ses->frames, n, *ret_stop);
	return n;
}

static const char *stop_label(enum unwind_stop stop)
{
	switch (stop) {
	case STOP_TRUNCATED:
		return "[truncated stack]";
	case STOP_NO_CFI:
		return "[no unwind info]";
	case STOP_BAD_SP:
		return "[bad stack]";
	case STOP_DEPTH:
		return "[truncated: too deep]";
	case STOP_NO_MAP:
		return "[unmapped code]";
	default:
		return NULL;
	}
}

/* A stack that does not reach its root starts with a frame that says why; so does one
 * without any frame (user code only, in a 32-bit program): viewers drop samples that have
 * none. */
static stack_id stack_root(struct session *ses, enum unwind_stop stop, bool empty)
{
	const char *label = stop_label(stop);

	if (!label && empty)
		label = "[no user stack]";
	if (!label)
		return 0;
	if (!ses->stop_locations[stop])
		ses->stop_locations[stop] = profile_label_location(ses->profile, label);
	return profile_stack(ses->profile, 0, ses->stop_locations[stop]);
}

static labels_id sample_labels(struct session *ses, const struct event *e,
			       const struct process *p, bool deep)
{
	uint32_t thread = procs_thread_comm(ses->procs, e->pid, e->tid);
	uint64_t key = (uint64_t)e->tid << 12 | (e->cpu & 0xfff), row;
	struct profile *prof = ses->profile;
	struct labels_row *cached;

	row = map_find(&ses->labels_by_thread, key);
	if (!row) {
		vec_add(&ses->labels);
		row = ses->labels.n;
		map_put(&ses->labels_by_thread, key, row);
	}
	cached = &ses->labels.v[row - 1];
	if (!cached->labels || cached->pid != e->pid || cached->comm != p->comm ||
	    cached->thread != thread || cached->deep != deep) {
		const struct label l[] = {
			{.key = ses->key_comm,
			 .str = profile_string(prof, procs_name(ses->procs, p->comm))},
			{.key = ses->key_thread,
			 .str = profile_string(prof, procs_name(ses->procs, thread))},
			{.key = ses->key_pid, .num = e->pid, .unit = ses->unit_id},
			{.key = ses->key_tid, .num = e->tid, .unit = ses->unit_id},
			{.key = ses->key_cpu, .num = e->cpu, .unit = ses->unit_id},
			{.key = ses->key_stack,
			 .str = profile_string(prof, "outer part read live")},
		};

		*cached = (struct labels_row){
			e->pid, p->comm, thread, deep,
			profile_labels(prof, l, ARRAY_SIZE(l) - !deep)};
	}
	return cached->labels;
}

uint32_t session_add(struct session *ses, stack_id stack, labels_id labels,
		     uint32_t event, const int64_t *values)
{
	int64_t all[PROFILE_VALUES_MAX] = {0};

	memcpy(all + 2 * event, values, 2 * sizeof(*values));
	return profile_add(ses->profile, stack, labels, all);
}

void shot_count(struct session *ses, const struct shot *s)
{
	struct quality *q = &ses->quality;

	profile_add_time(ses->profile,
			 session_add(ses, s->stack, s->labels, s->event, s->values),
			 (int64_t)(s->time_ns - ses->first_ns));
	if (s->wall_ns >= 0)
		wall_count(ses, s->wall_tid, s->stack, s->wall_labels, s->wall_ns);
	if (s->event)
		return;
	q->stop[s->stop] += s->values[1];
	q->stop_samples[s->stop]++;
	if (s->no_cfi)
		ses->modules.v[s->no_cfi].no_cfi += s->values[1];
	if (s->deep)
		q->deep_weight += s->values[1];
}

/* The stack of the @n user frames of ses->frames and the kernel's. */
static stack_id stack_make(struct session *ses, const struct event *e, struct process *p,
			   unsigned n, enum unwind_stop stop)
{
	const struct event_sample *s = &e->sample;
	stack_id stack = stack_root(ses, stop, !n && !s->nkernel);

	stack = stack_of_frames(ses, p->space, e->pid, e->tid, n, stack);
	for (size_t i = s->nkernel; i-- > 0;)
		stack = profile_stack(ses->profile, stack,
				      location_of_kernel(ses, s->kernel_pcs[i], i > 0));
	return stack;
}

/* The sample with the @n user frames of ses->frames. */
static struct shot shot_make(struct session *ses, const struct event *e,
			     struct process *p, unsigned n, enum unwind_stop stop,
			     bool deep)
{
	const struct event_sample *s = &e->sample;
	struct shot shot = {
		.stack = stack_make(ses, e, p, n, stop),
		.labels = sample_labels(ses, e, p, deep),
		.stop = stop,
		.deep = deep,
		.event = s->event,
		.values = {1, (int64_t)(s->period & INT64_MAX)},
		.wall_ns = -1,
		.time_ns = e->time_ns,
	};

	if (stop == STOP_NO_CFI && n && ses->frames[n - 1].vma) {
		const struct vma *v = ses->frames[n - 1].vma;

		shot.no_cfi = mapping_of_vma(ses, v, vma_vaddr(v, ses->frames[n - 1].pc),
					     e->pid);
	}
	return shot;
}

static void feed_sample(struct session *ses, const struct event *e)
{
	const struct event_sample *s = &e->sample;
	struct quality *q = &ses->quality;
	/* Without a user side the task may be past its end. */
	struct process *p = s->regs_abi ? procs_get(ses->procs, e->pid)
					: procs_last(ses->procs, e->pid);
	struct unwind_input in;
	struct regs regs;
	enum unwind_stop stop;
	unsigned n = unwind_user(ses, e, p, &in, &regs, &stop), more = 0;
	struct shot shot = shot_make(ses, e, p, n, stop, false), whole;
	struct deep_look look = {.sample_ns = e->time_ns, .copied = n};

	p->sampled = true;
	if (ses->wall && s->event == ses->options.wall_event)
		shot.wall_ns = wall_claim(ses, e, &shot.wall_labels);
	shot.wall_tid = e->tid;
	q->events[s->event].samples++;
	q->events[s->event].weight += shot.values[1];
	if (s->nkernel && !s->event)
		q->kernel_weight += shot.values[1];
	q->samples = q->events[0].samples;
	q->weight = q->events[0].weight;
	if (stop == STOP_TRUNCATED)
		more = deep_unwind(ses, &in, n, &stop, &look.read_ns);
	if (!more) {
		shot_count(ses, &shot);
		return;
	}
	ses->deep_ns = e->time_ns;
	whole = shot_make(ses, e, p, more, stop, true);
	whole.wall_ns = shot.wall_ns;
	whole.wall_labels = shot.wall_labels;
	whole.wall_tid = shot.wall_tid;
	look.total = more;
	deep_hold(ses, e->tid, &look, &shot, &whole);
}

/* A thread that leaves its CPU, or stands still. */
static void feed_off(struct session *ses, const struct event *e)
{
	struct process *p = e->sample.regs_abi ? procs_get(ses->procs, e->pid)
					       : procs_last(ses->procs, e->pid);
	struct unwind_input in;
	struct regs regs;
	enum unwind_stop stop;
	unsigned n;
	stack_id stack;

	if (!ses->wall)
		return;
	n = unwind_user(ses, e, p, &in, &regs, &stop);
	stack = stack_make(ses, e, p, n, stop);
	if (e->type == EVENT_BLOCKED)
		wall_blocked(ses, e, stack, stop);
	else
		wall_switched(ses, e, stack, stop);
}

/* --- events ------------------------------------------------------------------------- */

#define REPAIR_EVERY_NS (NSEC_PER_SEC / 10)

/* The launched program is the first file that the launched process maps after its exec;
 * what a shell in front of it execs later takes its place. */
static void note_main(struct session *ses, const struct event *e)
{
	struct process *p;

	if (e->pid != ses->options.root_pid)
		return;
	if (e->type == EVENT_COMM && e->comm.exec)
		ses->main_seen = false;
	if (e->type != EVENT_MMAP || ses->main_seen)
		return;
	p = procs_get(ses->procs, e->pid);
	for (uint32_t i = 0; i < p->space->vmas.n; i++) {
		struct vma *v = &p->space->vmas.v[i];

		if (!v->obj || v->start != e->mmap.addr)
			continue;
		objfile_put(ses->main_obj);
		ses->main_obj = objfile_get(v->obj);
		ses->main_seen = true;
	}
}

/* A mapping or a fork may be among what was lost. Reading the maps of a thousand
 * processes takes longer than a ring takes to fill, so it must not take more than a tenth
 * of the time: or losing records makes profd lose more of them. */
static void repair(struct session *ses, uint64_t now_ns)
{
	const struct outside *o = &ses->options.outside;
	uint64_t start_ns = o->ops->now(o->arg);

	procs_repair(ses->procs);
	ses->repair_due = false;
	ses->repair_ns = now_ns + REPAIR_EVERY_NS + 10 * (o->ops->now(o->arg) - start_ns);
}

void session_feed(struct session *ses, const struct event *e)
{
	if (e->type == EVENT_LOST)
		ses->repair_due = true;
	if (!ses->first_ns)
		ses->first_ns = e->time_ns;
	if (e->time_ns > ses->last_ns)
		ses->last_ns = e->time_ns;
	if (ses->repair_due && e->time_ns >= ses->repair_ns)
		repair(ses, e->time_ns);
	if (ses->wall)
		wall_feed(ses, e);
	switch (e->type) {
	case EVENT_SAMPLE:
		if (e->sample.event == EVENT_SWITCHED)
			feed_off(ses, e);
		else if (e->sample.event <= ses->options.nmore)
			feed_sample(ses, e);
		break;
	case EVENT_MMAP:
	case EVENT_COMM:
	case EVENT_FORK:
	case EVENT_EXIT:
		if (e->type == EVENT_EXIT)
			deep_exit(ses, e->tid);
		procs_feed(ses->procs, e);
		note_main(ses, e);
		break;
	case EVENT_LOST:
		ses->quality.lost_ring += e->lost;
		break;
	case EVENT_THROTTLE:
		ses->quality.throttled++;
		break;
	case EVENT_BLOCKED:
		feed_off(ses, e);
		break;
	case EVENT_SWITCH:
	case EVENT_SPENT:
	case EVENT_UNTHROTTLE:
	case EVENT_OTHER:
		break;
	}
}

void session_idle(struct session *ses)
{
	if (!ses->namer || ses->finished)
		return;
	locations_ask(ses);
	namer_submit(ses->namer);
}

uint64_t session_naming_ns(const struct session *ses)
{
	return ses->naming_ns;
}

bool session_wants_hurry(const struct session *ses, uint64_t now_ns)
{
	return ses->deep_ns && now_ns - ses->deep_ns < NSEC_PER_SEC;
}

void session_losses(struct session *ses, uint64_t lost_ring, uint64_t broken,
		    uint64_t late)
{
	struct quality *q = &ses->quality;

	/* Two counts of one thing: the LOST records and the event's own. But the former
	 * do not say of which event they are. */
	if (lost_ring != UINT64_MAX && (ses->options.nmore || lost_ring > q->lost_ring))
		q->lost_ring = lost_ring;
	q->lost_broken = broken;
	q->late = late;
	q->lost = q->lost_ring + q->lost_broken;
}

void session_total(struct session *ses, uint32_t event, uint64_t count)
{
	if (event <= ses->options.nmore)
		ses->quality.events[event].total = count;
}

/* A hundredth is what the borders of the intervals make of it. */
static void add_remainders(struct session *ses)
{
	struct profile *p = ses->profile;
	struct label comm = {.key = ses->key_comm,
			     .str = profile_string(p, "[unsampled]")};

	for (uint32_t i = 0; i <= ses->options.nmore; i++) {
		int64_t total = (int64_t)(ses->quality.events[i].total & INT64_MAX);
		int64_t seen = profile_total(p, 2 * i + 1);
		const int64_t values[2] = {0, total - seen};

		ses->quality.events[i].name = profile_text(p, p->value_types[2 * i].type);
		if (seen >= total || total - seen < total / 100)
			continue;
		session_add(ses,
			    profile_stack(p, 0, profile_label_location(p, "[unsampled]")),
			    profile_labels(p, &comm, 1), i, values);
	}
}

const struct profile *session_finish(struct session *ses, const struct session_totals *t)
{
	if (ses->finished)
		return ses->profile;
	ses->finished = true;
	ses->profile->duration_ns = (int64_t)t->duration_ns;
	deep_finish(ses);
	if (ses->wall)
		wall_close(ses, t->end_ns > ses->last_ns ? t->end_ns : ses->last_ns);
	coverage_finish(ses, t);
	add_remainders(ses);
	locations_name(ses);
	if (ses->wall)
		wall_name(ses);
	quality_finish(ses);
	names_done(ses);
	quality_comments(ses);
	if (t->origin)
		origin_write(t->origin, ses->profile);
	if (ses->wall)
		wall_finish(ses);
	return ses->profile;
}
