/* The figures derived from counters, and how they are shown: only what follows from what
 * was counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <profd/mem.h>
#include <profd/report.h>
#include <profd/text.h>

#define MS 1000000ull

static struct counter_value counted(const char *name, enum counter_kind kind,
				    uint64_t value)
{
	return (struct counter_value){.name = name,
				      .unit = kind == COUNTER_TASK_CLOCK ? "ns" : "",
				      .kind = kind,
				      .counted = true,
				      .value = value,
				      .running = 1};
}

static void test_derived(void **state)
{
	struct counter_value v[] = {
		counted("task-clock", COUNTER_TASK_CLOCK, 500 * MS),
		counted("cycles", COUNTER_CYCLES, 1500000000),
		counted("instructions", COUNTER_INSTRUCTIONS, 3000000000),
		counted("branches", COUNTER_BRANCHES, 600000000),
		counted("branch-misses", COUNTER_BRANCH_MISSES, 6000000),
		counted("page-faults", COUNTER_OTHER, 1000),
		counted("cache-misses", COUNTER_CACHE_MISSES, 10),
	};
	static const struct stat_derived want[] = {
		{0.5, "CPUs utilized"},
		{3, "GHz"},
		{2, "instructions per cycle"},
		{1.2e9, "/s"},
		{1, "% of all branches"},
		{2000, "/s"},
		{20, "/s"}, /* no references to compare with */
	};
	size_t n = ARRAY_SIZE(v);

	for (size_t i = 0; i < n; i++) {
		struct stat_derived d;

		assert_true(stat_derive(v, n, i, 1000 * MS, &d));
		assert_string_equal(d.unit, want[i].unit);
		assert_true(d.value > want[i].value * 0.999999 &&
			    d.value < want[i].value * 1.000001);
	}
}

static void test_parts_that_are_missing(void **state)
{
	struct counter_value v[] = {
		counted("task-clock", COUNTER_TASK_CLOCK, 500 * MS),
		counted("cycles", COUNTER_CYCLES, 1500000000),
		counted("instructions:u", COUNTER_INSTRUCTIONS, 3000000000),
	};
	struct stat_derived d;

	/* other levels than the cycles': a rate, but no ratio */
	v[2].user_only = true;
	assert_true(stat_derive(v, 3, 2, 1000 * MS, &d));
	assert_string_equal(d.unit, "/s");
	v[1].user_only = true;
	assert_true(stat_derive(v, 3, 2, 1000 * MS, &d));
	assert_string_equal(d.unit, "instructions per cycle");
	/* user cycles over all CPU time are no frequency */
	assert_false(stat_derive(v, 3, 1, 1000 * MS, &d));
	/* nothing to divide by */
	v[1].value = 0;
	assert_true(stat_derive(v, 3, 2, 1000 * MS, &d));
	assert_string_equal(d.unit, "/s");
	v[0].counted = false;
	assert_false(stat_derive(v, 3, 2, 1000 * MS, &d));
	assert_false(stat_derive(v, 3, 0, 1000 * MS, &d));
	v[0].counted = true;
	assert_false(stat_derive(v, 3, 0, 0, &d));
	v[2].counted = false;
	assert_false(stat_derive(v, 3, 2, 1000 * MS, &d));
}

static void test_table(void **state)
{
	struct counter_value v[] = {
		counted("task-clock", COUNTER_TASK_CLOCK, 500 * MS),
		counted("page-faults", COUNTER_OTHER, 1234567),
		counted("cycles", COUNTER_CYCLES, 0),
		counted("a|b", COUNTER_OTHER, 999),
		counted("branches", COUNTER_BRANCHES, 0),
	};
	struct text t = {0};

	v[1].user_only = true;
	v[2].counted = v[4].counted = false;
	memcpy(v[2].reason, "no PMU", sizeof("no PMU"));
	memcpy(v[4].reason, "no PMU", sizeof("no PMU"));
	v[3].scaled = true;
	v[3].running = 0.25;
	stat_add_table(&t, v, 5, 250 * MS, "> ");
	assert_string_equal(
		text_get(&t),
		">          500.00 ms  task-clock   2.00 CPUs utilized\n"
		">          1,234,567  page-faults  2.5 M/s of CPU time; user code only\n"
		">                999  a|b          2.0 K/s of CPU time; an estimate: "
		"counted "
		"25.0 % of the time\n"
		"> not counted: cycles, branches: no PMU\n");
	text_clear(&t);
	stat_add_markdown(&t, v, 5, 250 * MS);
	assert_non_null(strstr(text_get(&t), "| 999 | `a\\|b` | "));
	assert_non_null(
		strstr(text_get(&t), "Not counted: `cycles`, `branches`: no PMU\n"));
	text_clear(&t);
	stat_add_markdown(&t, v, 0, 250 * MS);
	assert_int_equal(t.len, 0);
	text_done(&t);
}

static void test_file_names(void **state)
{
	static const struct sampler_event events[] = {
		{.name = "cpu-clock"},
		{.name = "page-faults"},
		{.name = "amd64_fam19h_zen4::RETIRED_INSTRUCTIONS:u"},
		{.name = "../../etc/passwd"},
		{.name = "cpu"},
		{.name = "Page:Faults"},
		{.name = ":::"},
		{.name = "summary"},
	};
	static const char *const want[] = {
		NULL,	      "page-faults", "amd64_fam19h_zen4-RETIRED_INSTRUCTIONS-u",
		"etc-passwd", "cpu-5",	     "Page-Faults-6",
		"event",      "summary-8"};
	struct run run = {.events = events, .nevents = ARRAY_SIZE(events)};

	for (size_t i = 1; i < ARRAY_SIZE(events); i++) {
		_cleanup_free_ char *name = run_event_file(&run, i);

		assert_string_equal(name, want[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_parts_that_are_missing),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_file_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
