/* speedscope_read and the JSON reader below it. speedscope itself is asked in
 * tests/oracle/speedscope.bats. */
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
#include <profd/json.h>
#include <profd/text.h>

#define FRAMES                                                                           \
	"\"shared\":{\"frames\":[{\"name\":\"main\",\"file\":\"a.c\",\"line\":3},"       \
	"{\"name\":\"f\"},{\"name\":\"g\",\"line\":7}]}"

static struct profile *from_text(const char *text, struct error *err)
{
	assert_true(speedscope_is(text, strlen(text)));
	return speedscope_read(text, strlen(text), err);
}

/* A file of these frames and profiles. */
static struct profile *from_profiles(const char *profiles, struct error *err)
{
	_cleanup_free_ char *text = xasprintf("{" FRAMES ",\"profiles\":[%s]}", profiles);

	return from_text(text, err);
}

static struct profile *read_profiles(const char *profiles)
{
	struct error err = {0};
	struct profile *p = from_profiles(profiles, &err);

	if (!p)
		fail_msg("%s", err.text);
	return p;
}

static void expect_folded(const struct profile *p, const char *want)
{
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	folded_write(p, false, &s.sink);
	assert_string_equal(text_get(&t), want);
	text_done(&t);
}

static void expect_type(const struct profile *p, unsigned i, const char *type,
			const char *unit, int64_t total)
{
	assert_string_equal(profile_text(p, p->value_types[i].type), type);
	assert_string_equal(profile_text(p, p->value_types[i].unit), unit);
	assert_int_equal(profile_total(p, i), total);
}

#define SAMPLED(name, unit, samples, weights)                                            \
	"{\"type\":\"sampled\",\"name\":\"" name "\",\"unit\":\"" unit                   \
	"\",\"startValue\":0,\"endValue\":9,\"samples\":" samples                        \
	",\"weights\":" weights "}"
#define EVENTED(unit, events)                                                            \
	"{\"type\":\"evented\",\"name\":\"t\",\"unit\":\"" unit                          \
	"\",\"startValue\":0,\"endValue\":9,\"events\":[" events "]}"
#define OPEN(frame, at) "{\"type\":\"O\",\"frame\":" #frame ",\"at\":" #at "}"
#define CLOSE(frame, at) "{\"type\":\"C\",\"frame\":" #frame ",\"at\":" #at "}"

static void samples_are_stacks_with_weights(void **state)
{
	struct profile *p = read_profiles(
		SAMPLED("t", "none", "[[0,1],[0],[0,1,2],[0,1]]", "[1,2,3,4]"));

	expect_folded(p, "t;main 2\nt;main;f 5\nt;main;f;g 3\n");
	expect_type(p, 0, "samples", "count", 10);
	assert_int_equal(p->bin_ns, 0);
	profile_free(p);
}

static void frames_have_files_and_lines(void **state)
{
	struct error err = {0};
	struct profile *p = from_text(
		"{\"shared\":{\"frames\":[{\"name\":\"f\",\"file\":\"a\",\"line\":9},"
		"{\"name\":\"f\",\"file\":\"a\",\"line\":4},"
		"{\"name\":\"f\",\"file\":\"b\",\"line\":null},{\"name\":\"\"},"
		"{\"name\":\"[truncated]\"},{\"name\":\"v<int>(x)\",\"line\":-1}]},"
		"\"profiles\":[" SAMPLED("", "none", "[[4,3,2,1,0,5]]", "[1]") "]}",
		&err);

	assert_non_null(p);
	expect_folded(p, "[unknown];[truncated];[unknown];f;f;f;v<int>(x) 1\n");
	/* Two lines of one function. */
	assert_int_equal(p->functions.n, 1 + 5);
	assert_int_equal(p->functions.v[1].start_line, 4);
	assert_int_equal(p->lines.v[0].line, 9);
	assert_int_equal(p->lines.v[1].line, 4);
	assert_int_equal(p->functions.v[2].start_line, 0);
	assert_true(p->locations.v[5].flags & LOCATION_LABEL);
	assert_int_equal(p->functions.v[5].system_name, 0);
	profile_free(p);
}

