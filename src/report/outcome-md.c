/* summary.md, for a step of a CI system, and comment.md, for a pull request: the same
 * sections, of which the comment has fewer rows and folds most.
 *
 * GitHub takes no comment above 65,536 characters and no summary above 1 MiB. What does not
 * fit is made anew with fewer rows, and says how many are missing. */
#include "outcome-md.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "markdown.h"
#include <profd/figure.h>

#define COMMENT_MAX_BYTES 65000u
#define SUMMARY_MAX_BYTES 900000u
#define COMMENT_OUTPUT_BYTES 1000u
#define SUMMARY_OUTPUT_BYTES 4096u
#define FINDINGS 10u /* sentences on top */

/* --- the head ----------------------------------------------------------------------- */

/* By this line a comment is found again, and replaced: it is the same for every run. */
static void add_marker(struct md *m)
{
	const char *command = strchr(view_command(m->o), ' ');
	bool first = true;

	text_addf(&m->t, "<!-- profd:%s", command ? command + 1 : "report");
	for (const char *c = m->o->tier; c && *c && c - m->o->tier < 40; c++) {
		if (!isalnum((unsigned char)*c))
			continue;
		text_add(&m->t, first ? "-" : "");
		text_addc(&m->t, *c);
		first = false;
	}
	text_add(&m->t, " -->\n");
}

static void add_sides(struct md *m)
{
	struct text t = {0};

	view_add_side(&t, &m->o->head, m->name_max);
	if (!t.len)
		return;
	md_add_code(&m->t, text_get(&t), SIZE_MAX, false);
	text_clear(&t);
	view_add_side(&t, &m->o->base, m->name_max);
	if (t.len) {
		text_add(&m->t, " against ");
		md_add_code(&m->t, text_get(&t), SIZE_MAX, false);
	}
	text_add(&m->t, ". ");
	text_done(&t);
}

static void add_head(struct md *m)
{
	const struct outcome *o = m->o;
	struct text t = {0};

	text_addf(&m->t, "%s %s: %s%s\n\n", m->comment ? "###" : "#", view_command(o),
		  view_verdict(o->verdict),
		  o->effect == OUTCOME_WARNS ? " (warning)" : "");
	outcome_counts(&t, o);
	text_addf(&m->t, "**%s.** ", text_get(&t));
	text_clear(&t);
	add_sides(m);
	if (o->plan.spent_s > 0) {
		figure_add_duration(&t, o->plan.spent_s);
		text_addf(&m->t, "Took %s", text_get(&t));
		text_clear(&t);
		if (o->plan.planned_s > 0) {
			figure_add_duration(&t, o->plan.planned_s);
			text_addf(&m->t, ", planned %s", text_get(&t));
		}
		text_add(&m->t, ".");
	}
	if (o->mode) {
		text_add(&m->t, " Mode: ");
		md_add_text(&m->t, o->mode, m->name_max);
		text_addc(&m->t, '.');
	}
	text_add(&m->t, "\n");
	text_done(&t);
}

/* --- findings ----------------------------------------------------------------------- */

static void add_finding(struct md *m, const struct outcome_row *r, const char *sentence)
{
	text_add(&m->t, "- ");
	md_add_code(&m->t, r->workload->name, m->name_max, false);
	text_addc(&m->t, ' ');
	md_add_text(&m->t, sentence, 4 * m->name_max);
	text_addc(&m->t, '\n');
}

static void add_row_findings(struct md *m, const struct outcome_row *r)
{
	const struct outcome_metric *x = r->metric;
	struct text t = {0};

	for (uint32_t i = 0; !x && i < r->workload->nfailures; i++) {
		const struct outcome_failure *f = &r->workload->failures[i];

		text_clear(&t);
		view_add_line(&t, f->side, m->name_max);
		text_add(&t, ": ");
		view_add_line(&t, f->what, m->name_max);
		text_addf(&t, ", %u run%s", f->count, f->count == 1 ? "" : "s");
		add_finding(m, r, text_get(&t));
	}
	if (x && x->verdict != VERDICT_PASS && x->verdict != VERDICT_MEASURED &&
	    x->verdict != VERDICT_IMPROVEMENT) {
		outcome_sentence(&t, x);
		add_finding(m, r, text_get(&t));
	}
	text_clear(&t);
	if (x && x->budget.exceeded)
		outcome_budget_sentence(&t, m->o, x);
	if (t.len)
		add_finding(m, r, text_get(&t));
	text_clear(&t);
	if (x && x->note)
		add_finding(m, r, x->note);
	text_done(&t);
}

