#pragma once
/* The two sides of a change as folders that programs can run in: a commit, the working tree,
 * a directory. One thread, one at a time: it holds back the signals that would end profd
 * (bench_interrupted), so that nothing is left behind.
 *
 * git is run as a program. Nothing is written into the user's repository: a commit is checked
 * out into a repository of profd's own that borrows the objects (gitrepository-layout(5),
 * objects/info/alternates), and so is the working tree, as a tree that is written there. The
 * one exception is a shallow clone that lacks the base: it fetches that commit.
 *
 * Where there is a build command, it is run in a folder of its own for each commit, under
 * ${XDG_CACHE_HOME:-~/.cache}/profd/builds, and what came of it is kept. Sides run in copies,
 * CACHE/runs/XXXXXX/{base,copy,head}: their paths have equal length, and what workloads
 * write there does not get into the next gate. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/config.h>
#include <profd/error.h>

#define CHECKOUT_BUILDS_MAX_BYTES                                                        \
	(UINT64_C(8) << 30)	    /* more are removed, the oldest first */
#define CHECKOUT_BUILDS_MAX_DAYS 14 /* unused */

enum checkout_kind {
	CHECKOUT_DEFAULT, /* what a change is usually held against; as a head: this tree */
	CHECKOUT_DIR,	  /* taken as it is: nothing is built */
	CHECKOUT_REF,
	CHECKOUT_FILE, /* earlier results */
	CHECKOUT_SELF, /* as a base: a copy of head */
	CHECKOUT_NONE, /* there is nothing to be compared with */
};

struct checkout_side {
	enum checkout_kind kind;
	char *path;   /* of DIR and FILE */
	char *label;  /* "HEAD^1", "the working tree", a path */
	char *commit; /* NULL: none, or not a commit */
	char *subject, *branch;
	char *why; /* how the base was found, or why there is none; a sentence */
	char *id;  /* what tells it from others: commit, tree, or real path */
	bool dirty;
	char *root; /* the folder it runs in; NULL before checkout_make */
	bool built, from_cache, broken; /* broken: it does not build */
	double build_seconds;
	char *what, *output; /* of a build that failed: "exit status 2", its end */
	int lock;	     /* of the build that it uses; -1 */
};

struct checkout {
	struct checkout_side base, head;
	char *repo;   /* top of the working tree; NULL: none */
	char *subdir; /* from there to the folder of the configuration; "" */
	char *cache, *runs, *copy_root;
	int runs_lock;
	bool shallow, holds;
	int log_fd; /* 0: none; builds and git write here */
};

/* @base: "dir:P", "ref:R", "file:F", "self:" or NULL; @head: "dir:P", or NULL for the
 * working tree around @folder. Finds out what they are, and makes nothing yet. Returns 0; -EINVAL: it is
 * none of these; -ENOENT: no such folder, commit, repository, or no base can be found;
 * -EINTR. In any case checkout_close. */
int checkout_open(struct checkout *c, const char *folder, const char *base,
		  const char *head, struct error *err);
/* Only what the working tree around @folder is: `head` with commit, subject, branch and
 * dirty, or without a commit where git knows of none. In any case checkout_close. */
void checkout_look(struct checkout *c, const char *folder);
/* Base's configuration, as it is in its commit or folder: its text, to be freed, or NULL. */
char *checkout_base_config(struct checkout *c, const char *name);
/* The lines that the change changes, as touched_read wants them; *ret_diff is to be freed by
 * text_done. Files that git does not know yet are not in it. Returns 0; -ENOENT: the sides are
 * not both of one repository; -EIO; -EFBIG; -EINTR. */
struct text;
int checkout_diff(struct checkout *c, struct text *ret_diff, struct error *err);
/* Builds and makes the folders. A side that does not build is `broken`, and no error. */
int checkout_make(struct checkout *c, const struct config_command *build,
		  struct error *err);
/* A copy of base, as it is now; *ret_root is borrowed. */
int checkout_copy_base(struct checkout *c, const char **ret_root, struct error *err);
/* Removes what was made for this gate, and builds beyond the limits. */
void checkout_close(struct checkout *c);
/* Of a source file's path in a profile, what it is from the top of the repository where a side
 * was built or ran in a folder of profd's cache, on whichever machine; else @path. NULL is fine. */
const char *checkout_file(const char *path);
