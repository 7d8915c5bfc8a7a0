/* Time on the CPU and off it, from switches made by hand: what each thread did is known
 * to the nanosecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/session/blocked-priv.h"
#include <profd/machine.h>
#include <profd/session.h>

#define ROOT 4000000u /* no process has this pid: pid_max is at most 2^22 */
#define MS ((uint64_t)1000000)

static const struct session_options options = {
	.unwind = UNWIND_CFI,
	.event = "cpu-clock",
	.clock = true,
	.period = MS,
	.root_pid = ROOT,
	.reach = REACH_CGROUP,
	.wall = true,
	.wall_stacks = true,
};

static struct session *begin(const struct session_options *o)
{
	struct session *ses = session_new(o, NULL);
	struct event e = {.type = EVENT_COMM,
			  .pid = ROOT,
			  .tid = ROOT,
			  .time_ns = 100 * MS,
			  .comm = {"root", 4, true}};

	assert_non_null(ses);
	session_feed(ses, &e);
	return ses;
}

static void feed_task(struct session *ses, enum event_type type, uint32_t pid,
		      uint32_t tid, uint64_t ms)
{
	struct event e = {.type = type,
			  .pid = pid,
			  .tid = tid,
			  .time_ns = ms * MS,
			  .task = {ROOT, ROOT}};

	session_feed(ses, &e);
}

static void feed_switch(struct session *ses, uint32_t tid, uint64_t ms, bool out,
			bool preempt)
{
	struct event e = {.type = EVENT_SWITCH,
			  .pid = ROOT,
			  .tid = tid,
			  .time_ns = ms * MS,
			  .change = {out, preempt}};

	session_feed(ses, &e);
}

/* A stack of one frame that is nowhere: its name is its address. */
static void feed_place(struct session *ses, enum event_type type, uint32_t tid,
		       uint32_t event, uint64_t begin_ms, uint64_t ms,
		       enum wait_call call)
{
#ifdef MACHINE_AARCH64
	enum { SP = 31, PC = 32 };
#else
	enum { SP = 7, PC = 8 };
#endif
	static uint64_t regs[REG_COUNT];
	struct event e = {.type = type, .pid = ROOT, .tid = tid, .time_ns = ms * MS};

	regs[SP] = 0x7fff00000000;
	regs[PC] = 0x1000;
	e.sample = (struct event_sample){.event = event,
					 .period = MS,
					 .regs_abi = 2,
					 .regs = regs,
					 .user_mode = true};
	if (type == EVENT_BLOCKED) {
		e.blocked.begin_ns = begin_ms * MS;
		e.blocked.call = call;
	}
	session_feed(ses, &e);
}

static void feed_sample(struct session *ses, uint32_t tid, uint64_t ms)
{
	feed_place(ses, EVENT_SAMPLE, tid, 0, 0, ms, WAIT_UNKNOWN);
}

static void feed_stack(struct session *ses, uint32_t tid, uint64_t ms)
{
	feed_place(ses, EVENT_SAMPLE, tid, EVENT_SWITCHED, 0, ms, WAIT_UNKNOWN);
}

static const struct profile *finish(struct session *ses, uint64_t end_ms)
{
	const struct session_totals t = {.duration_ns = 1, .end_ns = end_ms * MS};

	session_finish(ses, &t);
	return session_wall(ses);
}

static const char *frame_name(const struct profile *p, stack_id s)
{
	const struct location *l = &p->locations.v[p->stacks.v[s].location];

	return profile_text(p, p->functions.v[p->lines.v[l->first_line].function].name);
}

static int64_t label_num(const struct profile *p, labels_id id, const char *key)
{
	const struct labels *set = &p->label_sets.v[id];

	for (uint32_t i = 0; i < set->n; i++) {
		const struct label *l = &p->label_rows.v[set->first + i];

		if (!strcmp(profile_text(p, l->key), key))
			return l->num;
	}
	return -1;
}

/* Milliseconds of thread @tid in @state, on stacks with @leaf (NULL: any) at their end;
 * @value: 1 all, 2 on the CPU, 3 off it. */
static uint64_t time_ms(const struct profile *p, uint32_t tid, const char *state,
			const char *leaf, unsigned value)
{
	string_id key = profile_find_string(p, "state");
	int64_t sum = 0;

	for (uint32_t i = 1; i < p->samples.n; i++) {
		const struct sample_row *r = &p->samples.v[i];
		const char *is = profile_text(p, profile_label_str(p, r->labels, key));

		if (label_num(p, r->labels, "tid") != tid ||
		    (state && strcmp(is, state) != 0) ||
		    (leaf && strcmp(frame_name(p, r->stack), leaf) != 0))
			continue;
		sum += p->values.v[(size_t)i * p->nvalues + value];
	}
	assert_int_equal(sum % (int64_t)MS, 0);
	return (uint64_t)sum / MS;
}

