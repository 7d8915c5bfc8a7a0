/* bench.h: real programs are run and measured. What they do is told by what they print, by
 * the files they leave and by their values; no time is asserted. */
#include <profd/bench.h>

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/mem.h>

/* One workload of a configuration, opened. */
struct rig {
	struct config *config;
	const struct config_workload *w;
	struct bench *bench;
	struct bench_result result;
};

static bool helper_runs;

static void rig_open(struct rig *g, const char *body)
{
	_cleanup_free_ char *text = xasprintf("profd: 1\nworkloads:\n  - name: w\n%s",
					      body);
	const struct bench_options o = {.log_fd = -1};
	struct config_problems problems = {0};
	struct error err = {0};

	if (!helper_runs)
		skip();
	*g = (struct rig){0};
	if (config_parse("f", text, strlen(text), &g->config, &problems) < 0)
		fail_msg("%s", problems.list.v[0].error.text);
	config_problems_done(&problems);
	g->w = &g->config->workloads[0];
	if (bench_open(&g->bench, g->w, &o, &err) < 0)
		fail_msg("%s", err.text);
}

static void rig_run(struct rig *g, const struct bench_run *how)
{
	struct error err = {0};

	bench_result_done(&g->result);
	if (bench_run(g->bench, how, &g->result, &err) < 0)
		fail_msg("%s", err.text);
	if (g->result.error.text[0])
		print_message("# %s; %s\n", g->result.error.text, g->result.tail);
}

static void rig_close(struct rig *g)
{
	bench_result_done(&g->result);
	bench_close(g->bench);
	config_free(g->config);
}

/* Opens, runs once, and says how it ended. */
static enum bench_end run_once(struct rig *g, const char *body)
{
	rig_open(g, body);
	rig_run(g, &(struct bench_run){0});
	return g->result.end;
}

static double value(const struct rig *g, const char *name)
{
	for (uint32_t i = 0; i < g->w->nmetrics; i++) {
		if (!strcmp(g->w->metrics[i].name, name))
			return g->result.values[i];
	}
	fail_msg("no metric %s", name);
	return 0;
}

static const char *unit(const struct rig *g, const char *name)
{
	for (uint32_t i = 0; i < g->w->nmetrics; i++) {
		if (!strcmp(g->w->metrics[i].name, name))
			return bench_unit(g->bench, i);
	}
	fail_msg("no metric %s", name);
	return "";
}

/* --- how runs end ------------------------------------------------------------------- */

static void a_run_that_ends_well_has_all_values_of_the_process(void **state)
{
	struct rig g;

	(void)state;
	assert_int_equal(
		run_once(&g, "    command: [/bin/sh, -c, 'i=0; while [ $i -lt 2000 "
			     "]; do i=$((i+1)); done']\n"
			     "    metrics: {wall: , cpu: , user: , sys: , max_rss: , "
			     "faults: , switches: }\n"),
		BENCH_ENDED);
	assert_true(value(&g, "wall") > 0);
	assert_true(value(&g, "cpu") > 0);
	assert_true(fabs(value(&g, "user") + value(&g, "sys") - value(&g, "cpu")) < 1e-9);
	assert_true(value(&g, "max_rss") > 100e3 && value(&g, "max_rss") < 100e6);
	assert_true(value(&g, "faults") > 10);
	assert_true(value(&g, "switches") >= 0);
	assert_string_equal(unit(&g, "wall"), "s");
	assert_string_equal(unit(&g, "max_rss"), "B");
	assert_string_equal(unit(&g, "faults"), "");
	rig_close(&g);
}

static void an_exit_status_is_told(void **state)
{
	struct rig g;

	(void)state;
	assert_int_equal(run_once(&g, "    command: echo before; exit 3\n"),
			 BENCH_FAILED);
	assert_string_equal(g.result.error.text, "exit status 3");
	assert_string_equal(g.result.tail, "before\n");
	assert_int_equal(WEXITSTATUS(g.result.status), 3);
	assert_true(isnan(value(&g, "cpu")));
	rig_close(&g);
}

static void a_deadly_signal_is_told(void **state)
{
	struct rig g;

	(void)state;
	assert_int_equal(run_once(&g, "    command: kill -SEGV $$\n"), BENCH_FAILED);
	assert_string_equal(g.result.error.text, "killed by SIGSEGV");
	rig_close(&g);
}

/* On a busy machine the shell may not have come to its echo by then. */
static void a_timeout_ends_the_tree(void **state)
{
	struct rig g;
	int pid = 0;

	(void)state;
	rig_open(&g,
		 "    command: 'setsid sh -c \"sleep 1000 & echo \\$! ; wait\" & wait'\n"
		 "    timeout: 100ms\n");
	for (int i = 0; i < 100 && pid <= 0; i++) {
		rig_run(&g, &(struct bench_run){0});
		assert_int_equal(g.result.end, BENCH_TIMEOUT);
		assert_string_equal(g.result.error.text, "no end within 0.1 s");
		pid = (int)strtol(g.result.tail, NULL, 10);
	}
	assert_true(pid > 1);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	rig_close(&g);
}