/* What fails or warns, in words; of a run in which nothing does, the table is enough. */
static void add_findings(struct md *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->rows.v.n; i++) {
		const struct outcome_row *r = &m->rows.v.v[i];

		if ((r->metric ? r->metric->effect : r->workload->effect) == OUTCOME_FINE)
			continue;
		if (!n)
			text_addc(&m->t, '\n');
		if (n++ < FINDINGS)
			add_row_findings(m, r);
	}
	if (n > FINDINGS)
		text_addf(&m->t, "- and %u more, in the table\n", n - FINDINGS);
}

/* --- sections in words -------------------------------------------------------------- */

void md_failures(struct md *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->o->nworkloads; i++) {
		const struct outcome_workload *w = &m->o->workloads[i];

		for (uint32_t k = 0; k < w->nfailures && n < m->rows_max; k++, n++) {
			const struct outcome_failure *f = &w->failures[k];

			text_add(&m->t, "\n");
			md_add_code(&m->t, w->name, m->name_max, false);
			text_add(&m->t, ", ");
			md_add_text(&m->t, f->side, m->name_max);
			text_add(&m->t, ": ");
			md_add_text(&m->t, f->what, m->name_max);
			text_addf(&m->t, ", %u run%s. ", f->count,
				  f->count == 1 ? "" : "s");
			if (!f->output || !*f->output) {
				text_add(&m->t, "It printed nothing.\n");
				continue;
			}
			text_add(&m->t, "The end of its output:\n\n");
			md_add_block(&m->t, f->output,
				     m->comment ? COMMENT_OUTPUT_BYTES
						: SUMMARY_OUTPUT_BYTES);
		}
	}
}

void md_notes(struct md *m)
{
	for (uint32_t i = 0; i < m->o->nnotes && i < m->rows_max; i++) {
		text_add(&m->t, i ? "- " : "\n- ");
		md_add_text(&m->t, m->o->notes[i], 4 * m->name_max);
		text_addc(&m->t, '\n');
	}
	if (m->o->nnotes > m->rows_max)
		text_addf(&m->t, "- and %u more: see verdict.json\n",
			  m->o->nnotes - m->rows_max);
}

static void add_triage(struct md *m, const struct outcome_workload *w, const char *name,
		       const char *what)
{
	text_add(&m->t, "- ");
	md_add_code(&m->t, w->name, m->name_max, false);
	if (name) {
		text_addc(&m->t, ' ');
		md_add_text(&m->t, name, m->name_max);
	}
	text_addf(&m->t, ": %s\n", what);
}

static const char *triage_of(const struct outcome_metric *x)
{
	if (x->verdict == VERDICT_REGRESSION && x->exact)
		return "**real**: the same in every run";
	if (x->verdict == VERDICT_REGRESSION && x->confirmed)
		return "**real**: fresh runs beside a copy of base show it again";
	if (x->reason == REASON_NOT_REPRODUCED)
		return "**sporadic**: the pairs showed it, fresh runs did not";
	if (x->verdict == VERDICT_UNTRUSTED)
		return "**environment**: two copies of the same program differ here";
	if (x->verdict != VERDICT_PASS && x->verdict != VERDICT_IMPROVEMENT &&
	    (x->drift.low > 0 || x->drift.high < 0))
		return "**environment**: the machine itself drifted meanwhile";
	return NULL;
}

void md_triage(struct md *m)
{
	uint32_t n = 0;

	text_addc(&m->t, '\n');
	for (uint32_t i = 0; i < m->o->nworkloads && n < m->rows_max; i++) {
		const struct outcome_workload *w = &m->o->workloads[i];

		for (uint32_t k = 0; k < w->nfailures; k++, n++)
			add_triage(m, w, w->failures[k].side,
				   view_all_failed(w, &w->failures[k])
					   ? "**real**: every run ends so"
					   : "**flaky**: other runs end well");
		for (uint32_t k = 0; k < w->nmetrics && n < m->rows_max; k++) {
			const char *what = triage_of(&w->metrics[k]);

			if (what && ++n)
				add_triage(m, w, w->metrics[k].name, what);
		}
	}
	if (!n)
		m->t.s[--m->t.len] = '\0';
}

static void add_fact(struct md *m, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	text_addf(&m->t, "- %s: ", key);
	md_add_text(&m->t, value, 2 * m->name_max);
	text_addc(&m->t, '\n');
}

static void add_share(struct md *m, const char *key, double share)
{
	struct text t = {0};

	if (isnan(share))
		return;
	figure_add_size(&t, share, true, "");
	add_fact(m, key, text_get(&t));
	text_done(&t);
}

