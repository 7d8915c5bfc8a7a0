/* repeat.h: which runs are made, and what becomes of them. */
#include <profd/repeat.h>

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/text.h>

/* Each run appends to a file; n is its number of lines. */
#define COUNTS                                                                           \
	"    command: |\n"                                                               \
	"      echo x >>log; n=$(wc -l <log)\n"                                          \
	"      echo \"{\\\"name\\\": \\\"n\\\", \\\"value\\\": $n}\" >$PROFD_METRICS\n"

static bool helper_runs;
static char folder[] = "/tmp/profd-test-XXXXXX";

struct rig {
	struct config *config;
	struct arena arena;
	struct outcome_workload out;
	struct text phases; /* "w0/1 r0/3 r1/3 …" */
	const char *note;
};

static void before(void *arg, const struct repeat_progress *p)
{
	struct rig *g = arg;

	text_addf(&g->phases, "%s%c%u/%u", g->phases.len ? " " : "", "werp"[p->phase],
		  p -> run, p -> runs);
	assert_string_equal(p->workload->name, "w");
	assert_true(isnan(p->seconds_left) == (p->phase != REPEAT_RUN || !p->run));
}

static void run(struct rig *g, const char *body, struct repeat_options *how)
{
	_cleanup_free_ char *text = xasprintf("profd: 1\nworkloads:\n  - name: w\n%s",
					      body);
	const struct bench_options o = {.log_fd = -1};
	struct config_problems problems = {0};
	struct error err = {0};
	struct bench *b;

	if (!helper_runs)
		skip();
	*g = (struct rig){0};
	unlink("log");
	if (config_parse("f", text, strlen(text), &g->config, &problems) < 0)
		fail_msg("%s", problems.list.v[0].error.text);
	how->before = before;
	how->arg = g;
	how->strictness = how->strictness > 0 ? how->strictness : 1;
	if (bench_open(&b, &g->config->workloads[0], &o, &err) < 0 ||
	    repeat_workload(b, &g->config->workloads[0], how, &g->arena, &g->out,
			    &g->note, &err) < 0)
		fail_msg("%s", err.text);
	bench_close(b);
}

static void rig_done(struct rig *g)
{
	text_done(&g->phases);
	arena_done(&g->arena);
	config_free(g->config);
}

static void warm_up_does_not_count(void **state)
{
	struct rig g;
	const struct outcome_metric *m;

	(void)state;
	run(&g, COUNTS "    metrics: {n: {from: program, unit: items}}\n",
	    &(struct repeat_options){.runs = 3, .warmup = 2});
	assert_string_equal(g.phases.s, "w0/2 w1/2 r0/3 r1/3 r2/3");
	m = &g.out.metrics[0];
	assert_int_equal(m->nvalues, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(m->values[i].head == 3 + i && isnan(m->values[i].base));
	assert_true(m->head == 4 && isnan(m->base) && m->ratio && !m->exact);
	assert_string_equal(m->unit, "items");
	assert_int_equal(m->verdict, VERDICT_MEASURED);
	assert_int_equal(g.out.runs, 3);
	assert_int_equal(g.out.warmup, 2);
	assert_null(g.note);
	rig_done(&g);
}

static void exact_metrics_have_two_runs_of_their_own(void **state)
{
	struct rig g;

	(void)state;
	run(&g, COUNTS "    metrics: {n: {from: program, exact: true}}\n",
	    &(struct repeat_options){.runs = 1});
	assert_string_equal(g.phases.s, "e0/2 e1/2 r0/1");
	/* These two were 1 and 2: the plain run counts. */
	assert_false(g.out.metrics[0].exact);
	assert_true(g.out.metrics[0].head == 3);
	assert_string_equal(g.out.metrics[0].note,
			    "said to be exact, and it did not repeat");
	rig_done(&g);
}

static void the_first_failure_is_the_last_run(void **state)
{
	struct rig g;

	(void)state;
	run(&g, "    command: echo x >>log; [ $(wc -l <log) -lt 3 ] || exit 7\n",
	    &(struct repeat_options){.runs = 9});
	assert_string_equal(g.phases.s, "r0/9 r1/9 r2/9");
	assert_int_equal(g.out.verdict, VERDICT_FAILED);
	assert_int_equal(g.out.effect, OUTCOME_FAILS);
	assert_int_equal(g.out.nfailures, 1);
	assert_string_equal(g.out.failures[0].what, "exit status 7");
	assert_int_equal(g.out.runs, 2);
	assert_null(g.note);
	rig_done(&g);
}

static void budgets_are_of_the_statistic_of_all_runs(void **state)
{
	struct rig g;

	(void)state;
	run(&g,
	    COUNTS
	    "    metrics: {n: {from: program, unit: s, stat: max, budget: '<= 2s'}}\n",
	    &(struct repeat_options){.runs = 3});
	assert_true(g.out.metrics[0].budget.actual == 3);
	assert_true(g.out.metrics[0].budget.exceeded);
	assert_int_equal(g.out.metrics[0].effect, OUTCOME_FAILS);
	assert_int_equal(g.out.effect, OUTCOME_FAILS);
	rig_done(&g);
	run(&g,
	    COUNTS
	    "    metrics: {n: {from: program, unit: s, stat: max, budget: '<= 2s'}}\n",
	    &(struct repeat_options){.runs = 3, .strictness = 2});
	assert_true(g.out.metrics[0].budget.limit == 4);
	assert_int_equal(g.out.effect, OUTCOME_FINE);
	rig_done(&g);
}

static void without_time_there_is_one_run(void **state)
{
	struct rig g;

	(void)state;
	run(&g, COUNTS "    metrics: {n: {from: program}}\n",
	    &(struct repeat_options){
		    .runs = 5, .warmup = 3, .until_ns = 1, .profile_dir = "/nowhere"});
	assert_string_equal(g.phases.s, "r0/5");
	assert_string_equal(g.note, "w: the time budget allowed 1 of 5 runs");
	assert_null(g.out.head_profile);
	rig_done(&g);
}

/* Run by hand, too: the build is two folders up. And an emulator of another machine runs the
 * test, but not what it starts. */
static void find_helper(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	_cleanup_free_ char *build = NULL, *command = NULL;
	int status;

	for (int i = 0; i < 3 && n > 0; i++) {
		self[n] = '\0';
		n = strrchr(self, '/') - self;
	}
	build = xstrndup(self, n > 0 ? (size_t)n : 0);
	setenv("PROFD_LIBEXEC", build, 0);
	command = xasprintf("'%s/profd-helper' 2>/dev/null", getenv("PROFD_LIBEXEC"));
	status = system(command);
	helper_runs = WIFEXITED(status) && WEXITSTATUS(status) == 125;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warm_up_does_not_count),
		cmocka_unit_test(exact_metrics_have_two_runs_of_their_own),
		cmocka_unit_test(the_first_failure_is_the_last_run),
		cmocka_unit_test(budgets_are_of_the_statistic_of_all_runs),
		cmocka_unit_test(without_time_there_is_one_run),
	};
	int failed;

	find_helper();
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink("log");
	rmdir(folder);
	return failed;
}
