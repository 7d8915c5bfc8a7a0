/* perfscript_read: the lines that perf script prints, with this and that field. perf's own
 * texts and figures are in tests/oracle/perf-script.bats. */
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

static struct profile *from_text(const char *text, struct error *err)
{
	return perfscript_read(text, strlen(text), err);
}

/* The samples as annotated folded text of the default value. */
static void expect_folded(const struct profile *p, const char *want)
{
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	folded_write(p, true, &s.sink);
	assert_string_equal(text_get(&t), want);
	text_done(&t);
}

static void expect(const char *text, const char *want)
{
	struct error err = {0};
	struct profile *p = from_text(text, &err);

	if (!p)
		fail_msg("%s", err.text);
	expect_folded(p, want);
	profile_free(p);
}

static int64_t label_of(const struct profile *p, const char *key)
{
	const struct labels *set = &p->label_sets.v[p->samples.v[1].labels];
	string_id id = profile_find_string(p, key);

	for (uint32_t i = 0; id && i < set->n; i++) {
		const struct label *l = &p->label_rows.v[set->first + i];

		if (l->key == id && !l->str)
			return l->num;
	}
	return -2;
}

/* Head, then the labels tid, pid and cpu and the folded line that it makes. */
static const struct head_case {
	const char *head;
	int64_t tid, pid, cpu; /* -2: none */
	const char *comm;
	int64_t value;
} heads[] = {
	{"sh  4901 12404.038781:    1001001 cpu-clock: ", 4901, -2, -2, "sh", 1001001},
	{"sh  4901/4902 [003] 12404.038781:    7 cycles:ppp: ", 4902, 4901, 3, "sh", 7},
	{"sh  4901 12404.038781123: cycles: ", 4901, -2, -2, "sh", 1},
	{"sh  4901 ", 4901, -2, -2, "sh", 1},
	{"sh  4901 [001] cycles: ", 4901, -2, 1, "sh", 1},
	{"sh  4901 U     12404.038781:  5 cycles: ", 4901, -2, -2, "sh", 5},
	{"a b   12  1.000001:  5 cycles: ", 12, -2, -2, "a b", 5},
	{"a 12 [000] 1.2:  5452 12437.141283:  5 cpu-clock: ", 5452, -2, -2,
	 "a 12 [000] 1.2:", 5},
	{"a 12 34  12437.141283: cpu-clock: ", 34, -2, -2, "a 12", 1},
	{":-1    -1 [000] 1.000000:  5 cycles: ", -1, -2, 0, ":-1", 5},
	{"#1 worker   12  1.000001:  5 cycles: ", 12, -2, -2, "#1 worker", 5},
	{"sh 1/1 [000]  1.000001:  5 cpu/event=0x3c,umask=0x1/u: ", 1, 1, 0, "sh", 5},
	{"sh 1 [000]  1.000001:  1 sched:sched_switch: prev_comm=a next_pid=1", 1, -2, 0,
	 "sh", 1},
	{"      sh 7 [000]  1.000001:  3 cycles: ", 7, -2, 0, "sh", 3},
};

static void heads_come_in_many_shapes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		const struct head_case *c = &heads[i];
		_cleanup_free_ char *text = xasprintf(
			"%s\n\t    1447 f+0x27 (/bin/x)\n\n", c->head);
		_cleanup_free_ char *want = xasprintf("%s;f %lld\n", c->comm,
						      (long long)c->value);
		struct error err = {0};
		struct profile *p = from_text(text, &err);

		if (!p)
			fail_msg("%s: %s", c->head, err.text);
		assert_true(perfscript_is(text, strlen(text)));
		expect_folded(p, want);
		assert_int_equal(label_of(p, "tid"), c->tid);
		assert_int_equal(label_of(p, "pid"), c->pid);
		assert_int_equal(label_of(p, "cpu"), c->cpu);
		profile_free(p);
	}
}

