/* profd gate: is this change slower? */
#include "cmd.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

#include "judge.h"
#include <profd/vec.h>

static const char USAGE[] =
	"usage: profd gate [options] [WORKLOAD...]\n"
	"       profd gate --from SHARD... [options]\n"
	"\n"
	"Judges a change by .profd.yml: head, which is the working tree, against its\n"
	"base, in pairs of runs on this machine. The exit status is 0: fine, 1: worse, "
	"2:\n"
	"usage or internal error, 3: no verdict, where the policy makes that count, 4: "
	"head\n"
	"failed or timed out.\n"
	"\n"
	"      --base WHAT      dir:FOLDER, ref:COMMIT or file:RESULT (default: the "
	"target\n"
	"                       branch of a pull request's merge, else the merge base "
	"with\n"
	"                       it)\n"
	"      --bisect         an exit status for git bisect run: 0, 1, 125 or 128\n"
	"      --collect        run and do not judge: one shard of several\n"
	"      --from SHARD     judge what shards have collected\n";

enum { OPT_BASE = JUDGE_OWN, OPT_BISECT, OPT_COLLECT, OPT_FROM };

static const struct option long_options[] = {
	{"base", required_argument, NULL, OPT_BASE},
	{"bisect", no_argument, NULL, OPT_BISECT},
	{"collect", no_argument, NULL, OPT_COLLECT},
	{"from", required_argument, NULL, OPT_FROM},
	JUDGE_LONG_OPTIONS,
	{0},
};

typedef VEC(char *) words;

static int take(struct judge_options *o, words *shards, int c, char **argv)
{
	switch (c) {
	case OPT_BASE:
		if (!strcmp(optarg, "history"))
			return cmd_usage_error(2, "gate",
					       "there is no history yet to be "
					       "the base");
		o->base = optarg;
		return 0;
	case OPT_BISECT:
		o->bisect = true;
		return 0;
	case OPT_COLLECT:
		o->collect = true;
		return 0;
	case OPT_FROM:
		vec_push(shards, optarg);
		return 0;
	default:
		return judge_option(o, c, argv);
	}
}

/* Behind --from, words are further shards: a pattern of the shell's names several. */
static int finish(struct judge_options *o, words *shards, int n, char **argv)
{
	if (!shards->n) {
		o->names = argv;
		o->nnames = (uint32_t)n;
	}
	for (int i = 0; shards->n && i < n; i++)
		vec_push(shards, argv[i]);
	o->shards = shards->v;
	o->nshards = shards->n;
	if (o->collect && (o->bisect || shards->n))
		return cmd_usage_error(2, "gate",
				       "--collect goes with neither --bisect "
				       "nor --from");
	if (o->bisect && !o->base && !shards->n)
		return cmd_usage_error(2, "gate",
				       "--bisect wants the base named that all commits "
				       "are held against, e.g. --base ref:v1.0");
	return 0;
}

int cmd_gate(int argc, char **argv)
{
	struct judge_options o = {.command = "gate", .threshold = NAN, .argv = argv};
	words shards = {0};
	int c, status = 0;

	opterr = 0;
	while (!status &&
	       (c = getopt_long(argc, argv, ":o:qh", long_options, NULL)) != -1) {
		if (c == 'h') {
			fputs(USAGE, stdout);
			fputs(judge_options_usage, stdout);
			vec_done(&shards);
			return 0;
		}
		status = take(&o, &shards, c, argv);
	}
	if (!status)
		status = finish(&o, &shards, argc - optind, argv + optind);
	if (status && o.bisect)
		status = 128;
	else if (!status)
		status = judge(&o);
	vec_done(&shards);
	return status;
}