/* 100 … 110 on the CPU, 110 … 150 blocked, 150 … 155 on, 155 … 175 preempted, 175 … 180
 * on. */
static void test_one_thread(void **state)
{
	struct session *ses = begin(&options);
	const struct quality_wall *q = &session_quality(ses)->wall;
	const struct profile *p;

	feed_sample(ses, ROOT, 104);
	feed_sample(ses, ROOT, 108);
	feed_stack(ses, ROOT, 110);
	feed_switch(ses, ROOT, 110, true, false);
	feed_switch(ses, ROOT, 150, false, false);
	feed_sample(ses, ROOT, 152);
	feed_stack(ses, ROOT, 155);
	feed_switch(ses, ROOT, 155, true, true);
	feed_switch(ses, ROOT, 175, false, false);
	feed_task(ses, EVENT_EXIT, ROOT, ROOT, 180);
	/* What a CPU tells of a task that is past its exit. */
	feed_switch(ses, ROOT, 181, true, false);
	p = finish(ses, 500);
	assert_non_null(p);
	assert_int_equal(p->nvalues, 4);
	assert_int_equal(profile_default_value(p), 1);
	assert_int_equal(profile_total(p, 1), 80 * MS);
	assert_int_equal(profile_total(p, 2), 20 * MS);
	assert_int_equal(profile_total(p, 3), 60 * MS);
	assert_int_equal(time_ms(p, ROOT, "running", NULL, 2), 20);
	/* 4 and 4, and 2 before and 2 after the block; the last 8 have no sample. */
	assert_int_equal(time_ms(p, ROOT, "running", "[running, not sampled]", 2), 8);
	assert_int_equal(time_ms(p, ROOT, "blocked", "[off-cpu: blocked]", 3), 40);
	assert_int_equal(time_ms(p, ROOT, "run queue", "[off-cpu: run queue]", 3), 20);
	assert_int_equal(q->lifetime_ns, 80 * MS);
	assert_int_equal(q->on_ns + q->off_ns, q->lifetime_ns);
	assert_int_equal(q->unknown_ns, 0);
	assert_int_equal(q->threads, 1);
	assert_int_equal(q->contradictions, 0);
	session_free(ses);
}

/* A thread's tid comes back; one is there until the end; one is gone by an exec of
 * another. */
static void test_threads_come_and_go(void **state)
{
	struct session *ses = begin(&options);
	const struct quality_wall *q = &session_quality(ses)->wall;
	const struct profile *p;
	struct event e = {.type = EVENT_COMM,
			  .pid = ROOT,
			  .tid = ROOT,
			  .time_ns = 300 * MS,
			  .comm = {"other", 5, true}};

	feed_task(ses, EVENT_FORK, ROOT, ROOT + 1, 110);
	feed_switch(ses, ROOT + 1, 130, false, false);
	feed_task(ses, EVENT_EXIT, ROOT, ROOT + 1, 140);
	feed_task(ses, EVENT_FORK, ROOT, ROOT + 1, 200);
	feed_task(ses, EVENT_FORK, ROOT, ROOT + 2, 210);
	feed_switch(ses, ROOT + 1, 205, false, false);
	session_feed(ses, &e);
	p = finish(ses, 400);
	assert_int_equal(time_ms(p, ROOT + 1, "run queue", NULL, 3), 20 + 5);
	assert_int_equal(time_ms(p, ROOT + 1, "running", NULL, 2), 10 + 95);
	assert_int_equal(time_ms(p, ROOT + 2, "run queue", "[thread start]", 3), 0);
	assert_int_equal(time_ms(p, ROOT + 2, "run queue", NULL, 3), 90);
	assert_int_equal(time_ms(p, ROOT, NULL, NULL, 1), 300);
	assert_int_equal(q->threads, 4);
	assert_int_equal(q->lifetime_ns, (300 + 30 + 100 + 90) * MS);
	assert_int_equal(profile_total(p, 1), q->lifetime_ns);
	session_free(ses);
}

/* What was read while a thread stood still is believed only for an interval that encloses
 * it. */
