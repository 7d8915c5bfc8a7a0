/* gperftools_read: words of all sizes and orders, and damage. The library's own files are in
 * tests/oracle/gperftools.bats. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/format.h>
#include <profd/text.h>

/* Words of 8 bytes, the lowest first, unless told otherwise. */
struct shape {
	unsigned size;
	bool big;
};

static void add_words(struct text *t, struct shape s, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (unsigned k = 0; k < s.size; k++)
			text_addc(t,
				  (char)(words[i] >> 8 * (s.big ? s.size - 1 - k : k)));
	}
}
#define ADD(t, shape, ...)                                                               \
	add_words(t, shape, (const uint64_t[]){__VA_ARGS__},                             \
		  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static const struct shape plain = {8, false};
static const char maps[] =
	"build=/bin/app\n"
	"00400000-00401000 r--p 00000000 fe:00 11    /bin/app\n"
	"00401000-00403000 r-xp 00001000 fe:00 11    /bin/app\n"
	"00500000-00600000 r-xp 00000000 fe:00 12    /lib/my lib.so (deleted)\n"
	"00700000-00701000 r-xp 00000000 00:00 0           [vdso]\n"
	"nonsense\n";

static struct profile *read_text(const struct text *t, struct error *err)
{
	memset(err, 0, sizeof(*err));
	return gperftools_read(t->s, t->len, err);
}

static const struct location *leaf(const struct profile *p, uint32_t row)
{
	return &p->locations.v[p->stacks.v[p->samples.v[row].stack].location];
}

static void all_words_are_read(void **state)
{
	static const struct shape shapes[] = {
		{8, false}, {8, true}, {4, false}, {4, true}};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct text t = {0};
		struct error err;
		struct profile *p;

		ADD(&t, shapes[i], 0, 3, 0, 10000, 0);
		ADD(&t, shapes[i], 3, 2, 0x401010, 0x500021);
		ADD(&t, shapes[i], 1, 3, 0x401010, 0x401010, 0x402001);
		ADD(&t, shapes[i], 2, 1, 0x900000);
		ADD(&t, shapes[i], 0, 1, 0);
		text_add(&t, maps);
		assert_true(gperftools_is(t.s, t.len));
		p = read_text(&t, &err);
		assert_string_equal(err.text, "");
		assert_int_equal(profile_total(p, 0), 6);
		assert_int_equal(profile_total(p, 1), 60000000);
		assert_int_equal(p->period, 10000000);
		assert_int_equal(p->mappings.n, 1 + 3);
		assert_true(p->mappings.v[1].flags & MAPPING_MAIN);
		assert_int_equal(p->mappings.v[1].off, 0x1000);
		assert_string_equal(profile_text(p, p->mappings.v[2].filename),
				    "/lib/my lib.so");
		/* The caller's address is of the call; the leaf's is what it was. */
		assert_int_equal(leaf(p, 1)->address, 0x401010);
		assert_int_equal(leaf(p, 1)->mapping, 1);
		assert_int_equal(p->locations.v[1].address, 0x500020);
		assert_int_equal(p->locations.v[1].mapping, 2);
		/* The place of the signal, once. */
		assert_int_equal(p->stacks.v[p->samples.v[2].stack].parent, 3);
		assert_int_equal(p->stacks.v[3].parent, 0);
		assert_int_equal(leaf(p, 3)->mapping, 0);
		profile_free(p);
		text_done(&t);
	}
}

/* A program that was killed has not written the end. */
static void without_an_end_there_are_samples(void **state)
{
	struct text t = {0};
	struct error err;
	struct profile *p;

	ADD(&t, plain, 0, 3, 0, 10000, 0, 3, 1, 0x401010);
	p = read_text(&t, &err);
	assert_non_null(p);
	assert_int_equal(profile_total(p, 0), 3);
	profile_free(p);
	text_done(&t);
}

static void refused(struct text *t, const char *why)
{
	struct error err;

	assert_null(read_text(t, &err));
	assert_int_equal(err.code, -EBADMSG);
	assert_string_equal(err.text, why);
	text_done(t);
}

static void damage_is_refused_with_its_place(void **state)
{
	struct text t = {0};

	ADD(&t, plain, 0, 3, 0, 10000, 0, 1, 2, 0x401010);
	refused(&t, "offset 40: a sample is cut off");
	ADD(&t, plain, 0, 3, 0, 10000, 0, 1, 1, 2, 1);
	refused(&t, "offset 64: a sample is cut off");
	ADD(&t, plain, 0, 3, 0, 10000, 0, 1, 65537, 2);
	refused(&t, "offset 40: a sample has more than 65536 frames");
	ADD(&t, plain, 0, 3, 0, 10000, 0, UINT64_MAX, 1, 2);
	refused(&t, "offset 40: a sample's count is out of range");
	ADD(&t, plain, 0, 3, 0, 10000, 0, INT64_MAX, 1, 2);
	refused(&t, "offset 40: a sample's count is out of range");
	ADD(&t, plain, 0, 3, 0, 10000, 0, 0, 1, 0);
	for (unsigned i = 1; i <= 65537; i++)
		text_addf(&t, "%x000-%x000 r-xp 0 0 0 /x\n", i, i + 1);
	refused(&t, "more than 65536 mappings");
	ADD(&t, plain, 0, 3, 0, INT64_MAX, 0);
	refused(&t, "its period is out of range");
	ADD(&t, plain, 0, 3, 1, 10000, 0);
	assert_false(gperftools_is(t.s, t.len));
	refused(&t, "it does not begin with 0 3 0 PERIOD 0");
	ADD(&t, plain, 0, 3, 0, 10000);
	refused(&t, "it does not begin with 0 3 0 PERIOD 0");
	assert_false(gperftools_is("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_words_are_read),
		cmocka_unit_test(without_an_end_there_are_samples),
		cmocka_unit_test(damage_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
