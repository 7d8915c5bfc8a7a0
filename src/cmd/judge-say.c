/* What people read on the terminal: sides, plan, progress, the table. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/clock.h>
#include <profd/figure.h>
#include <profd/outcome-io.h>
#include <profd/text.h>

#define PROGRESS_NS 200000000
#define FUNCTIONS_SHOWN 3
#define OUTPUT_LINES 12 /* of a run that failed */

void judge_say_init(struct judge_say *s, const struct config *c, bool quiet)
{
	const char *ci = getenv("CI");

	*s = (struct judge_say){.config = c, .quiet = quiet};
	s->progress = !quiet && isatty(STDERR_FILENO) && (!ci || !*ci);
}

/* Clean, and on one line. */
static void add_clean(struct text *t, const char *s)
{
	text_add_clean(t, s, strcspn(s, "\n"));
}

static void add_side(struct text *t, const struct outcome_side *s)
{
	add_clean(t, s->label ? s->label : "nothing");
	if (s->commit)
		text_addf(t, " (%.8s%s)", s->commit, s->dirty ? " with changes" : "");
}

void judge_say_sides(const struct outcome *o)
{
	struct text t = {0};

	add_side(&t, &o->head);
	text_add(&t, " against ");
	add_side(&t, &o->base);
	fprintf(stderr, "profd: %s: %s\n", o->command, text_get(&t));
	text_done(&t);
}

void judge_say_plan(void *arg, const struct gate_plan *p)
{
	struct judge_say *s = arg;
	struct text t = {0};
	uint32_t most = 0;

	judge_say_end(s);
	if (s->quiet)
		return;
	for (uint32_t i = 0; i < p->n; i++)
		most = p->workloads[i].pairs > most ? p->workloads[i].pairs : most;
	text_addf(&t, "%u workload%s, %u metric%s that may fail, ", p->n,
		  p->n == 1 ? "" : "s", p->family, p->family == 1 ? "" : "s");
	if (most > p->pairs_first)
		text_addf(&t, "%u to %u pairs each, ", p->pairs_first, most);
	else
		text_addf(&t, "%u pairs each, ", most);
	text_add(&t, "at most ");
	figure_add_duration(&t, p->planned_s);
	if (p->time_budget_s > 0) {
		text_add(&t, " of ");
		figure_add_duration(&t, p->time_budget_s);
	}
	fprintf(stderr, "profd: plan: %s\n", text_get(&t));
	text_done(&t);
}

void judge_say_progress(void *arg, const struct gate_progress *p)
{
	struct judge_say *s = arg;
	struct text t = {0};
	uint64_t now;

	if (!s->progress)
		return;
	now = clock_now_ns();
	if (now - s->last_ns < PROGRESS_NS)
		return;
	s->last_ns = now;
	text_addf(&t, "run %u", p->runs + 1);
	if (p->runs_planned > p->runs)
		text_addf(&t, " of at most %u", p->runs_planned);
	text_addf(&t, ", %s", p->workload);
	if (p->seconds_left > 0) {
		text_add(&t, ", at most ");
		figure_add_duration(&t, p->seconds_left);
		text_add(&t, " left");
	}
	fprintf(stderr, "\r\033[Kprofd: %s", text_get(&t));
	fflush(stderr);
	s->line = true;
	text_done(&t);
}

void judge_say_end(struct judge_say *s)
{
	if (s->line)
		fputs("\r\033[K", stderr);
	s->line = false;
}

/* --- the table ----------------------------------------------------------------------- */

static void say_failure(const struct outcome_workload *w, const struct outcome_failure *f)
{
	struct text t = {0};
	const char *at = f->output ? f->output : "", *line = at + strlen(at);

	add_clean(&t, f->what ? f->what : "");
	printf("  %s, %s: %s\n", w->name, f->side, text_get(&t));
	text_done(&t);
	while (line > at && line[-1] == '\n')
		line--;
	for (unsigned n = 0; line > at && n < OUTPUT_LINES; n++) {
		line--;
		while (line > at && line[-1] != '\n')
			line--;
	}
	while (*line) {
		size_t n = strcspn(line, "\n");

		cmd_add_output(&t, line, n);
		printf("    | %s\n", text_get(&t));
		text_done(&t);
		line += n + (line[n] == '\n');
	}
}

