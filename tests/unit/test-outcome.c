/* verdict.json: what is written can be read, and is the same when it is written again;
 * what is damaged is refused, with the place. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "outcomes.h"
#include <profd/outcome-io.h>
#include <profd/text.h>

static void write_text(const struct outcome *o, struct text *t)
{
	struct sink_text out;

	sink_text_init(&out, t);
	outcome_json_write(o, &out.sink);
	assert_int_equal(out.sink.code, 0);
}

static void read_text(const struct text *t, struct outcome *ret)
{
	struct error err = {0};

	if (outcome_read(t->s, t->len, ret, &err) < 0)
		fail_msg("%s", err.text);
}

static void what_is_written_is_read_and_written_the_same(void **state)
{
	for (unsigned i = 0; i < noutcome_samples; i++) {
		struct outcome o, again;
		struct text first = {0}, second = {0};

		outcome_sample(outcome_samples[i].name, &o);
		write_text(&o, &first);
		read_text(&first, &again);
		write_text(&again, &second);
		assert_string_equal(text_get(&first), text_get(&second));
		assert_int_equal(again.nworkloads, o.nworkloads);
		text_done(&first);
		text_done(&second);
		outcome_done(&o);
		outcome_done(&again);
	}
}

static void reread(const char *name, struct outcome *ret)
{
	struct text t = {0};
	struct outcome o;

	outcome_sample(name, &o);
	write_text(&o, &t);
	read_text(&t, ret);
	text_done(&t);
	outcome_done(&o);
}

static void every_part_comes_back(void **state)
{
	const struct outcome_workload *w;
	const struct outcome_metric *m;
	struct outcome o;

	reread("gate", &o);
	assert_int_equal(o.verdict, VERDICT_REGRESSION);
	assert_int_equal(o.effect, OUTCOME_FAILS);
	assert_int_equal(o.exit_status, 1);
	assert_true(o.start_ns == 1796077474123456789u);
	assert_true(o.plan.seed == 0xfedcba9876543210);
	assert_string_equal(o.base.label, "HEAD^1");
	assert_true(o.head.dirty && !o.base.dirty);
	assert_true(o.environment.memory_bytes == 8322318336u);
	assert_int_equal(o.nisolation, 3);
	assert_false(o.isolation[1].applied);
	assert_int_equal(o.nnotes, 2);
	assert_string_equal(o.limit_changes[0].to, "5%");
	w = &o.workloads[0];
	assert_int_equal(w->nfunctions, 2);
	assert_null(w->functions[1].file);
	assert_int_equal(w->nwaits, 1);
	assert_string_equal(w->waits[0].name, "waiting for a lock in cache_get");
	assert_string_equal(w->waits[0].caller, "cache_get");
	assert_int_equal(w->nevidence, 3);
	assert_string_equal(w->evidence[1].name, "off_cpu");
	assert_true(isinf(w->evidence[2].change.high));
	assert_string_equal(w->head_profile, "sort-1000/head");
	m = &w->metrics[0];
	assert_int_equal(m->verdict, VERDICT_REGRESSION);
	assert_true(m->confirmed && m->gating && m->ratio && !m->budget.given);
	assert_int_equal(m->ntriplets, TRIAL_TRIPLETS);
	assert_float_equal(m->triplets[19][2], m->head, m->head * .06);
	assert_int_equal(m->nvalues, 20);
	assert_float_equal(m->first.change, .093, 1e-12);
	assert_int_equal(w->metrics[1].reason, REASON_NOT_REPRODUCED);
	assert_true(w->metrics[1].budget.given && w->metrics[1].budget.exceeded);
	assert_true(w->metrics[3].bigger_is_better);
	outcome_done(&o);
}

static void infinite_is_not_unknown(void **state)
{
	struct outcome o;

	reread("exact", &o);
	assert_true(isinf(o.workloads[0].metrics[1].lower) &&
		    o.workloads[0].metrics[1].lower < 0);
	assert_true(isinf(o.workloads[0].metrics[2].decided.high));
	assert_true(isnan(o.workloads[0].metrics[1].threshold));
	outcome_done(&o);
	reread("gate", &o);
	assert_true(o.workloads[0].metrics[1].pairs_needed == UINT32_MAX);
	outcome_done(&o);
}

static void counts_keep_every_digit(void **state)
{
	struct outcome o;

	reread("exact", &o);
	assert_true(o.workloads[0].metrics[0].base == 12345678901.0);
	assert_true(o.workloads[0].metrics[0].values[1].head == 12469135690.0);
	outcome_done(&o);
}

static void a_bench_has_no_base(void **state)
{
	struct outcome o;

	reread("bench", &o);
	assert_int_equal(o.workloads[0].metrics[0].nvalues, 10);
	assert_true(isnan(o.workloads[0].metrics[0].values[3].base));
	assert_true(o.workloads[0].metrics[0].values[3].head > 0);
	assert_true(isnan(o.workloads[0].metrics[0].decided.low));
	assert_null(o.base.label);
	outcome_done(&o);
}

static void numbers_are_written_the_same_at_every_edge(void **state)
{
	static const double edges[] = {9007199254740993.0,
				       9007199254740992.0,
				       123456789.4,
				       999999999.6,
				       1e300,
				       -0.0,
				       5e-324,
				       .1,
				       1e15 + .5};

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		struct outcome o = {.verdict = VERDICT_PASS, .strictness = edges[i]},
			       again;
		struct text first = {0}, second = {0};

		write_text(&o, &first);
		read_text(&first, &again);
		write_text(&again, &second);
		assert_string_equal(text_get(&first), text_get(&second));
		text_done(&first);
		text_done(&second);
		outcome_done(&again);
	}
}

/* --- damage ------------------------------------------------------------------------- */

