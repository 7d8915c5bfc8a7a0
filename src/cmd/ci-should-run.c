/* profd ci should-run: has this job anything to measure, and why? */
#include "ci.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include <profd/ci-rules.h>
#include <profd/ci-text.h>
#include <profd/json.h>
#include <profd/text.h>

#define SCHEMA "profd.ci-should-run/1"
#define STATUS_SKIP 10
#define ROOM (2 * CONFIG_TEXTS_MAX) /* for the file's, too */

static const char USAGE[] =
	"usage: profd ci should-run [options]\n"
	"\n"
	"Tells whether this job has anything to measure: run=true or run=false, a "
	"reason,\n"
	"and the tier; also into $GITHUB_OUTPUT. The block 'ci' of .profd.yml has the\n"
	"rules; what is given here is added to them.\n"
	"\n"
	"      --label LABEL   a label that asks for it; may be repeated\n"
	"      --token TEXT    so does a message with it; may be repeated\n"
	"      --path PATTERN  files whose change is measured; may be repeated\n"
	"      --on-demand     only if somebody asks, whatever changes\n"
	"      --event FILE    GitHub's event, instead of $GITHUB_EVENT_PATH\n"
	"      --json          machine-readable, schema profd.ci-should-run/1\n"
	"      --exit-status   exit with 10 when there is nothing to measure\n"
	"  -h, --help          this text\n";

enum {
	OPT_LABEL = 256,
	OPT_TOKEN,
	OPT_PATH,
	OPT_ON_DEMAND,
	OPT_EVENT,
	OPT_JSON,
	OPT_STATUS
};

static const struct option long_options[] = {
	{"label", required_argument, NULL, OPT_LABEL},
	{"token", required_argument, NULL, OPT_TOKEN},
	{"path", required_argument, NULL, OPT_PATH},
	{"on-demand", no_argument, NULL, OPT_ON_DEMAND},
	{"event", required_argument, NULL, OPT_EVENT},
	{"json", no_argument, NULL, OPT_JSON},
	{"exit-status", no_argument, NULL, OPT_STATUS},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	struct config_texts labels, tokens, paths; /* with room for ROOM */
	const char *event;
	bool on_demand, json, status, help;
};

/* --- options ------------------------------------------------------------------------ */

/* An empty one would match everything. */
static int add(struct config_texts *list, const char *what)
{
	if (!*what || list->n == CONFIG_TEXTS_MAX)
		return cmd_usage_error(2, "ci should-run",
				       *what ? "more than %d of one option"
					     : "an empty text asks for nothing",
				       CONFIG_TEXTS_MAX);
	if (!list->v)
		list->v = xcalloc(ROOM, sizeof(*list->v));
	list->v[list->n++] = what;
	return 0;
}

