/* profd record: launch or attach, sample, unwind, name, write. The order is the one in
 * which things can fail: everything that may be wrong with profd's own side is found
 * before the workload runs. */
#include "record-priv.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <profd/clock.h>
#include <profd/io.h>
#include <profd/log.h>
#include <profd/origin.h>
#include <profd/raw.h>

#define RECORDER_NICE (-10)
#define NAMES_NICER 5 /* names can wait a little: the workload must not */

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_usec * 1000;
}

static uint64_t used_ns(const struct rusage *u)
{
	return timeval_ns(u->ru_utime) + timeval_ns(u->ru_stime);
}

/* Where sampling is forbidden or out of resources, the job that profd stands in front of
 * goes on without it. What the user asked for by name has to exist. */
static bool may_run_unprofiled(const struct record_options *o, int code)
{
	if (code == -EINVAL || code == -E2BIG)
		return false;
	return !o->sampler.reach && !(o->sampler.event && code == -ENOENT);
}

/* What a sample stands for; 0: that differs. */
static uint64_t nominal_period(const struct sampler_info *i)
{
	if (i->period)
		return i->period;
	return i->hardware || !i->hz ? 0 : NSEC_PER_SEC / i->hz;
}

static void read_events(struct recording *r)
{
	if (!r->sampler) {
		r->events[0] = (struct sampler_event){.clock = true, .hz = r->info.hz};
		memcpy(r->events[0].name, r->info.event, sizeof(r->events[0].name));
		memcpy(r->events[0].reason, r->info.reason, sizeof(r->events[0].reason));
		return;
	}
	for (uint32_t i = 0; i < r->info.nevents; i++)
		sampler_event(r->sampler, i, &r->events[i]);
}

static uint64_t start_ns(const struct recording *r)
{
	return r->o->attached ? r->attach.start_ns : r->launch.start_ns;
}

/* When what is sampled had ended, or the time was over. */
static uint64_t ended_ns(const struct recording *r)
{
	return r->o->attached ? r->attach.end_ns : r->launch.end_ns;
}

static void read_targets(struct recording *r)
{
	const struct attach *a = &r->attach;

	r->ntargets = a->ntargets ? a->ntargets : 1;
	r->targets = xcalloc(r->ntargets, sizeof(*r->targets));
	r->targets[0].name = r->o->targets.cgroup;
	for (size_t i = 0; i < a->ntargets; i++)
		r->targets[i] = (struct run_target){a->targets[i].pid, a->targets[i].tid,
						    a->targets[i].name};
}

static const char *engine(const struct recording *r)
{
	return r->sampler ? "perf" : "ptrace";
}

static int session_open(struct recording *r, struct error *err)
{
	const struct sampler_info *info = &r->info;
	struct session_event more[SAMPLER_EVENTS_MAX];
	struct session_options so;

	read_events(r);
	r->start_wall_ns = clock_wall_ns();
	clock_machine(&r->machine);
	so = (struct session_options){
		.unwind = r->o->unwind,
		.max_depth = r->o->max_depth,
		.event = info->event,
		.clock = !info->hardware,
		.period = nominal_period(info),
		.root_pid = r->o->attached ? r->targets[0].pid : (uint32_t)r->launch.pid,
		.start_wall_ns = r->start_wall_ns,
		/* A thread in the kernel is sampled where it called it. */
		.user_only = !info->kernel && r->sampler,
		.reach = info->reach,
		.more = more,
		.nmore = info->nevents - 1,
		.wall = info->wall,
		.wall_stacks = info->wall_stacks,
		.wall_event = info->wall_event,
		.engine = engine(r),
		.name_early = !r->recorder,
		.name_nice = r->nice + NAMES_NICER,
	};
	for (uint32_t i = 0; i < so.nmore; i++)
		more[i] = (struct session_event){r->events[i + 1].name,
						 r->events[i + 1].clock};
	host_read(&r->host);
	if (r->recorder)
		so.outside = recorder_outside(r->recorder);
	r->session = session_new(&so, err);
	if (!r->session)
		return err->code;
	if (r->recorder) {
		recorder_begin(r->recorder, r->session, &so, info, r->events);
		raw_put_begin(r->recorder, r->o->command, &r->host);
		raw_put_targets(r->recorder, r->targets, r->ntargets);
	}
	return 0;
}