static void frames_come_in_many_shapes(void **state)
{
	static const char *const frames[][2] = {
		{"1447 load_18+0x27 (/tmp/shares)", "load_18"},
		{"1447 load_18 (/tmp/shares)", "load_18"},
		{"1447 load_18+0x27", "load_18"},
		{"1447 load_18", "load_18"},
		{"1447 add", "add"},
		{"1447", "[unknown]"},
		{"1447 [unknown] ([unknown])", "[unknown]"},
		{"1447 [unknown] (/usr/lib/libc.so.6)", "[libc.so.6]"},
		{"1447 (/usr/lib/libc.so.6)", "[libc.so.6]"},
		{"1447 [unknown] (/tmp/x (deleted))", "[x]"},
		{"1447 [unknown] (/tmp/my (prog)/x)", "[x]"},
		{"1447 [unknown] (/usr/lib/libc.so.6+0x1447)", "[libc.so.6]"},
		{"1447 a::f(int, b<c (d)>) const+0x1 (/x)", "a::f(int, b<c (d)>) const"},
		{"1447 operator()(int)", "operator()(int)"},
		{"ffffffff8220193c do_it+0xc ([kernel.kallsyms])", "do_it_[k]"},
		{"ffffffffc0201930 fs_it+0xc ([xfs])", "fs_it_[k]"},
		{"ffffffffc0201930 fs_it+0xc", "fs_it_[k]"},
		{"ffffffffff600000 gettime ([vsyscall])", "gettime"},
		{"0 old ([guest.kernel.kallsyms])", "old_[k]"},
		{"7f0000001000 js+0x1 (/tmp/perf-12.map)", "js_[j]"},
		{"7f0000001000 js+0x1 (//anon)", "js_[j]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		_cleanup_free_ char *text = xasprintf(
			"sh 1 1.000001: 1 cycles: \n\t  %s\n\t 1 main (/x)\n",
			frames[i][0]);
		_cleanup_free_ char *want = xasprintf("sh;main;%s 1\n", frames[i][1]);

		expect(text, want);
	}
}

/* What perf 6.1 prints for tests/workloads/inline.cc. */
static void inlined_functions_share_their_callers_place(void **state)
{
	static const char text[] =
		"inline  4951 12406.185806:    1001001 cpu-clock: \n"
		"\t            1260 geometry::Circle::draw+0x20 (/tmp/inline)\n"
		"\t            1260 middle<long unsigned int>+0x20 (inlined)\n"
		"\t            1260 geometry::Circle::draw+0x20 (/tmp/inline)\n"
		"\t            10ed main+0x5d (/tmp/inline)\n"
		"\t           27304 __libc_start_main_impl+0x84 (inlined)\n"
		"\t            1130 _start+0x20 (/tmp/inline)\n"
		"\n";
	struct error err = {0};
	struct profile *p = from_text(text, &err);
	const struct location *l;

	assert_non_null(p);
	expect_folded(p, "inline;_start;__libc_start_main_impl;main;"
			 "geometry::Circle::draw;middle<long unsigned int>_[i];"
			 "geometry::Circle::draw 1001001\n");
	assert_int_equal(p->stacks.n, 1 + 5);
	l = &p->locations.v[p->stacks.v[4].location];
	assert_int_equal(l->nlines, 2);
	assert_int_equal(l->address, 0x1260);
	profile_free(p);
}

static void without_callers_the_frame_is_on_the_line(void **state)
{
	expect("          shares  5271 12430.674593:    1001001 cpu-clock:      "
	       "564f4c34c404 load_12+0x24 (/tmp/shares)\n"
	       "          shares  5271 12430.675593:    1001001 cpu-clock:      "
	       "564f4c34c404 load_12+0x24 (/tmp/shares)\n"
	       "          shares  5271 12430.676593:    1001001 cpu-clock:  "
	       "ffffffff8220193c sys+0x24 ([kernel.kallsyms])\n",
	       "shares;load_12 2002002\nshares;sys_[k] 1001001\n");
	expect("          shares  5271 12430.674593: cpu-clock: \n"
	       "          shares  5271 12430.675593: cpu-clock: \n",
	       "shares 2\n");
}

