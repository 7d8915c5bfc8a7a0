#pragma once
/* Whether a job has anything to measure: the event, held against the block `ci` of .profd.yml.
 * One thread at a time. */
#include <stdbool.h>

#include <profd/ci-event.h>
#include <profd/config.h>

#define CI_FILES_MAX 100000
#define CI_PATTERN_MAX_BYTES 1024 /* longer ones match nothing */

/* What a change changes, as the clone around the job has it. */
struct ci_changes {
	bool known;
	const char *why;       /* it is not known; a sentence */
	struct ci_texts files; /* from the root of the repository, as git has them */
	const char *message;   /* of the head commit */
	struct arena arena;
};
/* In the repository around @folder; of events that have no commits nothing is known. git is
 * run, and nothing fetched. */
void ci_changes_read(const char *folder, const struct ci_env *env,
		     const struct ci_event *e, struct ci_changes *ret);
void ci_changes_done(struct ci_changes *c);

struct ci_decision {
	bool run;
	enum config_tier tier;
	char reason[512]; /* one line, clean UTF-8, no workflow command in it */
};
/* @on_demand: as if pull_requests were "asked", and branches none. */
void ci_decide(const struct config_ci *rules, bool on_demand, const struct ci_event *e,
	       const struct ci_changes *c, struct ci_decision *ret);

/* Whether the path @s matches: profd.yml(5), paths. In time linear in both together. */
bool ci_pattern_matches(const char *pattern, const char *s);
