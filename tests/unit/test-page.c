/* The tree that the page's script reads: nothing is lost in it, and what is left out of it
 * is accounted for. How it is shown is for tests/browser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/format/page-priv.h"

static uint32_t seed = 4711;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static location_id code(struct profile *p, unsigned number, bool inlined)
{
	struct mapping m = {.start = 0x1000, .limit = 0x2000};
	struct function f = {.start_line = 3};
	struct line lines[2];
	char name[32];

	m.filename = profile_string(p, number % 7 ? "/bin/app" : "/lib/libc.so.6");
	snprintf(name, sizeof(name), "f%u", number);
	f.name = profile_string(p, name);
	f.filename = profile_string(p, number % 3 ? "a.c" : "b.c");
	lines[0].function = profile_function(p, &f);
	lines[0].line = 1;
	f.name = profile_string(p, "outer");
	lines[1].function = profile_function(p, &f);
	lines[1].line = 2;
	/* One function at several addresses: they are one node. */
	return profile_named_location(p, profile_mapping(p, &m), 16 * number + draw(2), 0,
				      lines, 1 + inlined);
}

static labels_id labels(struct profile *p, unsigned thread)
{
	struct label l[] = {
		{.key = profile_string(p, "comm"),
		 .str = profile_string(p, thread % 2 ? "odd" : "even")},
		{.key = profile_string(p, "tid"),
		 .num = 100 + thread,
		 .unit = profile_string(p, "id")},
	};

	return profile_labels(p, l, ARRAY_SIZE(l));
}

/* Random stacks, recursive ones and inlined functions among them. */
static struct profile *random_profile(unsigned stacks, unsigned functions)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	profile_keep_times(p, 1000);
	for (unsigned i = 0; i < stacks; i++) {
		unsigned deep = 1 + draw(24);
		stack_id s = 0;
		int64_t n = 1 + draw(3), values[] = {n, n * 1001};
		uint32_t row;

		for (unsigned k = 0; k < deep; k++)
			s = profile_stack(
				p, s,
				code(p, draw(2 + k * functions / 24), draw(4) == 0));
		row = profile_add(p, s, labels(p, draw(3)), values);
		for (int64_t k = 0; k < n; k++)
			profile_add_time(p, row, i);
	}
	return p;
}

/* The parents of nodes, from strips. */
static uint32_t *parents_of(const struct page_tree *t)
{
	uint32_t *parent = calloc(t->nodes.n, sizeof(*parent)), node = 1, at = 0;

	for (uint32_t i = 0; i < t->strips.n; i++) {
		assert_true(t->strips.v[i].n > 0);
		for (uint32_t k = 0; k < t->strips.v[i].pops; k++) {
			assert_int_not_equal(at, 0);
			at = parent[at];
		}
		for (uint32_t k = 0; k < t->strips.v[i].n; k++) {
			assert_true(node < t->nodes.n);
			parent[node] = at;
			at = node++;
		}
	}
	assert_int_equal(node, t->nodes.n);
	return parent;
}

/* No node has two children of one frame, so equal stacks are one. */
static void assert_merged(const struct page_tree *t, const uint32_t *parent)
{
	struct map seen = {0};

	for (uint32_t i = 1; i < t->nodes.n; i++) {
		uint64_t key = (uint64_t)parent[i] << 32 | t->nodes.v[i];

		assert_int_equal(map_find(&seen, key), 0);
		map_put(&seen, key, 1);
	}
	map_done(&seen);
}

static int64_t rows_total(const struct page_rows *r, unsigned value)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < r->rows.n; i++)
		sum += r->values.v[(size_t)i * r->p->nvalues + value];
	return sum;
}

struct sums {
	int64_t self, total;
};

static uint64_t group_key(const struct page_tree *t, uint32_t frame)
{
	const struct page_frame *f = &t->frames.rows.v[frame];
	const struct function *fn = &t->frames.p->functions.v[f->function];

	return (uint64_t)f->name << 32 | fn->filename;
}

/* What the tree says of the function of a key, as the script adds it up. */
static struct sums function_sums(const struct page_tree *t, const uint32_t *parent,
				 unsigned value, uint64_t key)
{
	const struct page_rows *r = &t->rows[0];
	struct sums sums = {0};

	for (uint32_t i = 0; i < r->rows.n; i++) {
		int64_t v = r->values.v[(size_t)i * r->p->nvalues + value];
		uint32_t node = r->rows.v[i].node;
		bool on = false;

		if (node && t->nodes.v[node] && group_key(t, t->nodes.v[node]) == key)
			sums.self += v;
		for (; node; node = parent[node])
			on |= t->nodes.v[node] && group_key(t, t->nodes.v[node]) == key;
		sums.total += on ? v : 0;
	}
	for (uint32_t i = 0; i < t->lost[0].n; i++) {
		if (group_key(t, t->lost[0].v[i].frame) != key)
			continue;
		sums.self += t->lost[0].v[i].self[value];
		sums.total += t->lost[0].v[i].total[value];
	}
	return sums;
}

/* Whatever was left out, every function has the numbers of the table. */
static void assert_as_table(const struct page_tree *t, const struct profile *p)
{
	uint32_t *parent = parents_of(t);

	assert_merged(t, parent);
	for (unsigned value = 0; value < p->nvalues; value++) {
		struct top top;

		assert_int_equal(rows_total(&t->rows[0], value), profile_total(p, value));
		top_build(&top, p, value);
		for (uint32_t i = 0; i < top.rows.n; i++) {
			const struct top_row *row = &top.rows.v[i];
			uint64_t key = (uint64_t)row->name << 32 | row->filename;
			struct sums s = function_sums(t, parent, value, key);

			assert_int_equal(s.self, row->self);
			assert_int_equal(s.total, row->total);
		}
		top_done(&top);
	}
	free(parent);
}

