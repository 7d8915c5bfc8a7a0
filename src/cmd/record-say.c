/* What profd record says for people: on standard error, because standard output is the
 * command's. */
#include "record-priv.h"

#include <profd/text.h>

void record_say_how(const struct recording *r)
{
	const struct sampler_info *i;

	if (!r->o->verbose || !r->session)
		return;
	i = &r->info;
	for (uint32_t k = 0; k < i->nevents; k++) {
		const struct sampler_event *e = &r->events[k];

		if (e->hz)
			fprintf(stderr, "profd: sampling %s at %u Hz on %u CPUs, %s\n",
				e->name, e->hz, i->ncpus,
				e->kernel ? "user and kernel" : "user code only");
		else
			fprintf(stderr, "profd: sampling %s every %llu on %u CPUs, %s\n",
				e->name, (unsigned long long)e->period, i->ncpus,
				e->kernel ? "user and kernel" : "user code only");
		if (k && e->reason[0])
			fprintf(stderr, "profd: why: %s\n", e->reason);
	}
	if (r->sampler)
		fprintf(stderr,
			"profd: %zu KiB of buffer per CPU, %zu bytes of stack per "
			"sample\n",
			i->ring_bytes / 1024, i->stack_bytes);
	if (i->reason[0])
		fprintf(stderr, "profd: why: %s\n", i->reason);
	fprintf(stderr, "profd: reach: %s%s%s\n", reach_name(i->reach),
		i->reach_reason[0] ? ": " : "", i->reach_reason);
	if (i->wall)
		fprintf(stderr, "profd: off the CPU: %s%s%s\n",
			i->wall_stacks		 ? "stacks as threads leave it"
			: i->reach == REACH_TREE ? "schedstat, and threads that stand "
						   "still are read"
						 : "threads that stand still are read",
			i->wall_reason[0] ? ": " : "", i->wall_reason);
}

void record_say_unprofiled(const struct error *why)
{
	struct error err;

	error_set(&err, why->code, "%s: the workload runs without being profiled",
		  why->text);
	error_hint(&err, "%s", why->hint);
	cmd_fail(0, &err);
}

/* The workload is profiled, but not as it could be: why, and what to do about it. */
void record_say_fallback(const struct recording *r, const struct error *why)
{
	struct error err;

	if (r->o->quiet || r->sampler || !why->code)
		return;
	error_set(&err, why->code, "%s: running threads are stopped for a moment instead",
		  why->text);
	error_hint(&err, "%s", why->hint);
	cmd_fail(0, &err);
}

void record_say_result(const struct recording *r, const struct run *run)
{
	const struct quality *q = run->quality;
	struct text t = {0};

	if (r->o->quiet)
		return;
	text_addf(&t, "profd: %llu sample%s in ", (unsigned long long)q->samples,
		  q->samples == 1 ? "" : "s");
	text_add_seconds(&t, (double)run->profile->duration_ns / 1e9);
	text_addf(&t, ", %llu lost, ", (unsigned long long)q->lost);
	if (q->samples)
		text_addf(&t, "%.1f %% of stacks complete, ", 100 * q->complete);
	text_add(&t, run->sampler->event);
	if (!run->sampler->kernel)
		text_addf(&t, " (%s: %.2f s user, %.2f s system)",
			  r->sampler ? "user code only" : "by ptrace, no kernel code",
			  (double)q->user_ns / 1e9, (double)q->system_ns / 1e9);
	if (run->wall)
		text_addf(&t, ", off the CPU by %s",
			  wall_method(q->wall.stacks, run->sampler->reach));
	text_addf(&t, " -> %s/index.html\n", r->dir.path);
	if (run->timed_out)
		text_add(&t, "profd: --timeout ended the command\n");
	for (uint32_t i = 0; i < run->warnings->v.n; i++)
		text_addf(&t, "profd: warning: %s\n", run->warnings->v.v[i]);
	if (run->nsurvivors)
		text_addf(&t,
			  "profd: %zu of its processes still run%s, unrecorded from here "
			  "on: --wait-tree waits for them\n",
			  run->nsurvivors, run->nsurvivors == 1 ? "s" : "");
	fputs(text_get(&t), stderr);
	text_done(&t);
}

void record_say_stops(const struct recording *r)
{
	const struct source_stats *s = source_stats(r->source);

	if (!r->o->verbose || r->sampler)
		return;
	fprintf(stderr,
		"profd: %llu stops in %llu rounds, %.1f us each on average, %llu system "
		"calls made again, %llu made whole; %.1f ms at most between two looks\n",
		(unsigned long long)s->stops, (unsigned long long)s->rounds,
		s->stops ? (double)s->stop_ns / 1e3 / (double)s->stops : 0.0,
		(unsigned long long)s->repaired, (unsigned long long)s->carried,
		(double)s->gap_ns / 1e6);
}

void record_say_stat(const struct recording *r)
{
	const struct launch *l = &r->launch;
	const struct counter_value *v;
	struct text t = {0};
	size_t n;

	if (!r->counters || r->o->quiet)
		return;
	v = counters_values(r->counters, &n);
	stat_add_table(&t, v, n, l->end_ns - l->start_ns, "profd: ");
	fputs(text_get(&t), stderr);
	text_done(&t);
}
