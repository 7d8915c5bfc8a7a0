/* What functions cost, how sure that is, and in which order they come: functions.h. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/functions.h>
#include <profd/origin.h>
#include <profd/stats-dist.h>

#include "function-runs.h"

#define HL .955 /* efficiency of the estimate */

/* --- sums --------------------------------------------------------------------------- */

static void recursion_counts_a_sample_once(void **state)
{
	static const struct load loads[] = {
		{"main;f;f;f;f", 500, 500}, {"main;f;g;f", 300, 300}, {0}};
	struct runs r = runs_of(loads);
	const struct functions_entry *f = runs_get(&r.f, "f");

	assert_near(f->self_cost.base, .8, .004);
	assert_near(f->total_cost.base, .8, .004);
	assert_near(f->total_cost.head, .8, .004);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void an_inlined_function_keeps_its_name(void **state)
{
	static const struct load loads[] = {
		{"main;f;(tiny", 500, 900}, {"main;f", 500, 500}, {0}};
	struct runs r = runs_of(loads);

	assert_string_equal(r.f.entries[0].name, "tiny");
	assert_kind(&r, "tiny", FUNCTIONS_CHANGED);
	assert_kind(&r, "f", FUNCTIONS_UNCERTAIN);
	runs_done(&r);
}

static void whether_it_is_inlined_does_not_matter_where_that_is_known(void **state)
{
	static const struct load loads[] = {{"main;f;tiny", 500, 0},
					    {"main;f;(tiny", 0, 500},
					    {"main;f", 500, 500},
					    {0}};
	struct runs r = runs_of(loads);

	assert_kind(&r, "tiny", FUNCTIONS_UNCERTAIN);
	assert_near(runs_get(&r.f, "tiny")->self_cost.head, .5, .003);
	runs_done(&r);
}

static void candidates_have_one_percent_on_either_side(void **state)
{
	static const struct load loads[] = {{"main;a", 9700, 9700},
					    {"main;b", 40, 40},
					    {"main;c", 40, 170},
					    {"main;d", 170, 40},
					    {0}};
	struct runs r = runs_of(loads);

	assert_int_equal(r.f.n, 3);
	assert_null(runs_find(&r.f, "b"));
	assert_null(runs_find(&r.f, "main"));
	/* A third of .05 each. */
	assert_near(runs_get(&r.f, "c")->self.level, 1 - .05 / 3, 1e-12);
	assert_near(runs_get(&r.f, "c")->single.level, .95, 1e-12);
	runs_done(&r);
}

static void cpu_time_is_shared_out(void **state)
{
	static const struct load loads[] = {
		{"main;a", 600, 600}, {"main;b", 200, 200}, {0}};
	struct runs r;

	runs_make(&r, loads, PAIRS);
	for (uint32_t i = 0; i < r.n; i++) {
		r.pairs[i].base.cpu_s = 8;
		r.pairs[i].head.cpu_s = 16;
	}
	runs_judge(&r);
	assert_near(runs_get(&r.f, "a")->self_cost.base, 6, .03);
	assert_near(runs_get(&r.f, "a")->self.change, 6, .03);
	assert_near(runs_get(&r.f, "b")->self.change, 2, .03);
	assert_string_equal(r.f.unit, "s");
	runs_done(&r);
}

static void counts_without_time_are_counts(void **state)
{
	struct profile *p[2];
	struct runs r = {.n = 1};

	for (int i = 0; i < 2; i++) {
		p[i] = profile_new();
		profile_value_type(p[i], "samples", "count");
		profile_add(p[i], runs_stack(p[i], "main;a"), 0,
			    (int64_t[]){100 + 100 * i});
	}
	r.pairs[0] = (struct functions_pair){{p[0], 0, "base", NAN, NAN},
					     {p[1], 0, "head", NAN, NAN}};
	runs_judge(&r);
	assert_string_equal(r.f.unit, "count");
	assert_near(runs_get(&r.f, "a")->self.change, 100, 1e-9);
	runs_done(&r);
}

/* --- intervals ---------------------------------------------------------------------- */

static void agreeing_pairs_are_not_surer_than_counts_of_samples(void **state)
{
	static const struct load loads[] = {
		{"main;a", 400, 400}, {"main;b", 400, 410}, {0}};
	struct runs r = {.n = PAIRS};
	const struct functions_entry *b;
	double margin;

	/* Without any variance between runs. */
	for (uint32_t i = 0; i < r.n; i++) {
		r.pairs[i].base = (struct functions_run){runs_profile_of(loads, false, 0),
							 1, "base", NAN, NAN};
		r.pairs[i].head = (struct functions_run){runs_profile_of(loads, true, 0),
							 1, "head", NAN, NAN};
	}
	runs_judge(&r);
	b = runs_get(&r.f, "b");
	/* n_base + n_head samples, and one more of each side in all runs. */
	margin = -normal_quantile(.025) * 1e-3 *
		 sqrt(((double)(b->samples_base + b->samples_head) + 2) / PAIRS /
		      (HL * PAIRS));
	assert_near(b->single.high - b->single.change, margin, 1e-9);
	assert_near(b->single.change - b->single.low, margin, 1e-9);
	assert_false(b->certain);
	runs_done(&r);
}

static void runs_that_differ_widen_the_interval(void **state)
{
	static const struct load loads[] = {
		{"main;a", 400, 400}, {"main;b", 400, 460}, {0}};
	static const struct load other[] = {
		{"main;a", 400, 400}, {"main;b", 900, 400}, {0}};
	struct runs r = runs_of(loads);
	double margin = runs_get(&r.f, "b")->single.high -
			runs_get(&r.f, "b")->single.change;

	assert_true(runs_get(&r.f, "b")->named);
	runs_done(&r);
	runs_make(&r, loads, PAIRS);
	profile_free((struct profile *)r.pairs[3].base.profile);
	r.pairs[3].base.profile = runs_profile_of(other, false, 3);
	runs_judge(&r);
	assert_false(runs_get(&r.f, "b")->certain);
	assert_true(runs_get(&r.f, "b")->single.high -
			    runs_get(&r.f, "b")->single.change >
		    5 * margin);
	/* One bad run does not move the estimate. */
	assert_near(runs_get(&r.f, "b")->self.change, .06, .01);
	runs_done(&r);
}

static void a_known_total_takes_its_part_off_the_noise(void **state)
{
	static const struct load loads[] = {
		{"main;a", 900, 900}, {"main;b", 100, 100}, {0}};
	struct runs with, without = runs_of(loads);
	double margins[2];

	runs_make(&with, loads, PAIRS);
	for (uint32_t i = 0; i < with.n; i++)
		with.pairs[i].base.cpu_s = with.pairs[i].head.cpu_s = 1;
	runs_judge(&with);
	margins[0] = runs_get(&without.f, "a")->single.high -
		     runs_get(&without.f, "a")->single.low;
	margins[1] = runs_get(&with.f, "a")->single.high -
		     runs_get(&with.f, "a")->single.low;
	/* 900 of 1000: a tenth of the variance, and a sample more each. */
	assert_near(margins[1] / margins[0], sqrt(.1), .03);
	runs_done(&with);
	runs_done(&without);
}

/* --- R's answers ---------------------------------------------------------------------- */

static struct functions_run oracle_run(int f, int rest, double cpu_ms)
{
	struct load loads[] = {{"main;f", f, 0}, {"main;rest", rest, 0}, {0}};
	struct profile *p = runs_profile();

	for (const struct load *l = loads; l->frames; l++) {
		if (l->base)
			profile_add(p, runs_stack(p, l->frames), 0,
				    (int64_t[]){l->base, (int64_t)l->base * PERIOD});
	}
	return (struct functions_run){p, 1, "run", NAN, cpu_ms > 0 ? cpu_ms / 1e3 : NAN};
}

/* Returns false at the end. */
static bool oracle_case(FILE *in)
{
	struct functions_pair *pairs;
	struct functions_options o = {0};
	struct outcome_interval got;
	double estimate, low, high;
	struct functions f;
	unsigned n, known;

	if (fscanf(in, " case %u %u", &n, &known) != 2)
		return false;
	pairs = xcalloc(n, sizeof(*pairs));
	for (unsigned i = 0; i < n; i++) {
		int x[6];

		assert_int_equal(fscanf(in, " pair %d %d %d %d %d %d", &x[0], &x[1],
					&x[2], &x[3], &x[4], &x[5]),
				 6);
		pairs[i].base = oracle_run(x[0], x[1], x[2]);
		pairs[i].head = oracle_run(x[3], x[4], x[5]);
	}
	assert_int_equal(fscanf(in, " f %lf %lf %lf", &estimate, &low, &high), 3);
	assert_int_equal(functions_build(&f, pairs, n, &o, NULL), 0);
	got = runs_get(&f, "f")->single;
	assert_near(got.change, estimate, 1e-12);
	assert_near(got.low, low, 1e-10);
	assert_near(got.high, high, 1e-10);
	functions_done(&f);
	for (unsigned i = 0; i < n; i++) {
		profile_free((struct profile *)pairs[i].base.profile);
		profile_free((struct profile *)pairs[i].head.profile);
	}
	free(pairs);
	return true;
}

static void intervals_are_those_that_r_finds(void **state)
{
	_cleanup_free_ char *path = xasprintf("%s/tests/oracle/functions.txt",
					      getenv("SRCDIR"));
	FILE *in = fopen(path, "re");
	int cases = 0;

	assert_non_null(in);
	while (oracle_case(in))
		cases++;
	fclose(in);
	assert_int_equal(cases, 48);
}

static void one_pair_knows_of_sampling_only_and_says_so(void **state)
{
	static const struct load loads[] = {
		{"main;a", 4000, 4000}, {"main;b", 400, 800}, {0}};
	struct runs r;
	const struct functions_entry *b;

	runs_make(&r, loads, 1);
	runs_judge(&r);
	b = runs_get(&r.f, "b");
	assert_true(r.f.alone);
	assert_non_null(strstr(r.f.notes, "one profile a side"));
	assert_true(b->named);
	assert_int_equal(b->rank, 1);
	assert_near(b->single.high - b->single.low,
		    -2 * normal_quantile(.025) * 1e-3 *
			    sqrt(((double)(b->samples_base + b->samples_head) + 2) / HL),
		    1e-9);
	runs_done(&r);
	/* A handful of samples against none is noise. */
	runs_make(&r, (const struct load[]){{"main;a", 200, 200}, {"main;b", 0, 6}, {0}},
		  1);
	runs_judge(&r);
	assert_false(runs_get(&r.f, "b")->certain);
	runs_done(&r);
}

static void judge_exact(struct runs *r)
{
	const struct functions_options o = {.exact = true};
	struct error err = {0};

	if (functions_build(&r->f, r->pairs, r->n, &o, &err) < 0)
		fail_msg("%s", err.text);
}

static void what_is_measured_has_no_noise_of_counts(void **state)
{
	static const struct load loads[] = {
		{"main;a", 200, 200}, {"main;b", 40, 45}, {0}};
	static const struct load nothing_before[] = {{"main;b", 0, 10}, {0}};
	struct runs r;

	runs_make(&r, loads, PAIRS);
	runs_judge(&r);
	assert_false(runs_get(&r.f, "b")->certain);
	functions_done(&r.f);
	judge_exact(&r);
	assert_true(runs_get(&r.f, "b")->certain);
	runs_done(&r);
	/* One wait of each side may have been any length. */
	runs_make(&r, loads, 1);
	judge_exact(&r);
	assert_int_equal(r.f.named, 0);
	assert_true(isinf(runs_get(&r.f, "b")->self.high));
	assert_non_null(strstr(r.f.notes, "nothing is certain"));
	runs_done(&r);
	/* A program that did not wait at all. */
	runs_make(&r, nothing_before, PAIRS);
	judge_exact(&r);
	assert_int_equal(runs_get(&r.f, "b")->kind, FUNCTIONS_NEW);
	runs_done(&r);
}

static void runs_of_unlike_lengths_are_scaled_by_their_factor(void **state)
{
	static const struct load loads[] = {
		{"main;a", 2000, 4000}, {"main;b", 300, 600}, {0}};
	struct runs r;

	runs_make(&r, loads, PAIRS);
	for (uint32_t i = 0; i < PAIRS; i++)
		r.pairs[i].head.factor = .5;
	runs_judge(&r);
	assert_int_equal(r.f.named, 0);
	assert_near(runs_get(&r.f, "b")->self_cost.head, .3, .01);
	runs_done(&r);
}

static void two_runs_that_were_measured_have_no_interval(void **state)
{
	static const struct load loads[] = {{"main;a", 2000, 2100}, {0}};
	struct runs r;

	runs_make(&r, loads, 1);
	r.pairs[0].base.seconds = r.pairs[0].base.cpu_s = 2;
	r.pairs[0].head.seconds = r.pairs[0].head.cpu_s = 2.1;
	runs_judge(&r);
	assert_near(r.f.all.change, .1, 1e-9);
	assert_true(isinf(r.f.all.high) && isinf(r.f.all.low));
	runs_done(&r);
}

static void pairs_of_numbers_have_students_interval(void **state)
{
	static const double base[] = {1, 2, 3}, head[] = {2, 4, 4};
	struct outcome_interval i = functions_change(base, head, 3, .95);

	/* R: t.test(c(1, 2, 1))$conf.int is 1.3333 give or take 1.4342; the estimate is
	 * Hodges and Lehmann's. */
	assert_near((i.high - i.low) / 2, 1.4342 / sqrt(HL), 1e-3);
	assert_true(isinf(functions_change(base, head, 1, .95).high));
}

/* --- ranks and the rest ------------------------------------------------------------- */

static void what_is_surely_most_comes_first(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;b", 300, 500},
					    {"main;c", 300, 700},
					    {"main;d", 300, 150},
					    {0}};
	struct runs r = runs_of(loads);

	assert_int_equal(r.f.named, 3);
	assert_string_equal(r.f.entries[0].name, "c");
	assert_string_equal(r.f.entries[1].name, "b");
	assert_string_equal(r.f.entries[2].name, "d");
	assert_true(r.f.entries[2].self.high < 0);
	assert_kind(&r, "a", FUNCTIONS_UNCERTAIN);
	runs_done(&r);
}

