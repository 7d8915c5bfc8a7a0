/* The tree, the table, and what the pictures say in text. How they look and work is for
 * tests/browser. */
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

#include "../../src/format/format-priv.h"

static struct profile *new_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "cpu", "nanoseconds");
	return p;
}

static location_id code(struct profile *p, const char *name, const char *file)
{
	struct function f = {.name = profile_string(p, name),
			     .filename = profile_string(p, file),
			     .start_line = 3};
	struct mapping m = {.start = 0x1000, .limit = 0x2000};
	struct line line = {profile_function(p, &f), 0};

	m.filename = profile_string(p, "/bin/app");
	return profile_named_location(p, profile_mapping(p, &m), 0x1010, 0, &line, 1);
}

static void add(struct profile *p, const char *frames, int64_t value)
{
	struct label l = {.key = profile_string(p, "comm"),
			  .str = profile_string(p, "sh")};
	stack_id s = 0;
	char copy[1024], *at = copy, *name;

	snprintf(copy, sizeof(copy), "%s", frames);
	while ((name = strsep(&at, ",")))
		s = profile_stack(p, s, code(p, name, "a.c"));
	profile_add(p, s, profile_labels(p, &l, 1), &value);
}

static struct text as_svg(const struct profile *p, const struct flame_options *o)
{
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	svg_write(p, o, &s.sink);
	return t;
}

static void assert_contains(const struct text *t, const char *words)
{
	if (!strstr(t->s, words))
		fail_msg("'%s' is missing", words);
}

static void assert_lacks(const struct text *t, const char *words)
{
	if (strstr(t->s, words))
		fail_msg("'%s' is there", words);
}

static unsigned count_of(const struct text *t, const char *words)
{
	unsigned n = 0;

	for (const char *at = t->s; (at = strstr(at, words)); at++)
		n++;
	return n;
}

/* --- the tree ---------------------------------------------------------------------- */

/* The text of a box: the name of the call in place @k of a strip. */
static const char *name_at(const struct profile *p, const struct flame *f, uint32_t strip,
			   uint32_t k)
{
	return profile_text(p, flame_box(f, strip, k).call.name);
}

/* Every strip once, from the root on: it hangs together, and its sums are right. */
static void assert_sound(const struct flame *f)
{
	const struct flame_node *n = f->nodes.v;
	uint32_t seen = 0, boxes = 0;

	for (uint32_t i = 0; i < f->nodes.n; i++) {
		int64_t total = n[i].self;

		assert_true(n[i].n > 0);
		assert_true(n[i].first + n[i].n <= f->chain.n);
		boxes += n[i].n;
		for (uint32_t c = n[i].first_child; c; c = n[c].next_sibling) {
			assert_int_equal(n[c].parent, i);
			assert_int_equal(n[c].depth, n[i].depth + n[i].n);
			assert_true(n[c].first >= n[i].first + n[i].n);
			total += n[c].total;
			seen++;
		}
		assert_int_equal(n[i].total, total);
	}
	assert_int_equal(seen + 1, f->nodes.n);
	assert_int_equal(boxes, f->chain.n);
}

static void the_tree_adds_up_and_is_sorted(void **state)
{
	struct profile *p = new_profile();
	struct flame f;
	const struct flame_node *n;
	uint32_t at;

	add(p, "main,z", 5);
	add(p, "main,a,b", 7);
	add(p, "main", 1);
	add(p, "main,a", 2);
	flame_build(&f, p, 0);
	assert_sound(&f);
	n = f.nodes.v;
	assert_int_equal(f.nodes.n, 6);
	assert_int_equal(f.max_depth, 4);
	assert_int_equal(f.shown, 5);
	assert_int_equal(n[0].total, 15);
	at = n[0].first_child;
	assert_string_equal(name_at(p, &f, at, 0), "sh");
	assert_int_equal(flame_box(&f, at, 0).call.function, 0);
	assert_int_equal(n[at].next_sibling, 0);
	at = n[at].first_child;
	assert_string_equal(name_at(p, &f, at, 0), "main");
	assert_int_equal(n[at].self, 1);
	assert_int_equal(n[at].total, 15);
	at = n[at].first_child;
	assert_string_equal(name_at(p, &f, at, 0), "a");
	assert_int_equal(n[at].self, 2);
	assert_int_equal(n[at].total, 9);
	at = n[at].next_sibling;
	assert_string_equal(name_at(p, &f, at, 0), "z");
	assert_int_equal(n[at].depth, 3);
	flame_done(&f);
	flame_build(&f, p, 7);
	assert_int_equal(f.nodes.n, 1);
	flame_done(&f);
	profile_free(p);
}

