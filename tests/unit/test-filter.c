/* profile_filter: what stays, under what name, and what it adds up to. go tool pprof is
 * asked for the same in tests/oracle/filters.bats. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/filter.h>
#include <profd/format.h>
#include <profd/text.h>

/* One sample a line. */
static struct profile *from_text(const char *text)
{
	struct error err = {0};
	struct profile *p = folded_read(text, strlen(text), "samples", "count", &err);

	if (!p)
		fail_msg("%s", err.text);
	return p;
}

static void expect_folded(const struct profile *p, const char *want)
{
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	folded_write(p, true, &s.sink);
	assert_string_equal(text_get(&t), want);
	text_done(&t);
}

struct want {
	enum filter_by by;
	const char *pattern; /* NULL: the end */
};

static struct profile *part_of(const struct profile *p, const struct want *wants)
{
	struct filter *f = filter_new();
	struct error err = {0};
	struct profile *part;

	for (; wants->pattern; wants++)
		assert_int_equal(filter_add(f, wants->by, wants->pattern, &err), 0);
	part = profile_filter(p, f, &err);
	if (!part)
		fail_msg("%s", err.text);
	filter_free(f);
	return part;
}

static void expect(const struct profile *p, const struct want *wants, const char *want)
{
	struct profile *part = part_of(p, wants);

	expect_folded(part, want);
	profile_free(part);
}

#define WANT(...) ((const struct want[]){__VA_ARGS__, {0}})

static const char calls[] = "a;main;parse;number 1\n"
			    "a;main;parse;word_[i] 2\n"
			    "a;main;sort;number 4\n"
			    "b;main;sort;swap_[i];page_fault_[k] 8\n"
			    "b;idle 16\n";

static void samples_are_chosen_by_functions(void **state)
{
	struct profile *p = from_text(calls);

	expect(p, WANT({FILTER_FOCUS, "number"}),
	       "a;main;parse;number 1\na;main;sort;number 4\n");
	expect(p, WANT({FILTER_FOCUS, "^(parse|swap)$"}),
	       "a;main;parse;number 1\na;main;parse;word_[i] 2\n"
	       "b;main;sort;swap_[i];page_fault_[k] 8\n");
	expect(p, WANT({FILTER_FOCUS, "^word$"}, {FILTER_FOCUS, "^idle$"}),
	       "a;main;parse;word_[i] 2\nb;idle 16\n");
	expect(p, WANT({FILTER_IGNORE, "number"}),
	       "a;main;parse;word_[i] 2\nb;idle 16\n"
	       "b;main;sort;swap_[i];page_fault_[k] 8\n");
	expect(p, WANT({FILTER_FOCUS, "main"}, {FILTER_IGNORE, "sort"}),
	       "a;main;parse;number 1\na;main;parse;word_[i] 2\n");
	expect(p, WANT({FILTER_FOCUS, "nothing"}), "");
	profile_free(p);
}

static void frames_are_taken_out(void **state)
{
	struct profile *p = from_text(calls);

	expect(p, WANT({FILTER_HIDE, "^(sort|word)$"}),
	       "a;main;number 4\na;main;parse 2\na;main;parse;number 1\n"
	       "b;idle 16\nb;main;swap;page_fault_[k] 8\n");
	/* Whose frames are all hidden is gone. */
	expect(p, WANT({FILTER_HIDE, "main|idle|sort|parse|page"}),
	       "a;number 5\na;word 2\nb;swap 8\n");
	expect(p, WANT({FILTER_HIDE, "idle"}, {FILTER_FOCUS, "swap|idle"}),
	       "b;main;sort;swap_[i];page_fault_[k] 8\n");
	expect(p, WANT({FILTER_SHOW, "sort|number"}),
	       "a;number 1\na;sort;number 4\nb;sort 8\n");
	expect(p, WANT({FILTER_SHOW, "sort|number"}, {FILTER_HIDE, "number"}),
	       "a;sort 4\nb;sort 8\n");
	profile_free(p);
}

