/* Sample outcomes: one with every verdict, a plain gate, a bench, one of exact metrics and
 * differences, one with hostile texts, and one in which nothing is known. */
#include "outcomes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/mem.h>

#define NEW(o, T, n) ((T *)arena_alloc(&(o)->arena, (n) * sizeof(T)))

/* A number of [0, 1), by the same dice every time. */
static double dice(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) / (double)(UINT64_C(1) << 53);
}

static void fill_values(struct outcome *o, struct outcome_metric *m, uint32_t n,
			double noise)
{
	struct trial_pair *v = NEW(o, struct trial_pair, n);
	uint64_t state = 7 + n;

	for (uint32_t i = 0; i < n; i++) {
		v[i].base = m->base * (1 + noise * (dice(&state) - .5));
		v[i].head = m->head * (1 + noise * (dice(&state) - .5));
	}
	m->values = v;
	m->nvalues = m->pairs = n;
}

static void fill_triplets(struct outcome *o, struct outcome_metric *m)
{
	double(*v)[3] = arena_alloc(&o->arena, TRIAL_TRIPLETS * sizeof(*v));
	uint64_t state = 3;

	for (uint32_t i = 0; i < TRIAL_TRIPLETS; i++) {
		v[i][0] = m->base * (1 + .05 * dice(&state));
		v[i][1] = m->base * (1 + .05 * dice(&state));
		v[i][2] = m->head * (1 + .05 * dice(&state));
	}
	m->triplets = (const double(*)[3])v;
	m->ntriplets = TRIAL_TRIPLETS;
}

static struct outcome_interval interval(double change, double half)
{
	return (struct outcome_interval){change, change - half, change + half, .95};
}

static struct outcome_metric metric(const char *name, const char *unit, double base,
				    double change)
{
	struct outcome_interval unknown = {NAN, NAN, NAN, NAN};

	return (struct outcome_metric){
		.name = name,
		.unit = unit,
		.stat = "median",
		.ratio = true,
		.verdict = VERDICT_PASS,
		.threshold = .1,
		.threshold_units = NAN,
		.base = base,
		.head = base * (1 + change),
		.decided = interval(change, .016),
		.first = unknown,
		.lower = change - .021,
		.lower_level = 1 - .005 / 9,
		.upper = change + .019,
		.upper_level = 1 - .05 / 3,
		.spread = .024,
		.detectable = .031,
		.pairs_needed = 12,
		.drift = interval(.001, .011),
	};
}

static void fill_frame(struct outcome *o, const char *command)
{
	o->command = command;
	o->version = "0.1";
	o->id = "20261130T222434Z-9c2098f3";
	o->reproduce = "profd gate --base ref:dce9911 sort";
	o->mode = "gate";
	o->tier = "quick";
	o->run_url = "https://ci.example.org/runs/17";
	o->strictness = 2;
	o->strictness_from = "CI";
	o->start_ns = 1796077474123456789u;
	o->end_ns = o->start_ns + 272000000000u;
	o->base = (struct outcome_side){
		.label = "HEAD^1",
		.commit = "dce9911000000000000000000000000000000001",
		.subject = "README: a line that was too long",
		.branch = "main",
		.root = "/tmp/profd-base",
		.built = true,
		.from_cache = true,
		.build_seconds = 12.5};
	o->head = (struct outcome_side){
		.label = "HEAD",
		.commit = "9c2098f300000000000000000000000000000002",
		.subject = "sort: compare by the second key, too",
		.branch = "faster-sort",
		.root = "/tmp/profd-head",
		.dirty = true,
		.built = true,
		.build_seconds = 14.25};
	o->plan = (struct outcome_plan){.alpha = .005,
					.time_budget_s = 600,
					.family = 3,
					.pairs_first = 11,
					.pairs_max = 40,
					.seed = 0xfedcba9876543210,
					.planned_s = 310,
					.spent_s = 272.4};
	o->environment = (struct outcome_environment){
		.testbed = "AMD EPYC 7763 x2, Linux 6.1, glibc 2.36, x86_64",
		.cpu = "AMD EPYC 7763 64-Core Processor",
		.kernel = "6.1.0-28-amd64",
		.libc = "glibc 2.36",
		.image = "ubuntu24 20261101.1",
		.arch = "x86_64",
		.host = "runner-3",
		.governor = "performance",
		.cpus = 2,
		.load = .42,
		.steal = .0123,
		.busy_others = .034,
		.mhz_min = 2445.1,
		.mhz_max = 3241.9,
		.memory_bytes = 8322318336u};
}

