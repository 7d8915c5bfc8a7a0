/* report.html: verdicts, charts of every metric, budgets, failures, the machine. It has no
 * script, and its style sheet only makes it prettier: Jenkins serves it under "sandbox;
 * default-src 'none'; style-src 'self'", which forbids both. */
#include "outcome-html.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include <profd/figure.h>
#include <profd/mem.h>

#define NAME_MAX_BYTES 500
#define OUTPUT_MAX_BYTES 16384
#define NOTES_MAX 20	/* of a workload's functions */
#define ROWS_MAX 2000u	/* of the table */
#define CHARTS_MAX 300u /* metrics with charts */

/* The policy has the style sheet's hash: tests/oracle/report.bats compares them. */
static const char STYLE[] =
	"body{font:15px/1.45 system-ui,sans-serif;margin:1rem auto;padding:0 1rem;"
	"max-width:90rem}"
	"h1,h2,h3,p,li,td,th{overflow-wrap:anywhere}"
	"h1{font-size:1.35rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}"
	"h3{font-size:1rem;margin:.2rem 0}"
	".scroll{overflow-x:auto}"
	"table{border-collapse:collapse}"
	"th,td{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top;"
	"border-bottom:1px solid #8886}"
	"td:not(.n):not(.v),th:not(.n){min-width:5.5rem;max-width:26rem}"
	"td.n,th.n{text-align:right;white-space:nowrap}"
	"td.v{white-space:nowrap}"
	".fails{border-left:5px solid #c2324a;padding-left:.6rem}"
	".warns{border-left:5px solid #c98a00;padding-left:.6rem}"
	".fine{border-left:5px solid #2e8b57;padding-left:.6rem}"
	".charts{display:grid;gap:1.2rem;"
	"grid-template-columns:repeat(auto-fill,minmax(min(350px,100%),1fr))}"
	"svg{display:block;max-width:100%;height:auto;margin:.3rem 0}"
	"pre{overflow:auto;padding:.6rem;border:1px solid #8886;max-height:30rem}";
#define STYLE_HASH "sha256-D4FK9enQbRYDI2YFokVHzqqoYdqKyFl709N+VYdKQZ0="

struct page {
	const struct outcome *o;
	struct outcome_rows rows;
	struct text t;
};

static void add(struct page *p, const char *s)
{
	text_add(&p->t, s);
}

/* Names are apart from what stands around them, whichever way they are written. */
static void add_name(struct page *p, const char *s)
{
	struct text line = {0};

	view_add_line(&line, s, NAME_MAX_BYTES);
	add(p, "<bdi>");
	text_add_xml(&p->t, text_get(&line), line.len);
	add(p, "</bdi>");
	text_done(&line);
}

static void add_escaped(struct page *p, const struct text *s)
{
	text_add_xml(&p->t, text_get(s), s->len);
}

static void add_block(struct page *p, const char *s)
{
	struct text lines = {0};

	view_add_tail(&lines, s, OUTPUT_MAX_BYTES);
	add(p, "<pre>");
	add_escaped(p, &lines);
	add(p, "</pre>\n");
	text_done(&lines);
}

static const char *effect_class(enum outcome_effect e)
{
	return e == OUTCOME_FAILS ? "fails" : e == OUTCOME_WARNS ? "warns" : "fine";
}

/* --- head --------------------------------------------------------------------------- */

