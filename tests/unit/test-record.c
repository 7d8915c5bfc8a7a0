/* record_decode: records are written here field by field as perf_event_open(2) describes
 * them, and cut and damaged in every way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/perf_event.h>

#include "../../src/perf/perf-priv.h"
#include <profd/mem.h>
#include <profd/sampler.h>
#include <profd/text.h>

static const struct record_format format = {
	.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
		       PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN |
		       PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
	.regs_mask = 0x7,
	.sample_id_all = true,
};

static void add64(struct text *t, uint64_t v)
{
	text_addn(t, &v, 8);
}

static void add32(struct text *t, uint32_t v)
{
	text_addn(t, &v, 4);
}

static void begin(struct text *t, uint32_t type, uint16_t misc)
{
	struct perf_event_header h = {.type = type, .misc = misc};

	text_clear(t);
	text_addn(t, &h, sizeof(h));
}

static void end(struct text *t)
{
	((struct perf_event_header *)(void *)t->s)->size = (uint16_t)t->len;
}

static void trailer(struct text *t, uint32_t pid, uint32_t tid, uint64_t time,
		    uint32_t cpu)
{
	add32(t, pid);
	add32(t, tid);
	add64(t, time);
	add32(t, cpu);
	add32(t, 0);
	end(t);
}

static int decode(const struct text *t, struct event *e)
{
	return record_decode(&format, t->s, t->len, e);
}

static void make_sample(struct text *t, bool regs)
{
	begin(t, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
	add64(t, 0x401000);
	add32(t, 10);
	add32(t, 11);
	add64(t, 12345);
	add32(t, 1);
	add32(t, 0);
	add64(t, 2004008);
	add64(t, 4); /* call chain */
	add64(t, (uint64_t)PERF_CONTEXT_KERNEL);
	add64(t, 0xffffffff81000010);
	add64(t, 0xffffffff81000020);
	add64(t, (uint64_t)PERF_CONTEXT_USER);
	add64(t, regs ? 2 : 0);
	if (!regs) {
		add64(t, 0); /* no stack, and then no dyn_size */
		end(t);
		return;
	}
	add64(t, 1);
	add64(t, 2);
	add64(t, 3);
	add64(t, 16);
	text_addn(t, "0123456789abcdef", 16);
	add64(t, 8);
	end(t);
}

static void test_sample(void **state)
{
	struct text t = {0};
	struct event e;

	make_sample(&t, true);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.type, EVENT_SAMPLE);
	assert_int_equal(e.pid, 10);
	assert_int_equal(e.tid, 11);
	assert_int_equal(e.time_ns, 12345);
	assert_int_equal(e.cpu, 1);
	assert_int_equal(e.sample.period, 2004008);
	assert_int_equal(e.sample.nkernel, 2);
	assert_int_equal(e.sample.kernel_pcs[0], 0xffffffff81000010);
	assert_int_equal(e.sample.regs_abi, 2);
	assert_int_equal(e.sample.regs[2], 3);
	assert_int_equal(e.sample.stack_bytes, 8);
	assert_memory_equal(e.sample.stack, "01234567", 8);
	assert_true(e.sample.user_mode);
	make_sample(&t, false);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.sample.regs_abi, 0);
	assert_null(e.sample.regs);
	assert_int_equal(e.sample.stack_bytes, 0);
	text_done(&t);
}

static void make_mmap(struct text *t, bool build_id)
{
	begin(t, PERF_RECORD_MMAP2, build_id ? PERF_RECORD_MISC_MMAP_BUILD_ID : 0);
	add32(t, 10);
	add32(t, 10);
	add64(t, 0x7f0000000000);
	add64(t, 0x1000);
	add64(t, 0x2000);
	if (build_id) {
		add32(t, 20);
		text_addn(t, "ABCDEFGHIJKLMNOPQRST", 20);
	} else {
		add32(t, 8);
		add32(t, 1);
		add64(t, 77);
		add64(t, 5);
	}
	add32(t, 5);
	add32(t, 2);
	text_addn(t, "/usr/lib/libx.so\0\0\0\0\0\0\0\0", 24);
	trailer(t, 10, 10, 99, 0);
}

static void test_mmap(void **state)
{
	struct text t = {0};
	struct event e;

	make_mmap(&t, false);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.type, EVENT_MMAP);
	assert_int_equal(e.time_ns, 99);
	assert_int_equal(e.mmap.off, 0x2000);
	assert_int_equal(e.mmap.ino, 77);
	assert_int_equal(e.mmap.path_len, 16);
	assert_memory_equal(e.mmap.path, "/usr/lib/libx.so", 16);
	make_mmap(&t, true);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.mmap.build_id_bytes, 20);
	assert_memory_equal(e.mmap.build_id, "ABCDEFGHIJKLMNOPQRST", 20);
	assert_int_equal(e.mmap.ino, 0);
	text_done(&t);
}

