/* Figures are scaled, and rounded to what is known of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <profd/figure.h>
#include <profd/mem.h>
#include <profd/text.h>

static void is(struct text *t, const char *want)
{
	assert_string_equal(text_get(t), want);
	text_clear(t);
}

static void values_have_two_digits_of_their_width(void **state)
{
	static const struct {
		double value, width;
		const char *unit, *want;
	} cases[] = {
		{.5123, .0042, "s", "512.3 ms"},
		{.5123, .042, "s", "512 ms"},
		{.5123, .42, "s", "510 ms"},
		{.0123456, NAN, "s", "12.35 ms"},
		{1.5e-7, NAN, "s", "150.0 ns"},
		{75, .5, "s", "75.00 s"},
		{41943040, 104857.6, "B", "40.00 MB"},
		{183500800, 0, "B", "175 MB"},
		{999, 0, "B", "999 B"},
		{2100000, 31000, "/s", "2.100 M/s"},
		{12345678901.0, 0, "", "12.3457 G"},
		{1234, 0, "", "1234"},
		{9999, 10, "", "9999"},
		{3, 40, "", "3"},
		{0, 0, "s", "0 s"},
		{95.2, .43, "%", "95.20 %"},
		{1.25, 0, "frames", "1.25 frames"},
		{NAN, 1, "s", "-"},
		{INFINITY, 1, "s", "∞"},
		{123456789, 1e-3, "x", "123457000 x"},
	};
	struct text t = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		figure_add(&t, cases[i].value, cases[i].width, cases[i].unit);
		is(&t, cases[i].want);
	}
	text_done(&t);
}

static void changes_and_their_intervals_line_up(void **state)
{
	struct text t = {0};

	figure_add_change(&t, .0791, .033, true, "s");
	is(&t, "+7.9 %");
	figure_add_interval(&t, .0791, .0608, .0938, true, "s");
	is(&t, "[+6.1, +9.4]");
	figure_add_change(&t, -.0031, .0014, false, "s");
	is(&t, "-3.1 ms");
	figure_add_interval(&t, -.0031, -.0038, -.0024, false, "s");
	is(&t, "[-3.8, -2.4]");
	figure_add_interval(&t, .02, -INFINITY, .037, true, "");
	is(&t, "[-∞, +3.7]");
	figure_add_interval(&t, 0, -INFINITY, INFINITY, true, "");
	is(&t, "[-∞, +∞]");
	figure_add_change(&t, -.00001, .01, true, "");
	is(&t, "0.0 %");
	figure_add_change(&t, .01, 0, true, "");
	is(&t, "+1 %");
	figure_add_interval(&t, NAN, NAN, NAN, true, "");
	is(&t, "[-, -]");
	text_done(&t);
}

static void sizes_are_as_people_say_them(void **state)
{
	struct text t = {0};

	figure_add_size(&t, .03, true, "");
	is(&t, "3 %");
	figure_add_size(&t, .0312, true, "");
	is(&t, "3.1 %");
	figure_add_size(&t, .1, true, "");
	is(&t, "10 %");
	figure_add_size(&t, .0015, false, "s");
	is(&t, "1.5 ms");
	figure_add_size(&t, INFINITY, true, "");
	is(&t, "∞");
	text_done(&t);
}

static void durations_are_minutes_from_two_on(void **state)
{
	struct text t = {0};

	figure_add_duration(&t, 272.4);
	is(&t, "4 min 32 s");
	figure_add_duration(&t, 119.7);
	is(&t, "2 min 0 s");
	figure_add_duration(&t, 61.3);
	is(&t, "61 s");
	figure_add_duration(&t, 7322);
	is(&t, "2 h 2 min");
	figure_add_duration(&t, NAN);
	is(&t, "-");
	text_done(&t);
}

static void rounding_to_noise_makes_equals_equal(void **state)
{
	assert_float_equal(figure_round(.5123, .0042), .512, 1e-12);
	assert_float_equal(figure_round(.5121, .0042), .512, 1e-12);
	assert_float_equal(figure_round(123456, 700), 123500, 1e-6);
	assert_float_equal(figure_round(5, 0), 5, 0);
	assert_float_equal(figure_round(5, NAN), 5, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_two_digits_of_their_width),
		cmocka_unit_test(changes_and_their_intervals_line_up),
		cmocka_unit_test(sizes_are_as_people_say_them),
		cmocka_unit_test(durations_are_minutes_from_two_on),
		cmocka_unit_test(rounding_to_noise_makes_equals_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