static void say_metric(const struct outcome *o, const struct outcome_workload *w,
		       const struct outcome_metric *m)
{
	static const char *const marks[] = {
		[OUTCOME_FINE] = " ", [OUTCOME_WARNS] = "!", [OUTCOME_FAILS] = "x"};
	struct text t = {0}, budget = {0}, drift = {0};

	outcome_sentence(&t, m);
	printf("%s %-20s %-14s %s\n", marks[m->effect], w->name, verdict_name(m->verdict),
	       text_get(&t));
	if (m->pairs && !m->exact)
		outcome_drift_sentence(&drift, m);
	if (drift.len)
		printf("  %-20s %-14s %s\n", "", "drift", drift.s);
	if (m->budget.given)
		outcome_budget_sentence(&budget, o, m);
	if (budget.len)
		printf("%s %-20s %-14s %s\n", m->budget.exceeded ? marks[m->effect] : " ",
		       "", m->budget.exceeded ? "over budget" : "in budget", budget.s);
	text_done(&t);
	text_done(&budget);
	text_done(&drift);
}

/* The first ones: those that the change is most certain of. */
static void say_list(const struct outcome_function *v, uint32_t n, const char *what)
{
	struct text t = {0};

	for (uint32_t i = 0; i < n && i < FUNCTIONS_SHOWN; i++) {
		const struct outcome_function *f = &v[i];
		double width = f->high_s - f->low_s;

		text_clear(&t);
		add_clean(&t, f->name ? f->name : "");
		text_addc(&t, ' ');
		figure_add_change(&t, f->change_s, width, false, "s");
		text_addc(&t, ' ');
		figure_add_interval(&t, f->change_s, f->low_s, f->high_s, false, "s");
		if (!f->named && f->kind) {
			text_addf(&t, " (%s", f->kind);
			if (f->was) {
				text_add(&t, ", was ");
				add_clean(&t, f->was);
			}
			if (f->with) {
				text_add(&t, ", with ");
				add_clean(&t, f->with);
			}
			text_addc(&t, ')');
		}
		printf("  %-20s %-14s %s\n", "", what, text_get(&t));
	}
	text_done(&t);
}

static void say_functions(const struct outcome_workload *w)
{
	say_list(w->functions, w->nfunctions, "by function");
	say_list(w->waits, w->nwaits, "off the CPU");
	if (w->touched)
		printf("  %-20s %-14s %u of %u functions that the change touches were "
		       "sampled\n",
		       "", "coverage", w->touched_sampled, w->touched);
}

static bool is_worth_a_line(const struct judge_options *o, const struct outcome_metric *m)
{
	if (o->quiet)
		return m->effect != OUTCOME_FINE;
	return m->gating || m->budget.given || m->effect != OUTCOME_FINE ||
	       (m->verdict != VERDICT_MEASURED && m->verdict != VERDICT_OPEN);
}

static void say_table(const struct judge_options *o, const struct outcome *out)
{
	for (uint32_t i = 0; i < out->nworkloads; i++) {
		const struct outcome_workload *w = &out->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			if (is_worth_a_line(o, &w->metrics[k]))
				say_metric(out, w, &w->metrics[k]);
		}
		say_functions(w);
		for (uint32_t k = 0; k < w->nfailures; k++)
			say_failure(w, &w->failures[k]);
	}
	for (uint32_t i = 0; i < out->nlimit_changes; i++) {
		const struct outcome_limit_change *x = &out->limit_changes[i];

		printf("  this change moves a limit: %s%s%s%s%s: %s -> %s\n",
		       x->workload ? x->workload : "", x->workload ? " " : "",
		       x->metric ? x->metric : "", x->metric ? " " : "", x->key,
		       x->from ? x->from : "none", x->to ? x->to : "none");
	}
	for (uint32_t i = 0; i < out->nnotes; i++) {
		struct text t = {0};

		add_clean(&t, out->notes[i]);
		printf("  note: %s\n", text_get(&t));
		text_done(&t);
	}
}

static void say_json(const struct outcome *out)
{
	struct sink_text sink;
	struct text t = {0};

	sink_text_init(&sink, &t);
	outcome_json_write(out, &sink.sink);
	fputs(text_get(&t), stdout);
	text_done(&t);
}

void judge_say_outcome(const struct judge_options *o, const struct outcome *out,
		       const char *folder)
{
	struct text t = {0};

	if (o->json)
		say_json(out);
	else
		say_table(o, out);
	fflush(stdout);
	if (o->quiet && out->effect == OUTCOME_FINE)
		return;
	if (o->collect)
		text_add(&t, "collected, not judged");
	else
		outcome_counts(&t, out);
	if (out->plan.spent_s > 0) {
		text_add(&t, "; ");
		figure_add_duration(&t, out->plan.spent_s);
	}
	fprintf(stderr, "profd: %s: %s%s%s\n", out->command, text_get(&t),
		folder ? "; results in " : "", folder ? folder : "");
	text_done(&t);
}
