/* run.json, schema profd.run/1: described key by key in profd-formats(5). */
#include <profd/report.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <profd/clock.h>
#include <profd/format.h>
#include <profd/json.h>
#include <profd/mem.h>

#define TOP_FUNCTIONS 20

int run_exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double share(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

static void put_command(struct json *root, const struct run *run)
{
	struct json *argv;

	if (!run->command[0]) {
		json_put_null(root, "command");
		return;
	}
	argv = json_list();
	for (char *const *a = run->command; *a; a++)
		json_put_str(argv, NULL, *a);
	json_put(root, "command", argv);
}

/* Only of a recording of what ran already. */
static void put_targets(struct json *root, const struct run *run)
{
	struct json *list;

	if (!run->ntargets)
		return;
	list = json_list();
	for (size_t i = 0; i < run->ntargets; i++) {
		const struct run_target *g = &run->targets[i];
		struct json *j = json_node();

		if (g->pid)
			json_put_u64(j, "pid", g->pid);
		if (g->tid)
			json_put_u64(j, "tid", g->tid);
		if (g->name)
			json_put_str(j, g->pid ? "command" : "cgroup", g->name);
		else
			json_put_bool(j, "system", true);
		json_put(list, NULL, j);
	}
	json_put(root, "targets", list);
}

static void put_time(struct json *root, const char *key, uint64_t wall_ns)
{
	char buf[CLOCK_UTC_BYTES];

	json_put_str(root, key, clock_utc(wall_ns, buf));
}

static void put_outcome(struct json *root, const struct run *run)
{
	if (run->command[0])
		json_put_i64(root, "exit_status", run_exit_status(run->status));
	else
		json_put_null(root, "exit_status");
	if (WIFSIGNALED(run->status))
		json_put_str(root, "signal", sigabbrev_np(WTERMSIG(run->status)));
	json_put_bool(root, "timed_out", run->timed_out);
	put_time(root, "start", run->start_wall_ns);
	json_put_num(root, "wall_s", (double)run->wall_ns / 1e9);
}

static void put_usage(struct json *root, const struct run *run)
{
	const struct rusage *u = &run->usage;
	struct json *j = json_node();

	json_put_num(j, "user_s", seconds_of(u->ru_utime));
	json_put_num(j, "system_s", seconds_of(u->ru_stime));
	if (run->ntargets) { /* what it has used before is not told apart */
		json_put(root, "rusage", j);
		return;
	}
	json_put_u64(j, "max_rss_bytes", (uint64_t)u->ru_maxrss * 1024);
	json_put_i64(j, "minor_faults", u->ru_minflt);
	json_put_i64(j, "major_faults", u->ru_majflt);
	json_put_i64(j, "voluntary_switches", u->ru_nvcsw);
	json_put_i64(j, "involuntary_switches", u->ru_nivcsw);
	json_put(root, "rusage", j);
}

static void put_host(struct json *root, const struct host *h)
{
	struct json *j = json_node();

	json_put_str(j, "cpu_model", h->cpu_model);
	json_put_u64(j, "cpus", h->ncpus);
	json_put_u64(j, "memory_bytes", h->memory_bytes);
	json_put_str(j, "arch", h->arch);
	json_put_str(j, "kernel", h->kernel);
	json_put_str(j, "os", h->os);
	json_put_str(j, "libc", h->libc);
	json_put_str(j, "hypervisor", h->hypervisor);
	json_put(root, "host", j);
	json_put_str(root, "testbed", h->testbed);
}

static void put_engine(struct json *root, const struct run *run)
{
	const struct sampler_info *s = run->sampler;
	struct json *j = json_node();

	json_put_str(root, "engine", run->engine);
	json_put_str(root, "event", s->event);
	json_put_str(root, "fallback_reason", s->reason[0] ? s->reason : NULL);
	json_put_str(root, "reach", reach_name(s->reach));
	json_put_str(root, "reach_reason", s->reach_reason[0] ? s->reach_reason : NULL);
	json_put_bool(j, "hardware", s->hardware);
	json_put_bool(j, "kernel", s->kernel);
	if (s->hz)
		json_put_u64(j, "frequency_hz", s->hz);
	else
		json_put_u64(j, "period", s->period);
	json_put_u64(j, "cpus", s->ncpus);
	json_put_u64(j, "ring_bytes_per_cpu", s->ring_bytes);
	json_put_u64(j, "ring_bytes_wanted", s->ring_bytes_wanted);
	json_put_u64(j, "stack_copy_bytes", s->stack_bytes);
	json_put_str(j, "unwinder", run->unwinder);
	json_put(root, "sampling", j);
}

static void put_event(struct json *j, const struct run *run, size_t i)
{
	const struct sampler_event *e = &run->events[i];
	const struct quality_event *q = &run->quality->events[i];

	json_put_str(j, "name", e->name);
	json_put_str(j, "unit", e->clock ? "nanoseconds" : "count");
	json_put_u64(j, "samples", q->samples);
	json_put_i64(j, "sampled", q->weight);
	if (e->count_known)
		json_put_u64(j, "counted", e->count);
	else
		json_put_null(j, "counted");
	if (e->lost_known)
		json_put_u64(j, "lost", e->lost);
	else
		json_put_null(j, "lost");
	json_put_bool(j, "kernel", e->kernel);
	if (e->hz)
		json_put_u64(j, "frequency_hz", e->hz);
	else
		json_put_u64(j, "period", e->period);
	json_put_str(j, "fallback_reason", e->reason[0] ? e->reason : NULL);
	if (i) {
		_cleanup_free_ char *file = run_event_file(run, i);

		json_put_str(j, "files", file);
	} else {
		json_put_str(j, "files", "cpu");
	}
}

static void put_events(struct json *root, const struct run *run)
{
	struct json *list = json_list();

	for (size_t i = 0; i < run->nevents; i++) {
		struct json *j = json_node();

		put_event(j, run, i);
		json_put(list, NULL, j);
	}
	json_put(root, "events", list);
}

static void put_stops(struct json *j, const struct quality *q)
{
	struct json *weights = json_node(), *counts = json_node();

	for (unsigned i = 0; i < STOP_COUNT; i++) {
		json_put_num(weights, unwind_stop_name(i), share(q->stop[i], q->weight));
		json_put_u64(counts, unwind_stop_name(i), q->stop_samples[i]);
	}
	json_put(j, "stop", counts);
	json_put(j, "stop_share", weights);
}

static void put_unwind(struct json *j, const struct quality *q)
{
	struct json *u = json_node();

	json_put_u64(u, "frames", q->unwind.frames);
	json_put_u64(u, "l1_hits", q->unwind.l1_hits);
	json_put_u64(u, "l2_hits", q->unwind.l2_hits);
	json_put_u64(u, "decoded", q->unwind.decoded);
	json_put_u64(u, "general", q->unwind.general);
	json_put_u64(u, "guessed", q->unwind.guessed);
	json_put(j, "unwind", u);
}

/* What the samples are held against; null where it is not known. */
static void put_coverage(struct json *j, const struct quality *q)
{
	if (q->coverage >= 0)
		json_put_num(j, "coverage", q->coverage);
	else
		json_put_null(j, "coverage");
	if (q->counted_ns)
		json_put_u64(j, "counted_ns", q->counted_ns);
	else
		json_put_null(j, "counted_ns");
	if (q->counter_ns)
		json_put_u64(j, "counter_ns", q->counter_ns);
	else
		json_put_null(j, "counter_ns");
	json_put_i64(j, "unsampled_ns", q->unsampled);
	json_put_i64(j, "unsampled_kernel_ns", q->unsampled_kernel);
	json_put_u64(j, "stolen_ns", q->stolen_ns);
}

static void put_quality(struct json *root, const struct run *run)
{
	const struct quality *q = run->quality;
	struct json *j = json_node(), *lost = json_node(), *warnings = json_list();

	json_put_u64(j, "samples", q->samples);
	json_put_u64(j, "lost", q->lost);
	json_put_u64(lost, "ring_full", q->lost_ring);
	json_put_u64(lost, "broken_record", q->lost_broken);
	json_put(j, "lost_by", lost);
	json_put_u64(j, "throttled", q->throttled);
	json_put_u64(j, "late_events", q->late);
	json_put_num(j, "complete", q->complete);
	json_put_num(j, "resolved", q->resolved);
	json_put_num(j, "read_live", share(q->deep_weight, q->weight));
	put_coverage(j, q);
	json_put_num(j, "kernel_share", share(q->kernel_weight, q->weight));
	put_stops(j, q);
	json_put_u64(j, "stacks", q->stacks);
	json_put_u64(j, "locations", q->locations);
	json_put_u64(j, "processes", q->processes);
	json_put_u64(j, "missing_files", q->missing_files);
	put_unwind(j, q);
	for (uint32_t i = 0; i < run->warnings->v.n; i++)
		json_put_str(warnings, NULL, run->warnings->v.v[i]);
	json_put(j, "warnings", warnings);
	json_put(root, "quality", j);
}

/* Times are sums over threads. */
static void put_wall(struct json *root, const struct run *run)
{
	const struct quality_wall *w = &run->quality->wall;
	const struct sampler_info *s = run->sampler;
	struct json *j, *states;

	if (!run->wall)
		return;
	j = json_node();
	states = json_node();
	json_put_str(j, "method", wall_method(w->stacks, s->reach));
	json_put_str(j, "reason", s->wall_reason[0] ? s->wall_reason : NULL);
	json_put_u64(j, "threads", w->threads);
	json_put_u64(j, "switches", w->switches);
	json_put_u64(j, "switches_lost", w->contradictions);
	json_put_u64(j, "one_in", w->one_in);
	json_put_num(j, "lifetime_s", (double)w->lifetime_ns / 1e9);
	json_put_num(j, "cpu_s", (double)w->on_ns / 1e9);
	json_put_num(j, "off_cpu_s", (double)w->off_ns / 1e9);
	json_put_num(j, "unsampled_s", (double)w->unsampled_ns / 1e9);
	json_put_num(j, "unknown_s", (double)w->unknown_ns / 1e9);
	json_put_num(j, "queue_unknown_s", (double)w->queue_unknown_ns / 1e9);
	if (w->placed_ns)
		json_put_num(j, "complete", share(w->complete_ns, w->placed_ns));
	else
		json_put_null(j, "complete");
	for (unsigned i = 0; i < WALL_STATES; i++)
		json_put_num(states, wall_state_name(i), (double)w->state_ns[i] / 1e9);
	json_put(j, "states_s", states);
	json_put(root, "wall", j);
}

static void put_modules(struct json *root, const struct run *run)
{
	const struct quality *q = run->quality;
	struct json *list = json_list();
	int64_t all = 0;

	for (uint32_t i = 0; i < q->modules.n; i++)
		all += q->modules.v[i].weight;
	for (uint32_t i = 0; i < q->modules.n; i++) {
		const struct quality_module *m = &q->modules.v[i];
		struct json *j = json_node();

		json_put_str(j, "path", m->path);
		json_put_str(j, "build_id", m->build_id[0] ? m->build_id : NULL);
		json_put_str(j, "symbols", m->symbols);
		json_put_bool(j, "lines", m->lines);
		json_put_num(j, "frames_share", share(m->weight, all));
		json_put_num(j, "resolved", share(m->resolved, m->weight));
		json_put_num(j, "no_cfi_share", share(m->no_cfi, q->weight));
		json_put(list, NULL, j);
	}
	json_put(root, "modules", list);
}

static void put_top(struct json *root, const struct run *run, const struct top *top)
{
	const struct profile *p = run->profile;
	struct json *list = json_list();
	unsigned value = profile_default_value(p);

	for (uint32_t i = 0; i < top->rows.n && i < TOP_FUNCTIONS; i++) {
		const struct top_row *r = &top->rows.v[i];
		struct json *j = json_node();

		json_put_str(j, "name", profile_text(p, r->name));
		json_put_str(j, "file",
			     r->filename ? profile_text(p, r->filename) : NULL);
		json_put_u64(j, "line", r->start_line);
		json_put_str(j, "module", r->module ? profile_text(p, r->module) : NULL);
		json_put_i64(j, "self", r->self);
		json_put_i64(j, "total", r->total);
		json_put_num(j, "self_share", share(r->self, top->sum));
		json_put_num(j, "total_share", share(r->total, top->sum));
		json_put(list, NULL, j);
	}
	json_put_str(root, "unit", profile_text(p, p->value_types[value].unit));
	json_put(root, "top", list);
}

static void put_stat_value(struct json *j, const struct run *run, size_t i)
{
	const struct counter_value *v = &run->stat[i];
	struct stat_derived d;
	struct json *derived;

	json_put_str(j, "name", v->name);
	if (v->counted)
		json_put_u64(j, "value", v->value);
	else
		json_put_null(j, "value");
	json_put_str(j, "unit", v->unit);
	json_put_bool(j, "scaled", v->scaled);
	json_put_num(j, "running", v->running);
	if (!v->counted) {
		json_put_str(j, "reason", v->reason);
		return;
	}
	json_put_bool(j, "user_only", v->user_only);
	if (!stat_derive(run->stat, run->nstat, i, run->wall_ns, &d))
		return;
	derived = json_node();
	json_put_num(derived, "value", d.value);
	json_put_str(derived, "unit", d.unit);
	json_put(j, "derived", derived);
}

static void put_stat(struct json *root, const struct run *run)
{
	struct json *list;

	if (!run->nstat)
		return;
	list = json_list();
	for (size_t i = 0; i < run->nstat; i++) {
		struct json *j = json_node();

		put_stat_value(j, run, i);
		json_put(list, NULL, j);
	}
	json_put(root, "stat", list);
}

static void put_survivors(struct json *root, const struct run *run)
{
	struct json *list = json_list();

	for (size_t i = 0; i < run->nsurvivors; i++) {
		struct json *j = json_node();

		json_put_u64(j, "pid", run->survivors[i].pid);
		json_put_str(j, "comm", run->survivors[i].comm);
		json_put(list, NULL, j);
	}
	json_put(root, "survivors", list);
}

/* What is neither recording nor naming is writing, up to here. */
static void put_stages(struct json *self, const struct run *run, double cpu_s)
{
	double record_s = (double)run->record_cpu_ns / 1e9;
	double name_s = (double)run->name_cpu_ns / 1e9;
	double rest_s = cpu_s - record_s - name_s;
	struct json *j = json_node();

	json_put_num(j, "record", record_s);
	json_put_num(j, "name", name_s);
	json_put_num(j, "write", rest_s > 0 ? rest_s : 0);
	json_put(self, "cpu_by_stage_s", j);
}

/* Measured now: run.json is the last artifact. */
static void put_self(struct json *root, const struct run *run)
{
	struct json *j = json_node();
	struct rusage self;
	double cpu_s;

	getrusage(RUSAGE_SELF, &self);
	cpu_s = seconds_of(self.ru_utime) + seconds_of(self.ru_stime);
	json_put_str(j, "version", PACKAGE_VERSION);
	json_put_num(j, "cpu_s", cpu_s);
	put_stages(j, run, cpu_s);
	json_put_u64(j, "max_rss_bytes", (uint64_t)self.ru_maxrss * 1024);
	json_put_num(j, "exit_to_artifacts_s",
		     run->exit_ns ? (double)(clock_now_ns() - run->exit_ns) / 1e9 : 0);
	json_put(root, "profd", j);
}

void run_json_write(const struct run *run, const struct top *top, struct sink *out)
{
	struct json *root = json_node();

	json_put_str(root, "schema", "profd.run/1");
	put_command(root, run);
	put_targets(root, run);
	put_outcome(root, run);
	put_usage(root, run);
	put_stat(root, run);
	put_engine(root, run);
	put_events(root, run);
	put_host(root, run->host);
	put_quality(root, run);
	put_wall(root, run);
	put_modules(root, run);
	put_top(root, run, top);
	put_survivors(root, run);
	put_self(root, run);
	json_write(root, out);
	json_free(root);
}
