/* Which functions did it: each rule of functions.h. */
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

#define PERIOD 1000000 /* ns */
#define PAIRS 12
#define HL .955 /* efficiency of the estimate */

/* A stack and its samples in a run of base and of head. A frame is "NAME" or "NAME@FILE";
 * "(NAME" was inlined into the next one in the list, which is its caller. */
struct load {
	const char *frames;
	int base, head;
};

static struct line line_of(struct profile *p, const char *frame)
{
	const char *at = strchr(frame, '@');
	struct function f = {.start_line = 7};

	f.name = profile_string_n(p, frame, at ? (size_t)(at - frame) : strlen(frame));
	f.filename = at ? profile_string(p, at + 1) : 0;
	return (struct line){profile_function(p, &f), 9};
}

static stack_id stack_of(struct profile *p, const char *frames)
{
	struct mapping m = {.limit = 4096, .filename = profile_string(p, "/bin/app")};
	char copy[512], *at = copy, *frame;
	struct line lines[8];
	stack_id s = 0;
	uint32_t n = 0;

	snprintf(copy, sizeof(copy), "%s", frames);
	while ((frame = strsep(&at, ";"))) {
		bool inlined = at && *at == '(';

		/* lines: the innermost first */
		memmove(lines + 1, lines, n * sizeof(*lines));
		lines[0] = line_of(p, frame + (*frame == '('));
		n++;
		if (inlined)
			continue;
		s = profile_stack(p, s,
				  profile_named_location(p, profile_mapping(p, &m), 0, 0,
							 lines, n));
		n = 0;
	}
	return s;
}

static struct profile *new_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->period_type = p->value_types[1];
	p->period = PERIOD;
	return p;
}

/* The same in each run but for a little that goes up and down. */
static struct profile *run_of(const struct load *loads, bool head, uint32_t i)
{
	struct profile *p = new_profile();

	for (const struct load *l = loads; l->frames; l++, i++) {
		int n = head ? l->head : l->base;

		n += n ? (int)(i * 7 + head * 3) % 5 - 2 : 0;
		if (n > 0)
			profile_add(p, stack_of(p, l->frames), 0,
				    (int64_t[]){n, (int64_t)n * PERIOD});
	}
	return p;
}

struct runs {
	struct functions_pair pairs[PAIRS];
	uint32_t n;
	struct functions f;
};

static void runs_make(struct runs *r, const struct load *loads, uint32_t n)
{
	*r = (struct runs){.n = n};
	for (uint32_t i = 0; i < n; i++) {
		r->pairs[i].base = (struct functions_run){run_of(loads, false, i), 1,
							  "base", NAN, NAN};
		r->pairs[i].head = (struct functions_run){run_of(loads, true, i), 1,
							  "head", NAN, NAN};
	}
}

static void runs_judge(struct runs *r)
{
	struct functions_options o = {0};
	struct error err = {0};

	if (functions_build(&r->f, r->pairs, r->n, &o, &err) < 0)
		fail_msg("%s", err.text);
}

static void runs_done(struct runs *r)
{
	functions_done(&r->f);
	for (uint32_t i = 0; i < r->n; i++) {
		profile_free((struct profile *)r->pairs[i].base.profile);
		profile_free((struct profile *)r->pairs[i].head.profile);
	}
}

static struct runs judge(const struct load *loads)
{
	struct runs r;

	runs_make(&r, loads, PAIRS);
	runs_judge(&r);
	return r;
}

static const struct functions_entry *find(const struct functions *f, const char *name)
{
	const struct functions_entry *found = NULL;

	for (uint32_t i = 0; i < f->n; i++) {
		if (strcmp(f->entries[i].name, name) != 0)
			continue;
		if (found)
			fail_msg("'%s' is there twice", name);
		found = &f->entries[i];
	}
	return found;
}

static const struct functions_entry *get(const struct functions *f, const char *name)
{
	const struct functions_entry *e = find(f, name);

	if (!e)
		fail_msg("'%s' is missing", name);
	return e;
}

