/* profd config check: is .profd.yml right, and what does it say? */
#include "cmd.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config-print.h"
#include <profd/bench-events.h>

static const char USAGE[] =
	"usage: profd config check [options] [FILE]\n"
	"\n"
	"Reads .profd.yml of the current folder, else of the repository's root, and "
	"prints\n"
	"what it says: workloads and their variants, metrics, limits, what they lead "
	"to.\n"
	"\n"
	"      --json   machine-readable, schema profd.config/1\n"
	"  -q, --quiet  errors only\n"
	"  -h, --help   this text\n"
	"\n"
	"The exit status is 0, or 2 when the file is not as it should be: then all that "
	"is\n"
	"wrong with it was printed, as FILE:LINE:COLUMN: ... profd.yml(5) describes "
	"it.\n";

enum { OPT_JSON = 256 };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	bool json, quiet, help;
	const char *file; /* NULL: find it */
};

static int parse_words(struct options *o, int n, char **words)
{
	if (!n || strcmp(words[0], "check") != 0)
		return cmd_usage_error(2, "config",
				       n ? "there is no 'profd config %s'"
					 : "'profd config%s' wants a verb: "
					   "check",
				       n ? words[0] : "");
	if (n > 2)
		return cmd_usage_error(2, "config", "'%s' is not wanted here", words[2]);
	o->file = n == 2 ? words[1] : NULL;
	return 0;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){0};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":qh", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_JSON:
			o->json = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'h':
			o->help = true;
			return 0;
		default:
			return cmd_usage_error(2, "config", "unknown option '%s'",
					       argv[optind - 1]);
		}
	}
	return parse_words(o, argc - optind, argv + optind);
}

static void print_json(struct json *j)
{
	struct text t = {0};
	struct sink_text out;

	sink_text_init(&out, &t);
	json_write(j, &out.sink);
	fputs(text_get(&t), stdout);
	text_done(&t);
	json_free(j);
}

static void print_config(const struct options *o, const struct config *c)
{
	struct text t = {0};

	if (o->json) {
		print_json(config_json(c));
	} else if (!o->quiet) {
		config_describe(c, &t);
		fputs(text_get(&t), stdout);
		text_done(&t);
	}
}

static int check(const struct options *o, const char *path)
{
	struct config_problems problems = {0};
	struct config *c = NULL;
	int code = config_read(path, &c, &problems);

	if (code == 0)
		code = bench_events_check(c, &problems);
	if (code < 0 && o->json)
		print_json(config_problems_json(path, &problems));
	if (code < 0)
		cmd_problems(&problems);
	else
		print_config(o, c);
	config_problems_done(&problems);
	config_free(c);
	return code < 0 ? 2 : 0;
}

int cmd_config(int argc, char **argv)
{
	struct options o;
	struct error err = {0};
	int status = parse_options(&o, argc, argv);
	char *found;

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	if (o.file)
		return check(&o, o.file);
	found = config_find(&err);
	if (!found)
		return cmd_fail(2, &err);
	status = check(&o, found);
	free(found);
	return status;
}