static void test_read_from_outside(void **state)
{
	struct session_options o = options;
	struct session *ses;
	const struct profile *p;

	o.wall_stacks = false;
	o.reach = REACH_INHERIT;
	ses = begin(&o);
	feed_switch(ses, ROOT, 110, true, false);
	feed_place(ses, EVENT_BLOCKED, ROOT, 0, 115, 116, WAIT_FUTEX);
	feed_switch(ses, ROOT, 150, false, false);
	/* It went on while it was looked at. */
	feed_switch(ses, ROOT, 160, true, false);
	feed_place(ses, EVENT_BLOCKED, ROOT, 0, 158, 161, WAIT_SLEEP);
	feed_switch(ses, ROOT, 170, false, false);
	/* It had been told too late: of the interval that follows. */
	feed_switch(ses, ROOT, 180, true, false);
	feed_switch(ses, ROOT, 190, false, false);
	feed_switch(ses, ROOT, 191, true, false);
	feed_place(ses, EVENT_BLOCKED, ROOT, 0, 192, 193, WAIT_IO);
	feed_switch(ses, ROOT, 200, false, false);
	feed_switch(ses, ROOT, 205, true, true);
	feed_switch(ses, ROOT, 210, false, false);
	p = finish(ses, 220);
	assert_int_equal(time_ms(p, ROOT, "futex", "[off-cpu: futex]", 3), 40);
	assert_int_equal(time_ms(p, ROOT, "sleep", NULL, 3), 0);
	assert_int_equal(time_ms(p, ROOT, "io", "[off-cpu: io]", 3), 9);
	assert_int_equal(time_ms(p, ROOT, "blocked", "[blocked, stack unknown]", 3), 20);
	assert_int_equal(time_ms(p, ROOT, "run queue", "[off-cpu: run queue]", 3), 5);
	assert_int_equal(profile_total(p, 1), 120 * MS);
	session_free(ses);
}

/* One in some switches has a stack: short intervals without one go to the next that has
 * one. */
static void test_one_in_some(void **state)
{
	struct session *ses = begin(&options);
	const struct profile *p;

	for (uint64_t ms = 110; ms < 150; ms += 10) {
		if (ms == 130)
			feed_stack(ses, ROOT, ms);
		feed_switch(ses, ROOT, ms, true, false);
		feed_switch(ses, ROOT, ms + 5, false, false);
	}
	/* A long one is not anybody's. */
	feed_switch(ses, ROOT, 200, true, false);
	feed_switch(ses, ROOT, 300, false, false);
	p = finish(ses, 310);
	assert_int_equal(time_ms(p, ROOT, "blocked", "[off-cpu: blocked]", 3), 15);
	assert_int_equal(time_ms(p, ROOT, "blocked", "[blocked, stack unknown]", 3), 105);
	assert_int_equal(profile_total(p, 1), 210 * MS);
	session_free(ses);
}

static void feed_spent(struct session *ses, uint32_t tid, uint64_t begin_ms,
		       uint64_t end_ms, uint64_t ran_ms, uint64_t queued_ms,
		       uint64_t turns)
{
	struct event e = {.type = EVENT_SPENT,
			  .pid = ROOT,
			  .tid = tid,
			  .time_ns = end_ms * MS,
			  .spent = {begin_ms * MS, end_ms * MS, ran_ms * MS,
				    queued_ms * MS, turns}};

	session_feed(ses, &e);
}

static void feed_sight(struct session *ses, uint32_t tid, uint64_t ms,
		       enum wait_call call)
{
	feed_place(ses, EVENT_BLOCKED, tid, 0, ms, ms, call);
}

static struct session *begin_accounts(void)
{
	struct session_options o = options;

	o.wall_stacks = false;
	o.reach = REACH_TREE;
	o.period = 10 * MS;
	return begin(&o);
}

/* Accounts in place of switches: what was blocked belongs to the places before and
 * after. */