static void units_of_time_become_nanoseconds(void **state)
{
	static const struct {
		const char *unit;
		int64_t total;
	} cases[] = {{"nanoseconds", 4},
		     {"microseconds", 3500},
		     {"milliseconds", 3500000},
		     {"seconds", 3500000000}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *profile = xasprintf(
			SAMPLED("t", "%s", "[[0],[0,1],[0]]", "[1,1.25,1.25]"),
			cases[i].unit);
		struct profile *p = read_profiles(profile);

		expect_type(p, 0, "time", "nanoseconds", cases[i].total);
		profile_free(p);
	}
}

/* Thirds in a unit that is not divided: what is rounded off is not lost. */
static void rounding_does_not_add_up(void **state)
{
	struct profile *p = read_profiles(SAMPLED("t", "none",
						  "[[0],[0],[0],[1],[1],[1]]",
						  "[0.3334,0.3333,0.3333,1.4,1.4,1.4]"));

	expect_type(p, 0, "samples", "count", 5);
	profile_free(p);
}

static void profiles_of_one_file_are_threads(void **state)
{
	struct profile *p = read_profiles(
		SAMPLED("app, thread io", "milliseconds", "[[0]]", "[2]") "," SAMPLED(
			"app", "bytes", "[[0,1]]",
			"[30]") "," SAMPLED(", thread x", "seconds", "[[1]]", "[1]"));
	const struct labels *set = &p->label_sets.v[p->samples.v[1].labels];

	assert_int_equal(p->nvalues, 2);
	expect_type(p, 0, "time", "nanoseconds", 1002000000);
	expect_type(p, 1, "space", "bytes", 30);
	assert_int_equal(profile_default_value(p), 0);
	assert_int_equal(set->n, 2);
	expect_folded(p, ", thread x;f 1000000000\napp;main 2000000\n");
	profile_free(p);
}

static void the_active_profile_has_the_default_value(void **state)
{
	struct error err = {0};
	struct profile *p = from_text(
		" {\n\"activeProfileIndex\":1," FRAMES
		",\"profiles\":[" SAMPLED("a", "none", "[[0]]", "[1]") "," SAMPLED(
			"b", "bytes", "[[0]]", "[2]") "]}",
		&err);

	assert_non_null(p);
	assert_int_equal(profile_default_value(p), 1);
	profile_free(p);
}

static void events_are_stacks_for_as_long_as_they_are_open(void **state)
{
	struct profile *p = read_profiles(EVENTED(
		"milliseconds",
		OPEN(0, 10) "," OPEN(1, 10.5) "," OPEN(2, 11) "," CLOSE(2, 12) "," CLOSE(
			1,
			12) "," OPEN(1,
				     13) "," CLOSE(1,
						   14) "," CLOSE(0,
								 15) "," OPEN(0,
									      20) "," CLOSE(0,
											    20)));

	expect_folded(p, "t;main 2500000\nt;main;f 1500000\nt;main;f;g 1000000\n");
	assert_int_equal(p->duration_ns, 5000000);
	assert_int_equal(p->bin_ns, 10000);
	/* main alone: from 10 to 10.5, from 12 to 13 and from 14 to 15. */
	assert_int_equal(p->times.v[0].row, 1);
	assert_int_equal(p->times.v[0].bin, 0);
	assert_int_equal(p->times.v[0].count, 100);
	assert_int_equal(p->times.v[49].bin, 49);
	assert_int_equal(p->times.v[50].bin, 200);
	profile_free(p);
}

