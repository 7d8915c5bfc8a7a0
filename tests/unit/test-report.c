/* What reports say: sentences of every verdict, rows, texts from outside, the files. */
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

static void is(struct text *t, const char *want)
{
	assert_string_equal(text_get(t), want);
	text_clear(t);
}

static struct outcome_metric plain(enum verdict v)
{
	struct outcome_interval known = {.079, .061, .094, .95},
				unknown = {NAN, NAN, NAN, NAN};

	return (struct outcome_metric){.name = "cpu",
				       .unit = "s",
				       .stat = "median",
				       .ratio = true,
				       .verdict = v,
				       .threshold = .05,
				       .threshold_units = NAN,
				       .base = .5,
				       .head = .54,
				       .decided = known,
				       .first = unknown,
				       .drift = unknown,
				       .detectable = .03,
				       .pairs = 20,
				       .pairs_needed = 12};
}

static void a_regression_is_one_sentence(void **state)
{
	struct outcome_metric m = plain(VERDICT_REGRESSION);
	struct text t = {0};

	m.confirmed = true;
	outcome_sentence(&t, &m);
	is(&t, "cpu +7.9 % [+6.1, +9.4], 20 pairs, confirmed; this run could see 3 %");
	text_done(&t);
}

static void what_is_not_decided_is_never_a_bare_percentage(void **state)
{
	struct outcome_metric m = plain(VERDICT_INCONCLUSIVE);
	struct text t = {0};

	m.decided = (struct outcome_interval){.021, -.031, .074, .95};
	m.reason = REASON_OUT_OF_PAIRS;
	m.detectable = .09;
	m.pairs_needed = 63;
	outcome_sentence(&t, &m);
	is(&t, "cpu somewhere in [-3, +7] %, 20 pairs: more pairs are needed than were "
	       "allowed; this run could see 9 %, about 63 pairs would do");
	m.decided.low = -INFINITY;
	m.reason = REASON_NONE;
	m.pairs_needed = UINT32_MAX;
	outcome_sentence(&t, &m);
	is(&t, "cpu somewhere in [-∞, +7] %, 20 pairs; this run could see 9 %, and no "
	       "number of pairs would do");
	m.decided.low = m.decided.high = NAN;
	m.detectable = NAN;
	m.pairs_needed = m.pairs = 0;
	outcome_sentence(&t, &m);
	is(&t, "cpu change not known");
	text_done(&t);
}

static void every_other_verdict_has_its_words(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *want;
	} cases[] = {
		{VERDICT_PASS,
		 "cpu +7.9 % [+6.1, +9.4], 20 pairs; this run could see 3 %"},
		{VERDICT_IMPROVEMENT,
		 "cpu +7.9 % [+6.1, +9.4], 20 pairs; this run could see 3 %"},
		{VERDICT_SUSPECTED,
		 "cpu +7.9 % [+6.1, +9.4], 20 pairs; this run could see 3 %"},
		{VERDICT_UNTRUSTED,
		 "cpu +7.9 % [+6.1, +9.4], 20 pairs; this run could see 3 %"},
		{VERDICT_OPEN,
		 "cpu somewhere in [+6.1, +9.4] %, 20 pairs; this run could see 3 %"},
		{VERDICT_MEASURED, "cpu 540.0 ms"},
		{VERDICT_IMMATURE, "cpu: immature"},
		{VERDICT_NOT_COMPARABLE, "cpu: not comparable"},
		{VERDICT_NO_BASELINE, "cpu: no baseline"},
		{VERDICT_FAILED, "cpu: failed"},
		{VERDICT_TIMEOUT, "cpu: timeout"},
	};
	struct text t = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome_metric m = plain(cases[i].verdict);

		outcome_sentence(&t, &m);
		is(&t, cases[i].want);
	}
	text_done(&t);
}

static void exact_metrics_have_no_interval(void **state)
{
	struct outcome_metric m = plain(VERDICT_REGRESSION);
	struct text t = {0};

	m.name = "instructions";
	m.unit = "";
	m.exact = true;
	m.decided = (struct outcome_interval){.0123, .0123, .0123, NAN};
	outcome_sentence(&t, &m);
	is(&t, "instructions +1.23 %, exact");
	text_done(&t);
}

static void drift_is_told_where_it_is_known(void **state)
{
	struct outcome_metric m = plain(VERDICT_PASS);
	struct text t = {0};

	outcome_drift_sentence(&t, &m);
	assert_int_equal(t.len, 0);
	m.drift = (struct outcome_interval){-.002, -1, INFINITY, .95};
	outcome_drift_sentence(&t, &m);
	assert_int_equal(t.len, 0);
	m.drift = (struct outcome_interval){-.002, -.011, .007, .95};
	outcome_drift_sentence(&t, &m);
	is(&t, "-0.2 % [-1.1, +0.7] between neighbouring runs of one side");
	text_done(&t);
}