static void what_is_no_sample_is_left_out(void **state)
{
	struct error err = {0};
	struct profile *p = from_text(
		"# ========\n"
		"# captured on    : Mon Nov 30 18:51:45 2026\n"
		"# nrcpus online : 2\n"
		"# cmdline : /usr/bin/perf record -g ./x \n"
		"#\n"
		"swapper     0     0.000000: PERF_RECORD_MMAP -1/0: [0x1(0x2) @ 0]: x k\n"
		"sh  1 0.000001: PERF_RECORD_COMM exec: sh:1/1\n"
		"sh  1 0.000002: 3 cycles: \n"
		"\t  10 f (/x)\n"
		"sh  1 0.000003: PERF_RECORD_EXIT(1:1):(1:1)\n",
		&err);

	assert_non_null(p);
	expect_folded(p, "sh;f 3\n");
	assert_int_equal(p->comments.n, 1);
	assert_string_equal(profile_text(p, p->comments.v[0]),
			    "recorded by: /usr/bin/perf record -g ./x");
	profile_free(p);
}

static void source_lines_belong_to_the_frame_above(void **state)
{
	struct error err = {0};
	struct profile *p = from_text("sh 1 1.000001: 1 cycles: \n"
				      "\t 1447 f+0x27 (/x)\n"
				      "  dir/a.c:23\n"
				      "\t 1450 f+0x30 (/x)\n"
				      "  b.h:7 (discriminator 2)\n"
				      "\t 1500 g+0x1 (/x)\n"
				      "  ??:0\n"
				      "\t 1600 h (/x)\n"
				      "  :0\n"
				      "\t 1700 k ([k])\n"
				      "  [kernel.kallsyms][ffffffff82201900]\n",
				      &err);
	const struct function *f;

	assert_non_null(p);
	assert_int_equal(p->functions.n, 1 + 4);
	f = &p->functions.v[1];
	assert_string_equal(profile_text(p, f->filename), "dir/a.c");
	/* The header's line is no line of a.c. */
	assert_int_equal(p->lines.v[p->locations.v[1].first_line].line, 23);
	assert_int_equal(p->lines.v[p->locations.v[2].first_line].line, 0);
	assert_int_equal(p->functions.v[2].filename, 0);
	profile_free(p);
}

static void expect_type(const struct profile *p, unsigned i, const char *type,
			const char *unit, int64_t total)
{
	assert_string_equal(profile_text(p, p->value_types[i].type), type);
	assert_string_equal(profile_text(p, p->value_types[i].unit), unit);
	assert_int_equal(profile_total(p, i), total);
}

static void events_have_values_of_their_own(void **state)
{
	struct error err = {0};
	struct profile *p = from_text("sh 1 1.000000:   213   page-faults: \n\n"
				      "sh 1 1.010000: 1000  cpu-clock:u: \n\n"
				      "sh 1 1.020000: 1000  task-clock: \n\n"
				      "sh 1 1.030000: 1001  cpu-clock:u: \n\n",
				      &err);

	assert_non_null(p);
	assert_int_equal(p->nvalues, 6);
	expect_type(p, 0, "page-faults_sample", "count", 1);
	expect_type(p, 1, "page-faults_event", "count", 213);
	expect_type(p, 2, "samples", "count", 2);
	expect_type(p, 3, "cpu", "nanoseconds", 2001);
	expect_type(p, 4, "task-clock_sample", "count", 1);
	expect_type(p, 5, "task-clock", "nanoseconds", 1000);
	assert_int_equal(profile_default_value(p), 3);
	/* One row: the same stack, of nothing, in the same thread. */
	assert_int_equal(p->samples.n, 1 + 1);
	profile_free(p);
}

