/* strictness.h: who decides. */
#include <profd/strictness.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int forget(void **state)
{
	(void)state;
	unsetenv("CI");
	unsetenv("PROFD_STRICTNESS");
	return 0;
}

static void assert_found(const char *flag, double file, double factor, const char *from)
{
	struct error err = {0};
	const char *why = NULL;
	double v = 0;

	assert_int_equal(strictness_find(flag, file, &v, &why, &err), 0);
	assert_string_equal(why, from);
	assert_true(v == factor);
}

static void the_flag_wins_then_the_variable_the_file_and_ci(void **state)
{
	(void)state;
	assert_found(NULL, 0, 1, "default");
	setenv("CI", "true", 1);
	assert_found(NULL, 0, 2, "CI");
	assert_found(NULL, .5, .5, ".profd.yml");
	setenv("PROFD_STRICTNESS", "strict", 1);
	assert_found(NULL, 2, .5, "PROFD_STRICTNESS");
	assert_found("1.25", 2, 1.25, "--strictness");
	assert_found("default", 2, 1, "--strictness");
}

static void ci_that_is_false_is_no_ci(void **state)
{
	(void)state;
	setenv("CI", "false", 1);
	assert_found(NULL, 0, 1, "default");
	setenv("CI", "", 1);
	assert_found(NULL, 0, 1, "default");
	setenv("CI", "1", 1);
	assert_found(NULL, 0, 2, "CI");
}

static void what_is_no_strictness_is_refused(void **state)
{
	static const char *const bad[] = {"",	 "0",	  "-1",	 "101", "1x",
					  "lax", "0.001", "nan", "inf", "2 "};
	const char *from = "untouched";
	double v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error err = {0};

		assert_int_equal(strictness_find(bad[i], 0, &v, &from, &err), -EINVAL);
		assert_non_null(strstr(err.text, "--strictness: '"));
		assert_true(v == 7);
	}
	setenv("PROFD_STRICTNESS", "loose", 1);
	assert_int_equal(strictness_find(NULL, 0, &v, &from, NULL), -EINVAL);
	assert_string_equal(from, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_flag_wins_then_the_variable_the_file_and_ci,
				       forget),
		cmocka_unit_test_setup(ci_that_is_false_is_no_ci, forget),
		cmocka_unit_test_setup(what_is_no_strictness_is_refused, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
