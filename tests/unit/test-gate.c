/* The rules of judging that live in the loop over the runs, one test or more for each; those
 * of the arithmetic are in test-trial.c. The machine is made up. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/coin.h>
#include <profd/gate.h>
#include <profd/mem.h>
#include <profd/selftest.h>
#include <profd/stats-dist.h>

#include "fake-machine.h"

#define FILE_HEAD "profd: 1\nworkloads:\n"
#define CPU "metrics: {cpu: {threshold: 10%, policy: fail}, wall: {policy: off}}"
#define ONE FILE_HEAD "  - {name: a, command: ./a, warmup: 1, " CPU "}\n"
#define TWO ONE "  - {name: b, command: ./b, warmup: 1, " CPU "}\n"

struct run { /* of one gate */
	struct config *config, *base_config;
	struct fake_machine machine;
	struct gate_options options;
	struct outcome outcome;
	struct error error;
	int code;
};

static struct config *parse(const char *text)
{
	struct config_problems p = {0};
	struct config *c = NULL;

	if (config_parse("f", text, strlen(text), &c, &p) < 0)
		fail_msg("%s", p.list.v[0].error.text);
	config_problems_done(&p);
	return c;
}

static void prepare(struct run *r, const char *text)
{
	*r = (struct run){.config = parse(text)};
	r->options = (struct gate_options){
		.config = r->config, .threshold = NAN, .strictness = 1, .seed = 17};
	fake_machine_init(&r->machine, r->config, 1);
}

static void judge(struct run *r)
{
	struct gate_runner runner = fake_machine_runner(&r->machine);

	r->code = gate_judge(&r->options, &runner, &r->outcome, &r->error);
}

static void done(struct run *r)
{
	arena_done(&r->outcome.arena);
	fake_machine_done(&r->machine);
	config_free(r->base_config);
	config_free(r->config);
}

static const struct outcome_metric *metric_of(const struct run *r, uint32_t workload,
					      const char *name)
{
	const struct outcome_workload *w = &r->outcome.workloads[workload];

	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (!strcmp(w->metrics[i].name, name))
			return &w->metrics[i];
	}
	fail_msg("no metric %s", name);
	return NULL;
}

static uint32_t runs_of(const struct run *r, enum gate_side side)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->machine.runs.n; i++)
		n += r->machine.runs.v[i].side == side;
	return n;
}

static void assert_close(double is, double should, double by)
{
	if (!(fabs(is - should) <= by))
		fail_msg("%.9g and not %.9g", is, should);
}

/* --- verdicts ------------------------------------------------------------------------ */

static void identical_programs_pass_at_the_first_look(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	judge(&r);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.outcome.exit_status, 0);
	assert_int_equal(r.outcome.verdict, VERDICT_PASS);
	assert_int_equal(r.outcome.effect, OUTCOME_FINE);
	assert_int_equal(metric_of(&r, 0, "cpu")->pairs, 10);
	assert_int_equal(r.machine.runs.n, 2 + 20);
	done(&r);
}

static void
rule_a_regression_is_confirmed_by_20_triplets_of_base_copy_and_head(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.worse[0] = 1.3;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(r.outcome.exit_status, 1);
	assert_int_equal(m->verdict, VERDICT_REGRESSION);
	assert_true(m->confirmed);
	assert_int_equal(m->effect, OUTCOME_FAILS);
	assert_int_equal(m->ntriplets, 20);
	assert_int_equal(r.machine.copies, 1);
	assert_int_equal(runs_of(&r, GATE_COPY), 20);
	assert_int_equal(runs_of(&r, GATE_HEAD), 1 + 10 + 20);
	assert_close(m->decided.change, .3, .02);
	assert_close(m->first.change, .3, .02);
	assert_close(m->first.level, .95, 0);
	assert_close(m->decided.level, .9, 1e-12);
	done(&r);
}

static void rule_the_order_of_a_triplet_is_the_coins(void **state)
{
	uint32_t at = 22;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.worse[0] = 1.3;
	judge(&r);
	for (uint32_t i = 0; i < 20; i++) {
		uint8_t order[3];

		coin_triplet(17, 0, i, order);
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(r.machine.runs.v[at++].side, order[k]);
	}
	assert_int_equal(at, r.machine.runs.n);
	done(&r);
}

