#pragma once
/* What the program profd-remote does: the sub-commands of `profd ci` that speak with
 * servers. Private to this folder. Each returns the exit status. */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include <profd/ci-remote.h>

int remote_comment(int argc, char **argv);
int remote_fetch(int argc, char **argv);
int remote_alert(int argc, char **argv);

/* What all of them take. */
struct remote_where {
	const char *provider;
	uint64_t pr; /* 0: not said */
};
/* Calls @one with each option, which returns as this does: -1, or the exit status after a
 * message. 'h' is the last. */
int remote_options(int argc, char **argv, const char *letters, const struct option *words,
		   int (*one)(void *arg, int c), void *arg);
/* -1, or the exit status after a message. */
int remote_parse_pr(const char *s, uint64_t *ret_pr);
/* "profd: warning: SENTENCE" and the hint on stderr; under GitHub Actions as a line that
 * annotates the job, on stdout. */
void remote_warn(const struct error *err);
struct forge *remote_forge(const struct ci_remote *r, struct error *err);
/* The only operand, or profd-out; NULL after a message. */
const char *remote_folder(int argc, char **argv);
