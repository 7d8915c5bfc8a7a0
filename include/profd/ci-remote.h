#pragma once
/* What a job's environment says of the server: where it is, whose pull request this is, and
 * which variable has the token. Facts: GitHub "Variables reference" and "Webhook events and
 * payloads" (pull_request, issue_comment, workflow_run); GitLab "Predefined CI/CD variables".
 *
 * Of GitHub the file $GITHUB_EVENT_PATH counts, never what the results of a run say: where
 * the event is workflow_run, somebody's fork made them. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/ci-forge.h>
#include <profd/error.h>

#define CI_EVENT_MAX_BYTES (32u << 20) /* GitHub caps payloads at 25 MB */

struct ci_remote {
	enum forge_kind kind;
	char *api, *repository;
	const char *token; /* of the environment, or NULL */
	bool job_token;
	uint64_t pr; /* 0: not known */
	char *sha;   /* the commit that was tested; or NULL */
	char *head;  /* "owner:branch" of it, for GitHub; or NULL */
	char *run;   /* the address of the run that made the results; or NULL */
	char *link;  /* of its artifacts; or NULL */
	bool link_by_path;
	uint64_t from_run; /* GitHub: the run that an event is about; 0: none */
	bool foreign;	   /* the results are those of another job, and may be a fork's */
	bool read_only;	   /* a fork's, or Dependabot's: the token may only read */
};
/* @provider: "github", "gitlab", or NULL to see by the environment. With @writes it has to be a
 * token that may write comments, which GitLab's CI_JOB_TOKEN may not. Returns 0 and a ci_remote
 * for ci_remote_done; -EINVAL, -ENOENT, -EBADMSG and err. */
int ci_remote_detect(const char *provider, bool writes, struct ci_remote *ret,
		     struct error *err);
void ci_remote_done(struct ci_remote *r);
/* What the file of an event says, added to *ret. -EBADMSG. */
int ci_remote_read_event(const char *data, size_t n, struct ci_remote *ret,
			 struct error *err);
/* Where the report of @dir is to be seen, by what is known; NULL; the caller frees it. */
char *ci_remote_link(const struct ci_remote *r, const char *dir);
/* The variables of the token, for people. */
const char *ci_remote_tokens(enum forge_kind kind);
/* $PROFD_CI_BACKOFF_MS, for tests: see ci-http.h; 0 if it is not set. */
unsigned ci_remote_backoff_ms(void);
