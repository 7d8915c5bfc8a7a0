/* The sampler on the real kernel: choices, limits, and that nothing stays open. Where
 * sampling is forbidden altogether, its tests are skipped with the kernel's word for
 * it. */
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

static void test_several_events(void **state)
{
	struct sampler_options o = {
		.hz = 99,
		.event = "{cpu-clock,page-faults}:u,dummy:period=7,task-clock:freq=49:u"};
	unsigned before = count_fds();
	struct sampler *s = open_or_skip(&o);
	struct sampler_event e[4];

	assert_int_equal(sampler_info(s)->nevents, 4);
	for (uint32_t i = 0; i < 4; i++)
		sampler_event(s, i, &e[i]);
	assert_string_equal(e[0].name, "cpu-clock:u");
	assert_string_equal(sampler_info(s)->event, "cpu-clock:u");
	assert_string_equal(e[1].name, "page-faults:u");
	assert_true(e[0].clock && !e[1].clock && !e[2].clock && e[3].clock);
	assert_int_equal(e[0].hz, 99);
	assert_int_equal(e[2].hz, 0);
	assert_int_equal(e[2].period, 7);
	assert_int_equal(e[3].hz, 49);
	assert_false(e[1].kernel);
	assert_false(e[1].reason[0]); /* asked for */
	/* one ring per CPU for all of them */
	assert_int_equal(sampler_nrings(s), sampler_info(s)->ncpus);
	sampler_close(s);
	assert_int_equal(count_fds(), before);
}

static void test_refused_lists(void **state)
{
	static const char *const bad[] = {
		"cpu-clock,cpu-clock",
		"cpu-clock,dummy,cs,faults,task-clock,minor-faults,major-faults,"
		"migrations,"
		"alignment-faults",
		"cpu-clock,amd64_k7::RETIRED_INSTRUCTIONS",
		"cpu-clock,no-such-event",
		"cpu-clock:freq=4000000000",
		"",
	};
	unsigned before = count_fds();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sampler_options o = {.hz = 99, .event = bad[i]};
		struct error err = {0};

		assert_null(sampler_open(&o, getpid(), &err));
		assert_true(err.code < 0 && err.text[0]);
		assert_int_equal(count_fds(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_best),
		cmocka_unit_test(test_named_clock),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_several_events),
		cmocka_unit_test(test_refused_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