static void callers_are_cut_off(void **state)
{
	struct profile *p = from_text(calls), *q;

	expect(p, WANT({FILTER_SHOW_FROM, "sort|word"}),
	       "a;sort;number 4\na;word 2\n"
	       "b;sort;swap_[i];page_fault_[k] 8\n");
	profile_free(p);
	/* From the outermost match on. */
	q = from_text("a;b;f;c;f;d 1\na;b;c 2\n");
	expect(q, WANT({FILTER_SHOW_FROM, "f"}), "a;f;c;f;d 1\n");
	profile_free(q);
}

/* As pprof has it: name, source file and file of the code. */
static void functions_match_by_their_files(void **state)
{
	struct profile *p = profile_new();
	struct mapping lib = {.filename = profile_string(p, "/usr/lib/libz.so")};
	struct function f = {.name = profile_string(p, "inflate"),
			     .filename = profile_string(p, "src/zip.c")};
	struct line line = {profile_function(p, &f), 7};
	mapping_id m = profile_mapping(p, &lib);
	int64_t one = 1, two = 2;

	profile_value_type(p, "samples", "count");
	profile_add(p, profile_stack(p, 0, profile_named_location(p, m, 1, 0, &line, 1)),
		    0, &one);
	profile_add(p, profile_stack(p, 0, profile_location(p, m, 2, 0)), 0, &two);
	expect(p, WANT({FILTER_FOCUS, "zip[.]c"}), "[unknown];inflate 1\n");
	expect(p, WANT({FILTER_FOCUS, "libz"}),
	       "[unknown];[libz.so] 2\n[unknown];inflate 1\n");
	expect(p, WANT({FILTER_MODULE, "/libz"}),
	       "[unknown];[libz.so] 2\n[unknown];inflate 1\n");
	expect(p, WANT({FILTER_MODULE, "zip|inflate"}), "");
	expect(p, WANT({FILTER_HIDE, "inflate"}), "[unknown];[libz.so] 2\n");
	expect(p, WANT({FILTER_HIDE, "libz"}), "");
	expect(p, WANT({FILTER_SHOW, "libz"}),
	       "[unknown];[libz.so] 2\n[unknown];inflate 1\n");
	expect(p, WANT({FILTER_SHOW, "inflate"}), "[unknown];inflate 1\n");
	profile_free(p);
}

static labels_id thread(struct profile *p, const char *comm, const char *name,
			int64_t pid, int64_t tid)
{
	struct label l[] = {
		{.key = profile_string(p, "comm"), .str = profile_string(p, comm)},
		{.key = profile_string(p, "pid"), .num = pid},
		{.key = profile_string(p, "tid"), .num = tid},
		{.key = profile_string(p, "thread"), .str = profile_string(p, name)},
	};

	return profile_labels(p, l, name ? 4 : 3);
}

static void samples_are_chosen_by_process_and_thread(void **state)
{
	struct profile *p = profile_new();
	int64_t v[] = {1, 2, 4, 8};

	profile_value_type(p, "samples", "count");
	profile_add(p, 0, thread(p, "app", "main", 10, 10), &v[0]);
	profile_add(p, 0, thread(p, "app", "worker 11", 10, 11), &v[1]);
	profile_add(p, 0, thread(p, "db", NULL, 11, 12), &v[2]);
	profile_add(p, 0, 0, &v[3]);
	expect(p, WANT({FILTER_PROCESS, "^app$"}), "app 3\n");
	expect(p, WANT({FILTER_PROCESS, "11"}), "db 4\n");
	expect(p, WANT({FILTER_PROCESS, "12"}), "");
	expect(p, WANT({FILTER_THREAD, "worker"}), "app 2\n");
	expect(p, WANT({FILTER_THREAD, "11"}), "app 2\n");
	expect(p, WANT({FILTER_THREAD, "[1]1"}), "app 2\n");
	expect(p, WANT({FILTER_THREAD, "db"}, {FILTER_THREAD, "10"}), "app 1\ndb 4\n");
	expect(p, WANT({FILTER_PROCESS, "app"}, {FILTER_THREAD, "12"}), "");
	/* Where only threads are chosen, stacks may be empty. */
	expect(p, WANT({FILTER_IGNORE, "x"}), "");
	profile_free(p);
}