static void calls_in_a_row_are_one_strip(void **state)
{
	struct profile *p = new_profile();
	const struct flame_node *n;
	struct flame f;
	uint32_t at;

	add(p, "a,b,c,d,e,f", 1);
	flame_build(&f, p, 0);
	assert_sound(&f);
	assert_int_equal(f.nodes.n, 3);
	at = f.nodes.v[f.nodes.v[0].first_child].first_child;
	assert_int_equal(f.nodes.v[at].n, 6);
	assert_string_equal(name_at(p, &f, at, 5), "f");
	assert_int_equal(flame_box(&f, at, 4).self, 0);
	assert_int_equal(flame_box(&f, at, 5).self, 1);
	assert_int_equal(flame_box(&f, at, 5).depth, 7);
	flame_done(&f);
	/* It is left in its middle, and ends in what is left of it. */
	add(p, "a,b,c,x", 2);
	add(p, "a,b", 4);
	flame_build(&f, p, 0);
	assert_sound(&f);
	n = f.nodes.v;
	assert_int_equal(f.nodes.n, 6);
	at = n[n[0].first_child].first_child;
	assert_int_equal(n[at].n, 2);
	assert_int_equal(n[at].total, 7);
	assert_int_equal(n[at].self, 4);
	at = n[at].first_child;
	assert_int_equal(n[at].n, 1);
	assert_int_equal(n[at].total, 3);
	at = n[at].first_child;
	assert_int_equal(n[at].n, 3);
	assert_string_equal(name_at(p, &f, at, 2), "f");
	assert_string_equal(name_at(p, &f, n[at].next_sibling, 0), "x");
	assert_int_equal(f.shown, 8);
	flame_done(&f);
	profile_free(p);
}

/* Lines of a stack of @depth functions, each at an address of its own, so that no two
 * stacks share a row; strips are cut wherever one of them ends. */
static void strips_are_cut_by_other_addresses(void **state)
{
	enum { DEPTH = 40 };
	struct profile *p = new_profile();
	struct text t = {0}, want = {0};
	struct sink_text s;
	struct flame f;
	int64_t v = 1;

	for (unsigned turn = 0; turn < DEPTH; turn++) {
		/* 7 and 40 have no divisor in common: all depths, well mixed. */
		unsigned depth = turn * 7 % DEPTH + 1;
		stack_id at = 0;

		for (unsigned i = 0; i < depth; i++) {
			char name[8];
			struct function fn = {0};
			struct line line = {0};

			snprintf(name, sizeof(name), "f%u", i);
			fn.name = profile_string(p, name);
			line.function = profile_function(p, &fn);
			at = profile_stack(
				p, at, profile_named_location(p, 0, turn, 0, &line, 1));
		}
		profile_add(p, at, 0, &v);
	}
	flame_build(&f, p, 0);
	assert_sound(&f);
	assert_int_equal(f.chain.n, DEPTH + 2);
	assert_int_equal(f.nodes.n, DEPTH + 2);
	sink_text_init(&s, &t);
	folded_write_tree(p, &f, false, &s.sink);
	for (unsigned depth = 1; depth <= DEPTH; depth++) {
		text_add(&want, "[unknown]");
		for (unsigned i = 0; i < depth; i++)
			text_addf(&want, ";f%u", i);
		text_add(&want, " 1\n");
	}
	assert_string_equal(t.s, want.s);
	text_done(&t);
	text_done(&want);
	flame_done(&f);
	profile_free(p);
}

