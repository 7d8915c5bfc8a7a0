/* The list of formats, and the shape of those that others read. */
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
#include <profd/formats.h>

#include "../../src/format/format-priv.h"

/* --- the list ----------------------------------------------------------------------- */

static void names_and_files_are_told_apart(void **state)
{
	const struct format *f, *g;

	for (size_t i = 0; (f = format_get(i)); i++) {
		assert_true(i < 32);
		assert_ptr_equal(format_find(f->name, NULL), f);
		assert_ptr_equal(format_of_file(f->cpu_file), f);
		if (f->wall_file)
			assert_ptr_equal(format_of_file(f->wall_file), f);
		for (size_t k = 0; k < i; k++) {
			g = format_get(k);
			assert_string_not_equal(f->name, g->name);
			assert_string_not_equal(f->cpu_file, g->cpu_file);
		}
	}
}

static void expect_file(const char *path, const char *name)
{
	const struct format *f = format_of_file(path);

	if (!name)
		assert_null(f);
	else
		assert_string_equal(f ? f->name : "none", name);
}

static void the_longest_end_of_a_name_tells(void **state)
{
	expect_file("x.pb.gz", "pprof");
	expect_file("x.txt", "folded");
	expect_file("x.collapsedstack.txt", "folded");
	expect_file("x.json", "speedscope");
	expect_file("callgrind.dir/x.html", "html");
	expect_file("x", NULL);
	expect_file("x.gz", NULL);
	expect_file("", NULL);
}

static void lists_are_read_or_refused(void **state)
{
	struct error err = {0};
	uint32_t set = 7;

	assert_int_equal(format_parse_list("pprof", &set, &err), 0);
	assert_int_equal(set, 1);
	assert_int_equal(format_parse_list("folded,pprof,folded", &set, &err), 0);
	assert_int_equal(set, 3);
	assert_int_equal(format_parse_list("folded,speedscoep", &set, &err), -EINVAL);
	assert_string_equal(err.text, "unknown format 'speedscoep'");
	assert_string_equal(err.hint, "did you mean 'speedscope'?");
	assert_int_equal(set, 3);
	assert_int_equal(format_parse_list("", &set, &err), -EINVAL);
	assert_int_equal(format_parse_list("svg,", &set, &err), -EINVAL);
	assert_int_equal(format_parse_list("top", &set, &err), -EINVAL);
	assert_non_null(strstr(err.hint, "profd top"));
	assert_int_equal(format_parse_list("x\n\033[31m", &set, &err), -EINVAL);
	assert_null(strchr(err.text, '\033'));
}

/* --- profiles ----------------------------------------------------------------------- */

struct maker {
	struct profile *p;
	mapping_id app, libc;
	labels_id labels;
};

static void maker_init(struct maker *m)
{
	struct mapping app = {.start = 0x1000, .limit = 0x9000, .flags = MAPPING_MAIN};
	struct mapping libc = {.start = 0x1000, .limit = 0x9000};
	struct profile *p = m->p = profile_new();
	struct label l[3];

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->default_sample_type = profile_string(p, "cpu");
	p->period_type.type = p->default_sample_type;
	p->period_type.unit = profile_string(p, "nanoseconds");
	p->period = 2000000;
	app.filename = profile_string(p, "/bin/app");
	app.build_id = profile_string(p, "00112233445566778899aabbccddeeff01");
	libc.filename = profile_string(p, "/lib/libc.so.6");
	m->app = profile_mapping(p, &app);
	m->libc = profile_mapping(p, &libc);
	l[0] = (struct label){.key = profile_string(p, "comm"),
			      .str = profile_string(p, "app")};
	l[1] = (struct label){.key = profile_string(p, "pid"),
			      .num = 12,
			      .unit = profile_string(p, "id")};
	l[2] = (struct label){.key = profile_string(p, "tid"),
			      .num = 13,
			      .unit = profile_string(p, "id")};
	m->labels = profile_labels(p, l, 3);
}

static struct line line_of(struct maker *m, const char *name, const char *file,
			   uint32_t start, uint32_t line)
{
	struct function f = {.name = profile_string(m->p, name),
			     .filename = profile_string(m->p, file),
			     .start_line = start};

	return (struct line){profile_function(m->p, &f), line};
}

/* On top of @caller; each call has an address of its own. */
static stack_id call(struct maker *m, stack_id caller, uint64_t address, const char *name,
		     uint32_t line)
{
	struct line l = line_of(m, name, "app.c", 10, line);

	return profile_stack(m->p, caller,
			     profile_named_location(m->p, m->app, address, 0, &l, 1));
}

static void add(struct maker *m, stack_id stack, int64_t n)
{
	int64_t values[] = {n, n * 2000000};

	profile_add(m->p, stack, m->labels, values);
}

static void write_as(const struct profile *p, const char *format, struct text *t)
{
	struct format_options o = {.title = "t", .value = profile_default_value(p)};
	struct sink_text s;

	text_clear(t);
	sink_text_init(&s, t);
	format_find(format, NULL)->write(p, &o, &s.sink);
	assert_int_equal(s.sink.code, 0);
}

/* main calls outer, into which inner was inlined, which calls code without a name. */
static void make_inlined(struct maker *m)
{
	struct line chain[2];
	stack_id s;

	maker_init(m);
	chain[0] = line_of(m, "inner", "in.h", 3, 4);
	chain[1] = line_of(m, "outer", "app.c", 20, 21);
	s = call(m, 0, 0x1100, "main", 12);
	s = profile_stack(m->p, s,
			  profile_named_location(m->p, m->app, 0x1200, 0, chain, 2));
	add(m, s, 2);
	add(m, profile_stack(m->p, s, profile_location(m->p, m->libc, 0x1300, 0)), 1);
}

/* --- all ---------------------------------------------------------------------------- */

static void empty_profiles_are_written(void **state)
{
	const struct format *f;

	for (size_t i = 0; (f = format_get(i)); i++) {
		struct profile *p = profile_new();
		struct text t = {0};

		write_as(p, f->name, &t);
		profile_value_type(p, "samples", "count");
		write_as(p, f->name, &t);
		text_done(&t);
		profile_free(p);
	}
}

static int full_write(struct sink *s, const void *data, size_t n)
{
	(void)s, (void)data, (void)n;
	return -ENOSPC;
}

/* A full disk is told once, and costs no endless loop. */
static void failures_stay_in_the_sink(void **state)
{
	struct format_options o = {.title = "t", .value = 1};
	const struct format *f;
	struct maker m;

	make_inlined(&m);
	for (size_t i = 0; (f = format_get(i)); i++) {
		struct sink s = {.write = full_write};

		f->write(m.p, &o, &s);
		assert_int_equal(s.code, -ENOSPC);
	}
	profile_free(m.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_files_are_told_apart),
		cmocka_unit_test(the_longest_end_of_a_name_tells),
		cmocka_unit_test(lists_are_read_or_refused),
		cmocka_unit_test(empty_profiles_are_written),
		cmocka_unit_test(failures_stay_in_the_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
