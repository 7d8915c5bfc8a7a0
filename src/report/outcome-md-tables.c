/* The tables of summary.md and comment.md: verdicts, budgets, functions, the slowest
 * workloads, limits that changed. */
#include "outcome-md.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "markdown.h"
#include <profd/figure.h>

#define NOTES_MAX 20 /* of a workload's functions */

static void begin_cell(struct md *m)
{
	text_add(&m->t, m->t.s[m->t.len - 1] == '\n' ? "| " : " | ");
}

static void add_cell(struct md *m, const char *s)
{
	begin_cell(m);
	md_add_text(&m->t, s, m->name_max);
}

static void add_code_cell(struct md *m, const char *s)
{
	begin_cell(m);
	md_add_code(&m->t, s, m->name_max, true);
}

static void add_value(struct md *m, double value, double width, const char *unit)
{
	struct text t = {0};

	figure_add(&t, value, width, unit);
	add_cell(m, text_get(&t));
	text_done(&t);
}

/* What did not fit is told, and where it is. */
static void add_rest(struct md *m, uint32_t n, const char *what)
{
	if (n > m->rows_max)
		text_addf(&m->t, "\n%u more %s: %s\n", n - m->rows_max, what,
			  m->comment ? "see summary.md" : "see verdict.json");
}

/* --- verdicts ----------------------------------------------------------------------- */

static void add_verdict(struct md *m, enum verdict v, enum outcome_effect effect,
			bool over_budget)
{
	const char *mark = effect == OUTCOME_FAILS ? "**" : "";

	text_addf(&m->t, " | %s%s%s%s%s", mark, view_verdict(v),
		  over_budget ? ", over budget" : "", mark,
		  effect == OUTCOME_WARNS ? " (warning)" : "");
}

static void add_interval(struct md *m, const struct outcome_metric *x)
{
	const struct outcome_interval *i = &x->decided;
	struct text t = {0};

	if (!isnan(i->change) && !x->exact) {
		figure_add_interval(&t, i->change, i->low, i->high, x->ratio, x->unit);
		if (isfinite(i->level) && fabs(i->level - .95) > 1e-9)
			text_addf(&t, " (%.3g %%)", 100 * i->level);
	}
	add_cell(m, t.len ? text_get(&t) : x->exact ? "exact" : "-");
	text_done(&t);
}

static void add_size(struct md *m, const struct outcome_metric *x, double size)
{
	struct text t = {0};

	figure_add_size(&t, size, x->ratio, x->unit);
	add_cell(m, text_get(&t));
	text_done(&t);
}

static void add_metric(struct md *m, const struct outcome_metric *x)
{
	const struct outcome_interval *i = &x->decided;
	struct text t = {0};

	add_cell(m, x->name);
	add_value(m, x->base, view_width(x, false), x->unit);
	add_value(m, x->head, view_width(x, true), x->unit);
	/* Of what is not decided the interval alone says what is known. */
	if (x->verdict == VERDICT_INCONCLUSIVE || x->verdict == VERDICT_OPEN)
		text_add(&t, "?");
	else
		figure_add_change(&t, i->change, x->exact ? 0 : i->high - i->low,
				  x->ratio, x->unit);
	add_cell(m, text_get(&t));
	text_done(&t);
	add_interval(m, x);
	if (!m->comment) {
		add_size(m, x, isnan(x->threshold) ? x->threshold_units : x->threshold);
		text_addf(&m->t, " | %u", x->pairs ? x->pairs : x->nvalues);
		add_size(m, x, x->detectable > 0 ? x->detectable : NAN);
	}
	add_verdict(m, x->verdict, x->effect, x->budget.given && x->budget.exceeded);
}

static void add_row(struct md *m, const struct outcome_row *r)
{
	add_code_cell(m, r->workload->name);
	if (r->metric) {
		add_metric(m, r->metric);
	} else {
		text_add(&m->t, m->comment ? " | - | - | - | - | -"
					   : " | - | - | - | - | - | - | - | -");
		add_verdict(m, r->workload->verdict, r->workload->effect, false);
	}
	text_add(&m->t, " |\n");
}

void md_verdicts(struct md *m)
{
	uint32_t n = m->rows.v.n;

	if (!n)
		return;
	text_add(&m->t, m->comment ? "\n| workload | metric | base | head | change "
				     "| interval | verdict |\n"
				     "|---|---|--:|--:|--:|---|---|\n"
				   : "\n| workload | metric | base | head | change "
				     "| interval | threshold | pairs | could see "
				     "| verdict |\n"
				     "|---|---|--:|--:|--:|---|--:|--:|--:|---|\n");
	for (uint32_t i = 0; i < n && i < m->rows_max; i++)
		add_row(m, &m->rows.v.v[i]);
	add_rest(m, n, "rows");
}

/* --- budgets ------------------------------------------------------------------------ */

