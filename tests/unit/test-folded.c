/* folded_write: the lines, their order, what names may not contain. */
#include <errno.h>
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

static struct profile *new_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	return p;
}

static location_id code(struct profile *p, const char *name, uint32_t flags)
{
	struct function f = {.name = profile_string(p, name)};
	struct line line = {profile_function(p, &f), 0};

	return profile_named_location(p, 0, 0x10, flags, &line, 1);
}

/* Adds a stack given as "root,caller,leaf". */
static void add(struct profile *p, const char *comm, const char *frames, int64_t value)
{
	struct label l = {.key = profile_string(p, "comm"),
			  .str = profile_string(p, comm)};
	stack_id s = 0;
	char copy[256], *at = copy, *name;

	snprintf(copy, sizeof(copy), "%s", frames);
	while ((name = strsep(&at, ",")))
		s = profile_stack(p, s, code(p, name, 0));
	profile_add(p, s, profile_labels(p, &l, comm ? 1 : 0), &value);
}

static void expect(const struct profile *p, bool annotate, const char *want)
{
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	folded_write(p, annotate, &s.sink);
	assert_string_equal(text_get(&t), want);
	text_done(&t);
}

static void equal_stacks_are_one_line(void **state)
{
	struct profile *p = new_profile();

	add(p, "sh", "main,run", 3);
	add(p, "sh", "main", 1);
	add(p, "sh", "main,run", 4);
	add(p, NULL, "main,run", 9);
	add(p, "sh", "main,none", 0);
	add(p, "sh", "main,negative", -5);
	expect(p, false, "[unknown];main;run 9\nsh;main 1\nsh;main;run 7\n");
	profile_free(p);
}

/* As sort -u of the stacks in the C locale would have it, where the tree's own order
 * differs: ' ' and '(' come before the ';' that ends a frame. */
static void lines_are_in_byte_order(void **state)
{
	struct profile *p = new_profile();

	add(p, "sh", "f,z", 1);
	add(p, "sh", "f (int),a", 2);
	add(p, "sh", "f", 3);
	add(p, "sh", "fa", 4);
	add(p, "sh", "f(int)", 5);
	add(p, "sh", "\xc3\xa9", 6);
	add(p, "a b", "x", 7);
	add(p, "a", "x", 8);
	expect(p, false,
	       "a b;x 7\na;x 8\nsh;f 3\nsh;f (int);a 2\nsh;f(int) 5\nsh;f;z 1\nsh;fa 4\n"
	       "sh;\xc3\xa9 6\n");
	profile_free(p);
}

static void separators_in_names_are_replaced(void **state)
{
	struct profile *p = new_profile();

	add(p, "a;b", "x;y", 1);
	add(p, "a;b", "x:y", 2);
	add(p, "a\nb", "x\ny", 4);
	expect(p, false,
	       "a:b;x:y 3\na\xef\xbf\xbd"
	       "b;x\xef\xbf\xbdy 4\n");
	profile_free(p);
}

static void kinds_are_marked_when_asked(void **state)
{
	struct profile *p = new_profile();
	struct function f = {.name = profile_string(p, "outer")},
			g = {.name = profile_string(p, "inner")};
	struct line chain[] = {{profile_function(p, &g), 1},
			       {profile_function(p, &f), 2}};
	int64_t one = 1;
	stack_id s;

	s = profile_stack(p, 0, profile_label_location(p, "[truncated]"));
	s = profile_stack(p, s, profile_named_location(p, 0, 1, 0, chain, 2));
	profile_add(p, profile_stack(p, s, code(p, "sys", LOCATION_KERNEL)), 0, &one);
	profile_add(p, profile_stack(p, s, code(p, "js", LOCATION_JIT)), 0, &one);
	expect(p, true,
	       "[unknown];[truncated];outer;inner_[i];js_[j] 1\n"
	       "[unknown];[truncated];outer;inner_[i];sys_[k] 1\n");
	expect(p, false,
	       "[unknown];[truncated];outer;inner;js 1\n"
	       "[unknown];[truncated];outer;inner;sys 1\n");
	profile_free(p);
}

