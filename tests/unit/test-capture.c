/* Captures: every record goes through both encodings and comes back the same, whatever
 * its fields hold; files that are cut, damaged or of another version are told as what
 * they are. The records are filled by the table of fields, so a new one is tested with
 * the others. */
#include <errno.h>
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

#include <profd/capture.h>
#include <profd/io.h>
#include <profd/mem.h>

#define VARIANTS 6

static const uint64_t numbers[VARIANTS] = {0,	      1, 127, 128, 0x8000000000000000ull,
					   UINT64_MAX};
static const int64_t signeds[VARIANTS] = {0, -1, 64, -64, INT64_MIN, INT64_MAX};

static uint64_t list[3000];
static uint8_t data[5000];
static const char text[] = "a \"b\"\\c\n\td\x01\x7f\xff\0e=#,* \r\n";

static struct capture_list fill_list(unsigned variant)
{
	static const size_t sizes[VARIANTS] = {0, 1, 7, 3000, 2, 128};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = i % 3 ? UINT64_MAX - i : i;
	return (struct capture_list){sizes[variant] ? list : NULL, sizes[variant]};
}

/* Zeros, words, odd ends. */
static struct capture_bytes fill_data(unsigned variant)
{
	static const size_t sizes[VARIANTS] = {0, 0, 63, 64, 4099, 5000};

	memset(data, 0, sizeof(data));
	for (size_t i = 0; i < sizes[variant]; i++)
		data[i] = variant < 5 && i / 100 % 2 ? (uint8_t)(i * 31) : 0;
	return (struct capture_bytes){variant ? data : NULL, sizes[variant]};
}

static struct capture_bytes fill_string(unsigned variant)
{
	static const size_t sizes[VARIANTS] = {0, 0, 1, 5, sizeof(text) - 1, 9};

	return (struct capture_bytes){variant ? (const uint8_t *)text : NULL,
				      sizes[variant]};
}

static void fill_field(struct capture_record *r, const struct capture_field *f,
		       unsigned variant)
{
	void *at = (char *)r + f->at;

	switch (f->kind) {
	case CAPTURE_NUMBER:
	case CAPTURE_HEX:
		*(uint64_t *)at = numbers[variant];
		break;
	case CAPTURE_SIGNED:
		*(int64_t *)at = signeds[variant];
		break;
	case CAPTURE_STRING:
		*(struct capture_bytes *)at = fill_string(variant);
		break;
	case CAPTURE_DATA:
		*(struct capture_bytes *)at = fill_data(variant);
		break;
	case CAPTURE_LIST:
		*(struct capture_list *)at = fill_list(variant);
		break;
	}
}

static size_t size_of(enum capture_kind kind)
{
	if (kind == CAPTURE_STRING || kind == CAPTURE_DATA)
		return sizeof(struct capture_bytes);
	return kind == CAPTURE_LIST ? sizeof(struct capture_list) : 8;
}

static void fill(struct capture_record *r, unsigned type, unsigned variant)
{
	const struct capture_shape *shape = capture_shape(type);

	*r = (struct capture_record){.type = (enum capture_type)type};
	for (size_t i = 0; i < shape->nfields; i++)
		fill_field(r, &shape->fields[i], (variant + (unsigned)i) % VARIANTS);
}

static void same_bytes(const struct capture_bytes *a, const struct capture_bytes *b)
{
	assert_int_equal(!a->p, !b->p);
	assert_int_equal(a->n, b->n);
	if (a->n)
		assert_memory_equal(a->p, b->p, a->n);
}

static void same(const struct capture_record *a, const struct capture_record *b)
{
	const struct capture_shape *shape = capture_shape(a->type);

	assert_int_equal(a->type, b->type);
	for (size_t i = 0; i < shape->nfields; i++) {
		const struct capture_field *f = &shape->fields[i];
		const char *x = (const char *)a + f->at, *y = (const char *)b + f->at;
		const struct capture_list *l = (const void *)x, *m = (const void *)y;

		if (f->kind == CAPTURE_STRING || f->kind == CAPTURE_DATA) {
			same_bytes((const void *)x, (const void *)y);
			continue;
		}
		assert_memory_equal(f->kind == CAPTURE_LIST ? (const char *)&l->n : x,
				    f->kind == CAPTURE_LIST ? (const char *)&m->n : y, 8);
		if (f->kind == CAPTURE_LIST && l->n)
			assert_memory_equal(l->v, m->v, l->n * sizeof(*l->v));
	}
}