static void times_are_those_of_samples_in_order(void **state)
{
	struct error err = {0};
	struct profile *p = read_profiles(
		SAMPLED("t", "seconds", "[[0],[1],[0]]", "[10,20,0.1]"));

	assert_int_equal(p->bin_ns, 100000000);
	assert_int_equal(p->duration_ns, 30100000000);
	assert_int_equal(p->times.n, 100 + 200 + 1);
	assert_int_equal(p->times.v[100].row, 1);
	assert_int_equal(p->times.v[100].bin, 300);
	assert_int_equal(p->times.v[101].row, 2);
	assert_int_equal(p->times.v[101].bin, 100);
	profile_free(p);
	/* No stack stands there twice: they were added up, and have no order. */
	p = read_profiles(SAMPLED("t", "seconds", "[[0],[1],[0,1]]", "[10,20,0.1]"));
	assert_int_equal(p->bin_ns, 0);
	assert_int_equal(p->duration_ns, 0);
	profile_free(p);
	/* Neither have what profd adds up, even where lines are no longer told apart. */
	p = from_text("{\"exporter\":\"profd 1\"," FRAMES ",\"profiles\":[" SAMPLED(
			      "t", "seconds", "[[0],[0]]", "[1,2]") "]}",
		      &err);
	assert_non_null(p);
	assert_int_equal(p->bin_ns, 0);
	profile_free(p);
}

/* --- what is refused ---------------------------------------------------------------- */

static void refused(const char *profiles, const char *why)
{
	struct error err = {0};

	assert_null(from_profiles(profiles, &err));
	assert_int_equal(err.code, -EBADMSG);
	assert_string_equal(err.text, why);
}

static void broken_profiles_are_refused_with_their_place(void **state)
{
	refused("", "there is no profile");
	refused("7", "profile 1 (''): its unit is none of speedscope's");
	refused("{\"name\":\"x\",\"unit\":\"none\",\"type\":\"y\"}",
		"profile 1 ('x'): it is neither sampled nor evented");
	refused(SAMPLED("x", "none", "7", "[]"),
		"profile 1 ('x'): a sampled profile has samples and weights");
	refused(SAMPLED("x", "none", "[[0]]", "[1,2]"),
		"profile 1 ('x'): 1 samples, and 2 weights");
	refused(SAMPLED("x", "none", "[[0]]", "[1]") "," SAMPLED("y", "none", "[[0],7]",
								 "[1,2]"),
		"profile 2 ('y'): sample 1 is no list of frames");
	refused(SAMPLED("x", "none", "[[0,3]]", "[1]"),
		"profile 1 ('x'): sample 0 names a frame that is not there");
	refused(SAMPLED("x", "none", "[[0]]", "[-1]"),
		"profile 1 ('x'): weight 0 is no number from 0 to 9e18");
	refused(SAMPLED("x", "none", "[[0]]", "[1e300]"),
		"profile 1 ('x'): weight 0 is no number from 0 to 9e18");
	refused(SAMPLED("x", "seconds", "[[0]]", "[9223372036854775807]"),
		"profile 1 ('x'): weight 0 is no number from 0 to 9e18 nanoseconds");
	refused(SAMPLED("x", "none", "[[0],[0]]",
			"[9223372036854775807,9223372036854775807]"),
		"profile 1 ('x'): the weights up to number 1 are more than 9e18");
}

static void badly_nested_events_are_refused(void **state)
{
	refused("{\"type\":\"evented\",\"unit\":\"none\"}",
		"profile 1 (''): an evented profile has events");
	refused(EVENTED("none", OPEN(0, 1) "," OPEN(1, 2) "," CLOSE(0, 3)),
		"profile 1 ('t'): event 2 closes 'main' while 'f' is open");
	refused(EVENTED("none", CLOSE(0, 3)),
		"profile 1 ('t'): event 0 closes 'main', and nothing is open");
	refused(EVENTED("none", OPEN(0, 1)),
		"profile 1 ('t'): 'main' is still open at the end");
	refused(EVENTED("none", OPEN(0, 2) "," CLOSE(0, 1)),
		"profile 1 ('t'): event 1 is earlier than the one before");
	refused(EVENTED("none", OPEN(9, 2)),
		"profile 1 ('t'): event 0 names a frame that is not there");
	refused(EVENTED("none", OPEN(0, null)),
		"profile 1 ('t'): event 0 is at no number");
	refused(EVENTED("none", "{}"),
		"profile 1 ('t'): event 0 neither opens nor closes a function");
	refused(EVENTED("none", OPEN(0, -9e18) "," CLOSE(0, 9e18)),
		"profile 1 ('t'): event 0 is at no number");
	refused(EVENTED("none",
			OPEN(0, -9000000000000000000) "," CLOSE(0, 9000000000000000000)),
		"profile 1 ('t'): event 1 is more than 9e18 after the last");
}

