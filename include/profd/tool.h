#pragma once
/* Programs that are run for what they do and not to be measured: git, cp, builds. One at a
 * time: they get the signals that would end profd (bench_interrupted). */
#include <stdbool.h>
#include <stddef.h>

#include <profd/error.h>
#include <profd/text.h>

struct tool {
	const char *const *argv; /* NULL-terminated; no shell is between */
	const char *const *env;	 /* "NAME=VALUE", set for it; NULL-terminated or NULL */
	const char *cwd;	 /* or NULL */
	struct text *out;    /* its standard output, as it is; or NULL: with `errors` */
	struct text *errors; /* the end of its standard error; or NULL */
	size_t out_max;	     /* more is an error; 0: 1 MiB */
	int log_fd;	     /* gets what `errors` gets, as it comes; 0: none */
};
/* Runs it to its end, with /dev/null as its input, in a process group of its own, without
 * the GIT_* variables that bind git to a repository. Returns 0 and the status of wait4(2),
 * however it fared; -EINTR: a signal asked profd to end, and the group was killed;
 * -ENOENT, -EACCES …: it cannot be run. */
int tool_run(const struct tool *t, int *ret_status, struct error *err);

#define TOOL_TAIL_BYTES 4096 /* of `errors` that are kept */