/* The members of each record follow each other without a gap or an overlap. */
static void test_table_is_whole(void **state)
{
	for (unsigned type = 0; type < CAPTURE_TYPES; type++) {
		const struct capture_shape *shape = capture_shape(type);
		char used[sizeof(struct capture_record)] = {0};
		size_t end = offsetof(struct capture_record, header), sum = 0;

		if (!shape)
			continue;
		assert_int_equal(capture_type_find(shape->name, strlen(shape->name)),
				 type);
		for (size_t i = 0; i < shape->nfields; i++) {
			const struct capture_field *f = &shape->fields[i];
			size_t size = size_of(f->kind);

			assert_true(f->at + size <= sizeof(used));
			assert_null(memchr(used + f->at, 1, size));
			memset(used + f->at, 1, size);
			sum += size;
			end = f->at + size > end ? f->at + size : end;
		}
		assert_int_equal(sum, end - offsetof(struct capture_record, header));
	}
	assert_null(capture_shape(0));
	assert_null(capture_shape(CAPTURE_TYPES));
	assert_int_equal(capture_type_find("nosuch", 6), 0);
}

static int open_bytes(const struct text *t)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_write(fd, text_get(t), t->len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct capture_reader *open_text(const char *s, struct error *err)
{
	struct text t = {0};
	struct capture_reader *r;

	text_add(&t, s);
	r = capture_open(open_bytes(&t), "x.capture", err);
	text_done(&t);
	return r;
}

static void put_header(struct text *out, bool as_text, uint64_t minor)
{
	struct capture_record r = {.type = CAPTURE_HEADER};

	r.header.major = CAPTURE_MAJOR;
	r.header.minor = minor;
	capture_begin(out, as_text);
	(as_text ? capture_print : capture_encode)(out, &r);
}

static void put_all(struct text *out, bool as_text)
{
	put_header(out, as_text, CAPTURE_MINOR);
	for (unsigned type = 2; type < CAPTURE_TYPES; type++) {
		for (unsigned v = 0; capture_shape(type) && v < VARIANTS; v++) {
			struct capture_record r;

			fill(&r, type, v);
			(as_text ? capture_print : capture_encode)(out, &r);
		}
	}
}

static void check_all(struct capture_reader *reader)
{
	struct capture_record got, want;
	struct error err = {0};

	assert_int_equal(capture_next(reader, &got, &err), 1);
	assert_int_equal(got.type, CAPTURE_HEADER);
	for (unsigned type = 2; type < CAPTURE_TYPES; type++) {
		for (unsigned v = 0; capture_shape(type) && v < VARIANTS; v++) {
			int code = capture_next(reader, &got, &err);

			if (code != 1)
				fail_msg("%s, variant %u: %s", capture_shape(type)->name,
					 v, err.text);
			fill(&want, type, v);
			same(&got, &want);
		}
	}
	assert_int_equal(capture_next(reader, &got, &err), 0);
	assert_false(capture_cut(reader));
}

static void round_trip(bool as_text)
{
	struct text t = {0};
	struct error err = {0};
	struct capture_reader *reader;

	put_all(&t, as_text);
	reader = capture_open(open_bytes(&t), "x.capture", &err);
	assert_non_null(reader);
	check_all(reader);
	capture_close(reader);
	text_done(&t);
}

static void test_binary_round_trip(void **state)
{
	round_trip(false);
}

static void test_text_round_trip(void **state)
{
	round_trip(true);
}

/* Binary to text to binary is the same file. */
static void test_encodings_say_the_same(void **state)
{
	struct text binary = {0}, printed = {0}, again = {0};
	struct capture_reader *reader;
	struct capture_record r;
	struct error err = {0};

	put_all(&binary, false);
	reader = capture_open(open_bytes(&binary), "x.capture", &err);
	capture_begin(&printed, true);
	while (capture_next(reader, &r, &err) > 0)
		capture_print(&printed, &r);
	capture_close(reader);
	reader = capture_open(open_bytes(&printed), "x.capture", &err);
	assert_non_null(reader);
	capture_begin(&again, false);
	while (capture_next(reader, &r, &err) > 0)
		capture_encode(&again, &r);
	capture_close(reader);
	assert_int_equal(again.len, binary.len);
	assert_memory_equal(again.s, binary.s, binary.len);
	text_done(&binary);
	text_done(&printed);
	text_done(&again);
}

static void test_strings_are_terminated(void **state)
{
	struct text t = {0};
	struct capture_room room = {0};
	struct capture_record r = {.type = CAPTURE_ARG};
	size_t head;

	r.arg = capture_str("abc");
	capture_encode(&t, &r);
	head = 1 + 4;
	assert_int_equal(capture_decode(CAPTURE_ARG, (const uint8_t *)t.s + head,
					t.len - head, &room, &r),
			 0);
	assert_string_equal((const char *)r.arg.p, "abc");
	capture_room_done(&room);
	text_done(&t);
}

/* --- other versions ----------------------------------------------------------------- */

static void test_unknown_records_are_skipped(void **state)
{
	struct text t = {0};
	struct capture_reader *reader;
	struct capture_record r = {.type = CAPTURE_LOST};
	struct error err = {0};

	put_header(&t, false, CAPTURE_MINOR + 1);
	text_addn(&t, "\xf3\x07\x85\x80\x80\x00hello", 11); /* type 1011, 5 bytes */
	text_addn(&t, "\x0c\x80\x80\x80\x00", 5); /* type 12, within the table's range */
	r.lost.lost = 7;
	capture_encode(&t, &r);
	reader = capture_open(open_bytes(&t), "x.capture", &err);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(r.type, CAPTURE_LOST);
	assert_int_equal(r.lost.lost, 7);
	assert_int_equal(capture_next(reader, &r, &err), 0);
	capture_close(reader);
	text_done(&t);
}

static void test_fields_come_and_go(void **state)
{
	static const uint8_t more[] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
	struct capture_room room = {0};
	struct capture_record r;

	assert_int_equal(capture_decode(CAPTURE_LOST, more, sizeof(more), &room, &r), 0);
	assert_int_equal(r.lost.event.cpu, 6);
	assert_int_equal(r.lost.lost, 5);
	assert_int_equal(capture_decode(CAPTURE_LOST, more, 2, &room, &r), 0);
	assert_int_equal(r.lost.event.pid, 8);
	assert_int_equal(r.lost.event.tid, 0);
	assert_int_equal(r.lost.lost, 0);
	capture_room_done(&room);
}

static void test_newer_text(void **state)
{
	struct error err = {0};
	struct capture_record r;
	struct capture_reader *reader = open_text(
		"capture major=1 minor=99\n"
		"novelty a=1\n"
		"lost pid=3 new=\"a b\\\" lost=5\" newer=*5 lost=4\n",
		&err);

	assert_non_null(reader);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(r.type, CAPTURE_LOST);
	assert_int_equal(r.lost.lost, 4);
	assert_int_equal(capture_next(reader, &r, &err), 0);
	capture_close(reader);
}

static void test_other_major_is_refused(void **state)
{
	struct error err = {0};

	assert_null(open_text("capture major=2\n", &err));
	assert_int_equal(err.code, -ENOTSUP);
	assert_non_null(strstr(err.text, "2.0"));
}

static void test_not_a_capture(void **state)
{
	static const char *const files[] = {"",
					    "\n",
					    "x",
					    "# comment\n",
					    "lost lost=3\n",
					    "capture major=1",
					    "capture major=\n",
					    "\x89profd\x1a",
					    "\x89profd\x1a\n",
					    "\x89profd\x1a\n\x01",
					    "\177ELF\n"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct error err = {0};

		assert_null(open_text(files[i], &err));
		assert_int_equal(err.code, -EBADMSG);
		assert_non_null(strstr(err.text, "x.capture"));
	}
}

/* --- text by hand ------------------------------------------------------------------- */

static void test_text_by_hand(void **state)
{
	struct error err = {0};
	struct capture_record r;
	struct capture_reader *reader = open_text(
		"# made by hand\n"
		"\n"
		"capture minor=0 major=1\r\n"
		"  # no: this continues the line above\n",
		&err);

	assert_null(reader); /* '#' is no field */
	reader = open_text("# made by hand\n"
			   "\n"
			   "capture major=0x1\n"
			   "sample pid=7\n"
			   "\tregs=1,0x2,\n"
			   "\t3 stack=*8,\n"
			   "\t\t0x1122,ff00,*1\n"
			   "   # not a comment\n",
			   &err);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(capture_next(reader, &r, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "line 4"));
	capture_close(reader);
	reader = open_text("capture major=0x1\n"
			   "sample pid=7\n"
			   "\tregs=1,0x2,\n"
			   "\t3 stack=*8,\n"
			   "\t\t0x1122,ff00,*1\n"
			   "arg arg=\"a\"\n"
			   "\t\"b\"\"c\"\n",
			   &err);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_int_equal(r.sample.regs.n, 3);
	assert_int_equal(r.sample.regs.v[2], 3);
	assert_int_equal(r.sample.stack.n, 19);
	assert_memory_equal(r.sample.stack.p,
			    "\0\0\0\0\0\0\0\0\x22\x11\0\0\0\0\0\0\xff\0\0", 19);
	assert_int_equal(capture_next(reader, &r, &err), 1);
	assert_string_equal((const char *)r.arg.p, "abc");
	capture_close(reader);
}

static void test_damaged_text(void **state)
{
	static const char *const lines[] = {
		"nosuch",
		"lost lost",
		"lost lost=",
		"lost lost=x",
		"lost lost=1x",
		"lost lost=18446744073709551616",
		"lost nosuch=1",
		"lost =1",
		"end status=-9223372036854775809",
		"end status=9223372036854775808",
		"arg arg=a",
		"arg arg=\"a",
		"arg arg=\"\\q\"",
		"arg arg=\"\\x1\"",
		"arg arg=\"\\",
		"page data=f",
		"page data=ff, pid=1",
		"page data=ff,,ff",
		"page data=0x",
		"page data=*",
		"page data=*33554433",
		"page data=*33554432,*33554432",
		"sample regs=",
		"sample regs=1, pid=1",
		"sample regs=1,x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *file = xasprintf("capture major=1\n\n%s\n",
						      lines[i]);
		struct error err = {0};
		struct capture_reader *reader = open_text(file, &err);
		struct capture_record r;
		int code;

		assert_int_equal(capture_next(reader, &r, &err), 1);
		code = capture_next(reader, &r, &err);
		if (code != -EBADMSG)
			fail_msg("%s: %d", lines[i], code);
		assert_non_null(strstr(err.text, "line 3"));
		capture_close(reader);
	}
}

