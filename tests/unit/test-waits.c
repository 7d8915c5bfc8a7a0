/* waits.h: from stacks in the kernel to a sentence about the program's own function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <profd/waits.h>

static struct profile *wall_new(void)
{
	static const char *const types[][2] = {{"samples", "count"},
					       {"wall", "nanoseconds"},
					       {"cpu", "nanoseconds"},
					       {"off_cpu", "nanoseconds"}};
	struct profile *p = profile_new();

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		profile_value_type(p, types[i][0], types[i][1]);
	return p;
}

/* A frame that stands on @parent: "name", in the file @module. */
static stack_id frame(struct profile *p, stack_id parent, const char *module,
		      const char *name, uint32_t flags)
{
	struct mapping m = {.limit = 4096, .filename = profile_string(p, module)};
	struct function f = {.name = profile_string(p, name),
			     .filename = profile_string(p, "src/x.c"),
			     .start_line = 7};
	struct line line = {profile_function(p, &f), 9};
	mapping_id id = *module ? profile_mapping(p, &m) : 0;

	return profile_stack(p, parent,
			     profile_named_location(p, id, 0, flags, &line, 1));
}

static void row(struct profile *p, stack_id stack, const char *state, int64_t off_ns)
{
	struct label l = {.key = profile_string(p, "state"),
			  .str = profile_string(p, state)};
	const int64_t values[] = {1, off_ns, 0, off_ns};

	profile_add(p, stack, profile_labels(p, &l, 1), values);
}

static const char *leaf_of(const struct profile *p, uint32_t r, int which)
{
	stack_id s = p->samples.v[r].stack;
	const struct location *l;

	for (; which; which--)
		s = p->stacks.v[s].parent;
	if (!s)
		return "";
	l = &p->locations.v[p->stacks.v[s].location];
	return profile_text(p, p->functions.v[p->lines.v[l->first_line].function].name);
}

static stack_id in_lookup(struct profile *p)
{
	stack_id s = frame(p, 0, "/bin/app", "main", 0);

	return frame(p, s, "/bin/app", "lookup", 0);
}

/* The call in the C library, and the kernel below it. */
static stack_id futex(struct profile *p, stack_id s, const char *call)
{
	s = frame(p, s, "/lib/libc.so.6", call, 0);
	s = frame(p, s, "", "futex_wait", LOCATION_KERNEL);
	return frame(p, s, "", "[off-cpu: futex]", LOCATION_LABEL);
}

static void the_functions_own_name_stands_in_the_sentence(void **state)
{
	struct profile *p = wall_new(), *w;
	const struct location *l;

	row(p, futex(p, in_lookup(p), "__lll_lock_wait"), "futex", 40);
	w = waits_of(p);
	assert_non_null(w);
	assert_int_equal(w->samples.n, 2);
	assert_int_equal(profile_total(w, 1), 40);
	assert_string_equal(leaf_of(w, 1, 0), "waiting for a lock in lookup");
	assert_string_equal(leaf_of(w, 1, 1), "lookup");
	assert_string_equal(leaf_of(w, 1, 2), "main");
	l = &w->locations.v[w->stacks.v[w->samples.v[1].stack].location];
	assert_int_equal(w->functions.v[w->lines.v[l->first_line].function].start_line,
			 7);
	assert_string_equal(profile_text(w, w->mappings.v[l->mapping].filename),
			    "/bin/app");
	profile_free(w);
	profile_free(p);
}

static void what_a_futex_is_for_says_the_library(void **state)
{
	static const char *const cases[][2] = {
		{"__pthread_clockjoin_ex", "waiting for a thread to end in lookup"},
		{"___pthread_cond_wait", "waiting for a condition in lookup"},
		{"pthread_barrier_wait", "waiting at a barrier in lookup"},
		{"__new_sem_wait_slow64", "waiting for a semaphore in lookup"},
		{"pthread_mutex_lock", "waiting for a lock in lookup"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *p = wall_new(), *w;

		row(p, futex(p, in_lookup(p), cases[i][0]), "futex", 1);
		w = waits_of(p);
		assert_string_equal(leaf_of(w, 1, 0), cases[i][1]);
		profile_free(w);
		profile_free(p);
	}
}

static void states_have_words(void **state)
{
	static const char *const cases[][2] = {
		{"sleep", "sleeping in lookup"},
		{"io", "waiting for input or output in lookup"},
		{"poll", "waiting for events in lookup"},
		{"child", "waiting for a child process in lookup"},
		{"signal", "waiting for a signal in lookup"},
		{"another", "waiting in lookup"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *p = wall_new(), *w;

		row(p, in_lookup(p), cases[i][0], 1);
		w = waits_of(p);
		assert_string_equal(leaf_of(w, 1, 0), cases[i][1]);
		profile_free(w);
		profile_free(p);
	}
}

static void the_run_queue_and_the_cpu_are_no_waits(void **state)
{
	struct profile *p = wall_new(), *w;

	row(p, in_lookup(p), "run queue", 5);
	row(p, in_lookup(p), "running", 0);
	w = waits_of(p);
	assert_int_equal(profile_total(w, 1), 0);
	assert_int_equal(w->samples.n, 1);
	profile_free(w);
	profile_free(p);
}

static void without_a_function_of_its_own_there_is_no_name(void **state)
{
	struct profile *p = wall_new(), *w;

	row(p, futex(p, 0, "start_thread"), "futex", 5);
	w = waits_of(p);
	assert_string_equal(leaf_of(w, 1, 0), "waiting for a lock");
	assert_string_equal(leaf_of(w, 1, 1), "");
	profile_free(w);
	profile_free(p);
}

static void a_function_of_a_header_is_not_the_programs(void **state)
{
	struct profile *p = wall_new(), *w;
	stack_id s = frame(p, in_lookup(p), "/bin/app", "std::mutex::lock()", 0);

	row(p, futex(p, s, "pthread_mutex_lock"), "futex", 5);
	w = waits_of(p);
	assert_string_equal(leaf_of(w, 1, 0), "waiting for a lock in lookup");
	profile_free(w);
	profile_free(p);
}

static void other_profiles_have_none(void **state)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	assert_null(waits_of(p));
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_functions_own_name_stands_in_the_sentence),
		cmocka_unit_test(what_a_futex_is_for_says_the_library),
		cmocka_unit_test(states_have_words),
		cmocka_unit_test(the_run_queue_and_the_cpu_are_no_waits),
		cmocka_unit_test(without_a_function_of_its_own_there_is_no_name),
		cmocka_unit_test(a_function_of_a_header_is_not_the_programs),
		cmocka_unit_test(other_profiles_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