static void rule_what_triplets_do_not_reproduce_is_inconclusive(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.worse[0] = 1.3;
	r.machine.reproduces = 1;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(m->verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(m->reason, REASON_NOT_REPRODUCED);
	assert_int_equal(m->effect, OUTCOME_WARNS);
	assert_int_equal(r.outcome.exit_status, 0);
	assert_int_equal(r.outcome.effect, OUTCOME_WARNS);
	done(&r);
}

static void rule_untrusted_where_base_and_its_copy_differ(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.worse[0] = 1.3;
	r.machine.copy_worse = 1.3;
	judge(&r);
	assert_int_equal(r.outcome.verdict, VERDICT_UNTRUSTED);
	assert_int_equal(r.outcome.exit_status, 0);
	done(&r);

	prepare(&r, "untrusted: fail\n" ONE);
	r.machine.worse[0] = 1.3;
	r.machine.copy_worse = 1.3;
	judge(&r);
	assert_int_equal(r.outcome.exit_status, 3);
	done(&r);
}

static void rule_an_improvement_is_labelled_and_stops_nothing(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.worse[0] = .7;
	judge(&r);
	assert_int_equal(r.outcome.verdict, VERDICT_IMPROVEMENT);
	assert_int_equal(r.outcome.exit_status, 0);
	assert_int_equal(runs_of(&r, GATE_COPY), 0);
	done(&r);
}

static void rule_no_verdict_says_what_was_detectable_and_the_pairs_needed(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.noise = .5;
	r.machine.worse[0] = 1.05;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(m->verdict, VERDICT_INCONCLUSIVE);
	assert_true(m->reason == REASON_FUTILE || m->reason == REASON_OUT_OF_PAIRS);
	assert_true(m->detectable > .3);
	assert_true(m->pairs_needed > 100);
	done(&r);
}

/* --- order --------------------------------------------------------------------------- */

static void rule_a_coin_orders_each_pair_and_its_seed_is_recorded(void **state)
{
	uint32_t heads = 0;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	judge(&r);
	assert_int_equal(r.outcome.plan.seed, 17);
	for (uint32_t i = 0; i < 10; i++) {
		const struct gate_run *first = &r.machine.runs.v[2 + 2 * i];
		bool head = coin_head_first(17, 0, i);

		heads += head;
		assert_int_equal(first[0].side, head ? GATE_HEAD : GATE_BASE);
		assert_int_equal(first[1].side, head ? GATE_BASE : GATE_HEAD);
		assert_int_equal(first[0].index, i);
	}
	assert_in_range(heads, 1, 9);
	done(&r);
}

static void rule_padding_is_drawn_for_each_pair_and_equal_within(void **state)
{
	uint32_t different = 0;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	judge(&r);
	for (uint32_t i = 0; i < 10; i++) {
		const struct gate_run *run = &r.machine.runs.v[2 + 2 * i];

		assert_int_equal(run[0].padding_bytes, run[1].padding_bytes);
		assert_true(run[0].padding_bytes < GATE_PADDING_BYTES);
		different += i && run[0].padding_bytes != run[-2].padding_bytes;
	}
	assert_int_equal(different, 9);
	done(&r);
}

static void workloads_take_turns_round_by_round(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, TWO);
	judge(&r);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(r.machine.runs.v[4 + 2 * i].workload, i % 2);
	done(&r);
}

static void rule_looks_are_at_n1_20_and_40_pairs(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.noise = .12;
	r.machine.worse[0] = 1.06;
	judge(&r);
	assert_true(r.outcome.workloads[0].pairs == 20 ||
		    r.outcome.workloads[0].pairs == 40);
	done(&r);
}

static void
rule_the_family_is_all_metrics_that_gate_whatever_becomes_of_them(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, TWO);
	r.machine.bad_workload = 1;
	r.machine.bad_side = GATE_HEAD;
	r.machine.bad_end = BENCH_FAILED;
	judge(&r);
	assert_int_equal(r.outcome.plan.family, 2);
	assert_int_equal(r.outcome.plan.pairs_first, 11); /* log2(3 * 2 / .005) */
	assert_int_equal(r.outcome.workloads[0].pairs, 11);
	done(&r);
}

