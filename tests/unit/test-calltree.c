/* calltree_write and profile_invert: the lines, what is left out of them, and what fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/format.h>
#include <profd/text.h>

static struct profile *from_text(const char *text)
{
	struct error err = {0};
	struct profile *p = folded_read(text, strlen(text), "samples", "count", &err);

	if (!p)
		fail_msg("%s", err.text);
	return p;
}

static struct text tree_of(const struct profile *p, const struct calltree_options *o)
{
	struct text t = {0};
	struct sink_text s;
	struct flame f;

	sink_text_init(&s, &t);
	flame_build(&f, p, 0);
	calltree_write(p, &f, 0, o, &s.sink);
	flame_done(&f);
	return t;
}

static void expect(const char *text, const struct calltree_options *o, const char *want)
{
	struct profile *p = from_text(text);
	struct text t = tree_of(p, o);

	assert_string_equal(text_get(&t), want);
	text_done(&t);
	profile_free(p);
}

static const char calls[] = "app;main;parse;number 50\n"
			    "app;main;parse;word_[i] 20\n"
			    "app;main;sort;swap;page_fault_[k] 25\n"
			    "app;main;sort;swap 4\n"
			    "app;main;write 1\n";

static void largest_branches_come_first(void **state)
{
	expect(calls, &(struct calltree_options){0},
	       "   total  total%   self%\n"
	       "     100  100.0%         app\n"
	       "     100  100.0%         `- main\n"
	       "      70   70.0%            |- parse\n"
	       "      50   50.0%   50.0%    |  |- number\n"
	       "      20   20.0%   20.0%    |  `- word [i]\n"
	       "      29   29.0%            |- sort\n"
	       "      29   29.0%    4.0%    |  swap\n"
	       "      25   25.0%   25.0%    |  page_fault [k]\n"
	       "       1    1.0%    1.0%    `- write\n");
}

static void unicode_draws_lines(void **state)
{
	expect(calls, &(struct calltree_options){.style.utf8 = true, .min_percent = 10},
	       "   total  total%   self%\n"
	       "     100  100.0%         app\n"
	       "     100  100.0%         \xe2\x94\x94\xe2\x94\x80 main\n"
	       "      70   70.0%            \xe2\x94\x9c\xe2\x94\x80 parse\n"
	       "      50   50.0%   50.0%    \xe2\x94\x82  \xe2\x94\x9c\xe2\x94\x80 "
	       "number\n"
	       "      20   20.0%   20.0%    \xe2\x94\x82  \xe2\x94\x94\xe2\x94\x80 word "
	       "[i]\n"
	       "      29   29.0%            \xe2\x94\x94\xe2\x94\x80 sort\n"
	       "      29   29.0%    4.0%       swap\n"
	       "      25   25.0%   25.0%       page_fault [k]\n"
	       "not shown: 1 call below 10 %\n");
}

static void small_branches_are_counted(void **state)
{
	expect("a;f;x 50\na;f;b;c 4\na;f;d 4\na;f;e 4\na;f;g 2\na;h 36\n",
	       &(struct calltree_options){.min_percent = 5},
	       "   total  total%   self%\n"
	       "     100  100.0%         a\n"
	       "      64   64.0%         |- f\n"
	       "      50   50.0%   50.0% |  |- x\n"
	       "      14   14.0%         |  `- (4 smaller)\n"
	       "      36   36.0%   36.0% `- h\n"
	       "not shown: 5 calls below 5 %\n");
}

static void depth_is_cut(void **state)
{
	expect(calls, &(struct calltree_options){.depth = 3},
	       "   total  total%   self%\n"
	       "     100  100.0%         app\n"
	       "     100  100.0%         `- main\n"
	       "      70   70.0%            |- parse ...\n"
	       "      29   29.0%            |- sort ...\n"
	       "       1    1.0%    1.0%    `- write\n"
	       "not shown: 4 calls more than 3 deep\n");
}

static void recursion_is_one_line(void **state)
{
	expect("a;f;f;f;f;g 3\n", &(struct calltree_options){0},
	       "   total  total%   self%\n"
	       "       3  100.0%         a\n"
	       "       3  100.0%         `- f (4 times)\n"
	       "       3  100.0%  100.0%    g\n");
}

static void long_rows_lose_their_middle(void **state)
{
	struct text in = {0}, out;
	struct profile *p;

	text_add(&in, "a");
	for (unsigned i = 0; i < 100; i++)
		text_addf(&in, ";f%u", i);
	text_add(&in, " 1\n");
	p = from_text(text_get(&in));
	out = tree_of(p, &(struct calltree_options){.min_percent = 1});
	assert_non_null(strstr(text_get(&out), "    f18\n"
					       "                            ... 61 lines "
					       "...\n"));
	assert_non_null(strstr(text_get(&out), "...\n       1  100.0%            f80\n"));
	assert_non_null(strstr(text_get(&out),
			       "\nnot shown: 61 calls in the middle of long rows\n"));
	text_done(&out);
	/* All is all. */
	out = tree_of(p, &(struct calltree_options){0});
	assert_null(strstr(text_get(&out), "..."));
	text_done(&out);
	profile_free(p);
	text_done(&in);
}