static void one_without_a_period_and_no_periods_count(void **state)
{
	struct error err = {0};
	struct profile *p = from_text("sh 1 1.000000: 213 faults: \n\n"
				      "sh 1 1.010000: faults: \n\n",
				      &err);

	assert_non_null(p);
	assert_int_equal(p->nvalues, 1);
	expect_type(p, 0, "faults_sample", "count", 2);
	profile_free(p);
}

static void times_count_from_the_first_sample(void **state)
{
	struct error err = {0};
	struct profile *p = from_text("sh 1 100.000000: 1 c: \n\t 1 f (/x)\n\n"
				      "sh 1 100.500000: 1 c: \n\t 1 f (/x)\n\n"
				      "sh 2 99.900000: 1 c: \n\t 1 f (/x)\n\n",
				      &err);

	assert_non_null(p);
	assert_int_equal(p->duration_ns, 600000000);
	assert_int_equal(p->bin_ns, 2000000);
	assert_int_equal(p->times.n, 3);
	assert_int_equal(p->times.v[0].bin, 50);
	assert_int_equal(p->times.v[1].bin, 300);
	assert_int_equal(p->times.v[2].bin, 0);
	assert_int_equal(p->times.v[2].row, 2);
	profile_free(p);
}

/* --- what it is not ----------------------------------------------------------------- */

static void refused(const char *text, const char *why)
{
	struct error err = {0};

	assert_null(from_text(text, &err));
	assert_int_equal(err.code, -EBADMSG);
	assert_string_equal(err.text, why);
}

static void what_is_broken_is_refused_with_its_line(void **state)
{
	struct text t = {0};

	refused("", "line 0: there is no sample in this text");
	refused("# a\n", "line 1: there is no sample in this text");
	refused("sh 1 1.000000: 1 c: \n\tx (/x)\n", "line 2: no frame of a stack");
	refused("sh 1 1.000000: 1 c: \n\n\t 12 f (/x)\n", "line 3: no head of a sample");
	refused("sh 1 1.000000: 1 c: \n\t123456789abcdef01 f (/x)\n",
		"line 2: no frame of a stack");
	refused("hello\n", "line 1: no head of a sample");
	for (char c = 'a'; c <= 'i'; c++)
		text_addf(&t, "sh 1 1.000000: 1 %ce: \n\n", c);
	refused(text_get(&t), "line 17: more than 8 events");
	text_clear(&t);
	text_add(&t, "sh 1 1.000000: 1 c: \n");
	for (unsigned i = 0; i < 65537; i++)
		text_add(&t, "\t1 f\n");
	refused(text_get(&t), "line 65538: more than 65536 frames");
	text_clear(&t);
	text_add(&t, "sh 1 1.000000: 1 c: \n\t1 ");
	while (t.len < ((size_t)4 << 20) + 100)
		text_add(&t, "a name that goes on ");
	text_add(&t, "and ends\n");
	refused(text_get(&t), "line 2: longer than 4 MiB");
	text_done(&t);
}

static void other_texts_are_told_apart(void **state)
{
	static const char *const others[] = {
		"",
		"\n\n",
		"# only comments\n",
		"main;f;g 12\n",
		"main;f 12 13\n",
		"a b c 12\n",
		"sh 12 \nmain;f 3\n",
		"{\"a\": 1}\n",
		"\t 12 f (/x)\n",
		"node 12 [0] 3\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(perfscript_is(others[i], strlen(others[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_come_in_many_shapes),
		cmocka_unit_test(frames_come_in_many_shapes),
		cmocka_unit_test(inlined_functions_share_their_callers_place),
		cmocka_unit_test(without_callers_the_frame_is_on_the_line),
		cmocka_unit_test(what_is_no_sample_is_left_out),
		cmocka_unit_test(source_lines_belong_to_the_frame_above),
		cmocka_unit_test(events_have_values_of_their_own),
		cmocka_unit_test(one_without_a_period_and_no_periods_count),
		cmocka_unit_test(times_count_from_the_first_sample),
		cmocka_unit_test(what_is_broken_is_refused_with_its_line),
		cmocka_unit_test(other_texts_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