/* What -e asks for by name is not to be had without perf_event_open(2), CPU time
 * apart. */
static bool is_cpu_time(const char *event)
{
	return !event || !strcmp(event, "cpu-clock") || !strcmp(event, "task-clock");
}

/* Threads are stopped for a look at them: where perf_event_open(2), for the reason @why,
 * is no way. */
static int open_ptrace(struct recording *r, const char *why, struct error *err)
{
	uint32_t hz = r->o->hz_set ? r->o->sampler.hz : PTRACE_HZ_DEFAULT;

	if (hz > PTRACE_HZ_MAX)
		hz = PTRACE_HZ_MAX;
	if (r->o->attached)
		r->source = source_ptrace_attach(hz, &r->attach,
						 r->launch.pid ? &r->launch : NULL,
						 r->o->wait_tree, err);
	else
		r->source = source_ptrace_new(hz, &r->launch, r->o->wait_tree, err);
	if (!r->source)
		return err->code;
	source_ptrace_info(hz, why, &r->info);
	r->info.wall = r->o->sampler.wall && source_ptrace_wall(r->source);
	if (r->info.wall)
		snprintf(r->info.wall_reason, sizeof(r->info.wall_reason),
			 "only perf_event_open tells of switches, and it is not used");
	return session_open(r, err);
}

static int open_perf(struct recording *r, struct error *err)
{
	r->sampler = sampler_open(&r->o->sampler, r->launch.pid, err);
	if (!r->sampler)
		return err->code;
	r->info = *sampler_info(r->sampler);
	return session_open(r, err);
}

/* The best engine that works. When none does, err says why the first did not. */
static int open_engine(struct recording *r, struct error *err)
{
	struct error why = {0};
	int code;

	if (r->o->engine == ENGINE_PTRACE) {
		code = open_ptrace(r, "asked for", err);
		return code < 0 && !r->source && !r->o->require_profile ? 0 : code;
	}
	code = open_perf(r, err);
	if (code == 0 || r->sampler || !may_run_unprofiled(r->o, code))
		return code;
	if (r->o->engine == ENGINE_AUTO && is_cpu_time(r->o->sampler.event)) {
		code = open_ptrace(r, err->text, &why);
		if (code == 0 || r->source)
			return code;
		log_debug("record", "%s", why.text);
	}
	return r->o->require_profile ? err->code : 0;
}

/* The same for what runs already. Without an engine there is nothing to do. */
static int open_attached(struct recording *r, struct error *err)
{
	struct error why = *err, second = {0};

	if (r->o->engine == ENGINE_PTRACE)
		return open_ptrace(r, "asked for", err);
	r->sampler = sampler_attach(&r->o->sampler, &r->on, &why);
	if (r->sampler) {
		r->info = *sampler_info(r->sampler);
		return session_open(r, err);
	}
	*err = why;
	if (attach_explain(&r->attach, err) || why.code == -ESRCH ||
	    !may_run_unprofiled(r->o, why.code) || r->o->engine != ENGINE_AUTO ||
	    !is_cpu_time(r->o->sampler.event))
		return err->code;
	if (!r->attach.ntargets) {
		error_set(err, why.code, "%s; -p and -t do without perf_event_open",
			  why.text);
		error_hint(err, "%s", why.hint);
		return err->code;
	}
	if (open_ptrace(r, why.text, &second) == 0)
		return 0;
	error_set(err, second.code, "%s; nor is it possible without: %s", why.text,
		  second.text);
	error_hint(err, "%s", second.hint);
	return err->code;
}

