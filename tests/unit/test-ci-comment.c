/* The text of a comment, and what the next run reads of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outcomes.h"
#include <profd/ci-archive.h>
#include <profd/ci-comment.h>
#include <profd/mem.h>
#include <profd/outcome-io.h>

static void make(const char *sample, const struct comment_options *opt, struct comment *c)
{
	struct outcome o;

	outcome_sample(sample, &o);
	comment_of_outcome(&o, opt, c);
	outcome_done(&o);
}

static void what_it_tells_is_read_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < noutcome_samples; i++) {
		const struct comment_options opt = {.id = "x"};
		struct comment_state back;
		struct text t = {0};
		struct comment c;

		make(outcome_samples[i].name, &opt, &c);
		comment_render(&c, NULL, 65536, &t);
		assert_memory_equal(t.s, "<!-- profd:x -->\n", 17);
		assert_true(comment_state_read(t.s, &back));
		assert_int_equal(back.verdict, c.state.verdict);
		assert_int_equal(back.worse, c.state.worse);
		assert_int_equal(back.key, c.state.key);
		text_done(&t);
		comment_done(&c);
	}
}

static void an_edited_state_counts_as_none(void **state)
{
	static const char *const bad[] = {
		"",
		"<!-- profd:x -->",
		"<!-- profd:x -->\n",
		"<!-- profd:x -->\ntext",
		"<!-- profd:x -->\n<!-- profd-state: -->",
		"<!-- profd:x -->\n<!-- profd-state: bad pass 0123456789abcdef -->",
		"<!-- profd:x -->\n<!-- profd-state: fine better 0123456789abcdef -->",
		"<!-- profd:x -->\n<!-- profd-state: fine pass 0123456789abcde -->",
		"<!-- profd:x -->\n<!-- profd-state: fine pass 0123456789abcdef0 -->",
		"<!-- profd:x -->\n<!-- profd-state: fine pass 0123456789abcdef",
	};
	struct comment_state s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (comment_state_read(bad[i], &s))
			fail_msg("taken: %s", bad[i]);
	assert_true(comment_state_read("<!-- profd:x -->\r\n<!-- profd-state: fine pass "
				       "0123456789abcdef -->\r\n",
				       &s));
	assert_int_equal(s.verdict, VERDICT_PASS);
}

static void resolved_once(void **state)
{
	const struct comment_state was = {.worse = true}, is = {.worse = false};
	struct comment c = {.marker = xstrdup("<!-- profd:x -->"),
			    .text = xstrdup("text\n")};
	struct text t = {0};

	(void)state;
	comment_render(&c, &was, 1000, &t);
	assert_non_null(strstr(t.s, "**Resolved:**"));
	text_clear(&t);
	comment_render(&c, &is, 1000, &t);
	assert_null(strstr(t.s, "Resolved"));
	text_clear(&t);
	c.state.worse = true;
	comment_render(&c, &was, 1000, &t);
	assert_null(strstr(t.s, "Resolved"));
	text_done(&t);
	comment_done(&c);
}

/* Never in the middle of a fold or a table, and never too long. */
static void cut_where_a_section_begins(void **state)
{
	struct text body = {0}, t = {0};
	struct comment c = {.marker = xstrdup("<!-- profd:x -->"),
			    .link = xstrdup("https://a.example/x")};

	(void)state;
	text_add(&body, "### head\n");
	for (unsigned i = 0; i < 40; i++)
		text_addf(&body,
			  "\n<details><summary>%u</summary>\n\n| a |\n|---|\n| b |\n\n"
			  "</details>\n",
			  i);
	c.text = body.s;
	for (size_t max = 400; max < 4000; max += 37) {
		unsigned open = 0, closed = 0;

		text_clear(&t);
		comment_render(&c, NULL, max, &t);
		assert_true(t.len <= max);
		for (const char *s = t.s; (s = strstr(s, "<details>")); s++)
			open++;
		for (const char *s = t.s; (s = strstr(s, "</details>")); s++)
			closed++;
		assert_int_equal(open, closed);
		if (open < 40)
			assert_non_null(
				strstr(t.s, "[in the report](<https://a.example/x>)"));
	}
	text_done(&t);
	comment_done(&c);
}

/* What a fork's program may have written is not passed on: addresses, and commands that
 * somebody would copy. */
static void foreign_results(void **state)
{
	const struct comment_options own = {.id = "x", .link = "javascript:alert(1)"};
	const struct comment_options foreign = {
		.id = "x", .foreign = true, .link = "https://a.example/1#artifacts"};
	struct comment c;

	(void)state;
	make("gate", &own, &c);
	assert_non_null(strstr(c.text, "To do it again"));
	assert_null(strstr(c.text, "javascript"));
	assert_null(c.link);
	comment_done(&c);
	make("gate", &foreign, &c);
	assert_null(strstr(c.text, "To do it again"));
	assert_non_null(strstr(c.text, "(<https://a.example/1#artifacts>)"));
	comment_done(&c);
}

static void names(void **state)
{
	static const char *const good[] = {"gate-quick", "a", "A.b_9"};
	static const char *const bad[] = {
		"",
		"a b",
		"a--b",
		"-->",
		"a\n",
		"\xc3\xa9",
		"0123456789012345678901234567890123456789012345678"
		"901234567890"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(comment_id_is_good(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(comment_id_is_good(bad[i]));
}

static void folders_of_artifacts(void **state)
{
	static const struct {
		const char *name, *folder;
	} cases[] = {
		{"profd-out_1.2", "profd-out_1.2"},
		{"../x", "_._x"},
		{".", "_"},
		{"", "_"},
		{"a/b c:\n", "a_b_c__"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *folder = archive_folder_name(cases[i].name);

		assert_string_equal(folder, cases[i].folder);
		free(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_tells_is_read_again),
		cmocka_unit_test(an_edited_state_counts_as_none),
		cmocka_unit_test(resolved_once),
		cmocka_unit_test(cut_where_a_section_begins),
		cmocka_unit_test(foreign_results),
		cmocka_unit_test(names),
		cmocka_unit_test(folders_of_artifacts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