static void test_tasks(void **state)
{
	struct text t = {0};
	struct event e;

	begin(&t, PERF_RECORD_FORK, 0);
	add32(&t, 20);
	add32(&t, 10);
	add32(&t, 20);
	add32(&t, 11);
	add64(&t, 5);
	trailer(&t, 20, 20, 7, 1);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.type, EVENT_FORK);
	assert_int_equal(e.pid, 20);
	assert_int_equal(e.task.ppid, 10);
	assert_int_equal(e.task.ptid, 11);
	assert_int_equal(e.time_ns, 7);
	begin(&t, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	add32(&t, 20);
	add32(&t, 20);
	text_addn(&t, "sh\0\0\0\0\0\0", 8);
	trailer(&t, 20, 20, 8, 1);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.type, EVENT_COMM);
	assert_true(e.comm.exec);
	assert_int_equal(e.comm.comm_len, 2);
	begin(&t, PERF_RECORD_LOST, 0);
	add64(&t, 1);
	add64(&t, 42);
	trailer(&t, 20, 21, 9, 1);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.type, EVENT_LOST);
	assert_int_equal(e.lost, 42);
	assert_int_equal(e.tid, 21);
	text_done(&t);
}

/* A record type of a newer kernel is skipped, not an error. */
static void test_unknown(void **state)
{
	struct text t = {0};
	struct event e;

	begin(&t, 4242, 0);
	add64(&t, 1);
	trailer(&t, 1, 2, 3, 0);
	assert_int_equal(decode(&t, &e), 0);
	assert_int_equal(e.type, EVENT_OTHER);
	text_done(&t);
}

/* Every length, and 20,000 damaged records: an answer, and never a view outside of the
 * record (the copy is exactly as long, so that a sanitizer sees one byte too many). */
static void test_damage(void **state)
{
	struct text t = {0};
	struct event e;
	unsigned bad = 0;

	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t n;
		char *copy;

		if (i % 2)
			make_sample(&t, true);
		else
			make_mmap(&t, i % 4 == 0);
		n = i < 400 ? (size_t)i / 2 % t.len : t.len;
		n = n < 8 ? 8 : n & ~(size_t)7;
		copy = malloc(n);
		memcpy(copy, t.s, n);
		((struct perf_event_header *)(void *)copy)->size = (uint16_t)n;
		for (int k = 0; i >= 400 && k < 3; k++)
			copy[8 + (size_t)rand() % (n - 8)] ^= (char)(1 << rand() % 8);
		if (record_decode(&format, copy, n, &e) < 0) {
			bad++;
		} else if (e.type == EVENT_SAMPLE) {
			const struct event_sample *s = &e.sample;

			assert_true(
				!s->stack_bytes ||
				((const char *)s->stack >= copy &&
				 (const char *)s->stack + s->stack_bytes <= copy + n));
			assert_true(!s->nkernel ||
				    (const char *)(s->kernel_pcs + s->nkernel) <=
					    copy + n);
		} else if (e.type == EVENT_MMAP) {
			assert_true(e.mmap.path + e.mmap.path_len <= copy + n);
		}
		free(copy);
	}
	assert_true(bad > 100);
	text_done(&t);
}

/* Two events in one ring, told apart by their ids; the second does not repeat its
 * period. */