static void add_head(struct page *p)
{
	const struct outcome *o = p->o;
	struct text title = {0};

	text_addf(&title, "%s: %s%s", view_command(o), view_verdict(o->verdict),
		  o->effect == OUTCOME_WARNS ? " (warning)" : "");
	add(p,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	    "base-uri 'none'; form-action 'none'; style-src '" STYLE_HASH "'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	add_escaped(p, &title);
	text_addf(&p->t,
		  "</title>\n<style>%s</style>\n</head>\n<body>\n<h1 class=\"%s\">",
		  STYLE, effect_class(o->effect));
	add_escaped(p, &title);
	add(p, "</h1>\n");
	text_done(&title);
}

static void add_side(struct page *p, const char *what, const struct outcome_side *s)
{
	struct text t = {0};

	view_add_side(&t, s, NAME_MAX_BYTES);
	if (!t.len)
		return;
	text_addf(&p->t, "<li>%s: <bdi>", what);
	add_escaped(p, &t);
	add(p, "</bdi>");
	if (s->subject) {
		add(p, ": ");
		add_name(p, s->subject);
	}
	add(p, "</li>\n");
	text_done(&t);
}

static void add_summary(struct page *p)
{
	const struct outcome *o = p->o;
	struct text t = {0};

	outcome_counts(&t, o);
	add(p, "<p><b>");
	add_escaped(p, &t);
	add(p, ".</b></p>\n<ul>\n");
	add_side(p, "Head", &o->head);
	add_side(p, "Base", &o->base);
	text_clear(&t);
	if (o->plan.spent_s > 0) {
		figure_add_duration(&t, o->plan.spent_s);
		add(p, "<li>Took ");
		add_escaped(p, &t);
		add(p, "</li>\n");
	}
	for (uint32_t i = 0; i < o->nnotes && i < ROWS_MAX; i++) {
		add(p, "<li>");
		add_name(p, o->notes[i]);
		add(p, "</li>\n");
	}
	add(p, "</ul>\n");
	text_done(&t);
}

/* --- the table ---------------------------------------------------------------------- */

static void add_cell(struct page *p, struct text *t)
{
	add(p, "<td class=\"n\" align=\"right\">");
	add_escaped(p, t);
	add(p, "</td>");
	text_clear(t);
}

static void add_verdict(struct page *p, enum verdict v, enum outcome_effect e, bool over)
{
	text_addf(&p->t, "<td class=\"v\">%s%s%s%s%s</td>",
		  e == OUTCOME_FAILS ? "<b>" : "", view_verdict(v),
		  over ? ", over budget" : "", e == OUTCOME_FAILS ? " (fails)</b>" : "",
		  e == OUTCOME_WARNS ? " (warning)" : "");
}

static void add_metric_cells(struct page *p, const struct outcome_metric *m)
{
	const struct outcome_interval *i = &m->decided;
	struct text t = {0};

	add(p, "<td>");
	add_name(p, m->name);
	add(p, "</td>");
	figure_add(&t, m->base, view_width(m, false), m->unit);
	add_cell(p, &t);
	figure_add(&t, m->head, view_width(m, true), m->unit);
	add_cell(p, &t);
	if (m->verdict == VERDICT_INCONCLUSIVE || m->verdict == VERDICT_OPEN)
		text_addc(&t, '?');
	else
		figure_add_change(&t, i->change, m->exact ? 0 : i->high - i->low,
				  m->ratio, m->unit);
	add_cell(p, &t);
	if (m->exact)
		text_add(&t, "exact");
	else if (!isnan(i->low))
		figure_add_interval(&t, i->change, i->low, i->high, m->ratio, m->unit);
	add_cell(p, &t);
	text_addf(&t, "%u", m->pairs ? m->pairs : m->nvalues);
	add_cell(p, &t);
	add_verdict(p, m->verdict, m->effect, m->budget.given && m->budget.exceeded);
	text_done(&t);
}

static void add_table(struct page *p)
{
	static const char *const columns[] = {"workload", "metric",   "base",  "head",
					      "change",	  "interval", "pairs", "verdict"};

	if (!p->rows.v.n)
		return;
	add(p, "<h2>Verdicts</h2>\n<div class=\"scroll\"><table>\n<tr>");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		text_addf(&p->t,
			  i >= 2 && i <= 6 ? "<th class=\"n\" align=\"right\">%s</th>"
					   : "<th align=\"left\">%s</th>",
			  columns[i]);
	add(p, "</tr>\n");
	for (uint32_t i = 0; i < p->rows.v.n && i < ROWS_MAX; i++) {
		const struct outcome_row *r = &p->rows.v.v[i];

		add(p, "<tr><td>");
		add_name(p, r->workload->name);
		add(p, "</td>");
		if (r->metric) {
			add_metric_cells(p, r->metric);
		} else {
			add(p, "<td colspan=\"6\"></td>");
			add_verdict(p, r->workload->verdict, r->workload->effect, false);
		}
		add(p, "</tr>\n");
	}
	add(p, "</table></div>\n");
	if (p->rows.v.n > ROWS_MAX)
		text_addf(&p->t, "<p>%u more rows: see verdict.json.</p>\n",
			  p->rows.v.n - ROWS_MAX);
}

/* --- charts ------------------------------------------------------------------------- */

/* Of a folder beside the page; any other path stays text. */
static bool is_beside(const char *path)
{
	if (!path || !*path || *path == '/' || strstr(path, ".."))
		return false;
	for (const char *c = path; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-/", *c))
			return false;
	return true;
}

/* Those of a workload are X/base and X/head, and what they differ by is between them. */
static void add_diff(struct page *p, const char *base, const char *head)
{
	size_t n = strlen(base);

	if (n < 6 || strcmp(base + n - 5, "/base") != 0 || strlen(head) != n ||
	    strncmp(base, head, n - 4) != 0 || strcmp(head + n - 5, "/head") != 0)
		return;
	text_addf(&p->t, "<a href=\"%.*s/diff.html\">what they differ by</a>\n",
		  (int)(n - 5), base);
}

static void add_profiles(struct page *p, const struct outcome_workload *w)
{
	const char *const paths[] = {w->base_profile, w->head_profile};
	static const char *const sides[] = {"base", "head"};

	if (!is_beside(paths[0]) && !is_beside(paths[1]))
		return;
	add(p, "<p>");
	for (int i = 0; i < 2; i++)
		if (is_beside(paths[i]))
			text_addf(&p->t,
				  "<a href=\"%s/index.html\">profile of %s</a> &nbsp;\n",
				  paths[i], sides[i]);
	if (is_beside(paths[0]) && is_beside(paths[1]))
		add_diff(p, paths[0], paths[1]);
	add(p, "</p>\n");
}

static void add_charts(struct page *p, const struct outcome_row *r)
{
	const struct outcome_metric *m = r->metric;
	struct text t = {0};

	text_addf(&p->t, "<div class=\"%s\">\n<h3>", effect_class(m->effect));
	add_name(p, r->workload->name);
	text_addc(&p->t, ' ');
	add_name(p, m->name);
	text_addf(&p->t, ": %s</h3>\n<p>", view_verdict(m->verdict));
	outcome_sentence(&t, m);
	add_escaped(p, &t);
	if (m->note) {
		add(p, ". ");
		add_name(p, m->note);
	}
	add(p, "</p>\n");
	chart_interval(&p->t, m);
	chart_pairs(&p->t, m);
	chart_values(&p->t, m);
	chart_triplets(&p->t, m);
	text_clear(&t);
	outcome_budget_sentence(&t, p->o, m);
	if (t.len) {
		add(p, "<p>Budget: ");
		add_escaped(p, &t);
		add(p, "</p>\n");
	}
	chart_budget(&p->t, m);
	add_profiles(p, r->workload);
	add(p, "</div>\n");
	text_done(&t);
}

static void add_all_charts(struct page *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->rows.v.n; i++) {
		if (!p->rows.v.v[i].metric)
			continue;
		if (!n++)
			add(p,
			    "<h2>Every pair and every interval</h2>\n"
			    "<p>Base: hollow circles. Its copy: hollow triangles. Head: "
			    "filled squares. Thresholds and limits: dashed lines. The "
			    "bar with the diamond is the change and its interval.</p>\n"
			    "<div class=\"charts\">\n");
		if (n <= CHARTS_MAX)
			add_charts(p, &p->rows.v.v[i]);
	}
	if (n)
		add(p, "</div>\n");
	if (n > CHARTS_MAX)
		text_addf(&p->t, "<p>%u more metrics are not drawn.</p>\n",
			  n - CHARTS_MAX);
}

/* --- the rest ----------------------------------------------------------------------- */

static void add_seconds(struct page *p, double change, double low, double high)
{
	struct text t = {0};

	figure_add_change(&t, change, high - low, false, "s");
	if (isfinite(low) && isfinite(high)) {
		text_addc(&t, ' ');
		figure_add_interval(&t, change, low, high, false, "s");
	}
	add_cell(p, &t);
	text_done(&t);
}

static void add_function(struct page *p, const struct outcome_workload *w,
			 const struct outcome_function *f)
{
	struct text t = {0};

	add(p, "<tr><td>");
	add_name(p, w->name);
	add(p, f->named ? "</td><td><b>" : "</td><td>");
	add_name(p, f->name);
	add(p, f->named ? "</b></td><td><bdi>" : "</td><td><bdi>");
	view_add_line(&t, f->file ? f->file : f->module, NAME_MAX_BYTES);
	if (f->file && f->line)
		text_addf(&t, ":%u", f->line);
	add_escaped(p, &t);
	add(p, "</bdi></td><td><bdi>");
	text_clear(&t);
	view_add_kind(&t, f, NAME_MAX_BYTES);
	add_escaped(p, &t);
	add(p, "</bdi></td>");
	add_seconds(p, f->change_s, f->low_s, f->high_s);
	add_seconds(p, f->total_change_s, f->total_low_s, f->total_high_s);
	add(p, "</tr>\n");
	text_done(&t);
}

static void add_list(struct page *p, const struct outcome_workload *w,
		     const struct outcome_function *v, uint32_t nv, const char *title,
		     uint32_t *n)
{
	for (uint32_t k = 0; k < nv && *n < ROWS_MAX; k++) {
		if (!(*n)++)
			text_addf(&p->t,
				  "<div class=\"scroll\"><table>\n<tr>"
				  "<th align=\"left\">workload</th>"
				  "<th align=\"left\">%s</th>"
				  "<th align=\"left\">file</th>"
				  "<th align=\"left\">what</th>"
				  "<th class=\"n\" align=\"right\">its own part</th>"
				  "<th class=\"n\" align=\"right\">with callees</th>"
				  "</tr>\n",
				  title);
		add_function(p, w, &v[k]);
	}
}

static void add_residual(struct page *p, const struct outcome_workload *w)
{
	const struct outcome_interval *i = &w->residual_s;
	struct text t = {0};

	if (!w->nfunctions || !isfinite(i->low) || !isfinite(i->high) || !(i->level > 0))
		return;
	figure_add_change(&t, i->change, i->high - i->low, false, "s");
	text_addc(&t, ' ');
	figure_add_interval(&t, i->change, i->low, i->high, false, "s");
	add(p, "<p>");
	add_name(p, w->name);
	add(p, ": the named functions leave ");
	add_escaped(p, &t);
	add(p, " of the change.</p>\n");
	text_done(&t);
}

/* A sentence a line. */
static void add_function_notes(struct page *p, const struct outcome_workload *w)
{
	const char *note = w->functions_note;

	add_residual(p, w);
	if (w->touched)
		text_addf(&p->t,
			  "<p>%u of %u functions that the change touches were "
			  "sampled.</p>\n",
			  w->touched_sampled, w->touched);
	for (size_t n, k = 0; note && *note && k < NOTES_MAX;
	     note += n + (note[n] != 0), k++) {
		_cleanup_free_ char *line = NULL;

		n = strcspn(note, "\n");
		line = xstrndup(note, n);
		add(p, "<p>");
		add_name(p, w->name);
		add(p, ": ");
		add_name(p, line);
		add(p, "</p>\n");
	}
}

static void add_evidence_row(struct page *p, const struct outcome_workload *w,
			     const struct outcome_evidence *e)
{
	const struct outcome_interval *i = &e->change;
	struct text t = {0};

	add(p, "<tr><td>");
	add_name(p, w->name);
	add(p, "</td><td>");
	view_add_evidence(&t, e, NAME_MAX_BYTES);
	add_escaped(p, &t);
	add(p, "</td>");
	text_clear(&t);
	figure_add(&t, e->base, i->high - i->low, e->unit);
	add_cell(p, &t);
	figure_add(&t, e->head, i->high - i->low, e->unit);
	add_cell(p, &t);
	figure_add_change(&t, i->change, i->high - i->low, false, e->unit);
	text_addc(&t, ' ');
	figure_add_interval(&t, i->change, i->low, i->high, false, e->unit);
	add_cell(p, &t);
	add(p, "</tr>\n");
	text_done(&t);
}

static void add_evidence(struct page *p)
{
	uint32_t n = 0, waits = 0;

	for (uint32_t i = 0; i < p->o->nworkloads; i++) {
		const struct outcome_workload *w = &p->o->workloads[i];

		for (uint32_t k = 0; k < w->nevidence && n < ROWS_MAX; k++) {
			if (!n++)
				add(p, "<h2>Side by side</h2>\n"
				       "<div class=\"scroll\"><table>\n<tr>"
				       "<th align=\"left\">workload</th>"
				       "<th align=\"left\">under the profiler</th>"
				       "<th class=\"n\" align=\"right\">base</th>"
				       "<th class=\"n\" align=\"right\">head</th>"
				       "<th class=\"n\" align=\"right\">change</th>"
				       "</tr>\n");
			add_evidence_row(p, w, &w->evidence[k]);
		}
	}
	if (n)
		add(p, "</table></div>\n");
	for (uint32_t i = 0; i < p->o->nworkloads; i++)
		waits += p->o->workloads[i].nwaits;
	if (waits)
		add(p, "<p>Where threads wait:</p>\n");
	waits = 0;
	for (uint32_t i = 0; i < p->o->nworkloads; i++)
		add_list(p, &p->o->workloads[i], p->o->workloads[i].waits,
			 p->o->workloads[i].nwaits, "off the CPU", &waits);
	if (waits)
		add(p, "</table></div>\n");
}

static void add_functions(struct page *p)
{
	uint32_t n = 0, head = 0;

	for (uint32_t i = 0; i < p->o->nworkloads; i++)
		head += p->o->workloads[i].nfunctions;
	if (head)
		add(p, "<h2>Which functions</h2>\n");
	for (uint32_t i = 0; i < p->o->nworkloads; i++)
		add_list(p, &p->o->workloads[i], p->o->workloads[i].functions,
			 p->o->workloads[i].nfunctions, "function", &n);
	if (n)
		add(p, "</table></div>\n");
	for (uint32_t i = 0; i < p->o->nworkloads && i < ROWS_MAX; i++)
		add_function_notes(p, &p->o->workloads[i]);
}

static void add_failures(struct page *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->o->nworkloads; i++) {
		const struct outcome_workload *w = &p->o->workloads[i];

		for (uint32_t k = 0; k < w->nfailures && n < ROWS_MAX; k++) {
			const struct outcome_failure *f = &w->failures[k];

			add(p, n++ ? "<p>" : "<h2>Runs that did not end well</h2>\n<p>");
			add_name(p, w->name);
			add(p, ", ");
			add_name(p, f->side);
			add(p, ": ");
			add_name(p, f->what);
			text_addf(&p->t, ", %u run%s</p>\n", f->count,
				  f->count == 1 ? "" : "s");
			if (f->output && *f->output)
				add_block(p, f->output);
		}
	}
}

