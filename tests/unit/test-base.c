/* mem, vec, map, text, number, io, json: the ground everything else stands on. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/clock.h>
#include <profd/error.h>
#include <profd/io.h>
#include <profd/json.h>
#include <profd/map.h>
#include <profd/number.h>
#include <profd/text.h>
#include <profd/vec.h>

static void test_arena(void **state)
{
	struct arena a = {0};
	char *small = arena_strndup(&a, "abc", 2);
	char *big = arena_alloc(&a, 1 << 20);

	assert_string_equal(small, "ab");
	for (size_t i = 0; i < 1 << 20; i++)
		assert_int_equal(big[i], 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal((uintptr_t)arena_alloc(&a, 1 + i % 50) % 8, 0);
	arena_done(&a);
}

static void test_vec(void **state)
{
	VEC(int) v = {0};

	for (int i = 0; i < 1000; i++)
		vec_push(&v, i);
	vec_insert(&v, 10, -1);
	assert_int_equal(v.v[10], -1);
	assert_int_equal(v.v[11], 10);
	vec_remove(&v, 10, 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v.v[i], i);
	vec_done(&v);
}

/* Against a plain array as the model: random puts and removes. */
static void test_map(void **state)
{
	uint64_t model[512] = {0};
	struct map m = {0};
	uint32_t seed = 1;

	for (int i = 0; i < 100000; i++) {
		uint32_t key;

		seed = seed * 1664525u + 1013904223u;
		key = (seed >> 16) % 512;
		if (seed % 3) {
			model[key] = i + 1;
			map_put(&m, key * 4096ull, i + 1);
		} else {
			model[key] = 0;
			map_remove(&m, key * 4096ull);
		}
		assert_int_equal(map_find(&m, key * 4096ull), model[key]);
	}
	for (uint32_t key = 0; key < 512; key++)
		assert_int_equal(map_find(&m, key * 4096ull), model[key]);
	map_done(&m);
	assert_int_equal(map_find(&m, 1), 0);
}

static bool int_equal(const void *table, uint32_t id, const void *key)
{
	return ((const int *)table)[id] == *(const int *)key;
}

static void test_index(void **state)
{
	int table[1001];
	struct index ix = {0};

	for (int i = 1; i <= 1000; i++) {
		table[i] = i * 7;
		/* few distinct hashes: collisions everywhere */
		index_add(&ix, (uint32_t)i % 10, (uint32_t)i);
	}
	for (int i = 1; i <= 1000; i++) {
		int key = i * 7;

		assert_int_equal(
			index_find(&ix, (uint32_t)i % 10, int_equal, table, &key), i);
	}
	index_done(&ix);
}

static void check_clean(const char *in, const char *want)
{
	struct text t = {0};

	text_add_clean(&t, in, strlen(in));
	assert_string_equal(text_get(&t), want);
	assert_true(text_is_clean(text_get(&t), t.len));
	text_done(&t);
}

/* The ill-formed sequences of the Unicode Standard, table 3-7, and what XML 1.0
 * forbids. */