/* After the fork, so for profd alone: buffers are emptied in time although the workload
 * keeps every CPU busy. Among thousands of threads a nice value is too small a share for
 * that (make bench-scale). Only root may; the names' thread is not like that (sched(7),
 * SCHED_RESET_ON_FORK), and neither is what comes after the recording: somebody may be
 * waiting for the CPU. */
static void go_first(struct recording *r, bool on)
{
	const struct sched_param param = {.sched_priority = on};
	int policy = on ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER;

	if (on)
		setpriority(PRIO_PROCESS, 0, RECORDER_NICE);
	/* Where threads are stopped it is the source's affair. */
	if (on && !r->sampler)
		return;
	/* Somebody's own choice stays. */
	if (on && sched_getscheduler(0) != SCHED_OTHER)
		return;
	if (on || r->is_first)
		r->is_first = sched_setscheduler(0, policy, &param) == 0 && on;
}

static void feed(struct recording *r, const struct event *e)
{
	session_feed(r->session, e);
	if (r->recorder)
		recorder_event(r->recorder, e);
}

static int prepare_launch(struct recording *r, struct error *err)
{
	int code;

	if (!r->o->command[0])
		return 0;
	code = launch_start(&r->launch, r->o->command, err);
	if (code == 0)
		launch_timeout(&r->launch, r->o->timeout_ns);
	return code;
}

static int prepare_attach(struct recording *r, struct error *err)
{
	struct event e;
	int code;

	r->on = r->o->targets;
	code = attach_open(&r->attach, &r->on, err);
	if (code < 0)
		return code;
	if (!r->launch.pid)
		attach_signals(&r->attach);
	r->on.forks = r->attach.forks;
	read_targets(r);
	code = open_attached(r, err);
	while (code == 0 &&
	       (r->source ? source_next(r->source, &e) > 0 : attach_next(&r->attach, &e)))
		feed(r, &e);
	return code;
}

/* Returns 0 with r->session NULL, and err set, when the workload is to run without being
 * sampled. */
static int prepare(struct recording *r, struct error *err)
{
	int code = r->o->stat ? eventlist_parse(&r->stat, r->o->stat, err) : 0;

	if (code < 0)
		return code;
	code = outdir_open(&r->dir, r->o->dir, r->o->force, err);
	if (code < 0)
		return code;
	if (r->o->raw) {
		r->recorder = recorder_open(r->o->raw, r->o->force, r->o->raw_limit_bytes,
					    err);
		if (!r->recorder)
			return err->code;
	}
	code = prepare_launch(r, err);
	if (code < 0)
		return code;
	r->nice = getpriority(PRIO_PROCESS, 0);
	if (r->stat.n) {
		r->counters = counters_open(&r->stat, r->launch.pid, err);
		if (!r->counters)
			return err->code;
	}
	code = r->o->attached ? prepare_attach(r, err) : open_engine(r, err);
	/* Not before: opening the files of all that runs already takes a while. */
	if (code == 0 && r->session)
		go_first(r, true);
	return code;
}

static void before_wait(void *arg)
{
	struct recording *r = arg;

	if (r->recorder)
		recorder_flush(r->recorder);
	session_idle(r->session);
}

static int run_loop(struct recording *r)
{
	struct event e;
	int code;

	if (r->sampler && r->o->attached)
		r->source = source_perf_attach(r->sampler, &r->attach,
					       r->launch.pid ? &r->launch : NULL,
					       r->o->wait_tree);
	else if (r->sampler)
		r->source = source_perf_new(r->sampler, &r->launch, r->o->wait_tree);
	source_on_wait(r->source, before_wait, r);
	while ((code = source_next(r->source, &e)) > 0) {
		feed(r, &e);
		source_hurry(r->source, session_wants_hurry(r->session, e.time_ns));
	}
	r->end_ns = clock_now_ns();
	r->cpu_ns = clock_thread_ns();
	return code;
}

static void note_living(void *arg, const struct process *p)
{
	if (!p->exited)
		attach_add_living(arg, p->pid);
}

struct survivors {
	VEC(struct survivor) v;
	const struct procs *procs;
};