/* ci-perf 3-8: actual, limit, base limit, multiplier and percent over. */
static void a_missed_budget_tells_all_five_figures(void **state)
{
	struct outcome o = {.strictness_from = "CI"};
	struct outcome_metric m = plain(VERDICT_PASS);
	struct text t = {0};

	outcome_budget_sentence(&t, &o, &m);
	is(&t, "");
	m.budget = (struct outcome_budget){.given = true,
					   .exceeded = true,
					   .limit = .010,
					   .base_limit = .005,
					   .multiplier = 2,
					   .actual = .01532};
	outcome_budget_sentence(&t, &o, &m);
	is(&t, "cpu 15.32 ms > 10 ms, exceeded by 53.2 % (5 ms x 2, CI)");
	m.unit = "/s";
	m.budget = (struct outcome_budget){.given = true,
					   .at_least = true,
					   .exceeded = true,
					   .limit = 2e6,
					   .base_limit = 2e6,
					   .multiplier = 1,
					   .actual = 1.2e6};
	outcome_budget_sentence(&t, &o, &m);
	is(&t, "cpu 1.200 M/s < 2 M/s, missed by 40.0 %");
	m.budget.exceeded = false;
	m.budget.actual = 2e6;
	outcome_budget_sentence(&t, &o, &m);
	is(&t, "cpu 2.000 M/s = 2 M/s");
	text_done(&t);
}

static void counts_begin_with_the_worst(void **state)
{
	struct outcome o;
	struct text t = {0};

	outcome_sample("gate", &o);
	outcome_counts(&t, &o);
	is(&t, "1 regression, 1 inconclusive, 1 improvement, 2 pass; 1 over budget");
	outcome_done(&o);
	/* A workload that failed is one, with metrics or without. */
	outcome_sample("hostile", &o);
	outcome_counts(&t, &o);
	is(&t, "1 failed, 1 regression; 1 over budget");
	outcome_done(&o);
	outcome_sample("empty", &o);
	outcome_counts(&t, &o);
	is(&t, "nothing was measured");
	outcome_done(&o);
	text_done(&t);
}

/* --- files -------------------------------------------------------------------------- */

static const outcome_writer writers[] = {
	outcome_json_write,	   outcome_summary_write,     outcome_comment_write,
	outcome_junit_write,	   outcome_openmetrics_write, outcome_html_write,
	outcome_metrics_csv_write, outcome_pairs_csv_write,   outcome_plot_csv_write,
	outcome_gha_smaller_write, outcome_gha_bigger_write,
};

static void write_text(const struct outcome *o, outcome_writer write, struct text *t)
{
	struct sink_text out;

	sink_text_init(&out, t);
	write(o, &out.sink);
	assert_int_equal(out.sink.code, 0);
}

static void the_same_outcome_gives_the_same_bytes(void **state)
{
	for (unsigned s = 0; s < noutcome_samples; s++) {
		for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
			struct text first = {0}, second = {0};
			struct outcome o, again;

			outcome_sample(outcome_samples[s].name, &o);
			outcome_sample(outcome_samples[s].name, &again);
			write_text(&o, writers[i], &first);
			write_text(&again, writers[i], &second);
			assert_string_equal(text_get(&first), text_get(&second));
			text_done(&first);
			text_done(&second);
			outcome_done(&o);
			outcome_done(&again);
		}
	}
}

/* Terminals obey them, and so do those who read a page from right to left. */
static void no_file_has_control_characters(void **state)
{
	struct outcome o;

	outcome_sample("hostile", &o);
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
		struct text t = {0};

		write_text(&o, writers[i], &t);
		for (size_t k = 0; k < t.len; k++)
			if ((unsigned char)t.s[k] < 0x20 && !strchr("\r\n\t", t.s[k]))
				fail_msg("writer %zu, byte %zu: %d", i, k, t.s[k]);
		/* verdict.json keeps what was there. */
		if (i)
			assert_null(strstr(t.s, "\xe2\x80\xae"));
		text_done(&t);
	}
	outcome_done(&o);
}

static int test_folder(void)
{
	char path[] = "/tmp/profd-test-report-XXXXXX";
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	rmdir(path);
	return fd;
}

static void a_folder_that_takes_no_files_is_an_error_once(void **state)
{
	struct error err = {0};
	struct outcome o;
	int fd = test_folder(); /* it is gone already */

	outcome_sample("gate", &o);
	assert_int_equal(outcome_write_all(&o, fd, OUTCOME_FACES_ALL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "data.js"));
	assert_int_equal(outcome_write_all(&o, fd, OUTCOME_JSON, &err), -ENOENT);
	assert_non_null(strstr(err.text, "verdict.json"));
	close(fd);
	outcome_done(&o);
}

