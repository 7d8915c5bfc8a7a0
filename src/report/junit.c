/* junit.xml: a test case for each metric of each workload, in the form that Jenkins, GitLab
 * and others read (the schema of Jenkins' xunit plugin, junit-10.xsd; nothing of it is
 * optional there that readers rely on). What fails the run is a failure, a workload that
 * did not end well an error, what could not be judged is skipped with the reason, and what
 * only warns passes and says so. */
#include "outcome-view.h"

#include <math.h>
#include <string.h>

#include <profd/clock.h>

#define NAME_MAX_BYTES 1000
#define OUTPUT_MAX_BYTES 4096

struct counts {
	uint32_t tests, failures, errors, skipped;
};

struct junit {
	const struct outcome *o;
	struct counts suite;
	struct text t, cases; /* of the suite */
};

enum result { PASSED, FAILED, SKIPPED };

static void add_attribute(struct text *t, const char *key, const char *value)
{
	struct text line = {0};

	view_add_line(&line, value, NAME_MAX_BYTES);
	text_addf(t, " %s=\"", key);
	text_add_xml(t, text_get(&line), line.len);
	text_addc(t, '"');
	text_done(&line);
}

static void add_lines(struct text *t, const char *s)
{
	struct text lines = {0};

	view_add_tail(&lines, s, OUTPUT_MAX_BYTES);
	text_add_xml(t, text_get(&lines), lines.len);
	text_done(&lines);
}

static void begin_case(struct junit *j, const struct outcome_workload *w,
		       const char *name, double seconds)
{
	j->suite.tests++;
	text_add(&j->cases, "    <testcase");
	add_attribute(&j->cases, "classname", w->name);
	add_attribute(&j->cases, "name", name);
	text_addf(&j->cases, " time=\"%.6f\"",
		  isfinite(seconds) && seconds > 0 ? seconds : 0);
}

static void add_result(struct junit *j, const char *element, const char *type,
		       const char *message, const char *details)
{
	text_addf(&j->cases, ">\n      <%s", element);
	if (type)
		add_attribute(&j->cases, "type", type);
	add_attribute(&j->cases, "message", message);
	text_addc(&j->cases, '>');
	add_lines(&j->cases, details);
	text_addf(&j->cases, "</%s>\n    </testcase>\n", element);
}

/* Modes that never fail a build have no failures in it either. */
static enum result judge(const struct outcome *o, const struct outcome_metric *m)
{
	bool gate = o->effect == OUTCOME_FAILS || !o->mode || !strcmp(o->mode, "gate");

	if (m->effect == OUTCOME_FAILS && gate)
		return FAILED;
	switch (m->verdict) {
	case VERDICT_PASS:
	case VERDICT_IMPROVEMENT:
	case VERDICT_MEASURED:
	case VERDICT_REGRESSION:
		return PASSED;
	default:
		return m->budget.exceeded ? PASSED : SKIPPED;
	}
}

/* What is said of a metric: its budget first where that is what went wrong. */
static void add_message(struct text *t, const struct outcome *o,
			const struct outcome_metric *m)
{
	if (m->budget.given && m->budget.exceeded) {
		outcome_budget_sentence(t, o, m);
		text_add(t, "; ");
	}
	outcome_sentence(t, m);
}

static void add_details(struct text *t, const struct outcome *o,
			const struct outcome_workload *w, const struct outcome_metric *m)
{
	outcome_sentence(t, m);
	text_addc(t, '\n');
	if (m->budget.given) {
		outcome_budget_sentence(t, o, m);
		text_addc(t, '\n');
	}
	if (m->note) {
		view_add_line(t, m->note, NAME_MAX_BYTES);
		text_addc(t, '\n');
	}
	if (w->command) {
		text_add(t, "command: ");
		view_add_line(t, w->command, NAME_MAX_BYTES);
		text_addc(t, '\n');
	}
	if (o->reproduce) {
		text_add(t, "to do it again: ");
		view_add_line(t, o->reproduce, NAME_MAX_BYTES);
		text_addc(t, '\n');
	}
}