static void stacks_have_an_end(void **state)
{
	struct text events = {0}, frames = {0};
	_cleanup_free_ char *evented = NULL, *sampled = NULL;
	struct error err = {0};

	for (unsigned i = 0; i < 65537; i++) {
		text_addf(&events, "%s" OPEN(0, 1), i ? "," : "");
		text_addf(&frames, "%s0", i ? "," : "");
	}
	evented = xasprintf(EVENTED("none", "%s"), text_get(&events));
	refused(evented, "profile 1 ('t'): event 65536 opens more than 65536 functions");
	sampled = xasprintf(SAMPLED("t", "none", "[[%s]]", "[1]"), text_get(&frames));
	refused(sampled, "profile 1 ('t'): sample 0 has more than 65536 frames");
	text_done(&events);
	text_done(&frames);
	/* Each is a stack for a while: a tree of 20,000 frames, and 200 million in all. */
	text_clear(&events);
	for (unsigned i = 0; i < 20000; i++)
		text_addf(&events, "%s{\"type\":\"O\",\"frame\":0,\"at\":%u}",
			  i ? "," : "", i);
	free(evented);
	evented = xasprintf(EVENTED("none", "%s"), text_get(&events));
	assert_null(from_profiles(evented, &err));
	assert_int_equal(err.code, -EFBIG);
	assert_string_equal(err.text, "its stacks have more than 67108864 frames");
	text_done(&events);
}

static void other_json_is_refused(void **state)
{
	struct error err = {0};

	assert_null(from_text("{}", &err));
	assert_string_equal(err.text, "there is no list 'shared.frames'");
	assert_string_equal(err.hint, "of JSON only speedscope's format is read");
	assert_null(from_text("{\"shared\":{\"frames\":[7]}}", &err));
	assert_string_equal(err.text, "frame 0 has no name");
	assert_null(from_text("{\"a\":1,\n}", &err));
	assert_string_equal(err.text,
			    "line 2, column 1: string or '}' expected near '}'");
	assert_false(speedscope_is("", 0));
	assert_false(speedscope_is("[]", 2));
	assert_false(speedscope_is("{a};b 12", 8));
}

static void json_of_too_many_values_is_refused_unread(void **state)
{
	size_t n = (size_t)JSON_VALUES_MAX + 10;
	_cleanup_free_ char *text = xmalloc(n);
	struct error err = {0};

	memset(text, ',', n);
	text[0] = '[';
	assert_null(json_read(text, n, &err));
	assert_int_equal(err.code, -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_stacks_with_weights),
		cmocka_unit_test(frames_have_files_and_lines),
		cmocka_unit_test(units_of_time_become_nanoseconds),
		cmocka_unit_test(rounding_does_not_add_up),
		cmocka_unit_test(profiles_of_one_file_are_threads),
		cmocka_unit_test(the_active_profile_has_the_default_value),
		cmocka_unit_test(events_are_stacks_for_as_long_as_they_are_open),
		cmocka_unit_test(times_are_those_of_samples_in_order),
		cmocka_unit_test(broken_profiles_are_refused_with_their_place),
		cmocka_unit_test(badly_nested_events_are_refused),
		cmocka_unit_test(stacks_have_an_end),
		cmocka_unit_test(other_json_is_refused),
		cmocka_unit_test(json_of_too_many_values_is_refused_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
