/* The session as a library: events made by hand in, counts out; and 500 sessions in one
 * process, after which descriptors and memory are what they were. */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/machine.h>
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

static const struct session_totals nothing = {.duration_ns = 1};

/* A sample of this very process, in this very function: procs reads it from /proc. */
static __attribute__((noinline)) void feed_event(struct session *ses, uint32_t tid,
						 uint32_t event, uint64_t period)
{
	/* perf order: ax bx cx dx si di bp sp ip r8..r15; x0..x30 sp pc */
#ifdef MACHINE_AARCH64
	enum { BP = 29, SP = 31, PC = 32 };
#else
	enum { BP = 6, SP = 7, PC = 8 };
#endif
	uint64_t regs[REG_COUNT] = {0};
	uint8_t *fp = __builtin_frame_address(0);
	struct event e = {.type = EVENT_SAMPLE,
			  .pid = (uint32_t)getpid(),
			  .tid = tid,
			  .time_ns = 1};

	regs[BP] = (uint64_t)(uintptr_t)fp;
	regs[SP] = (uint64_t)(uintptr_t)fp;
	regs[PC] = (uint64_t)(uintptr_t)(void *)feed_event;
	e.sample = (struct event_sample){.event = event,
					 .period = period,
					 .regs_abi = 2,
					 .regs = regs,
					 .stack = fp,
					 .stack_bytes = 64,
					 .user_mode = true};
	session_feed(ses, &e);
}

static void feed_self(struct session *ses, uint32_t tid)
{
	feed_event(ses, tid, 0, 2004008);
}

static const char *value_type(const struct profile *p, unsigned i)
{
	return profile_text(p, p->value_types[i].type);
}

/* Each event has its own two values, and only the first counts for the quality. */
static void test_several_events(void **state)
{
	static const struct session_event more[] = {{"page-faults", false},
						    {"task-clock:u", true}};
	struct session_options o = options;
	struct session *ses;
	const struct profile *p;
	const struct quality *q;
	struct quality_warnings w = {0};
	bool said = false;

	o.more = more;
	o.nmore = 2;
	ses = session_new(&o, NULL);
	assert_non_null(ses);
	for (uint32_t i = 0; i < 10; i++)
		feed_event(ses, 1000, 0, 2004008);
	for (uint32_t i = 0; i < 4; i++)
		feed_event(ses, 1000, 1, 25);
	feed_event(ses, 1000, 2, 7);
	feed_event(ses, 1000, 3, 7); /* there is no such event */
	session_total(ses, 1, 150);
	session_total(ses, 3, 150);
	session_losses(ses, 2, 0, 0);
	p = session_finish(ses, &nothing);
	q = session_quality(ses);
	assert_int_equal(p->nvalues, 6);
	assert_string_equal(value_type(p, 0), "samples");
	assert_string_equal(value_type(p, 1), "cpu");
	assert_string_equal(value_type(p, 2), "page-faults_sample");
	assert_string_equal(value_type(p, 3), "page-faults_event");
	assert_string_equal(value_type(p, 4), "task-clock:u_sample");
	assert_string_equal(value_type(p, 5), "task-clock:u");
	assert_string_equal(profile_text(p, p->value_types[5].unit), "nanoseconds");
	assert_int_equal(profile_default_value(p), 1);
	assert_int_equal(profile_total(p, 0), 12); /* with what was lost */
	assert_int_equal(profile_total(p, 2), 4);
	assert_int_equal(profile_total(p, 3), 150); /* with what was not sampled */
	assert_int_equal(profile_total(p, 4), 1);
	assert_int_equal(profile_total(p, 5), 7);
	assert_int_equal(q->samples, 10);
	assert_int_equal(q->weight, 10 * 2004008);
	assert_int_equal(q->events[1].samples, 4);
	assert_int_equal(q->events[1].weight, 100);
	assert_int_equal(q->events[2].samples, 1);
	quality_warn(q, &w);
	for (uint32_t i = 0; i < w.v.n; i++)
		said |= strstr(w.v.v[i], "page-faults stand for only 67 % of 150") !=
			NULL;
	assert_true(said);
	quality_warnings_done(&w);
	session_free(ses);
}

/* Records of forks and mappings are among what was lost: no more events than were
 * counted. */
static void test_lost_of_a_counter(void **state)
{
	struct session_options o = options;
	struct session *ses;
	const struct profile *p;

	o.event = "page-faults";
	o.clock = false;
	ses = session_new(&o, NULL);
	for (uint32_t i = 0; i < 10; i++)
		feed_event(ses, 1000, 0, 25);
	session_total(ses, 0, 310);
	session_losses(ses, 50, 0, 0);
	p = session_finish(ses, &nothing);
	assert_int_equal(profile_total(p, 0), 13);
	assert_int_equal(profile_total(p, 1), 310);
	session_free(ses);
}

