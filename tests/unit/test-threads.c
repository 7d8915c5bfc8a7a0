/* The samples of a profile by thread and time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/format/format-priv.h"

#define MS 1000000ll

static struct profile *new_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	return p;
}

static stack_id frame(struct profile *p, stack_id caller, const char *name)
{
	struct function f = {.name = profile_string(p, name)};
	struct line line = {profile_function(p, &f), 0};

	return profile_stack(p, caller, profile_named_location(p, 0, 0x10, 0, &line, 1));
}

/* @tid 0: no numbers. */
static labels_id who(struct profile *p, const char *comm, const char *thread, int64_t pid,
		     int64_t tid)
{
	string_id unit = profile_string(p, "id");
	struct label l[] = {
		{.key = profile_string(p, "comm"), .str = profile_string(p, comm)},
		{.key = profile_string(p, "thread"), .str = profile_string(p, thread)},
		{.key = profile_string(p, "pid"), .num = pid, .unit = unit},
		{.key = profile_string(p, "tid"), .num = tid, .unit = unit},
	};

	return profile_labels(p, l, tid ? 4 : 2);
}

static uint32_t add(struct profile *p, stack_id stack, labels_id labels, int64_t n,
		    int64_t ns)
{
	int64_t values[] = {n, ns};

	return profile_add(p, stack, labels, values);
}

static void threads_are_pid_tid_and_name(void **state)
{
	struct profile *p = new_profile();
	stack_id s = frame(p, 0, "main");
	struct threads t;

	add(p, s, who(p, "sh", "sh", 7, 7), 1, 10 * MS);
	add(p, s, who(p, "sh", "worker", 7, 8), 1, 30 * MS);
	add(p, s, who(p, "sh", "other", 7, 8), 1, 20 * MS);
	/* The process has another name by now, the thread has not. */
	add(p, s, who(p, "bash", "worker", 7, 8), 1, 5 * MS);
	add(p, s, who(p, "sh", "worker", 9, 8), 1, 1 * MS);
	add(p, s, who(p, "sh", "none", 7, 9), 1, 0);
	add(p, s, who(p, "sh", "less", 7, 9), 1, -3);
	threads_make(&t, p, 1);
	assert_int_equal(t.v.n, 4);
	assert_string_equal(profile_text(p, t.v.v[0].name), "worker");
	assert_int_equal(t.v.v[0].total, 35 * MS);
	assert_int_equal(t.v.v[0].n, 2);
	assert_int_equal(t.v.v[0].pid, 7);
	assert_int_equal(t.v.v[0].tid, 8);
	assert_string_equal(profile_text(p, t.v.v[1].name), "other");
	assert_string_equal(profile_text(p, t.v.v[2].name), "sh");
	assert_int_equal(t.v.v[3].pid, 9);
	assert_int_equal(t.samples.n, 5);
	threads_done(&t);
	profile_free(p);
}

static void without_numbers_names_are_threads(void **state)
{
	struct profile *p = new_profile();
	stack_id s = frame(p, 0, "main");
	struct threads t;

	add(p, s, who(p, "a", "x", 0, 0), 1, 1 * MS);
	add(p, s, who(p, "b", "x", 0, 0), 1, 2 * MS);
	add(p, s, 0, 1, 3 * MS);
	threads_make(&t, p, 1);
	assert_int_equal(t.v.n, 3);
	for (int i = 0; i < 3; i++) {
		assert_false(t.v.v[i].has_ids);
		assert_int_equal(t.v.v[i].pid, i + 1);
		assert_int_equal(t.v.v[i].tid, i + 1);
	}
	assert_int_equal(t.v.v[0].name, 0);
	assert_string_equal(profile_text(p, t.v.v[1].comm), "b");
	threads_done(&t);
	profile_free(p);
}

static void without_times_samples_follow_one_another(void **state)
{
	struct profile *p = new_profile();
	stack_id s = frame(p, 0, "main");
	labels_id l = who(p, "a", "a", 1, 1);
	struct threads t;

	add(p, s, l, 3, 30 * MS);
	add(p, frame(p, s, "f"), l, 1, 5 * MS);
	add(p, s, who(p, "a", "b", 1, 2), 1, 7 * MS);
	threads_make(&t, p, 1);
	assert_int_equal(t.samples.v[0].at_ns, 0);
	assert_int_equal(t.samples.v[0].span_ns, 30 * MS);
	assert_int_equal(t.samples.v[1].at_ns, 30 * MS);
	assert_int_equal(t.samples.v[1].span_ns, 5 * MS);
	/* Each thread has its own time. */
	assert_int_equal(t.samples.v[2].at_ns, 0);
	threads_done(&t);
	/* A count is no time: a millisecond each. */
	threads_make(&t, p, 0);
	assert_int_equal(t.samples.v[1].at_ns, 1 * MS);
	assert_int_equal(t.samples.v[1].span_ns, 1 * MS);
	threads_done(&t);
	profile_free(p);
}