static void assert_kind(const struct runs *r, const char *name, enum functions_kind kind)
{
	const struct functions_entry *e = get(&r->f, name);

	if (e->kind != kind)
		fail_msg("'%s' is %s, not %s: %g [%g, %g]", name,
			 functions_kind_name(e->kind), functions_kind_name(kind),
			 e->self.change, e->self.low, e->self.high);
}

static void assert_near(double a, double b, double within)
{
	if (!(fabs(a - b) <= within))
		fail_msg("%.9g is not %.9g", a, b);
}

/* --- sums --------------------------------------------------------------------------- */

static void recursion_counts_a_sample_once(void **state)
{
	static const struct load loads[] = {
		{"main;f;f;f;f", 500, 500}, {"main;f;g;f", 300, 300}, {0}};
	struct runs r = judge(loads);
	const struct functions_entry *f = get(&r.f, "f");

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
	struct runs r = judge(loads);

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
	struct runs r = judge(loads);

	assert_kind(&r, "tiny", FUNCTIONS_UNCERTAIN);
	assert_near(get(&r.f, "tiny")->self_cost.head, .5, .003);
	runs_done(&r);
}

static void candidates_have_one_percent_on_either_side(void **state)
{
	static const struct load loads[] = {{"main;a", 9700, 9700},
					    {"main;b", 40, 40},
					    {"main;c", 40, 170},
					    {"main;d", 170, 40},
					    {0}};
	struct runs r = judge(loads);

	assert_int_equal(r.f.n, 3);
	assert_null(find(&r.f, "b"));
	assert_null(find(&r.f, "main"));
	/* A third of .05 each. */
	assert_near(get(&r.f, "c")->self.level, 1 - .05 / 3, 1e-12);
	assert_near(get(&r.f, "c")->single.level, .95, 1e-12);
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
	assert_near(get(&r.f, "a")->self_cost.base, 6, .03);
	assert_near(get(&r.f, "a")->self.change, 6, .03);
	assert_near(get(&r.f, "b")->self.change, 2, .03);
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
		profile_add(p[i], stack_of(p[i], "main;a"), 0,
			    (int64_t[]){100 + 100 * i});
	}
	r.pairs[0] = (struct functions_pair){{p[0], 0, "base", NAN, NAN},
					     {p[1], 0, "head", NAN, NAN}};
	runs_judge(&r);
	assert_string_equal(r.f.unit, "count");
	assert_near(get(&r.f, "a")->self.change, 100, 1e-9);
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
		r.pairs[i].base = (struct functions_run){run_of(loads, false, 0), 1,
							 "base", NAN, NAN};
		r.pairs[i].head = (struct functions_run){run_of(loads, true, 0), 1,
							 "head", NAN, NAN};
	}
	runs_judge(&r);
	b = get(&r.f, "b");
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
	struct runs r = judge(loads);
	double margin = get(&r.f, "b")->single.high - get(&r.f, "b")->single.change;

	assert_true(get(&r.f, "b")->named);
	runs_done(&r);
	runs_make(&r, loads, PAIRS);
	profile_free((struct profile *)r.pairs[3].base.profile);
	r.pairs[3].base.profile = run_of(other, false, 3);
	runs_judge(&r);
	assert_false(get(&r.f, "b")->certain);
	assert_true(get(&r.f, "b")->single.high - get(&r.f, "b")->single.change >
		    5 * margin);
	/* One bad run does not move the estimate. */
	assert_near(get(&r.f, "b")->self.change, .06, .01);
	runs_done(&r);
}

static void a_known_total_takes_its_part_off_the_noise(void **state)
{
	static const struct load loads[] = {
		{"main;a", 900, 900}, {"main;b", 100, 100}, {0}};
	struct runs with, without = judge(loads);
	double margins[2];

	runs_make(&with, loads, PAIRS);
	for (uint32_t i = 0; i < with.n; i++)
		with.pairs[i].base.cpu_s = with.pairs[i].head.cpu_s = 1;
	runs_judge(&with);
	margins[0] = get(&without.f, "a")->single.high - get(&without.f, "a")->single.low;
	margins[1] = get(&with.f, "a")->single.high - get(&with.f, "a")->single.low;
	/* 900 of 1000: a tenth of the variance, and a sample more each. */
	assert_near(margins[1] / margins[0], sqrt(.1), .03);
	runs_done(&with);
	runs_done(&without);
}

