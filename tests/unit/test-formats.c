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
	expect_file("x.linux-perf.txt", "perf-script");
	expect_file("x.tree.txt", "tree");
	expect_file("x.json", "speedscope");
	expect_file("x.tree.json", "json");
	expect_file("x.firefox.json.gz", "firefox");
	expect_file("dir/callgrind.out.12", "callgrind");
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
	assert_int_equal(format_parse_list("folded,fierfox", &set, &err), -EINVAL);
	assert_string_equal(err.text, "unknown format 'fierfox'");
	assert_string_equal(err.hint, "did you mean 'firefox'?");
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

static void expect(const struct profile *p, const char *format, const char *want)
{
	struct text t = {0};

	write_as(p, format, &t);
	assert_string_equal(text_get(&t), want);
	text_done(&t);
}

static void holds(const struct text *t, const char *want)
{
	if (!strstr(text_get(t), want))
		fail_msg("'%s' is not in:\n%s", want, text_get(t));
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

/* --- perf script -------------------------------------------------------------------- */

static void perf_script_has_a_record_for_each_sample(void **state)
{
	struct maker m;

	make_inlined(&m);
	expect(m.p, "perf-script",
	       "# ========\n# profd version : " PACKAGE_VERSION "\n# ========\n#\n\n"
	       "app 12/13 [000]     0.001000:    2000000 cpu-clock: \n"
	       "\t            1200 inner (inlined)\n"
	       "\t            1200 outer+0x0 (/bin/app)\n"
	       "\t            1100 main+0x0 (/bin/app)\n\n"
	       "app 12/13 [000]     0.003000:    2000000 cpu-clock: \n"
	       "\t            1200 inner (inlined)\n"
	       "\t            1200 outer+0x0 (/bin/app)\n"
	       "\t            1100 main+0x0 (/bin/app)\n\n"
	       "app 12/13 [000]     0.005000:    2000000 cpu-clock: \n"
	       "\t            1300 [unknown] (/lib/libc.so.6)\n"
	       "\t            1200 inner (inlined)\n"
	       "\t            1200 outer+0x0 (/bin/app)\n"
	       "\t            1100 main+0x0 (/bin/app)\n\n");
	profile_free(m.p);
}

/* A count of samples from outside may be anything: no more than ten million records. */
static void perf_script_has_a_limit(void **state)
{
	struct maker m;
	int64_t values[] = {INT64_MAX, 7};
	struct text t = {0};

	maker_init(&m);
	profile_add(m.p, call(&m, 0, 0x1100, "main", 1), m.labels, values);
	write_as(m.p, "perf-script", &t);
	holds(&t, "          7 cpu-clock: \n");
	assert_true(t.len < 1000);
	text_done(&t);
	profile_free(m.p);
}

/* --- Callgrind ---------------------------------------------------------------------- */

static void callgrind_has_lines_and_calls(void **state)
{
	struct maker m;
	struct text t = {0};

	make_inlined(&m);
	write_as(m.p, "callgrind", &t);
	assert_int_equal(strncmp(t.s, "# callgrind format\nversion: 1\ncreator: ", 39),
			 0);
	holds(&t, "\npositions: line\nevent: cpu : cpu, nanoseconds\n"
		  "event: samples : samples, count\nevents: cpu samples\n"
		  "summary: 6000000 3\n");
	/* Numbers stand for names from the second time on, calls say from where. */
	holds(&t, "\nob=(1) /bin/app\nfl=(1) in.h\nfn=(1) inner\n4 4000000 2\n"
		  "cob=(2) /lib/libc.so.6\ncfi=(2) ???\ncfn=(5) [libc.so.6]\ncalls=1 0\n"
		  "4 2000000 1\n");
	holds(&t, "\nob=(1)\nfl=(3) app.c\nfn=(2) outer\ncob=(1)\ncfi=(1)\ncfn=(1)\n"
		  "calls=3 3\n21 6000000 3\n");
	holds(&t, "fn=(4) [process app]\ncob=(1)\ncfi=(3)\ncfn=(3)\ncalls=3 10\n"
		  "0 6000000 3\n");
	holds(&t, "\ntotals: 6000000 3\n");
	text_done(&t);
	profile_free(m.p);
}

/* main a b a b: what calls of a cost is the sample, once, and so it is of b: those that are
 * farther in cost nothing more. */
static void callgrind_counts_recursion_once(void **state)
{
	struct maker m;
	struct text t = {0};
	stack_id s;

	maker_init(&m);
	s = call(&m, 0, 0x1100, "main", 1);
	s = call(&m, s, 0x1200, "a", 2);
	s = call(&m, s, 0x1300, "b", 3);
	s = call(&m, s, 0x1400, "a", 4);
	s = call(&m, s, 0x1500, "b", 5);
	add(&m, s, 1);
	write_as(m.p, "callgrind", &t);
	holds(&t,
	      "fn=(1) b\n5 2000000 1\ncob=(1)\ncfi=(1)\ncfn=(2) a\ncalls=1 10\n3 0 0\n");
	holds(&t, "fn=(2)\ncob=(1)\ncfi=(1)\ncfn=(1)\ncalls=1 10\n2 2000000 1\n"
		  "cob=(1)\ncfi=(1)\ncfn=(1)\ncalls=1 10\n4 0 0\n");
	holds(&t, "fn=(3) main\ncob=(1)\ncfi=(1)\ncfn=(2)\ncalls=1 10\n1 2000000 1\n");
	text_done(&t);
	profile_free(m.p);
}

/* --- trees -------------------------------------------------------------------------- */

static void trees_have_the_heaviest_first(void **state)
{
	struct maker m;
	struct text t = {0};
	const char *a, *z;
	stack_id s;

	maker_init(&m);
	s = call(&m, 0, 0x1100, "main", 1);
	add(&m, call(&m, s, 0x1200, "a", 2), 1);
	add(&m, call(&m, s, 0x1300, "z", 3), 3);
	write_as(m.p, "tree", &t);
	z = strstr(text_get(&t), "- z");
	a = strstr(text_get(&t), "- a\n");
	assert_true(z && a && z < a);
	text_done(&t);
	expect(m.p, "json",
	       "{\"schema\":\"profd.tree/1\",\"type\":\"cpu\",\"unit\":\"nanoseconds\","
	       "\"total\":8000000,\"start_ns\":0,\"duration_ns\":0,\n\"comments\":[],\n"
	       "\"nodes\":[\n"
	       "{\"depth\":0,\"total\":8000000,\"self\":0,\"name\":\"all\","
	       "\"kind\":\"all\"},\n"
	       "{\"depth\":1,\"total\":8000000,\"self\":0,\"name\":\"app\","
	       "\"kind\":\"command\"},\n"
	       "{\"depth\":2,\"total\":8000000,\"self\":0,\"name\":\"main\","
	       "\"kind\":\"user\",\"file\":\"app.c\",\"line\":10,"
	       "\"module\":\"/bin/app\"},\n"
	       "{\"depth\":3,\"total\":6000000,\"self\":6000000,\"name\":\"z\","
	       "\"kind\":\"user\",\"file\":\"app.c\",\"line\":10,"
	       "\"module\":\"/bin/app\"},\n"
	       "{\"depth\":3,\"total\":2000000,\"self\":2000000,\"name\":\"a\","
	       "\"kind\":\"user\",\"file\":\"app.c\",\"line\":10,"
	       "\"module\":\"/bin/app\"}]}\n");
	profile_free(m.p);
}

/* --- Firefox ------------------------------------------------------------------------ */

static void firefox_text(const struct profile *p, struct text *t)
{
	struct text packed = {0};
	struct error err = {0};

	write_as(p, "firefox", &packed);
	text_clear(t);
	assert_int_equal(gzip_inflate(packed.s, packed.len, 1 << 24, t, &err), 0);
	text_done(&packed);
}

static void firefox_has_tables_of_columns(void **state)
{
	struct maker m;
	struct text t = {0};

	make_inlined(&m);
	firefox_text(m.p, &t);
	holds(&t, "\"preprocessedProfileVersion\":56");
	holds(&t, "\"interval\":2,");
	holds(&t, "{\"name\":\"app\",\"processName\":\"app\",\"pid\":\"12\",\"tid\":13,"
		  "\"isMainThread\":false,");
	/* Three frames, then code without a name on top of them. */
	holds(&t, "\"samples\":{\"length\":2,\"weightType\":\"tracing-ms\",\n"
		  "\"stack\":[2,3],\n\"time\":[2,5],\n\"weight\":[4,2],\n"
		  "\"threadCPUDelta\":[0,3000000]}");
	holds(&t, "\"stackTable\":{\"length\":4,\n\"frame\":[0,1,2,3],\n"
		  "\"prefix\":[null,0,1,2]}");
	/* The inlined one has the address and the symbol of the one that holds it. */
	holds(&t,
	      "\"address\":[4352,4608,4608,4864],\n\"inlineDepth\":[0,0,1,0],\n"
	      "\"category\":[1,1,1,1],\n\"func\":[0,1,2,3],\n\"line\":[12,21,4,null],\n"
	      "\"nativeSymbol\":[0,1,1,null],");
	holds(&t, "\"resource\":[0,0,0,1],\n\"fileName\":[4,4,5,null],\n"
		  "\"lineNumber\":[10,20,3,null],");
	holds(&t, "\"nativeSymbols\":{\"length\":2,\n\"libIndex\":[0,0],\n"
		  "\"address\":[4352,4608],\n\"name\":[0,1],");
	holds(&t, "\"breakpadId\":\"33221100554477668899AABBCCDDEEFF0\","
		  "\"codeId\":\"00112233445566778899aabbccddeeff01\"}");
	holds(&t, "\"breakpadId\":\"000000000000000000000000000000000\","
		  "\"codeId\":null}");
	holds(&t,
	      "\"shared\":{\"stringArray\":[\n\"main\",\n\"outer\",\n\"inner\",\n"
	      "\"[libc.so.6]\",\n\"app.c\",\n\"in.h\",\n\"app\",\n\"libc.so.6\"]}}\n");
	text_done(&t);
	profile_free(m.p);
}

static void firefox_tells_kinds_of_code(void **state)
{
	struct maker m;
	struct text t = {0};
	struct line kernel, jit;
	stack_id s;

	maker_init(&m);
	kernel = line_of(&m, "sys", NULL, 0, 0);
	jit = line_of(&m, "js", NULL, 0, 0);
	s = profile_stack(m.p, 0, profile_label_location(m.p, "[truncated]"));
	s = call(&m, s, 0x1100, "main", 1);
	s = profile_stack(m.p, s,
			  profile_named_location(m.p, 0, 1, LOCATION_JIT, &jit, 1));
	s = profile_stack(
		m.p, s,
		profile_named_location(m.p, 0, UINT64_MAX, LOCATION_KERNEL, &kernel, 1));
	s = profile_stack(m.p, s, profile_label_location(m.p, "[off-cpu: futex]"));
	add(&m, s, 1);
	firefox_text(m.p, &t);
	holds(&t, "\"category\":[0,1,3,2,4]");
	/* Without a mapping an address says nothing. */
	holds(&t, "\"address\":[-1,4352,-1,-1,-1]");
	holds(&t, "\"resource\":[-1,0,-1,-1,-1]");
	text_done(&t);
	profile_free(m.p);
}

static void firefox_draws_times(void **state)
{
	struct maker m;
	struct text t = {0};
	int64_t values[] = {1, 2000000};
	uint32_t row;

	maker_init(&m);
	profile_keep_times(m.p, 10000000);
	m.p->duration_ns = 50000000;
	row = profile_add(m.p, call(&m, 0, 0x1100, "main", 1), m.labels, values);
	profile_add_time(m.p, row, 33000000);
	firefox_text(m.p, &t);
	holds(&t, "\"profilingStartTime\":0,\n\"profilingEndTime\":50,");
	holds(&t, "\"time\":[35]");
	text_done(&t);
	profile_free(m.p);
}

static void firefox_weighs_by_the_unit(void **state)
{
	static const struct {
		const char *unit, *want;
	} units[] = {
		{"count", "\"weightType\":\"samples\",\n\"stack\":[0],\n\"time\":[0.5],\n"
			  "\"weight\":[1234567]}"},
		{"bytes", "\"weightType\":\"bytes\",\n\"stack\":[0],\n\"time\":[0.5],\n"
			  "\"weight\":[1234567]}"},
		{"nanoseconds", "\"weight\":[1.234567]"},
		{"microseconds", "\"weight\":[1234.567]"},
		{"milliseconds", "\"weight\":[1234567]"},
		{"seconds", "\"weight\":[1234567000]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		struct maker m = {.p = profile_new()};
		int64_t value = 1234567;
		struct text t = {0};

		profile_value_type(m.p, "value", units[i].unit);
		profile_add(m.p, call(&m, 0, 0x1100, "main", 1), 0, &value);
		firefox_text(m.p, &t);
		holds(&t, units[i].want);
		text_done(&t);
		profile_free(m.p);
	}
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
		cmocka_unit_test(perf_script_has_a_record_for_each_sample),
		cmocka_unit_test(perf_script_has_a_limit),
		cmocka_unit_test(callgrind_has_lines_and_calls),
		cmocka_unit_test(callgrind_counts_recursion_once),
		cmocka_unit_test(trees_have_the_heaviest_first),
		cmocka_unit_test(firefox_has_tables_of_columns),
		cmocka_unit_test(firefox_tells_kinds_of_code),
		cmocka_unit_test(firefox_draws_times),
		cmocka_unit_test(firefox_weighs_by_the_unit),
		cmocka_unit_test(empty_profiles_are_written),
		cmocka_unit_test(failures_stay_in_the_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