static void one_stack_under_two_processes(void **state)
{
	struct profile *p = new_profile();
	string_id key = profile_string(p, "comm");
	struct label a = {.key = key, .str = profile_string(p, "a")},
		     b = {.key = key, .str = profile_string(p, "b")};
	stack_id main = profile_stack(p, 0, code(p, "main", NULL));
	stack_id s = profile_stack(p, main, code(p, "f", NULL));
	int64_t v = 1;
	struct flame f;

	for (unsigned i = 0; i < 2; i++) {
		profile_add(p, s, profile_labels(p, &a, 1), &v);
		profile_add(p, s, profile_labels(p, &b, 1), &v);
		profile_add(p, main, profile_labels(p, &b, 1), &v);
	}
	flame_build(&f, p, 0);
	assert_sound(&f);
	assert_int_equal(f.shown, 6);
	assert_int_equal(f.nodes.v[f.nodes.v[0].first_child].total, 2);
	flame_done(&f);
	profile_free(p);
}

/* --- the table --------------------------------------------------------------------- */

static void recursion_counts_once(void **state)
{
	struct profile *p = new_profile();
	struct top t;

	add(p, "main,f,f,f", 10);
	add(p, "main,f,g", 4);
	add(p, "main,g", 4);
	top_build(&t, p, 0);
	assert_int_equal(t.sum, 18);
	assert_int_equal(t.rows.n, 3);
	assert_string_equal(profile_text(p, t.rows.v[0].name), "f");
	assert_int_equal(t.rows.v[0].self, 10);
	assert_int_equal(t.rows.v[0].total, 14);
	assert_string_equal(profile_text(p, t.rows.v[0].filename), "a.c");
	assert_string_equal(profile_text(p, t.rows.v[0].module), "/bin/app");
	assert_string_equal(profile_text(p, t.rows.v[1].name), "g");
	assert_int_equal(t.rows.v[1].self, 8);
	assert_string_equal(profile_text(p, t.rows.v[2].name), "main");
	assert_int_equal(t.rows.v[2].self, 0);
	assert_int_equal(t.rows.v[2].total, 18);
	top_done(&t);
	profile_free(p);
}

static void functions_of_two_files_are_two_rows(void **state)
{
	struct profile *p = new_profile();
	int64_t v = 1;
	struct top t;

	profile_add(p, profile_stack(p, 0, code(p, "init", "a.c")), 0, &v);
	profile_add(p, profile_stack(p, 0, code(p, "init", "b.c")), 0, &v);
	top_build(&t, p, 0);
	assert_int_equal(t.rows.n, 2);
	top_done(&t);
	profile_free(p);
}

/* --- numbers and names ------------------------------------------------------------- */

static void values_are_written_for_people(void **state)
{
	static const struct {
		int64_t value;
		const char *unit, *text;
	} cases[] = {
		{0, "nanoseconds", "0s"},
		{999, "nanoseconds", "999ns"},
		{1000, "nanoseconds", "1us"},
		{45000000, "nanoseconds", "45ms"},
		{999499999, "nanoseconds", "999ms"},
		{999500000, "nanoseconds", "1s"},
		{1234000000, "nanoseconds", "1.23s"},
		{12340000000, "nanoseconds", "12.3s"},
		{-1234000000, "nanoseconds", "-1.23s"},
		{1500, "milliseconds", "1.5s"},
		{3, "seconds", "3s"},
		{123456, "seconds", "123456s"},
		{1023, "bytes", "1023B"},
		{1024, "bytes", "1KiB"},
		{1536 * 1024, "bytes", "1.5MiB"},
		{123, "count", "123"},
		{-5, "", "-5"},
		{INT64_MIN, "count", "-9223372036854775808"},
	};
	char buf[64];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			value_text(buf, sizeof(buf), cases[i].value, cases[i].unit),
			cases[i].text);
}