/* proc_pid_stat(5): the state follows the name, which may hold anything. One that has
 * ended and waits to be reaped by a stranger is none. */
static bool still_runs(uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/stat", pid);
	_cleanup_free_ char *data = NULL;
	const char *name_end;
	size_t n;

	if (io_slurp(path, 4096, &data, &n) < 0)
		return false;
	name_end = strrchr(data, ')');
	return !name_end || !strchr("ZX", name_end[1] ? name_end[2] : 'Z');
}

static void note_survivor(void *arg, const struct process *p)
{
	struct survivors *s = arg;

	if (p->exited || !still_runs(p->pid))
		return;
	vec_push(&s->v, ((struct survivor){p->pid, procs_name(s->procs, p->comm)}));
}

/* Trouble with the capture is told; it changes nothing else. */
static void close_raw(struct recording *r, const struct run *run,
		      const struct raw_totals *totals)
{
	struct error err = {0};

	if (!r->recorder)
		return;
	raw_put_end(r->recorder, run, totals);
	if (recorder_close(r->recorder, &err) < 0)
		cmd_fail(0, &err);
	r->recorder = NULL;
}

/* The machine's CPU time since the start. Zeros where the file could not be read again, or
 * ran backwards, as steal does on some hosts. */
static struct clock_machine machine_since(const struct clock_machine *start)
{
	struct clock_machine now;

	clock_machine(&now);
	if (now.busy_ns < start->busy_ns || now.stolen_ns < start->stolen_ns)
		return (struct clock_machine){0};
	now.busy_ns -= start->busy_ns;
	now.stolen_ns -= start->stolen_ns;
	return now;
}

/* Time is not taken from all in the same measure. */
#define STOLEN_UNEVEN 2

/* The counter of a virtual machine's CPU runs on while the host has taken that CPU away,
 * and wait4(2) does not. What it has more is that, as far as it can be; the rest is of
 * processes that nobody waited for, of which only the counter knows. */
static uint64_t sampler_used_ns(const struct recording *r, const struct clock_machine *m)
{
	double counted = (double)sampler_counted_ns(r->sampler);
	double more = counted - (double)used_ns(&r->launch.usage);
	double all = (double)(m->busy_ns + m->stolen_ns);
	double stolen = all > 0 ? counted * STOLEN_UNEVEN * (double)m->stolen_ns / all
				: 0;

	if (more <= 0)
		return (uint64_t)counted;
	return (uint64_t)(counted - (more < stolen ? more : stolen));
}

/* Tells the session what the kernel and the source counted. */
static void end_session(struct recording *r, struct raw_totals *ret_totals)
{
	const struct source_stats *ss = source_stats(r->source);
	uint64_t wall_ns = ended_ns(r) - start_ns(r);
	const struct rusage *u = &r->launch.usage;
	const struct clock_machine m = machine_since(&r->machine);
	uint64_t counted_ns = r->sampler       ? sampler_used_ns(r, &m)
			      : r->o->attached ? 0
					       : used_ns(u) + ss->unwaited_ns;

	if (r->o->attached)
		procs_each(session_procs(r->session), note_living, &r->attach);
	read_events(r);
	for (uint32_t i = 0; i < r->info.nevents; i++) {
		if (!r->events[i].clock && r->events[i].count_known)
			session_total(r->session, i, r->events[i].count);
	}
	session_losses(r->session,
		       r->events[0].lost_known ? r->events[0].lost : UINT64_MAX,
		       ss->broken, ss->late);
	*ret_totals = (struct raw_totals){
		.start_ns = start_ns(r),
		.session = {.duration_ns = r->o->wait_tree && r->end_ns > ended_ns(r)
						   ? r->end_ns - start_ns(r)
						   : wall_ns,
			    .end_ns = ended_ns(r),
			    .counted_ns = counted_ns,
			    .user_ns = timeval_ns(u->ru_utime),
			    .system_ns = timeval_ns(u->ru_stime),
			    .stolen_ns = m.stolen_ns},
		.broken = ss->broken,
		.late = ss->late,
	};
}