/* Two boxes of a picture, one line of text: the same name inlined and called. */
static void kinds_of_one_name_add_up_without_marks(void **state)
{
	struct profile *p = new_profile();
	struct function f = {.name = profile_string(p, "f")},
			g = {.name = profile_string(p, "g")};
	struct line chain[] = {{profile_function(p, &g), 1},
			       {profile_function(p, &f), 2}};
	int64_t one = 1, two = 2;
	stack_id called, inlined = profile_stack(
				 p, 0, profile_named_location(p, 0, 1, 0, chain, 2));

	called = profile_stack(p, profile_stack(p, 0, code(p, "f", 0)), code(p, "g", 0));
	profile_add(p, called, 0, &one);
	profile_add(p, inlined, 0, &two);
	profile_add(p, profile_stack(p, called, code(p, "h", 0)), 0, &one);
	profile_add(p, profile_stack(p, inlined, code(p, "h", 0)), 0, &two);
	profile_add(p, profile_stack(p, called, code(p, "a", 0)), 0, &one);
	expect(p, false, "[unknown];f;g 3\n[unknown];f;g;a 1\n[unknown];f;g;h 3\n");
	expect(p, true,
	       "[unknown];f;g 1\n[unknown];f;g;a 1\n[unknown];f;g;h 1\n"
	       "[unknown];f;g_[i] 2\n[unknown];f;g_[i];h 2\n");
	profile_free(p);
}

static location_id code_of(struct profile *p, const char *name, const char *mangled)
{
	struct function f = {.name = profile_string(p, name),
			     .system_name = profile_string(p, mangled)};
	struct line line = {profile_function(p, &f), 1};

	return profile_named_location(p, 0, 1, 0, &line, 1);
}

/* What differs in its parameters alone adds up; what only looks like C++ stays. */
static void parameters_are_left_out(void **state)
{
	struct profile *p = new_profile();
	int64_t one = 1;
	stack_id ints = profile_stack(p, 0, code_of(p, "add(int, int)", "_Z3addii")),
		 chars = profile_stack(p, 0, code_of(p, "add(char)", "_Z3addc"));

	profile_add(p, ints, 0, &one);
	profile_add(p, profile_stack(p, ints, code_of(p, "f(int)", "_Z1fi")), 0, &one);
	profile_add(p, profile_stack(p, chars, code_of(p, "f(int)", "_Z1fi")), 0, &one);
	profile_add(p, profile_stack(p, 0, code_of(p, "main.(*T).run", "main.(*T).run")),
		    0, &one);
	profile_add(p, profile_stack(p, 0, code_of(p, "g (1)", "_Zebra")), 0, &one);
	expect(p, false,
	       "[unknown];add 1\n"
	       "[unknown];add;f 2\n"
	       "[unknown];g (1) 1\n"
	       "[unknown];main.(*T).run 1\n");
	profile_free(p);
}

static void code_without_a_name_shows_its_module(void **state)
{
	struct profile *p = new_profile();
	struct mapping m = {
		.start = 1, .limit = 2, .filename = profile_string(p, "/lib/libx.so")};
	int64_t one = 1;
	stack_id s = profile_stack(p, 0,
				   profile_location(p, profile_mapping(p, &m), 1, 0));

	profile_add(p, profile_stack(p, s, profile_location(p, 0, 1, 0)), 0, &one);
	expect(p, false, "[unknown];[libx.so];[unknown] 1\n");
	profile_free(p);
}

static void nothing_makes_nothing(void **state)
{
	struct profile *p = new_profile();

	expect(p, false, "");
	profile_free(p);
}

/* --- reading ------------------------------------------------------------------------ */

static struct profile *from_text(const char *text, struct error *err)
{
	return folded_read(text, strlen(text), "samples", "count", err);
}

