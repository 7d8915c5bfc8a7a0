/* testbed.h: what this machine says of itself. */
#include <profd/testbed.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;

static const char *key(void)
{
	struct outcome_environment e;

	testbed_read(&arena, &e);
	return e.testbed;
}

static void it_is_this_machine(void **state)
{
	struct outcome_environment e;
	struct utsname u;

	(void)state;
	uname(&u);
	testbed_read(&arena, &e);
	assert_string_equal(e.kernel, u.release);
	assert_string_equal(e.arch, u.machine);
	assert_string_equal(e.host, u.nodename);
	assert_int_equal(e.cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(e.memory_bytes > 1 << 20);
	assert_true(e.load >= 0);
	assert_true(e.mhz_min <= e.mhz_max);
	assert_non_null(strstr(e.libc, "glibc"));
	assert_true(isnan(e.steal) && isnan(e.busy_others));
}

static void the_key_is_short_and_repeats(void **state)
{
	(void)state;
	assert_int_equal(strlen(key()), 12);
	assert_int_equal(strspn(key(), "0123456789abcdef"), 12);
	assert_string_equal(key(), key());
}

static void another_image_is_another_testbed(void **state)
{
	const char *before = key(), *one, *two;

	(void)state;
	setenv("ImageOS", "ubuntu22", 1);
	setenv("ImageVersion", "20260101.1", 1);
	one = key();
	setenv("ImageVersion", "20260108.1", 1);
	two = key();
	unsetenv("ImageOS");
	unsetenv("ImageVersion");
	assert_string_not_equal(before, one);
	assert_string_not_equal(one, two);
	assert_string_equal(before, key());
}

static void hostile_names_are_cleaned(void **state)
{
	struct outcome_environment e;

	(void)state;
	setenv("ImageOS", "\033[31m\377x", 1);
	testbed_read(&arena, &e);
	unsetenv("ImageOS");
	assert_null(strchr(e.image, '\033'));
	assert_non_null(strstr(e.image, "[31m"));
}

/* Own time is not that of others. What took no time has no shares. */
static void shares_are_between_0_and_1(void **state)
{
	struct outcome_environment e;
	struct testbed_watch w;

	(void)state;
	testbed_read(&arena, &e);
	testbed_watch_start(&w);
	testbed_watch_end(&w, &e);
	assert_true(isnan(e.busy_others) || w.now_ns + 200000000 < clock_now_ns());
	do
		testbed_watch_end(&w, &e);
	while (isnan(e.busy_others));
	assert_true(e.busy_others >= 0 && e.busy_others <= 1);
	assert_true(e.steal >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_this_machine),
		cmocka_unit_test(the_key_is_short_and_repeats),
		cmocka_unit_test(another_image_is_another_testbed),
		cmocka_unit_test(hostile_names_are_cleaned),
		cmocka_unit_test(shares_are_between_0_and_1),
	};
	int failed;

	unsetenv("ImageOS");
	unsetenv("ImageVersion");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&arena);
	return failed;
}