static void every_face_has_files(void **state)
{
	size_t n = 0;

	while (outcome_file(OUTCOME_FACES_ALL, n))
		n++;
	assert_int_equal(n, 11);
	assert_string_equal(outcome_file(OUTCOME_JUNIT, 0), "junit.xml");
	assert_null(outcome_file(OUTCOME_JUNIT, 1));
	assert_ptr_equal(outcome_face_writer(OUTCOME_JSON), outcome_json_write);
	assert_null(outcome_face_writer(OUTCOME_CSV));
}

/* --- joined ------------------------------------------------------------------------- */

static void joined_runs_keep_the_worst_and_all_workloads(void **state)
{
	struct outcome v[3], o;
	struct text t = {0};

	outcome_sample("bench", &v[0]);
	outcome_sample("verdicts", &v[1]);
	outcome_sample("gate", &v[2]);
	outcome_join(v, 3, &o);
	assert_int_equal(o.nworkloads, 1 + VERDICT_TIMEOUT + 1 + 2);
	assert_int_equal(o.verdict, VERDICT_FAILED);
	assert_int_equal(o.effect, OUTCOME_FAILS);
	assert_int_equal(o.exit_status, 4);
	assert_string_equal(o.command, "bench");
	assert_string_equal(o.notes[0],
			    "The joined runs are of different commits: those of "
			    "the first one are shown.");
	assert_int_equal(o.nnotes, 3);
	write_text(&o, outcome_json_write, &t);
	assert_non_null(strstr(t.s, "\"sort[1000]\""));
	text_done(&t);
	outcome_done(&o);
	for (int i = 0; i < 3; i++)
		outcome_done(&v[i]);
}

/* --- github-action-benchmark --------------------------------------------------------- */

static void benches_become_workloads_in_known_units(void **state)
{
	static const char data[] =
		"[{\"name\": \"a\", \"unit\": \"ms\", \"value\": 1.5},"
		" {\"name\": \"b\", \"unit\": \"ops/sec\", \"value\": \"12\"},"
		" {\"name\": \"c\", \"unit\": \"frames\", \"value\": 2}]";
	struct outcome o;

	assert_int_equal(outcome_gha_read(data, strlen(data), true, &o, NULL), 0);
	assert_int_equal(o.nworkloads, 3);
	assert_float_equal(o.workloads[0].metrics[0].head, .0015, 1e-12);
	assert_string_equal(o.workloads[0].metrics[0].unit, "s");
	assert_true(o.workloads[0].metrics[0].bigger_is_better);
	assert_string_equal(o.workloads[1].metrics[0].unit, "/s");
	assert_float_equal(o.workloads[1].metrics[0].head, 12, 0);
	assert_string_equal(o.workloads[2].metrics[0].unit, "frames");
	outcome_done(&o);
}

static void benches_that_are_none_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *data, *why;
	} cases[] = {
		{"{}", "it is not an array of benchmarks"},
		{"[1]", "[0] is not an object"},
		{"[{\"value\": 1}]", "[0].name is not a name"},
		{"[{\"name\": \"a\", \"value\": 1}, {\"name\": \"b\"}]",
		 "[1].value is not a number"},
		{"[{\"name\": \"a\", \"value\": \"1e999\"}]",
		 "[0].value is not a number"},
		{"[{\"name\": \"a\", \"unit\": 1, \"value\": 1}]",
		 "[0].unit is not a unit"},
		{"[", "line 1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = {0};
		struct outcome o;

		assert_int_equal(outcome_gha_read(cases[i].data, strlen(cases[i].data),
						  false, &o, &err),
				 -EBADMSG);
		if (!strstr(err.text, cases[i].why))
			fail_msg("'%s' is not in '%s'", cases[i].why, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_regression_is_one_sentence),
		cmocka_unit_test(what_is_not_decided_is_never_a_bare_percentage),
		cmocka_unit_test(every_other_verdict_has_its_words),
		cmocka_unit_test(exact_metrics_have_no_interval),
		cmocka_unit_test(drift_is_told_where_it_is_known),
		cmocka_unit_test(a_missed_budget_tells_all_five_figures),
		cmocka_unit_test(counts_begin_with_the_worst),
		cmocka_unit_test(the_same_outcome_gives_the_same_bytes),
		cmocka_unit_test(no_file_has_control_characters),
		cmocka_unit_test(a_folder_that_takes_no_files_is_an_error_once),
		cmocka_unit_test(every_face_has_files),
		cmocka_unit_test(joined_runs_keep_the_worst_and_all_workloads),
		cmocka_unit_test(benches_become_workloads_in_known_units),
		cmocka_unit_test(benches_that_are_none_are_refused_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