static void shares_are_written_for_people(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *text;
	} cases[] = {{0, 5, "0 %"},	{5, 5, "100 %"},      {1, 8, "12.5 %"},
		     {1, 80, "1.25 %"}, {1, 3000, "0.033 %"}, {1, 0, "0 %"},
		     {-1, 8, "-12.5 %"}};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text t = {0};

		percent_add(&t, cases[i].part, cases[i].whole);
		assert_string_equal(text_get(&t), cases[i].text);
		text_done(&t);
	}
}

static void names_keep_their_end(void **state)
{
	static const struct {
		const char *name;
		unsigned columns;
		const char *text;
	} cases[] = {
		{"main", 4, "main"},
		{"main", 3, "ma\xe2\x80\xa6"},
		{"main", 2, ""},
		{"ns::Class<int>::method(std::vector<int> const&) const", 17,
		 "ns::Class::method"},
		{"ns::Class<int>::method(int)", 15,
		 "\xe2\x80\xa6"
		 "Class::method"},
		{"ns::Class<int>::method(int)", 7, "\xe2\x80\xa6method"},
		{"ns::Class<int>::method(int)", 5, "meth\xe2\x80\xa6"},
		{"<alloc::vec::Vec<T> as core::Drop>::drop", 6, "::drop"},
		{"operator<< <char>(std::ostream&, char)", 12, "operator<<"},
		{"a::operator()(int) const", 13, "a::operator()"},
		{"f(g::operator-><int>)", 3, "f"},
		{"my_operator<int>(int)", 12, "my_operator"},
		{"(anonymous namespace)::f(int)", 24, "(anonymous namespace)::f"},
		{"net/http.(*conn).serve", 14, "http.(*conn).\xe2\x80\xa6"},
		{"net/http.(*conn).serve", 19, "\xe2\x80\xa6http.(*conn).serve"},
		{"f()::{lambda(int)#1}::operator()(int) const", 25,
		 "f::{lambda#1}::operator()"},
		{"))((", 3, "))\xe2\x80\xa6"},
		{"a > b", 4, "a >\xe2\x80\xa6"},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5,
		 "\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6"},
		{"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 3, "\xc3\xa9\xc3\xa9\xe2\x80\xa6"},
	};
	struct text t = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		name_fit(&t, cases[i].name, cases[i].columns);
		if (strcmp(text_get(&t), cases[i].text))
			fail_msg("'%s' in %u columns: '%s', not '%s'", cases[i].name,
				 cases[i].columns, text_get(&t), cases[i].text);
	}
	text_done(&t);
}

static void paths_lose_their_folders(void **state)
{
	assert_string_equal(base_name("/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(base_name("app"), "app");
	assert_string_equal(base_name("//anon"), "//anon");
	assert_string_equal(base_name("/app"), "app");
	assert_string_equal(base_name(""), "");
}

/* --- pictures ---------------------------------------------------------------------- */

static void what_is_pruned_is_stated(void **state)
{
	struct profile *p = new_profile();
	struct flame_options o = {.max_boxes = 5};
	struct text t;

	add(p, "main,a", 50);
	add(p, "main,b", 30);
	add(p, "main,c", 15);
	add(p, "main,d,e", 5);
	/* Kept: all, sh, main, a, b. */
	t = as_svg(p, &o);
	assert_contains(&t, ">3 frames, 20 % of the time, not drawn (each below 16 %)<");
	assert_int_equal(count_of(&t, "<title>"), 5);
	assert_lacks(&t, ">c<");
	text_done(&t);
	o.max_boxes = 0;
	t = as_svg(p, &o);
	assert_lacks(&t, " frames, ");
	assert_int_equal(count_of(&t, "<title>"), 8);
	text_done(&t);
	profile_free(p);
}

/* Many boxes of one size: some are drawn all the same, and never one without its caller.
 * */
static void equal_boxes_fill_the_picture(void **state)
{
	struct profile *p = new_profile();
	struct flame_options o = {.max_boxes = 40};
	char name[32];
	struct text t;

	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "main,f%u,g%u", i, i);
		add(p, name, 10);
	}
	t = as_svg(p, &o);
	assert_int_equal(count_of(&t, "<title>"), 40);
	assert_contains(&t, "83 frames, ");
	text_done(&t);
	profile_free(p);
}

