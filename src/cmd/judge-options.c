/* Options that gate and compare share. */
#include "judge.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include <profd/load.h>
#include <profd/number.h>

const char judge_options_usage[] =
	"      --strictness S   of budgets: strict, default, ci or a number\n"
	"      --mode MODE      observe, warn or gate\n"
	"      --time-budget D  all of it takes at most so long: 10m\n"
	"      --threshold PCT  instead of the relative thresholds of the file: 5%\n"
	"      --seed N         of the coin that orders the runs\n"
	"      --tier TIER      quick, daily or weekly\n"
	"      --load N[:NICE]  keep N threads busy meanwhile, as other jobs do in CI\n"
	"      --no-profile     profile nothing, whatever stands out\n"
	"  -o, --output DIR     write into DIR (default: profd-out, an earlier one is\n"
	"                       moved to profd-out.old)\n"
	"      --force          write into a directory that holds results\n"
	"      --json           the verdict as JSON on the standard output, schema\n"
	"                       profd.verdict/1\n"
	"  -q, --quiet          only what is wrong\n"
	"  -h, --help           this text\n";

int judge_parse_threshold(const char *s, const char *page, double *ret)
{
	char *end;
	double v = strtod(s, &end);

	if (end != s && (!*end || !strcmp(end, "%")) && v > 0 && v < 100) {
		*ret = v / 100;
		return 0;
	}
	return cmd_usage_error(2, page,
			       "--threshold is a percentage above 0 and below 100, not "
			       "'%s'",
			       s);
}

static int parse_mode(struct judge_options *o, const char *s)
{
	for (enum config_mode m = CONFIG_OBSERVE; m <= CONFIG_GATE; m++) {
		if (strcmp(s, config_mode_word(m)) != 0)
			continue;
		o->mode = m;
		return 0;
	}
	return cmd_usage_error(2, o->command, "--mode is observe, warn or gate, not '%s'",
			       s);
}

static int parse_tier(struct judge_options *o, const char *s)
{
	for (unsigned t = 0; t < CONFIG_TIERS; t++) {
		if (strcmp(s, config_tier_word((enum config_tier)t)) != 0)
			continue;
		o->tier = (enum config_tier)t;
		o->has_tier = true;
		return 0;
	}
	return cmd_usage_error(2, o->command,
			       "--tier is quick, daily or weekly, not '%s'", s);
}

static int parse_time(struct judge_options *o, const char *s)
{
	uint64_t ns;

	if (number_parse_duration_ns(s, &ns) == 0 && ns > 0 &&
	    (double)ns <= CONFIG_DURATION_MAX_S * 1e9) {
		o->time_budget_ns = ns;
		return 0;
	}
	return cmd_usage_error(2, o->command,
			       "--time-budget is a duration like 10m, not "
			       "'%s'",
			       s);
}

static int parse_seed(struct judge_options *o, const char *s)
{
	if (number_parse_u64(s, 0, UINT64_MAX, &o->seed))
		return cmd_usage_error(2, o->command, "--seed wants a number, not '%s'",
				       s);
	o->has_seed = true;
	return 0;
}

static int parse_load(struct judge_options *o, const char *s)
{
	if (load_parse(s, &o->load_threads, &o->load_nice) == 0)
		return 0;
	return cmd_usage_error(2, o->command,
			       "--load wants threads and their nice, 4 or 4:10, not '%s'",
			       s);
}

int judge_option(struct judge_options *o, int c, char *const *argv)
{
	switch (c) {
	case JUDGE_STRICTNESS:
		o->strictness = optarg;
		return 0;
	case JUDGE_MODE:
		return parse_mode(o, optarg);
	case JUDGE_TIME_BUDGET:
		return parse_time(o, optarg);
	case JUDGE_THRESHOLD:
		return judge_parse_threshold(optarg, o->command, &o->threshold);
	case JUDGE_SEED:
		return parse_seed(o, optarg);
	case JUDGE_TIER:
		return parse_tier(o, optarg);
	case JUDGE_LOAD:
		return parse_load(o, optarg);
	case JUDGE_NO_PROFILE:
		o->no_profile = true;
		return 0;
	case JUDGE_FORCE:
		o->force = true;
		return 0;
	case JUDGE_JSON:
		o->json = true;
		return 0;
	case 'o':
		o->output = optarg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ':':
		return cmd_usage_error(2, o->command, "option '%s' needs a value",
				       argv[optind - 1]);
	default:
		return cmd_usage_error(2, o->command, "unknown option '%s'",
				       argv[optind - 1]);
	}
}