static void what_is_read_is_written_again(void **state)
{
	static const char text[] = "[unsampled];[unsampled: other] 7\n"
				   "cc1;main;f;g_[i];h_[i];page_fault_[k] 1\n"
				   "cc1;main;f;g_[i];k 20\n"
				   "cc1;main;js_[j] 3\n"
				   "cc1;main;operator()(int, char const*) 5\n"
				   "node;a b c 9223372036854775\n"
				   "only 4\n";
	struct profile *p = from_text(text, NULL);

	assert_non_null(p);
	expect(p, true, text);
	assert_int_equal(profile_total(p, 0), 7 + 1 + 20 + 3 + 5 + 4 + 9223372036854775);
	profile_free(p);
}

/* f, g and h are one place in the code, and js, k and page_fault are of other kinds. */
static void marks_are_kinds(void **state)
{
	struct profile *p = from_text("c;f;g_[i];h_[i];page_fault_[k] 1\n", NULL);
	stack_id leaf = p->samples.v[1].stack, below = p->stacks.v[leaf].parent;
	const struct location *l = &p->locations.v[p->stacks.v[leaf].location];
	const struct line *line;

	assert_true(l->flags & LOCATION_KERNEL);
	assert_int_equal(l->nlines, 1);
	assert_int_equal(p->stacks.v[below].parent, 0);
	l = &p->locations.v[p->stacks.v[below].location];
	assert_int_equal(l->nlines, 3);
	line = &p->lines.v[l->first_line];
	assert_string_equal(profile_text(p, p->functions.v[line[0].function].name), "h");
	assert_string_equal(profile_text(p, p->functions.v[line[2].function].name), "f");
	profile_free(p);
}

/* A command that looks marked is called so, and so is what is inlined into nothing; of two
 * marks the last is one. */
static void what_cannot_be_marked_is_called_so(void **state)
{
	static const char text[] = "a_[k]_[i];f;g_[k]_[i] 2\n"
				   "b_[k];f 1\n"
				   "c;f_[i];g_[i] 3\n";
	struct profile *p = from_text(text, NULL);

	expect(p, true, text);
	profile_free(p);
}

static void what_other_tools_write_is_read(void **state)
{
	struct profile *p = from_text("# a comment\r\n\r\nmain;f 1.4\r\nmain;f\t2.5\n"
				      "main;;g  3   \nmain;h 12 4\nlast;x 5",
				      NULL);

	assert_non_null(p);
	expect(p, false, "last;x 5\nmain;-;g 3\nmain;f 4\nmain;h 12 4\n");
	profile_free(p);
}

static void refused(const char *text, const char *sentence)
{
	struct error err = {0};

	assert_null(from_text(text, &err));
	assert_int_equal(err.code, -EBADMSG);
	assert_non_null(strstr(err.text, sentence));
	assert_true(err.hint[0]);
}

static void what_is_no_folded_file_is_told_by_line(void **state)
{
	struct text t = {0};

	refused("", "there is no stack");
	refused("# nothing\n\n", "line 2: there is no stack");
	refused("a;b 1\na;b\n", "line 2: no count at its end");
	refused("a;b 1\na;b x\n", "line 2: no count at its end");
	refused("a;b -1\n", "line 1: no count");
	refused("12\n", "line 1: no count");
	refused("a;b 1.\n", "line 1: no count");
	refused("a;b 1234567890123456789\n", "line 1: no count");
	refused("a;b 1 2\na;c 3 4\n", "two counts on every line");
	for (int i = 0; i < 65536; i++)
		text_add(&t, "a;");
	text_add(&t, "b 1\n");
	refused(text_get(&t), "more than 65536 frames");
	text_clear(&t);
	for (int i = 0; i < 1 << 16; i++)
		text_add(&t, "a name that goes on and on, longer than any line; "
			     "without an end and ");
	refused(text_get(&t), "line 1: longer than 4 MiB");
	text_done(&t);
}

/* --- two values -------------------------------------------------------------------- */

static struct profile *new_diff(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "before", "count");
	profile_value_type(p, "after", "count");
	return p;
}

