/* summary.md: the run on one page of Markdown, fit for a CI step summary. */
#include <profd/report.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "report-priv.h"
#include <profd/format.h>
#include <profd/mem.h>
#include <profd/text.h>

#define TOP_FUNCTIONS 10

/* Enough to know it again; GitHub refuses step summaries of more than 1 MiB. */
#define COMMAND_SHOWN_BYTES 1000u

void command_text(struct text *t, char *const *argv)
{
	struct text raw = {0};

	for (char *const *a = argv; *a && raw.len <= COMMAND_SHOWN_BYTES; a++)
		text_addf(&raw, "%s%.*s", a == argv ? "" : " ", (int)COMMAND_SHOWN_BYTES,
			  *a);
	/* A script's lines make one. */
	for (size_t i = 0; i < raw.len; i++)
		if (strchr("\n\t", raw.s[i]))
			raw.s[i] = ' ';
	if (raw.len > COMMAND_SHOWN_BYTES) {
		text_add_clean(t, text_get(&raw), COMMAND_SHOWN_BYTES);
		text_add(t, " …");
	} else {
		text_add_clean(t, text_get(&raw), raw.len);
	}
	text_done(&raw);
}

static void add_target(struct text *t, const struct run_target *g)
{
	struct text name = {0};

	if (!g->pid && !g->name) {
		text_add(t, "all processes");
		return;
	}
	text_add_clean(&name, g->name,
		       strlen(g->name) < COMMAND_SHOWN_BYTES ? strlen(g->name)
							     : COMMAND_SHOWN_BYTES);
	if (!g->pid)
		text_addf(t, "control group %s", text_get(&name));
	else if (g->tid)
		text_addf(t, "%s (thread %u of %u)", text_get(&name), g->tid, g->pid);
	else
		text_addf(t, "%s (process %u)", text_get(&name), g->pid);
	text_done(&name);
}

#define TARGETS_SHOWN 8u

void run_title(struct text *t, const struct run *run)
{
	for (size_t i = 0; i < run->ntargets && i < TARGETS_SHOWN; i++) {
		text_add(t, i ? ", " : "");
		add_target(t, &run->targets[i]);
	}
	if (run->ntargets > TARGETS_SHOWN)
		text_addf(t, " and %zu more", run->ntargets - TARGETS_SHOWN);
	if (run->ntargets && run->command[0])
		text_add(t, " during ");
	command_text(t, run->command);
}

static void add_title(struct text *t, const struct run *run)
{
	struct text line = {0};

	run_title(&line, run);
	text_add_code(t, line.len ? text_get(&line) : " ");
	text_done(&line);
}

static void add_outcome(struct text *t, const struct run *run)
{
	const struct rusage *u = &run->usage;

	if (run->ntargets)
		text_add(t, "recorded while it ran, for ");
	else if (run->timed_out)
		text_add(t, "ended by --timeout after ");
	else if (WIFSIGNALED(run->status) && sigabbrev_np(WTERMSIG(run->status)))
		text_addf(t, "killed by SIG%s after ",
			  sigabbrev_np(WTERMSIG(run->status)));
	else if (WIFSIGNALED(run->status)) /* real-time signals have no names */
		text_addf(t, "killed by signal %d after ", WTERMSIG(run->status));
	else
		text_addf(t, "exit status %d after ", WEXITSTATUS(run->status));
	text_add_seconds(t, (double)run->wall_ns / 1e9);
	text_add(t, ", user ");
	text_add_seconds(t,
			 (double)u->ru_utime.tv_sec + (double)u->ru_utime.tv_usec / 1e6);
	text_add(t, ", system ");
	text_add_seconds(t,
			 (double)u->ru_stime.tv_sec + (double)u->ru_stime.tv_usec / 1e6);
	if (run->ntargets)
		return;
	text_add(t, ", peak memory ");
	text_add_bytes(t, (double)u->ru_maxrss * 1024);
}

void run_add_sampled(struct text *t, const struct sampler_info *s)
{
	text_add(t, s->event);
	if (s->hz)
		text_addf(t, " at %u Hz", s->hz);
	else if (!s->hardware)
		text_addf(t, " every %llu ns", (unsigned long long)s->period);
	else if (s->period > 1)
		text_addf(t, ", one of %llu", (unsigned long long)s->period);
	text_add(t, s->kernel		     ? ", user and kernel code"
		    : s->reach == REACH_TREE ? ", kernel time at the code that called"
					     : ", user code only");
}

static void add_sampling(struct text *t, const struct run *run)
{
	const struct sampler_info *s = run->sampler;

	static const char *const whom[REACH_COUNT] = {
		[REACH_ANY] = "",
		[REACH_CGROUP] = "on whole CPUs by control group",
		[REACH_SYSTEM] = "on whole CPUs by process tree",
		[REACH_INHERIT] = "task by task",
		[REACH_TREE] = "by stopping running threads",
	};

	run_add_sampled(t, s);
	text_addf(t, ", %s", whom[s->reach]);
	if (s->reason[0]) {
		text_add(t, " (");
		text_add_markdown(t, s->reason);
		text_addc(t, ')');
	}
}