static void warn_skipped(struct quality_warnings *w, uint32_t n, const char *name,
			 const char *why)
{
	char *text;

	if (!n)
		return;
	text = n == 1 ? xasprintf("the process '%s' was not sampled: %s", name, why)
		      : xasprintf("%u processes were not sampled, '%s' the first: %s", n,
				  name, why);
	vec_push(&w->v, text);
}

/* Processes that could not be stopped. */
static void warn_source(const struct source_stats *s, struct quality_warnings *w)
{
	warn_skipped(w, s->traced, s->traced_name,
		     "another program traces it (a debugger, strace)");
	warn_skipped(w, s->refused, s->refused_name,
		     "the kernel does not let this user stop it (set-user-ID, or made "
		     "itself unreadable)");
}

static struct timeval ns_timeval(uint64_t ns)
{
	return (struct timeval){(time_t)(ns / NSEC_PER_SEC),
				(suseconds_t)(ns % NSEC_PER_SEC / 1000)};
}

/* What was attached to, not the command that said for how long. */
static void end_attached(struct recording *r, struct run *run, struct raw_totals *totals)
{
	const struct source_stats *ss = source_stats(r->source);
	const struct attach *a = &r->attach;
	struct session_totals *t = &totals->session;

	if (!r->o->attached)
		return;
	if (!t->counted_ns && a->cpu_ns)
		t->counted_ns = a->cpu_ns + ss->unwaited_ns;
	/* What its processes waited for right before their own end is in no other
	 * figure. */
	if (t->counted_ns && t->counted_ns < ss->seen_ns)
		t->counted_ns = ss->seen_ns;
	t->user_ns = a->user_ns;
	t->system_ns = a->system_ns;
	run->usage = (struct rusage){.ru_utime = ns_timeval(a->user_ns),
				     .ru_stime = ns_timeval(a->system_ns)};
}

static int write_all(struct recording *r, struct error *err)
{
	const struct launch *l = &r->launch;
	struct survivors survivors = {.procs = session_procs(r->session)};
	struct quality_warnings warnings = {0};
	struct origin origin;
	struct raw_totals raw;
	int code;
	struct run run = {
		.command = r->o->command,
		.status = l->status,
		.timed_out = l->timed_out || l->overdue,
		.usage = l->usage,
		.start_wall_ns = r->start_wall_ns,
		.wall_ns = ended_ns(r) - start_ns(r),
		.targets = r->targets,
		.ntargets = r->ntargets,
		.engine = engine(r),
		.sampler = &r->info,
		.events = r->events,
		.nevents = r->info.nevents,
		.unwinder = unwind_backend_name(r->o->unwind),
		.warnings = &warnings,
		.host = &r->host,
		.exit_ns = ended_ns(r),
		.record_cpu_ns = r->cpu_ns,
		.annotate = r->o->annotate,
		.formats = r->o->formats,
	};

	end_session(r, &raw);
	end_attached(r, &run, &raw);
	if (r->counters)
		run.stat = counters_values(r->counters, &run.nstat);
	run_origin(&run, run.engine, &origin);
	raw.session.origin = &origin;
	run.profile = session_finish(r->session, &raw.session);
	run.quality = session_quality(r->session);
	run.wall = session_wall(r->session);
	run.name_cpu_ns = session_naming_ns(r->session);
	quality_warn(run.quality, &warnings);
	warn_source(source_stats(r->source), &warnings);
	if (r->o->sampler.wall && !r->info.wall)
		vec_push(&warnings.v,
			 xstrdup("no profile of time: this kernel does not tell how long "
				 "threads run (/proc/PID/schedstat)"));
	if (!r->o->attached)
		procs_each(survivors.procs, note_survivor, &survivors);
	run.survivors = survivors.v.v;
	run.nsurvivors = survivors.v.n;
	close_raw(r, &run, &raw);
	code = artifacts_write(&r->dir, &run, err);
	if (code == 0)
		record_say_result(r, &run);
	record_say_stops(r);
	vec_done(&survivors.v);
	quality_warnings_done(&warnings);
	return code;
}

