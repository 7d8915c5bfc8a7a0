/* Annotations: one for each workload that fails or warns, with all that is wrong with it. */
#include <profd/ci-summary.h>

#include <string.h>

#include <profd/ci-text.h>
#include <profd/outcome-io.h>
#include <profd/outcome-rows.h>
#include <profd/text.h>

#define TITLE_MAX_BYTES 200
#define MESSAGE_MAX_BYTES 4000

static enum outcome_effect row_effect(const struct outcome_row *r)
{
	return r->metric ? r->metric->effect : r->workload->effect;
}

static void add_sentence(struct text *t, const char *s)
{
	text_add(t, t->len ? "\n" : "");
	text_add(t, s);
}

static void add_failures(struct text *t, const struct outcome_workload *w)
{
	for (uint32_t i = 0; i < w->nfailures; i++) {
		const struct outcome_failure *f = &w->failures[i];
		struct text line = {0};

		text_addf(&line, "%s: %s, %u run%s", f->side ? f->side : "a run",
			  f->what ? f->what : "did not end well", f->count,
			  f->count == 1 ? "" : "s");
		add_sentence(t, text_get(&line));
		text_done(&line);
	}
}

static void add_metric(struct text *t, const struct outcome *o,
		       const struct outcome_metric *m)
{
	struct text line = {0};

	if (m->verdict != VERDICT_PASS && m->verdict != VERDICT_MEASURED) {
		outcome_sentence(&line, m);
		add_sentence(t, text_get(&line));
		text_clear(&line);
	}
	outcome_budget_sentence(&line, o, m);
	if (m->budget.exceeded)
		add_sentence(t, text_get(&line));
	text_done(&line);
}

/* The first of the rows of @w that are not fine is at @first; all of them are in it. */
static void add_message(struct text *t, const struct outcome *o,
			const struct outcome_rows *rows, uint32_t first)
{
	const struct outcome_workload *w = rows->v.v[first].workload;

	for (uint32_t i = first; i < rows->v.n; i++) {
		const struct outcome_row *r = &rows->v.v[i];

		if (r->workload != w || row_effect(r) == OUTCOME_FINE)
			continue;
		if (r->metric)
			add_metric(t, o, r->metric);
		else
			add_failures(t, w);
	}
}

static bool is_of_repository(const struct outcome_function *f)
{
	return f->named && f->line && f->file && *f->file && *f->file != '/' &&
	       strncmp(f->file, "..", 2) != 0;
}

/* Where the change is in the lines of the function that did it. */
static const struct outcome_function *place(const struct outcome_workload *w)
{
	const struct outcome_function *found = NULL;

	for (uint32_t i = 0; i < w->nfunctions; i++) {
		const struct outcome_function *f = &w->functions[i];

		if (is_of_repository(f) && (!found || (f->touched && !found->touched)))
			found = f;
	}
	return found;
}

static const char *command(const struct outcome *o, const struct outcome_row *r)
{
	if (row_effect(r) != OUTCOME_FAILS)
		return "warning";
	/* The mode may have it that nothing fails. */
	return o->effect == OUTCOME_FAILS ? "error" : "warning";
}

static void add_annotation(struct text *t, const struct outcome *o,
			   const struct outcome_rows *rows, uint32_t i)
{
	const struct outcome_row *r = &rows->v.v[i];
	const struct outcome_function *f = place(r->workload);
	struct text title = {0}, message = {0};

	text_addf(&title, "profd: %s: %s", r->workload->name,
		  verdict_name(r->metric ? r->metric->verdict : r->workload->verdict));
	text_addf(t, "::%s ", command(o, r));
	if (f) {
		text_add(t, "file=");
		ci_add_property(t, f->file, MESSAGE_MAX_BYTES);
		text_addf(t, ",line=%u,", f->line);
	}
	text_add(t, "title=");
	ci_add_property(t, text_get(&title), TITLE_MAX_BYTES);
	text_add(t, "::");
	add_message(&message, o, rows, i);
	if (!message.len)
		text_add(&message, "the summary of this step says more");
	ci_add_data(t, text_get(&message), MESSAGE_MAX_BYTES);
	text_addc(t, '\n');
	text_done(&title);
	text_done(&message);
}

/* Rows come in the order of their weight: the first of a workload is its worst. */
static bool is_first(const struct outcome_rows *rows, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++) {
		if (rows->v.v[k].workload == rows->v.v[i].workload)
			return false;
	}
	return true;
}

void ci_annotations_add(const struct ci_result *r, struct text *t)
{
	struct outcome_rows rows;
	unsigned n = 0;

	if (!r->judged)
		return;
	outcome_rows_make(&rows, &r->outcome);
	for (uint32_t i = 0; i < rows.v.n && n < CI_ANNOTATIONS_MAX; i++) {
		if (row_effect(&rows.v.v[i]) == OUTCOME_FINE)
			break;
		if (!is_first(&rows, i))
			continue;
		add_annotation(t, &r->outcome, &rows, i);
		n++;
	}
	outcome_rows_done(&rows);
}