/* --- R's answers ---------------------------------------------------------------------- */

static struct functions_run oracle_run(int f, int rest, double cpu_ms)
{
	struct load loads[] = {{"main;f", f, 0}, {"main;rest", rest, 0}, {0}};
	struct profile *p = new_profile();

	for (const struct load *l = loads; l->frames; l++) {
		if (l->base)
			profile_add(p, stack_of(p, l->frames), 0,
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
	got = get(&f, "f")->single;
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
	b = get(&r.f, "b");
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
	assert_false(get(&r.f, "b")->certain);
	runs_done(&r);
}

/* --- ranks and the rest ------------------------------------------------------------- */

static void what_is_surely_most_comes_first(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;b", 300, 500},
					    {"main;c", 300, 700},
					    {"main;d", 300, 150},
					    {0}};
	struct runs r = judge(loads);

	assert_int_equal(r.f.named, 3);
	assert_string_equal(r.f.entries[0].name, "c");
	assert_string_equal(r.f.entries[1].name, "b");
	assert_string_equal(r.f.entries[2].name, "d");
	assert_true(r.f.entries[2].self.high < 0);
	assert_kind(&r, "a", FUNCTIONS_UNCERTAIN);
	runs_done(&r);
}

static void the_residual_is_what_the_named_ones_leave(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000}, {"main;b", 300, 500}, {0}};
	struct runs r = judge(loads);

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

/* --- moved, not slower -------------------------------------------------------------- */

static void what_a_new_callee_took_over_is_moved(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 1000, 400},
					    {"main;f;helper", 0, 600},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "f", FUNCTIONS_MOVED);
	assert_kind(&r, "helper", FUNCTIONS_MOVED);
	assert_string_equal(get(&r.f, "helper")->with, "f");
	assert_string_equal(get(&r.f, "f")->with, "helper");
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void a_callee_that_is_slower_than_what_it_took_over_is_named(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 1000, 400},
					    {"main;f;helper", 0, 1400},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "helper", FUNCTIONS_NEW);
	assert_string_equal(r.f.entries[0].name, "helper");
	runs_done(&r);
}

static void a_callee_with_the_cost_of_its_caller_is_moved(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 1000, 1500},
					    {"main;f;g", 1000, 500},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "f", FUNCTIONS_MOVED);
	assert_kind(&r, "g", FUNCTIONS_MOVED);
	runs_done(&r);
}

static void a_slower_function_is_not_acquitted_by_an_unrelated_one(void **state)
{
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f;g", 1000, 1500},
					    {"main;h;i", 1000, 500},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "g", FUNCTIONS_CHANGED);
	assert_kind(&r, "i", FUNCTIONS_CHANGED);
	assert_int_equal(r.f.named, 2);
	runs_done(&r);
}

static void methods_of_a_class_share_its_cost(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000},
		{"main;f;ns::Set<a::b>::find(int)", 1000, 1500},
		{"main;h;ns::Set<a::b>::add(x::y)", 1000, 500},
		{0}};
	struct runs r = judge(loads);

	assert_kind(&r, "ns::Set<a::b>::find(int)", FUNCTIONS_MOVED);
	assert_kind(&r, "ns::Set<a::b>::add(x::y)", FUNCTIONS_MOVED);
	runs_done(&r);
}