static int64_t sum(const struct threads *t)
{
	int64_t all = 0;

	for (uint32_t i = 0; i < t->samples.n; i++)
		all += t->samples.v[i].value;
	return all;
}

static void samples_of_one_bin_share_it(void **state)
{
	struct profile *p = new_profile();
	stack_id s = frame(p, 0, "main"), f = frame(p, s, "f");
	labels_id l = who(p, "a", "a", 1, 1);
	const struct thread_sample *v;
	uint32_t main_row, f_row;
	struct threads t;

	profile_keep_times(p, 10 * MS);
	main_row = add(p, s, l, 3, 31);
	f_row = add(p, f, l, 1, 10);
	profile_add_time(p, f_row, 3 * MS);
	profile_add_time(p, main_row, 25 * MS);
	profile_add_time(p, main_row, 1 * MS);
	profile_add_time(p, main_row, 22 * MS);
	threads_make(&t, p, 1);
	v = t.samples.v;
	assert_int_equal(t.samples.n, 3);
	assert_int_equal(sum(&t), 41);
	/* Two in the first bin: a half of it each. */
	assert_int_equal(v[0].row, main_row);
	assert_int_equal(v[0].at_ns, 0);
	assert_int_equal(v[0].span_ns, 5 * MS);
	assert_int_equal(v[0].value, 10);
	assert_int_equal(v[1].row, f_row);
	assert_int_equal(v[1].at_ns, 5 * MS);
	/* Two of one row in the third: one, for both, and what rounding left. */
	assert_int_equal(v[2].row, main_row);
	assert_int_equal(v[2].count, 2);
	assert_int_equal(v[2].at_ns, 20 * MS);
	assert_int_equal(v[2].span_ns, 10 * MS);
	assert_int_equal(v[2].value, 21);
	threads_done(&t);
	profile_free(p);
}

static void what_has_no_time_is_behind_the_end(void **state)
{
	struct profile *p = new_profile();
	stack_id s = frame(p, 0, "main");
	labels_id l = who(p, "a", "a", 1, 1);
	struct threads t;

	profile_keep_times(p, 10 * MS);
	p->duration_ns = 25 * MS;
	add(p, frame(p, 0, "[unsampled]"), l, 0, 4 * MS);
	profile_add_time(p, add(p, s, l, 1, 1 * MS), 12 * MS);
	threads_make(&t, p, 1);
	assert_int_equal(t.samples.v[0].at_ns, 10 * MS);
	assert_int_equal(t.samples.v[1].at_ns, 25 * MS);
	assert_int_equal(t.samples.v[1].span_ns, 4 * MS);
	threads_done(&t);
	profile_free(p);
}

/* A foreign file may say anything. */
static void huge_values_stay_in_range(void **state)
{
	struct profile *p = profile_new();
	labels_id l = 0;
	int64_t huge = INT64_MAX;
	stack_id s;
	struct threads t;

	profile_value_type(p, "cpu", "seconds");
	s = frame(p, 0, "main");
	profile_add(p, s, l, &huge);
	profile_add(p, frame(p, s, "f"), l, &huge);
	threads_make(&t, p, 0);
	assert_int_equal(t.v.v[0].total, INT64_MAX);
	assert_int_equal(t.samples.v[0].span_ns, INT64_MAX);
	assert_int_equal(t.samples.v[1].at_ns, INT64_MAX);
	threads_done(&t);
	profile_free(p);
}

static void nothing_makes_no_thread(void **state)
{
	struct profile *p = profile_new();
	struct threads t;

	threads_make(&t, p, 0);
	assert_int_equal(t.v.n, 0);
	threads_done(&t);
	profile_value_type(p, "samples", "count");
	threads_make(&t, p, 0);
	assert_int_equal(t.v.n, 0);
	threads_done(&t);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_pid_tid_and_name),
		cmocka_unit_test(without_numbers_names_are_threads),
		cmocka_unit_test(without_times_samples_follow_one_another),
		cmocka_unit_test(samples_of_one_bin_share_it),
		cmocka_unit_test(what_has_no_time_is_behind_the_end),
		cmocka_unit_test(huge_values_stay_in_range),
		cmocka_unit_test(nothing_makes_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