static void the_caller_whose_calls_grew_is_told(void **state)
{
	static const struct load loads[] = {{"main;a;copy", 1000, 1000},
					    {"main;b;copy", 100, 600},
					    {"main;c;copy", 500, 400},
					    {"main;z", 3000, 3000},
					    {0}};
	struct runs r = runs_of(loads);

	assert_string_equal(r.f.entries[0].name, "copy");
	assert_string_equal(r.f.entries[0].caller, "b");
	assert_null(runs_get(&r.f, "z")->caller);
	runs_done(&r);
}

static void the_residual_is_what_the_named_ones_leave(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000}, {"main;b", 300, 500}, {0}};
	struct runs r = runs_of(loads);

	assert_near(r.f.all.change, .2, .01);
	assert_near(r.f.residual.change, 0, .01);
	assert_true(r.f.residual.low < 0 && r.f.residual.high > 0);
	runs_done(&r);
	/* The clock says that it takes half a second more: there is something no function
	 * has. */
	runs_make(&r, loads, PAIRS);
	for (uint32_t i = 0; i < r.n; i++) {
		r.pairs[i].base.seconds = 4;
		r.pairs[i].head.seconds = 4.7;
	}
	runs_judge(&r);
	assert_near(r.f.all.change, .7, 1e-9);
	assert_near(r.f.residual.change, .5, .01);
	assert_true(r.f.residual.low > .45 && r.f.residual.high < .55);
	runs_done(&r);
}

