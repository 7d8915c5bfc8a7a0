/* profd selftest --aa: how often is a gate wrong on this machine, and what can it find? */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include <profd/choose.h>
#include <profd/clock.h>
#include <profd/figure.h>
#include <profd/json.h>
#include <profd/number.h>
#include <profd/outcome-io.h>
#include <profd/selftest.h>
#include <profd/text.h>

#define MINUTES_DEFAULT 10

static const char USAGE[] =
	"usage: profd selftest --aa [options] [WORKLOAD...]\n"
	"\n"
	"Runs gates of the workloads of .profd.yml against a copy of themselves, one "
	"after\n"
	"another. Every regression that they find is a false alarm. Tells how many there "
	"were,\n"
	"how noisy the metrics are here, and from which threshold on a gate is worth "
	"it.\n"
	"\n"
	"      --aa             the only test there is\n"
	"      --minutes N      for so long (default: 10)\n"
	"      --gates N        so many gates (default: as many as fit)\n"
	"      --seed N         of the first gate's coin\n"
	"      --json           machine-readable, schema profd.selftest/1\n"
	"  -q, --quiet          no progress\n"
	"  -h, --help           this text\n";

enum { OPT_AA = 256, OPT_MINUTES, OPT_GATES, OPT_SEED, OPT_JSON };

