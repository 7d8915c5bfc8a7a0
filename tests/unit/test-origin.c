/* How a profile was sampled: said in its comments, and in run.json. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/error.h>
#include <profd/origin.h>
#include <profd/report.h>

static const struct origin full = {.engine = "perf",
				   .code = "user+kernel",
				   .of = "a command",
				   .event = "cpu/event=0x3c; event x, umask=0x0/",
				   .testbed = "Xeon, 2 CPUs; event y"};

static void assert_same(const struct origin *a, const struct origin *b)
{
	assert_string_equal(a->engine, b->engine);
	assert_string_equal(a->code, b->code);
	assert_string_equal(a->of, b->of);
	assert_string_equal(a->event, b->event);
	assert_string_equal(a->testbed, b->testbed);
}

static void what_is_written_is_read(void **state)
{
	/* Each part may be missing. */
	for (unsigned without = 0; without < 32; without++) {
		struct profile *p = profile_new();
		struct origin o = full, back;

		if (without & 1)
			o.engine[0] = '\0';
		if (without & 2)
			o.code[0] = '\0';
		if (without & 4)
			o.of[0] = '\0';
		if (without & 8)
			o.event[0] = '\0';
		if (without & 16)
			o.testbed[0] = '\0';
		profile_comment(p, "profd 1.0: cpu-clock, 12 samples");
		origin_write(&o, p);
		assert_int_equal(p->comments.n,
				 1 + ((without & 15) != 15) + !(without & 16));
		origin_read(&back, p);
		assert_same(&o, &back);
		profile_free(p);
	}
}

static void the_comment_has_its_form(void **state)
{
	struct profile *p = profile_new();

	origin_write(&full, p);
	assert_string_equal(profile_text(p, p->comments.v[0]),
			    "profd: engine perf; code user+kernel; of a command; event "
			    "cpu/event=0x3c; event x, umask=0x0/");
	assert_string_equal(profile_text(p, p->comments.v[1]),
			    "profd: testbed Xeon, 2 CPUs; event y");
	profile_free(p);
}

static void comments_of_others_say_nothing(void **state)
{
	static const char *const others[] = {"engine perf", "profd: engin perf",
					     "profd: code x; what; event y",
					     "profd: event a", "profd: testbed"};
	struct profile *p = profile_new();
	struct origin none = {0}, o;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (i != 3)
			profile_comment(p, others[i]);
	origin_read(&o, p);
	assert_same(&o, &none);
	/* Parts that are too long are cut. */
	profile_comment(p, "profd: engine abcdefghijklmnopqrstuvwxyz; event b");
	profile_comment(p, others[3]);
	origin_read(&o, p);
	assert_string_equal(o.engine, "abcdefghijklmno");
	assert_string_equal(o.event, "b");
	origin_put(o.engine, 4, "ab\xc3\xa4", 4);
	assert_string_equal(o.engine, "ab");
	origin_put(o.engine, 5, "ab\xc3\xa4", 4);
	assert_string_equal(o.engine, "ab\xc3\xa4");
	origin_put(o.engine, 8, "a\nb", 3);
	assert_string_equal(o.engine, "a\xef\xbf\xbd"
				      "b");
	profile_free(p);
}

static void read_run(const char *json, struct origin *ret)
{
	assert_int_equal(run_origin_read(json, strlen(json), ret, NULL), 0);
}

static void run_json_says_it_too(void **state)
{
	struct error err = {0};
	struct origin o;

	read_run("{\"schema\": \"profd.run/1\", \"engine\": \"ptrace\", \"event\": \"e\","
		 "\"testbed\": \"t\", \"sampling\": {\"kernel\": false}}",
		 &o);
	assert_same(&o, &(struct origin){"ptrace", "user", "a command", "e", "t"});
	read_run("{\"schema\": \"profd.run/1\", \"engine\": \"replay\", \"event\": 3,"
		 "\"sampling\": {\"kernel\": true}, \"targets\": [{}]}",
		 &o);
	assert_same(&o, &(struct origin){"", "user+kernel", "what ran already", "", ""});
	assert_int_equal(run_origin_read("{}", 2, &o, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "profd.run/1"));
	assert_int_equal(run_origin_read("[]", 2, &o, &err), -EBADMSG);
	assert_int_equal(run_origin_read("{", 1, &o, &err), -EBADMSG);
	assert_int_equal(run_origin_load("/nonexistent", &o, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_comment_has_its_form),
		cmocka_unit_test(comments_of_others_say_nothing),
		cmocka_unit_test(run_json_says_it_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