/* --- what can be compared ----------------------------------------------------------- */

static const struct load two[] = {{"main;a", 500, 500}, {"main;b", 500, 700}, {0}};

static void set_origin(const struct functions_run *r, const char *engine)
{
	struct origin o = {.event = "cpu-clock", .testbed = "box"};

	snprintf(o.engine, sizeof(o.engine), "%s", engine);
	origin_write(&o, (struct profile *)r->profile);
}

static void unlike_engines_are_refused_or_said(void **state)
{
	struct functions_options o = {0};
	struct error err = {0};
	struct runs r;

	runs_make(&r, two, 3);
	for (uint32_t i = 0; i < r.n; i++) {
		set_origin(&r.pairs[i].base, "perf");
		set_origin(&r.pairs[i].head, i == 2 ? "ptrace" : "perf");
	}
	assert_int_equal(functions_build(&r.f, r.pairs, r.n, &o, &err), -EINVAL);
	assert_non_null(strstr(err.text, "engine perf against ptrace"));
	o.allow_unlike = true;
	assert_int_equal(functions_build(&r.f, r.pairs, r.n, &o, &err), 0);
	assert_string_equal(r.f.unlike, "engine perf against ptrace");
	assert_non_null(strstr(r.f.notes, "unlike: engine perf against ptrace\n"));
	runs_done(&r);
}

