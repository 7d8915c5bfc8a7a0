/* What a change is held against, where nobody says it. */
#include "checkout-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <profd/mem.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* A pipeline of a request to merge something, whose checkout may be the merge itself. */
static bool is_request(void)
{
	const char *event = variable("GITHUB_EVENT_NAME");

	return (event && !strncmp(event, "pull_request", 12)) ||
	       variable("CI_MERGE_REQUEST_IID") || variable("CHANGE_ID");
}

static void take(struct checkout *c, const char *label, const char *commit,
		 const char *why)
{
	c->base.kind = CHECKOUT_REF;
	c->base.label = xstrdup(label);
	c->base.commit = xstrdup(commit);
	c->base.why = xstrdup(why);
}

static int too_shallow(const char *what, struct error *err)
{
	error_set(err, -ENOENT, "this is a shallow clone, and %s is not in it", what);
	error_hint(err, "check out with its history: fetch-depth: 0 (GitHub), GIT_DEPTH: "
			"\"0\" (GitLab), git fetch --unshallow");
	return -ENOENT;
}

/* @commit, which may have to be fetched. */
static int take_commit(struct checkout *c, const char *label, const char *commit,
		       const char *why, struct error *err)
{
	struct error said = {0};
	int code = 0;

	if (!git_has(c, commit))
		code = c->shallow ? git_fetch(c, commit, &said) : -ENOENT;
	if (code == -EINTR)
		return error_set(err, code, "interrupted");
	if (code < 0 && !c->shallow)
		return error_set(err, -ENOENT, "there is no commit %s", commit);
	if (code < 0)
		return too_shallow(label, err);
	take(c, label, commit, why);
	return 0;
}

/* Branches that changes are merged into, the most certain one first. */
static char *target_find(struct checkout *c, char **ret_name)
{
	static const char *const variables[] = {"GITHUB_BASE_REF",
						"CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
						"CHANGE_TARGET"};
	static const char *const usual[] = {
		"refs/remotes/origin/HEAD", "refs/remotes/origin/main",
		"refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"};
	char *commit;

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *name = variable(variables[i]);

		if (!name)
			continue;
		for (unsigned local = 0; local < 2; local++) {
			*ret_name = xasprintf("refs/%s/%s",
					      local ? "heads" : "remotes/origin", name);
			commit = git_commit(c, *ret_name);
			if (commit)
				return commit;
			free(*ret_name);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		commit = git_commit(c, usual[i]);
		*ret_name = commit ? xstrdup(usual[i]) : NULL;
		if (commit)
			return commit;
	}
	return NULL;
}

/* On the target branch itself a change is the last commit, or what is not committed yet. */
static int take_last(struct checkout *c, const struct git_parents *parents,
		     struct error *err)
{
	if (c->head.dirty) {
		take(c, "HEAD", c->head.commit,
		     "the commit that the working tree began "
		     "with");
		return 0;
	}
	if (parents->n)
		return take_commit(c, "HEAD^1", parents->id[0],
				   "the commit before HEAD, which is on the target "
				   "branch",
				   err);
	c->base.kind = CHECKOUT_NONE;
	c->base.label = xstrdup("nothing");
	c->base.why = xstrdup(
		"HEAD is the first commit, so that there is nothing to compare with");
	return 0;
}

static int take_merge_base(struct checkout *c, const struct git_parents *parents,
			   struct error *err)
{
	_cleanup_free_ char *name = NULL, *target = target_find(c, &name), *found = NULL;
	const char *gitlab = variable("CI_MERGE_REQUEST_DIFF_BASE_SHA");
	_cleanup_free_ char *label = NULL;

	if (target)
		found = GIT_LINE(c, NULL, "merge-base", "--end-of-options",
				 c->head.commit, target);
	if (!found && gitlab)
		return take_commit(c, "the merge base", gitlab,
				   "the merge base, as GitLab names it", err);
	if (!found && c->shallow)
		return too_shallow(name ? "the merge base" : "the target branch", err);
	if (!target) {
		error_set(err, -ENOENT,
			  "nothing tells what to compare with: there is no "
			  "branch main or master");
		error_hint(err, "name it: --base ref:BRANCH, or --base dir:FOLDER");
		return -ENOENT;
	}
	if (!found)
		return error_set(err, -ENOENT, "HEAD and %s have no commit in common",
				 name);
	if (!strcmp(found, c->head.commit))
		return take_last(c, parents, err);
	label = xasprintf("merge base with %s", strchr(name + 5, '/') + 1);
	take(c, label, found, "the merge base with the target branch");
	return 0;
}

int base_find(struct checkout *c, struct error *err)
{
	_cleanup_free_ char *branch = GIT_LINE(c, NULL, "symbolic-ref", "--quiet",
					       "HEAD");
	struct git_parents parents;
	int code = git_parents(c, c->head.commit, &parents, err);

	if (code < 0)
		return code;
	if (parents.n == 2 && (is_request() || !branch))
		return take_commit(c, "HEAD^1", parents.id[0],
				   "the target branch in the merge that is checked out",
				   err);
	return take_merge_base(c, &parents, err);
}
