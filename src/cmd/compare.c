/* profd compare: two of anything against each other. What they are decides what is done: two
 * commands or two folders with .profd.yml are run in pairs and judged, results are shown
 * beside each other, profiles are handed to profd diff. */
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
	"(verdict.json, or folders with one) beside each other; or shows how two "
	"profiles\n"
	"differ, as profd diff does.\n"
	"\n"
	"      --base-cmd CMD   a command for /bin/sh\n"
	"      --head-cmd CMD   the one that is judged\n";

enum { OPT_BASE_CMD = JUDGE_OWN, OPT_HEAD_CMD };

static const struct option long_options[] = {
	{"base-cmd", required_argument, NULL, OPT_BASE_CMD},
	{"head-cmd", required_argument, NULL, OPT_HEAD_CMD},
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

static int diff(char *base, char *head)
{
	char *argv[] = {(char[]){"diff"}, base, head, NULL};

	optind = 0;
	return cmd_diff(3, argv);
}

static int compare_folders(struct judge_options *o, const char *base, const char *head)
{
	_cleanup_free_ char *b = xasprintf("dir:%s", base);
	_cleanup_free_ char *h = xasprintf("dir:%s", head);

	o->base = b;
	o->head = h;
	return judge(o);
}

static int compare(struct judge_options *o, char *base, char *head)
{
	bool folders = is_folder(base) && is_folder(head);

	if (judge_is_result(base) && judge_is_result(head))
		return judge_results(o, base, head);
	if (folders && holds(head, CONFIG_FILE))
		return compare_folders(o, base, head);
	if (folders && !holds(base, "run.json") && !holds(base, "cpu.pb.gz"))
		return cmd_usage_error(2, "compare",
				       "'%s' has no " CONFIG_FILE ", and '%s' is not the "
				       "result of a recording",
				       head, base);
	return diff(base, head);
}

static int take(struct judge_options *o, int c, char **argv)
{
	switch (c) {
	case OPT_BASE_CMD:
		o->base_cmd = optarg;
		return 0;
	case OPT_HEAD_CMD:
		o->head_cmd = optarg;
		return 0;
	default:
		return judge_option(o, c, argv);
	}
}

static int run(struct judge_options *o, int n, char **argv)
{
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
	return compare(o, argv[0], argv[1]);
}

int cmd_compare(int argc, char **argv)
{
	struct judge_options o = {.command = "compare", .threshold = NAN, .argv = argv};
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
