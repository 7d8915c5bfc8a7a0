/* profd bench: its options. */
#include "bench-priv.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <profd/mem.h>
#include <profd/number.h>

#include "cmd.h"
#include <profd/load.h>

#define RUNS_MAX 100000
#define NICE_LOWEST (-20)
#define NICE_HIGHEST 19

const char BENCH_USAGE[] =
	"usage: profd bench [options] [WORKLOAD...]\n"
	"       profd bench [options] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Runs workloads of .profd.yml, or a command, repeatedly without a profiler, and "
	"tells\n"
	"what they need; then profiles each once.\n"
	"\n"
	"  -n, --runs N          runs of each workload\n"
	"      --warmup N        runs before these, which do not count\n"
	"      --tier TIER       as the file has it for quick, daily or weekly\n"
	"      --tag TAG         only workloads with this tag; again for more tags\n"
	"      --config FILE     instead of .profd.yml here or in the repository's root\n"
	"      --strictness S    of budgets: strict, default, ci, or a number\n"
	"      --pin[=CPUS]      pin what is measured to these CPUs, 0,2-3, or to one\n"
	"      --nice N          its priority\n"
	"      --load N[:NICE]   keep N threads busy meanwhile, as other jobs do in CI\n"
	"      --no-profile      do not profile\n"
	"  -o, --output DIR      folder of the results (profd-out)\n"
	"      --force           write over results that are there\n"
	"      --json            print verdict.json\n"
	"  -q, --quiet           errors only\n"
	"  -h, --help            this text\n"
	"\n"
	"The exit status is 0; 1 when a budget was exceeded and the policy is fail; 2 "
	"for "
	"errors\n"
	"of usage, configuration or profd; 4 when a workload failed or timed out.\n";

enum {
	OPT_WARMUP = 256,
	OPT_TIER,
	OPT_TAG,
	OPT_CONFIG,
	OPT_STRICTNESS,
	OPT_PIN,
	OPT_NICE,
	OPT_LOAD,
	OPT_NO_PROFILE,
	OPT_FORCE,
	OPT_JSON,
};

static const struct option long_options[] = {
	{"runs", required_argument, NULL, 'n'},
	{"warmup", required_argument, NULL, OPT_WARMUP},
	{"tier", required_argument, NULL, OPT_TIER},
	{"tag", required_argument, NULL, OPT_TAG},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"strictness", required_argument, NULL, OPT_STRICTNESS},
	{"pin", optional_argument, NULL, OPT_PIN},
	{"nice", required_argument, NULL, OPT_NICE},
	{"load", required_argument, NULL, OPT_LOAD},
	{"no-profile", no_argument, NULL, OPT_NO_PROFILE},
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int number_option(const char *name, uint64_t min, uint64_t *ret)
{
	if (number_parse_u64(optarg, min, RUNS_MAX, ret) == 0)
		return 0;
	return cmd_usage_error(2, "bench", "%s wants a number from %u to %u, not '%s'",
			       name, (unsigned)min, RUNS_MAX, optarg);
}

static int nice_option(struct bench_args *a)
{
	char *end;
	long v = strtol(optarg, &end, 10);

	if (end == optarg || *end || v < NICE_LOWEST || v > NICE_HIGHEST)
		return cmd_usage_error(2, "bench",
				       "--nice wants a number from %d to %d, not '%s'",
				       NICE_LOWEST, NICE_HIGHEST, optarg);
	a->isolation.nice = (int)v;
	return 0;
}

static int load_option(struct bench_args *a)
{
	if (load_parse(optarg, &a->load_threads, &a->load_nice) == 0)
		return 0;
	return cmd_usage_error(2, "bench",
			       "--load wants threads and their nice, 4 or 4:10, not '%s'",
			       optarg);
}

static int tier_option(struct bench_args *a)
{
	a->choose.has_tier = choose_tier(optarg, &a->choose.tier);
	return a->choose.has_tier
		       ? 0
		       : cmd_usage_error(2, "bench",
					 "'%s' is no tier: quick, daily or weekly",
					 optarg);
}

static void tag_option(struct bench_args *a)
{
	char **tags = (char **)a->choose.tags;

	tags = xreallocarray(tags, a->choose.ntags + 1, sizeof(*tags));
	tags[a->choose.ntags++] = optarg;
	a->choose.tags = tags;
}

static int option_take(struct bench_args *a, int c)
{
	switch (c) {
	case 'n':
		return number_option("--runs", 1, &a->runs);
	case OPT_WARMUP:
		return number_option("--warmup", 0, &a->warmup);
	case OPT_TIER:
		return tier_option(a);
	case OPT_TAG:
		tag_option(a);
		return 0;
	case OPT_CONFIG:
		a->config = optarg;
		return 0;
	case OPT_STRICTNESS:
		a->strictness = optarg;
		return 0;
	case OPT_PIN:
		a->isolation.pin = true;
		a->isolation.cpus = optarg;
		return 0;
	case OPT_NICE:
		return nice_option(a);
	case OPT_LOAD:
		return load_option(a);
	case OPT_NO_PROFILE:
		a->no_profile = true;
		return 0;
	case 'o':
		a->output = optarg;
		return 0;
	case OPT_FORCE:
		a->force = true;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	default:
		a->help = true;
		return 0;
	}
}

/* What stands behind "--" is a command, else names of workloads. */
static int words_take(struct bench_args *a, int n, char **words, bool command)
{
	if (!command) {
		a->choose.names = words;
		a->choose.nnames = (uint32_t)n;
		return 0;
	}
	if (!n)
		return cmd_usage_error(2, "bench", "there is no command behind '%s'",
				       "--");
	if (a->config || a->choose.ntags || a->choose.has_tier)
		return cmd_usage_error(2, "bench",
				       "--config, --tag and --tier are for workloads of "
				       "the file, not for a command");
	a->command = words;
	return 0;
}

static int dashes_find(int argc, char *const *argv)
{
	int i = 1;

	while (i < argc && strcmp(argv[i], "--"))
		i++;
	return i;
}

/* Options may stand before and behind workloads, but what is behind "--" is a command with
 * options of its own. */
int bench_args_parse(struct bench_args *a, int argc, char **argv)
{
	int dashes = dashes_find(argc, argv), c, status = 0;

	*a = (struct bench_args){.runs = UINT64_MAX, .warmup = UINT64_MAX};
	opterr = 0;
	while (!status && !a->help &&
	       (c = getopt_long(dashes, argv, ":n:o:qh", long_options, NULL)) != -1) {
		if (c == ':')
			status = cmd_usage_error(2, "bench", "'%s' wants a value",
						 argv[optind - 1]);
		else if (c == '?')
			status = cmd_usage_error(2, "bench", "unknown option '%s'",
						 argv[optind - 1]);
		else
			status = option_take(a, c);
	}
	if (status || a->help)
		return status;
	if (dashes == argc)
		return words_take(a, argc - optind, argv + optind, false);
	if (optind < dashes)
		return cmd_usage_error(2, "bench",
				       "workloads of the file, or a command behind '--', "
				       "not both");
	return words_take(a, argc - dashes - 1, argv + dashes + 1, true);
}

void bench_args_done(struct bench_args *a)
{
	free((void *)a->choose.tags);
}
