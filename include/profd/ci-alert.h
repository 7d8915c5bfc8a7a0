#pragma once
/* Alerts of a verdict: what a webhook gets, what a command gets, and the text of an issue.
 * Texts of the outcome may be hostile: none of them acts in what is written here. One thread
 * at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/io.h>
#include <profd/outcome.h>

#define ALERT_SCHEMA "profd.alert/1"
#define ALERT_FINDINGS_MAX 50 /* in JSON */
#define ALERT_SLACK_FINDINGS_MAX 10
#define ALERT_COMMAND_S 120 /* then it is killed */

enum alert_on {
	ALERT_REGRESSION, /* something regressed or is over its budget */
	ALERT_FAILURE, /* or the gate failed for another reason, as a program that crashed */
	ALERT_ALWAYS,
};
bool alert_wanted(const struct outcome *o, enum alert_on on);

struct alert {
	const struct outcome *o;
	const char *repository, *link, *run; /* addresses of artifacts and run; or NULL */
	const char *sha;
	uint64_t pr;	    /* 0: none */
	const char *folder; /* of the results */
};

/* The JSON of a webhook: profd-formats(5), Alerts. */
void alert_json_write(const struct alert *a, struct sink *out);
/* What Slack's incoming webhooks take ("Reference: blocks"), and many others do. */
void alert_slack_write(const struct alert *a, struct sink *out);
/* Markdown: what was measured, what differed beside the change, where the profiles are, and
 * how to do it again. */
void alert_issue_write(const struct alert *a, struct sink *out);

/* Runs @command by sh(1): verdict.json is its standard input, the rest comes in variables
 * PROFD_ALERT_*, so nothing of the results is ever part of a command line. 0; -EIO when its
 * status was not 0; -ETIMEDOUT; -errno; and err. */
int alert_command(const struct alert *a, const char *command, struct error *err);
