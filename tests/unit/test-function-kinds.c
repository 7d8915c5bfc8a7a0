/* Changes of a function that are no cost: it was moved, inlined or renamed (functions.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "function-runs.h"

/* --- moved, not slower -------------------------------------------------------------- */

static void what_a_new_callee_took_over_is_moved(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 1000, 400},
					    {"main;f;helper", 0, 600},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "f", FUNCTIONS_MOVED);
	assert_kind(&r, "helper", FUNCTIONS_MOVED);
	assert_string_equal(runs_get(&r.f, "helper")->with, "f");
	assert_string_equal(runs_get(&r.f, "f")->with, "helper");
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void a_callee_that_is_slower_than_what_it_took_over_is_named(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 1000, 400},
					    {"main;f;helper", 0, 1400},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "helper", FUNCTIONS_NEW);
	assert_string_equal(r.f.entries[0].name, "helper");
	runs_done(&r);
}

static void a_callee_with_the_cost_of_its_caller_is_moved(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 1000, 1500},
					    {"main;f;g", 1000, 500},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "f", FUNCTIONS_MOVED);
	assert_kind(&r, "g", FUNCTIONS_MOVED);
	runs_done(&r);
}

static void a_slower_function_is_not_acquitted_by_an_unrelated_one(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f;g", 1000, 1500},
					    {"main;h;i", 1000, 500},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "g", FUNCTIONS_CHANGED);
	assert_kind(&r, "i", FUNCTIONS_CHANGED);
	assert_int_equal(r.f.named, 2);
	runs_done(&r);
}

static void methods_of_a_class_share_its_cost(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000},
		{"main;f;ns::Set<a::b>::runs_find(int)", 1000, 1500},
		{"main;h;ns::Set<a::b>::add(x::y)", 1000, 500},
		{0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "ns::Set<a::b>::runs_find(int)", FUNCTIONS_MOVED);
	assert_kind(&r, "ns::Set<a::b>::add(x::y)", FUNCTIONS_MOVED);
	runs_done(&r);
}

static void functions_of_one_file_and_one_caller_share_their_cost(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000},	     {"main;f;g@x.c", 1000, 1500},
		{"main;f;h@x.c", 1000, 500}, {"main;e;k@x.c", 1000, 1500},
		{"main;d;l@y.c", 1000, 500}, {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "g", FUNCTIONS_MOVED);
	assert_kind(&r, "h", FUNCTIONS_MOVED);
	assert_kind(&r, "k", FUNCTIONS_CHANGED);
	assert_kind(&r, "l", FUNCTIONS_CHANGED);
	runs_done(&r);
}

static void a_total_that_stays_says_that_it_moved(void **state)
{
	/* Into callees that are too small to be candidates. */
	static const struct load loads[] = {{"main;a", 18000, 18000},
					    {"main;f", 1000, 440},
					    {"main;f;c1", 0, 140},
					    {"main;f;c2", 0, 140},
					    {"main;f;c3", 0, 140},
					    {"main;f;c4", 0, 140},
					    {0}};
	struct runs r = runs_of(loads);

	assert_null(runs_find(&r.f, "c1"));
	assert_kind(&r, "f", FUNCTIONS_MOVED);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void a_caller_whose_total_stays_says_that_it_moved(void **state)
{
	/* From siblings too small to be candidates. */
	static const struct load loads[] = {{"main;a", 18000, 18000},
					    {"main;f;g", 440, 1000},
					    {"main;f;c1", 140, 0},
					    {"main;f;c2", 140, 0},
					    {"main;f;c3", 140, 0},
					    {"main;f;c4", 140, 0},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "g", FUNCTIONS_MOVED);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void noise_does_not_acquit(void **state)
{
	/* f is surely slower; whether its caller lost as much is not known with so few
	 * pairs. */
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 600, 600},
					    {"main;f;g", 100, 400},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "g", FUNCTIONS_CHANGED);
	assert_string_equal(r.f.entries[0].name, "g");
	runs_done(&r);
}

/* --- inlined, renamed --------------------------------------------------------------- */

static void one_that_vanished_into_its_callers_was_inlined(void **state)
{
	static const struct load loads[] = {{"main;z", 3000, 3000}, {"main;a", 500, 1100},
					    {"main;b", 500, 900},   {"main;a;g", 600, 0},
					    {"main;b;g", 400, 0},   {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "g", FUNCTIONS_INLINED);
	assert_string_equal(runs_get(&r.f, "g")->with, "a");
	assert_kind(&r, "a", FUNCTIONS_MOVED);
	assert_kind(&r, "b", FUNCTIONS_MOVED);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void the_only_caller_may_have_grown_by_a_little_more(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000}, {"main;a", 500, 1120}, {"main;a;g", 600, 0}, {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "g", FUNCTIONS_INLINED);
	assert_kind(&r, "a", FUNCTIONS_MOVED);
	runs_done(&r);
}

static void callers_that_grew_by_more_than_they_inlined_are_named(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000}, {"main;a", 500, 2100}, {"main;a;g", 600, 0}, {0}};
	struct runs r = runs_of(loads);

	assert_string_equal(r.f.entries[0].name, "a");
	assert_kind(&r, "a", FUNCTIONS_CHANGED);
	runs_done(&r);
}