/* --- damaged files ------------------------------------------------------------------ */

static int read_all(const struct text *t, size_t n, bool *ret_cut)
{
	struct text part = {0};
	struct capture_reader *reader;
	struct capture_record r;
	struct error err = {0};
	int code;

	text_addn(&part, t->s, n);
	reader = capture_open(open_bytes(&part), "x.capture", &err);
	text_done(&part);
	*ret_cut = false;
	if (!reader)
		return err.code;
	while ((code = capture_next(reader, &r, &err)) > 0)
		;
	*ret_cut = capture_cut(reader);
	capture_close(reader);
	return code;
}

static void put_some(struct text *out, bool as_text)
{
	struct capture_record r = {.type = CAPTURE_COMM};

	put_header(out, as_text, CAPTURE_MINOR);
	r.comm.comm = capture_str("word");
	(as_text ? capture_print : capture_encode)(out, &r);
	fill(&r, CAPTURE_SAMPLE, 2);
	(as_text ? capture_print : capture_encode)(out, &r);
}

static void cut_everywhere(bool as_text)
{
	struct text t = {0}, head = {0};
	bool cut;

	put_some(&t, as_text);
	put_header(&head, as_text, CAPTURE_MINOR);
	for (size_t n = head.len; n < t.len; n++) {
		assert_int_equal(read_all(&t, n, &cut), 0);
		/* Between two records, and between the lines of one, nothing shows. */
		if (!as_text && !cut)
			assert_true(n == head.len || t.s[n] == CAPTURE_SAMPLE);
		if (as_text)
			assert_int_equal(cut, t.s[n - 1] != '\n' || t.s[n - 2] == ',');
	}
	assert_int_equal(read_all(&t, t.len, &cut), 0);
	assert_false(cut);
	text_done(&t);
	text_done(&head);
}