static void fill_isolation(struct outcome *o)
{
	struct outcome_isolation *v = NEW(o, struct outcome_isolation, 3);

	v[0] = (struct outcome_isolation){"pinning", "CPU 1; profd on CPU 0", true};
	v[1] = (struct outcome_isolation){"priority", "nice -10: Permission denied",
					  false};
	v[2] = (struct outcome_isolation){"ASLR", "on, with a padding of each pair",
					  true};
	o->isolation = v;
	o->nisolation = 3;
}

static void fill_waits(struct outcome *o, struct outcome_workload *w)
{
	struct outcome_function *v = NEW(o, struct outcome_function, 1);
	struct outcome_evidence *e = NEW(o, struct outcome_evidence, 3);

	v[0] = (struct outcome_function){.name = "waiting for a lock in cache_get",
					 .file = "src/cache.c",
					 .line = 40,
					 .rank = 1,
					 .change_s = .052,
					 .low_s = .041,
					 .high_s = .063,
					 .level = .99,
					 .kind = "changed",
					 .caller = "cache_get",
					 .named = true,
					 .head_s = .052,
					 .total_change_s = .052,
					 .total_low_s = .043,
					 .total_high_s = .061};
	e[0] = (struct outcome_evidence){"wall", "s", .5, .56, {.06, .05, .07, .95}};
	e[1] = (struct outcome_evidence){
		"off_cpu", "s", 0, .052, {.052, .043, .061, .95}};
	e[2] = (struct outcome_evidence){
		"page_faults", "", 1200, 1210, {10, -INFINITY, INFINITY, .95}};
	w->waits = v;
	w->nwaits = 1;
	w->evidence = e;
	w->nevidence = 3;
}

static void fill_functions(struct outcome *o, struct outcome_workload *w)
{
	struct outcome_function *v = NEW(o, struct outcome_function, 2);

	v[0] = (struct outcome_function){.name = "compare_keys",
					 .file = "src/sort.c",
					 .module = "sort",
					 .line = 118,
					 .rank = 1,
					 .change_s = .0412,
					 .low_s = .0385,
					 .high_s = .0441,
					 .level = .95,
					 .kind = "changed",
					 .named = true,
					 .touched = true,
					 .base_s = .1,
					 .head_s = .1412,
					 .share = .25,
					 .total_change_s = .0412,
					 .total_low_s = .038,
					 .total_high_s = .0445};
	v[1] = (struct outcome_function){.name = "std::vector<int>::push_back",
					 .rank = 2,
					 .change_s = -.0031,
					 .low_s = -.0049,
					 .high_s = -.0012,
					 .level = .95,
					 .kind = "moved",
					 .with = "std::vector<int>::emplace_back",
					 .base_s = .01,
					 .head_s = .0069,
					 .share = .01,
					 .total_change_s = 0,
					 .total_low_s = -.002,
					 .total_high_s = .002};
	w->function_pairs = 12;
	w->residual_s = (struct outcome_interval){.0012, -.002, .0044, .95};
	w->functions_note =
		"1 of 2 functions that the change touches was never sampled.\n";
	w->touched = 2;
	w->touched_sampled = 1;
	w->functions = v;
	w->nfunctions = 2;
	fill_waits(o, w);
}

/* Strictness is for times and rates. */
static struct outcome_metric budgeted(struct outcome_metric m, double actual,
				      double base_limit, const char *text)
{
	double by = strcmp(m.unit, "B") ? 2 : 1;
	bool at_least = text[0] == '>';

	m.budget = (struct outcome_budget){.given = true,
					   .at_least = at_least,
					   .limit = at_least ? base_limit / by
							     : base_limit * by,
					   .base_limit = base_limit,
					   .multiplier = by,
					   .actual = actual,
					   .text = text};
	m.budget.exceeded = m.budget.at_least ? actual < m.budget.limit
					      : actual > m.budget.limit;
	return m;
}

/* --- the samples -------------------------------------------------------------------- */

