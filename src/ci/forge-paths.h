#pragma once
/* Where GitHub and GitLab keep things, relative to their API's address. The caller frees
 * what is returned. */
#include <stdint.h>

#include <profd/error.h>

struct forge;

/* The name of the token's own user. */
int github_who(struct forge *f, char **ret, struct error *err);
int gitlab_who(struct forge *f, char **ret, struct error *err);

char *github_comments(const struct forge *f, uint64_t pr);
char *gitlab_comments(const struct forge *f, uint64_t pr);
char *github_comment(const struct forge *f, uint64_t pr, uint64_t id); /* 0: a new one */
char *gitlab_comment(const struct forge *f, uint64_t pr, uint64_t id);
char *github_pull(const struct forge *f, uint64_t pr);
char *gitlab_pull(const struct forge *f, uint64_t pr);
/* Lists that have the pull requests of @sha; @way counts from 0, NULL ends it. */
char *github_pulls(const struct forge *f, const char *sha, const char *head,
		   unsigned way);
char *gitlab_pulls(const struct forge *f, const char *sha, unsigned way);

/* Runs, the newest first: a list, or the member *ret_key of a node. GitHub goes by @sha or
 * @branch, whichever is not NULL, GitLab by @pr or @branch. */
char *github_runs(const struct forge *f, const char *sha, const char *branch);
char *gitlab_runs(const struct forge *f, uint64_t pr, const char *branch);
/* The artifacts of a run, and one of them. */
char *github_artifacts(const struct forge *f, uint64_t run);
char *gitlab_artifacts(const struct forge *f, uint64_t run);
char *github_artifact(const struct forge *f, uint64_t id);
char *gitlab_artifact(const struct forge *f, uint64_t id);
