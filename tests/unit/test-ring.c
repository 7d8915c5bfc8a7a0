/* struct ring against a ring that the test fills as the kernel does, wrapping and all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/perf_event.h>

#include <profd/ring.h>

#define DATA_BYTES 65536u

/* A memory file in place of the perf event: the layout is what ring_open maps. */
static int fake_event(void)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096 + DATA_BYTES), 0);
	return fd;
}

static uint64_t head, number;

static void produce(struct ring *r, size_t size)
{
	struct perf_event_mmap_page *meta = r->base;
	struct perf_event_header h = {.type = 77, .size = (uint16_t)size};
	uint8_t *record = calloc(1, size);

	memcpy(record, &h, sizeof(h));
	for (size_t i = 8; i < size; i += 8)
		memcpy(record + i, &number, 8);
	number++;
	for (size_t i = 0; i < size; i++)
		r->data[(head + i) & r->mask] = record[i];
	head += size;
	meta->data_head = head;
	free(record);
}

static void count_record(void *arg, struct ring *r, uint64_t at)
{
	uint64_t *last = arg;

	assert_int_equal(ring_word(r, at + 8), *last);
	(*last)++;
}

static void test_wrapping(void **state)
{
	int fd = fake_event();
	struct ring r;
	uint64_t seen = 0, scanned = 0;

	head = number = 0;
	assert_int_equal(ring_open(&r, fd, DATA_BYTES), 0);
	srand(3);
	for (int round = 0; round < 2000; round++) {
		const struct perf_event_mmap_page *meta = r.base;

		while (head - meta->data_tail < DATA_BYTES / 2)
			produce(&r, 16 + 8 * ((size_t)rand() % 2000));
		ring_fetch(&r);
		ring_scan(&r, count_record, &scanned);
		for (const uint64_t *rec; (rec = ring_peek(&r)); ring_advance(&r)) {
			const struct perf_event_header *h = (const void *)rec;

			for (size_t i = 1; i < h->size / 8u; i++)
				assert_int_equal(rec[i], seen);
			seen++;
		}
		ring_release(&r);
		assert_int_equal(meta->data_tail, head);
	}
	assert_int_equal(seen, number);
	assert_int_equal(scanned, number);
	ring_close(&r);
	close(fd);
}

/* A size that no kernel writes ends the batch instead of looping for ever. */
static void test_broken_size(void **state)
{
	int fd = fake_event();
	struct ring r;

	head = number = 0;
	assert_int_equal(ring_open(&r, fd, DATA_BYTES), 0);
	produce(&r, 16);
	produce(&r, 24);
	((struct perf_event_header *)(void *)(r.data + 16))->size = 0;
	ring_fetch(&r);
	assert_non_null(ring_peek(&r));
	ring_advance(&r);
	assert_null(ring_peek(&r));
	assert_int_equal(r.pos, r.limit);
	ring_close(&r);
	close(fd);
}

/* A record larger than the ring, or a head that is no multiple of 8, would be read past
 * the end; a head far ahead would have the ring read over and over. */
static void test_hostile_head(void **state)
{
	int fd = fake_event();
	struct perf_event_mmap_page *meta;
	struct ring r;

	assert_int_equal(ring_open(&r, fd, 4096), 0);
	meta = r.base;
	*(struct perf_event_header *)(void *)r.data = (struct perf_event_header){
		.type = 3, .size = 65528};
	meta->data_head = 1ull << 60;
	ring_fetch(&r);
	assert_null(ring_peek(&r));
	assert_int_equal(r.pos, 1ull << 60);
	meta->data_head += 4096 - 4;
	ring_fetch(&r);
	assert_int_equal(r.limit, (1ull << 60) + 4096 - 8);
	assert_null(ring_peek(&r)); /* 65528 bytes do not fit */
	ring_close(&r);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_broken_size),
		cmocka_unit_test(test_hostile_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