static void test_cut_files(void **state)
{
	cut_everywhere(false);
	cut_everywhere(true);
}

static void damage_everywhere(bool as_text)
{
	struct text t = {0};
	bool cut;

	put_some(&t, as_text);
	for (size_t i = 0; i < t.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			int code;

			t.s[i] = (char)(t.s[i] ^ 1 << bit);
			code = read_all(&t, t.len, &cut);
			assert_true(code == 0 || code == -EBADMSG || code == -ENOTSUP);
			t.s[i] = (char)(t.s[i] ^ 1 << bit);
		}
	}
	text_done(&t);
}

static void test_damaged_files(void **state)
{
	damage_everywhere(false);
	damage_everywhere(true);
}

static void test_damaged_binary(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} records[] = {
		{"\x14\xff\xff\xff\x7f", 5}, /* longer than a record may be */
		{"\x14\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11}, /* beyond 64 bits */
		{"\x14\x01\x80", 3},	 /* a number without an end */
		{"\x05\x02\x05\x61", 4}, /* a string longer than the record */
		{"\x18\x0a\0\0\0\0\0\0\0\0\0\x7f", 12},		/* a list of too many */
		{"\x18\x0c\0\0\0\0\0\0\0\0\0\xff\xff\x7f", 14}, /* beyond any list */
	};

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		struct text t = {0};
		bool cut;

		put_header(&t, false, CAPTURE_MINOR);
		text_addn(&t, records[i].bytes, records[i].n);
		assert_int_equal(read_all(&t, t.len, &cut), -EBADMSG);
		text_done(&t);
	}
}