static void sort_metrics(struct outcome *o, struct outcome_workload *w)
{
	struct outcome_metric *m = NEW(o, struct outcome_metric, 4);

	m[0] = metric("cpu", "s", .5123, .079);
	m[0].verdict = VERDICT_REGRESSION;
	m[0].effect = OUTCOME_FAILS;
	m[0].gating = m[0].confirmed = true;
	m[0].threshold = .05;
	m[0].first = interval(.093, .018);
	fill_triplets(o, &m[0]);
	fill_values(o, &m[0], 20, .05);
	m[1] = budgeted(metric("wall", "s", .01421, .078), .01532, .005, "<= 5ms");
	m[1].verdict = VERDICT_INCONCLUSIVE;
	m[1].reason = REASON_NOT_REPRODUCED;
	m[1].effect = OUTCOME_FAILS;
	m[1].lower = -INFINITY;
	m[1].pairs_needed = UINT32_MAX;
	fill_values(o, &m[1], 20, .2);
	m[2] = budgeted(metric("max_rss", "B", 41943040, -.002), 41859153, 183500800,
			"<= 175MB");
	fill_values(o, &m[2], 20, .001);
	m[3] = budgeted(metric("items_per_s", "/s", 2100000, .123), 2358300, 3000000,
			">= 3M/s");
	m[3].bigger_is_better = true;
	m[3].verdict = VERDICT_IMPROVEMENT;
	fill_values(o, &m[3], 20, .03);
	w->metrics = m;
	w->nmetrics = 4;
}

static void sample_gate(struct outcome *o)
{
	static const char *notes[] = {
		"The base's build was taken from the cache.",
		"5 of 40 pairs ran while others used over 5 % of the CPUs."};
	struct outcome_workload *w = NEW(o, struct outcome_workload, 2);
	struct outcome_limit_change *c = NEW(o, struct outcome_limit_change, 1);
	struct outcome_metric *m = NEW(o, struct outcome_metric, 1);

	fill_frame(o, "gate");
	fill_isolation(o);
	w[0] = (struct outcome_workload){.name = "sort[1000]",
					 .group = "sort",
					 .variant = "1000",
					 .command = "./sort --items 1000",
					 .description = "A thousand items",
					 .verdict = VERDICT_REGRESSION,
					 .effect = OUTCOME_FAILS,
					 .runs = 104,
					 .pairs = 20,
					 .warmup = 1,
					 .seconds = 61.3,
					 .base_profile = "sort-1000/base",
					 .head_profile = "sort-1000/head"};
	sort_metrics(o, &w[0]);
	fill_functions(o, &w[0]);
	m[0] = metric("cpu", "s", 2.25, .003);
	m[0].gating = true;
	fill_values(o, &m[0], 11, .02);
	w[1] = (struct outcome_workload){.name = "parse",
					 .group = "parse",
					 .variant = "",
					 .command = "./parse big.json",
					 .verdict = VERDICT_PASS,
					 .metrics = m,
					 .nmetrics = 1,
					 .runs = 24,
					 .pairs = 11,
					 .warmup = 1,
					 .seconds = 55};
	c[0] = (struct outcome_limit_change){"sort", "cpu", "threshold", "3%", "5%"};
	o->limit_changes = c;
	o->nlimit_changes = 1;
	o->notes = notes;
	o->nnotes = 2;
	o->workloads = w;
	o->nworkloads = 2;
	o->verdict = VERDICT_REGRESSION;
	o->effect = OUTCOME_FAILS;
	o->exit_status = 1;
}

/* One workload for each verdict there is. */
static void sample_verdicts(struct outcome *o)
{
	struct outcome_workload *w = NEW(o, struct outcome_workload, VERDICT_TIMEOUT + 1);
	struct outcome_failure *f = NEW(o, struct outcome_failure, 2);

	fill_frame(o, "compare");
	o->mode = "warn";
	f[0] = (struct outcome_failure){"head", "exit status 3", "cannot open data\n", 4};
	f[1] = (struct outcome_failure){"base", "no end within 120 s", "", 1};
	for (unsigned v = 0; v <= VERDICT_TIMEOUT; v++) {
		struct outcome_metric *m = NEW(o, struct outcome_metric, 1);

		m[0] = metric("cpu", "s", .25, .01 * v - .03);
		m[0].verdict = (enum verdict)v;
		m[0].reason = (enum verdict_reason)(v % (REASON_TIME + 1));
		m[0].effect = (enum outcome_effect)(v % 3);
		m[0].gating = v % 2;
		fill_values(o, &m[0], 5, .1);
		w[v] = (struct outcome_workload){.name = verdict_name((enum verdict)v),
						 .group = "all",
						 .variant = verdict_name((enum verdict)v),
						 .command = "./all",
						 .verdict = (enum verdict)v,
						 .effect = m[0].effect,
						 .metrics = m,
						 .nmetrics = 1,
						 .pairs = 5,
						 .seconds = v};
	}
	w[VERDICT_FAILED].failures = &f[0];
	w[VERDICT_FAILED].nfailures = 1;
	w[VERDICT_TIMEOUT].failures = &f[1];
	w[VERDICT_TIMEOUT].nfailures = 1;
	o->workloads = w;
	o->nworkloads = VERDICT_TIMEOUT + 1;
	o->verdict = VERDICT_FAILED;
	o->effect = OUTCOME_WARNS;
	o->exit_status = 4;
}

