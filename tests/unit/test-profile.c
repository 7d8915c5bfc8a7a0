/* The tables of profd/profile.h: interning, identities, sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <malloc.h>

#include <profd/profile.h>

static struct profile *two_values(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	return p;
}

static void strings_are_interned_and_cleaned(void **state)
{
	struct profile *p = profile_new();
	string_id a = profile_string(p, "main");

	assert_int_equal(profile_string(p, ""), 0);
	assert_int_equal(profile_string(p, NULL), 0);
	assert_int_equal(profile_string_n(p, "main()", 4), a);
	assert_int_not_equal(profile_string(p, "main()"), a);
	assert_string_equal(profile_text(p, a), "main");
	assert_string_equal(profile_text(p, 0), "");
	assert_string_equal(profile_text(p, 4711), "");
	assert_int_equal(profile_find_string(p, "main"), a);
	assert_int_equal(profile_find_string(p, "absent"), 0);
	assert_int_equal(profile_find_string(p, ""), 0);

	/* Broken UTF-8 and control characters become U+FFFD; equal results are one
	 * string. */
	a = profile_string(p, "x\x01y");
	assert_string_equal(profile_text(p, a), "x\xef\xbf\xbdy");
	assert_int_equal(profile_string(p, "x\xffy"), a);
	assert_int_equal(profile_string(p, "x\xef\xbf\xbdy"), a);
	assert_int_equal(profile_string_n(p, "x\0y", 3), a);
	profile_free(p);
}

static void rows_are_found_by_their_identity(void **state)
{
	struct profile *p = profile_new();
	struct mapping m = {.start = 0x1000, .limit = 0x2000};
	struct function f = {.name = profile_string(p, "f")};
	mapping_id mid;
	function_id fid;

	m.filename = profile_string(p, "/bin/app");
	mid = profile_mapping(p, &m);
	m.flags = MAPPING_MAIN;
	assert_int_equal(profile_mapping(p, &m), mid);
	assert_int_equal(p->mappings.v[mid].flags, MAPPING_MAIN);
	m.off = 0x1000;
	assert_int_not_equal(profile_mapping(p, &m), mid);
	m.off = 0;
	m.pid = 12;
	assert_int_not_equal(profile_mapping(p, &m), mid);

	fid = profile_function(p, &f);
	assert_int_equal(profile_function(p, &f), fid);
	f.start_line = 3;
	assert_int_not_equal(profile_function(p, &f), fid);
	assert_int_equal(p->functions.n, 3);
	profile_free(p);
}

static void plain_and_named_locations_differ(void **state)
{
	struct profile *p = profile_new();
	struct function f = {.name = profile_string(p, "f")};
	struct line one = {profile_function(p, &f), 10}, other = {one.function, 11};
	location_id plain = profile_location(p, 0, 0x1234, 0), named, label;

	assert_int_equal(profile_location(p, 0, 0x1234, LOCATION_KERNEL), plain);
	assert_int_equal(p->locations.v[plain].flags, LOCATION_KERNEL);
	profile_set_lines(p, plain, &one, 1);
	assert_int_equal(profile_location(p, 0, 0x1234, 0), plain);

	/* Erased addresses: only the lines tell them apart. */
	named = profile_named_location(p, 0, 0x1234, 0, &one, 1);
	assert_int_not_equal(named, plain);
	assert_int_equal(profile_named_location(p, 0, 0x1234, 0, &one, 1), named);
	assert_int_not_equal(profile_named_location(p, 0, 0x1234, 0, &other, 1), named);
	assert_int_equal(p->lines.v[p->locations.v[named].first_line].line, 10);

	label = profile_label_location(p, "[truncated]");
	assert_int_equal(profile_label_location(p, "[truncated]"), label);
	assert_int_not_equal(profile_label_location(p, "[lost]"), label);
	assert_true(p->locations.v[label].flags & LOCATION_LABEL);
	assert_int_equal(p->locations.v[label].mapping, 0);
	assert_int_equal(p->locations.v[label].address, 0);
	profile_free(p);
}