void md_environment(struct md *m)
{
	const struct outcome_environment *e = &m->o->environment;
	struct text t = {0};

	text_addc(&m->t, '\n');
	add_fact(m, "Testbed", e->testbed);
	view_add_line(&t, e->cpu, m->name_max);
	if (e->cpus)
		text_addf(&t, ", %u CPU%s", e->cpus, e->cpus == 1 ? "" : "s");
	if (e->mhz_max > e->mhz_min)
		text_addf(&t, ", %.0f to %.0f MHz", e->mhz_min, e->mhz_max);
	else if (e->mhz_max > 0)
		text_addf(&t, ", %.0f MHz", e->mhz_max);
	add_fact(m, "CPU", text_get(&t));
	add_fact(m, "Image", e->image);
	add_fact(m, "Governor", e->governor);
	text_clear(&t);
	if (!isnan(e->load)) {
		text_addf(&t, "%.2f", e->load);
		add_fact(m, "Load at the start", text_get(&t));
	}
	add_share(m, "CPU time taken by the host", e->steal);
	add_share(m, "CPU time of other programs", e->busy_others);
	if (e->load_threads) {
		text_clear(&t);
		text_addf(&t, "%u busy threads, nice %u", e->load_threads, e->load_nice);
		add_fact(m, "Load that was asked for", text_get(&t));
	}
	for (uint32_t i = 0; i < m->o->nisolation && i < m->rows_max; i++) {
		const struct outcome_isolation *x = &m->o->isolation[i];

		text_clear(&t);
		view_add_line(&t, x->detail, m->name_max);
		text_add(&m->t,
			 x->applied ? "- Isolation: " : "- Isolation, not available: ");
		md_add_text(&m->t, x->name, m->name_max);
		if (x->detail) {
			text_add(&m->t, ": ");
			md_add_text(&m->t, text_get(&t), m->name_max);
		}
		text_addc(&m->t, '\n');
	}
	text_done(&t);
}

void md_again(struct md *m)
{
	if (!m->o->reproduce || !*m->o->reproduce)
		return;
	text_addc(&m->t, '\n');
	md_add_block(&m->t, m->o->reproduce, 2000);
}

/* --- all ---------------------------------------------------------------------------- */

static const struct section {
	const char *title;
	void (*write)(struct md *m);
	bool comment, folded; /* in a comment; there behind a fold */
} sections[] = {
	{"", md_verdicts, true, false},
	{"Limits that this change moves", md_limit_changes, true, false},
	{"Which functions", md_functions, true, true},
	{"Side by side", md_evidence, true, true},
	{"Budgets", md_budgets, true, true},
	{"Runs that did not end well", md_failures, true, true},
	{"Triage", md_triage, true, true},
	{"Notes", md_notes, true, true},
	{"Slowest workloads", md_slowest, false, false},
	{"Environment", md_environment, true, true},
	{"To do it again", md_again, true, true},
};

static void add_section(struct md *m, const struct section *s)
{
	size_t before = m->t.len, start;

	if (m->comment && s->folded)
		text_addf(&m->t, "\n<details><summary>%s</summary>\n", s->title);
	else if (*s->title)
		text_addf(&m->t, "\n%s %s\n", m->comment ? "####" : "##", s->title);
	start = m->t.len;
	s->write(m);
	if (m->t.len <= start + 1) {
		m->t.len = before;
		m->t.s[before] = '\0';
	} else if (m->comment && s->folded) {
		text_add(&m->t, "\n</details>\n");
	}
}

static void add_foot(struct md *m)
{
	text_add(&m->t, m->o->version ? "\nprofd " : "\nprofd");
	md_add_text(&m->t, m->o->version, m->name_max);
	if (m->o->id) {
		text_add(&m->t, ", run ");
		md_add_code(&m->t, m->o->id, m->name_max, false);
	}
	/* An address that CI made; any other scheme stays text. */
	if (m->o->run_url && !strncmp(m->o->run_url, "https://", 8) &&
	    strspn(m->o->run_url,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789-._~:/?#@!$&*+,;=%") == strlen(m->o->run_url))
		text_addf(&m->t, ", <%s>", m->o->run_url);
	text_add(&m->t, ".\n");
}

static void render(struct md *m)
{
	text_clear(&m->t);
	if (m->comment)
		add_marker(m);
	add_head(m);
	add_findings(m);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (!m->comment || sections[i].comment)
			add_section(m, &sections[i]);
	add_foot(m);
}

static void md_write(const struct outcome *o, bool comment, struct sink *out)
{
	struct md m = {.o = o, .comment = comment};
	size_t max = comment ? COMMENT_MAX_BYTES : SUMMARY_MAX_BYTES;

	m.name_max = comment ? 120 : 300;
	outcome_rows_make(&m.rows, o);
	for (m.rows_max = comment ? 50 : 1000; m.rows_max; m.rows_max /= 2) {
		render(&m);
		if (m.t.len <= max)
			break;
	}
	sink_put(out, text_get(&m.t), m.t.len);
	text_done(&m.t);
	outcome_rows_done(&m.rows);
}

void outcome_summary_write(const struct outcome *o, struct sink *out)
{
	md_write(o, false, out);
}

void outcome_comment_write(const struct outcome *o, struct sink *out)
{
	md_write(o, true, out);
}