static void add_two(struct profile *p, const char *comm, const char *frames,
		    int64_t before, int64_t after)
{
	struct label l = {.key = profile_string(p, "comm"),
			  .str = profile_string(p, comm)};
	stack_id s = 0;
	char copy[256], *at = copy, *name;

	snprintf(copy, sizeof(copy), "%s", frames);
	while ((name = strsep(&at, ",")))
		s = profile_stack(p, s, code(p, name, 0));
	profile_add(p, s, profile_labels(p, &l, 1), (int64_t[]){before, after});
}

static void a_difference_has_two_numbers_to_a_line(void **state)
{
	struct profile *p = new_diff();
	struct text t = {0};
	struct sink_text s;

	add_two(p, "sh", "main,f;", 3, 4);
	add_two(p, "sh", "main,f:", 10, 20);
	add_two(p, "sh", "main,gone,x", 5, 0);
	add_two(p, "sh", "main,new,y", 0, 6);
	add_two(p, "sh", "main", 7, -1);
	add_two(p, "sh", "nothing", 0, 0);
	add_two(p, "sh", "below", -3, -4);
	sink_text_init(&s, &t);
	folded_write_diff(p, false, &s.sink);
	assert_string_equal(text_get(&t), "sh;main 7 0\nsh;main;f: 13 24\n"
					  "sh;main;gone;x 5 0\nsh;main;new;y 0 6\n");
	text_done(&t);
	profile_free(p);
}

/* A fixed sequence (Numerical Recipes' LCG). */
static uint32_t seed = 7;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* The lines of one column, those of 0 left out. */
static void column_of(const char *lines, unsigned column, struct text *ret)
{
	char *copy = xstrdup(lines), *at = copy, *line;

	while ((line = strsep(&at, "\n")) && *line) {
		char *after = strrchr(line, ' '), *before;

		*after++ = '\0';
		before = strrchr(line, ' ');
		*before++ = '\0';
		if (strcmp(column ? after : before, "0") != 0)
			text_addf(ret, "%s %s\n", line, column ? after : before);
	}
	free(copy);
}

static void each_column_is_the_file_of_its_value(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d;", "d:", "e f"};
	struct profile *p = new_diff();
	struct text both = {0};
	struct sink_text s;

	for (unsigned i = 0; i < 3000; i++) {
		unsigned depth = 1 + draw(8);
		char frames[64] = "";

		for (unsigned k = 0; k < depth; k++)
			snprintf(frames + strlen(frames), sizeof(frames) - strlen(frames),
				 "%s%s", k ? "," : "", names[draw(6)]);
		add_two(p, draw(3) ? "sh" : "other", frames, draw(3), draw(3));
	}
	sink_text_init(&s, &both);
	folded_write_diff(p, false, &s.sink);
	assert_true(both.len > 10000);
	for (unsigned i = 0; i < 2; i++) {
		struct text column = {0}, one = {0};
		struct sink_text out;

		column_of(both.s, i, &column);
		sink_text_init(&out, &one);
		folded_write_value(p, i, false, &out.sink);
		assert_string_equal(column.s, one.s);
		text_done(&column);
		text_done(&one);
	}
	text_done(&both);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_one_line),
		cmocka_unit_test(lines_are_in_byte_order),
		cmocka_unit_test(separators_in_names_are_replaced),
		cmocka_unit_test(kinds_are_marked_when_asked),
		cmocka_unit_test(kinds_of_one_name_add_up_without_marks),
		cmocka_unit_test(parameters_are_left_out),
		cmocka_unit_test(code_without_a_name_shows_its_module),
		cmocka_unit_test(nothing_makes_nothing),
		cmocka_unit_test(what_is_read_is_written_again),
		cmocka_unit_test(marks_are_kinds),
		cmocka_unit_test(what_cannot_be_marked_is_called_so),
		cmocka_unit_test(what_other_tools_write_is_read),
		cmocka_unit_test(what_is_no_folded_file_is_told_by_line),
		cmocka_unit_test(a_difference_has_two_numbers_to_a_line),
		cmocka_unit_test(each_column_is_the_file_of_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
