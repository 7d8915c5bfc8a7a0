/* config.h: what is read of .profd.yml and what it comes to; where faults are; limits. */
#include <errno.h>
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

#include <profd/config.h>
#include <profd/text.h>

#define HEAD "profd: 1\nworkloads:\n  - name: a\n    command: ./a\n"

static struct config *parse(const char *text)
{
	struct config_problems p = {0};
	struct config *c = NULL;
	int code = config_parse("f", text, strlen(text), &c, &p);

	for (uint32_t i = 0; i < p.list.n; i++)
		print_error("%s\n", p.list.v[i].error.text);
	assert_int_equal(code, 0);
	assert_int_equal(p.list.n, 0);
	config_problems_done(&p);
	return c;
}

/* The first fault begins with @want, and there are @n. */
static void refused(const char *text, size_t len, const char *want, uint32_t n)
{
	struct config_problems p = {0};
	struct config *c = NULL;

	assert_int_equal(config_parse("f", text, len, &c, &p), -EINVAL);
	assert_null(c);
	assert_true(p.list.n > 0);
	if (strncmp(p.list.v[0].error.text, want, strlen(want)) != 0)
		fail_msg("'%s' instead of '%s'", p.list.v[0].error.text, want);
	assert_int_equal(p.list.n, n);
	config_problems_done(&p);
}

static const struct config_metric *metric(const struct config_workload *w,
					  const char *name)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (!strcmp(w->metrics[i].name, name))
			return &w->metrics[i];
	}
	fail_msg("no metric %s", name);
	return NULL;
}

/* @line is a metric of the one workload. */
static struct config *with_metric(const char *line)
{
	struct text t = {0};
	struct config *c;

	text_addf(&t, HEAD "    metrics:\n      %s\n", line);
	c = parse(text_get(&t));
	text_done(&t);
	return c;
}

static void defaults_are_filled_in(void **state)
{
	struct config *c = parse(HEAD);
	const struct config_workload *w = &c->workloads[0];

	assert_int_equal(c->mode, CONFIG_GATE);
	assert_int_equal(c->pairs_first, 10);
	assert_int_equal(c->pairs_max, 40);
	assert_true(c->strictness == 0);
	assert_int_equal(c->nworkloads, 1);
	assert_string_equal(w->name, "a");
	assert_string_equal(w->command.text, "./a");
	assert_null(w->command.argv);
	assert_int_equal(w->runs, 10);
	assert_int_equal(w->warmup, 1);
	assert_int_equal(w->timeout_ns, 600 * 1000000000ull);
	assert_int_equal(w->nmetrics, 3);
	assert_int_equal(metric(w, "cpu")->policy.worse, CONFIG_LEVEL_FAIL);
	assert_int_equal(metric(w, "wall")->policy.worse, CONFIG_LEVEL_WARN);
	assert_int_equal(metric(w, "cpu")->policy.inconclusive, CONFIG_LEVEL_WARN);
	assert_true(metric(w, "cpu")->threshold == 0.1);
	assert_false(metric(w, "max_rss")->has_threshold);
	assert_int_equal(c->family, 1);
	config_free(c);
	config_free(NULL);
}

static void default_metrics_follow_the_policy(void **state)
{
	struct config *c = parse(HEAD "policy: warn\n");

	assert_int_equal(c->family, 0);
	assert_int_equal(metric(c->workloads, "cpu")->policy.worse, CONFIG_LEVEL_WARN);
	config_free(c);
	c = parse(HEAD "policy: off\n");
	assert_int_equal(metric(c->workloads, "wall")->policy.worse, CONFIG_LEVEL_OFF);
	config_free(c);
}