static void test_accounts(void **state)
{
	struct session *ses = begin_accounts();
	const struct quality_wall *q = &session_quality(ses)->wall;
	const struct profile *p;

	/* It began before it was seen, and was blocked once before it was found. */
	feed_task(ses, EVENT_FORK, ROOT, ROOT + 1, 120);
	feed_sight(ses, ROOT + 1, 130, WAIT_FUTEX);
	feed_spent(ses, ROOT + 1, 110, 130, 4, 2, 1);
	/* It still stands there. */
	feed_spent(ses, ROOT + 1, 130, 170, 0, 0, 0);
	/* It ran, and stands elsewhere: half each. */
	feed_sight(ses, ROOT + 1, 180, WAIT_SLEEP);
	feed_spent(ses, ROOT + 1, 170, 180, 1, 1, 3);
	/* Then it was found running: what it was blocked is all of the place before. */
	feed_spent(ses, ROOT + 1, 180, 190, 5, 0, 1);
	feed_sample(ses, ROOT + 1, 190);
	/* Running both times: that waits for the next place. */
	feed_spent(ses, ROOT + 1, 190, 200, 7, 0, 4);
	feed_sample(ses, ROOT + 1, 200);
	feed_sight(ses, ROOT + 1, 210, WAIT_IO);
	feed_spent(ses, ROOT + 1, 200, 210, 3, 0, 1);
	feed_spent(ses, ROOT + 1, 210, 216, 1, 0, 1);
	/* Told late: it had ended by 216. */
	feed_task(ses, EVENT_EXIT, ROOT, ROOT + 1, 222);
	p = finish(ses, 500);
	assert_int_equal(time_ms(p, ROOT + 1, NULL, NULL, 1), 106);
	assert_int_equal(time_ms(p, ROOT + 1, "running", NULL, 2), 21);
	/* What came after the last sample is its, too. */
	assert_int_equal(time_ms(p, ROOT + 1, "running", "[running, not sampled]", 2), 0);
	assert_int_equal(time_ms(p, ROOT + 1, "run queue", "[off-cpu: run queue]", 3), 3);
	assert_int_equal(time_ms(p, ROOT + 1, "futex", "[off-cpu: futex]", 3),
			 14 + 40 + 4);
	assert_int_equal(time_ms(p, ROOT + 1, "sleep", "[off-cpu: sleep]", 3), 4 + 5);
	assert_int_equal(time_ms(p, ROOT + 1, "io", "[off-cpu: io]", 3), 3 + 7 + 5);
	assert_int_equal(q->unknown_ns, 0);
	assert_int_equal(q->queue_unknown_ns, 3 * MS);
	assert_int_equal(q->switches, 11);
	assert_int_equal(q->contradictions, 0);
	session_free(ses);
}

static void feed_name(struct session *ses, uint32_t tid, const char *name)
{
	session_feed(ses, &(struct event){.type = EVENT_COMM,
					  .pid = ROOT,
					  .tid = tid,
					  .comm = {name, strlen(name), false}});
}

/* Milliseconds on the CPU of threads called @name. */
static uint64_t named_ms(const struct profile *p, const char *name)
{
	string_id key = profile_find_string(p, "thread");
	int64_t sum = 0;

	for (uint32_t i = 1; i < p->samples.n; i++) {
		const struct sample_row *r = &p->samples.v[i];

		if (!strcmp(profile_text(p, profile_label_str(p, r->labels, key)), name))
			sum += p->values.v[(size_t)i * p->nvalues + 2];
	}
	assert_int_equal(sum % (int64_t)MS, 0);
	return (uint64_t)sum / MS;
}

/* Samples come at chance moments: what was run between two is half of each, or whoever is
 * sampled late in his turns would have the most. What was run for far longer than chance
 * allows for belongs to none. The thread has another name at each. */
static void test_samples_by_chance(void **state)
{
	struct session *ses = begin_accounts();
	const struct quality_wall *q = &session_quality(ses)->wall;
	const struct profile *p;

	feed_task(ses, EVENT_FORK, ROOT, ROOT + 1, 100);
	feed_name(ses, ROOT + 1, "first");
	feed_spent(ses, ROOT + 1, 100, 110, 6, 0, 1);
	feed_sample(ses, ROOT + 1, 110);
	feed_name(ses, ROOT + 1, "second");
	feed_spent(ses, ROOT + 1, 110, 130, 20, 0, 1);
	feed_sample(ses, ROOT + 1, 130);
	feed_name(ses, ROOT + 1, "third");
	feed_spent(ses, ROOT + 1, 130, 190, 60, 0, 1);
	feed_sample(ses, ROOT + 1, 190);
	feed_name(ses, ROOT + 1, "last");
	feed_spent(ses, ROOT + 1, 190, 280, 90, 0, 1);
	feed_task(ses, EVENT_EXIT, ROOT, ROOT + 1, 280);
	/* Never sampled. */
	feed_task(ses, EVENT_FORK, ROOT, ROOT + 2, 100);
	feed_name(ses, ROOT + 2, "never");
	feed_spent(ses, ROOT + 2, 100, 105, 5, 0, 1);
	feed_task(ses, EVENT_EXIT, ROOT, ROOT + 2, 105);
	p = finish(ses, 500);
	assert_int_equal(named_ms(p, "first"), 6 + 10);
	assert_int_equal(named_ms(p, "second"), 10 + 30);
	assert_int_equal(named_ms(p, "third"), 30 + 80);
	assert_int_equal(named_ms(p, "last"), 10);
	assert_int_equal(named_ms(p, "never"), 5);
	assert_int_equal(time_ms(p, ROOT + 1, NULL, "[running, not sampled]", 2), 10);
	assert_int_equal(time_ms(p, ROOT + 2, NULL, "[running, not sampled]", 2), 5);
	assert_int_equal(q->unsampled_ns, 15 * MS);
	session_free(ses);
}