static void a_metric_that_only_warns_is_judged_outside_of_the_family(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, FILE_HEAD "  - {name: a, command: ./a, metrics: {cpu: {threshold: "
			      "10%, policy: warn}, wall: {policy: off}}}\n");
	r.machine.worse[0] = 1.4;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(r.outcome.plan.family, 0);
	assert_false(m->gating);
	assert_int_equal(m->verdict, VERDICT_REGRESSION);
	assert_int_equal(m->effect, OUTCOME_WARNS);
	assert_int_equal(r.outcome.exit_status, 0);
	assert_int_equal(r.outcome.effect, OUTCOME_WARNS);
	done(&r);
}

static void rule_drift_is_printed_and_never_decides(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.kind.drift = true;
	r.machine.noise = .05;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_true(m->verdict != VERDICT_REGRESSION);
	assert_true(isfinite(m->drift.change));
	done(&r);
}

/* --- exact metrics ------------------------------------------------------------------- */

#define EXACT                                                                            \
	FILE_HEAD "  - {name: a, command: ./a, metrics: {instructions: {from: "          \
		  "valgrind, threshold: 1%}, cpu: {policy: off}, wall: {policy: "        \
		  "off}}}\n"

static void rule_what_repeats_exactly_is_compared_directly(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, EXACT);
	r.machine.worse[0] = 1.02;
	judge(&r);
	m = metric_of(&r, 0, "instructions");
	assert_int_equal(m->verdict, VERDICT_REGRESSION);
	assert_true(m->exact);
	assert_close(m->decided.change, .02, 1e-9);
	assert_int_equal(r.outcome.exit_status, 1);
	assert_int_equal(runs_of(&r, GATE_COPY), 0);
	done(&r);

	prepare(&r, EXACT);
	r.machine.worse[0] = 1.009;
	judge(&r);
	assert_int_equal(metric_of(&r, 0, "instructions")->verdict, VERDICT_PASS);
	done(&r);
}

static void rule_what_does_not_repeat_is_judged_by_pairs_and_says_so(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, EXACT);
	r.machine.exact_noise = true;
	r.machine.noise = .001;
	r.machine.worse[0] = 1.05;
	judge(&r);
	m = metric_of(&r, 0, "instructions");
	assert_int_equal(m->verdict, VERDICT_REGRESSION);
	assert_true(m->confirmed);
	assert_false(m->exact);
	assert_non_null(strstr(m->note, "does not repeat"));
	done(&r);
}

/* --- budgets ------------------------------------------------------------------------- */

#define BUDGET                                                                           \
	FILE_HEAD "  - {name: a, command: ./a, metrics: {cpu: {threshold: 10%, budget: " \
		  "\"<= 900ms\"}, wall: {policy: off}}}\n"

static void budgets_are_judged_by_heads_runs(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, BUDGET);
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(m->verdict, VERDICT_PASS);
	assert_true(m->budget.exceeded);
	assert_close(m->budget.actual, 1, .05);
	assert_int_equal(m->effect, OUTCOME_FAILS);
	assert_int_equal(r.outcome.exit_status, 1);
	done(&r);
}

static void strictness_multiplies_times_and_divides_rates_and_leaves_sizes(void **state)
{
	struct config *c = parse(FILE_HEAD
				 "  - name: a\n    command: ./a\n    metrics:\n"
				 "      cpu: {budget: \"<= 10ms\"}\n"
				 "      rate: {from: program, budget: \">= 2M/s\"}\n"
				 "      max_rss: {budget: \"<= 350MB\"}\n"
				 "      n: {from: program, budget: \"<= 7\"}\n");
	static const struct {
		const char *name;
		double limit;
	} wants[] = {{"cpu", .02}, {"rate", 1e6}, {"max_rss", 350 * 1048576.}, {"n", 7}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wants); i++) {
		const struct config_workload *w = c->workloads;
		struct outcome_budget b;

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			if (strcmp(w->metrics[k].name, wants[i].name) != 0)
				continue;
			gate_budget(&w->metrics[k], 2, &b);
			assert_close(b.limit, wants[i].limit, 1e-9);
			assert_close(b.base_limit * b.multiplier, b.limit, 1e-6);
			gate_budget_hold(&b, b.limit);
			assert_false(b.exceeded);
			gate_budget_hold(&b, b.limit * (b.at_least ? .999 : 1.001));
			assert_true(b.exceeded);
			gate_budget_hold(&b, NAN);
			assert_false(b.exceeded);
		}
	}
	config_free(c);
}