static void labels_are_a_set(void **state)
{
	struct profile *p = profile_new();
	string_id comm = profile_string(p, "comm"), tid = profile_string(p, "tid");
	struct label a[] = {{.key = comm, .str = profile_string(p, "sh")},
			    {.key = tid, .num = 7, .unit = profile_string(p, "id")}};
	struct label b[] = {a[1], a[0]};
	labels_id id = profile_labels(p, a, 2);
	uint32_t rows = p->label_rows.n;

	assert_int_equal(profile_labels(p, a, 0), 0);
	assert_int_equal(profile_labels(p, b, 2), id);
	assert_int_equal(p->label_rows.n, rows);
	assert_int_not_equal(profile_labels(p, a, 1), id);
	b[0].num = 8;
	assert_int_not_equal(profile_labels(p, b, 2), id);
	assert_string_equal(profile_text(p, profile_label_str(p, id, comm)), "sh");
	assert_int_equal(profile_label_str(p, id, tid), 0);
	assert_int_equal(profile_label_str(p, 0, comm), 0);
	assert_int_equal(profile_label_str(p, id, 0), 0);
	profile_free(p);
}

static void samples_of_one_stack_add_up(void **state)
{
	struct profile *p = two_values();
	stack_id root = profile_stack(p, 0, profile_location(p, 0, 1, 0));
	stack_id leaf = profile_stack(p, root, profile_location(p, 0, 2, 0));
	int64_t v[] = {1, 10}, most[] = {INT64_MAX, INT64_MIN};

	assert_int_equal(profile_stack(p, root, profile_location(p, 0, 2, 0)), leaf);
	profile_add(p, leaf, 0, v);
	profile_add(p, root, 0, v);
	profile_add(p, leaf, 0, v);
	assert_int_equal(p->samples.n, 3);
	assert_int_equal(p->samples.v[1].stack, leaf);
	assert_int_equal(p->values.v[1 * 2 + 0], 2);
	assert_int_equal(p->values.v[1 * 2 + 1], 20);
	assert_int_equal(profile_total(p, 0), 3);
	assert_int_equal(profile_total(p, 1), 30);
	assert_int_equal(profile_total(p, 2), 0);

	/* Sums stop at the ends of their range. */
	profile_add(p, leaf, 0, most);
	profile_add(p, leaf, 0, most);
	assert_true(p->values.v[1 * 2 + 0] == INT64_MAX);
	assert_true(p->values.v[1 * 2 + 1] == INT64_MIN);
	profile_free(p);
}

/* Of the counts of @row: how many, and in which bins. */
static uint32_t times_of(const struct profile *p, uint32_t row, uint32_t *ret_first,
			 uint32_t *ret_last)
{
	uint32_t n = 0;

	*ret_first = UINT32_MAX;
	*ret_last = 0;
	for (uint32_t i = 0; i < p->times.n; i++) {
		const struct time_count *c = &p->times.v[i];

		if (c->row != row)
			continue;
		n += c->count;
		*ret_first = c->bin < *ret_first ? c->bin : *ret_first;
		*ret_last = c->bin > *ret_last ? c->bin : *ret_last;
	}
	return n;
}

static void times_are_kept_in_bins_that_double(void **state)
{
	struct profile *p = two_values();
	const int64_t v[] = {1, 10}, bin = 1000000;
	stack_id s = profile_stack(p, 0, profile_location(p, 0, 1, 0));
	uint32_t steady, rare, first, last;

	steady = profile_add(p, s, 0, v);
	profile_add_time(p, steady, 5);
	assert_int_equal(p->times.n, 0);
	profile_keep_times(p, bin);
	profile_add_time(p, steady, -7);
	for (uint32_t i = 0; i < PROFILE_BINS_MAX; i++)
		profile_add_time(p, steady, i * bin + 1);
	assert_int_equal(p->bin_ns, bin);
	assert_int_equal(p->times.n, PROFILE_BINS_MAX);
	rare = profile_add(p, profile_stack(p, s, p->stacks.v[s].location), 0, v);
	profile_add_time(p, rare, 3 * PROFILE_BINS_MAX * bin);
	assert_int_equal(p->bin_ns, 4 * bin);
	assert_int_equal(p->times.n, PROFILE_BINS_MAX / 4 + 1);
	assert_int_equal(times_of(p, steady, &first, &last), PROFILE_BINS_MAX + 1);
	assert_int_equal(first, 0);
	assert_int_equal(last, PROFILE_BINS_MAX / 4 - 1);
	assert_int_equal(times_of(p, rare, &first, &last), 1);
	assert_int_equal(first, 3 * PROFILE_BINS_MAX / 4);
	profile_add_time(p, rare, INT64_MAX);
	assert_int_equal(times_of(p, rare, &first, &last), 2);
	assert_true(last < PROFILE_BINS_MAX);
	profile_free(p);
}