static void the_height_is_bounded(void **state)
{
	struct profile *p = new_profile();
	struct flame_options o = {.title = "deep"};
	location_id l = code(p, "f", NULL);
	stack_id s = 0;
	int64_t v = 1;
	struct text t;

	for (unsigned i = 0; i < 5000; i++)
		s = profile_stack(p, s, l);
	profile_add(p, s, 0, &v);
	t = as_svg(p, &o);
	assert_int_equal(count_of(&t, "<title>"), PICTURE_DEPTH_MAX + 1);
	assert_contains(&t,
			">3,901 frames, 100 % of the time, not drawn (3,901 deeper than "
			"1,100 levels)<");
	text_done(&t);
	profile_free(p);
}

static void hostile_names_stay_text(void **state)
{
	static const char *const names[] = {"<script>alert(1)</script>", "]]></script>",
					    "\"><x y='", "\x01\x1f\xef\xbf\xbf"};
	struct profile *p = new_profile();
	struct flame_options o = {.title = "<t>&\"", .subtitle = "<s>'"};
	const char *warnings[] = {"<w>"};
	struct fact facts[] = {{"<k>", "<v>"}};
	struct sink_text s;
	struct text t = {0};
	int64_t v = 1;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		profile_add(p, profile_stack(p, 0, code(p, names[i], names[i])), 0, &v);
	sink_text_init(&s, &t);
	svg_write(p, &o, &s.sink);
	/* The script's own end is the only one. */
	assert_int_equal(count_of(&t, "]]>"), 1);
	assert_int_equal(count_of(&t, "<script"), 1);
	assert_lacks(&t, "style=");
	html_write(p, &o, facts, 1, warnings, 1, &s.sink);
	/* The page's are one for its start and two that are no code by their type. */
	assert_int_equal(count_of(&t, "]]>"), 1);
	assert_int_equal(count_of(&t, "<script"), 4);
	assert_int_equal(count_of(&t, "</script"), 4);
	assert_int_equal(count_of(&t, "<?xml"), 1);
	assert_lacks(&t, "<w>");
	assert_lacks(&t, "<k>");
	assert_lacks(&t, "<v>");
	assert_lacks(&t, "<t>");
	assert_lacks(&t, "<s>");
	assert_lacks(&t, "<x ");
	assert_contains(&t, "&lt;script&gt;alert(1)");
	assert_contains(&t, "default-src 'none'; ");
	assert_contains(&t, "script-src 'sha256-");
	assert_lacks(&t, "'unsafe-inline'");
	assert_lacks(&t, "'unsafe-eval'");
	assert_true(text_is_clean(profile_text(p, p->functions.v[4].name), 6));
	text_done(&t);
	profile_free(p);
}

/* Stripping the arguments of such a name left nothing, not even a buffer: it crashed. */
static void a_long_name_of_nothing_but_brackets(void **state)
{
	struct profile *p = new_profile();
	struct text svg;
	char name[700];

	memset(name, 'a', sizeof(name));
	name[0] = '<';
	name[sizeof(name) - 2] = '>';
	name[sizeof(name) - 1] = '\0';
	add(p, name, 10);
	svg = as_svg(p, &(struct flame_options){0});
	assert_contains(&svg, "&lt;aaaa");
	text_done(&svg);
	profile_free(p);
}

