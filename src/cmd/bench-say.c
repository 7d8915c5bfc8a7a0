/* profd bench: progress on a terminal, and the table of what was measured. */
#include "bench-priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/figure.h>
#include <profd/mem.h>
#include <profd/vec.h>

/* --- progress ----------------------------------------------------------------------- */

void bench_line_init(struct bench_line *l, bool quiet)
{
	const char *ci = getenv("CI");

	l->on = !quiet && !(ci && *ci) && isatty(STDERR_FILENO);
}

void bench_line_clear(const struct bench_line *l)
{
	if (l->on)
		fputs("\r\033[K", stderr);
}

void bench_line_show(const struct bench_line *l, const struct repeat_progress *p)
{
	static const char *const phases[] = {[REPEAT_WARMUP] = "warm-up",
					     [REPEAT_EXACT] = "exact run",
					     [REPEAT_RUN] = "run",
					     [REPEAT_PROFILE] = "profiled run"};
	struct text t = {0};

	if (!l->on)
		return;
	text_addf(&t, "%s (%u of %u): %s %u of %u", p->workload->name, l->workload + 1,
		  l->workloads, phases[p->phase], p->run + 1, p->runs);
	if (isfinite(p->seconds_left)) {
		text_add(&t, ", ");
		figure_add_duration(&t, p->seconds_left);
		text_add(&t, " left");
	}
	bench_line_clear(l);
	fputs(text_get(&t), stderr);
	fflush(stderr);
	text_done(&t);
}

/* --- the table ---------------------------------------------------------------------- */

enum { COLUMNS = 6 };

struct row {
	struct text cells[COLUMNS];
};

struct table {
	VEC(struct row) rows;
};