/* --- time --------------------------------------------------------------------------- */

/* Row 1 in bins 0, 1 and 3, row 2 in bin 2; row 3 has no time. */
static struct profile *timed_profile(void)
{
	struct profile *p = from_text("a;f 100\na;g 50\na;h 7\n");

	p->time_ns = 1000;
	p->duration_ns = 400;
	profile_keep_times(p, 100);
	profile_count_time(p, 1, 0, 1);
	profile_count_time(p, 1, 3, 1);
	profile_count_time(p, 2, 2, 5);
	profile_count_time(p, 1, 1, 1);
	return p;
}

static struct profile *in_range(const struct profile *p, int64_t from, int64_t to)
{
	struct filter *f = filter_new();
	struct error err = {0};
	struct profile *part;

	assert_int_equal(filter_time(f, from, to, &err), 0);
	part = profile_filter(p, f, &err);
	assert_non_null(part);
	filter_free(f);
	return part;
}

static void ranges_divide_values(void **state)
{
	struct profile *p = timed_profile(), *part;

	part = in_range(p, 100, 300);
	expect_folded(part, "a;f 33\na;g 50\n");
	assert_int_equal(part->time_ns, 1100);
	assert_int_equal(part->duration_ns, 200);
	assert_int_equal(part->times.n, 2);
	assert_int_equal(part->times.v[0].bin, 1);
	assert_int_equal(part->times.v[0].count, 5);
	assert_int_equal(part->times.v[1].bin, 0);
	profile_free(part);
	part = in_range(p, 250, FILTER_TO_END);
	expect_folded(part, "a;f 34\na;g 25\n");
	assert_int_equal(part->time_ns, 1200);
	assert_int_equal(part->duration_ns, 150);
	profile_free(part);
	part = in_range(p, 1000, 2000);
	expect_folded(part, "");
	profile_free(part);
	profile_free(p);
}

/* Whatever the cuts, the pieces make the whole again. */
static void adjacent_ranges_add_up(void **state)
{
	struct profile *p = timed_profile();

	p->values.v[1] = INT64_MAX - 3;
	p->values.v[2] = -17;
	for (int64_t step = 1; step <= 401; step += 7) {
		__int128 sums[2] = {0};

		for (int64_t from = 0; from < 400; from += step) {
			struct profile *part = in_range(p, from, from + step);

			for (uint32_t i = 1; i < part->samples.n; i++) {
				stack_id s = part->samples.v[i].stack;
				const struct location *l =
					&part->locations.v[part->stacks.v[s].location];
				function_id f = part->lines.v[l->first_line].function;
				string_id name = part->functions.v[f].name;

				sums[profile_text(part, name)[0] == 'g'] +=
					part->values.v[i];
			}
			profile_free(part);
		}
		assert_true(sums[0] == INT64_MAX - 3);
		assert_true(sums[1] == -17);
	}
	profile_free(p);
}

static void times_stay_with_their_rows(void **state)
{
	struct profile *p = timed_profile(), *part;

	/* f and g become one row. */
	part = part_of(p, WANT({FILTER_SHOW, "x|^a"}));
	assert_int_equal(part->samples.n, 1);
	profile_free(part);
	part = part_of(p, WANT({FILTER_IGNORE, "g"}));
	assert_int_equal(part->bin_ns, 100);
	assert_int_equal(part->times.n, 3);
	assert_int_equal(part->duration_ns, 400);
	profile_free(part);
	profile_free(p);
}

