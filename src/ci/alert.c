/* Whether to raise an alert, and what webhooks get. */
#include <profd/ci-alert.h>

#include <math.h>
#include <string.h>

#include <profd/json.h>
#include <profd/outcome-io.h>

#include "alert-priv.h"

bool alert_is_bad(const struct outcome_metric *m)
{
	return m->verdict == VERDICT_REGRESSION || m->budget.exceeded;
}

static bool something_is_bad(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->nworkloads; i++)
		for (uint32_t k = 0; k < o->workloads[i].nmetrics; k++)
			if (alert_is_bad(&o->workloads[i].metrics[k]))
				return true;
	return false;
}

static bool something_failed(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->nworkloads; i++)
		if (o->workloads[i].nfailures)
			return true;
	return o->effect == OUTCOME_FAILS || o->exit_status != 0;
}

bool alert_wanted(const struct outcome *o, enum alert_on on)
{
	return on == ALERT_ALWAYS || something_is_bad(o) ||
	       (on == ALERT_FAILURE && something_failed(o));
}

void alert_title(const struct alert *a, struct text *t)
{
	struct text counts = {0};

	outcome_counts(&counts, a->o);
	text_addf(t, "profd %s: ", a->o->command ? a->o->command : "");
	text_add(t, text_get(&counts));
	if (a->repository)
		text_addf(t, " (%s)", a->repository);
	text_done(&counts);
}

void alert_finding(const struct alert *a, const struct outcome_metric *m, struct text *t)
{
	outcome_sentence(t, m);
	if (!m->budget.exceeded)
		return;
	text_add(t, "; ");
	outcome_budget_sentence(t, a->o, m);
}

/* --- JSON ---------------------------------------------------------------------------- */

static void put_change(struct json *j, const struct outcome_metric *m)
{
	json_put_num(j, "change", m->decided.change);
	json_put_num(j, "low", m->decided.low);
	json_put_num(j, "high", m->decided.high);
	json_put_bool(j, "ratio", m->ratio);
	json_put_bool(j, "over_budget", m->budget.exceeded);
}

static void put_finding(struct json *list, const struct alert *a,
			const struct outcome_workload *w, const struct outcome_metric *m)
{
	struct json *j = json_node();
	struct text t = {0};

	alert_finding(a, m, &t);
	json_put_str(j, "workload", w->name);
	json_put_str(j, "metric", m->name);
	json_put_str(j, "verdict", verdict_name(m->verdict));
	put_change(j, m);
	json_put_str(j, "text", text_get(&t));
	json_put(list, NULL, j);
	text_done(&t);
}

static void put_failure(struct json *list, const struct outcome_workload *w)
{
	struct json *j = json_node();

	json_put_str(j, "workload", w->name);
	json_put_str(j, "verdict", verdict_name(w->verdict));
	json_put_str(j, "side", w->failures[0].side);
	json_put_str(j, "text", w->failures[0].what);
	json_put(list, NULL, j);
}

static struct json *findings(const struct alert *a)
{
	struct json *list = json_list();
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->o->nworkloads; i++) {
		const struct outcome_workload *w = &a->o->workloads[i];

		if (w->nfailures && n++ < ALERT_FINDINGS_MAX)
			put_failure(list, w);
		for (uint32_t k = 0; k < w->nmetrics; k++)
			if (alert_is_bad(&w->metrics[k]) && n++ < ALERT_FINDINGS_MAX)
				put_finding(list, a, w, &w->metrics[k]);
	}
	return list;
}

