/* profd ci summary: results on the pages of the CI system. */
#include "ci.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include <profd/ci-summary.h>
#include <profd/ci-text.h>
#include <profd/mem.h>
#include <profd/text.h>

#define DIR_DEFAULT "profd-out"

static const char USAGE[] =
	"usage: profd ci summary [options] [DIR]\n"
	"\n"
	"Writes what the results in DIR (default: profd-out) say, as Markdown, into the\n"
	"file of $GITHUB_STEP_SUMMARY, else to the standard output; and verdict, status\n"
	"and report into $GITHUB_OUTPUT.\n"
	"\n"
	"      --append FILE       add it to this file instead\n"
	"      --annotations       print annotations for GitHub Actions, 10 at most\n"
	"      --artifact-url URL  where the results were uploaded to\n"
	"  -h, --help              this text\n";

enum { OPT_APPEND = 256, OPT_ANNOTATIONS, OPT_URL };

static const struct option long_options[] = {
	{"append", required_argument, NULL, OPT_APPEND},
	{"annotations", no_argument, NULL, OPT_ANNOTATIONS},
	{"artifact-url", required_argument, NULL, OPT_URL},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	const char *append, *url, *dir;
	bool annotations, help;
};

static int parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.dir = DIR_DEFAULT};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_APPEND:
			o->append = optarg;
			break;
		case OPT_ANNOTATIONS:
			o->annotations = true;
			break;
		case OPT_URL:
			o->url = optarg;
			break;
		case 'h':
			o->help = true;
			return 0;
		default:
			return cmd_usage_error(2, "ci",
					       c == ':' ? "'%s' wants a value"
							: "unknown option '%s'",
					       argv[optind - 1]);
		}
	}
	if (optind + 1 < argc)
		return cmd_usage_error(2, "ci", "'%s' is not wanted here",
				       argv[optind + 1]);
	if (optind < argc)
		o->dir = argv[optind];
	return 0;
}

/* What the page may still take: steps may have written on it before. */
static size_t room(const char *path)
{
	struct stat st;
	uint64_t used = path && stat(path, &st) == 0 && st.st_size > 0
				? (uint64_t)st.st_size
				: 0;

	return used < CI_SUMMARY_MAX_BYTES ? CI_SUMMARY_MAX_BYTES - (size_t)used : 0;
}

static void outputs_add(struct text *t, const struct ci_result *r)
{
	_cleanup_free_ char *page = xasprintf("%s/%s", r->dir, ci_result_page(r));
	char status[16];

	snprintf(status, sizeof(status), "%d", ci_result_status(r));
	ci_add_output(t, "verdict", r->judged ? verdict_name(r->outcome.verdict) : "");
	ci_add_output(t, "status", status);
	ci_add_output(t, "report", page);
}

static int publish(const struct options *o, const struct ci_env *env,
		   const struct ci_result *r, struct error *err)
{
	const char *path = o->append ? o->append : env->summary_path;
	const struct ci_summary_options how = {env, o->url, room(path)};
	struct text page = {0}, commands = {0}, outputs = {0};
	int code = 0;

	ci_summary_add(r, &how, &page);
	if (path)
		code = ci_append(path, &page, err);
	else
		fputs(text_get(&page), stdout);
	if (o->annotations)
		ci_annotations_add(r, &commands);
	fputs(text_get(&commands), stdout);
	outputs_add(&outputs, r);
	if (code == 0 && env->output_path)
		code = ci_append(env->output_path, &outputs, err);
	text_done(&page);
	text_done(&commands);
	text_done(&outputs);
	return code;
}

int ci_verb_summary(int argc, char **argv)
{
	struct options o;
	struct error err = {0};
	struct ci_result result;
	struct ci_env env;
	int status = parse_options(&o, argc, argv), code;

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	ci_env_read(&env);
	code = ci_result_load(o.dir, &result, &err);
	if (code == 0)
		code = publish(&o, &env, &result, &err);
	ci_result_done(&result);
	ci_env_done(&env);
	return code < 0 ? cmd_fail(2, &err) : 0;
}