void run_add_events(struct text *t, const struct run *run)
{
	for (size_t i = 1; i < run->nevents; i++) {
		const struct sampler_event *e = &run->events[i];
		const struct quality_event *q = &run->quality->events[i];
		_cleanup_free_ char *file = run_event_file(run, i);

		text_addf(t, "%s%s (%llu samples, ", i > 1 ? ", " : "", e->name,
			  (unsigned long long)q->samples);
		if (e->count_known)
			text_addf(t, "%llu counted, ", (unsigned long long)e->count);
		if (e->lost)
			text_addf(t, "%llu lost, ", (unsigned long long)e->lost);
		if (!e->kernel)
			text_add(t, "user code only, ");
		text_addf(t, "%s.svg)", file);
	}
}

static void add_events(struct text *t, const struct run *run)
{
	struct text all = {0};

	run_add_events(&all, run);
	text_add_markdown(t, text_get(&all));
	text_done(&all);
}

static void add_row(struct text *t, const char *key,
		    void (*add)(struct text *, const struct run *), const struct run *run)
{
	text_addf(t, "| %s | ", key);
	add(t, run);
	text_add(t, " |\n");
}

static void add_quality(struct text *t, const struct run *run)
{
	const struct quality *q = run->quality;

	text_addf(t,
		  "%llu samples, %llu lost, %.2f %% of the stacks complete, "
		  "%.1f %% of the frames named",
		  (unsigned long long)q->samples, (unsigned long long)q->lost,
		  100 * q->complete, 100 * q->resolved);
	if (q->coverage >= 0)
		text_addf(t, ", %.0f %% of the CPU time%s covered", 100 * q->coverage,
			  q->user_only ? " in user mode" : "");
	if (q->user_only)
		text_addf(t, "; %.2f s in user and %.2f s in system mode",
			  (double)q->user_ns / 1e9, (double)q->system_ns / 1e9);
	if (q->deep_weight)
		text_addf(t,
			  "; the outer part of %.1f %% of the stacks was read from the "
			  "running process",
			  100 * (double)q->deep_weight / (double)q->weight);
}

#define STOLEN_MUCH 0.02

/* Times by the clock are not the program's own then. */
static void add_machine(struct text *t, const struct run *run)
{
	double all = (double)run->wall_ns * run->host->ncpus;
	double stolen = all > 0 ? (double)run->quality->stolen_ns / all : 0;

	text_add_markdown(t, run->host->testbed);
	if (stolen >= STOLEN_MUCH)
		text_addf(t,
			  "; its host took %.0f %% of the CPU time for others meanwhile "
			  "(steal)",
			  100 * stolen);
}

static void add_place(struct text *t, const struct profile *p, const struct top_row *r)
{
	struct text place = {0};

	text_add(&place, profile_text(p, r->filename ? r->filename : r->module));
	if (r->filename && r->start_line)
		text_addf(&place, ":%u", r->start_line);
	if (place.len)
		text_add_code(t, text_get(&place));
	text_done(&place);
}

static void add_top(struct text *t, const struct run *run, const struct top *top)
{
	const struct profile *p = run->profile;

	if (top->rows.n)
		text_add(t,
			 "\n| self | total | function | where |\n|---:|---:|---|---|\n");
	for (uint32_t i = 0; i < top->rows.n && i < TOP_FUNCTIONS; i++) {
		const struct top_row *r = &top->rows.v[i];
		double sum = top->sum > 0 ? (double)top->sum : 1;

		if (!r->self) /* the rows are sorted by it */
			break;
		text_addf(t, "| %.1f %% | %.1f %% | ", 100 * (double)r->self / sum,
			  100 * (double)r->total / sum);
		text_add_code(t, profile_text(p, r->name));
		text_add(t, " | ");
		add_place(t, p, r);
		text_add(t, " |\n");
	}
}

void summary_write(const struct run *run, const struct top *top, struct sink *out)
{
	struct text t = {0};

	text_add(&t, "## profd: ");
	add_title(&t, run);
	text_add(&t, "\n\n");
	for (uint32_t i = 0; i < run->warnings->v.n; i++) {
		text_add(&t, "> **Warning:** ");
		text_add_markdown(&t, run->warnings->v.v[i]);
		text_add(&t, "\n\n");
	}
	text_add(&t, "| | |\n|---|---|\n");
	add_row(&t, "Result", add_outcome, run);
	add_row(&t, "Sampled", add_sampling, run);
	if (run->nevents > 1)
		add_row(&t, "Also sampled", add_events, run);
	add_row(&t, "Quality", add_quality, run);
	add_row(&t, "Machine", add_machine, run);
	add_top(&t, run, top);
	stat_add_markdown(&t, run->stat, run->nstat, run->wall_ns);
	if (run->nsurvivors) {
		text_addf(&t, "\nStill running when the recording ended: ");
		for (size_t i = 0; i < run->nsurvivors && i < 10; i++) {
			text_addf(&t, "%s%u (", i ? ", " : "", run->survivors[i].pid);
			text_add_markdown(&t, run->survivors[i].comm);
			text_addc(&t, ')');
		}
		text_add(&t, run->nsurvivors > 10 ? ", …\n" : "\n");
	}
	text_add(&t, "\nFlame graph: `index.html` or `cpu.svg`. Profile: "
		     "`go tool pprof -http=: cpu.pb.gz`.\n");
	sink_put(out, text_get(&t), t.len);
	text_done(&t);
}
