/* profd compare: two of anything against each other. What they are decides what is done: two
 * commands or two folders with .profd.yml are run in pairs and judged, results are shown
 * beside each other, of profiles the functions that differ (compare-profiles.c). */
#include "cmd.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge.h"
#include <profd/mem.h>

static const char USAGE[] =
	"usage: profd compare [options] BASE HEAD\n"
	"       profd compare [options] --base-cmd CMD --head-cmd CMD\n"
	"\n"
	"Compares two folders with the same .profd.yml, or two commands, by running them "
	"in\n"
	"pairs on this machine, and judges as profd gate does; shows two results of "
	"profd\n"
	"(verdict.json, or folders with one) beside each other; or tells which functions "
	"of\n"
	"two profiles differ: files, recordings, or folders of many, which are paired in "
	"the\n"
	"order of their names.\n"
	"\n"
	"      --base-cmd CMD   a command for /bin/sh\n"
	"      --head-cmd CMD   the one that is judged\n"
	"      --all            of profiles: also functions whose change is not certain\n"
	"      --allow-unlike   of profiles: also of unlike engines, events or machines\n"
	"      --value TYPE     which sample type (default: the profile's default)\n"
	"      --unit UNIT      of folded counts: count, nanoseconds or bytes (default:\n"
	"                       count)\n";

enum {
	OPT_BASE_CMD = JUDGE_OWN,
	OPT_HEAD_CMD,
	OPT_ALL,
	OPT_ALLOW_UNLIKE,
	OPT_VALUE,
	OPT_UNIT
};

struct options {
	struct judge_options judge;
	struct compare_profiles profiles;
};

static const struct option long_options[] = {
	{"base-cmd", required_argument, NULL, OPT_BASE_CMD},
	{"head-cmd", required_argument, NULL, OPT_HEAD_CMD},
	{"all", no_argument, NULL, OPT_ALL},
	{"allow-unlike", no_argument, NULL, OPT_ALLOW_UNLIKE},
	{"value", required_argument, NULL, OPT_VALUE},
	{"unit", required_argument, NULL, OPT_UNIT},
	JUDGE_LONG_OPTIONS,
	{0},
};

static bool holds(const char *folder, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);

	return access(path, F_OK) == 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int compare_folders(struct judge_options *o, const char *base, const char *head)
{
	_cleanup_free_ char *b = xasprintf("dir:%s", base);
	_cleanup_free_ char *h = xasprintf("dir:%s", head);

	o->base = b;
	o->head = h;
	return judge(o);
}

static int compare(struct options *o, const char *base, const char *head)
{
	if (judge_is_result(base) && judge_is_result(head))
		return judge_results(&o->judge, base, head);
	if (is_folder(base) && is_folder(head) && holds(head, CONFIG_FILE))
		return compare_folders(&o->judge, base, head);
	if (is_folder(head) && !compare_is_profiles(head))
		return cmd_usage_error(2, "compare",
				       "'%s' has no " CONFIG_FILE
				       ", no verdict.json and no profiles",
				       head);
	return compare_profiles(&o->judge, &o->profiles, base, head);
}

static int take(struct options *o, int c, char **argv)
{
	switch (c) {
	case OPT_BASE_CMD:
		o->judge.base_cmd = optarg;
		return 0;
	case OPT_HEAD_CMD:
		o->judge.head_cmd = optarg;
		return 0;
	case OPT_ALL:
		o->profiles.all = true;
		return 0;
	case OPT_ALLOW_UNLIKE:
		o->profiles.allow_unlike = true;
		return 0;
	case OPT_VALUE:
		o->profiles.value = optarg;
		return 0;
	case OPT_UNIT:
		o->profiles.unit = optarg;
		return 0;
	default:
		return judge_option(&o->judge, c, argv);
	}
}

static int run(struct options *options, int n, char **argv)
{
	struct judge_options *o = &options->judge;

	if (!o->base_cmd != !o->head_cmd)
		return cmd_usage_error(2, "compare",
				       "--base-cmd and --head-cmd go together");
	if (o->base_cmd && n)
		return cmd_usage_error(2, "compare",
				       "'%s' is not wanted beside two "
				       "commands",
				       argv[0]);
	if (o->base_cmd)
		return judge(o);
	if (n != 2)
		return cmd_usage_error(2, "compare",
				       "two folders, results or profiles are wanted");
	return compare(options, argv[0], argv[1]);
}

int cmd_compare(int argc, char **argv)
{
	struct options o = {
		.judge = {.command = "compare", .threshold = NAN, .argv = argv},
		.profiles.unit = "count",
	};
	int c, status = 0;

	opterr = 0;
	while (!status &&
	       (c = getopt_long(argc, argv, ":o:qh", long_options, NULL)) != -1) {
		if (c == 'h') {
			fputs(USAGE, stdout);
			fputs(judge_options_usage, stdout);
			return 0;
		}
		status = take(&o, c, argv);
	}
	return status ? status : run(&o, argc - optind, argv + optind);
}