/* No base: what is not known stays so. */
static void sample_bench(struct outcome *o)
{
	struct outcome_workload *w = NEW(o, struct outcome_workload, 1);
	struct outcome_metric *m = NEW(o, struct outcome_metric, 2);
	struct outcome_interval unknown = {NAN, NAN, NAN, NAN};

	fill_frame(o, "bench");
	memset(&o->base, 0, sizeof(o->base));
	o->base.build_seconds = NAN;
	o->mode = NULL;
	m[0] = metric("wall", "s", NAN, NAN);
	m[0].head = .0123456;
	m[1] = budgeted(metric("latency", "s", NAN, NAN), .00041, .00025, "<= 250us");
	m[1].head = .00041;
	m[1].stat = "p95";
	for (int i = 0; i < 2; i++) {
		fill_values(o, &m[i], 10, .08);
		m[i].verdict = VERDICT_MEASURED;
		m[i].decided = m[i].first = m[i].drift = unknown;
		m[i].lower = m[i].upper = m[i].lower_level = m[i].upper_level = NAN;
		m[i].threshold = m[i].detectable = m[i].spread = NAN;
		m[i].pairs_needed = m[i].pairs = 0;
		m[i].ratio = false;
	}
	w[0] = (struct outcome_workload){.name = "lookup",
					 .group = "lookup",
					 .variant = "",
					 .command = "./lookup",
					 .verdict = VERDICT_MEASURED,
					 .metrics = m,
					 .nmetrics = 2,
					 .runs = 10,
					 .warmup = 1,
					 .seconds = .2};
	o->workloads = w;
	o->nworkloads = 1;
	o->verdict = VERDICT_MEASURED;
}

/* Counts that repeat, and differences of values around zero. */
static void sample_exact(struct outcome *o)
{
	struct outcome_workload *w = NEW(o, struct outcome_workload, 1);
	struct outcome_metric *m = NEW(o, struct outcome_metric, 3);
	struct trial_pair *v = NEW(o, struct trial_pair, 2);

	fill_frame(o, "gate");
	m[0] = metric("instructions", "", 12345678901.0, 0);
	m[0].head = 12469135690.0;
	m[0].exact = true;
	m[0].verdict = VERDICT_REGRESSION;
	m[0].effect = OUTCOME_FAILS;
	m[0].decided = (struct outcome_interval){.01, .01, .01, NAN};
	v[0] = v[1] = (struct trial_pair){12345678901.0, 12469135690.0};
	m[0].values = v;
	m[0].nvalues = m[0].pairs = 2;
	m[1] = metric("overhead", "s", .002, 0);
	m[1].ratio = false;
	m[1].head = -.001;
	m[1].threshold = NAN;
	m[1].threshold_units = .01;
	m[1].decided = interval(-.003, .0007);
	m[1].lower = -INFINITY;
	m[1].upper = .0004;
	fill_values(o, &m[1], 20, .4);
	m[2] = metric("hits", "%", 95.2, -.004);
	m[2].bigger_is_better = true;
	m[2].decided.high = INFINITY;
	m[2].decided.low = -INFINITY;
	fill_values(o, &m[2], 4, .01);
	w[0] = (struct outcome_workload){.name = "count",
					 .command = "./count",
					 .verdict = VERDICT_REGRESSION,
					 .effect = OUTCOME_FAILS,
					 .metrics = m,
					 .nmetrics = 3,
					 .pairs = 20,
					 .seconds = 3};
	o->workloads = w;
	o->nworkloads = 1;
	o->verdict = VERDICT_REGRESSION;
	o->effect = OUTCOME_FAILS;
	o->exit_status = 1;
}

#define NASTY                                                                            \
	"<script>alert(1)</script> | `x` **b** [l](javascript:a) @all #1 \"q\" 'a' ]]> " \
	"--> "                                                                           \
	"<!-- \\ $(id) ::error::x %0A {a=\"b\"} =1+1 \xe2\x80\xae"