static void test_a_clock_behind_a_counter(void **state)
{
	static const struct session_event more[] = {{"cpu-clock", true}};
	struct session_options o = options;
	struct session *ses;
	const struct profile *p;

	o.event = "cycles";
	o.clock = false;
	o.more = more;
	o.nmore = 1;
	ses = session_new(&o, NULL);
	p = session_finish(ses, &nothing);
	assert_string_equal(value_type(p, 0), "cycles_sample");
	assert_string_equal(value_type(p, 1), "cycles_event");
	assert_string_equal(value_type(p, 2), "samples");
	assert_string_equal(value_type(p, 3), "cpu");
	assert_int_equal(profile_default_value(p), 1);
	session_free(ses);
}

static void use_session(void)
{
	struct error err = {0};
	struct session *ses = session_new(&options, &err);
	const struct profile *p;

	assert_non_null(ses);
	for (uint32_t i = 0; i < 10; i++)
		feed_self(ses, 1000 + i % 3);
	p = session_finish(ses, &(struct session_totals){.duration_ns = 1000000});
	assert_int_equal(profile_total(p, 0), 10);
	assert_int_equal(profile_total(p, 1), 10 * 2004008);
	assert_int_equal(session_quality(ses)->samples, 10);
	session_free(ses);
}

static void test_counts(void **state)
{
	use_session();
}

/* The first sessions fill caches of libraries (demanglers, stdio); what counts is what
 * follows. */
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
	/* The smallest chunk malloc hands out has 32 bytes, so one lost in every
	 * hundredth session would show. */
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
	session_finish(ses, &nothing);
	q = session_quality(ses);
	assert_int_equal(q->stop_samples[STOP_NO_USER], 1);
	assert_int_equal(q->kernel_weight, 7);
	session_free(ses);
}

/* Samples are counted by when they were taken, from the first event on; what is added at
 * the end was not taken at any time. */
static void test_times(void **state)
{
	struct session *ses = session_new(&options, NULL);
	struct event e = {.type = EVENT_SAMPLE, .pid = 5000000, .tid = 5000000};
	static const uint64_t at_us[] = {7000000, 7000300, 7005100, 6999000};
	const struct profile *p;
	uint32_t counts[8] = {0};

	assert_non_null(ses);
	for (unsigned i = 0; i < 4; i++) {
		e.time_ns = at_us[i] * 1000;
		e.sample.period = 2004008;
		session_feed(ses, &e);
	}
	p = session_finish(ses, &(struct session_totals){.user_ns = 1000000000});
	assert_int_equal(p->bin_ns, 1000000);
	for (uint32_t i = 0; i < p->times.n; i++)
		counts[p->times.v[i].bin] += p->times.v[i].count;
	assert_int_equal(counts[0], 3);
	assert_int_equal(counts[5], 1);
	assert_true(p->samples.n > 2);
	session_free(ses);
}

/* No samples of a second of CPU time is a coverage of 0, not an unknown one; more samples
 * than CPU time means that the time is not all known. */
static void test_coverage(void **state)
{
	struct session *none = session_new(&options, NULL),
		       *more = session_new(&options, NULL);

	session_finish(none, &(struct session_totals){.user_ns = 1000000000});
	assert_true(session_quality(none)->coverage == 0);
	session_free(none);
	feed_self(more, 1);
	session_finish(more, &(struct session_totals){.user_ns = 1000});
	assert_true(session_quality(more)->coverage < 0);
	session_free(more);
}

static const struct profile *finish_with(struct session *ses, uint64_t counter_ns,
					 uint64_t user_ns, uint64_t system_ns)
{
	const struct session_totals t = {.duration_ns = 1,
					 .counted_ns = counter_ns,
					 .user_ns = user_ns,
					 .system_ns = system_ns};

	return session_finish(ses, &t);
}

static int64_t weight_of(const struct profile *p, const char *label)
{
	int64_t sum = 0;

	for (uint32_t i = 1; i < p->samples.n; i++) {
		stack_id s = p->samples.v[i].stack;
		const struct location *l = &p->locations.v[p->stacks.v[s].location];
		const struct line *line = &p->lines.v[l->first_line];

		if (!strcmp(profile_text(p, p->functions.v[line->function].name), label))
			sum += p->values.v[(size_t)i * p->nvalues + 1];
	}
	return sum;
}