void alert_json_write(const struct alert *a, struct sink *out)
{
	struct json *j = json_node();
	struct text t = {0};

	alert_title(a, &t);
	json_put_str(j, "schema", ALERT_SCHEMA);
	json_put_str(j, "text", text_get(&t));
	json_put_str(j, "verdict", verdict_name(a->o->verdict));
	json_put_i64(j, "exit_status", a->o->exit_status);
	json_put_str(j, "command", a->o->command);
	json_put_str(j, "tier", a->o->tier);
	json_put_str(j, "id", a->o->id);
	json_put_str(j, "repository", a->repository);
	json_put_str(j, "branch", a->o->head.branch);
	json_put_str(j, "commit", a->sha ? a->sha : a->o->head.commit);
	json_put_str(j, "base_commit", a->o->base.commit);
	if (a->pr)
		json_put_u64(j, "pull_request", a->pr);
	else
		json_put_null(j, "pull_request");
	json_put_str(j, "run_url", a->run ? a->run : a->o->run_url);
	json_put_str(j, "report_url", a->link);
	json_put_str(j, "testbed", a->o->environment.testbed);
	json_put_str(j, "reproduce", a->o->reproduce);
	json_put(j, "findings", findings(a));
	json_write(j, out);
	json_free(j);
	text_done(&t);
}

/* --- Slack --------------------------------------------------------------------------- */

#define SLACK_TEXT_MAX_BYTES 2900 /* a block's text has at most 3,000 characters */

/* "Formatting text": only these three are written otherwise, and <!channel> is text then. */
static void add_slack(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			text_add(t, "&amp;");
		else if (*s == '<')
			text_add(t, "&lt;");
		else if (*s == '>')
			text_add(t, "&gt;");
		else
			text_addc(t, *s);
	}
}

/* As plain text, in which nothing is a mention, a link or bold. */
static void put_block(struct json *blocks, const char *s)
{
	struct json *block = json_node(), *body = json_node();
	struct text t = {0};

	text_add_clean(&t, s, strnlen(s, SLACK_TEXT_MAX_BYTES));
	json_put_str(body, "type", "plain_text");
	json_put_str(body, "text", text_get(&t));
	json_put_bool(body, "emoji", false);
	json_put_str(block, "type", "section");
	json_put(block, "text", body);
	json_put(blocks, NULL, block);
	text_done(&t);
}

static void put_link(struct json *blocks, const char *url)
{
	struct json *block = json_node(), *body = json_node();
	struct text t = {0};

	text_add(&t, "<");
	add_slack(&t, url);
	text_add(&t, "|Report, profiles and flame graphs>");
	json_put_str(body, "type", "mrkdwn");
	json_put_str(body, "text", t.s);
	json_put_str(block, "type", "section");
	json_put(block, "text", body);
	json_put(blocks, NULL, block);
	text_done(&t);
}

static void put_line(struct json *blocks, const char *workload, const char *what)
{
	struct text t = {0};

	text_addf(&t, "%s: %s", workload ? workload : "", what);
	put_block(blocks, text_get(&t));
	text_done(&t);
}

static void put_lines(struct json *blocks, const struct alert *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->o->nworkloads; i++) {
		const struct outcome_workload *w = &a->o->workloads[i];

		if (w->nfailures && n++ < ALERT_SLACK_FINDINGS_MAX)
			put_line(blocks, w->name, w->failures[0].what);
		for (uint32_t k = 0; k < w->nmetrics; k++) {
			struct text t = {0};

			if (!alert_is_bad(&w->metrics[k]) ||
			    n++ >= ALERT_SLACK_FINDINGS_MAX)
				continue;
			alert_finding(a, &w->metrics[k], &t);
			put_line(blocks, w->name, text_get(&t));
			text_done(&t);
		}
	}
}

void alert_slack_write(const struct alert *a, struct sink *out)
{
	struct json *j = json_node(), *blocks = json_list();
	const char *url = a->link ? a->link : a->run;
	struct text title = {0}, t = {0};

	alert_title(a, &title);
	add_slack(&t, text_get(&title));
	json_put_str(j, "text", text_get(&t));
	put_block(blocks, text_get(&title));
	put_lines(blocks, a);
	if (url && !strncmp(url, "https://", 8) && !strpbrk(url, "|> "))
		put_link(blocks, url);
	json_put(j, "blocks", blocks);
	json_write(j, out);
	json_free(j);
	text_done(&t);
	text_done(&title);
}
