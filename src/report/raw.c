/* The part of a capture that no session sees: the command, the machine, how the workload
 * ended. */
#include <profd/raw.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/mem.h>

#define ARGS_MAX (1u << 20)
#define SURVIVORS_MAX (1u << 20)
#define TIME_MAX_NS (1ull << 60)
#define COUNTERS_MAX 256u
#define TARGETS_MAX (1u << 20)

void raw_put_begin(struct recorder *r, char *const *command, const struct host *host)
{
	struct capture_record rec = {.type = CAPTURE_HOST};

	rec.host = (struct capture_host){
		.cpu_model = capture_str(host->cpu_model),
		.kernel = capture_str(host->kernel),
		.os = capture_str(host->os),
		.libc = capture_str(host->libc),
		.arch = capture_str(host->arch),
		.hypervisor = capture_str(host->hypervisor),
		.testbed = capture_str(host->testbed),
		.ncpus = host->ncpus,
		.memory_bytes = host->memory_bytes,
	};
	recorder_put(r, &rec);
	for (; *command; command++) {
		rec = (struct capture_record){.type = CAPTURE_ARG};
		rec.arg = capture_str(*command);
		recorder_put(r, &rec);
	}
}

void raw_put_targets(struct recorder *r, const struct run_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct capture_record rec = {.type = CAPTURE_TARGET};

		rec.target.pid = targets[i].pid;
		rec.target.tid = targets[i].tid;
		if (targets[i].name)
			rec.target.name = capture_str(targets[i].name);
		recorder_put(r, &rec);
	}
}

