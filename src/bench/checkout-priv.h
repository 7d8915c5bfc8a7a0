#pragma once
/* Shared by the files of checkout.h. */
#include <profd/checkout.h>
#include <profd/tool.h>

/* Results of earlier runs are no part of a working tree, ignored or not. Said with
 * wildcards: git add fails when an excluded path without any is ignored as well. */
#define CHECKOUT_NOT_OURS                                                                \
	":(exclude,glob)**/profd-out/**", ":(exclude,glob)**/profd-out.old/**"

/* --- checkout-git.c: what git knows -------------------------------------------------- */

/* `git -C repo ARGS…`. The first line of its output, to be freed; NULL when it failed. If
 * @err, that is an error, with what git says. -EINTR is in err->code either way. */
char *git_line(struct checkout *c, struct error *err, const char *const *args);
#define GIT_LINE(c, err, ...)                                                            \
	git_line((c), (err), (const char *const[]){__VA_ARGS__, NULL})
/* Succeeded or not; with what it said in err. 0, -EIO, -EINTR. */
int git_run(struct checkout *c, const char *git_dir, const char *work_tree,
	    struct error *err, const char *const *args);
#define GIT_RUN(c, dir, tree, err, ...)                                                  \
	git_run((c), (dir), (tree), (err), (const char *const[]){__VA_ARGS__, NULL})
/* The full id of a commit, to be freed; NULL: there is none. */
char *git_commit(struct checkout *c, const char *ref);
/* Parents as the commit has them, also where a shallow clone lacks them: *ret_n of them, two
 * at most are kept. */
struct git_parents {
	char id[2][72];
	unsigned n;
};
int git_parents(struct checkout *c, const char *commit, struct git_parents *ret,
		struct error *err);
bool git_has(struct checkout *c, const char *commit);
bool git_is_id(const char *ref); /* all its hexadecimal digits */
/* Into a shallow clone that lacks it. */
int git_fetch(struct checkout *c, const char *commit, struct error *err);
/* Subject and branch of a side. */
void git_describe(struct checkout *c, struct checkout_side *s);

/* --- checkout-base.c ----------------------------------------------------------------- */

/* Sets kind, label, commit and why of the base. */
int base_find(struct checkout *c, struct error *err);

/* --- checkout-tree.c: a commit, or the working tree, as a folder ------------------------ */

/* Checks @commit out into the new folder @path, a repository of its own. */
int tree_make(struct checkout *c, const char *commit, const char *path,
	      struct error *err);
int tree_make_at(struct checkout *c, const char *commit, const char *path, unsigned depth,
		 struct error *err);
/* Writes the working tree as a tree into the repository in @path; *ret_tree is its id. */
int tree_snapshot(struct checkout *c, const char *path, char **ret_tree,
		  struct error *err);
/* Puts the files of such a snapshot into its folder. */
int tree_unpack(struct checkout *c, const char *path, struct error *err);
int tree_copy(struct checkout *c, const char *from, const char *to, struct error *err);
void tree_remove(const char *path);

/* --- checkout-modules.c -------------------------------------------------------------- */

/* Puts the submodules that the index of the repository @git names into its folder @tree.
 * -ENOENT: the user's checkout of one lacks the commit. */
int modules_fill(const struct checkout *c, const char *git, const char *tree,
		 unsigned depth, struct error *err);

/* --- checkout-cache.c ---------------------------------------------------------------- */

/* The cache's folder, made. */
int cache_open(struct checkout *c, struct error *err);
/* Builds the side's commit or takes what was built; *ret_path is that folder's tree, to be
 * freed, and s->lock keeps others from removing it. @snapshot: that of the working tree,
 * which is moved there; NULL: it is the commit. */
int cache_build(struct checkout *c, struct checkout_side *s,
		const struct config_command *build, const char *snapshot, char **ret_path,
		struct error *err);
/* A new folder for this gate's runs; those of gates that are no more are removed. */
int cache_runs(struct checkout *c, struct error *err);
void cache_prune(struct checkout *c);