static void functions_of_one_file_and_one_caller_share_their_cost(void **state)
{
	static const struct load loads[] = {
		{"main;a", 3000, 3000},	     {"main;f;g@x.c", 1000, 1500},
		{"main;f;h@x.c", 1000, 500}, {"main;e;k@x.c", 1000, 1500},
		{"main;d;l@y.c", 1000, 500}, {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "g", FUNCTIONS_MOVED);
	assert_kind(&r, "h", FUNCTIONS_MOVED);
	assert_kind(&r, "k", FUNCTIONS_CHANGED);
	assert_kind(&r, "l", FUNCTIONS_CHANGED);
	runs_done(&r);
}

static void a_total_that_stays_says_that_it_moved(void **state)
{
	/* Into callees that are too small to be candidates. */
	static const struct load loads[] = {{"main;a", 18000, 18000},
					    {"main;f", 1000, 440},
					    {"main;f;c1", 0, 140},
					    {"main;f;c2", 0, 140},
					    {"main;f;c3", 0, 140},
					    {"main;f;c4", 0, 140},
					    {0}};
	struct runs r = judge(loads);

	assert_null(find(&r.f, "c1"));
	assert_kind(&r, "f", FUNCTIONS_MOVED);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void a_caller_whose_total_stays_says_that_it_moved(void **state)
{
	/* From siblings too small to be candidates. */
	static const struct load loads[] = {{"main;a", 18000, 18000},
					    {"main;f;g", 440, 1000},
					    {"main;f;c1", 140, 0},
					    {"main;f;c2", 140, 0},
					    {"main;f;c3", 140, 0},
					    {"main;f;c4", 140, 0},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "g", FUNCTIONS_MOVED);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void noise_does_not_acquit(void **state)
{
	/* f is surely slower; whether its caller lost as much is not known with so few
	 * pairs. */
	static const struct load loads[] = {{"main;a", 3000, 3000},
					    {"main;f", 600, 600},
					    {"main;f;g", 100, 400},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "g", FUNCTIONS_CHANGED);
	assert_string_equal(r.f.entries[0].name, "g");
	runs_done(&r);
}

/* --- inlined, renamed --------------------------------------------------------------- */

static void one_that_vanished_into_its_callers_was_inlined(void **state)
{
	static const struct load loads[] = {{"main;z", 3000, 3000}, {"main;a", 500, 1100},
					    {"main;b", 500, 900},   {"main;a;g", 600, 0},
					    {"main;b;g", 400, 0},   {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "g", FUNCTIONS_INLINED);
	assert_string_equal(get(&r.f, "g")->with, "a");
	assert_kind(&r, "a", FUNCTIONS_MOVED);
	assert_kind(&r, "b", FUNCTIONS_MOVED);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void the_only_caller_may_have_grown_by_a_little_more(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000}, {"main;a", 500, 1120}, {"main;a;g", 600, 0}, {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "g", FUNCTIONS_INLINED);
	assert_kind(&r, "a", FUNCTIONS_MOVED);
	runs_done(&r);
}

static void callers_that_grew_by_more_than_they_inlined_are_named(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000}, {"main;a", 500, 2100}, {"main;a;g", 600, 0}, {0}};
	struct runs r = judge(loads);

	assert_string_equal(r.f.entries[0].name, "a");
	assert_kind(&r, "a", FUNCTIONS_CHANGED);
	runs_done(&r);
}

static void
a_new_name_with_the_same_callers_callees_and_cost_is_a_renamed_one(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	     {"main;c;old", 1000, 0},
		{"main;c;old;leaf", 500, 0}, {"main;c;new", 0, 1000},
		{"main;c;new;leaf", 0, 500}, {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "new", FUNCTIONS_RENAMED);
	assert_string_equal(get(&r.f, "new")->was, "old");
	assert_null(find(&r.f, "old"));
	assert_near(get(&r.f, "new")->self.change, 0, .01);
	assert_int_equal(r.f.named, 0);
	runs_done(&r);
}

static void an_interrupt_does_not_hide_that_it_was_renamed(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	       {"main;c;old", 1000, 0},
		{"main;c;old;irq;tick", 6, 0}, {"main;c;new", 0, 1000},
		{"main;c;new;irq;rcu", 0, 6},  {"main;z;irq;tick", 6, 6},
		{"main;z;irq;rcu", 6, 6},      {"main;c;new;fault", 0, 6},
		{"main;z;fault", 6, 6},	       {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "new", FUNCTIONS_RENAMED);
	assert_string_equal(get(&r.f, "new")->was, "old");
	runs_done(&r);
}

static void a_renamed_one_that_is_slower_is_named_with_its_former_name(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	     {"main;c;old", 1000, 0},
		{"main;c;old;leaf", 500, 0}, {"main;c;new", 0, 1300},
		{"main;c;new;leaf", 0, 500}, {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "new", FUNCTIONS_CHANGED);
	assert_string_equal(r.f.entries[0].name, "new");
	assert_string_equal(r.f.entries[0].was, "old");
	assert_near(r.f.entries[0].self.change, .3, .01);
	assert_int_equal(r.f.named, 1);
	runs_done(&r);
}

static void other_callers_or_another_cost_make_two_functions(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	  {"main;c", 10, 10},
		{"main;c;old", 1000, 0},  {"main;d", 10, 10},
		{"main;d;new", 0, 1000},  {"main;e;less", 200, 0},
		{"main;e;more", 0, 1000}, {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "old", FUNCTIONS_GONE);
	assert_kind(&r, "new", FUNCTIONS_NEW);
	assert_kind(&r, "less", FUNCTIONS_GONE);
	assert_kind(&r, "more", FUNCTIONS_NEW);
	assert_int_equal(r.f.named, 4);
	runs_done(&r);
}

static void another_file_is_no_change(void **state)
{
	static const struct load loads[] = {{"main;z", 3000, 3000},
					    {"main;f@a/old.c", 1000, 0},
					    {"main;f@a/new.c", 0, 1000},
					    {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "f", FUNCTIONS_RENAMED);
	assert_string_equal(get(&r.f, "f")->was, "a/old.c");
	assert_string_equal(get(&r.f, "f")->file, "a/new.c");
	runs_done(&r);
}

static void a_caller_and_its_callee_may_both_have_another_name(void **state)
{
	static const struct load loads[] = {
		{"main;z", 3000, 3000},	  {"main;f", 1000, 0},
		{"main;f;g", 600, 0},	  {"main;f;g;h", 900, 0},
		{"main;f2", 0, 1000},	  {"main;f2;g2", 0, 600},
		{"main;f2;g2;h", 0, 900}, {0}};
	struct runs r = judge(loads);

	assert_kind(&r, "f2", FUNCTIONS_RENAMED);
	assert_kind(&r, "g2", FUNCTIONS_RENAMED);
	assert_string_equal(get(&r.f, "g2")->was, "g");
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
	profile_add(p, stack_of(p, "main"), 0, (int64_t[]){100});
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
	r.pairs[1].head = (struct functions_run){new_profile(), 1, "empty", NAN, NAN};
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
	struct runs r = judge(loads);
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
		cmocka_unit_test(what_is_surely_most_comes_first),
		cmocka_unit_test(the_residual_is_what_the_named_ones_leave),
		cmocka_unit_test(what_a_new_callee_took_over_is_moved),
		cmocka_unit_test(a_callee_that_is_slower_than_what_it_took_over_is_named),
		cmocka_unit_test(a_callee_with_the_cost_of_its_caller_is_moved),
		cmocka_unit_test(a_slower_function_is_not_acquitted_by_an_unrelated_one),
		cmocka_unit_test(methods_of_a_class_share_its_cost),
		cmocka_unit_test(functions_of_one_file_and_one_caller_share_their_cost),
		cmocka_unit_test(a_total_that_stays_says_that_it_moved),
		cmocka_unit_test(a_caller_whose_total_stays_says_that_it_moved),
		cmocka_unit_test(noise_does_not_acquit),
		cmocka_unit_test(one_that_vanished_into_its_callers_was_inlined),
		cmocka_unit_test(the_only_caller_may_have_grown_by_a_little_more),
		cmocka_unit_test(callers_that_grew_by_more_than_they_inlined_are_named),
		cmocka_unit_test(
			a_new_name_with_the_same_callers_callees_and_cost_is_a_renamed_one),
		cmocka_unit_test(an_interrupt_does_not_hide_that_it_was_renamed),
		cmocka_unit_test(
			a_renamed_one_that_is_slower_is_named_with_its_former_name),
		cmocka_unit_test(other_callers_or_another_cost_make_two_functions),
		cmocka_unit_test(another_file_is_no_change),
		cmocka_unit_test(a_caller_and_its_callee_may_both_have_another_name),
		cmocka_unit_test(unlike_engines_are_refused_or_said),
		cmocka_unit_test(unlike_rates_are_said),
		cmocka_unit_test(what_was_not_measured_alike_is_refused),
		cmocka_unit_test(an_outcome_keeps_what_is_certain),
		cmocka_unit_test(a_workload_gets_its_functions_and_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