/* What a process was before its exec counts into its peak. */
static void a_fat_parent_does_not_show_in_max_rss(void **state)
{
	size_t n = (size_t)300 << 20;
	char *fat = malloc(n);
	struct rig g;

	(void)state;
	assert_non_null(fat);
	memset(fat, 1, n);
	assert_int_equal(run_once(&g, "    command: [/bin/true]\n"), BENCH_ENDED);
	assert_true(fat[n / 2] && value(&g, "max_rss") < 20e6);
	print_message("# max_rss of /bin/true: %.0f\n", value(&g, "max_rss"));
	rig_close(&g);
	free(fat);
}

static void what_outlives_a_run_is_killed(void **state)
{
	struct rig g;
	int pid;

	(void)state;
	assert_int_equal(
		run_once(&g,
			 "    command: |\n"
			 "      f=$PROFD_METRICS.fifo; mkfifo $f\n"
			 "      (setsid sh -c \"echo \\$\\$ >$f; exec sleep 1000\" &)\n"
			 "      read pid <$f; rm $f; echo $pid\n"),
		BENCH_ENDED);
	pid = (int)strtol(g.result.tail, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(g.result.survivors, 1);
	rig_close(&g);
}

static void programs_that_are_not_there_do_not_run(void **state)
{
	struct rig g;

	(void)state;
	assert_int_equal(run_once(&g, "    command: [/no/such/program]\n"),
			 BENCH_NOT_RUN);
	assert_string_equal(g.result.error.text,
			    "cannot run '/no/such/program': not found");
	rig_close(&g);
	assert_int_equal(run_once(&g, "    command: [/tmp]\n"), BENCH_NOT_RUN);
	assert_string_equal(g.result.error.hint, "it is a directory");
	rig_close(&g);
	assert_int_equal(
		run_once(&g, "    command: [\"true\"]\n    cwd: no/such/folder\n"),
		BENCH_NOT_RUN);
	assert_string_equal(g.result.error.text,
			    "cannot run in 'no/such/folder': No such file or directory");
	rig_close(&g);
}

/* --- what a run gets ---------------------------------------------------------------- */

static void the_environment_is_the_workloads(void **state)
{
	struct rig g;

	(void)state;
	assert_int_equal(run_once(&g,
				  "    command: echo $PROFD_BENCH,$A,${B-none}; wc -c; "
				  "ls -l /proc/$$/fd | grep -c /dev/null\n"
				  "    env: {A: one}\n"),
			 BENCH_ENDED);
	assert_string_equal(g.result.tail, "1,one,none\n0\n1\n");
	rig_run(&g, &(struct bench_run){.padding_bytes = 17});
	assert_int_equal(g.result.end, BENCH_ENDED);
	rig_close(&g);
	rig_open(&g, "    command: echo ${#PROFD_PADDING}\n");
	rig_run(&g, &(struct bench_run){.padding_bytes = 17});
	assert_string_equal(g.result.tail, "17\n");
	rig_close(&g);
}

static void it_runs_in_the_root_and_below(void **state)
{
	const char *argv[] = {"./here", NULL};
	const struct config_command other = {.argv = argv, .argc = 1};
	char dir[] = "/tmp/profd-test-XXXXXX";
	_cleanup_free_ char *script = NULL;
	struct rig g;

	(void)state;
	assert_non_null(mkdtemp(dir));
	script = xasprintf("mkdir %s/sub; printf '#!/bin/sh\\npwd\\n' >%s/sub/here; "
			   "chmod +x %s/sub/here",
			   dir, dir, dir);
	assert_int_equal(system(script), 0);
	rig_open(&g, "    command: [./none]\n    cwd: sub\n");
	rig_run(&g, &(struct bench_run){.root = dir, .command = &other});
	assert_int_equal(g.result.end, BENCH_ENDED);
	assert_non_null(strstr(g.result.tail, "/sub\n"));
	rig_close(&g);
	free(script);
	script = xasprintf("rm -r %s", dir);
	assert_int_equal(system(script), 0);
}

static void only_the_end_of_much_output_is_kept(void **state)
{
	struct rig g;

	(void)state;
	assert_int_equal(
		run_once(&g, "    command: 'head -c 3000000 /dev/zero | tr \"\\0\" x; "
			     "printf \"\\033[2J\\n\\377last\"'\n"),
		BENCH_ENDED);
	assert_true(strlen(g.result.tail) < BENCH_TAIL_BYTES + 64);
	assert_null(strchr(g.result.tail, '\033'));
	assert_non_null(strstr(g.result.tail, "[2J\n\xef\xbf\xbdlast\n"));
	rig_close(&g);
}

/* --- exact metrics ------------------------------------------------------------------ */

#define COUNTING                                                                         \
	"    command: |\n"                                                               \
	"      echo \"{\\\"name\\\": \\\"n\\\", \\\"value\\\": ${#PROFD_PADDING}}\" "    \
	">$PROFD_METRICS\n"                                                              \
	"      head -n 1 /proc/self/maps; echo $GITHUB_SHA,$LANG\n"                      \
	"    metrics: {cpu: , n: {from: program, exact: true}, m: {expr: n + 1}}\n"

static void an_exact_run_has_no_chance_in_it(void **state)
{
	_cleanup_free_ char *first = NULL;
	struct rig g;

	(void)state;
	setenv("GITHUB_SHA", "0123", 1);
	setenv("LANG", "C", 1);
	rig_open(&g, COUNTING);
	rig_run(&g, &(struct bench_run){.exact = true, .padding_bytes = 9});
	assert_int_equal(g.result.end, BENCH_ENDED);
	assert_true(value(&g, "n") == 0);
	assert_true(value(&g, "m") == 1);
	assert_true(isnan(value(&g, "cpu")));
	assert_non_null(strstr(g.result.tail, "\n,C\n"));
	first = xstrdup(g.result.tail);
	rig_run(&g, &(struct bench_run){.exact = true, .padding_bytes = 8});
	/* Where personality(2) is denied this is told, and the layout is another. */
	for (uint32_t i = 0, n; i < (bench_means(g.bench, &n), n); i++) {
		const struct bench_means *m = &bench_means(g.bench, &n)[i];

		if (!strcmp(m->name, "ASLR off, for exact metrics") && m->applied)
			assert_string_equal(g.result.tail, first);
	}
	rig_run(&g, &(struct bench_run){.padding_bytes = 9});
	assert_true(value(&g, "n") == 9 && value(&g, "cpu") > 0);
	assert_non_null(strstr(g.result.tail, "\n0123,C\n"));
	rig_close(&g);
	unsetenv("GITHUB_SHA");
}

static void nothing_is_run_for_sizes_alone(void **state)
{
	struct rig g;

	(void)state;
	rig_open(&g, "    command: exit 1\n"
		     "    metrics: {size: {from: size, file: /proc/self/exe}}\n");
	rig_run(&g, &(struct bench_run){.exact = true});
	assert_int_equal(g.result.end, BENCH_ENDED);
	assert_true(value(&g, "size") == 0 || value(&g, "size") > 1000);
	rig_close(&g);
}

/* --- signals ------------------------------------------------------------------------ */

/* The last test: the signal is remembered. */
static void a_signal_ends_this_run_and_all_after_it(void **state)
{
	_cleanup_free_ char *body = xasprintf(
		"    command: kill -TERM %d; exec sleep 1000\n", (int)getpid());
	struct rig g;

	(void)state;
	assert_int_equal(run_once(&g, body), BENCH_INTERRUPTED);
	assert_string_equal(g.result.error.text, "ended by SIGTERM");
	assert_int_equal(bench_interrupted(), SIGTERM);
	rig_run(&g, &(struct bench_run){0});
	assert_int_equal(g.result.end, BENCH_INTERRUPTED);
	rig_close(&g);
}

/* Run by hand, too: the build is two folders up. */
static void find_helper(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	_cleanup_free_ char *folder = NULL;

	for (int i = 0; i < 3 && n > 0; i++) {
		self[n] = '\0';
		n = strrchr(self, '/') - self;
	}
	folder = xstrndup(self, n > 0 ? (size_t)n : 0);
	setenv("PROFD_LIBEXEC", folder, 0);
}

/* An emulator of another machine runs the test, and not what it starts. */
static bool try_helper(void)
{
	_cleanup_free_ char *command = xasprintf("'%s/profd-helper' 2>/dev/null",
						 getenv("PROFD_LIBEXEC"));
	int status = system(command);

	return WIFEXITED(status) && WEXITSTATUS(status) == 125;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_ends_well_has_all_values_of_the_process),
		cmocka_unit_test(an_exit_status_is_told),
		cmocka_unit_test(a_deadly_signal_is_told),
		cmocka_unit_test(a_timeout_ends_the_tree),
		cmocka_unit_test(a_fat_parent_does_not_show_in_max_rss),
		cmocka_unit_test(what_outlives_a_run_is_killed),
		cmocka_unit_test(programs_that_are_not_there_do_not_run),
		cmocka_unit_test(the_environment_is_the_workloads),
		cmocka_unit_test(it_runs_in_the_root_and_below),
		cmocka_unit_test(only_the_end_of_much_output_is_kept),
		cmocka_unit_test(an_exact_run_has_no_chance_in_it),
		cmocka_unit_test(nothing_is_run_for_sizes_alone),
		cmocka_unit_test(a_signal_ends_this_run_and_all_after_it),
	};

	find_helper();
	helper_runs = try_helper();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