/* Samples come to more than the CPU time: they are made to fit, to the nanosecond. */
static void test_coverage_more(void **state)
{
	struct session *ses = session_new(&options, NULL);
	const struct quality *q = session_quality(ses);
	const struct profile *p;
	uint64_t used_ns;
	int64_t stops = 0;

	for (int i = 0; i < 100; i++)
		feed_self(ses, 1);
	used_ns = (uint64_t)q->weight * 19 / 20 + 1;
	p = finish_with(ses, 0, used_ns, 0);
	assert_int_equal(profile_total(p, 1), used_ns);
	assert_int_equal(profile_total(p, 0), 100);
	assert_int_equal(q->weight, used_ns);
	for (unsigned i = 0; i < STOP_COUNT; i++)
		stops += q->stop[i];
	assert_in_range(stops, used_ns - STOP_COUNT, used_ns);
	assert_true(q->coverage == 1);
	session_free(ses);
}

static bool warns_of(const struct session *ses, const char *word)
{
	struct quality_warnings w = {0};
	bool told = false;

	quality_warn(session_quality(ses), &w);
	for (uint32_t i = 0; i < w.v.n; i++)
		told |= strstr(w.v.v[i], word) != NULL;
	quality_warnings_done(&w);
	return told;
}

#define BRIEF "[unsampled: short-lived]"
#define KERNEL "[unsampled: kernel]"

/* What no sample stands for is a frame, and the total is the CPU time. */
static void test_unsampled(void **state)
{
	struct session *ses = session_new(&options, NULL);
	const struct profile *p;

	feed_self(ses, 1);
	p = finish_with(ses, 1000000000, 900000000, 50000000);
	assert_int_equal(profile_total(p, 0), 1); /* not a sample */
	assert_int_equal(profile_total(p, 1), 1000000000);
	assert_int_equal(weight_of(p, BRIEF), 1000000000 - 2004008);
	assert_int_equal(weight_of(p, KERNEL), 0);
	assert_true(warns_of(ses, "of CPU time used"));
	session_free(ses);
}

/* wait4 may know more than the counter does. */
static void test_counted_is_the_larger(void **state)
{
	struct session *ses = session_new(&options, NULL);

	feed_self(ses, 1);
	assert_int_equal(profile_total(finish_with(ses, 500000000, 900000000, 0), 1),
			 900000000);
	session_free(ses);
}

/* Less than a period, or than a hundredth, is no frame. */
static void test_little_is_missing(void **state)
{
	struct session *ses = session_new(&options, NULL), *many;

	feed_self(ses, 1);
	assert_int_equal(weight_of(finish_with(ses, 3000000, 0, 0), BRIEF), 0);
	session_free(ses);
	many = session_new(&options, NULL);
	for (uint32_t i = 0; i < 1000; i++)
		feed_self(many, 1);
	assert_int_equal(
		weight_of(finish_with(many, 1000 * 2004008ull + 19000000, 0, 0), BRIEF),
		0);
	assert_false(warns_of(many, "of CPU time used"));
	session_free(many);
}

static const struct session_options user_only = {
	.unwind = UNWIND_CFI,
	.event = "cpu-clock",
	.clock = true,
	.period = 2004008,
	.user_only = true,
	.reach = REACH_INHERIT,
};

/* 1,000 samples, 2 s in user mode; 1 s in the kernel and 1.5 s of short processes are
 * missing. */
static void test_unsampled_kernel(void **state)
{
	struct session *ses = session_new(&user_only, NULL);
	const struct quality *q = session_quality(ses);
	const struct profile *p;

	for (uint32_t i = 0; i < 1000; i++)
		feed_self(ses, 1);
	p = finish_with(ses, 4504008000, 3504008000, 1000000000);
	assert_int_equal(profile_total(p, 1), 4504008000);
	assert_in_range(weight_of(p, KERNEL), 999000000, 1001000000);
	assert_in_range(weight_of(p, BRIEF), 1499000000, 1501000000);
	assert_in_range((uint64_t)(1000 * q->coverage), 571, 573);
	assert_true(warns_of(ses, "CAP_PERFMON"));
	session_free(ses);
}

/* The split by clock ticks is rough: a rest within chance is the kernel's, and no warning
 * comes. */
static void test_kernel_by_chance(void **state)
{
	struct session *ses = session_new(&user_only, NULL);
	const struct profile *p;

	for (uint32_t i = 0; i < 1000; i++)
		feed_self(ses, 1);
	p = finish_with(ses, 2200000000, 2150000000, 50000000);
	assert_int_equal(weight_of(p, KERNEL), 2200000000 - 2004008000);
	assert_int_equal(weight_of(p, BRIEF), 0);
	assert_true(session_quality(ses)->coverage == 1);
	assert_false(warns_of(ses, "of CPU time used"));
	session_free(ses);
}