static uint64_t microseconds(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void put_totals(struct recorder *r, const struct run *run)
{
	for (size_t i = 0; i < run->nevents; i++) {
		const struct sampler_event *e = &run->events[i];
		struct capture_record rec = {.type = CAPTURE_TOTAL};

		rec.total = (struct capture_total){i, e->count, e->count_known, e->lost,
						   e->lost_known};
		recorder_put(r, &rec);
	}
}

static void put_counters(struct recorder *r, const struct run *run)
{
	for (size_t i = 0; i < run->nstat; i++) {
		const struct counter_value *v = &run->stat[i];
		struct capture_record rec = {.type = CAPTURE_COUNTER};

		rec.counter = (struct capture_counter){
			.name = capture_str(v->name),
			.unit = capture_str(v->unit),
			.reason = capture_str(v->reason),
			.kind = v->kind,
			.counted = v->counted,
			.value = v->value,
			.scaled = v->scaled,
			.user_only = v->user_only,
			.denied = v->denied,
			.grouped = v->grouped,
		};
		memcpy(&rec.counter.running, &v->running, sizeof(v->running));
		recorder_put(r, &rec);
	}
}

void raw_put_end(struct recorder *r, const struct run *run, const struct raw_totals *t)
{
	const struct rusage *u = &run->usage;
	struct capture_record rec;

	for (size_t i = 0; i < run->nsurvivors; i++) {
		rec = (struct capture_record){.type = CAPTURE_SURVIVOR};
		rec.survivor = (struct capture_survivor){
			run->survivors[i].pid, capture_str(run->survivors[i].comm)};
		recorder_put(r, &rec);
	}
	put_totals(r, run);
	put_counters(r, run);
	rec = (struct capture_record){.type = CAPTURE_END};
	rec.end = (struct capture_end){
		.status = run->status,
		.timed_out = run->timed_out,
		.start = t->start_ns,
		.wall_ns = run->wall_ns,
		.duration_ns = t->session.duration_ns,
		.counted_ns = t->session.counted_ns,
		.user_us = microseconds(u->ru_utime),
		.system_us = microseconds(u->ru_stime),
		.max_rss_kib = (uint64_t)u->ru_maxrss,
		.minor_faults = (uint64_t)u->ru_minflt,
		.major_faults = (uint64_t)u->ru_majflt,
		.voluntary = (uint64_t)u->ru_nvcsw,
		.involuntary = (uint64_t)u->ru_nivcsw,
		.broken = t->broken,
		.late = t->late,
		.stolen_ns = t->session.stolen_ns,
	};
	recorder_put(r, &rec);
}

/* --- and back ----------------------------------------------------------------------- */

static void copy_text(char *buf, size_t size, const struct capture_bytes *b)
{
	snprintf(buf, size, "%s", b->p ? (const char *)b->p : "");
}

static void take_host(struct host *h, const struct capture_host *c)
{
	copy_text(h->cpu_model, sizeof(h->cpu_model), &c->cpu_model);
	copy_text(h->kernel, sizeof(h->kernel), &c->kernel);
	copy_text(h->os, sizeof(h->os), &c->os);
	copy_text(h->libc, sizeof(h->libc), &c->libc);
	copy_text(h->arch, sizeof(h->arch), &c->arch);
	copy_text(h->hypervisor, sizeof(h->hypervisor), &c->hypervisor);
	copy_text(h->testbed, sizeof(h->testbed), &c->testbed);
	h->ncpus = (uint32_t)c->ncpus;
	h->memory_bytes = c->memory_bytes;
}

static struct timeval timeval(uint64_t us)
{
	return (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
}

/* Of counts that end up in a signed number. */
static long count(uint64_t n)
{
	return (long)(n & INT64_MAX);
}

static int take_end(struct raw_run *raw, const struct capture_end *c)
{
	struct rusage *u = &raw->run.usage;

	if (c->user_us > TIME_MAX_NS / 1000 || c->system_us > TIME_MAX_NS / 1000 ||
	    c->wall_ns > TIME_MAX_NS || c->duration_ns > TIME_MAX_NS ||
	    c->counted_ns > TIME_MAX_NS || c->stolen_ns > TIME_MAX_NS)
		return -EBADMSG;
	raw->run.status = (int)c->status;
	raw->run.timed_out = c->timed_out;
	raw->run.wall_ns = c->wall_ns;
	u->ru_utime = timeval(c->user_us);
	u->ru_stime = timeval(c->system_us);
	u->ru_maxrss = count(c->max_rss_kib) & INT32_MAX;
	u->ru_minflt = count(c->minor_faults);
	u->ru_majflt = count(c->major_faults);
	u->ru_nvcsw = count(c->voluntary);
	u->ru_nivcsw = count(c->involuntary);
	raw->totals = (struct raw_totals){
		.start_ns = c->start,
		.session =
			{
				.duration_ns = c->duration_ns,
				.end_ns = c->start + c->wall_ns,
				.counted_ns = c->counted_ns,
				.user_ns = c->user_us * 1000,
				.system_ns = c->system_us * 1000,
				.stolen_ns = c->stolen_ns,
			},
		.broken = c->broken,
		.late = c->late,
	};
	return 0;
}

static int take_survivor(struct raw_run *raw, const struct capture_survivor *c)
{
	const char *comm = c->comm.p ? (const char *)c->comm.p : "";

	if (c->pid > UINT32_MAX || raw->survivors.n >= SURVIVORS_MAX)
		return -EBADMSG;
	vec_push(&raw->survivors, ((struct survivor){(uint32_t)c->pid, xstrdup(comm)}));
	return 0;
}

static int take_arg(struct raw_run *raw, const struct capture_bytes *arg)
{
	if (!arg->p || raw->command.n >= ARGS_MAX)
		return -EBADMSG;
	vec_push(&raw->command, xstrdup((const char *)arg->p));
	return 0;
}

static int take_target(struct raw_run *raw, const struct capture_target *c)
{
	if (c->pid > UINT32_MAX || c->tid > UINT32_MAX || raw->targets.n >= TARGETS_MAX ||
	    (c->pid && !c->name.p))
		return -EBADMSG;
	vec_push(&raw->targets,
		 ((struct run_target){.pid = (uint32_t)c->pid,
				      .tid = (uint32_t)c->tid,
				      .name = c->name.p ? xstrdup((const char *)c->name.p)
							: NULL}));
	return 0;
}

static int take_counter(struct raw_run *raw, const struct capture_counter *c)
{
	struct counter_value v = {
		.kind = (enum counter_kind)c->kind,
		.counted = c->counted,
		.value = c->value,
		.scaled = c->scaled,
		.user_only = c->user_only,
		.denied = c->denied,
		.grouped = c->grouped,
	};

	memcpy(&v.running, &c->running, sizeof(v.running));
	if (!c->name.p || c->kind > COUNTER_CACHE_MISSES ||
	    !(v.running >= 0 && v.running <= 1) || raw->stat.n >= COUNTERS_MAX)
		return -EBADMSG;
	copy_text(v.reason, sizeof(v.reason), &c->reason);
	v.name = xstrdup((const char *)c->name.p);
	v.unit = xstrdup(c->unit.p ? (const char *)c->unit.p : "");
	vec_push(&raw->stat, v);
	return 0;
}

int raw_take(void *raw_run, const struct capture_record *r)
{
	struct raw_run *raw = raw_run;

	switch (r->type) {
	case CAPTURE_HOST:
		take_host(&raw->host, &r->host);
		return 0;
	case CAPTURE_ARG:
		return take_arg(raw, &r->arg);
	case CAPTURE_TARGET:
		return take_target(raw, &r->target);
	case CAPTURE_SURVIVOR:
		return take_survivor(raw, &r->survivor);
	case CAPTURE_COUNTER:
		return take_counter(raw, &r->counter);
	case CAPTURE_END:
		return take_end(raw, &r->end);
	default:
		return -EBADMSG;
	}
}

void raw_run_settle(struct raw_run *raw)
{
	vec_push(&raw->command, (char *)NULL);
	raw->run.command = raw->command.v;
	raw->run.host = &raw->host;
	raw->run.targets = raw->targets.v;
	raw->run.ntargets = raw->targets.n;
	raw->run.survivors = raw->survivors.v;
	raw->run.nsurvivors = raw->survivors.n;
	raw->run.stat = raw->stat.v;
	raw->run.nstat = raw->stat.n;
}

void raw_run_done(struct raw_run *raw)
{
	for (uint32_t i = 0; i < raw->command.n; i++)
		free(raw->command.v[i]);
	for (uint32_t i = 0; i < raw->survivors.n; i++)
		free((char *)(uintptr_t)raw->survivors.v[i].comm);
	for (uint32_t i = 0; i < raw->stat.n; i++) {
		free((char *)(uintptr_t)raw->stat.v[i].name);
		free((char *)(uintptr_t)raw->stat.v[i].unit);
	}
	vec_done(&raw->stat);
	vec_done(&raw->command);
	vec_done(&raw->survivors);
	for (uint32_t i = 0; i < raw->targets.n; i++)
		free((char *)(uintptr_t)raw->targets.v[i].name);
	vec_done(&raw->targets);
}