static void an_empty_profile_says_so(void **state)
{
	struct profile *p = new_profile();
	struct flame_options o = {0};
	struct text t = as_svg(p, &o);

	assert_contains(&t, "no samples");
	assert_contains(&t, "Flame graph");
	text_done(&t);
	profile_free(p);
}

static void the_same_profile_gives_the_same_bytes(void **state)
{
	struct profile *p = new_profile();
	struct flame_options o = {0};
	struct text a, b;

	add(p, "main,f,g", 5);
	add(p, "main,g", 5);
	a = as_svg(p, &o);
	b = as_svg(p, &o);
	assert_string_equal(a.s, b.s);
	text_done(&a);
	text_done(&b);
	profile_free(p);
}

/* --- differences -------------------------------------------------------------------- */

static struct profile *new_diff(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "before", "nanoseconds");
	profile_value_type(p, "after", "nanoseconds");
	profile_value_type(p, "before_samples", "count");
	profile_value_type(p, "after_samples", "count");
	p->default_sample_type = p->value_types[DIFF_AFTER].type;
	return p;
}

/* Samples of a millisecond each. */
static void add_diff(struct profile *p, const char *comm, const char *frames,
		     int64_t before, int64_t after)
{
	struct label l = {.key = profile_string(p, "comm"),
			  .str = profile_string(p, comm)};
	int64_t values[] = {before * 1000000, after * 1000000, before, after};
	stack_id s = 0;
	char copy[1024], *at = copy, *name;

	snprintf(copy, sizeof(copy), "%s", frames);
	while ((name = strsep(&at, ",")))
		s = profile_stack(p, s, code(p, name, "a.c"));
	profile_add(p, s, profile_labels(p, &l, 1), values);
}

static void a_difference_has_colours_and_signs(void **state)
{
	struct profile *p = new_diff();
	struct text t;

	add_diff(p, "sh", "main,same", 100, 110);
	add_diff(p, "sh", "main,more", 200, 220);
	add_diff(p, "sh", "main,twice", 100, 200);
	add_diff(p, "sh", "main,fifth", 1000, 200);
	add_diff(p, "sh", "main,fresh", 0, 50);
	t = as_svg(p, &(struct flame_options){.diff = true, .subtitle = "one\ntwo"});
	/* 10 of 210 samples: chance. */
	assert_contains(&t, "<title>same\n110ms after, 100ms before: +10ms, within the "
			    "noise of 29ms\na.c:3, app</title><path d=\"M");
	assert_contains(&t, "<title>twice\n200ms after, 100ms before: +100ms (+100 %), "
			    "noise 34.6ms\na.c:3, app</title>");
	assert_contains(&t, "<title>fifth\n200ms after, 1s before: \xe2\x88\x92"
			    "800ms (\xe2\x88\x92"
			    "80 %), noise 69.3ms\n");
	assert_contains(&t,
			"<title>fresh\n50ms after, none before: +50ms, noise 14.1ms\n");
	assert_contains(&t, "<title>all\n780ms after, 1.4s before: \xe2\x88\x92"
			    "620ms (\xe2\x88\x92"
			    "44.3 %), noise 93.4ms</title>");
	assert_contains(&t, "fill=\"#ddd\"/><text x=\"");
	assert_contains(&t, "fill=\"#fb3\"/><text x=");
	assert_contains(&t, ">+ twice</text>");
	assert_contains(&t, "fill=\"#f92\"/><text x=");
	assert_contains(&t, ">+ fresh</text>");
	assert_contains(&t, "fill=\"#69f\"/><text x=");
	assert_contains(&t, ">\xe2\x88\x92 fifth</text>");
	assert_contains(&t, ">same</text>");
	assert_contains(&t, ">more</text>");
	assert_contains(&t, ">one</text>");
	assert_contains(&t, ">two</text>");
	assert_contains(&t, "within the noise of sampling (2 sigma)");
	assert_lacks(&t, "vanished</title>");
	assert_lacks(&t, "vanished</text></g>\n<g>");
	text_done(&t);
	profile_free(p);
}