static uint32_t count_budgets(const struct md *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->rows.v.n; i++)
		n += m->rows.v.v[i].metric && m->rows.v.v[i].metric->budget.given;
	return n;
}

static void add_budget(struct md *m, const struct outcome_row *r)
{
	const struct outcome_metric *x = r->metric;
	const struct outcome_budget *b = &x->budget;
	struct text t = {0};

	add_code_cell(m, r->workload->name);
	add_cell(m, x->name);
	add_value(m, b->actual, x->exact ? 0 : NAN, x->unit);
	text_add(&t, b->at_least ? ">= " : "<= ");
	figure_add(&t, b->limit, 0, x->unit);
	add_cell(m, text_get(&t));
	text_clear(&t);
	figure_add(&t, b->base_limit, 0, x->unit);
	if (isfinite(b->multiplier) && b->multiplier != 1)
		text_addf(&t, b->at_least ? " / %g" : " x %g", b->multiplier);
	add_cell(m, text_get(&t));
	text_clear(&t);
	if (b->exceeded && b->limit > 0)
		figure_add(&t, 100 * fabs(b->actual / b->limit - 1), 1, "%");
	add_cell(m, t.len ? text_get(&t) : "-");
	text_done(&t);
	text_addf(&m->t, " | %s |\n",
		  !b->exceeded		       ? "kept"
		  : x->effect == OUTCOME_FAILS ? "**exceeded**"
					       : "exceeded (warning)");
}

void md_budgets(struct md *m)
{
	uint32_t n = count_budgets(m), shown = 0;

	if (!n)
		return;
	text_add(&m->t, "\n| workload | metric | actual | limit | as written "
			"| off by | budget |\n|---|---|--:|--:|--:|--:|---|\n");
	/* Those that were exceeded come first. */
	for (int exceeded = 1; exceeded >= 0; exceeded--) {
		for (uint32_t i = 0; i < m->rows.v.n && shown < m->rows_max; i++) {
			const struct outcome_row *r = &m->rows.v.v[i];

			if (!r->metric || !r->metric->budget.given ||
			    r->metric->budget.exceeded != exceeded)
				continue;
			add_budget(m, r);
			shown++;
		}
	}
	add_rest(m, n, "budgets");
}

/* --- functions ---------------------------------------------------------------------- */

static void add_seconds(struct md *m, double change, double low, double high)
{
	struct text t = {0};

	figure_add_change(&t, change, high - low, false, "s");
	if (isfinite(low) && isfinite(high)) {
		text_addc(&t, ' ');
		figure_add_interval(&t, change, low, high, false, "s");
	}
	add_cell(m, text_get(&t));
	text_done(&t);
}

/* Those that did it are in bold type. */
static void add_function(struct md *m, const struct outcome_workload *w,
			 const struct outcome_function *f)
{
	struct text t = {0};

	add_code_cell(m, w->name);
	begin_cell(m);
	text_add(&m->t, f->named ? "**" : "");
	md_add_code(&m->t, f->name, m->name_max, true);
	text_add(&m->t, f->named ? "**" : "");
	view_add_line(&t, f->file ? f->file : f->module, m->name_max);
	if (f->file && f->line)
		text_addf(&t, ":%u", f->line);
	add_code_cell(m, text_get(&t));
	text_clear(&t);
	view_add_kind(&t, f, m->name_max);
	add_cell(m, text_get(&t));
	text_done(&t);
	add_seconds(m, f->change_s, f->low_s, f->high_s);
	add_seconds(m, f->total_change_s, f->total_low_s, f->total_high_s);
	text_add(&m->t, " |\n");
}

/* What is not theirs, and what the judge has to say of them, a sentence a line. */
static void add_function_notes(struct md *m, const struct outcome_workload *w)
{
	const struct outcome_interval *i = &w->residual_s;
	const char *note = w->functions_note;

	if (w->nfunctions && isfinite(i->low) && isfinite(i->high) && i->level > 0) {
		struct text t = {0};

		figure_add_change(&t, i->change, i->high - i->low, false, "s");
		text_addc(&t, ' ');
		figure_add_interval(&t, i->change, i->low, i->high, false, "s");
		text_add(&m->t, "\n");
		md_add_code(&m->t, w->name, m->name_max, false);
		text_add(&m->t, ": the named functions leave ");
		md_add_text(&m->t, text_get(&t), m->name_max);
		text_add(&m->t, " of the change.\n");
		text_done(&t);
	}
	if (w->touched) {
		text_add(&m->t, "\n");
		md_add_code(&m->t, w->name, m->name_max, false);
		text_addf(&m->t,
			  ": %u of %u functions that the change touches were sampled.\n",
			  w->touched_sampled, w->touched);
	}
	for (size_t n, k = 0; note && *note && k < NOTES_MAX;
	     note += n + (note[n] != 0), k++) {
		_cleanup_free_ char *line = NULL;

		n = strcspn(note, "\n");
		line = xstrndup(note, n);
		text_add(&m->t, "\n");
		md_add_text(&m->t, line, 4 * m->name_max);
		text_add(&m->t, "\n");
	}
}