#define HEAD "{\"schema\": \"profd.verdict/1\", \"verdict\": \"pass\""

static void refused(const char *data, const char *why)
{
	struct error err = {0};
	struct outcome o;
	int code = outcome_read(data, strlen(data), &o, &err);

	assert_int_equal(code, -EBADMSG);
	if (!strstr(err.text, why))
		fail_msg("'%s' is not in '%s'", why, err.text);
}

static void damage_is_refused_with_its_place(void **state)
{
	refused("", "line 1");
	refused("[]", "this is not a verdict.json");
	refused("{\"schema\": \"profd.run/1\"}", "its schema is 'profd.run/1'");
	refused("{\"schema\": \"profd.verdict/1\"}", "verdict is none of the words");
	refused(HEAD ", \"workloads\": 1}", "workloads is not a list");
	refused(HEAD ", \"workloads\": [1]}", "workloads[0] is not an object");
	refused(HEAD ", \"workloads\": [{}]}", "workloads[0].name is missing");
	refused(HEAD
		", \"workloads\": [{\"name\": \"a\", \"verdict\": \"pass\"},"
		"{\"name\": \"a\", \"verdict\": \"pass\", \"metrics\": [{\"name\": \"m\","
		"\"verdict\": \"pass\", \"low\": []}]}]}",
		"workloads[1].metrics[0].low is not a number");
	refused(HEAD ", \"workloads\": [{\"name\": \"a\", \"verdict\": \"pass\","
		     "\"metrics\": [{\"name\": \"m\", \"verdict\": \"pass\","
		     "\"values\": {\"base\": [1, 2], \"head\": [1]}}]}]}",
		"workloads[0].metrics[0].values has lists of unequal lengths");
	refused(HEAD ", \"exit_status\": 256}", "exit_status is not a whole number");
	refused(HEAD ", \"exit_status\": 1.5}", "exit_status is not a whole number");
	refused(HEAD ", \"mode\": 3}", "mode is not a string");
	refused(HEAD ", \"start\": \"yesterday\"}", "start is not a time");
	refused(HEAD ", \"start\": \"9999-01-01T00:00:00Z\"}", "start is not a time");
	refused(HEAD ", \"plan\": []}", "plan is not an object");
	refused(HEAD ", \"plan\": {\"family\": -1}}",
		"plan.family is not a whole number");
	refused(HEAD ", \"plan\": {\"seed\": \"0x+1\"}}", "plan.seed is not");
	refused(HEAD ", \"effect\": \"harms\"}", "effect is none of the words");
}

static void too_much_is_refused(void **state)
{
	struct text t = {0};
	struct error err = {0};
	struct outcome o;

	text_add(&t, HEAD ", \"notes\": [\"\"");
	for (int i = 0; i < OUTCOME_LIST_MAX; i++)
		text_add(&t, ",\"\"");
	text_add(&t, "]}");
	assert_int_equal(outcome_read(t.s, t.len, &o, &err), -EFBIG);
	assert_non_null(strstr(err.text, "notes has more than 10000 entries"));
	text_clear(&t);
	text_add(&t, HEAD ", \"mode\": \"");
	for (unsigned i = 0; i <= OUTCOME_TEXT_MAX_BYTES; i++)
		text_addc(&t, 'x');
	text_add(&t, "\"}");
	assert_int_equal(outcome_read(t.s, t.len, &o, &err), -EFBIG);
	text_done(&t);
}

static void unknown_keys_are_passed_over(void **state)
{
	static const char data[] = HEAD ", \"later\": {\"a\": [1]}, \"plan\": null,"
					"\"environment\": {\"new\": 1}}";
	struct outcome o;

	assert_int_equal(outcome_read(data, strlen(data), &o, NULL), 0);
	assert_true(isnan(o.plan.alpha) && isnan(o.environment.load));
	assert_int_equal(o.nworkloads, 0);
	outcome_done(&o);
}

static void texts_are_cleaned(void **state)
{
	static const char data[] = HEAD ", \"mode\": \"a\\u0001b\\nc\\u009b\"}";
	struct outcome o;

	assert_int_equal(outcome_read(data, strlen(data), &o, NULL), 0);
	assert_string_equal(o.mode, "a\xef\xbf\xbd"
				    "b\nc\xef\xbf\xbd");
	outcome_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_and_written_the_same),
		cmocka_unit_test(every_part_comes_back),
		cmocka_unit_test(infinite_is_not_unknown),
		cmocka_unit_test(counts_keep_every_digit),
		cmocka_unit_test(a_bench_has_no_base),
		cmocka_unit_test(numbers_are_written_the_same_at_every_edge),
		cmocka_unit_test(damage_is_refused_with_its_place),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(unknown_keys_are_passed_over),
		cmocka_unit_test(texts_are_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
