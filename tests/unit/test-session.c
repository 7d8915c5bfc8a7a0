/* The session as a library: events made by hand in, counts out; and 500 sessions in one process,
 * after which descriptors and memory are what they were. */
#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/session.h>

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static const struct session_options options = {
	.unwind = UNWIND_CFI,
	.event = "cpu-clock",
	.clock = true,
	.period = 2004008,
};

/* A sample of this very process, in this very function: procs reads it from /proc. */
static __attribute__((noinline)) void feed_self(struct session *ses, uint32_t tid)
{
	/* perf order: ax bx cx dx si di bp sp ip r8..r15 */
	uint64_t regs[17] = {0};
	uint8_t *fp = __builtin_frame_address(0);
	struct event e = {.type = EVENT_SAMPLE,
			  .pid = (uint32_t)getpid(),
			  .tid = tid,
			  .time_ns = 1};

	regs[6] = (uint64_t)(uintptr_t)fp;
	regs[7] = (uint64_t)(uintptr_t)fp;
	regs[8] = (uint64_t)(uintptr_t)(void *)feed_self;
	e.sample = (struct event_sample){.period = 2004008,
					 .regs_abi = 2,
					 .regs = regs,
					 .stack = fp,
					 .stack_bytes = 64,
					 .user_mode = true};
	session_feed(ses, &e);
}

static void use_session(void)
{
	struct error err = {0};
	struct session *ses = session_new(&options, &err);
	const struct profile *p;

	assert_non_null(ses);
	for (uint32_t i = 0; i < 10; i++)
		feed_self(ses, 1000 + i % 3);
	p = session_finish(ses, 1000000, 0);
	assert_int_equal(profile_total(p, 0), 10);
	assert_int_equal(profile_total(p, 1), 10 * 2004008);
	assert_int_equal(session_quality(ses)->samples, 10);
	session_free(ses);
}

static void test_counts(void **state)
{
	use_session();
}

/* The first sessions fill caches of libraries (demanglers, stdio); what counts is what follows. */
static void test_500_sessions(void **state)
{
	struct mallinfo2 before, after;
	unsigned fds;

	for (int i = 0; i < 10; i++)
		use_session();
	fds = count_fds();
	before = mallinfo2();
	for (int i = 0; i < 500; i++)
		use_session();
	after = mallinfo2();
	assert_int_equal(count_fds(), fds);
	/* The smallest chunk malloc hands out has 32 bytes, so one lost in every hundredth session
	 * would show. */
	assert_true(after.uordblks <= before.uordblks + 5 * 32);
}

/* A task without a user side: exec, or exit. */
static void test_no_user(void **state)
{
	struct error err = {0};
	struct session *ses = session_new(&options, &err);
	const uint64_t pcs[] = {0xffffffff81000010, 0xffffffff81000020};
	struct event e = {.type = EVENT_SAMPLE, .pid = 5000000, .tid = 5000000};
	const struct quality *q;

	e.sample = (struct event_sample){.period = 7, .kernel_pcs = pcs, .nkernel = 2};
	session_feed(ses, &e);
	session_finish(ses, 1, 0);
	q = session_quality(ses);
	assert_int_equal(q->stop_samples[STOP_NO_USER], 1);
	assert_int_equal(q->kernel_weight, 7);
	session_free(ses);
}

/* No samples of a second of CPU time is a coverage of 0, not an unknown one; more samples than CPU
 * time means that the time is not all known. */
static void test_coverage(void **state)
{
	struct session *none = session_new(&options, NULL),
		       *more = session_new(&options, NULL);

	session_finish(none, 1, 1000000000);
	assert_true(session_quality(none)->coverage == 0);
	session_free(none);
	feed_self(more, 1);
	session_finish(more, 1, 1000);
	assert_true(session_quality(more)->coverage < 0);
	session_free(more);
}

/* Lost samples keep the total true and warn. */
static void test_lost(void **state)
{
	struct error err = {0};
	struct session *ses = session_new(&options, &err);
	struct quality_warnings w = {0};
	const struct profile *p;
	bool told = false;

	feed_self(ses, 1);
	session_losses(ses, 3, 1, 0);
	p = session_finish(ses, 1, 0);
	assert_int_equal(profile_total(p, 0), 5);
	assert_int_equal(profile_total(p, 1), 5 * 2004008);
	quality_warn(session_quality(ses), &w);
	for (uint32_t i = 0; i < w.v.n; i++)
		told |= strstr(w.v.v[i], "lost") != NULL;
	assert_true(told);
	quality_warnings_done(&w);
	session_free(ses);
}

/* Chunks in malloc's per-thread cache count as used in mallinfo2: it is switched off, which only the
 * environment can do. */
static void without_malloc_cache(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),	     cmocka_unit_test(test_no_user),
		cmocka_unit_test(test_coverage),     cmocka_unit_test(test_lost),
		cmocka_unit_test(test_500_sessions),
	};

	without_malloc_cache(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