static void test_several_events(void **state)
{
	static const uint64_t periods[] = {0, 100};
	struct map ids = {0};
	struct record_format f = {.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP |
						 PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
						 PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD,
				  .sample_id_all = true,
				  .events = &ids,
				  .periods = periods};
	struct text t = {0};
	struct event e;

	map_put(&ids, 700, 1);
	map_put(&ids, 701, 2);
	for (uint64_t id = 700; id < 703; id++) {
		begin(&t, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
		add64(&t, id);
		add64(&t, 0x401000);
		add32(&t, 10);
		add32(&t, 11);
		add64(&t, 12345);
		add32(&t, 1);
		add32(&t, 0);
		if (id == 700)
			add64(&t, 77);
		end(&t);
		if (id == 702) { /* of no event of ours */
			assert_int_equal(record_decode(&f, t.s, t.len, &e), -EBADMSG);
			continue;
		}
		assert_int_equal(record_decode(&f, t.s, t.len, &e), 0);
		assert_int_equal(e.sample.event, id - 700);
		assert_int_equal(e.sample.period, id == 700 ? 77 : 100);
		assert_int_equal(e.time_ns, 12345);
	}
	/* other records have the id behind the CPU */
	begin(&t, PERF_RECORD_THROTTLE, 0);
	add64(&t, 1);
	add64(&t, 701);
	add64(&t, 701);
	add32(&t, 10);
	add32(&t, 11);
	add64(&t, 54321);
	add32(&t, 1);
	add32(&t, 0);
	add64(&t, 701);
	end(&t);
	assert_int_equal(record_decode(&f, t.s, t.len, &e), 0);
	assert_int_equal(e.type, EVENT_THROTTLE);
	assert_int_equal(e.time_ns, 54321);
	assert_int_equal(e.tid, 11);
	map_done(&ids);
	text_done(&t);
}

/* In and out, given up and preempted, of one task and of a whole CPU. */
static void test_switches(void **state)
{
	static const uint16_t miscs[] = {0, PERF_RECORD_MISC_SWITCH_OUT,
					 PERF_RECORD_MISC_SWITCH_OUT |
						 PERF_RECORD_MISC_SWITCH_OUT_PREEMPT};
	struct text t = {0};
	struct event e;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(miscs); i++) {
		bool wide = i % 2;

		begin(&t, wide ? PERF_RECORD_SWITCH_CPU_WIDE : PERF_RECORD_SWITCH,
		      miscs[i / 2]);
		if (wide)
			add64(&t, 77ull << 32 | 77); /* who is on the other side */
		trailer(&t, 10, 11, 12345, 1);
		assert_int_equal(decode(&t, &e), 0);
		assert_int_equal(e.type, EVENT_SWITCH);
		assert_int_equal(e.pid, 10);
		assert_int_equal(e.tid, 11);
		assert_int_equal(e.time_ns, 12345);
		assert_int_equal(e.change.out, i / 2 > 0);
		assert_int_equal(e.change.preempt, i / 2 == 2);
	}
	text_done(&t);
}

/* What is lost of the samples of switches is none of the other events' business. */
static void test_lost_extra(void **state)
{
	struct record_format f = format;
	struct map ids = {0};
	struct text t = {0};
	struct event e;

	f.events = &ids;
	map_put(&ids, 700, 1);
	map_put(&ids, 701, EVENT_SWITCHED + 1);
	for (uint64_t id = 700; id < 702; id++) {
		begin(&t, PERF_RECORD_LOST, 0);
		add64(&t, id);
		add64(&t, 5);
		trailer(&t, 0, 0, 12345, 1);
		assert_int_equal(record_decode(&f, t.s, t.len, &e), 0);
		assert_int_equal(e.type, id == 700 ? EVENT_LOST : EVENT_OTHER);
	}
	map_done(&ids);
	text_done(&t);
}

/* As a burst of 8,000 page faults at 499 Hz was recorded on Linux 6.18, with the true
 * distances read by PERF_SAMPLE_READ. */
static void test_weights_of_a_burst(void **state)
{
	static const uint64_t carried[] = {1, 1, 1, 52, 8218},
			      true_ones[] = {1, 1, 1, 1, 52};
	struct map before = {0};

	for (uint32_t i = 0; i < ARRAY_SIZE(carried); i++) {
		uint64_t one = carried[i], other = 10 + i;

		weight_correct(&before, weight_instance(1, 3, 42), &one);
		weight_correct(&before, weight_instance(1, 3, 43), &other);
		assert_int_equal(one, true_ones[i]);
		assert_int_equal(other, i ? 9 + i : 1);
	}
	assert_true(weight_instance(1, 3, 42) != weight_instance(2, 3, 42));
	assert_true(weight_instance(1, 3, 42) != weight_instance(1, 4, 42));
	map_done(&before);
}

/* A tid that comes back starts anew; others keep what they have. */
static void test_weights_of_a_reused_tid(void **state)
{
	struct map before = {0};
	uint64_t carried = 8218, other = 8218;

	weight_note(&before, 42);
	weight_correct(&before, weight_instance(1, 3, 42), &carried);
	weight_note(&before, 43);
	weight_correct(&before, weight_instance(1, 3, 43), &other);
	weight_forget(&before, 42, 2, 4);
	carried = other = 5;
	weight_correct(&before, weight_instance(1, 3, 42), &carried);
	weight_correct(&before, weight_instance(1, 3, 43), &other);
	assert_int_equal(carried, 1);
	assert_int_equal(other, 8218);
	weight_forget(&before, 43, 2, 4);
	weight_forget(&before, 44, 2, 4); /* had none */
	assert_int_equal(before.n, 1);	  /* that of 42, which was not noted again */
	map_done(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_several_events),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_lost_extra),
		cmocka_unit_test(test_weights_of_a_burst),
		cmocka_unit_test(test_weights_of_a_reused_tid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