static void strictness_does_not_touch_thresholds(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.worse[0] = 1.15;
	r.options.strictness = 2;
	judge(&r);
	assert_int_equal(r.outcome.verdict, VERDICT_REGRESSION);
	done(&r);
}

static void statistics_of_all_kinds(void **state)
{
	static const double x[] = {5, 1, 4, 2, 3};

	(void)state;
	assert_close(gate_stat(CONFIG_MEDIAN, x, 5), 3, 0);
	assert_close(gate_stat(CONFIG_P95, x, 5), 4.8, 1e-9);
	assert_close(gate_stat(CONFIG_MIN, x, 5), 1, 0);
	assert_close(gate_stat(CONFIG_MAX, x, 5), 5, 0);
	assert_close(gate_stat(CONFIG_SUM, x, 5), 15, 0);
	assert_true(isnan(gate_stat(CONFIG_MEDIAN, x, 0)));
}

/* --- time ---------------------------------------------------------------------------- */

static void rule_pairs_are_planned_to_fit_the_time_budget(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.noise = .3;
	r.options.time_budget_ns = UINT64_C(100) * 1000000000;
	judge(&r);
	/* 98 s are left; 60 of them would be the triplets' */
	assert_int_equal(r.machine.plans, 1);
	assert_int_equal(r.machine.planned[0], 19);
	assert_int_equal(r.machine.plan.pairs_max, 19);
	assert_true(r.outcome.plan.spent_s <= 100);
	done(&r);
}

static void the_first_look_comes_before_the_time_for_triplets(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.options.time_budget_ns = UINT64_C(30) * 1000000000;
	judge(&r);
	assert_int_equal(r.machine.planned[0], 10);
	assert_int_equal(r.outcome.verdict, VERDICT_PASS);
	done(&r);
}

static void time_is_split_fairly(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, TWO);
	r.machine.seconds[0] = .1;
	r.machine.seconds[1] = 10;
	r.options.time_budget_ns = UINT64_C(1021) * 1000000000;
	judge(&r);
	/* half of 400 s are 10 pairs, too few for the first look: what the other one does
	 * not need is the second's */
	assert_int_equal(r.machine.planned[0], 40);
	assert_int_equal(r.machine.planned[1], 11);
	done(&r);
}

