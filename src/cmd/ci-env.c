/* profd ci env: what profd makes of the CI system's variables, and no secret. */
#include "ci.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include <profd/ci.h>
#include <profd/json.h>
#include <profd/mem.h>
#include <profd/text.h>

#define SCHEMA "profd.ci-env/1"

static const char USAGE[] =
	"usage: profd ci env [--json]\n"
	"\n"
	"Prints which CI system this is and what it says of this job: the event, the\n"
	"commit, the pull request, pages. The names of variables that hold tokens are\n"
	"printed, their values never.\n"
	"\n"
	"      --json   machine-readable, schema profd.ci-env/1\n"
	"  -h, --help   this text\n";

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static struct json *env_json(const struct ci_env *e)
{
	struct json *j = json_node();

	json_put_str(j, "schema", SCHEMA);
	json_put_str(j, "provider", ci_provider_word(e->provider));
	json_put_str(j, "event", e->event);
	json_put_str(j, "event_path", e->event_path);
	json_put_str(j, "repository", e->repository);
	if (e->pr)
		json_put_u64(j, "pr", e->pr);
	else
		json_put_null(j, "pr");
	json_put_str(j, "sha", e->sha);
	json_put_str(j, "branch", e->branch);
	json_put_str(j, "base_branch", e->base_branch);
	json_put_str(j, "server_url", e->server_url);
	json_put_str(j, "api_url", e->api_url);
	json_put_str(j, "token_variable", e->token_variable);
	json_put_str(j, "run_url", e->run_url);
	json_put_str(j, "artifacts_url", e->artifacts_url);
	json_put_str(j, "workspace", e->workspace);
	return j;
}

static void add_line(struct text *t, const char *name, const char *value)
{
	if (!value)
		return;
	text_addf(t, "%-15s ", name);
	text_add_clean(t, value, strlen(value));
	text_addc(t, '\n');
}

static void env_text(struct text *t, const struct ci_env *e)
{
	char pr[24];

	snprintf(pr, sizeof(pr), "%llu", (unsigned long long)e->pr);
	add_line(t, "provider", ci_provider_word(e->provider));
	add_line(t, "event", e->event);
	add_line(t, "event file", e->event_path);
	add_line(t, "repository", e->repository);
	add_line(t, "pull request", e->pr ? pr : NULL);
	add_line(t, "commit", e->sha);
	add_line(t, "branch", e->branch);
	add_line(t, "base branch", e->base_branch);
	add_line(t, "API", e->api_url);
	add_line(t, "token in", e->token_variable);
	add_line(t, "run", e->run_url);
	add_line(t, "artifacts", e->artifacts_url);
	add_line(t, "workspace", e->workspace);
}

static void print(const struct ci_env *e, bool as_json)
{
	struct text t = {0};
	struct sink_text out;

	sink_text_init(&out, &t);
	if (as_json) {
		struct json *j = env_json(e);

		json_write(j, &out.sink);
		json_free(j);
	} else {
		env_text(&t, e);
	}
	fputs(text_get(&t), stdout);
	text_done(&t);
}

int ci_verb_env(int argc, char **argv)
{
	bool as_json = false;
	struct ci_env e;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		if (c == 'h') {
			fputs(USAGE, stdout);
			return 0;
		}
		if (c != 'j')
			return cmd_usage_error(2, "ci", "unknown option '%s'",
					       argv[optind - 1]);
		as_json = true;
	}
	if (optind < argc)
		return cmd_usage_error(2, "ci", "'%s' is not wanted here", argv[optind]);
	ci_env_read(&e);
	print(&e, as_json);
	ci_env_done(&e);
	return 0;
}
