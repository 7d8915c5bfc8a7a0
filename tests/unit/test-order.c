/* The one order in which formats take samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../src/format/format-priv.h"

static stack_id frame(struct profile *p, stack_id caller, const char *name)
{
	struct function f = {.name = profile_string(p, name)};
	struct line line = {profile_function(p, &f), 0};

	return profile_stack(p, caller, profile_named_location(p, 0, 0x10, 0, &line, 1));
}

static void add(struct profile *p, stack_id stack)
{
	int64_t one = 1;

	profile_add(p, stack, 0, &one);
}

static void expect_order(const struct profile *p, const char *const *leaves, uint32_t n)
{
	struct turns turns;
	uint32_t *rows;

	turns_find(&turns, p, TURNS_ALL);
	rows = samples_in_order(p, &turns);
	assert_int_equal(p->samples.n, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		stack_id s = p->samples.v[rows[i + 1]].stack;
		const struct location *l = &p->locations.v[p->stacks.v[s].location];
		function_id f = p->lines.v[l->first_line].function;

		assert_string_equal(profile_text(p, p->functions.v[f].name), leaves[i]);
	}
	free(rows);
	turns_done(&turns);
}

/* Rows that were made here and there are in the order of the tree, and a file that is
 * written in this order and read again has the same. */
static void order_survives_a_file(void **state)
{
	struct profile *p = profile_new(), *again;
	struct text t = {0};
	struct sink_text sink;
	struct error err = {0};
	stack_id a = frame(p, 0, "a"), d = frame(p, a, "d"), b, c;

	profile_value_type(p, "samples", "count");
	b = frame(p, frame(p, 0, "x"), "e");
	add(p, b);
	add(p, d);
	b = frame(p, a, "b");
	c = frame(p, b, "c");
	add(p, c);
	add(p, b);
	add(p, a);
	/* What hangs from a: d was there first. */
	expect_order(p, (const char *const[]){"a", "d", "b", "c", "e"}, 5);
	sink_text_init(&sink, &t);
	pprof_write(p, &sink.sink);
	again = pprof_read(text_get(&t), t.len, 1 << 20, &err);
	assert_non_null(again);
	expect_order(again, (const char *const[]){"a", "d", "b", "c", "e"}, 5);
	profile_free(again);
	text_done(&t);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_survives_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
