/* The sampler on the real kernel: choices, limits, and that nothing stays open. Where sampling is
 * forbidden altogether, its tests are skipped with the kernel's word for it. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/sampler.h>

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static struct sampler *open_or_skip(const struct sampler_options *o)
{
	struct error err = {0};
	struct sampler *s = sampler_open(o, getpid(), &err);

	if (!s && (err.code == -EACCES || err.code == -EPERM || err.code == -ENOSYS)) {
		fprintf(stderr, "# skip: %s\n", err.text);
		skip();
	}
	return s;
}

static void test_best(void **state)
{
	struct sampler_options o = {.hz = 499};
	unsigned before = count_fds();
	struct sampler *s = open_or_skip(&o);
	const struct sampler_info *i = sampler_info(s);

	assert_true(i->event[0]);
	assert_int_equal(i->hz, 499);
	assert_int_equal(sampler_nrings(s), i->ncpus);
	assert_true(i->stack_bytes <= 65528 && i->stack_bytes % 8 == 0);
	assert_true(i->stack_bytes * 32 <= i->ring_bytes);
	/* below the top rung there is a reason */
	assert_true(i->hardware && i->kernel ? !i->reason[0] : i->reason[0]);
	sampler_close(s);
	assert_int_equal(count_fds(), before);
}

static void test_named_clock(void **state)
{
	struct sampler_options o = {
		.hz = 99, .event = "task-clock", .ring_bytes = 131072};
	struct sampler *s = open_or_skip(&o);

	assert_string_equal(sampler_info(s)->event, "task-clock");
	assert_false(sampler_info(s)->hardware);
	assert_int_equal(sampler_info(s)->ring_bytes, 131072);
	assert_int_equal(sampler_info(s)->stack_bytes, 4096);
	sampler_close(s);
}

static void test_refusals(void **state)
{
	struct sampler_options o = {.hz = sampler_max_hz() + 1};
	struct error err = {0};
	unsigned before = count_fds();

	assert_null(sampler_open(&o, getpid(), &err));
	assert_int_equal(err.code, -EINVAL);
	assert_true(err.hint[0]);
	o = (struct sampler_options){.hz = 99, .event = "no-such-event"};
	assert_null(sampler_open(&o, getpid(), &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "no-such-event"));
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_best),
		cmocka_unit_test(test_named_clock),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
