/* folded_write: the lines, their order, what names may not contain. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_one_line),
		cmocka_unit_test(lines_are_in_byte_order),
		cmocka_unit_test(separators_in_names_are_replaced),
		cmocka_unit_test(kinds_are_marked_when_asked),
		cmocka_unit_test(kinds_of_one_name_add_up_without_marks),
		cmocka_unit_test(code_without_a_name_shows_its_module),
		cmocka_unit_test(nothing_makes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