static void a_tree_that_fits_lacks_nothing(void **state)
{
	struct profile *p = random_profile(400, 60);
	const struct profile *const all[] = {p};
	struct page_tree t;

	page_tree_build(&t, all, 1, PAGE_NODES_MAX);
	assert_int_equal(t.left_out, 0);
	assert_int_equal(t.lost[0].n, 0);
	assert_int_equal(t.threads.rows.n, 3);
	assert_as_table(&t, p);
	page_tree_done(&t);
	profile_free(p);
}

/* From one that lacks a little to one that has room for nearly nothing. */
static void what_is_left_out_is_accounted_for(void **state)
{
	static const uint32_t limits[] = {4000, 2000, 1000, 400, 100, 10, 1};
	struct profile *p = random_profile(400, 60);
	const struct profile *const all[] = {p};
	uint64_t before = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
		struct page_tree t;

		page_tree_build(&t, all, 1, limits[i]);
		assert_true(t.left_out >= before);
		assert_true(t.left_out > 0 || limits[i] == 4000);
		before = t.left_out;
		assert_as_table(&t, p);
		page_tree_done(&t);
	}
	profile_free(p);
}

static void two_profiles_share_one_tree(void **state)
{
	struct profile *p = random_profile(100, 30), *wall;
	const struct profile *all[] = {p, NULL};
	struct page_tree t;
	int64_t value = 7;

	profile_string(p, "wall");
	wall = profile_beside(p);
	profile_value_type(wall, "wall", "nanoseconds");
	for (uint32_t i = 1; i < p->samples.n; i += 2)
		profile_add(wall, p->samples.v[i].stack, p->samples.v[i].labels, &value);
	all[1] = wall;
	page_tree_build(&t, all, 2, PAGE_NODES_MAX);
	assert_as_table(&t, p);
	assert_int_equal(rows_total(&t.rows[1], 0), profile_total(wall, 0));
	assert_true(t.rows[1].rows.n < t.rows[0].rows.n);
	page_tree_done(&t);
	page_tree_build(&t, all, 2, 50);
	assert_as_table(&t, p);
	assert_int_equal(rows_total(&t.rows[1], 0), profile_total(wall, 0));
	page_tree_done(&t);
	profile_free(wall);
	profile_free(p);
}

static void a_profile_without_samples_is_a_root(void **state)
{
	struct profile *p = profile_new();
	const struct profile *const all[] = {p};
	struct page_tree t;

	profile_value_type(p, "cpu", "nanoseconds");
	page_tree_build(&t, all, 1, PAGE_NODES_MAX);
	assert_int_equal(t.nodes.n, 1);
	assert_int_equal(t.strips.n, 0);
	assert_int_equal(t.rows[0].rows.n, 0);
	page_tree_done(&t);
	profile_free(p);
}

/* --- the bytes --------------------------------------------------------------------- */

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : 0;
}

static struct text unpacked(const struct profile *p)
{
	const struct profile *const all[] = {p};
	struct text digits = {0}, bytes = {0}, out = {0};
	struct error err = {0};
	struct sink_text sink;

	sink_text_init(&sink, &digits);
	page_data_write(all, 1, false, &sink.sink);
	assert_int_equal(digits.len % 4, 0);
	for (size_t i = 0; i < digits.len; i += 4) {
		const char *s = digits.s + i;
		int v = digit_of(s[0]) << 18 | digit_of(s[1]) << 12 |
			digit_of(s[2]) << 6 | digit_of(s[3]);

		text_addc(&bytes, (char)(v >> 16));
		if (s[2] != '=')
			text_addc(&bytes, (char)(v >> 8));
		if (s[3] != '=')
			text_addc(&bytes, (char)v);
	}
	assert_int_equal(gzip_inflate(bytes.s, bytes.len, 1 << 24, &out, &err), 0);
	text_done(&digits);
	text_done(&bytes);
	return out;
}

static void columns_are_as_long_as_the_head_says(void **state)
{
	struct profile *p = random_profile(200, 30);
	struct text t = unpacked(p);
	const char *at = strstr(t.s, "\"columns\"");
	size_t sum = strlen(t.s) + 1;

	assert_non_null(at);
	assert_non_null(strstr(t.s, "\"bin_ns\": 1000"));
	for (at = strchr(at, '{'); (at = strchr(at, ':')); at++)
		sum += strtoul(at + 1, NULL, 10);
	assert_int_equal(sum, t.len);
	text_done(&t);
	profile_free(p);
}

static void the_same_profile_gives_the_same_bytes(void **state)
{
	struct profile *p = random_profile(200, 30);
	struct text a = unpacked(p), b = unpacked(p);

	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.s, b.s, a.len);
	text_done(&a);
	text_done(&b);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_that_fits_lacks_nothing),
		cmocka_unit_test(what_is_left_out_is_accounted_for),
		cmocka_unit_test(two_profiles_share_one_tree),
		cmocka_unit_test(a_profile_without_samples_is_a_root),
		cmocka_unit_test(columns_are_as_long_as_the_head_says),
		cmocka_unit_test(the_same_profile_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