static void unlike_rates_are_said(void **state)
{
	struct runs r;

	runs_make(&r, two, 6);
	((struct profile *)r.pairs[4].head.profile)->period = 10 * PERIOD;
	runs_judge(&r);
	assert_non_null(
		strstr(r.f.notes, "unlike rates: 'base' has a sample for each 1000000"));
	runs_done(&r);
}

static void what_was_not_measured_alike_is_refused(void **state)
{
	struct functions_options o = {0};
	struct error err = {0};
	struct profile *p = profile_new();
	struct runs r;

	profile_value_type(p, "alloc_space", "bytes");
	profile_add(p, runs_stack(p, "main"), 0, (int64_t[]){100});
	runs_make(&r, two, 2);
	profile_free((struct profile *)r.pairs[1].head.profile);
	r.pairs[1].head = (struct functions_run){p, 0, "other", NAN, NAN};
	assert_int_equal(functions_build(&r.f, r.pairs, r.n, &o, &err), -EINVAL);
	assert_non_null(strstr(err.text, "nothing to compare"));
	r.pairs[1].head.value = 1;
	assert_int_equal(functions_build(&r.f, r.pairs, r.n, &o, &err), -EINVAL);
	assert_int_equal(functions_build(&r.f, r.pairs, 0, &o, &err), -EINVAL);
	assert_int_equal(
		functions_build(&r.f, r.pairs, FUNCTIONS_PAIRS_MAX + 1, &o, &err),
		-E2BIG);
	/* An empty one. */
	profile_free(p);
	r.pairs[1].head = (struct functions_run){runs_profile(), 1, "empty", NAN, NAN};
	assert_int_equal(functions_build(&r.f, r.pairs, r.n, &o, &err), -EINVAL);
	assert_string_equal(err.text, "'empty' has no samples");
	runs_done(&r);
}