static void parameters_make_variants(void **state)
{
	struct config *c = parse(
		"profd: 1\nworkloads:\n  - name: s\n"
		"    command: [run, '{n}', '{n}-{how}', '{{n}}', '${n}']\n"
		"    cwd: d/{how}\n    env: {N: '{n}', K: k}\n"
		"    params: {n: [1, 20], how: [up, down, 1e3]}\n");
	const struct config_workload *w = c->workloads;

	assert_int_equal(c->nworkloads, 6);
	assert_int_equal(c->ngroups, 1);
	assert_string_equal(w[0].name, "s[1,up]");
	assert_string_equal(w[1].name, "s[1,down]");
	assert_string_equal(w[5].name, "s[20,1e3]");
	assert_string_equal(w[4].group, "s");
	assert_string_equal(w[4].variant, "20,down");
	assert_int_equal(w[4].command.argc, 5);
	assert_string_equal(w[4].command.argv[1], "20");
	assert_string_equal(w[4].command.argv[2], "20-down");
	assert_string_equal(w[4].command.argv[3], "{n}");
	assert_string_equal(w[4].command.argv[4], "${n}");
	assert_null(w[4].command.argv[5]);
	assert_string_equal(w[4].cwd, "d/down");
	assert_string_equal(w[4].env[0].value, "20");
	assert_string_equal(w[4].env[1].value, "k");
	assert_int_equal(w[4].nparams, 2);
	assert_string_equal(w[4].params[1].name, "how");
	assert_string_equal(w[4].params[1].value, "down");
	config_free(c);
}

static void budgets_are_for_variants(void **state)
{
	struct config *c = parse(
		"profd: 1\nworkloads:\n  - name: s\n    command: ./s {n}\n"
		"    params: {n: [10, 100, 1000]}\n    metrics:\n"
		"      wall: {budget: {10: <= 1ms, 1000: <= 0.5 s}}\n"
		"      t: {from: program, budget: '>= 2M/s'}\n");
	const struct config_workload *w = c->workloads;

	assert_true(w[0].metrics[0].budget.given);
	assert_true(fabs(w[0].metrics[0].budget.value - 0.001) < 1e-12);
	assert_false(w[1].metrics[0].budget.given);
	assert_true(w[2].metrics[0].budget.value == 0.5);
	assert_int_equal(w[2].metrics[0].budget.kind, CONFIG_TIME);
	for (int i = 0; i < 3; i++) {
		assert_true(w[i].metrics[1].budget.at_least);
		assert_true(w[i].metrics[1].budget.value == 2e6);
		assert_int_equal(w[i].metrics[1].direction, CONFIG_BIGGER);
	}
	config_free(c);
}