static void rule_without_time_for_a_look_there_is_no_verdict_and_the_reason(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.options.time_budget_ns = UINT64_C(12) * 1000000000;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(m->verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(m->reason, REASON_TIME);
	assert_true(m->nvalues > 0); /* for the budgets */
	assert_int_equal(r.outcome.nnotes, 1);
	assert_non_null(strstr(r.outcome.notes[0], "the first look needs 10"));
	done(&r);
}

static void rule_a_slower_machine_than_planned_ends_inconclusive(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.noise = .3;
	r.options.time_budget_ns = UINT64_C(100) * 1000000000;
	r.machine.slower_from = 10;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(r.machine.planned[0], 19);
	assert_int_equal(m->verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(m->reason, REASON_TIME);
	assert_true(r.outcome.plan.spent_s < 100 + 20);
	assert_true(m->nvalues < 10);
	done(&r);
}

/* --- what does not run --------------------------------------------------------------- */

static void a_head_that_fails_is_4_and_its_output_is_kept(void **state)
{
	const struct outcome_workload *w;
	struct run r;

	(void)state;
	prepare(&r, TWO);
	r.machine.bad_workload = 0;
	r.machine.bad_side = GATE_HEAD;
	r.machine.bad_end = BENCH_FAILED;
	r.machine.bad_from = 8;
	judge(&r);
	w = &r.outcome.workloads[0];
	assert_int_equal(r.outcome.exit_status, 4);
	assert_int_equal(r.outcome.verdict, VERDICT_FAILED);
	assert_int_equal(w->verdict, VERDICT_FAILED);
	assert_int_equal(w->nfailures, 1);
	assert_string_equal(w->failures[0].side, "head");
	assert_string_equal(w->failures[0].what, "exit status 3");
	assert_string_equal(w->failures[0].output, "what it said last");
	assert_int_equal(w->failures[0].count, 1);
	assert_int_equal(r.outcome.workloads[1].verdict, VERDICT_PASS);
	done(&r);

	prepare(&r, "mode: observe\n" ONE);
	r.machine.bad_workload = 0;
	r.machine.bad_side = GATE_HEAD;
	r.machine.bad_end = BENCH_TIMEOUT;
	judge(&r);
	assert_int_equal(r.outcome.exit_status, 4);
	assert_int_equal(r.outcome.verdict, VERDICT_TIMEOUT);
	done(&r);
}

static void a_base_that_fails_is_no_verdict_by_the_policy(void **state)
{
	struct run r;

	(void)state;
	for (unsigned fails = 0; fails < 2; fails++) {
		prepare(&r, fails ? "no_baseline: fail\n" ONE : ONE);
		r.machine.bad_workload = 0;
		r.machine.bad_side = GATE_BASE;
		r.machine.bad_end = BENCH_FAILED;
		judge(&r);
		assert_int_equal(r.outcome.verdict, VERDICT_NO_BASELINE);
		assert_int_equal(r.outcome.exit_status, fails ? 3 : 0);
		assert_int_equal(r.outcome.effect, fails ? OUTCOME_FAILS : OUTCOME_WARNS);
		assert_string_equal(r.outcome.workloads[0].failures[0].side, "base");
		done(&r);
	}
}

static void budgets_hold_without_a_base(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, BUDGET);
	r.options.no_base = "no base";
	r.options.no_base_verdict = VERDICT_NO_BASELINE;
	judge(&r);
	assert_int_equal(r.outcome.exit_status, 1);
	assert_int_equal(runs_of(&r, GATE_BASE), 0);
	assert_int_equal(metric_of(&r, 0, "cpu")->verdict, VERDICT_NO_BASELINE);
	assert_string_equal(r.outcome.notes[0], "no base");
	done(&r);
}

static void an_interrupt_ends_it_without_an_outcome(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.bad_workload = 0;
	r.machine.bad_side = GATE_HEAD;
	r.machine.bad_end = BENCH_INTERRUPTED;
	r.machine.bad_from = 5;
	judge(&r);
	assert_int_equal(r.code, -EINTR);
	assert_true(r.machine.runs.n <= 7);
	done(&r);
}

static void a_metric_that_base_does_not_report_has_no_baseline(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	r.machine.no_value_side = GATE_BASE;
	judge(&r);
	assert_int_equal(metric_of(&r, 0, "cpu")->verdict, VERDICT_NO_BASELINE);
	done(&r);

	prepare(&r, ONE);
	r.machine.no_value_side = GATE_HEAD;
	judge(&r);
	assert_int_equal(metric_of(&r, 0, "cpu")->verdict, VERDICT_NOT_COMPARABLE);
	assert_int_equal(r.outcome.effect, OUTCOME_WARNS);
	done(&r);
}

/* --- two configurations -------------------------------------------------------------- */

static void workloads_and_gates_that_are_new_or_gone_are_listed(void **state)
{
	const struct outcome_workload *w;
	struct run r;

	(void)state;
	prepare(&r, ONE "  - {name: new, command: ./n, " CPU "}\n");
	r.base_config = parse(
		FILE_HEAD "  - {name: a, command: ./a, metrics: {cpu: {threshold: 10%}, "
			  "max_rss: {threshold: 5%}, wall: {policy: off}}}\n"
			  "  - {name: gone, command: ./g, " CPU "}\n");
	r.options.base_config = r.base_config;
	r.machine.noise = 0;
	judge(&r);
	assert_int_equal(r.outcome.nworkloads, 3);
	assert_int_equal(metric_of(&r, 0, "cpu")->verdict, VERDICT_PASS);
	assert_int_equal(metric_of(&r, 0, "max_rss")->verdict, VERDICT_NOT_COMPARABLE);
	w = &r.outcome.workloads[1];
	assert_string_equal(w->name, "new");
	assert_int_equal(w->verdict, VERDICT_NO_BASELINE);
	w = &r.outcome.workloads[2];
	assert_string_equal(w->name, "gone");
	assert_int_equal(w->verdict, VERDICT_NOT_COMPARABLE);
	assert_int_equal(r.outcome.effect, OUTCOME_WARNS);
	assert_int_equal(r.outcome.nnotes, 2);
	done(&r);
}

static void limits_that_the_change_moves_are_reported_and_heads_count(void **state)
{
	const struct outcome_limit_change *x;
	struct run r;

	(void)state;
	prepare(&r, FILE_HEAD "  - {name: a, command: ./a, metrics: {cpu: {threshold: "
			      "50%, budget: \"<= 3s\"}, wall: {policy: off}}}\n");
	r.base_config = parse(ONE);
	r.options.base_config = r.base_config;
	r.machine.worse[0] = 1.3;
	judge(&r);
	assert_int_equal(r.outcome.verdict, VERDICT_PASS);
	assert_int_equal(r.outcome.nlimit_changes, 2);
	x = r.outcome.limit_changes;
	assert_string_equal(x[0].workload, "a");
	assert_string_equal(x[0].metric, "cpu");
	assert_string_equal(x[0].key, "threshold");
	assert_string_equal(x[0].from, "10%");
	assert_string_equal(x[0].to, "50%");
	assert_string_equal(x[1].key, "budget");
	assert_null(x[1].from);
	assert_string_equal(x[1].to, "<= 3s");
	done(&r);
}

static void a_base_without_a_configuration_is_run_as_heads_says(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, ONE);
	judge(&r);
	assert_int_equal(r.outcome.nlimit_changes, 0);
	assert_int_equal(r.outcome.verdict, VERDICT_PASS);
	done(&r);
}