static void test_clean(void **state)
{
	check_clean("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5",
		    "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5");
	check_clean("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
	check_clean("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_clean("\xf4\x90\x80\x80",
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_clean("cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd");
	check_clean("a\nb\x1b[31m\x7f", "a\xef\xbf\xbd"
					"b\xef\xbf\xbd[31m\xef\xbf\xbd");
	check_clean("\xc2\x85 \xef\xbf\xbe \xef\xbf\xbf",
		    "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd");
}

static void test_escapes(void **state)
{
	struct text t = {0};

	text_add_xml(&t, "<a href=\"x\">'&'</a>", 20);
	assert_string_equal(text_get(&t),
			    "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
	text_clear(&t);
	text_add_markdown(&t, "a|b*c_<img>\n`x` [l](u)");
	assert_null(strchr(text_get(&t), '\n'));
	assert_null(strstr(text_get(&t), "<img"));
	assert_non_null(strstr(text_get(&t), "\\|"));
	text_done(&t);
}

static void test_numbers(void **state)
{
	static const char hex[] = "7fAb-", wide[] = "10000000000000000";
	const char *rest;
	uint64_t v;

	assert_int_equal(number_parse_u64("499", 1, 1000, &v), 0);
	assert_int_equal(v, 499);
	assert_int_equal(number_parse_u64("", 0, 10, &v), -EINVAL);
	assert_int_equal(number_parse_u64("-1", 0, 10, &v), -EINVAL);
	assert_int_equal(number_parse_u64(" 1", 0, 10, &v), -EINVAL);
	assert_int_equal(number_parse_u64("1x", 0, 10, &v), -EINVAL);
	assert_int_equal(number_parse_u64("11", 0, 10, &v), -ERANGE);
	assert_int_equal(number_parse_u64("99999999999999999999", 0, UINT64_MAX, &v),
			 -ERANGE);
	assert_int_equal(number_parse_duration_ns("1.5s", &v), 0);
	assert_int_equal(v, 1500000000);
	assert_int_equal(number_parse_duration_ns("250ms", &v), 0);
	assert_int_equal(v, 250000000);
	assert_int_equal(number_parse_duration_ns("2m", &v), 0);
	assert_int_equal(v, 120000000000);
	assert_int_equal(number_parse_duration_ns("3", &v), 0);
	assert_int_equal(v, 3000000000);
	assert_int_equal(number_parse_duration_ns("inf", &v), -EINVAL);
	assert_int_equal(number_parse_duration_ns("0x10", &v), -EINVAL);
	assert_int_equal(number_parse_duration_ns("5 s", &v), -EINVAL);
	assert_int_equal(number_parse_duration_ns("1e300", &v), -ERANGE);
	assert_int_equal(number_parse_hex(hex, hex + 5, &v, &rest), 0);
	assert_int_equal(v, 0x7fab);
	assert_int_equal(number_parse_hex(wide, wide + 17, &v, &rest), -ERANGE);
	assert_int_equal(number_parse_hex(wide, wide, &v, &rest), -EINVAL);
}

static char dir[] = "/tmp/profd-test-XXXXXX";

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return rmdir(dir);
}

/* Nothing is there until commit, then all of it; abort leaves nothing. */
static void test_outfile(void **state)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err = {0};
	struct outfile f;
	struct stat st;
	char *data;
	size_t n;

	for (int round = 0; round < 2; round++) {
		assert_int_equal(outfile_open(&f, fd, "a.txt", &err), 0);
		for (int i = 0; i < 100000; i++)
			sink_putf(&f.sink, "%d line %d\n", round, i);
		assert_int_equal(fstatat(fd, "a.txt", &st, 0) == 0, round == 1);
		assert_int_equal(outfile_commit(&f, &err), 0);
	}
	assert_int_equal(fstatat(fd, "a.txt", &st, 0), 0);
	assert_int_equal(st.st_size, f.sink.bytes);
	data = xasprintf("%s/a.txt", dir);
	assert_int_equal(unlink(data), 0);
	free(data);
	assert_int_equal(outfile_open(&f, fd, "b.txt", &err), 0);
	sink_puts(&f.sink, "x");
	outfile_abort(&f);
	assert_int_equal(fstatat(fd, "b.txt", &st, 0), -1);
	assert_int_equal(io_slurp("/proc/self/status", 10, &data, &n), -EFBIG);
	assert_int_equal(io_slurp("/nonexistent", 10, &data, &n), -ENOENT);
}

static void test_outfile_full(void **state)
{
	_cleanup_close_ int here = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct error err = {0};
	struct outfile f;

	assert_int_equal(outfile_open(&f, here, "full.txt", &err), 0);
	assert_true(dup2(full, f.fd) >= 0);
	for (int i = 0; i < 100000; i++)
		sink_puts(&f.sink, "more than the buffer holds\n");
	assert_int_equal(outfile_commit(&f, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "full.txt"));
	assert_true(err.hint[0]);
}

/* A name with a newline stays on the line, and a long one does not push the reason
 * out. */
static void test_error(void **state)
{
	struct error err = {0};
	char name[4096];
	size_t len;

	assert_int_equal(
		error_set(&err, -EIO, "cannot read '%s': %s", "a\n\x1b\xff", "why"),
		-EIO);
	assert_string_equal(err.text,
			    "cannot read 'a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd': why");
	error_hint(&err, "%s", "");
	assert_string_equal(err.hint, "");
	for (unsigned i = 0; i < sizeof(name) - 2; i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	name[sizeof(name) - 2] = 0;
	for (unsigned cut = 0; cut < 5; cut++) {
		error_set(&err, -EIO, "%.*s'%s': the reason", (int)cut, "abcde", name);
		len = strlen(err.text);
		assert_true(len < sizeof(err.text) && len > sizeof(err.text) - 8);
		assert_true(text_is_clean(err.text, len));
		assert_string_equal(err.text + len - 13, "': the reason");
	}
	for (size_t n = 480; n < 520; n++) {
		memset(name, 'x', n);
		name[n] = 0;
		error_set(&err, -EIO, "%s", name);
		assert_int_equal(strlen(err.text),
				 n < sizeof(err.text) ? n : sizeof(err.text) - 1);
	}
}

static void test_json(void **state)
{
	struct json *j = json_node(), *list = json_list();
	struct text t = {0};
	struct sink_text s;

	json_put_str(j, "bad", "a\xff\x01z");
	json_put_num(j, "nan", NAN);
	json_put_hex(j, "pc", UINT64_MAX);
	json_put_u64(j, "u", 7);
	json_put_str(list, NULL, NULL);
	json_put(j, "list", list);
	sink_text_init(&s, &t);
	json_write(j, &s.sink);
	assert_non_null(strstr(text_get(&t), "\"a\xef\xbf\xbd\xef\xbf\xbdz\""));
	assert_non_null(strstr(text_get(&t), "\"nan\": null"));
	assert_non_null(strstr(text_get(&t), "0xffffffffffffffff"));
	assert_true(strstr(text_get(&t), "\"bad\"") < strstr(text_get(&t), "\"list\""));
	text_done(&t);
	json_free(j);
}

static void json_that_is_read(void **state)
{
	static const char good[] = "{\"s\": \"x\", \"t\": true,"
				   " \"list\": [\"one\", 2]}";
	struct json *j = json_read(good, strlen(good), NULL);
	const struct json *list;
	bool t = false;

	assert_non_null(j);
	assert_string_equal(json_get_str(j, "s"), "x");
	assert_null(json_get_str(j, "t"));
	assert_null(json_get_str(j, "none"));
	assert_true(json_get_bool(j, "t", &t) && t);
	assert_false(json_get_bool(j, "s", &t));
	assert_false(json_get_bool(NULL, "s", &t));
	list = json_get(j, "list");
	assert_int_equal(json_count(list), 2);
	assert_string_equal(json_str(json_at(list, 0), NULL), "one");
	assert_null(json_str(json_at(list, 1), NULL));
	assert_null(json_at(list, 2));
	assert_int_equal(json_count(j), 0);
	assert_null(json_get(list, "s"));
	json_free(j);
}

static void json_that_is_none_is_refused_with_its_line(void **state)
{
	static const char *const bad[] = {"", "{\n\"a\": 1,\n\"b\"}", "[1] x",
					  "[\"\xff\"]", "[\"a\\u0000\"]"};
	char deep[8192];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		assert_null(json_read(bad[i], strlen(bad[i]), &err));
		assert_int_equal(err.code, -EBADMSG);
		assert_non_null(strstr(err.text, i == 1 ? "line 3" : "line "));
	}
	memset(deep, '[', sizeof(deep));
	assert_null(json_read(deep, sizeof(deep), NULL));
}

static void test_sink_numbers(void **state)
{
	static const int64_t numbers[] = {0, 7, -1, 1234567890123, INT64_MAX, INT64_MIN};
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		sink_put_i64(&s.sink, numbers[i]);
		sink_puts(&s.sink, " ");
	}
	assert_string_equal(text_get(&t), "0 7 -1 1234567890123 9223372036854775807 "
					  "-9223372036854775808 ");
	text_done(&t);
}