static void
a_new_name_with_the_same_callers_callees_and_cost_is_a_renamed_one(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	     {"main;c;old", 1000, 0},
		{"main;c;old;leaf", 500, 0}, {"main;c;new", 0, 1000},
		{"main;c;new;leaf", 0, 500}, {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "new", FUNCTIONS_RENAMED);
	assert_string_equal(runs_get(&r.f, "new")->was, "old");
	assert_null(runs_find(&r.f, "old"));
	assert_near(runs_get(&r.f, "new")->self.change, 0, .01);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void an_interrupt_does_not_hide_that_it_was_renamed(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	       {"main;c;old", 1000, 0},
		{"main;c;old;irq;tick", 6, 0}, {"main;c;new", 0, 1000},
		{"main;c;new;irq;rcu", 0, 6},  {"main;z;irq;tick", 6, 6},
		{"main;z;irq;rcu", 6, 6},      {"main;c;new;fault", 0, 6},
		{"main;z;fault", 6, 6},	       {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "new", FUNCTIONS_RENAMED);
	assert_string_equal(runs_get(&r.f, "new")->was, "old");
	runs_done(&r);
}

static void a_renamed_one_that_is_slower_is_named_with_its_former_name(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	     {"main;c;old", 1000, 0},
		{"main;c;old;leaf", 500, 0}, {"main;c;new", 0, 1300},
		{"main;c;new;leaf", 0, 500}, {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "new", FUNCTIONS_CHANGED);
	assert_string_equal(r.f.entries[0].name, "new");
	assert_string_equal(r.f.entries[0].was, "old");
	assert_near(r.f.entries[0].self.change, .3, .01);
	assert_int_equal(r.f.named, 1);
	runs_done(&r);
}

static void other_callers_or_another_cost_make_two_functions(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	  {"main;c", 10, 10},
		{"main;c;old", 1000, 0},  {"main;d", 10, 10},
		{"main;d;new", 0, 1000},  {"main;e;less", 200, 0},
		{"main;e;more", 0, 1000}, {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "old", FUNCTIONS_GONE);
	assert_kind(&r, "new", FUNCTIONS_NEW);
	assert_kind(&r, "less", FUNCTIONS_GONE);
	assert_kind(&r, "more", FUNCTIONS_NEW);
	assert_int_equal(r.f.named, 4);
	runs_done(&r);
}

static void another_file_is_no_change(void **state)
{
	static const struct load loads[] = {{"main;z", 3000, 3000},
					    {"main;f@a/old.c", 1000, 0},
					    {"main;f@a/new.c", 0, 1000},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "f", FUNCTIONS_RENAMED);
	assert_string_equal(runs_get(&r.f, "f")->was, "a/old.c");
	assert_string_equal(runs_get(&r.f, "f")->file, "a/new.c");
	runs_done(&r);
}

static void a_caller_and_its_callee_may_both_have_another_name(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	  {"main;f", 1000, 0},
		{"main;f;g", 600, 0},	  {"main;f;g;h", 900, 0},
		{"main;f2", 0, 1000},	  {"main;f2;g2", 0, 600},
		{"main;f2;g2;h", 0, 900}, {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "f2", FUNCTIONS_RENAMED);
	assert_kind(&r, "g2", FUNCTIONS_RENAMED);
	assert_string_equal(runs_get(&r.f, "g2")->was, "g");
	runs_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_new_callee_took_over_is_moved),
		cmocka_unit_test(a_callee_that_is_slower_than_what_it_took_over_is_named),
		cmocka_unit_test(a_callee_with_the_cost_of_its_caller_is_moved),
		cmocka_unit_test(a_slower_function_is_not_acquitted_by_an_unrelated_one),
		cmocka_unit_test(methods_of_a_class_share_its_cost),
		cmocka_unit_test(functions_of_one_file_and_one_caller_share_their_cost),
		cmocka_unit_test(a_total_that_stays_says_that_it_moved),
		cmocka_unit_test(a_caller_whose_total_stays_says_that_it_moved),
		cmocka_unit_test(noise_does_not_acquit),
		cmocka_unit_test(one_that_vanished_into_its_callers_was_inlined),
		cmocka_unit_test(the_only_caller_may_have_grown_by_a_little_more),
		cmocka_unit_test(callers_that_grew_by_more_than_they_inlined_are_named),
		cmocka_unit_test(
			a_new_name_with_the_same_callers_callees_and_cost_is_a_renamed_one),
		cmocka_unit_test(an_interrupt_does_not_hide_that_it_was_renamed),
		cmocka_unit_test(
			a_renamed_one_that_is_slower_is_named_with_its_former_name),
		cmocka_unit_test(other_callers_or_another_cost_make_two_functions),
		cmocka_unit_test(another_file_is_no_change),
		cmocka_unit_test(a_caller_and_its_callee_may_both_have_another_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