/* --- policies and exit statuses ------------------------------------------------------ */

static void modes_observe_and_warn_turn_1_and_3_into_0(void **state)
{
	static const struct {
		enum config_mode mode;
		int status;
		enum outcome_effect effect;
	} wants[] = {{CONFIG_GATE, 1, OUTCOME_FAILS},
		     {CONFIG_WARN, 0, OUTCOME_WARNS},
		     {CONFIG_OBSERVE, 0, OUTCOME_FINE}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wants); i++) {
		struct run r;

		prepare(&r, ONE);
		r.machine.worse[0] = 1.4;
		r.options.mode = wants[i].mode;
		judge(&r);
		assert_int_equal(r.outcome.verdict, VERDICT_REGRESSION);
		assert_int_equal(r.outcome.exit_status, wants[i].status);
		assert_int_equal(r.outcome.effect, wants[i].effect);
		done(&r);
	}
}

static void of_several_statuses_4_wins_over_1_over_3(void **state)
{
	const struct outcome_metric inconclusive = {.verdict = VERDICT_INCONCLUSIVE,
						    .effect = OUTCOME_FAILS};
	const struct outcome_metric worse = {.verdict = VERDICT_REGRESSION,
					     .effect = OUTCOME_FAILS};
	struct outcome_workload w[3] = {
		{.metrics = &inconclusive, .nmetrics = 1},
		{.metrics = &worse, .nmetrics = 1},
		{.verdict = VERDICT_FAILED},
	};
	struct outcome o = {.workloads = w};
	enum outcome_effect e;

	(void)state;
	assert_int_equal(gate_exit(&o, CONFIG_GATE, &e), 0);
	o.nworkloads = 1;
	assert_int_equal(gate_exit(&o, CONFIG_GATE, &e), 3);
	o.nworkloads = 2;
	assert_int_equal(gate_exit(&o, CONFIG_GATE, &e), 1);
	o.nworkloads = 3;
	assert_int_equal(gate_exit(&o, CONFIG_GATE, &e), 4);
}