static void add_metric(struct junit *j, const struct outcome_workload *w,
		       const struct outcome_metric *m)
{
	struct text message = {0}, details = {0};
	enum result r = judge(j->o, m);

	add_message(&message, j->o, m);
	add_details(&details, j->o, w, m);
	begin_case(j, w, m->name, m->unit && !strcmp(m->unit, "s") ? m->head : 0);
	if (r == FAILED) {
		j->suite.failures++;
		add_result(j, "failure",
			   m->budget.exceeded && m->verdict != VERDICT_REGRESSION
				   ? "budget"
				   : verdict_name(m->verdict),
			   text_get(&message), text_get(&details));
	} else if (r == SKIPPED) {
		j->suite.skipped++;
		add_result(j, "skipped", NULL, text_get(&message), "");
	} else {
		text_add(&j->cases, ">\n      <system-out>");
		if (m->effect != OUTCOME_FINE)
			text_add(&j->cases, "warning: ");
		add_lines(&j->cases, text_get(&details));
		text_add(&j->cases, "</system-out>\n    </testcase>\n");
	}
	text_done(&message);
	text_done(&details);
}

static void add_failure(struct junit *j, const struct outcome_workload *w,
			const struct outcome_failure *f)
{
	struct text message = {0}, name = {0};

	text_add(&name, "runs of ");
	view_add_line(&name, f->side ? f->side : "head", NAME_MAX_BYTES);
	view_add_line(&message, f->what, NAME_MAX_BYTES);
	text_addf(&message, ", %u run%s", f->count, f->count == 1 ? "" : "s");
	begin_case(j, w, text_get(&name), 0);
	j->suite.errors++;
	add_result(j, "error", w->verdict == VERDICT_TIMEOUT ? "timeout" : "crash",
		   text_get(&message), f->output);
	text_done(&message);
	text_done(&name);
}

/* The format has no place for a zone. */
static void add_timestamp(struct text *t, uint64_t ns)
{
	char buf[CLOCK_UTC_BYTES];

	text_addf(t, " timestamp=\"%.19s\"", clock_utc(ns, buf));
}

static void add_property(struct text *t, const char *name, const char *value)
{
	if (!value)
		return;
	text_add(t, "      <property");
	add_attribute(t, "name", name);
	add_attribute(t, "value", value);
	text_add(t, "/>\n");
}

static void add_properties(struct junit *j)
{
	const struct outcome *o = j->o;

	text_add(&j->t, "    <properties>\n");
	add_property(&j->t, "verdict", verdict_name(o->verdict));
	add_property(&j->t, "id", o->id);
	add_property(&j->t, "base", o->base.commit ? o->base.commit : o->base.label);
	add_property(&j->t, "head", o->head.commit ? o->head.commit : o->head.label);
	add_property(&j->t, "testbed", o->environment.testbed);
	text_add(&j->t, "    </properties>\n");
}

static void add_counts(struct text *t, const struct counts *c, bool skipped,
		       double seconds)
{
	text_addf(t, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", c->tests, c->failures,
		  c->errors);
	if (skipped)
		text_addf(t, " skipped=\"%u\"", c->skipped);
	text_addf(t, " time=\"%.3f\"", isfinite(seconds) && seconds > 0 ? seconds : 0);
}

static void add_workload(struct junit *j, const struct outcome_workload *w)
{
	for (uint32_t i = 0; i < w->nfailures; i++)
		add_failure(j, w, &w->failures[i]);
	for (uint32_t i = 0; i < w->nmetrics; i++)
		add_metric(j, w, &w->metrics[i]);
	if (w->nfailures || w->nmetrics)
		return;
	begin_case(j, w, "runs", 0);
	j->suite.skipped++;
	add_result(j, "skipped", NULL, view_verdict(w->verdict), "");
}

void outcome_junit_write(const struct outcome *o, struct sink *out)
{
	struct junit j = {.o = o};

	for (uint32_t i = 0; i < o->nworkloads; i++)
		add_workload(&j, &o->workloads[i]);
	text_add(
		&j.t,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"profd\"");
	add_counts(&j.t, &j.suite, false, o->plan.spent_s);
	text_addf(&j.t, ">\n  <testsuite name=\"%s\"", view_command(o));
	add_counts(&j.t, &j.suite, true, o->plan.spent_s);
	add_timestamp(&j.t, o->start_ns);
	add_attribute(&j.t, "hostname",
		      o->environment.host ? o->environment.host : "localhost");
	text_add(&j.t, ">\n");
	add_properties(&j);
	sink_put(out, text_get(&j.t), j.t.len);
	sink_put(out, text_get(&j.cases), j.cases.len);
	sink_puts(out, "  </testsuite>\n</testsuites>\n");
	text_done(&j.t);
	text_done(&j.cases);
}