static void test_shell_words(void **state)
{
	static const char *const words[][2] = {
		{"plain-1.2_x=/y", "plain-1.2_x=/y"},
		{"", "''"},
		{"a b", "'a b'"},
		{"it's", "'it'\\''s'"},
		{"$(x)", "'$(x)'"},
		{"*", "'*'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct text t = {0};

		text_add_word(&t, words[i][0]);
		assert_string_equal(t.s, words[i][1]);
		text_done(&t);
	}
}

static void times_are_in_utc(void **state)
{
	char buf[CLOCK_UTC_BYTES];

	setenv("TZ", "America/Lima", 1);
	tzset();
	assert_string_equal(clock_utc(1796077474999999999u, buf), "2026-11-30T22:24:34Z");
	assert_string_equal(clock_utc_name(1796077474000000000u, buf),
			    "20261130T222434Z");
	assert_string_equal(clock_utc(UINT64_MAX, buf), "2554-07-21T23:34:33Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_outfile),
		cmocka_unit_test(test_outfile_full),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_error),
		cmocka_unit_test(json_that_is_read),
		cmocka_unit_test(json_that_is_none_is_refused_with_its_line),
		cmocka_unit_test(test_sink_numbers),
		cmocka_unit_test(test_shell_words),
		cmocka_unit_test(times_are_in_utc),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