static void units_mean_what_they_say(void **state)
{
	static const struct {
		const char *limit;
		double value;
		enum config_kind kind;
	} rows[] = {
		{"<= 5", 5, CONFIG_COUNT},
		{"<=2K", 2000, CONFIG_COUNT},
		{"<= 1.5M", 1.5e6, CONFIG_COUNT},
		{"<= 2G", 2e9, CONFIG_COUNT},
		{"<= 5ns", 5e-9, CONFIG_TIME},
		{"<= 5us", 5e-6, CONFIG_TIME},
		{"<= 5 ms", 5e-3, CONFIG_TIME},
		{"<= 2m", 120, CONFIG_TIME},
		{"<= 1h", 3600, CONFIG_TIME},
		{"<= 350MB", 350.0 * (1 << 20), CONFIG_SIZE},
		{"<= 1KiB", 1024, CONFIG_SIZE},
		{"<= 7B", 7, CONFIG_SIZE},
		{"<= 1GB", 1 << 30, CONFIG_SIZE},
		{">= 1KB/s", 1024, CONFIG_SIZE_RATE},
		{">= 2M/s", 2e6, CONFIG_RATE},
		{">= 3/s", 3, CONFIG_RATE},
		{">= 99.5%", 99.5, CONFIG_PERCENT},
		{"<= -2", -2, CONFIG_COUNT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[100];
		struct config *c;
		const struct config_limit *l;

		snprintf(line, sizeof(line), "n: {from: program, budget: '%s'}",
			 rows[i].limit);
		c = with_metric(line);
		l = &c->workloads[0].metrics[0].budget;
		assert_int_equal(l->kind, rows[i].kind);
		assert_true(fabs(l->value - rows[i].value) <= 1e-12 * fabs(l->value));
		assert_string_equal(l->text, rows[i].limit);
		config_free(c);
	}
}

static void units_of_programs_have_a_scale(void **state)
{
	static const struct {
		const char *unit;
		double scale;
		enum config_kind kind;
	} rows[] = {{"ms", 1e-3, CONFIG_TIME},		 {"MB", 1 << 20, CONFIG_SIZE},
		    {"MB/s", 1 << 20, CONFIG_SIZE_RATE}, {"trades/s", 1, CONFIG_RATE},
		    {"apples", 1, CONFIG_COUNT},	 {"%", 1, CONFIG_PERCENT}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[100];
		struct config *c;

		snprintf(line, sizeof(line), "n: {from: program, unit: '%s'}",
			 rows[i].unit);
		c = with_metric(line);
		assert_int_equal(c->workloads[0].metrics[0].kind, rows[i].kind);
		assert_true(c->workloads[0].metrics[0].unit_scale == rows[i].scale);
		config_free(c);
	}
}

static void thresholds_have_three_forms(void **state)
{
	struct config *c = with_metric("cpu: {threshold: 12.5%, difference: 2ms}");
	const struct config_metric *m = &c->workloads[0].metrics[0];

	assert_true(m->has_threshold && m->threshold == 0.125 && !m->as_ratio);
	assert_true(m->difference == 0.002);
	config_free(c);
	c = with_metric("cpu: {ratio: 1.5}");
	m = &c->workloads[0].metrics[0];
	assert_true(m->has_threshold && m->threshold == 0.5 && m->as_ratio);
	config_free(c);
	c = with_metric("instructions: {from: valgrind, threshold: 0%}");
	m = &c->workloads[0].metrics[0];
	assert_true(m->has_threshold && m->threshold == 0 && m->exact);
	assert_true(config_gates(m));
	config_free(c);
}

static void the_inner_wins_key_by_key(void **state)
{
	struct config *c = parse(
		"profd: 1\npolicy: warn\nuntrusted: fail\n"
		"metrics:\n  cpu: {threshold: 10%, policy: fail, stat: max}\n  wall:\n"
		"workloads:\n  - {name: a, command: ./a, no_baseline: off}\n"
		"  - {name: b, command: ./b, policy: off, metrics: {cpu: {ratio: 2}, "
		"user: {threshold: 1%}}}\n");
	const struct config_metric *m = metric(&c->workloads[1], "cpu");

	assert_true(m->as_ratio && m->threshold == 1);
	assert_int_equal(m->policy.worse, CONFIG_LEVEL_FAIL);
	assert_int_equal(m->stat, CONFIG_MAX);
	assert_int_equal(metric(&c->workloads[1], "user")->policy.worse,
			 CONFIG_LEVEL_OFF);
	assert_int_equal(metric(&c->workloads[1], "user")->policy.untrusted,
			 CONFIG_LEVEL_FAIL);
	m = metric(&c->workloads[0], "wall");
	assert_int_equal(m->policy.worse, CONFIG_LEVEL_WARN);
	assert_int_equal(m->policy.no_baseline, CONFIG_LEVEL_OFF);
	assert_int_equal(c->workloads[0].nmetrics, 2);
	assert_int_equal(c->family, 2);
	config_free(c);
}

/* 3m/alpha is a power of two nowhere, but the count must not depend on rounding. */
static void the_first_look_grows_with_the_family(void **state)
{
	assert_int_equal(config_first_look(0), 10);
	assert_int_equal(config_first_look(1), 10);
	for (uint32_t m = 1; m <= 20000; m++) {
		uint32_t n = 0;

		/* The least n with 2^-n <= alpha / 3m, in whole numbers. */
		while ((1ull << n) < 600ull * m)
			n++;
		assert_int_equal(config_first_look(m), n < 10 ? 10 : n);
	}
}

static void too_few_pairs_are_raised_or_refused(void **state)
{
	static const char two[] = "profd: 1\npairs: {first: 5}\nworkloads:\n"
				  "  - {name: a, command: ./a}\n"
				  "  - {name: b, command: ./b}\n";
	static const char few[] = "profd: 1\npairs: {first: 50, max: 49}\n"
				  "workloads: [{name: a, command: ./a}]\n";
	struct config *c = parse(two);

	assert_int_equal(c->family, 2);
	assert_int_equal(c->pairs_asked, 5);
	assert_int_equal(c->pairs_first, 11);
	config_free(c);
	refused(few, sizeof(few) - 1, "f:2:8: at most 49 pairs are too few", 1);
}

static void expressions_are_evaluated(void **state)
{
	static const struct {
		const char *expr;
		double value; /* wall 2, cpu 8, user 3 */
	} rows[] = {
		{"wall + cpu * user", 26},
		{"(wall + cpu) * user", 30},
		{"cpu - user - wall", 3},
		{"cpu / wall / wall", 2},
		{"-wall - -cpu", 6},
		{"- (cpu - user) * 2", -10},
		{"1.5 * wall", 3},
		{"cpu / (wall - 2)", NAN},
		{"--wall", 2},
		{"((wall))", 2},
		{"0.1", 0.1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[200];
		double values[4] = {2, 8, 3, 0};
		struct config *c;

		snprintf(line, sizeof(line),
			 "wall:\n      cpu:\n      user:\n      x: {expr: \"%s\"}",
			 rows[i].expr);
		c = with_metric(line);
		assert_int_equal(c->workloads[0].nderived, 1);
		config_derive(&c->workloads[0], values);
		if (isnan(rows[i].value))
			assert_true(isnan(values[3]));
		else
			assert_true(values[3] == rows[i].value);
		config_free(c);
	}
}

static void derived_metrics_follow_what_they_need(void **state)
{
	struct config *c = with_metric("x: {expr: y + z}\n      y: {expr: 2 * z}\n"
				       "      z: {expr: wall + tick_s}\n      wall:");
	const struct config_workload *w = c->workloads;
	double values[5] = {0, 0, 0, 5, 1};

	assert_int_equal(w->nmetrics, 5);
	assert_string_equal(w->metrics[4].name, "tick_s");
	assert_true(w->metrics[4].implied);
	assert_int_equal(w->metrics[4].from, CONFIG_FROM_PROGRAM);
	config_derive(w, values);
	assert_true(values[2] == 6 && values[1] == 12 && values[0] == 18);
	config_free(c);
}

/* A metric of the process needs no declaration either. */
static void an_expression_may_name_the_process(void **state)
{
	struct config *c = with_metric("x: {expr: wall - cpu}");

	assert_int_equal(c->workloads[0].nmetrics, 3);
	assert_int_equal(metric(c->workloads, "cpu")->from, CONFIG_FROM_PROCESS);
	assert_int_equal(metric(c->workloads, "cpu")->kind, CONFIG_TIME);
	assert_false(config_gates(metric(c->workloads, "cpu")));
	config_free(c);
}

static void numbers_are_those_of_yaml_1_2(void **state)
{
	struct config *c = parse(HEAD "    runs: 0x10\n    warmup: 0o17\n"
				      "    timeout: 1.5e1\nstrictness: .5\n"
				      "inconclusive: off\n");

	assert_int_equal(c->workloads[0].runs, 16);
	assert_int_equal(c->workloads[0].warmup, 15);
	assert_int_equal(c->workloads[0].timeout_ns, 15000000000ull);
	assert_true(c->strictness == 0.5);
	config_free(c);
	refused(HEAD "    runs: .inf\n", strlen(HEAD) + 15,
		"f:5:11: 'runs' has to be from", 1);
	refused(HEAD "    runs: .nan\n", strlen(HEAD) + 15,
		"f:5:11: 'runs' has to be a whole number, not .nan", 1);
}

static void a_mark_of_utf8_is_skipped(void **state)
{
	config_free(parse("\xef\xbb\xbf" HEAD));
}

static void what_is_no_utf8_is_refused(void **state)
{
	static const char utf16[] = "\xff\xfep\0r\0o\0f\0d\0:\0 \0001\0\n";

	refused(HEAD "    cwd: caf\xe9\n", strlen(HEAD) + 14,
		"f:5:13: this is no UTF-8 text", 1);
	refused(utf16, sizeof(utf16) - 1, "f:1:1: this is no UTF-8 text", 1);
}

/* A name in a message goes to a terminal. */
static void messages_are_clean(void **state)
{
	static const char text[] = "profd: 1\n\"a\\e[31m\": 1\n"
				   "workloads: [{name: a, command: ./a}]\n";

	refused(text, sizeof(text) - 1, "f:2:1: the file has no key 'a\xef\xbf\xbd[31m'",
		1);
}

static void faults_come_in_the_order_of_the_file(void **state)
{
	static const char text[] = "workloads:\n  - {name: a, command: ./a, runs: 0}\n"
				   "mode: x\nprofd: 2\n";
	struct config_problems p = {0};
	struct config *c = NULL;

	assert_int_equal(config_parse("f", text, sizeof(text) - 1, &c, &p), -EINVAL);
	assert_int_equal(p.list.n, 3);
	assert_int_equal(p.list.v[0].line, 2);
	assert_int_equal(p.list.v[0].column, 35);
	assert_int_equal(p.list.v[1].line, 3);
	assert_int_equal(p.list.v[2].line, 4);
	config_problems_done(&p);
}

static void many_faults_are_cut_off(void **state)
{
	struct config_problems p = {0};
	struct config *c = NULL;
	struct text t = {0};

	text_add(&t, "profd: 1\nworkloads:\n");
	for (int i = 0; i < 40; i++)
		text_addf(&t, "  - {name: a%d, run: 1}\n", i);
	assert_int_equal(config_parse("f", t.s, t.len, &c, &p), -EINVAL);
	assert_int_equal(p.list.n, CONFIG_PROBLEMS_MAX);
	assert_true(p.more);
	config_problems_done(&p);
	text_done(&t);
}

/* --- limits ------------------------------------------------------------------------- */

static void refuse_text(struct text *t, const char *want)
{
	refused(t->s, t->len, want, 1);
	text_done(t);
}

static void aliases_cannot_explode(void **state)
{
	struct text t = {0};

	text_add(&t, "profd: 1\nx-a: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++) {
		text_addf(&t, "x-%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			text_addf(&t, "%s*a%d", k ? ", " : "", i - 1);
		text_add(&t, "]\n");
	}
	refuse_text(&t, "f:7:");
	/* One text, many times. */
	text_add(&t, "profd: 1\nx-a: &a ");
	for (int i = 0; i < 100000; i++)
		text_addc(&t, 'x');
	text_add(&t, "\nx-b: [");
	for (int i = 0; i < 50; i++)
		text_add(&t, "*a, ");
	text_add(&t, "]\n");
	refuse_text(&t, "f:3:");
}

static void sizes_are_limited(void **state)
{
	struct text t = {0};

	text_add(&t, HEAD "#");
	while (t.len <= CONFIG_FILE_MAX_BYTES)
		text_addc(&t, '#');
	refuse_text(&t, "f:1:1: the file has over 256 KiB");
	text_add(&t, "profd: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n");
	refuse_text(&t, "f:1:23: lists and maps are nested more than 16 deep");
	text_add(&t, HEAD "    params: {a: &v [0");
	for (int i = 1; i < 1000; i++)
		text_addf(&t, ", %d", i);
	text_add(&t, "], b: [1, 2]}\n    cwd: '{a}{b}'\n");
	refuse_text(&t, "f:3:5: there are more than 1000 workloads and variants");
}

static void work_is_limited(void **state)
{
	struct text t = {0};

	text_add(&t, "profd: 1\nworkloads:\n  - name: a\n    command: './a {n}");
	for (int i = 0; i < 60000; i++)
		text_add(&t, "{n}");
	text_add(&t, "'\n    params: {n: [0");
	for (int i = 1; i < 1000; i++)
		text_addf(&t, ", %d", i);
	text_add(&t, "]}\n");
	refuse_text(&t, "f:3:5: the texts of all variants have over 4 MiB");
	text_add(&t, "profd: 1\nmetrics:\n");
	for (int i = 0; i < 150; i++)
		text_addf(&t, "  m%d: {from: program}\n", i);
	text_add(&t, "workloads:\n");
	for (int i = 0; i < 200; i++)
		text_addf(&t, "  - {name: w%d, command: x}\n", i);
	refuse_text(&t, "f:287:5: all variants together have more than 20000 metrics");
}

/* 190 metrics, each of which needs the next, in expressions that lean 140 deep. */
static void long_chains_do_not_recurse(void **state)
{
	struct text t = {0};
	double values[CONFIG_METRICS_MAX] = {0};
	struct config *c;

	text_add(&t, HEAD "    metrics:\n");
	for (int i = 0; i < 190; i++) {
		text_addf(&t, "      c%d: {expr: ", i);
		for (int k = 0; k < 140; k++)
			text_add(&t, "wall + ");
		text_addf(&t, "c%d}\n", i + 1);
	}
	text_add(&t, "      c190: {expr: wall}\n");
	c = parse(t.s);
	assert_int_equal(c->workloads[0].nderived, 191);
	for (uint32_t i = 0; i < c->workloads[0].nmetrics; i++)
		values[i] = 1;
	config_derive(c->workloads, values);
	assert_true(values[0] == 190 * 140 + 1);
	config_free(c);
	text_done(&t);
}

/* --- files -------------------------------------------------------------------------- */

static void the_file_is_found(void **state)
{
	char folder[] = "/tmp/profd-test.XXXXXX", *path;
	struct error err = {0};
	struct config_problems p = {0};
	struct config *c = NULL;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_null(config_find(&err));
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(
		mkdir("sub", 0755) | mkdir("sub/deep", 0755) | mkdir(".git", 0755), 0);
	assert_int_equal(config_read("none.yml", &c, &p), -ENOENT);
	assert_int_equal(p.list.v[0].line, 0);
	config_problems_done(&p);
	fclose(fopen(".profd.yml", "w"));
	assert_int_equal(chdir("sub/deep"), 0);
	path = config_find(&err);
	assert_non_null(path);
	assert_string_equal(path + strlen(path) - strlen("/.profd.yml"), "/.profd.yml");
	assert_null(strstr(path, "deep"));
	assert_int_equal(config_read(path, &c, &p), -EINVAL);
	config_problems_done(&p);
	free(path);
	fclose(fopen(".profd.yml", "w"));
	path = config_find(&err);
	assert_string_equal(path, ".profd.yml");
	free(path);
	assert_int_equal(unlink(".profd.yml") | chdir(folder) | unlink(".profd.yml") |
				 rmdir("sub/deep") | rmdir("sub") | rmdir(".git") |
				 chdir("/") | rmdir(folder),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(default_metrics_follow_the_policy),
		cmocka_unit_test(parameters_make_variants),
		cmocka_unit_test(budgets_are_for_variants),
		cmocka_unit_test(units_mean_what_they_say),
		cmocka_unit_test(units_of_programs_have_a_scale),
		cmocka_unit_test(thresholds_have_three_forms),
		cmocka_unit_test(the_inner_wins_key_by_key),
		cmocka_unit_test(the_first_look_grows_with_the_family),
		cmocka_unit_test(too_few_pairs_are_raised_or_refused),
		cmocka_unit_test(expressions_are_evaluated),
		cmocka_unit_test(derived_metrics_follow_what_they_need),
		cmocka_unit_test(an_expression_may_name_the_process),
		cmocka_unit_test(numbers_are_those_of_yaml_1_2),
		cmocka_unit_test(a_mark_of_utf8_is_skipped),
		cmocka_unit_test(what_is_no_utf8_is_refused),
		cmocka_unit_test(messages_are_clean),
		cmocka_unit_test(faults_come_in_the_order_of_the_file),
		cmocka_unit_test(many_faults_are_cut_off),
		cmocka_unit_test(aliases_cannot_explode),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(work_is_limited),
		cmocka_unit_test(long_chains_do_not_recurse),
		cmocka_unit_test(the_file_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