static void an_outcome_keeps_what_is_certain(void **state)
{
	static const struct load loads[] = {{"main;a@x/a.c", 3000, 3000},
					    {"main;b@x/b.c", 300, 900},
					    {"main;c;old", 1000, 0},
					    {"main;c;new", 0, 1000},
					    {0}};
	struct runs r = runs_of(loads);
	const struct outcome_function *v;
	struct arena arena = {0};
	uint32_t n;

	v = functions_outcome(&r.f, 10, &arena, &n);
	assert_int_equal(n, 2);
	runs_done(&r);
	assert_string_equal(v[0].name, "b");
	assert_string_equal(v[0].file, "x/b.c");
	assert_string_equal(v[0].module, "/bin/app");
	assert_string_equal(v[0].kind, "changed");
	assert_int_equal(v[0].line, 7);
	assert_true(v[0].named && v[0].rank == 1);
	assert_near(v[0].change_s, .6, .01);
	assert_near(v[0].base_s, .3, .01);
	assert_near(v[0].head_s, .9, .01);
	assert_near(v[0].share, .9 / 4.9, .01);
	assert_true(v[0].low_s > .5 && v[0].high_s < .7);
	assert_string_equal(v[1].kind, "renamed");
	assert_string_equal(v[1].was, "old");
	assert_false(v[1].named);
	assert_null(v[1].file);
	arena_done(&arena);
}

static void a_workload_gets_its_functions_and_the_rest(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000}, {"main;b", 300, 900}, {0}};
	struct outcome_workload w = {.name = "w"};
	struct arena arena = {0};
	struct runs r;

	runs_make(&r, loads, 3);
	runs_judge(&r);
	functions_fill(&r.f, 10, &w, &arena);
	assert_int_equal(w.function_pairs, 3);
	assert_int_equal(w.nfunctions, 1);
	assert_near(w.residual_s.change, r.f.residual.change, 0);
	assert_non_null(strstr(w.functions_note, "3 pairs"));
	w = (struct outcome_workload){.name = "w"};
	r.f.unit = "bytes";
	functions_fill(&r.f, 10, &w, &arena);
	assert_int_equal(w.nfunctions, 0);
	assert_true(isnan(w.residual_s.change));
	assert_non_null(strstr(w.functions_note, "count bytes and not time"));
	runs_done(&r);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recursion_counts_a_sample_once),
		cmocka_unit_test(an_inlined_function_keeps_its_name),
		cmocka_unit_test(
			whether_it_is_inlined_does_not_matter_where_that_is_known),
		cmocka_unit_test(candidates_have_one_percent_on_either_side),
		cmocka_unit_test(cpu_time_is_shared_out),
		cmocka_unit_test(counts_without_time_are_counts),
		cmocka_unit_test(agreeing_pairs_are_not_surer_than_counts_of_samples),
		cmocka_unit_test(runs_that_differ_widen_the_interval),
		cmocka_unit_test(a_known_total_takes_its_part_off_the_noise),
		cmocka_unit_test(intervals_are_those_that_r_finds),
		cmocka_unit_test(one_pair_knows_of_sampling_only_and_says_so),
		cmocka_unit_test(what_is_measured_has_no_noise_of_counts),
		cmocka_unit_test(runs_of_unlike_lengths_are_scaled_by_their_factor),
		cmocka_unit_test(two_runs_that_were_measured_have_no_interval),
		cmocka_unit_test(pairs_of_numbers_have_students_interval),
		cmocka_unit_test(what_is_surely_most_comes_first),
		cmocka_unit_test(the_caller_whose_calls_grew_is_told),
		cmocka_unit_test(the_residual_is_what_the_named_ones_leave),
		cmocka_unit_test(unlike_engines_are_refused_or_said),
		cmocka_unit_test(unlike_rates_are_said),
		cmocka_unit_test(what_was_not_measured_alike_is_refused),
		cmocka_unit_test(an_outcome_keeps_what_is_certain),
		cmocka_unit_test(a_workload_gets_its_functions_and_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
