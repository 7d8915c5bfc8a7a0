/* Submodules of a side, from the objects that the user's own checkout of them has: nothing is
 * fetched, and none of their settings is used. What is not checked out there stays the empty
 * folder that it is there. */
#include "checkout-priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <profd/mem.h>

#define LIST_MAX_BYTES ((size_t)64 << 20)
#define DEPTH_MAX 16 /* submodules of submodules */

static int list(const char *git, struct text *ret, struct error *err)
{
	_cleanup_free_ char *dir = xasprintf("--git-dir=%s", git);
	const char *const argv[] = {"git", dir, "ls-files", "--stage", "-z", NULL};
	static const char *const env[] = {"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", NULL};
	struct text errors = {0};
	const struct tool t = {.argv = argv,
			       .env = env,
			       .out = ret,
			       .errors = &errors,
			       .out_max = LIST_MAX_BYTES};
	int status = 0, code = tool_run(&t, &status, err);

	text_done(&errors);
	if (code == 0 && status != 0)
		code = error_set(err, -EIO, "git cannot list the files of a side");
	return code;
}

/* The user's checkout of it; false: there is none. */
static bool module_open(struct checkout *sub, const char *repo, const char *path)
{
	_cleanup_free_ char *mark = xasprintf("%s/%s/.git", repo, path);
	_cleanup_free_ char *shallow = NULL;

	*sub = (struct checkout){.repo = xasprintf("%s/%s", repo, path)};
	if (access(mark, F_OK) == 0)
		shallow = GIT_LINE(sub, NULL, "rev-parse", "--is-shallow-repository");
	if (!shallow) {
		free(sub->repo);
		return false;
	}
	sub->shallow = !strcmp(shallow, "true");
	return true;
}

static int module_fill(const struct checkout *c, const char *tree, const char *path,
		       const char *commit, unsigned depth, struct error *err)
{
	_cleanup_free_ char *to = xasprintf("%s/%s", tree, path);
	struct checkout sub;
	int code;

	if (!module_open(&sub, c->repo, path))
		return 0;
	if (depth == DEPTH_MAX)
		code = error_set(err, -E2BIG, "submodules are nested more than %d deep",
				 DEPTH_MAX);
	else if (!git_has(&sub, commit)) {
		code = error_set(err, -ENOENT,
				 "the submodule '%s' has no commit %.12s here, which the "
				 "side needs",
				 path, commit);
		error_hint(err, "git -C %s fetch origin %.12s", path, commit);
	} else {
		rmdir(to); /* as git leaves it: empty, or not there */
		code = tree_make_at(&sub, commit, to, depth + 1, err);
	}
	free(sub.repo);
	return code;
}

/* "160000 COMMIT STAGE\tPATH" (git-ls-files(1), gitglossary(7) "gitlink"). */
int modules_fill(const struct checkout *c, const char *git, const char *tree,
		 unsigned depth, struct error *err)
{
	struct text files = {0};
	int code = list(git, &files, err);
	const char *end = files.s + files.len, *next;

	for (const char *s = files.s; code == 0 && s < end; s = next) {
		const char *tab = strchr(s, '\t');
		_cleanup_free_ char *commit = NULL;

		next = s + strlen(s) + 1;
		if (!tab || strncmp(s, "160000 ", 7) != 0)
			continue;
		commit = xstrndup(s + 7, strcspn(s + 7, " "));
		code = module_fill(c, tree, tab + 1, commit, depth, err);
	}
	text_done(&files);
	return code;
}
