#pragma once
/* What happened, for which a CI system runs a job: GitHub's event as JSON ("Webhook events and
 * payloads", "Events that trigger workflows"), or variables of GitLab and Jenkins. One thread
 * at a time.
 *
 * Texts are hostile, clean UTF-8, and belong to the event; NULL is "not said". */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/ci.h>
#include <profd/error.h>
#include <profd/mem.h>

#define CI_EVENT_MAX_BYTES (16u << 20) /* GitHub's payloads end at 25 MB; ours at less */
#define CI_LABELS_MAX 1000
#define CI_COMMITS_MAX 2048 /* GitHub's own limit of a push */
#define CI_TEXT_MAX_BYTES 65536

enum ci_happened {
	CI_UNKNOWN,	 /* an event that means nothing to us */
	CI_PULL_REQUEST, /* or a merge request, or a place in a merge queue */
	CI_PUSH,
	CI_TAG,
	CI_SCHEDULE,
	CI_MANUAL,   /* by the page, or by an API */
	CI_COMMENT,  /* on an issue or a pull request */
	CI_NO_EVENT, /* not in CI */
};

enum ci_answer { CI_NOT_SAID, CI_NO, CI_YES };

struct ci_texts {
	const char **v;
	uint32_t n;
};

struct ci_event {
	enum ci_happened happened;
	const char *name;    /* the provider's word */
	const char *action;  /* "opened", "labeled", "created" … */
	uint64_t pr;	     /* 0: none; of a comment on an issue 0, too */
	enum ci_answer fork; /* head is of another repository */
	const char *title;
	struct ci_texts labels;
	const char *label;	  /* the one that was just added */
	struct ci_texts messages; /* of the commits, as far as the event has them */
	const char *base_sha, *head_sha;
	const char *branch;			    /* that was pushed to, or of head */
	const char *default_branch;		    /* of the repository */
	bool deleted;				    /* the branch is gone */
	const char *schedule;			    /* crontab(5) */
	const char *tier;			    /* as somebody typed it */
	const char *comment, *association, *author; /* of a comment */
	struct arena arena;
};

/* @data[0..n) is the file of GITHUB_EVENT_PATH, of the event @name. What is missing, or of
 * another type, is not said. -EBADMSG, -EFBIG and err; for ci_event_done in any case. */
int ci_event_github(const char *data, size_t n, const char *name, struct ci_event *ret,
		    struct error *err);
/* From the environment. CI_NONE: CI_NO_EVENT. -EINVAL: GitHub names no event file; -errno,
 * -EBADMSG, -EFBIG: this file cannot be read. */
int ci_event_read(const struct ci_env *env, struct ci_event *ret, struct error *err);
void ci_event_done(struct ci_event *e);