static void times_of_many_rows_take_wider_bins(void **state)
{
	struct profile *p = two_values();
	const int64_t v[] = {1, 10}, bin = 1000000;
	const uint32_t rows = 1000;
	uint32_t first, last;

	profile_keep_times(p, bin);
	for (uint32_t i = 0; i < rows; i++)
		profile_add(p, profile_stack(p, 0, profile_location(p, 0, i + 1, 0)), 0,
			    v);
	for (uint32_t at = 0; at < PROFILE_BINS_MAX; at++)
		for (uint32_t i = 0; i < rows; i++)
			profile_add_time(p, i + 1, at * bin);
	assert_true(p->times.n <= (1u << 17) + 4 * rows + 4);
	assert_true(p->bin_ns > bin);
	for (uint32_t i = 0; i < rows; i++)
		assert_int_equal(times_of(p, i + 1, &first, &last), PROFILE_BINS_MAX);
	assert_int_equal(last, (PROFILE_BINS_MAX - 1) * bin / p->bin_ns);
	profile_free(p);
}

static void default_value_is_the_named_or_the_last(void **state)
{
	struct profile *p = two_values();

	assert_int_equal(profile_default_value(p), 1);
	p->default_sample_type = profile_string(p, "samples");
	assert_int_equal(profile_default_value(p), 0);
	p->default_sample_type = profile_string(p, "absent");
	assert_int_equal(profile_default_value(p), 1);
	p->nvalues = 0;
	assert_int_equal(profile_default_value(p), 0);
	p = profile_free(p);
	assert_null(p);
	assert_null(profile_free(NULL));
}

/* Children in every order, next to their parent in the table or not: a stack is there
 * once. */
static void a_stack_is_there_once(void **state)
{
	struct profile *p = two_values();

	srand(5);
	for (unsigned i = 0; i < 3000; i++) {
		stack_id parent = (stack_id)rand() % p->stacks.n, id, found = 0;
		location_id location = 1 + (location_id)rand() % 5;
		uint32_t n = p->stacks.n;

		for (stack_id k = 1; k < n; k++) {
			const struct stack_node *node = &p->stacks.v[k];

			if (node->parent == parent && node->location == location)
				found = k;
		}
		id = profile_stack(p, parent, location);
		assert_int_equal(id, found ? found : n);
		assert_int_equal(p->stacks.n, found ? n : n + 1);
		assert_int_equal(p->stacks.v[id].parent, parent);
		assert_int_equal(p->stacks.v[id].location, location);
	}
	profile_free(p);
}

/* What runs for every sample takes no memory once tables and indexes have their size. */
static void adding_again_does_not_allocate(void **state)
{
	struct profile *p = two_values();
	struct label l = {.key = profile_string(p, "comm"),
			  .str = profile_string(p, "sh")};
	int64_t v[] = {1, 1};
	struct mallinfo2 before, after;

	for (unsigned round = 0; round < 3; round++) {
		if (round == 1)
			before = mallinfo2();
		for (unsigned i = 0; i < 20000; i++) {
			stack_id s = profile_stack(p, 0, 1 + i % 100);

			s = profile_stack(p, s, 1 + i % 70);
			profile_add(p, s, profile_labels(p, &l, 1), v);
		}
	}
	after = mallinfo2();
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.hblkhd, before.hblkhd);
	assert_int_equal(profile_total(p, 0), 60000);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_interned_and_cleaned),
		cmocka_unit_test(rows_are_found_by_their_identity),
		cmocka_unit_test(plain_and_named_locations_differ),
		cmocka_unit_test(labels_are_a_set),
		cmocka_unit_test(samples_of_one_stack_add_up),
		cmocka_unit_test(times_are_kept_in_bins_that_double),
		cmocka_unit_test(times_of_many_rows_take_wider_bins),
		cmocka_unit_test(a_stack_is_there_once),
		cmocka_unit_test(default_value_is_the_named_or_the_last),
		cmocka_unit_test(adding_again_does_not_allocate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