/* UTF-8 as a terminal shows it: one column for each character. */
static size_t width_of(const struct text *t)
{
	size_t n = 0;

	for (const char *s = text_get(t); *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void cell_add(struct text *t, const struct text *cell, size_t width, bool left)
{
	size_t n = width_of(cell);

	if (left)
		text_add(t, text_get(cell));
	for (; n < width; n++)
		text_addc(t, ' ');
	if (!left)
		text_add(t, text_get(cell));
}

static void table_add(const struct table *table, struct text *t)
{
	size_t widths[COLUMNS] = {0};

	for (uint32_t i = 0; i < table->rows.n; i++) {
		for (unsigned c = 0; c < COLUMNS; c++) {
			size_t n = width_of(&table->rows.v[i].cells[c]);

			widths[c] = n > widths[c] ? n : widths[c];
		}
	}
	for (uint32_t i = 0; i < table->rows.n; i++) {
		const struct row *r = &table->rows.v[i];

		for (unsigned c = 0; c < COLUMNS; c++) {
			text_add(t, c == 0 || !widths[c] ? "" : "  ");
			cell_add(t, &r->cells[c], widths[c], !c || c == COLUMNS - 1);
		}
		while (t->len && t->s[t->len - 1] == ' ')
			t->s[--t->len] = '\0';
		text_addc(t, '\n');
	}
}

static void table_done(struct table *table)
{
	for (uint32_t i = 0; i < table->rows.n; i++) {
		for (unsigned c = 0; c < COLUMNS; c++)
			text_done(&table->rows.v[i].cells[c]);
	}
	vec_done(&table->rows);
}

static void head_row(struct table *table)
{
	static const char *const heads[COLUMNS] = {"",	  "median", "spread",
						   "min", "max",    ""};
	struct row *r = vec_add(&table->rows);

	for (unsigned c = 0; c < COLUMNS; c++)
		text_add(&r->cells[c], heads[c]);
}

/* How well the median is known: its interval is about 1.57 quartile distances over
 * sqrt(n) to either side (McGill, Tukey and Larsen, 1978). */
static double width_of_median(const struct outcome_metric *m)
{
	double iqr = 1.349 * m->spread * (m->ratio ? m->head : 1);

	if (m->exact)
		return 0;
	return m->nvalues > 2 && iqr > 0 ? 3.14 * iqr / sqrt(m->nvalues) : (double)NAN;
}

static void add_budget(struct text *t, const struct outcome_metric *m, double width)
{
	const struct outcome_budget *b = &m->budget;

	if (!b->given)
		return;
	if (isnan(b->actual)) {
		text_addf(t, "budget %s: not judged", b->text);
		return;
	}
	text_addf(t, "%s ", b->exceeded ? "OVER BUDGET:" : "within");
	if (strcmp(m->stat, "median") != 0)
		text_addf(t, "%s ", m->stat);
	figure_add(t, b->actual, width, m->unit);
	if (b->exceeded)
		text_add(t, b->at_least ? " < " : " > ");
	else
		text_add(t, b->at_least ? " >= " : " <= ");
	figure_add(t, b->limit, 0, m->unit);
	if (b->multiplier != 1) /* set, never computed */
		text_addf(t, " (%s x %g)", b->text, b->multiplier);
	if (b->exceeded && b->limit > 0)
		text_addf(t, ", by %.1f %%", 100 * fabs(b->actual / b->limit - 1));
}

static void metric_row(struct table *table, const struct outcome_metric *m)
{
	struct row *r = vec_add(&table->rows);
	double width = width_of_median(m), low = (double)INFINITY,
	       high = (double)-INFINITY;

	text_addf(&r->cells[0], "  %s", m->name);
	if (!m->nvalues) {
		text_add(&r->cells[1], "-");
		text_add(&r->cells[COLUMNS - 1], m->note ? m->note : "");
		return;
	}
	for (uint32_t i = 0; i < m->nvalues; i++) {
		low = fmin(low, m->values[i].head);
		high = fmax(high, m->values[i].head);
	}
	figure_add(&r->cells[1], m->head, width, m->unit);
	if (m->exact)
		text_add(&r->cells[2], "exact");
	else if (isnan(m->spread))
		text_add(&r->cells[2], "-");
	else if (m->ratio)
		text_addf(&r->cells[2], "±%.*f %%", m->spread < .095 ? 1 : 0,
			  100 * m->spread);
	else
		figure_add(&r->cells[2], m->spread, (double)NAN, m->unit);
	figure_add(&r->cells[3], low, width, m->unit);
	figure_add(&r->cells[4], high, width, m->unit);
	add_budget(&r->cells[5], m, width);
	if (m->note)
		text_addf(&r->cells[5], "%s%s", r->cells[5].len ? "; " : "", m->note);
}

/* Indented, as it may be many lines of anything. */
static void add_output(struct text *t, const char *output)
{
	for (const char *s = output; s && *s;) {
		size_t n = strcspn(s, "\n");

		text_add(t, "  | ");
		cmd_add_output(t, s, n);
		text_addc(t, '\n');
		s += n + (s[n] == '\n');
	}
}

static void describe_workload(const struct outcome_workload *w, struct text *t)
{
	struct table table = {0};

	text_addf(t, "%s: %u run%s", w->name, w->runs, w->runs == 1 ? "" : "s");
	if (w->warmup)
		text_addf(t, " after %u to warm up", w->warmup);
	text_add(t, ", ");
	figure_add_duration(t, w->seconds);
	text_addc(t, '\n');
	for (uint32_t i = 0; i < w->nfailures; i++) {
		text_addf(t, "  %s: %s\n",
			  w->verdict == VERDICT_TIMEOUT ? "TIMED OUT" : "FAILED",
			  w->failures[i].what);
		add_output(t, w->failures[i].output);
	}
	if (!w->runs && w->nfailures)
		return;
	head_row(&table);
	for (uint32_t i = 0; i < w->nmetrics; i++)
		metric_row(&table, &w->metrics[i]);
	table_add(&table, t);
	table_done(&table);
}

static void describe_machine(const struct outcome *o, struct text *t)
{
	const struct outcome_environment *e = &o->environment;

	text_addf(t, "%s, %u CPU%s, testbed %s", e->cpu ? e->cpu : "unknown CPU", e->cpus,
		  e->cpus == 1 ? "" : "s", e->testbed);
	if (isfinite(e->busy_others))
		text_addf(t, "; others took %.0f %% of the CPUs", 100 * e->busy_others);
	if (isfinite(e->steal) && e->steal > .0005)
		text_addf(t, ", the host %.1f %%", 100 * e->steal);
	text_addc(t, '\n');
	for (uint32_t i = 0; i < o->nisolation; i++) {
		if (!o->isolation[i].applied)
			text_addf(t, "%s: unavailable: %s\n", o->isolation[i].name,
				  o->isolation[i].detail);
	}
}

void bench_describe(const struct outcome *o, struct text *t)
{
	for (uint32_t i = 0; i < o->nworkloads; i++)
		describe_workload(&o->workloads[i], t);
	for (uint32_t i = 0; i < o->nnotes; i++)
		text_addf(t, "%s\n", o->notes[i]);
	describe_machine(o, t);
}