static void policies_that_are_off_or_warn_cap_the_others(void **state)
{
	struct config_policy p = {CONFIG_LEVEL_FAIL, CONFIG_LEVEL_FAIL, CONFIG_LEVEL_WARN,
				  CONFIG_LEVEL_OFF};

	(void)state;
	assert_int_equal(gate_effect(&p, VERDICT_REGRESSION, false), OUTCOME_FAILS);
	assert_int_equal(gate_effect(&p, VERDICT_INCONCLUSIVE, false), OUTCOME_FAILS);
	assert_int_equal(gate_effect(&p, VERDICT_UNTRUSTED, false), OUTCOME_WARNS);
	assert_int_equal(gate_effect(&p, VERDICT_NO_BASELINE, false), OUTCOME_FINE);
	assert_int_equal(gate_effect(&p, VERDICT_PASS, false), OUTCOME_FINE);
	assert_int_equal(gate_effect(&p, VERDICT_PASS, true), OUTCOME_FAILS);
	p.worse = CONFIG_LEVEL_WARN;
	assert_int_equal(gate_effect(&p, VERDICT_INCONCLUSIVE, false), OUTCOME_WARNS);
	assert_int_equal(gate_effect(&p, VERDICT_PASS, true), OUTCOME_WARNS);
	p.worse = CONFIG_LEVEL_OFF;
	assert_int_equal(gate_effect(&p, VERDICT_REGRESSION, true), OUTCOME_FINE);
}

static void bisect_skips_what_has_no_verdict(void **state)
{
	static const struct {
		double worse, noise;
		int bad_side, status;
	} wants[] = {{1, .01, -1, 0},
		     {1.4, .01, -1, 1},
		     {1.05, 1, -1, 125},
		     {1, .01, GATE_HEAD, 125},
		     {1, .01, GATE_BASE, 125}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wants); i++) {
		struct run r;

		prepare(&r, ONE);
		r.options.bisect = true;
		r.machine.worse[0] = wants[i].worse;
		r.machine.noise = wants[i].noise;
		r.machine.bad_workload = wants[i].bad_side < 0 ? -1 : 0;
		r.machine.bad_side = wants[i].bad_side;
		r.machine.bad_end = BENCH_FAILED;
		judge(&r);
		assert_int_equal(r.outcome.exit_status, wants[i].status);
		done(&r);
	}
}

static void a_threshold_in_units_alone_judges_differences(void **state)
{
	const struct outcome_metric *m;
	struct run r;

	(void)state;
	prepare(&r, FILE_HEAD "  - {name: a, command: ./a, metrics: {cpu: {difference: "
			      "50ms}, wall: {policy: off}}}\n");
	r.machine.worse[0] = 1.02; /* 20 ms */
	r.machine.noise = .001;
	judge(&r);
	m = metric_of(&r, 0, "cpu");
	assert_int_equal(m->verdict, VERDICT_PASS);
	assert_false(m->ratio);
	assert_close(m->decided.change, .02, .002);
	done(&r);
}

/* --- as a whole ---------------------------------------------------------------------- */

/* Gates of two workloads with a metric each, judged against a threshold as small as the
 * noise, on a machine with everything that disturbs. */
static uint32_t alarms(uint32_t gates, double worse)
{
	static const struct machine_kind kinds[] = {
		{.correlation = .55, .spikes = true},
		{.correlation = .9, .drift = true},
		{.correlation = .55, .regimes = true},
		{.correlation = .55, .period = 4},
	};
	uint32_t k = 0;

	for (uint32_t i = 0; i < gates; i++) {
		struct run r;

		prepare(&r, TWO);
		r.machine.noise = .05;
		r.machine.kind = kinds[i % ARRAY_SIZE(kinds)];
		r.machine.random.state = i * UINT64_C(7919);
		machine_start(&r.machine.machine, &r.machine.kind, &r.machine.random);
		r.options.seed = i;
		r.machine.worse[0] = r.machine.worse[1] = worse;
		judge(&r);
		k += r.outcome.exit_status == 1;
		done(&r);
	}
	return k;
}

static void the_loop_keeps_the_rate_of_false_alarms(void **state)
{
	(void)state;
	assert_true(binomial_upper(alarms(400, 1), 400, .01) < .02);
}

static void the_loop_finds_what_is_there(void **state)
{
	(void)state;
	assert_true(alarms(100, 1.3) >= 80);
}

/* --- selftest ------------------------------------------------------------------------ */