/* Accounts that are not whole: more time than has passed, a place that could not be read,
 * an end that is missing, an exec after which all go on to be told. */
static void test_rough_accounts(void **state)
{
	struct session *ses = begin_accounts();
	const struct quality_wall *q = &session_quality(ses)->wall;
	struct event exec = {.type = EVENT_COMM,
			     .pid = ROOT,
			     .tid = ROOT,
			     .time_ns = 300 * MS,
			     .comm = {"other", 5, true}};
	const struct profile *p;

	feed_spent(ses, ROOT, 100, 120, 15, 30, 1);
	feed_spent(ses, ROOT, 120, 140, 50, 50, 1);
	/* One that ends before it begins. */
	feed_spent(ses, ROOT, 140, 130, 5, 5, 1);
	feed_task(ses, EVENT_FORK, ROOT, ROOT + 1, 200);
	feed_spent(ses, ROOT + 1, 200, 290, 0, 0, 1);
	session_feed(ses, &exec);
	feed_sight(ses, ROOT + 1, 320, WAIT_POLL);
	feed_spent(ses, ROOT + 1, 290, 320, 0, 0, 1);
	p = finish(ses, 400);
	assert_int_equal(time_ms(p, ROOT, "running", NULL, 2), 35);
	assert_int_equal(time_ms(p, ROOT, "run queue", NULL, 3), 5);
	/* Where a capture ends early nothing tells of the rest. */
	assert_int_equal(time_ms(p, ROOT, "blocked", "[blocked, stack unknown]", 3), 260);
	assert_int_equal(time_ms(p, ROOT + 1, "blocked", "[blocked, stack unknown]", 3),
			 90);
	assert_int_equal(time_ms(p, ROOT + 1, "poll", NULL, 3), 30 + 80);
	assert_int_equal(q->lifetime_ns, (300 + 200) * MS);
	assert_int_equal(q->on_ns + q->off_ns, q->lifetime_ns);
	assert_int_equal(profile_total(p, 1), q->lifetime_ns);
	assert_int_equal(q->threads, 2);
	session_free(ses);
}

static void test_methods(void **state)
{
	assert_string_equal(wall_method(true, REACH_CGROUP), "switch-samples");
	assert_string_equal(wall_method(false, REACH_INHERIT), "switch-records");
	assert_string_equal(wall_method(false, REACH_TREE), "schedstat");
}

/* Lost switches: times stay those of a life, and it is counted. */
static void test_lost_switches(void **state)
{
	struct session *ses = begin(&options);
	const struct quality_wall *q = &session_quality(ses)->wall;
	const struct profile *p;

	feed_switch(ses, ROOT, 110, true, false);
	feed_switch(ses, ROOT, 130, true, false);
	feed_switch(ses, ROOT, 140, false, false);
	feed_switch(ses, ROOT, 150, false, false);
	p = finish(ses, 160);
	assert_int_equal(profile_total(p, 1), 60 * MS);
	assert_int_equal(q->contradictions, 2);
	session_free(ses);
}

static void test_calls(void **state)
{
	assert_int_equal(call_of_number(SYS_futex), WAIT_FUTEX);
	assert_int_equal(call_of_number(SYS_clock_nanosleep), WAIT_SLEEP);
	assert_int_equal(call_of_number(SYS_read), WAIT_IO);
	assert_int_equal(call_of_number(SYS_ppoll), WAIT_POLL);
	assert_int_equal(call_of_number(SYS_getpid), WAIT_OTHER);
	assert_int_equal(call_of_number(-1), WAIT_UNKNOWN);
	assert_int_equal(call_of_function("__x64_sys_futex"), WAIT_FUTEX);
	assert_int_equal(call_of_function("__arm64_sys_wait4"), WAIT_CHILD);
	assert_int_equal(call_of_function("__x64_sys_getpid"), WAIT_OTHER);
	assert_int_equal(call_of_function("io_schedule_timeout"), WAIT_IO);
	assert_int_equal(call_of_function("do_syscall_64"), WAIT_UNKNOWN);
	assert_true(call_is_scheduler("__schedule"));
	assert_false(call_is_scheduler("schedule_hrtimeout"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_thread),
		cmocka_unit_test(test_threads_come_and_go),
		cmocka_unit_test(test_read_from_outside),
		cmocka_unit_test(test_one_in_some),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_samples_by_chance),
		cmocka_unit_test(test_rough_accounts),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_lost_switches),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
