/* profd-remote: comment, fetch and alert of `profd ci`. A program of its own, as git's
 * git-remote-https is: profd record must not load a TLS library. */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <profd/ci-forge.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/text.h>

#include "remote.h"

int remote_options(int argc, char **argv, const char *letters, const struct option *words,
		   int (*one)(void *arg, int c), void *arg)
{
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, words, NULL)) != -1) {
		if (c == ':' || c == '?')
			return cmd_usage_error(2, "ci",
					       c == ':' ? "'%s' wants a value"
							: "unknown option '%s'",
					       argv[optind - 1]);
		status = one(arg, c);
		if (status >= 0 || c == 'h')
			return status;
	}
	return -1;
}

int remote_parse_pr(const char *s, uint64_t *ret_pr)
{
	if (number_parse_u64(s, 1, INT64_MAX, ret_pr) == 0)
		return -1;
	return cmd_usage_error(2, "ci", "'%.60s' is not the number of a pull request", s);
}

struct forge *remote_forge(const struct ci_remote *r, struct error *err)
{
	struct forge_options o = {.kind = r->kind,
				  .api = r->api,
				  .repository = r->repository,
				  .token = r->token,
				  .job_token = r->job_token,
				  .backoff_ms = ci_remote_backoff_ms()};

	return forge_new(&o, err);
}

/* GitHub's "Workflow commands": %, CR and LF of the data are escaped; an error's text is one
 * clean line. */
static void annotate(const char *s)
{
	fputs("::warning title=profd::", stdout);
	for (; *s; s++) {
		if (*s == '%')
			fputs("%25", stdout);
		else
			putchar(*s);
	}
	putchar('\n');
}

void remote_warn(const struct error *err)
{
	const char *actions = getenv("GITHUB_ACTIONS");

	fprintf(stderr, "profd: warning: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "profd: hint: %s\n", err->hint);
	if (actions && !strcmp(actions, "true"))
		annotate(err->text);
}

const char *remote_folder(int argc, char **argv)
{
	if (argc <= 1)
		return argc ? argv[0] : "profd-out";
	cmd_usage_error(2, "ci", "one folder of results, not %d", argc);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{"comment", remote_comment},
		{"fetch", remote_fetch},
		{"alert", remote_alert},
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fputs("profd-remote is started by profd only\n", stderr);
	return 2;
}