static void a_profile_without_times_has_no_range(void **state)
{
	struct profile *p = from_text(calls);
	struct filter *f = filter_new();
	struct error err = {0};

	assert_int_equal(filter_time(f, 5, 5, &err), -EINVAL);
	assert_int_equal(filter_time(f, -1, 5, &err), -EINVAL);
	assert_true(filter_is_empty(f));
	assert_int_equal(filter_time(f, 0, 5, &err), 0);
	assert_null(profile_filter(p, f, &err));
	assert_int_equal(err.code, -ENODATA);
	assert_string_equal(err.text,
			    "the profile does not tell when its samples were taken");
	filter_free(f);
	profile_free(p);
}

/* --- the rest ----------------------------------------------------------------------- */

static void a_part_says_so(void **state)
{
	struct profile *p = from_text(calls), *part;

	profile_comment(p, "engine: none");
	part = part_of(p, WANT({FILTER_FOCUS, "num"}, {FILTER_PROCESS, "a\x01"},
			       {FILTER_PROCESS, "a"}));
	assert_int_equal(part->comments.n, 2);
	assert_string_equal(profile_text(part, part->comments.v[0]), "engine: none");
	assert_string_equal(profile_text(part, part->comments.v[1]),
			    "filtered by --focus=num --process=a\xef\xbf\xbd "
			    "--process=a: 16.1 % of samples");
	profile_free(part);
	profile_free(p);
}

/* What is behind the limit is not looked at; nor does it take time by its square. */
static void long_names_are_matched_by_their_begin(void **state)
{
	struct text t = {0};
	struct profile *p, *part;

	text_add(&t, "c;x");
	while (t.len < (size_t)1 << 20)
		text_addc(&t, 'a');
	text_add(&t, "b 1\n");
	p = from_text(text_get(&t));
	part = part_of(p, WANT({FILTER_FOCUS, "a+b"}));
	assert_int_equal(part->samples.n, 1);
	profile_free(part);
	part = part_of(p, WANT({FILTER_FOCUS, "xa+"}));
	assert_int_equal(part->samples.n, 2);
	profile_free(part);
	profile_free(p);
	text_done(&t);
}

/* The main program stays the first mapping for those who read the file. */
static void the_main_program_is_known_in_the_part(void **state)
{
	struct profile *p = from_text("a;f 1\n"), *part;
	struct mapping m = {.filename = profile_string(p, "/bin/a"),
			    .flags = MAPPING_MAIN};

	profile_mapping(p, &m);
	part = part_of(p, WANT({FILTER_FOCUS, "f"}));
	assert_int_equal(part->mappings.n, 2);
	assert_true(part->mappings.v[1].flags & MAPPING_MAIN);
	profile_free(part);
	profile_free(p);
}

static void bad_patterns_are_one_sentence(void **state)
{
	struct filter *f = filter_new();
	struct error err = {0};

	assert_int_equal(filter_add(f, FILTER_FOCUS, "a(", &err), -EINVAL);
	assert_string_equal(err.text, "--focus 'a(' is no regular expression: "
				      "Unmatched ( or \\(");
	assert_int_equal(filter_add(f, FILTER_SHOW_FROM, "", &err), -EINVAL);
	assert_string_equal(err.text, "--show-from wants a regular expression");
	assert_true(filter_is_empty(f));
	filter_free(f);
	assert_null(filter_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_chosen_by_functions),
		cmocka_unit_test(frames_are_taken_out),
		cmocka_unit_test(callers_are_cut_off),
		cmocka_unit_test(functions_match_by_their_files),
		cmocka_unit_test(samples_are_chosen_by_process_and_thread),
		cmocka_unit_test(ranges_divide_values),
		cmocka_unit_test(adjacent_ranges_add_up),
		cmocka_unit_test(times_stay_with_their_rows),
		cmocka_unit_test(a_profile_without_times_has_no_range),
		cmocka_unit_test(a_part_says_so),
		cmocka_unit_test(long_names_are_matched_by_their_begin),
		cmocka_unit_test(the_main_program_is_known_in_the_part),
		cmocka_unit_test(bad_patterns_are_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