void md_functions(struct md *m)
{
	const struct outcome *o = m->o;
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nfunctions; k++) {
			if (!n++)
				text_add(
					&m->t,
					"\n| workload | function | file | what | its own "
					"part | with callees "
					"|\n|---|---|---|---|---|---|\n");
			if (n <= m->rows_max)
				add_function(m, w, &w->functions[k]);
		}
	}
	add_rest(m, n, "functions");
	for (uint32_t i = 0; i < o->nworkloads && i < m->rows_max; i++)
		add_function_notes(m, &o->workloads[i]);
}

/* --- side by side ------------------------------------------------------------------- */

static void add_evidence(struct md *m, const struct outcome_workload *w,
			 const struct outcome_evidence *e)
{
	const struct outcome_interval *i = &e->change;
	struct text t = {0};

	add_code_cell(m, w->name);
	view_add_evidence(&t, e, m->name_max);
	add_cell(m, text_get(&t));
	text_clear(&t);
	add_value(m, e->base, i->high - i->low, e->unit);
	add_value(m, e->head, i->high - i->low, e->unit);
	figure_add_change(&t, i->change, i->high - i->low, false, e->unit);
	text_addc(&t, ' ');
	figure_add_interval(&t, i->change, i->low, i->high, false, e->unit);
	add_cell(m, text_get(&t));
	text_add(&m->t, " |\n");
	text_done(&t);
}

static void add_waits(struct md *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->o->nworkloads; i++) {
		const struct outcome_workload *w = &m->o->workloads[i];

		for (uint32_t k = 0; k < w->nwaits; k++) {
			if (!n++)
				text_add(&m->t,
					 "\n| workload | off the CPU | file | what | its "
					 "own part | with callees |\n"
					 "|---|---|---|---|---|---|\n");
			if (n <= m->rows_max)
				add_function(m, w, &w->waits[k]);
		}
	}
	add_rest(m, n, "waits");
}

void md_evidence(struct md *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->o->nworkloads; i++) {
		const struct outcome_workload *w = &m->o->workloads[i];

		for (uint32_t k = 0; k < w->nevidence; k++) {
			if (!n++)
				text_add(
					&m->t,
					"\n| workload | under the profiler | base | head "
					"| change |\n|---|---|--:|--:|---|\n");
			if (n <= m->rows_max)
				add_evidence(m, w, &w->evidence[k]);
		}
	}
	add_rest(m, n, "figures");
	add_waits(m);
}

/* --- the slowest -------------------------------------------------------------------- */

#define SLOWEST 10

static int slower(const void *a, const void *b)
{
	const struct outcome_workload *x = *(const struct outcome_workload *const *)a,
				      *y = *(const struct outcome_workload *const *)b;
	double sx = isfinite(x->seconds) ? x->seconds : 0;
	double sy = isfinite(y->seconds) ? y->seconds : 0;

	if (sx != sy)
		return sx > sy ? -1 : 1;
	return x < y ? -1 : x > y;
}

void md_slowest(struct md *m)
{
	uint32_t n = m->o->nworkloads;
	const struct outcome_workload **v;

	if (!n)
		return;
	v = xcalloc(n, sizeof(*v));
	for (uint32_t i = 0; i < n; i++)
		v[i] = &m->o->workloads[i];
	qsort(v, n, sizeof(*v), slower);
	text_add(&m->t, "\n| workload | time | runs | pairs |\n|---|--:|--:|--:|\n");
	for (uint32_t i = 0; i < n && i < SLOWEST; i++) {
		struct text t = {0};

		add_code_cell(m, v[i]->name);
		figure_add_duration(&t, v[i]->seconds);
		add_cell(m, text_get(&t));
		text_addf(&m->t, " | %u | %u |\n", v[i]->runs, v[i]->pairs);
		text_done(&t);
	}
	free(v);
}

/* --- limits that changed ------------------------------------------------------------ */

void md_limit_changes(struct md *m)
{
	const struct outcome *o = m->o;

	if (!o->nlimit_changes)
		return;
	text_add(&m->t,
		 "\n| workload | metric | key | base | head |\n|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < o->nlimit_changes && i < m->rows_max; i++) {
		const struct outcome_limit_change *c = &o->limit_changes[i];

		add_code_cell(m, c->workload);
		add_code_cell(m, c->metric);
		add_code_cell(m, c->key);
		add_code_cell(m, c->from);
		add_code_cell(m, c->to);
		text_add(&m->t, " |\n");
	}
	add_rest(m, o->nlimit_changes, "limits");
}
