/* The environment of what is run. */
#include "bench-priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What differs from one session or CI job to the next, and by its mere length moves the
 * stack and has a shell or an interpreter do more. */
static const char *const passing[] = {
	"GITHUB_", "RUNNER_",  "CI_",  "BUILD_",  "JENKINS_", "JOB_",
	"HUDSON_", "SSH_",     "TERM", "COLUMNS", "LINES",    "SHLVL",
	"OLDPWD",  "PWD",      "_",    "XDG_",	  "BATS_",    "STY",
	"TMUX",	   "WINDOWID", "MAKE", "MFLAGS",  "GITLAB_",
};

static bool is_passing(const char *variable)
{
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
		size_t n = strlen(passing[i]);

		if (strncmp(variable, passing[i], n) != 0)
			continue;
		if ((passing[i][n - 1] == '_' && n > 1) || variable[n] == '=' ||
		    !strcmp(passing[i], "MAKE"))
			return true;
	}
	return false;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void env_add_current(struct env *e, bool fixed)
{
	for (char **v = environ; *v; v++) {
		if (!fixed || !is_passing(*v))
			vec_push(&e->list, xstrdup(*v));
	}
	if (fixed && e->list.n)
		qsort(e->list.v, e->list.n, sizeof(*e->list.v), by_text);
}

void env_set(struct env *e, const char *name, const char *value)
{
	char *new = xasprintf("%s=%s", name, value);
	size_t n = strlen(name) + 1;

	for (uint32_t i = 0; i < e->list.n; i++) {
		if (strncmp(e->list.v[i], new, n) != 0)
			continue;
		free(e->list.v[i]);
		e->list.v[i] = new;
		return;
	}
	vec_push(&e->list, new);
}

char *const *env_get(struct env *e)
{
	vec_reserve(&e->list, e->list.n + 1);
	e->list.v[e->list.n] = NULL;
	return e->list.v;
}

void env_done(struct env *e)
{
	for (uint32_t i = 0; i < e->list.n; i++)
		free(e->list.v[i]);
	vec_done(&e->list);
}