/* Records of forks and of other programs are lost, too: no more samples than time is
 * missing, and none of it is counted twice. */
static void test_lost_and_unsampled(void **state)
{
	struct session *ses = session_new(&options, NULL);
	const struct profile *p;

	for (uint32_t i = 0; i < 90; i++)
		feed_self(ses, 1);
	session_losses(ses, 5000, 0, 0);
	p = finish_with(ses, 100 * 2004008, 0, 0);
	assert_int_equal(session_quality(ses)->lost, 10);
	assert_int_equal(session_quality(ses)->lost_ring, 5000);
	assert_int_equal(profile_total(p, 0), 100);
	assert_int_equal(profile_total(p, 1), 100 * 2004008);
	assert_int_equal(weight_of(p, BRIEF), 0);
	assert_int_equal(weight_of(p, "[lost samples]"), 10 * 2004008);
	session_free(ses);

	ses = session_new(&options, NULL);
	for (uint32_t i = 0; i < 50; i++)
		feed_self(ses, 1);
	session_losses(ses, 10, 0, 0);
	p = finish_with(ses, 100 * 2004008, 0, 0);
	assert_int_equal(session_quality(ses)->lost, 10);
	assert_int_equal(weight_of(p, BRIEF), 40 * 2004008);
	assert_int_equal(profile_total(p, 1), 100 * 2004008);
	session_free(ses);
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
	p = session_finish(ses, &nothing);
	assert_int_equal(profile_total(p, 0), 5);
	assert_int_equal(profile_total(p, 1), 5 * 2004008);
	quality_warn(session_quality(ses), &w);
	for (uint32_t i = 0; i < w.v.n; i++)
		told |= strstr(w.v.v[i], "lost") != NULL;
	assert_true(told);
	quality_warnings_done(&w);
	session_free(ses);
}

/* Chunks in malloc's per-thread cache count as used in mallinfo2: it is switched off,
 * which only the environment can do. */
static void without_malloc_cache(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	execv("/proc/self/exe", argv);
}

/* --- stacks larger than their copy -------------------------------------------------- */

#define COPY_BYTES 16384u

extern void *__libc_stack_end; /* of the first thread, glibc */

static uint64_t clock_ns; /* of memory_own */

/* Other functions' frames, which a sanitizer would not let be copied. */
static ssize_t peek(uint64_t addr, void *buf, size_t n)
{
	struct iovec local = {buf, n}, remote = {(void *)(uintptr_t)addr, n};
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	if (got >= 0 || errno != ENOSYS)
		return got;
	/* qemu-user has no such call, and no sanitizer either. */
	memcpy(buf, (const void *)(uintptr_t)addr, n);
	return (ssize_t)n;
}

static ssize_t memory_own(void *arg, uint32_t pid, uint64_t addr, void *buf, size_t n,
			  uint64_t *ret_time_ns)
{
	uint64_t end = (uint64_t)(uintptr_t)__libc_stack_end;

	if (addr >= end)
		return -EFAULT;
	*ret_time_ns = clock_ns;
	return peek(addr, buf, n < end - addr ? n : end - addr);
}

struct deep_fixture {
	struct session *ses;
	struct outside_ops ops;
};

static void deep_setup(struct deep_fixture *f)
{
	struct session_options o = options;

	o.outside = outside_live();
	f->ops = *o.outside.ops;
	f->ops.memory = memory_own;
	o.outside.ops = &f->ops;
	f->ses = session_new(&o, NULL);
	assert_non_null(f->ses);
	clock_ns = 1000000000;
}