static void add_limits(struct page *p)
{
	const struct outcome *o = p->o;

	if (o->nlimit_changes)
		add(p, "<h2>Limits that this change moves</h2>\n<ul>\n");
	for (uint32_t i = 0; i < o->nlimit_changes && i < ROWS_MAX; i++) {
		const struct outcome_limit_change *c = &o->limit_changes[i];

		add(p, "<li>");
		add_name(p, c->workload);
		text_addc(&p->t, ' ');
		add_name(p, c->metric);
		text_addc(&p->t, ' ');
		add_name(p, c->key);
		add(p, ": from ");
		add_name(p, c->from ? c->from : "nothing");
		add(p, " to ");
		add_name(p, c->to ? c->to : "nothing");
		add(p, "</li>\n");
	}
	if (o->nlimit_changes)
		add(p, "</ul>\n");
}

static void add_fact(struct page *p, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	text_addf(&p->t, "<li>%s: ", key);
	add_name(p, value);
	add(p, "</li>\n");
}

static void add_machine(struct page *p)
{
	const struct outcome_environment *e = &p->o->environment;
	struct text t = {0};

	add(p, "<h2>Environment</h2>\n<ul>\n");
	add_fact(p, "Testbed", e->testbed);
	add_fact(p, "CPU", e->cpu);
	add_fact(p, "Kernel", e->kernel);
	add_fact(p, "Image", e->image);
	add_fact(p, "Governor", e->governor);
	if (!isnan(e->steal))
		figure_add_size(&t, e->steal, true, "");
	add_fact(p, "CPU time taken by the host", text_get(&t));
	text_clear(&t);
	if (!isnan(e->busy_others))
		figure_add_size(&t, e->busy_others, true, "");
	add_fact(p, "CPU time of other programs", text_get(&t));
	text_clear(&t);
	if (e->load_threads)
		text_addf(&t, "%u busy threads, nice %u", e->load_threads, e->load_nice);
	add_fact(p, "Load that was asked for", text_get(&t));
	for (uint32_t i = 0; i < p->o->nisolation && i < ROWS_MAX; i++) {
		const struct outcome_isolation *x = &p->o->isolation[i];

		add(p, x->applied ? "<li>Isolation: " : "<li>Isolation, not available: ");
		add_name(p, x->name);
		add(p, x->detail ? ": " : "");
		add_name(p, x->detail);
		add(p, "</li>\n");
	}
	add(p, "</ul>\n");
	if (p->o->reproduce) {
		add(p, "<h2>To do it again</h2>\n");
		add_block(p, p->o->reproduce);
	}
	add(p, "<p>profd ");
	add_name(p, p->o->version);
	if (p->o->id) {
		add(p, ", run ");
		add_name(p, p->o->id);
	}
	add(p, "</p>\n");
	text_done(&t);
}

void outcome_html_write(const struct outcome *o, struct sink *out)
{
	struct page p = {.o = o};

	outcome_rows_make(&p.rows, o);
	add_head(&p);
	add_summary(&p);
	add_table(&p);
	add_limits(&p);
	add_functions(&p);
	add_evidence(&p);
	add_failures(&p);
	add_all_charts(&p);
	add_machine(&p);
	add(&p, "</body>\n</html>\n");
	sink_put(out, text_get(&p.t), p.t.len);
	text_done(&p.t);
	outcome_rows_done(&p.rows);
}
