/* Counters: the arithmetic of scaling, and software events of a real child against what
 * wait4(2) says of it. Software events are never multiplexed, so the scaling is tested as
 * arithmetic. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/counter.h>

static void test_scale(void **state)
{
	uint64_t v = 7;

	assert_true(counter_scale(1000, 50, 50, &v));
	assert_int_equal(v, 1000);
	assert_true(counter_scale(1000, 100, 25, &v));
	assert_int_equal(v, 4000);
	assert_true(counter_scale(10, 3, 2, &v));
	assert_int_equal(v, 15);
	assert_true(counter_scale(1, 4, 3, &v)); /* 1.33 */
	assert_int_equal(v, 1);
	assert_true(counter_scale(2, 4, 3, &v)); /* 2.67 */
	assert_int_equal(v, 3);
	assert_true(counter_scale(0, 100, 1, &v));
	assert_int_equal(v, 0);
	/* never more than was counted when it ran all the time, or longer */
	assert_true(counter_scale(1000, 50, 51, &v));
	assert_int_equal(v, 1000);
	/* large values neither wrap nor lose digits */
	assert_true(counter_scale(1ull << 60, 3000000000000, 1500000000000, &v));
	assert_true(v == 1ull << 61);
	assert_true(counter_scale(UINT64_MAX, 2, 1, &v));
	assert_true(v == UINT64_MAX);
	/* what never ran is not known */
	v = 7;
	assert_false(counter_scale(0, 100, 0, &v));
	assert_false(counter_scale(0, 0, 0, &v));
	assert_int_equal(v, 7);
}

/* Counts this program run again, as a child that waits for its events. */
static void count_child(struct eventlist *l, struct counters **ret_c, struct rusage *ret)
{
	struct error err = {0};
	struct counters *c;
	int go[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			execl("/proc/self/exe", "test-counter", "work", NULL);
		_exit(1);
	}
	close(go[0]);
	c = counters_open(l, pid, &err);
	assert_non_null(c);
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[1]);
	assert_int_equal(wait4(pid, &status, 0, ret), pid);
	assert_int_equal(status, 0);
	counters_read(c);
	*ret_c = c;
}

static bool refused(const struct counter_value *v)
{
	return !v->counted && strstr(v->reason, "may not");
}

#define PAGES 3000

static void test_child(void **state)
{
	struct eventlist l = {0};
	const struct counter_value *v;
	struct counters *c;
	struct rusage usage;
	size_t n;

	assert_int_equal(
		eventlist_parse(&l, "{page-faults,minor-faults},task-clock,cs", NULL), 0);
	count_child(&l, &c, &usage);
	v = counters_values(c, &n);
	assert_int_equal(n, 4);
	if (refused(&v[0])) {
		counters_close(c);
		eventlist_done(&l);
		fprintf(stderr, "# skip: %s\n", v[0].reason);
		skip();
	}
	assert_string_equal(v[0].name, "page-faults");
	assert_true(v[0].counted && v[1].counted && v[2].counted);
	assert_true(v[0].grouped && v[1].grouped && !v[2].grouped);
	assert_false(v[0].scaled || v[2].scaled);
	assert_true(v[0].running > 0.999);
	/* each page of the child and of its child once; what execve faults in is on top,
	 * and a sanitizer's shadow */
	assert_in_range(v[0].value, 2 * PAGES, 2 * PAGES + 20000);
	assert_in_range(v[1].value, 2 * PAGES, v[0].value);
	assert_string_equal(v[2].unit, "ns");
	assert_string_equal(v[0].unit, "");
	assert_int_equal(v[2].kind, COUNTER_TASK_CLOCK);
	assert_in_range(v[2].value, 1000, 60000000000);
	/* a count, or a reason, and never a 0 that is neither: the pipes make switches */
	assert_true(v[3].counted ? v[3].value > 0 : v[3].reason[0] != '\0');
	counters_close(c);
	eventlist_done(&l);
}

static void test_what_cannot_be_counted(void **state)
{
	struct eventlist l = {0};
	struct error err = {0};
	const struct counter_value *v;
	struct counters *c;
	struct rusage usage;
	size_t n;

	/* known, but of no machine that runs this */
	assert_int_equal(
		eventlist_parse(&l, "amd64_k7::RETIRED_INSTRUCTIONS,task-clock", NULL),
		0);
	count_child(&l, &c, &usage);
	v = counters_values(c, &n);
	assert_int_equal(n, 2);
	assert_false(v[0].counted);
	assert_non_null(strstr(v[0].reason, "amd64_k7"));
	assert_true(v[1].counted || refused(&v[1]));
	counters_close(c);
	eventlist_done(&l);

	assert_int_equal(eventlist_parse(&l, "task-clock,nosuch", NULL), 0);
	assert_null(counters_open(&l, getpid(), &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "nosuch"));
	eventlist_done(&l);

	assert_int_equal(eventlist_parse(&l, "task-clock:period=1000", NULL), 0);
	assert_null(counters_open(&l, getpid(), &err));
	assert_int_equal(err.code, -EINVAL);
	eventlist_done(&l);
}

static void test_never_run(void **state)
{
	struct eventlist l = {0};
	const struct counter_value *v;
	struct counters *c;
	size_t n;

	assert_int_equal(eventlist_parse(&l, COUNTERS_DEFAULT, NULL), 0);
	c = counters_open(&l, getpid(), NULL); /* which does not exec */
	assert_non_null(c);
	counters_read(c);
	v = counters_values(c, &n);
	assert_int_equal(n, 11);
	for (size_t i = 0; i < n; i++) {
		assert_false(v[i].counted);
		assert_true(v[i].reason[0]);
	}
	counters_close(c);
	eventlist_done(&l);
}

/* Touches PAGES pages here and in a child. */
static int work(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char byte = 0;
	int back[2];
	pid_t pid;

	if (pipe(back) < 0)
		return 1;
	pid = fork();
	{
		volatile char *p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return 1;
		madvise((void *)p, PAGES * page, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < PAGES; i++)
			p[i * page] = 1;
	}
	if (pid == 0)
		return write(back[1], &byte, 1) != 1;
	return read(back[0], &byte, 1) != 1 || waitpid(pid, NULL, 0) != pid;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_what_cannot_be_counted),
		cmocka_unit_test(test_never_run),
	};

	if (argc > 1 && !strcmp(argv[1], "work"))
		return work();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