static void sample_hostile(struct outcome *o)
{
	struct outcome_workload *w = NEW(o, struct outcome_workload, 1);
	struct outcome_metric *m = NEW(o, struct outcome_metric, 1);
	struct outcome_failure *f = NEW(o, struct outcome_failure, 1);
	struct outcome_isolation *i = NEW(o, struct outcome_isolation, 1);
	struct outcome_limit_change *c = NEW(o, struct outcome_limit_change, 1);
	struct outcome_function *g = NEW(o, struct outcome_function, 1);
	struct outcome_evidence *e = NEW(o, struct outcome_evidence, 1);
	const char **notes = NEW(o, const char *, 2);

	fill_frame(o, "gate");
	o->id = "x --> <script>";
	o->version = o->tier = o->mode = o->strictness_from = NASTY;
	o->reproduce = "rm -rf '`id`' | \"$(id)\"\n```\nrm";
	o->run_url = "javascript:alert(1)";
	o->base.label = o->base.subject = o->base.branch = o->base.commit = NASTY;
	o->head.label = o->head.subject = o->head.branch = o->head.root = NASTY "\nnext";
	o->environment.cpu = o->environment.testbed = o->environment.host = NASTY;
	m[0] = budgeted(metric(NASTY, NASTY, 1, .2), 3, 1, "<= 1 " NASTY);
	m[0].note = m[0].stat = NASTY;
	m[0].verdict = VERDICT_REGRESSION;
	m[0].effect = OUTCOME_FAILS;
	fill_values(o, &m[0], 3, .1);
	f[0] = (struct outcome_failure){
		NASTY, NASTY,
		"```\n</pre></details><img src=x onerror=alert(1)>\n~~~\n\x1b[31m"
		"\xff]]>\n# heading\n" NASTY,
		2};
	i[0] = (struct outcome_isolation){NASTY, NASTY, false};
	e[0] = (struct outcome_evidence){NASTY, NASTY, 1, 2, {1, .5, 1.5, .95}};
	c[0] = (struct outcome_limit_change){NASTY, NASTY, NASTY, NASTY, NASTY};
	g[0] = (struct outcome_function){.name = NASTY,
					 .file = NASTY,
					 .module = NASTY,
					 .line = 1,
					 .rank = 1,
					 .change_s = .1,
					 .low_s = .05,
					 .high_s = .15,
					 .level = .95,
					 .kind = NASTY,
					 .was = NASTY,
					 .with = NASTY,
					 .named = true};
	notes[0] = "=HYPERLINK(\"http://x\")" NASTY;
	notes[1] = "\n\n# not a heading\n\n- nor a list\n</details>";
	w[0] = (struct outcome_workload){.name = "=cmd|' /C calc'!A0" NASTY,
					 .group = NASTY,
					 .variant = NASTY,
					 .command = NASTY "\n" NASTY,
					 .description = NASTY,
					 .verdict = VERDICT_FAILED,
					 .effect = OUTCOME_FAILS,
					 .metrics = m,
					 .nmetrics = 1,
					 .failures = f,
					 .nfailures = 1,
					 .functions = g,
					 .nfunctions = 1,
					 .waits = g,
					 .nwaits = 1,
					 .evidence = e,
					 .nevidence = 1,
					 .functions_note = NASTY "\n" NASTY,
					 .base_profile = "../../etc/" NASTY,
					 .head_profile = "javascript:alert(1)",
					 .pairs = 3,
					 .seconds = 1};
	o->isolation = i;
	o->nisolation = 1;
	o->limit_changes = c;
	o->nlimit_changes = 1;
	o->notes = notes;
	o->nnotes = 2;
	o->workloads = w;
	o->nworkloads = 1;
	o->verdict = VERDICT_FAILED;
	o->effect = OUTCOME_FAILS;
	o->exit_status = 4;
}

/* Nothing was said at all; and a metric that is there by its name alone. */
static void sample_empty(struct outcome *o)
{
	o->verdict = VERDICT_NO_BASELINE;
}

static void sample_bare(struct outcome *o)
{
	struct outcome_workload *w = NEW(o, struct outcome_workload, 2);
	struct outcome_metric *m = NEW(o, struct outcome_metric, 1);

	m[0].name = "m";
	m[0].verdict = VERDICT_NO_BASELINE;
	w[0].name = "w";
	w[0].metrics = m;
	w[0].nmetrics = 1;
	w[1].name = "v";
	w[0].verdict = w[1].verdict = o->verdict = VERDICT_NO_BASELINE;
	o->workloads = w;
	o->nworkloads = 2;
}

const struct outcome_sample outcome_samples[] = {
	{"gate", sample_gate},	 {"verdicts", sample_verdicts}, {"bench", sample_bench},
	{"exact", sample_exact}, {"hostile", sample_hostile},	{"empty", sample_empty},
	{"bare", sample_bare},
};
const unsigned noutcome_samples = ARRAY_SIZE(outcome_samples);

void outcome_sample(const char *name, struct outcome *ret)
{
	*ret = (struct outcome){0};
	for (unsigned i = 0; i < noutcome_samples; i++) {
		if (!strcmp(outcome_samples[i].name, name)) {
			outcome_samples[i].fill(ret);
			return;
		}
	}
	abort();
}
