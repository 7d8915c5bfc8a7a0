#pragma once
/* Files that make a CI system run profd, for one repository. One thread at a time. */
#include <stdbool.h>

#include <profd/ci.h>
#include <profd/config.h>
#include <profd/text.h>
#include <profd/vec.h>

struct ci_file {
	const char *path; /* from the root of the repository; of program's life */
	struct text text;
	/* It is where a repository has all its jobs: one that is there already is not to be
	 * replaced, but needs these lines as well. */
	bool shared;
};
struct ci_files {
	VEC(struct ci_file) list;
};

struct ci_repository {
	const struct config
		*config;    /* NULL: there is none, and a first one is made, too */
	const char *branch; /* the one that changes are merged into */
};
/* Not for CI_NONE. Names and commands are quoted for what they stand in. */
void ci_init_make(enum ci_provider provider, const struct ci_repository *r,
		  struct ci_files *ret);
void ci_files_done(struct ci_files *f);
/* By git, of the repository around @folder: the remote's default branch, else the current one,
 * else "main". To be freed. */
char *ci_init_branch(const char *folder);