static void what_vanished_stands_beside(void **state)
{
	struct profile *p = new_diff();
	struct text t;

	/* The name of its process is taken. */
	add_diff(p, "\xe2\x88\x92 vanished", "main", 100, 100);
	add_diff(p, "sh", "main,keep", 100, 100);
	add_diff(p, "sh", "main,keep,gone,leaf", 60, 0);
	add_diff(p, "sh", "main,keep,gone", 40, 0);
	add_diff(p, "sh", "main,keep,rare", 2, 0);
	add_diff(p, "cc1", "main", 20, 0);
	t = as_svg(p, &(struct flame_options){.diff = true});
	assert_int_equal(count_of(&t, "<title>\xe2\x88\x92 vanished\n100ms after"), 1);
	assert_contains(&t, "<title>\xe2\x88\x92 vanished.\n122ms before, none after, "
			    "vanished here</title>");
	/* What leads there is pale, and is drawn at its place, too. */
	assert_contains(&t,
			"<title>keep\n102ms before, none after, vanished here</title>");
	assert_contains(&t, "<title>keep\n100ms after, 202ms before: \xe2\x88\x92"
			    "102ms (");
	assert_contains(&t,
			"<title>gone\nnone after, 100ms before: \xe2\x88\x92"
			"100ms, noise 20ms\nself none after, 40ms before\na.c:3, app");
	assert_contains(&t, "<title>leaf\nnone after, 60ms before: \xe2\x88\x92"
			    "60ms, noise 15.5ms\n");
	assert_contains(&t, "<title>rare\nnone after, 2ms before: \xe2\x88\x92"
			    "2ms, within the noise of 2.83ms\n");
	assert_contains(&t, "<title>cc1\nnone after, 20ms before: ");
	/* It counts once. */
	assert_contains(&t, "<title>all\n200ms after, 322ms before: \xe2\x88\x92"
			    "122ms (");
	assert_contains(&t, "vanished:[");
	text_done(&t);
	profile_free(p);
}

static void a_picture_of_nothing_is_one(void **state)
{
	struct profile *p = new_diff();
	struct text t = as_svg(p, &(struct flame_options){.diff = true});

	assert_contains(&t, "This profile has no samples.");
	assert_contains(&t, "no change (the noise is not known)");
	text_done(&t);
	/* All of it has vanished. */
	add_diff(p, "sh", "main", 9, 0);
	t = as_svg(p, &(struct flame_options){.diff = true});
	assert_contains(&t, "<title>all\nnone after, 9ms before: \xe2\x88\x92"
			    "9ms, noise 6ms</title>");
	assert_contains(&t, "<title>main\nnone after, 9ms before: ");
	text_done(&t);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_adds_up_and_is_sorted),
		cmocka_unit_test(calls_in_a_row_are_one_strip),
		cmocka_unit_test(strips_are_cut_by_other_addresses),
		cmocka_unit_test(one_stack_under_two_processes),
		cmocka_unit_test(recursion_counts_once),
		cmocka_unit_test(functions_of_two_files_are_two_rows),
		cmocka_unit_test(values_are_written_for_people),
		cmocka_unit_test(shares_are_written_for_people),
		cmocka_unit_test(names_keep_their_end),
		cmocka_unit_test(paths_lose_their_folders),
		cmocka_unit_test(what_is_pruned_is_stated),
		cmocka_unit_test(equal_boxes_fill_the_picture),
		cmocka_unit_test(the_height_is_bounded),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(a_long_name_of_nothing_but_brackets),
		cmocka_unit_test(an_empty_profile_says_so),
		cmocka_unit_test(the_same_profile_gives_the_same_bytes),
		cmocka_unit_test(a_difference_has_colours_and_signs),
		cmocka_unit_test(what_vanished_stands_beside),
		cmocka_unit_test(a_picture_of_nothing_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