/* Taking a large session apart would take milliseconds that somebody waits for, and the
 * kernel has all of it back in a moment. It can be reached still, for tools that look for
 * leaks. */
static struct session *volatile session_done;

static void finish(struct recording *r)
{
	source_free(r->source);
	recorder_discard(r->recorder);
	if (r->written)
		session_done = r->session;
	else
		session_free(r->session);
	sampler_close(r->sampler);
	counters_close(r->counters);
	eventlist_done(&r->stat);
	attach_done(&r->attach);
	free(r->targets);
	launch_done(&r->launch);
	outdir_close(&r->dir);
}

/* The workload ran: its status is ours, whatever became of the profile. Without one the
 * profile is all there was to do. */
static int end_like_workload(struct recording *r, int trouble)
{
	int status = r->launch.status;
	bool timed_out = r->launch.timed_out, require = r->o->require_profile;
	bool launched = r->launch.pid;

	finish(r);
	if (trouble && (require || !launched))
		return EXIT_PROFD;
	if (!launched)
		return 0;
	if (timed_out)
		return EXIT_TIMEOUT;
	if (WIFSIGNALED(status)) {
		fflush(NULL);
		launch_die_alike(status);
	}
	return WEXITSTATUS(status);
}

static int not_started(struct recording *r, const struct error *err)
{
	outdir_discard(&r->dir);
	finish(r);
	return cmd_fail(EXIT_PROFD, err);
}

static int exec_failed(struct recording *r, int code, const struct error *err)
{
	launch_wait(&r->launch);
	outdir_discard(&r->dir);
	finish(r);
	return cmd_fail(code == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, err);
}

/* Samples until the workload has ended, and writes. A negative errno is told already. */
static int sample_and_write(struct recording *r)
{
	struct error err = {0};
	int code = run_loop(r), written;

	go_first(r, false);
	if (code < 0) {
		error_set(&err, code, "sampling stopped early: %s", strerror(-code));
		cmd_fail(0, &err);
		if (r->o->attached)
			attach_end(&r->attach);
		if (r->launch.pid)
			launch_wait(&r->launch);
	}
	if (r->counters)
		counters_read(r->counters);
	written = write_all(r, &err);
	r->written = true;
	if (written < 0)
		cmd_fail(0, &err);
	return code < 0 ? code : written;
}

static int record(const struct record_options *o)
{
	struct recording r = {.o = o, .dir.fd = -1};
	struct error err = {0};
	int code = prepare(&r, &err);

	if (code < 0)
		return not_started(&r, &err);
	if (!r.session) {
		outdir_discard(&r.dir);
		record_say_unprofiled(&err);
	} else {
		record_say_fallback(&r, &err);
	}
	record_say_how(&r);
	if (r.sampler)
		sampler_start(r.sampler);
	if (o->attached && attach_start(&r.attach, o->duration_ns, &err) < 0)
		return not_started(&r, &err);
	code = r.launch.pid ? launch_exec(&r.launch, &err) : 0;
	if (code < 0)
		return exec_failed(&r, code, &err);
	if (r.session && r.dir.moved_to && !o->quiet)
		fprintf(stderr, "profd: moved the earlier %s to %s\n", r.dir.path,
			r.dir.moved_to);
	if (r.session) {
		code = sample_and_write(&r);
	} else {
		launch_wait(&r.launch);
		if (r.counters)
			counters_read(r.counters);
		code = -ENODATA;
	}
	record_say_stat(&r);
	return end_like_workload(&r, code);
}

int cmd_record(int argc, char **argv)
{
	struct record_options o;
	int status = record_options_parse(&o, argc, argv);

	if (!status && o.help)
		fputs(record_usage, stdout);
	else if (!status)
		status = record(&o);
	free(o.events);
	vec_done(&o.pids);
	return status;
}