static int parse_option(struct options *o, int c, char **argv)
{
	switch (c) {
	case OPT_LABEL:
		return add(&o->labels, optarg);
	case OPT_TOKEN:
		return add(&o->tokens, optarg);
	case OPT_PATH:
		return add(&o->paths, optarg);
	case OPT_ON_DEMAND:
		o->on_demand = true;
		return 0;
	case OPT_EVENT:
		o->event = optarg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_STATUS:
		o->status = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return cmd_usage_error(2, "ci should-run", "'%s' wants a value",
				       argv[optind - 1]);
	default:
		return cmd_usage_error(2, "ci should-run", "unknown option '%s'",
				       argv[optind - 1]);
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status = 0;

	opterr = 0;
	while (!status && !o->help &&
	       (c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1)
		status = parse_option(o, c, argv);
	if (!status && !o->help && optind < argc)
		status = cmd_usage_error(2, "ci should-run", "'%s' is not wanted here",
					 argv[optind]);
	return status;
}

/* --- answers ------------------------------------------------------------------------ */

static const char *fork_word(enum ci_answer fork)
{
	return fork == CI_NOT_SAID ? "unknown" : fork == CI_YES ? "true" : "false";
}

static void answer_lines(struct text *t, const struct ci_event *e,
			 const struct ci_decision *d)
{
	char pr[24] = "";

	if (e->pr)
		snprintf(pr, sizeof(pr), "%llu", (unsigned long long)e->pr);
	ci_add_output(t, "run", d->run ? "true" : "false");
	ci_add_output(t, "reason", d->reason);
	ci_add_output(t, "tier", config_tier_word(d->tier));
	ci_add_output(t, "pr", pr);
	ci_add_output(t, "fork", fork_word(e->fork));
}

static void answer_json(struct text *t, const struct ci_event *e,
			const struct ci_decision *d)
{
	struct json *j = json_node();
	struct sink_text out;

	sink_text_init(&out, t);
	json_put_str(j, "schema", SCHEMA);
	json_put_bool(j, "run", d->run);
	json_put_str(j, "reason", d->reason);
	json_put_str(j, "tier", config_tier_word(d->tier));
	json_put_str(j, "event", e->name);
	if (e->pr)
		json_put_u64(j, "pr", e->pr);
	else
		json_put_null(j, "pr");
	if (e->fork == CI_NOT_SAID)
		json_put_null(j, "fork");
	else
		json_put_bool(j, "fork", e->fork == CI_YES);
	json_put_str(j, "sha", e->head_sha);
	json_write(j, &out.sink);
	json_free(j);
}

static int tell(const struct options *o, const struct ci_env *env,
		const struct ci_event *e, const struct ci_decision *d, struct error *err)
{
	struct text lines = {0}, shown = {0};
	int code = 0;

	answer_lines(&lines, e, d);
	if (o->json)
		answer_json(&shown, e, d);
	fputs(text_get(o->json ? &shown : &lines), stdout);
	if (env->output_path)
		code = ci_append(env->output_path, &lines, err);
	text_done(&lines);
	text_done(&shown);
	return code;
}

/* --- the rules ------------------------------------------------------------------------ */

/* What was given, and what the file has behind it. */
static void join(struct config_texts *given, struct config_texts *rules)
{
	if (!given->n)
		return;
	if (rules->n)
		memcpy(given->v + given->n, rules->v, rules->n * sizeof(*rules->v));
	given->n += rules->n;
	*rules = *given;
}

/* @ret_config may become NULL: without a file the defaults hold. */
static int rules_read(struct options *o, struct config **ret_config,
		      struct config_ci *ret)
{
	_cleanup_free_ char *path = config_find(NULL);
	struct config_problems problems = {0};

	*ret_config = NULL;
	if (path && config_read(path, ret_config, &problems) < 0) {
		cmd_problems(&problems);
		config_problems_done(&problems);
		return 2;
	}
	*ret = *ret_config ? (*ret_config)->ci : config_ci_default;
	join(&o->labels, &ret->labels);
	join(&o->tokens, &ret->tokens);
	join(&o->paths, &ret->paths);
	return 0;
}

/* --event is GitHub's, wherever it is looked at. */
static void use_event(struct ci_env *env, const char *path)
{
	const char *name = getenv("GITHUB_EVENT_NAME");

	if (!path)
		return;
	free(env->event_path);
	env->event_path = xstrdup(path);
	if (env->provider == CI_GITHUB)
		return;
	env->provider = CI_GITHUB;
	free(env->event);
	env->event = name ? xstrdup(name) : NULL;
}

static int decide(struct options *o, const struct ci_env *env, struct error *err)
{
	struct config *config = NULL;
	struct config_ci rules;
	struct ci_decision d = {0};
	struct ci_changes changes = {0};
	struct ci_event e;
	int status = rules_read(o, &config, &rules), code;

	if (status)
		return status;
	code = ci_event_read(env, &e, err);
	if (code == 0) {
		ci_changes_read(".", env, &e, &changes);
		ci_decide(&rules, o->on_demand, &e, &changes, &d);
		code = tell(o, env, &e, &d, err);
	}
	ci_changes_done(&changes);
	ci_event_done(&e);
	config_free(config);
	if (code < 0)
		return cmd_fail(2, err);
	return o->status && !d.run ? STATUS_SKIP : 0;
}

int ci_verb_should_run(int argc, char **argv)
{
	struct options o = {0};
	struct error err = {0};
	struct ci_env env = {0};
	int status = parse_options(&o, argc, argv);

	if (!status && o.help) {
		fputs(USAGE, stdout);
	} else if (!status) {
		ci_env_read(&env);
		use_event(&env, o.event);
		status = decide(&o, &env, &err);
		ci_env_done(&env);
	}
	free(o.labels.v);
	free(o.tokens.v);
	free(o.paths.v);
	return status;
}
