/* CI: patterns, text that may be no command, what an environment and an event say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/ci-init.h>
#include <profd/ci-rules.h>
#include <profd/ci-text.h>
#include <profd/text.h>

static void patterns_are_those_of_paths(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} rows[] = {
		{"src/a.c", "src/a.c", true},
		{"src/a.c", "src/a.cc", false},
		{"src/*.c", "src/a.c", true},
		{"src/*.c", "src/x/a.c", false},
		{"src/**", "src/x/a.c", true},
		{"src/**", "src", false},
		{"**/*.md", "README.md", true},
		{"**/*.md", "a/b/c.md", true},
		{"**/*.md", "a/b/cmd", false},
		{"**.md", "a/b.md", true},
		{"a/**/b", "a/b", true},
		{"a/**/b", "a/x/y/b", true},
		{"a/**/b", "a/xb", false},
		{"?.c", "a.c", true},
		{"?.c", "/.c", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"*a*a*a*b", "aaaaaaaaaa", false},
		{"[x]", "[x]", true},
		{"***", "a/b", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (ci_pattern_matches(rows[i].pattern, rows[i].path) != rows[i].matches)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].path);
	}
}

static void a_pattern_that_is_too_long_matches_nothing(void **state)
{
	char pattern[CI_PATTERN_MAX_BYTES + 2];

	(void)state;
	memset(pattern, '*', sizeof(pattern) - 1);
	pattern[sizeof(pattern) - 1] = '\0';
	assert_false(ci_pattern_matches(pattern, "a"));
	assert_true(ci_pattern_matches(pattern + 1, "a"));
}

static void assert_line(const char *s, size_t max, const char *want)
{
	struct text t = {0};

	ci_add_line(&t, s, max);
	assert_string_equal(text_get(&t), want);
	text_done(&t);
}

static void a_line_is_no_command(void **state)
{
	(void)state;
	assert_line("std::sort", 100, "std::sort");
	assert_line("::error::x", 100, ": :error::x");
	assert_line("  ::x", 100, "  : :x");
	assert_line("a ##[group]b", 100, "a # #[group]b");
	assert_line("a\nb\x1b", 100,
		    "a\xef\xbf\xbd"
		    "b\xef\xbf\xbd");
	assert_line("a\xe2\x80\xae"
		    "b",
		    100,
		    "a\xef\xbf\xbd"
		    "b");
	assert_line("a\xc3\xa4"
		    "b",
		    2, "a…");
	assert_line(NULL, 100, "");
}

static void outputs_stay_in_their_place(void **state)
{
	struct text t = {0};
	const char *end;

	(void)state;
	ci_add_output(&t, "a", "1::x");
	assert_string_equal(text_get(&t), "a=1::x\n");
	text_clear(&t);
	ci_add_output(&t, "a", "1\nrun=true\nprofd-0");
	assert_int_equal(strncmp(text_get(&t), "a<<profd-", 9), 0);
	end = strrchr(text_get(&t), 'p');
	assert_int_equal(strncmp(end, text_get(&t) + 3, 6 + 32), 0);
	text_clear(&t);
	ci_add_property(&t, "a:b,c%d\n", 100);
	ci_add_data(&t, "a:b,c%d\n", 100);
	assert_string_equal(text_get(&t), "a%3Ab%2Cc%25d%0Aa:b,c%25d%0A");
	text_done(&t);
}

static void numbers_are_digits(void **state)
{
	(void)state;
	assert_int_equal(ci_number("12"), 12);
	assert_int_equal(ci_number(""), 0);
	assert_int_equal(ci_number(NULL), 0);
	assert_int_equal(ci_number("1/../2"), 0);
	assert_int_equal(ci_number("-1"), 0);
	assert_int_equal(ci_number("99999999999999999999"), 0);
}

static void an_event_that_is_too_long_is_refused(void **state)
{
	struct error err = {0};
	struct ci_event e;

	(void)state;
	assert_int_equal(ci_event_github("", CI_EVENT_MAX_BYTES + 1, "push", &e, &err),
			 -EFBIG);
	ci_event_done(&e);
	assert_int_equal(ci_event_github("{", 1, "push", &e, &err), -EBADMSG);
	ci_event_done(&e);
}

static void more_labels_than_there_may_be_are_left_out(void **state)
{
	struct text t = {0};
	struct ci_event e;

	(void)state;
	text_add(&t, "{\"pull_request\": {\"labels\": [{\"name\": \"x\"}");
	for (unsigned i = 0; i < CI_LABELS_MAX + 10; i++)
		text_add(&t, ",{\"name\": \"x\"}");
	text_add(&t, "]}}");
	assert_int_equal(ci_event_github(t.s, t.len, "pull_request", &e, NULL), 0);
	assert_int_equal(e.labels.n, CI_LABELS_MAX);
	ci_event_done(&e);
	text_done(&t);
}

static void templates_have_no_marks_left(void **state)
{
	const struct ci_repository r = {NULL, "a'b"};

	(void)state;
	for (int p = CI_GITHUB; p <= CI_JENKINS; p++) {
		struct ci_files files;

		ci_init_make((enum ci_provider)p, &r, &files);
		assert_true(files.list.n >= 2);
		for (uint32_t i = 0; i < files.list.n; i++) {
			assert_null(strstr(text_get(&files.list.v[i].text), "@WO"));
			assert_null(strstr(text_get(&files.list.v[i].text), "[main]"));
		}
		ci_files_done(&files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_those_of_paths),
		cmocka_unit_test(a_pattern_that_is_too_long_matches_nothing),
		cmocka_unit_test(a_line_is_no_command),
		cmocka_unit_test(outputs_stay_in_their_place),
		cmocka_unit_test(numbers_are_digits),
		cmocka_unit_test(an_event_that_is_too_long_is_refused),
		cmocka_unit_test(more_labels_than_there_may_be_are_left_out),
		cmocka_unit_test(templates_have_no_marks_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
