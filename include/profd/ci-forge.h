#pragma once
/* A server that keeps repositories, and pull requests (GitLab: merge requests) with comments
 * and artifacts: GitHub, GitHub Enterprise or GitLab, by their REST interfaces. One thread at
 * a time.
 *
 * Facts: GitHub "REST API endpoints for issue comments", "… for pull requests", "… for
 * workflow runs", "… for GitHub Actions artifacts" (version 2022-11-28); GitLab "Notes API",
 * "Merge requests API", "Jobs API", "Job artifacts API" (v4).
 *
 * All functions return 0 or, with err: -EACCES, the token may not do this; -ENOENT, what was
 * asked for is not there (any more), or not for this token; -ESTALE, something changed
 * meanwhile and it is worth another look; -E2BIG, the text is too long; -EFBIG, -EBADMSG,
 * a reply that makes no sense; -EBUSY, -EIO: see ci-http.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/vec.h>

#define FORGE_PAGES_MAX 100 /* of a list, each of FORGE_PAGE entries */
#define FORGE_PAGE 100
#define FORGE_REPOSITORY_MAX_BYTES 1024
#define FORGE_RUNS_MAX 20 /* that are looked into for artifacts */
#define FORGE_ARTIFACTS_MAX 1000

enum forge_kind { FORGE_GITHUB, FORGE_GITLAB };

struct forge_options {
	enum forge_kind kind;
	const char *api; /* "https://api.github.com", "https://gitlab.com/api/v4" */
	const char *repository; /* "owner/name"; GitLab: also the project's number */
	const char *token;	/* NULL: none, for what is public */
	bool job_token;		/* it is a CI_JOB_TOKEN, which goes into another header */
	unsigned backoff_ms;	/* see ci-http.h */
};

struct forge;
/* -EINVAL and err by NULL. */
struct forge *forge_new(const struct forge_options *o, struct error *err);
void forge_free(struct forge *f);
enum forge_kind forge_kind(const struct forge *f);
/* The longest comment, in bytes: what the server counts in characters is never more. */
size_t forge_comment_max(const struct forge *f);

/* --- comments ------------------------------------------------------------------------ */

struct forge_comment {
	uint64_t id;
	char *body;
};
struct forge_comments {
	VEC(struct forge_comment) list;
};
void forge_comments_done(struct forge_comments *c);

/* Adds all comments of @pr that begin with @marker and that the token's own user wrote, the
 * oldest first. Somebody else's with the same marker are not ours to touch. */
int forge_comments(struct forge *f, uint64_t pr, const char *marker,
		   struct forge_comments *ret, struct error *err);
/* Writes a new one (@id 0) or over one. When it is not known whether a new one was written,
 * -ESTALE. */
int forge_comment_write(struct forge *f, uint64_t pr, uint64_t id, const char *body,
			uint64_t *ret_id, struct error *err);
/* One that is gone already is no failure. */
int forge_comment_delete(struct forge *f, uint64_t pr, uint64_t id, struct error *err);

/* --- pull requests ------------------------------------------------------------------- */

/* The only open one whose newest commit is @sha. @head, "owner:branch", may be NULL: GitHub
 * finds those of forks by it. -ENOENT: none, or several. */
int forge_pull_find(struct forge *f, const char *sha, const char *head, uint64_t *ret_pr,
		    struct error *err);
/* The newest commit of @pr, and its branch; for free. */
int forge_pull_head(struct forge *f, uint64_t pr, char **ret_sha, char **ret_branch,
		    struct error *err);

/* --- artifacts ----------------------------------------------------------------------- */

struct forge_artifact {
	uint64_t id;   /* GitLab: of the job */
	char *name;    /* as it came: not the name of a file */
	uint64_t size; /* packed, as the server says; 0: not said */
};
struct forge_artifacts {
	VEC(struct forge_artifact) list;
	uint64_t run; /* what left them: a workflow run, a pipeline */
	char *sha;    /* of this commit */
};
void forge_artifacts_done(struct forge_artifacts *a);

/* Those of the newest run that left any whose name the glob @name matches (GitLab: the
 * name of the job): of the pull request @pr, or, where that is 0, of @branch. -ENOENT. */
int forge_artifacts(struct forge *f, uint64_t pr, const char *branch, const char *name,
		    struct forge_artifacts *ret, struct error *err);
/* The same of the run @run (GitLab: the pipeline), and no other. */
int forge_run_artifacts(struct forge *f, uint64_t run, const char *name,
			struct forge_artifacts *ret, struct error *err);
/* A zip file of at most @max bytes into @fd. */
int forge_artifact_get(struct forge *f, const struct forge_artifact *a, int fd,
		       uint64_t max, struct error *err);