/* A sample right here, with registers that fit, and less of the stack than there is. */
static void sample_here(struct session *ses, uint32_t tid)
{
	uint64_t regs[REG_COUNT] = {0}, sp;
	struct event e = {.type = EVENT_SAMPLE,
			  .pid = (uint32_t)getpid(),
			  .tid = tid,
			  .time_ns = clock_ns};
	static uint8_t copy[COPY_BYTES];
	ucontext_t uc;

	getcontext(&uc);
	/* In the order of feed_event. */
#ifdef MACHINE_AARCH64
	memcpy(regs, uc.uc_mcontext.regs, sizeof(uc.uc_mcontext.regs));
	regs[31] = sp = uc.uc_mcontext.sp;
	regs[32] = uc.uc_mcontext.pc;
#else
	regs[1] = (uint64_t)uc.uc_mcontext.gregs[REG_RBX];
	regs[6] = (uint64_t)uc.uc_mcontext.gregs[REG_RBP];
	regs[7] = sp = (uint64_t)uc.uc_mcontext.gregs[REG_RSP];
	regs[8] = (uint64_t)uc.uc_mcontext.gregs[REG_RIP];
	for (unsigned i = 0; i < 8; i++)
		regs[9 + i] = (uint64_t)uc.uc_mcontext.gregs[REG_R8 + (int)i];
#endif
	assert_int_equal(peek(sp, copy, COPY_BYTES), COPY_BYTES);
	e.sample = (struct event_sample){.period = 2004008,
					 .regs_abi = 2,
					 .regs = regs,
					 .stack = copy,
					 .stack_bytes = COPY_BYTES,
					 .user_mode = true};
	session_feed(ses, &e);
	clock_ns += 2000000;
}

/* @n samples of a thread below 40 frames of 2 KiB each. AddressSanitizer moves away from
 * the stack what it knows the size of. */
static __attribute__((noinline)) int sample_deep(struct session *ses, uint32_t tid,
						 unsigned n, unsigned depth)
{
	static volatile size_t room_bytes = 2048;
	volatile uint8_t *room = __builtin_alloca(room_bytes);

	room[0] = (uint8_t)depth;
	if (depth < 40)
		return sample_deep(ses, tid, n, depth + 1) + room[0];
	while (n--)
		sample_here(ses, tid);
	return room[0];
}

static void end_thread(struct session *ses, uint32_t tid)
{
	struct event e = {.type = EVENT_EXIT,
			  .pid = (uint32_t)getpid(),
			  .tid = tid,
			  .time_ns = clock_ns};

	session_feed(ses, &e);
}

/* What waits is decided on when its thread ends, and the next thread of this tid starts
 * from nothing. */
static void test_deep_exit(void **state)
{
	struct deep_fixture f;
	const struct quality *q;

	deep_setup(&f);
	q = session_quality(f.ses);
	sample_deep(f.ses, 77, 8, 0);
	assert_int_equal(q->samples, 8);
	assert_int_equal(q->stop_samples[STOP_TRUNCATED] + q->stop_samples[STOP_END], 0);
	end_thread(f.ses, 77);
	assert_int_equal(q->stop_samples[STOP_TRUNCATED], 8);
	sample_deep(f.ses, 77, 8, 0);
	assert_int_equal(q->deep_weight, 0);
	assert_int_equal(q->stop_samples[STOP_TRUNCATED], 8);
	sample_deep(f.ses, 78, 20, 0); /* seen often enough */
	assert_int_equal(q->deep_weight, 20 * 2004008);
	end_thread(f.ses, 78);
	end_thread(f.ses, 79); /* had none */
	assert_int_equal(profile_total(session_finish(f.ses, &nothing), 0), 36);
	assert_int_equal(q->stop_samples[STOP_TRUNCATED], 16);
	assert_int_equal(q->deep_weight, 20 * 2004008);
	session_free(f.ses);
}

/* Threads that come and go leave nothing behind but their rows of the profile. */
static void test_deep_memory(void **state)
{
	struct mallinfo2 before, after;
	struct deep_fixture f;

	deep_setup(&f);
	for (uint32_t i = 0; i < 200; i++) {
		sample_deep(f.ses, 100 + i, 2, 0);
		end_thread(f.ses, 100 + i);
	}
	before = mallinfo2();
	for (uint32_t i = 0; i < 2000; i++) {
		sample_deep(f.ses, 100 + i % 200, 2, 0);
		end_thread(f.ses, 100 + i % 200);
	}
	after = mallinfo2();
	assert_true(after.uordblks < before.uordblks + 65536);
	assert_int_equal(profile_total(session_finish(f.ses, &nothing), 0), 4400);
	session_free(f.ses);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several_events),
		cmocka_unit_test(test_lost_of_a_counter),
		cmocka_unit_test(test_a_clock_behind_a_counter),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_user),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_coverage_more),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_unsampled),
		cmocka_unit_test(test_counted_is_the_larger),
		cmocka_unit_test(test_little_is_missing),
		cmocka_unit_test(test_unsampled_kernel),
		cmocka_unit_test(test_kernel_by_chance),
		cmocka_unit_test(test_lost_and_unsampled),
		cmocka_unit_test(test_deep_exit),
		cmocka_unit_test(test_deep_memory),
		cmocka_unit_test(test_500_sessions),
	};

	without_malloc_cache(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