/* A record larger than the reader's first buffer, and one as large as may be. */
static void test_large_records(void **state)
{
	static const size_t sizes[] = {300000, 20u << 20};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *big = xcalloc(1, sizes[i]);
		struct capture_record r = {.type = CAPTURE_PROC_MAPS};
		struct capture_reader *reader;
		struct error err = {0};
		struct text t = {0};

		put_header(&t, i, CAPTURE_MINOR);
		memset(big, 'x', sizes[i]);
		r.slurp.data = capture_bytes(big, sizes[i]);
		(i ? capture_print : capture_encode)(&t, &r);
		reader = capture_open(open_bytes(&t), "x.capture", &err);
		assert_int_equal(capture_next(reader, &r, &err), 1);
		assert_int_equal(capture_next(reader, &r, &err), 1);
		assert_int_equal(r.slurp.data.n, sizes[i]);
		assert_memory_equal(r.slurp.data.p, big, sizes[i]);
		assert_int_equal(capture_next(reader, &r, &err), 0);
		capture_close(reader);
		text_done(&t);
		free(big);
	}
}

static int read_text(const char *s)
{
	struct text t = {0};
	bool cut;
	int code;

	text_add(&t, s);
	code = read_all(&t, t.len, &cut);
	text_done(&t);
	return code;
}

/* A line of text can stand for 32 MiB of zeros; not all of them may. */
static void test_zeros_stay_in_proportion(void **state)
{
	struct text t = {0};

	text_add(&t, "capture major=1\n");
	for (unsigned i = 0; i < 1000; i++)
		text_addf(&t, "page pid=10 addr=0x7fff1234%u000 data=*4096\n", 1000 + i);
	text_add(&t, "page data=*33554432\npage data=*33554432\n");
	assert_int_equal(read_text(t.s), 0);
	text_add(&t, "page data=*33554432\n");
	assert_int_equal(read_text(t.s), -EBADMSG);
	text_done(&t);
}

/* Strings count, too: what is left for zeros must not go below nothing. */
static void test_zeros_behind_a_long_string(void **state)
{
	struct text t = {0};
	char *a = xmalloc((33u << 20) + 1);

	memset(a, 'a', 33u << 20);
	a[33u << 20] = 0;
	text_addf(&t, "capture major=1\nmmap path=\"%s\" build_id=*8589934592\n", a);
	assert_int_equal(read_text(t.s), -EBADMSG);
	text_done(&t);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_binary_round_trip),
		cmocka_unit_test(test_text_round_trip),
		cmocka_unit_test(test_encodings_say_the_same),
		cmocka_unit_test(test_strings_are_terminated),
		cmocka_unit_test(test_unknown_records_are_skipped),
		cmocka_unit_test(test_fields_come_and_go),
		cmocka_unit_test(test_newer_text),
		cmocka_unit_test(test_other_major_is_refused),
		cmocka_unit_test(test_not_a_capture),
		cmocka_unit_test(test_text_by_hand),
		cmocka_unit_test(test_damaged_text),
		cmocka_unit_test(test_cut_files),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_damaged_binary),
		cmocka_unit_test(test_large_records),
		cmocka_unit_test(test_zeros_stay_in_proportion),
		cmocka_unit_test(test_zeros_behind_a_long_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