static void samples_without_a_command_have_no_line_for_it(void **state)
{
	struct profile *p = from_text("a;f;g 3\na;f 1\n"), *q = profile_invert(p, NULL);
	struct text t;

	t = tree_of(q, &(struct calltree_options){.inverted = true});
	assert_string_equal(text_get(&t), "   total  total%\n"
					  "       3   75.0%         g\n"
					  "       3   75.0%         `- f\n"
					  "       1   25.0%         f\n");
	text_done(&t);
	profile_free(q);
	profile_free(p);
}

/* Inlined functions stay marked, the chain of one place turns. */
static void inverted_stacks_keep_their_kinds(void **state)
{
	struct profile *p = from_text("a;f;g_[i];h_[i];k_[k] 3\na;h 1\n"),
		       *q = profile_invert(p, NULL);
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	folded_write(q, true, &s.sink);
	assert_string_equal(text_get(&t), "[unknown];h 1\n[unknown];k_[k];h_[i];g_[i];f "
					  "3\n");
	assert_int_equal(profile_total(q, 0), 4);
	text_done(&t);
	profile_free(q);
	profile_free(p);
}

static size_t columns_of(const char *s, size_t n)
{
	size_t columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += (s[i] & 0xc0) != 0x80;
	return columns;
}

static void lines_fit(void **state)
{
	static const unsigned widths[] = {40, 60, 80, 200};
	struct text in = {0};
	struct profile *p;

	for (unsigned i = 0; i < 30; i++) {
		text_add(&in, "a");
		for (unsigned k = 0; k <= i; k++)
			text_addf(&in,
				  ";space::class%u<int, char>::a_rather_long_name"
				  "(int, char const*)",
				  k);
		text_add(&in, " 9\na");
		for (unsigned k = 0; k <= i; k++)
			text_addf(&in, ";space::other%u::name", k);
		text_add(&in, " 9\n");
	}
	p = from_text(text_get(&in));
	for (size_t w = 0; w < 2 * ARRAY_SIZE(widths); w++) {
		struct calltree_options o = {
			.style = {.columns = widths[w / 2], .utf8 = w % 2}};
		struct text t = tree_of(p, &o);
		const char *s = text_get(&t);

		for (size_t n; *s; s += n + 1) {
			n = strcspn(s, "\n");
			if (columns_of(s, n) > o.style.columns)
				fail_msg("%u columns: %.*s", o.style.columns, (int)n, s);
			assert_true(w % 2 || columns_of(s, n) == n);
		}
		text_done(&t);
	}
	profile_free(p);
	text_done(&in);
}

/* A branch at each of many levels: lines do not grow with them. */
static void levels_have_an_end(void **state)
{
	struct text in = {0}, out;
	struct profile *p;

	for (unsigned i = 0; i < 300; i++) {
		text_add(&in, "a");
		for (unsigned k = 0; k < i; k++)
			text_add(&in, ";f;g");
		text_add(&in, ";x 1\n");
	}
	p = from_text(text_get(&in));
	out = tree_of(p, &(struct calltree_options){0});
	assert_non_null(strstr(text_get(&out), "(+150) "));
	for (const char *s = text_get(&out); *s; s += strcspn(s, "\n") + 1)
		assert_true(strcspn(s, "\n") < 400);
	text_done(&out);
	profile_free(p);
	text_done(&in);
}

static void nothing_and_less_are_shown(void **state)
{
	struct profile *p = from_text("a;f 0\n"), *q = from_text("a;f 1\na;g 1\n");
	struct text t = tree_of(p, &(struct calltree_options){.min_percent = 1});

	assert_string_equal(text_get(&t), "   total  total%   self%\n");
	text_done(&t);
	/* A difference. */
	q->values.v[1] = -3;
	t = tree_of(q, &(struct calltree_options){.min_percent = 1});
	assert_string_equal(text_get(&t), "   total  total%   self%\n"
					  "      -2  100.0%         a\n"
					  "      -3  150.0%  150.0% |- f\n"
					  "       1  -50.0%  -50.0% `- g\n");
	text_done(&t);
	profile_free(p);
	profile_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(largest_branches_come_first),
		cmocka_unit_test(unicode_draws_lines),
		cmocka_unit_test(small_branches_are_counted),
		cmocka_unit_test(depth_is_cut),
		cmocka_unit_test(recursion_is_one_line),
		cmocka_unit_test(long_rows_lose_their_middle),
		cmocka_unit_test(samples_without_a_command_have_no_line_for_it),
		cmocka_unit_test(inverted_stacks_keep_their_kinds),
		cmocka_unit_test(lines_fit),
		cmocka_unit_test(levels_have_an_end),
		cmocka_unit_test(nothing_and_less_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