static const struct option long_options[] = {
	{"aa", no_argument, NULL, OPT_AA},
	{"minutes", required_argument, NULL, OPT_MINUTES},
	{"gates", required_argument, NULL, OPT_GATES},
	{"seed", required_argument, NULL, OPT_SEED},
	{"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* The thresholds of the table, in percents. */
static const unsigned thresholds[] = {1, 2, 3, 5, 10, 15, 20, 30, 50};

struct options {
	bool aa, json, quiet, help;
	uint64_t minutes, gates, seed; /* 0: not said */
	char **names;
	int n;
};

struct selftesting {
	const struct options *o;
	struct config *config;
	struct checkout sides;
	bool has_sides, *chosen;
	struct gate_bench *bench;
	struct gate_runner runner;
	struct selftest found;
	struct judge_say say;
	struct outcome environment; /* of the machine, and what failed */
	bool failed;
	struct error err;
};

/* --- running ------------------------------------------------------------------------- */

static int prepare(struct selftesting *s)
{
	const struct choose how = {.names = s->o->names, .nnames = (uint32_t)s->o->n};
	_cleanup_free_ char *path = config_find(&s->err), *folder = NULL;
	const char *slash;
	int code;

	if (!path)
		return s->err.code;
	s->config = judge_config_read(path);
	if (!s->config)
		return -EINVAL;
	s->chosen = xcalloc((size_t)s->config->nworkloads + 1, sizeof(*s->chosen));
	code = choose_workloads(s->config, &how, s->chosen, &s->err);
	if (code < 0)
		return code;
	slash = strrchr(path, '/');
	folder = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
	s->has_sides = true;
	code = checkout_open(&s->sides, folder, "self:", NULL, &s->err);
	if (code == 0)
		code = checkout_make(&s->sides, &s->config->build, &s->err);
	if (code == 0 && s->sides.head.broken)
		code = error_set(&s->err, -EIO, "it does not build: %s",
				 s->sides.head.what);
	return code;
}

static void open_runner(struct selftesting *s)
{
	const struct gate_bench_options o = {
		.config = s->config,
		.bench = {.log_fd = -1},
		.checkout = &s->sides,
		.roots = {s->sides.base.root, s->sides.base.root, s->sides.head.root},
		.progress = judge_say_progress,
		.arg = &s->say,
	};

	judge_say_init(&s->say, s->config, s->o->quiet || s->o->json);
	s->bench = gate_bench_open(&o, &s->runner);
}

static bool any_failed(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		if (o->workloads[i].nfailures)
			return true;
	}
	return false;
}

static void say_gate(const struct selftesting *s, const struct outcome *o)
{
	struct text t = {0};

	if (s->o->quiet || s->o->json)
		return;
	outcome_counts(&t, o);
	fprintf(stderr, "profd: gate %u: %s\n", s->found.gates, text_get(&t));
	text_done(&t);
}

static int one_gate(struct selftesting *s, uint64_t seed)
{
	const struct gate_options g = {
		.config = s->config,
		.chosen = s->o->n ? s->chosen : NULL,
		.mode = CONFIG_GATE,
		.threshold = NAN,
		.strictness = 1,
		.seed = seed,
	};
	struct outcome o = {0};
	int code = gate_judge(&g, &s->runner, &o, &s->err);

	judge_say_end(&s->say);
	if (code == 0 && any_failed(&o)) {
		judge_say_outcome(&(struct judge_options){.quiet = true}, &o, NULL);
		code = error_set(&s->err, -EIO, "a workload did not end well");
		s->failed = true;
	}
	if (code == 0) {
		selftest_add(&s->found, &o);
		say_gate(s, &o);
	}
	outcome_done(&o);
	return code;
}

/* Another one, if it will end in time by what those before it took. */
static bool is_time_left(const struct selftesting *s, uint64_t start_ns)
{
	uint64_t minutes = s->o->minutes ? s->o->minutes
			   : s->o->gates ? 0
					 : MINUTES_DEFAULT;
	double spent_s = (double)(clock_now_ns() - start_ns) / 1e9;

	if (s->o->gates && s->found.gates >= s->o->gates)
		return false;
	if (!minutes || !s->found.gates)
		return true;
	return spent_s + spent_s / s->found.gates <= (double)minutes * 60;
}

/* An alarm does not stop it: the rate is asked for. */
static int run(struct selftesting *s)
{
	uint64_t start_ns = clock_now_ns(), seed = s->o->seed ? s->o->seed : start_ns;
	int code = 0;

	while (code == 0 && is_time_left(s, start_ns))
		code = one_gate(s, seed + s->found.gates);
	s->found.seconds = (double)(clock_now_ns() - start_ns) / 1e9;
	return code;
}

/* --- telling ------------------------------------------------------------------------- */

static void put_metric(struct json *list, const struct selftest *f,
		       const struct selftest_metric *m)
{
	struct json *j = json_node(), *table = json_list();
	uint32_t worth = selftest_worth(f, m);

	json_put_str(j, "workload", m->workload);
	json_put_str(j, "name", m->name);
	json_put_bool(j, "gating", m->gating);
	json_put_num(j, "threshold", m->threshold);
	json_put_num(j, "spread", selftest_spread(m));
	json_put_num(j, "worth_from", worth ? worth / 100. : NAN);
	for (size_t i = 0; i < ARRAY_SIZE(thresholds); i++) {
		struct json *row = json_node();
		double t = thresholds[i] / 100.;

		json_put_num(row, "threshold", t);
		json_put_num(row, "power_at_twice", selftest_power(f, m, t, 2 * t));
		json_put_num(row, "power_at_it", selftest_power(f, m, t, t));
		json_put(table, NULL, row);
	}
	json_put(j, "power", table);
	json_put(list, NULL, j);
}

static void print_json(const struct selftesting *s)
{
	const struct selftest *f = &s->found;
	struct json *j = json_node(), *list = json_list();
	struct sink_text out;
	struct text t = {0};

	json_put_str(j, "schema", "profd.selftest/1");
	json_put_u64(j, "gates", f->gates);
	json_put_u64(j, "false_alarms", f->alarms);
	json_put_num(j, "false_alarms_at_most", selftest_bound(f));
	json_put_u64(j, "suspected", f->suspected);
	json_put_u64(j, "decided", f->decided);
	json_put_u64(j, "inconclusive", f->inconclusive);
	json_put_u64(j, "untrusted", f->untrusted);
	json_put_u64(j, "family", f->family);
	json_put_u64(j, "pairs_max", f->pairs_max);
	json_put_num(j, "minutes", f->seconds / 60);
	json_put_str(j, "testbed", s->environment.environment.testbed);
	for (uint32_t i = 0; i < f->metrics.n; i++)
		put_metric(list, f, &f->metrics.v[i]);
	json_put(j, "metrics", list);
	sink_text_init(&out, &t);
	json_write(j, &out.sink);
	fputs(text_get(&t), stdout);
	text_done(&t);
	json_free(j);
}

static void print_metric(const struct selftest *f, const struct selftest_metric *m)
{
	uint32_t worth = selftest_worth(f, m);

	printf("%-20s %-12s %5.1f %%  ", m->workload, m->name, 100 * selftest_spread(m));
	for (size_t i = 0; i < ARRAY_SIZE(thresholds); i++) {
		double t = thresholds[i] / 100.;

		printf(" %4.0f", 100 * selftest_power(f, m, t, 2 * t));
	}
	if (worth)
		printf("   from %u %%\n", worth);
	else
		printf("   none\n");
}

static void print_text(const struct selftest *f)
{
	struct text t = {0};

	figure_add_duration(&t, f->seconds);
	printf("%u gates against a copy in %s: %u false alarm%s, which is at most %.2g "
	       "%% of "
	       "gates\n(95 %% bound). %u suspected at first; of the metrics that may "
	       "fail "
	       "%u were\ndecided, %u inconclusive, %u untrusted.\n",
	       f->gates, text_get(&t), f->alarms, f->alarms == 1 ? "" : "s",
	       100 * selftest_bound(f), f->suspected, f->decided, f->inconclusive,
	       f->untrusted);
	text_done(&t);
	if (!f->metrics.n)
		return;
	printf("\n%-20s %-12s %7s   found of 100, if it is twice the threshold of\n",
	       "workload", "metric", "noise");
	printf("%-20s %-12s %7s  ", "", "", "");
	for (size_t i = 0; i < ARRAY_SIZE(thresholds); i++)
		printf(" %3u%%", thresholds[i]);
	printf("   worth it\n");
	for (uint32_t i = 0; i < f->metrics.n; i++)
		print_metric(f, &f->metrics.v[i]);
}

/* --- all of it ----------------------------------------------------------------------- */

static int parse_number(const char *name, const char *s, uint64_t *ret)
{
	if (!number_parse_u64(s, 1, 1000000, ret))
		return 0;
	return cmd_usage_error(2, "selftest", "%s wants a number from 1 on, not '%s'",
			       name, s);
}

static int take(struct options *o, int c, char **argv)
{
	switch (c) {
	case OPT_AA:
		o->aa = true;
		return 0;
	case OPT_MINUTES:
		return parse_number("--minutes", optarg, &o->minutes);
	case OPT_GATES:
		return parse_number("--gates", optarg, &o->gates);
	case OPT_SEED:
		return parse_number("--seed", optarg, &o->seed);
	case OPT_JSON:
		o->json = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return cmd_usage_error(2, "selftest",
				       "unknown option, or one without its "
				       "value: '%s'",
				       argv[optind - 1]);
	}
}

static int parse(struct options *o, int argc, char **argv)
{
	int c, status = 0;

	*o = (struct options){0};
	opterr = 0;
	while (!status && !o->help &&
	       (c = getopt_long(argc, argv, ":qh", long_options, NULL)) != -1)
		status = take(o, c, argv);
	o->names = argv + optind;
	o->n = argc - optind;
	if (!status && !o->help && !o->aa)
		status = cmd_usage_error(2, "selftest", "which test? There is --aa");
	return status;
}

static int selftest(struct selftesting *s)
{
	int code = prepare(s), sig;

	testbed_read(&s->environment.arena, &s->environment.environment);
	if (code == 0) {
		open_runner(s);
		code = run(s);
	}
	sig = code == -EINTR ? bench_interrupted() : 0;
	if (s->found.gates && s->o->json)
		print_json(s);
	else if (s->found.gates)
		print_text(&s->found);
	if (code < 0 && code != -EINTR && s->err.text[0])
		cmd_fail(2, &s->err);
	fflush(stdout);
	gate_bench_close(s->bench);
	if (s->has_sides)
		checkout_close(&s->sides);
	if (sig)
		raise(sig);
	return code == 0 ? 0 : s->failed ? 4 : 2;
}

int cmd_selftest(int argc, char **argv)
{
	struct options o;
	struct selftesting s = {.o = &o};
	int status = parse(&o, argc, argv);

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	status = selftest(&s);
	selftest_done(&s.found);
	outcome_done(&s.environment);
	config_free(s.config);
	free(s.chosen);
	return status;
}