static void selftest_counts_alarms_and_says_what_the_noise_allows(void **state)
{
	struct selftest s = {0};

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct run r;

		prepare(&r, ONE);
		r.machine.noise = .05;
		r.machine.random.state = i * UINT64_C(104729);
		r.options.seed = i;
		r.machine.worse[0] = i == 7 ? 2 : 1;
		judge(&r);
		selftest_add(&s, &r.outcome);
		done(&r);
	}
	assert_int_equal(s.gates, 20);
	assert_int_equal(s.alarms, 1);
	assert_close(selftest_bound(&s), binomial_upper(1, 20, .05), 1e-12);
	assert_int_equal(s.metrics.n, 1);
	/* two runs of .05 each */
	assert_close(selftest_spread(&s.metrics.v[0]), .05 * sqrt(2), .02);
	assert_true(selftest_power(&s, &s.metrics.v[0], .1, .2) > .95);
	assert_true(selftest_power(&s, &s.metrics.v[0], .01, .02) < .3);
	assert_in_range(selftest_worth(&s, &s.metrics.v[0]), 3, 9);
	selftest_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identical_programs_pass_at_the_first_look),
		cmocka_unit_test(
			rule_a_regression_is_confirmed_by_20_triplets_of_base_copy_and_head),
		cmocka_unit_test(rule_the_order_of_a_triplet_is_the_coins),
		cmocka_unit_test(rule_what_triplets_do_not_reproduce_is_inconclusive),
		cmocka_unit_test(rule_untrusted_where_base_and_its_copy_differ),
		cmocka_unit_test(rule_an_improvement_is_labelled_and_stops_nothing),
		cmocka_unit_test(
			rule_no_verdict_says_what_was_detectable_and_the_pairs_needed),
		cmocka_unit_test(rule_a_coin_orders_each_pair_and_its_seed_is_recorded),
		cmocka_unit_test(rule_padding_is_drawn_for_each_pair_and_equal_within),
		cmocka_unit_test(workloads_take_turns_round_by_round),
		cmocka_unit_test(rule_looks_are_at_n1_20_and_40_pairs),
		cmocka_unit_test(
			rule_the_family_is_all_metrics_that_gate_whatever_becomes_of_them),
		cmocka_unit_test(
			a_metric_that_only_warns_is_judged_outside_of_the_family),
		cmocka_unit_test(rule_drift_is_printed_and_never_decides),
		cmocka_unit_test(rule_what_repeats_exactly_is_compared_directly),
		cmocka_unit_test(
			rule_what_does_not_repeat_is_judged_by_pairs_and_says_so),
		cmocka_unit_test(budgets_are_judged_by_heads_runs),
		cmocka_unit_test(
			strictness_multiplies_times_and_divides_rates_and_leaves_sizes),
		cmocka_unit_test(strictness_does_not_touch_thresholds),
		cmocka_unit_test(statistics_of_all_kinds),
		cmocka_unit_test(rule_pairs_are_planned_to_fit_the_time_budget),
		cmocka_unit_test(the_first_look_comes_before_the_time_for_triplets),
		cmocka_unit_test(time_is_split_fairly),
		cmocka_unit_test(
			rule_without_time_for_a_look_there_is_no_verdict_and_the_reason),
		cmocka_unit_test(rule_a_slower_machine_than_planned_ends_inconclusive),
		cmocka_unit_test(a_head_that_fails_is_4_and_its_output_is_kept),
		cmocka_unit_test(a_base_that_fails_is_no_verdict_by_the_policy),
		cmocka_unit_test(budgets_hold_without_a_base),
		cmocka_unit_test(an_interrupt_ends_it_without_an_outcome),
		cmocka_unit_test(a_metric_that_base_does_not_report_has_no_baseline),
		cmocka_unit_test(workloads_and_gates_that_are_new_or_gone_are_listed),
		cmocka_unit_test(
			limits_that_the_change_moves_are_reported_and_heads_count),
		cmocka_unit_test(a_base_without_a_configuration_is_run_as_heads_says),
		cmocka_unit_test(modes_observe_and_warn_turn_1_and_3_into_0),
		cmocka_unit_test(of_several_statuses_4_wins_over_1_over_3),
		cmocka_unit_test(policies_that_are_off_or_warn_cap_the_others),
		cmocka_unit_test(bisect_skips_what_has_no_verdict),
		cmocka_unit_test(a_threshold_in_units_alone_judges_differences),
		cmocka_unit_test(the_loop_keeps_the_rate_of_false_alarms),
		cmocka_unit_test(the_loop_finds_what_is_there),
		cmocka_unit_test(selftest_counts_alarms_and_says_what_the_noise_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
