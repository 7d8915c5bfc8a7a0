/* The arithmetic of differences, and which functions of two builds are the same. */
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

#include <profd/diff-report.h>
#include <profd/diff.h>
#include <profd/noise.h>

#define PERIOD 1000

static struct profile *new_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->period_type = p->value_types[1];
	p->period = PERIOD;
	return p;
}

/* A frame is "NAME", "NAME@FILE"; "(NAME" was inlined into the next one in the list, which
 * is its caller. */
static function_id function_of(struct profile *p, const char *frame, uint32_t start_line)
{
	const char *at = strchr(frame, '@');
	struct function f = {.start_line = start_line};

	f.name = profile_string_n(p, frame, at ? (size_t)(at - frame) : strlen(frame));
	f.filename = at ? profile_string(p, at + 1) : 0;
	return profile_function(p, &f);
}

struct build { /* what another build has otherwise */
	const char *file, *build_id;
	uint64_t address;
	uint32_t line;
	uint32_t flags; /* of locations */
};
static const struct build build_a = {"/bin/app", "aa", 0x1000, 10, 0};
static const struct build build_b = {"/bin/app", "bb", 0x5000, 20, 0};

static stack_id stack_of(struct profile *p, const struct build *b, const char *frames)
{
	struct mapping m = {.start = b->address, .limit = b->address + 0x1000};
	char copy[512], *at = copy, *frame;
	uint64_t address = b->address;
	stack_id s = 0;
	struct line lines[8];
	uint32_t n = 0;

	m.filename = profile_string(p, b->file);
	m.build_id = profile_string(p, b->build_id);
	snprintf(copy, sizeof(copy), "%s", frames);
	while ((frame = strsep(&at, ";"))) {
		bool inlined = at && *at == '(';

		frame += *frame == '(';
		/* lines: the innermost first */
		memmove(lines + 1, lines, n * sizeof(*lines));
		lines[0] = (struct line){function_of(p, frame, b->line), b->line + n};
		address += 16;
		n++;
		if (inlined)
			continue;
		s = profile_stack(p, s,
				  profile_named_location(p, profile_mapping(p, &m),
							 address, b->flags, lines, n));
		n = 0;
	}
	return s;
}

static void add_by(struct profile *p, const struct build *b, const char *frames,
		   int64_t samples, int64_t value)
{
	struct label labels[] = {
		{.key = profile_string(p, "comm"), .str = profile_string(p, "app")},
		{.key = profile_string(p, "pid"),
		 .num = (int64_t)(b->address + (uint64_t)samples),
		 .unit = profile_string(p, "id")},
	};
	int64_t values[] = {samples, value};

	profile_add(p, stack_of(p, b, frames), profile_labels(p, labels, 2), values);
}

static void add(struct profile *p, const char *frames, int64_t samples)
{
	add_by(p, &build_a, frames, samples, samples * PERIOD);
}

static void add_b(struct profile *p, const char *frames, int64_t samples)
{
	add_by(p, &build_b, frames, samples, samples * PERIOD);
}

/* Both are freed. */
static struct diff diff_of_value(struct profile *before, struct profile *after,
				 unsigned value, enum diff_normalize normalize)
{
	struct diff_options o = {.normalize = normalize};
	struct error err = {0};
	struct diff d;

	if (diff_build(&d, &(struct diff_side){before, value, "A", {""}},
		       &(struct diff_side){after, value, "B", {""}}, &o, &err) < 0)
		fail_msg("%s", err.text);
	profile_free(before);
	profile_free(after);
	return d;
}

static struct diff diff_of(struct profile *before, struct profile *after)
{
	return diff_of_value(before, after, 1, DIFF_AUTO);
}

static const struct diff_function *find(const struct diff *d, const char *name)
{
	const struct diff_function *found = NULL;

	for (uint32_t i = 0; i < d->functions.n; i++) {
		const struct diff_function *f = &d->functions.v[i];
		string_id id = d->profile->functions.v[f->function].name;

		if (strcmp(profile_text(d->profile, id), name) != 0)
			continue;
		if (found)
			fail_msg("'%s' is there twice", name);
		found = f;
	}
	if (!found)
		fail_msg("'%s' is missing", name);
	return found;
}

static void assert_sums(const struct diff_change *c, int64_t before, int64_t after)
{
	assert_int_equal(c->sums.before, before * PERIOD);
	assert_int_equal(c->sums.after, after * PERIOD);
	assert_int_equal(c->delta, (after - before) * PERIOD);
	assert_int_equal(c->sums.samples_before, before);
	assert_int_equal(c->sums.samples_after, after);
}

static void assert_branch(const struct diff *d, const struct diff_branch *b,
			  const char *want)
{
	struct text t = {0};

	diff_add_stack(&t, d, b);
	assert_string_equal(t.s, want);
	text_done(&t);
}

/* --- noise ------------------------------------------------------------------------- */

static void noise_is_two_deviations_of_both_sides(void **state)
{
	struct noise_sum b = {900, 9, 0}, a = {1600, 16, 0};

	/* 2 * sqrt(9 * 100^2 + 16 * 100^2) */
	assert_int_equal(noise_between(&b, &a), 1000);
	assert_false(noise_exceeded(&b, &a));
	/* Weights differ: 2 * sqrt(9 * 100^2 + 16 * 50^2) */
	a.value = 800;
	assert_int_equal(noise_between(&b, &a), 721);
	/* At the border it is noise still. */
	b = (struct noise_sum){0, 0, 1};
	a = (struct noise_sum){400, 4, 100};
	assert_int_equal(noise_between(&b, &a), 400);
	assert_false(noise_exceeded(&b, &a));
	a = (struct noise_sum){500, 5, 100};
	assert_true(noise_exceeded(&b, &a));
	assert_true(noise_exceeded(&a, &b));
	/* A value that no sample was counted with weighs as others do; with no weight
	 * known there is no noise. */
	a = (struct noise_sum){500, 0, 100};
	assert_int_equal(noise_between(&b, &a), 447);
	a.weight = 0;
	assert_int_equal(noise_between(&b, &a), 0);
	assert_true(noise_exceeded(&b, &a));
	assert_false(noise_exceeded(&b, &b));
	a = (struct noise_sum){INT64_MIN, 1, 0};
	b = (struct noise_sum){INT64_MAX, 1, 0};
	assert_int_equal(noise_between(&b, &a), INT64_C(1) << 62);
}

/* --- arithmetic -------------------------------------------------------------------- */

static void a_recursive_function_counts_a_stack_once(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	add(b, "main;f;f;f", 100);
	add(a, "main;f;f;f;f;f", 300);
	add(a, "main;f;g;f", 50);
	d = diff_of(b, a);
	assert_sums(&find(&d, "f")->total, 100, 350);
	assert_sums(&find(&d, "f")->self, 100, 350);
	assert_sums(&find(&d, "main")->total, 100, 350);
	assert_sums(&find(&d, "main")->self, 0, 0);
	assert_sums(&find(&d, "g")->total, 0, 50);
	assert_sums(&d.all, 100, 350);
	diff_done(&d);
}

static void the_joined_profile_has_four_values_that_add_up(void **state)
{
	static const char *const types[] = {"before", "after", "before_samples",
					    "after_samples"};
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	add(b, "main;f", 100);
	add_b(a, "main;f", 40);
	add_b(a, "main", 2);
	d = diff_of(b, a);
	assert_int_equal(d.profile->nvalues, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct value_type *t = &d.profile->value_types[i];

		assert_string_equal(profile_text(d.profile, t->type), types[i]);
		assert_string_equal(profile_text(d.profile, t->unit),
				    i < 2 ? "nanoseconds" : "count");
	}
	assert_int_equal(profile_default_value(d.profile), 1);
	assert_string_equal(profile_text(d.profile, d.type), "cpu");
	assert_int_equal(profile_total(d.profile, 0), 100 * PERIOD);
	assert_int_equal(profile_total(d.profile, 1), 42 * PERIOD);
	assert_int_equal(profile_total(d.profile, 2), 100);
	assert_int_equal(profile_total(d.profile, 3), 42);
	/* main;f is one row, although pids, addresses and lines are others. */
	assert_int_equal(d.profile->samples.n, 3);
	diff_done(&d);
}

static void equal_profiles_do_not_differ(void **state)
{
	struct profile *p[2] = {new_profile(), new_profile()};
	struct diff d;

	for (unsigned i = 0; i < 2; i++) {
		add(p[i], "main;f", 1);
		add(p[i], "main;f;g", 1000);
		add(p[i], "main;h", 7);
	}
	d = diff_of(p[0], p[1]);
	assert_int_equal(d.functions.n, 4);
	for (uint32_t i = 0; i < d.functions.n; i++) {
		const struct diff_function *f = &d.functions.v[i];

		assert_int_equal(f->self.delta, 0);
		assert_int_equal(f->total.delta, 0);
		assert_false(f->self.significant || f->total.significant);
	}
	assert_int_equal(d.all.delta, 0);
	assert_false(d.all.significant);
	assert_int_equal(d.new.n + d.vanished.n + d.new.quiet + d.vanished.quiet, 0);
	diff_done(&d);
}

static void fill_two(struct profile *p, bool second)
{
	add(p, "main;same", 500);
	add(p, "main;twice", second ? 400 : 200);
	add(p, "main;half", second ? 200 : 400);
	if (second)
		add(p, "main;fresh;leaf", 90);
	else
		add(p, "main;stale", 60);
}

static void the_other_way_round_all_signs_are_turned(void **state)
{
	struct profile *p[4];
	struct diff there, back;

	for (unsigned i = 0; i < 4; i++) {
		p[i] = new_profile();
		fill_two(p[i], i == 1 || i == 2);
	}
	there = diff_of(p[0], p[1]);
	back = diff_of(p[2], p[3]);
	assert_int_equal(there.functions.n, 7);
	for (uint32_t i = 0; i < there.functions.n; i++) {
		const struct diff_function *f = &there.functions.v[i];
		string_id name = there.profile->functions.v[f->function].name;
		const struct diff_function *g = find(&back,
						     profile_text(there.profile, name));

		assert_int_equal(f->self.delta, -g->self.delta);
		assert_int_equal(f->total.delta, -g->total.delta);
		assert_int_equal(f->self.noise, g->self.noise);
		assert_int_equal(f->self.significant, g->self.significant);
	}
	assert_int_equal(there.all.delta, -back.all.delta);
	assert_int_equal(there.new.n, 1);
	assert_int_equal(there.vanished.n, 1);
	assert_branch(&there, &there.new.v[0], "app;main;fresh");
	assert_branch(&there, &there.vanished.v[0], "app;main;stale");
	assert_branch(&back, &back.new.v[0], "app;main;stale");
	assert_branch(&back, &back.vanished.v[0], "app;main;fresh");
	/* The largest change of a function's own comes first, of equal ones that of all. */
	assert_ptr_equal(&there.functions.v[0], find(&there, "half"));
	assert_ptr_equal(&there.functions.v[1], find(&there, "twice"));
	diff_done(&there);
	diff_done(&back);
}

static void a_branch_is_told_by_its_outermost_frame(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	add(b, "main;old", 100);
	add(a, "main;old", 100);
	add(a, "main;old;new;x", 30);
	add(a, "main;old;new;y;z", 20);
	add(a, "main;rare", 4);
	add(b, "main;r;r;r", 9);
	add(a, "main;r;r;r", 9);
	add(a, "main;r;r;r;r;r", 9);
	d = diff_of(b, a);
	assert_int_equal(d.new.n, 2);
	assert_branch(&d, &d.new.v[0], "app;main;old;new");
	/* The fourth r is new. */
	assert_branch(&d, &d.new.v[1], "app;main;r x 4");
	assert_int_equal(d.new.v[1].stacks, 1);
	assert_sums(&d.new.v[0].change, 0, 50);
	assert_int_equal(d.new.v[0].stacks, 2);
	/* Four samples may be there by chance. */
	assert_int_equal(d.new.quiet, 1);
	assert_true(diff_is_new(&find(&d, "new")->total));
	assert_false(diff_is_new(&find(&d, "old")->total));
	assert_false(find(&d, "rare")->self.significant);
	diff_done(&d);
}

static void a_process_that_is_new_is_one_branch(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct label l = {.key = profile_string(a, "comm")};
	struct diff d;

	add(b, "main;f", 100);
	add(a, "main;f", 100);
	l.str = profile_string(a, "cc1");
	profile_add(a, stack_of(a, &build_a, "main;f"), profile_labels(a, &l, 1),
		    (int64_t[]){50, 50 * PERIOD});
	d = diff_of(b, a);
	assert_int_equal(d.new.n, 1);
	assert_branch(&d, &d.new.v[0], "cc1");
	diff_done(&d);
}

/* --- normalising ------------------------------------------------------------------- */

static void another_rate_is_no_change(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	/* The same time, sampled a fifth as often. */
	add_by(b, &build_a, "main;f", 1000, 1000 * PERIOD);
	add_by(a, &build_a, "main;f", 200, 1000 * PERIOD);
	a->period = 5 * PERIOD;
	d = diff_of(b, a);
	assert_int_equal(find(&d, "f")->self.delta, 0);
	/* 2 * sqrt(1000 * 1000^2 + 200 * 5000^2) */
	assert_int_equal(find(&d, "f")->self.noise, 154919);
	assert_int_equal(d.all.sums.samples_after, 200);
	diff_done(&d);
}

static struct diff normalised(enum diff_normalize n)
{
	struct profile *b = new_profile(), *a = new_profile();

	add(b, "main;f", 1000);
	add(a, "main;f", 1600);
	add(a, "main;g", 400);
	b->duration_ns = 2000000000;
	a->duration_ns = 4000000000;
	return diff_of_value(b, a, 1, n);
}

static void values_are_normalised_as_asked(void **state)
{
	struct diff d = normalised(DIFF_AUTO);

	assert_int_equal(d.normalize, DIFF_NONE);
	assert_int_equal(d.all.sums.after, 2000 * PERIOD);
	diff_done(&d);
	d = normalised(DIFF_DURATION);
	assert_int_equal(d.all.sums.before, 500 * PERIOD);
	assert_int_equal(d.all.sums.after, 500 * PERIOD);
	assert_int_equal(d.all.sums.samples_after, 2000);
	assert_int_equal(find(&d, "f")->self.delta, -100 * PERIOD);
	diff_done(&d);
	d = normalised(DIFF_TOTAL);
	assert_int_equal(d.all.sums.before, 1000 * PERIOD);
	assert_int_equal(d.all.delta, 0);
	assert_int_equal(find(&d, "f")->self.sums.after, 800 * PERIOD);
	/* Half of what a sample stood for. */
	assert_int_equal(
		find(&d, "f")->self.noise,
		llround(2 * sqrt(1000. * PERIOD * PERIOD + 1600. * PERIOD * PERIOD / 4)));
	diff_done(&d);
}

static int build(struct profile *b, struct profile *a, const struct origin *ob,
		 const struct origin *oa, const struct diff_options *o, struct diff *d,
		 struct error *err)
{
	struct diff_side before = {b, 1, "A", *ob}, after = {a, 1, "B", *oa};

	memset(err, 0, sizeof(*err));
	return diff_build(d, &before, &after, o, err);
}

static void what_ran_already_is_compared_by_the_second(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct origin running = {.of = "what ran already"}, command = {.of = "a command"};
	struct diff_options o = {0};
	struct error err;
	struct diff d;

	add(b, "main", 1000);
	add(a, "main", 3000);
	b->duration_ns = 1000000000;
	a->duration_ns = 3000000000;
	assert_int_equal(build(b, a, &running, &running, &o, &d, &err), 0);
	assert_int_equal(d.normalize, DIFF_DURATION);
	assert_int_equal(d.all.delta, 0);
	diff_done(&d);
	assert_int_equal(build(b, a, &command, &command, &o, &d, &err), 0);
	assert_int_equal(d.normalize, DIFF_NONE);
	diff_done(&d);
	a->duration_ns = 0;
	assert_int_equal(build(b, a, &running, &running, &o, &d, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'B' does not say for how long"));
	assert_int_equal(build(b, a, &running, &command, &o, &d, &err), -EINVAL);
	assert_non_null(strstr(err.text, "a profile of what ran already against a "
					 "command"));
	profile_free(a);
	a = new_profile();
	o.normalize = DIFF_TOTAL;
	assert_int_equal(build(b, a, &command, &command, &o, &d, &err), -EINVAL);
	profile_free(b);
	profile_free(a);
}

/* --- unlike ------------------------------------------------------------------------- */

static void unlike_profiles_are_refused_or_labelled(void **state)
{
	static const struct origin like = {"perf", "user", "a command", "cpu-clock", "X"};
	static const struct {
		struct origin other;
		const char *words;
	} cases[] = {
		{{"ptrace", "user", "a command", "cpu-clock", "X"},
		 "engine perf against ptrace"},
		{{"perf", "user+kernel", "a command", "cpu-clock", "X"},
		 "code user against user+kernel"},
		{{"perf", "user", "a command", "task-clock", "X"},
		 "event cpu-clock against task-clock"},
		{{"perf", "user", "a command", "cpu-clock", "Y"}, "machine X against Y"},
		{{"ptrace", "user", "a command", "cpu-clock", "Y"},
		 "engine perf against ptrace; machine X against Y"},
	};
	struct profile *b = new_profile(), *a = new_profile();
	struct error err;
	struct diff d;

	add(b, "main", 10);
	add(a, "main", 10);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diff_options o = {0};

		assert_int_equal(build(b, a, &like, &cases[i].other, &o, &d, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, cases[i].words));
		assert_non_null(strstr(err.hint, "--allow-unlike"));
		o.allow_unlike = true;
		assert_int_equal(build(b, a, &like, &cases[i].other, &o, &d, &err), 0);
		assert_string_equal(d.unlike.s, cases[i].words);
		diff_done(&d);
		/* What is not known is not unlike, but said. */
		o.allow_unlike = false;
		assert_int_equal(
			build(b, a, &(struct origin){""}, &cases[i].other, &o, &d, &err),
			0);
		assert_string_equal(d.unknown.s,
				    "engine, event, code, a profile of, machine");
		diff_done(&d);
	}
	profile_free(b);
	profile_free(a);
}

static void other_values_are_refused(void **state)
{
	struct profile *b = new_profile(), *a = profile_new();
	struct diff_options o = {.allow_unlike = true};
	struct diff_side before = {b, 1, "A", {""}}, after = {a, 0, "B", {""}};
	struct error err = {0};
	struct diff d;

	profile_value_type(a, "wall", "nanoseconds");
	profile_value_type(a, "space", "bytes");
	assert_int_equal(diff_build(&d, &before, &after, &o, &err), 0);
	assert_string_equal(d.unlike.s, "value cpu against wall");
	diff_done(&d);
	o.allow_unlike = false;
	assert_int_equal(diff_build(&d, &before, &after, &o, &err), -EINVAL);
	/* Units cannot be compared at all. */
	o.allow_unlike = true;
	after.value = 1;
	assert_int_equal(diff_build(&d, &before, &after, &o, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cpu in nanoseconds, 'B' space in bytes"));
	profile_free(a);
	/* Numbers of samples of two rates. */
	a = new_profile();
	a->period = 2 * PERIOD;
	o.allow_unlike = false;
	before.value = after.value = 0;
	after.profile = a;
	assert_int_equal(diff_build(&d, &before, &after, &o, &err), -EINVAL);
	assert_non_null(strstr(err.text, "a sample for each 1000 nanoseconds against"));
	profile_free(b);
	profile_free(a);
}

/* --- the same functions ------------------------------------------------------------- */

static void another_build_has_the_same_functions(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	/* In another place, of another build-id, on other lines; and inlined. */
	add(b, "main@/src/a.c;work@/src/a.c;leaf@/src/b.c", 100);
	add_b(a, "main@/src/a.c;(work@/src/a.c;(leaf@/src/b.c", 100);
	d = diff_of(b, a);
	assert_int_equal(d.functions.n, 3);
	assert_int_equal(d.profile->samples.n, 2);
	for (uint32_t i = 0; i < d.functions.n; i++) {
		assert_int_equal(d.functions.v[i].total.delta, 0);
		/* What is new of it stays. */
		assert_int_equal(
			d.profile->functions.v[d.functions.v[i].function].start_line, 20);
	}
	for (mapping_id i = 1; i < d.profile->mappings.n; i++) {
		assert_int_equal(d.profile->mappings.v[i].start, 0);
		assert_int_equal(d.profile->mappings.v[i].build_id, 0);
	}
	assert_int_equal(d.new.n + d.vanished.n, 0);
	diff_done(&d);
}

static void another_folder_is_the_same_file(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	add(b, "init@/tmp/base/x/util.c", 10);
	add(b, "init@/tmp/base/y/util.c", 20);
	add(b, "main@/tmp/base/main.c", 30);
	add(b, "moved@/tmp/base/old.c", 40);
	add(b, "stripped", 50);
	add_b(a, "init@/home/ci/head/y/util.c", 20);
	add_b(a, "init@/home/ci/head/x/util.c", 10);
	add_b(a, "main@main.c", 30);
	add_b(a, "moved@/home/ci/head/new.c", 40);
	add_b(a, "stripped@/home/ci/head/s.c", 50);
	d = diff_of(b, a);
	/* init twice, main, stripped; and the one that moved, which is two. */
	assert_int_equal(d.functions.n, 6);
	for (uint32_t i = 0; i < d.functions.n; i++) {
		const struct diff_change *c = &d.functions.v[i].total;

		if (i < 2)
			assert_int_equal(llabs(c->delta), 40 * PERIOD);
		else
			assert_int_equal(c->delta, 0);
	}
	assert_true(diff_is_new(&d.functions.v[0].total) !=
		    diff_is_new(&d.functions.v[1].total));
	diff_done(&d);
}

static void files_that_cannot_be_told_apart_are_not_guessed(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	/* Which of the two? */
	add(b, "f@/base/x.c", 10);
	add_b(a, "f@/head/1/x.c", 10);
	add_b(a, "f@/head/2/x.c", 10);
	d = diff_of(b, a);
	assert_int_equal(d.functions.n, 3);
	diff_done(&d);
}

static void marks_of_parts_and_copies_are_taken_off(void **state)
{
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	add(b, "f.part.0", 10);
	add(b, "g", 10);
	add(b, "h.llvm.1234567", 10);
	add(b, "k(int) [clone .isra.0]", 10);
	add(b, ".cold", 10);
	add(b, "m.colder", 10);
	add_b(a, "f", 10);
	add_b(a, "g.constprop.0.isra.1", 10);
	add_b(a, "h.llvm.7654321.cold", 10);
	add_b(a, "k(int)", 10);
	add_b(a, ".cold", 10);
	add_b(a, "m.cold", 10);
	d = diff_of(b, a);
	assert_int_equal(find(&d, "f")->total.delta, 0);
	assert_int_equal(find(&d, "g")->total.delta, 0);
	assert_int_equal(find(&d, "h")->total.delta, 0);
	assert_int_equal(find(&d, "k(int)")->total.delta, 0);
	assert_int_equal(find(&d, ".cold")->total.delta, 0);
	assert_sums(&find(&d, "m.colder")->total, 10, 0);
	assert_sums(&find(&d, "m")->total, 0, 10);
	diff_done(&d);
}

static void code_without_a_name_is_its_module(void **state)
{
	static const struct build stripped_a = {"/lib/libx.so", "aa", 0x1000, 0,
						LOCATION_UNRESOLVED};
	static const struct build stripped_b = {"/opt/libx.so", "bb", 0x1000, 0,
						LOCATION_UNRESOLVED};
	struct profile *b = new_profile(), *a = new_profile();
	struct diff d;

	add_by(b, &stripped_a, "libx.so+0x10", 10, 10 * PERIOD);
	add_by(b, &stripped_a, "libx.so+0x20", 10, 10 * PERIOD);
	add_by(a, &stripped_b, "libx.so+0x18", 20, 20 * PERIOD);
	d = diff_of(b, a);
	assert_sums(&find(&d, "[libx.so]")->total, 20, 20);
	diff_done(&d);
	/* One build: offsets are names. */
	b = new_profile();
	a = new_profile();
	add_by(b, &stripped_a, "libx.so+0x10", 10, 10 * PERIOD);
	add_by(a, &stripped_a, "libx.so+0x10", 10, 10 * PERIOD);
	add_by(a, &stripped_a, "libx.so+0x20", 30, 30 * PERIOD);
	d = diff_of(b, a);
	assert_sums(&find(&d, "libx.so+0x10")->total, 10, 10);
	assert_sums(&find(&d, "libx.so+0x20")->total, 0, 30);
	diff_done(&d);
}

static struct profile *program(const char *file, const char *comm)
{
	struct profile *p = new_profile();
	struct mapping m = {.filename = profile_string(p, file),
			    .build_id = profile_string(p, file),
			    .flags = MAPPING_MAIN};
	struct label l = {.key = profile_string(p, "comm"),
			  .str = profile_string(p, comm)};
	location_id at = profile_location(p, profile_mapping(p, &m), 0x10, 0);

	profile_add(p, profile_stack(p, 0, at), profile_labels(p, &l, 1),
		    (int64_t[]){10, 10 * PERIOD});
	return p;
}

static void the_program_is_the_same_whatever_its_file_is_called(void **state)
{
	struct diff d = diff_of(program("/tmp/workload-of-base", "workload-of-bas"),
				program("/tmp/head", "head"));

	assert_int_equal(d.profile->samples.n, 2);
	assert_sums(&find(&d, "[head]")->total, 10, 10);
	assert_int_equal(d.new.n + d.vanished.n + d.new.quiet + d.vanished.quiet, 0);
	assert_string_equal(
		d.notes.s,
		"the command 'workload-of-bas' before is taken for 'head' after\n");
	diff_done(&d);
	d = diff_of(program("/tmp/a", "sh"), program("/tmp/b", "b"));
	assert_int_equal(d.profile->samples.n, 3);
	assert_null(d.notes.s);
	diff_done(&d);
}

/* --- samples that are not counted --------------------------------------------------- */

static void samples_are_estimated_from_the_period_or_not_known(void **state)
{
	struct profile *p[2];
	struct diff d;

	for (unsigned known = 0; known < 2; known++) {
		for (unsigned i = 0; i < 2; i++) {
			p[i] = profile_new();
			profile_value_type(p[i], "cpu", "nanoseconds");
			p[i]->period_type = p[i]->value_types[0];
			p[i]->period = known ? PERIOD : 0;
			profile_add(p[i], stack_of(p[i], &build_a, "main;f"), 0,
				    (int64_t[]){100 * PERIOD + 20 * (int64_t)i});
		}
		d = diff_of_value(p[0], p[1], 0, DIFF_AUTO);
		assert_int_equal(d.noise_known, known);
		assert_int_equal(d.all.sums.samples_before, known ? 100 : 0);
		assert_int_equal(find(&d, "f")->self.delta, 20);
		/* Where nothing tells what noise is, no change is hidden. */
		assert_int_equal(find(&d, "f")->self.significant, !known);
		diff_done(&d);
	}
}

static void extreme_values_stay_in_range(void **state)
{
	static const int64_t values[] = {INT64_MAX, INT64_MIN, 0, -1};

	for (unsigned i = 0; i < 16; i++) {
		struct profile *b = new_profile(), *a = new_profile();
		struct diff d;

		add_by(b, &build_a, "main;f", values[i / 4], values[i / 4]);
		add_by(b, &build_a, "main;g", 1, values[i / 4]);
		add_by(a, &build_a, "main;f", 1, values[i % 4]);
		add_by(a, &build_a, "main;g", 1, values[i % 4]);
		b->duration_ns = a->duration_ns = 1;
		d = diff_of_value(b, a, 1, DIFF_DURATION);
		assert_true(d.all.noise >= 0);
		if (values[i / 4] == values[i % 4])
			assert_int_equal(d.all.delta, 0);
		diff_done(&d);
	}
}

/* --- noise in practice --------------------------------------------------------------- */

/* A fixed sequence (Numerical Recipes' LCG). */
static uint32_t seed = 1;

static double draw(void)
{
	seed = seed * 1664525u + 1013904223u;
	return ((seed >> 8) + 0.5) / (1 << 24);
}

/* Poisson, by Knuth's product. */
static int64_t draw_samples(double mean)
{
	double limit = exp(-mean), product = draw();
	int64_t n = 0;

	for (; product > limit; n++)
		product *= draw();
	return n;
}

static void chance_is_taken_for_change_in_one_case_of_twenty(void **state)
{
	unsigned functions = 0, alarms = 0, branches = 0, stacks = 0;

	for (unsigned pair = 0; pair < 200; pair++) {
		struct profile *p[2] = {new_profile(), new_profile()};
		char frames[32];
		struct diff d;

		for (unsigned f = 0; f < 100; f++) {
			double mean = 0.5 + f * f / 60.0;

			snprintf(frames, sizeof(frames), "main;f%u", f);
			for (unsigned i = 0; i < 2; i++)
				add(p[i], frames, draw_samples(mean));
		}
		d = diff_of(p[0], p[1]);
		for (uint32_t i = 0; i < d.functions.n; i++) {
			functions++;
			alarms += d.functions.v[i].self.significant;
		}
		branches += d.new.n + d.vanished.n;
		stacks += d.new.n + d.vanished.n + d.new.quiet + d.vanished.quiet;
		diff_done(&d);
	}
	/* The sequence is fixed, so this does not depend on luck: 3.9 % of 19,807. */
	assert_true(functions > 19000);
	if (alarms > functions / 20 || alarms < functions / 50)
		fail_msg("%u of %u", alarms, functions);
	if (branches > stacks / 20)
		fail_msg("%u of %u stacks", branches, stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_is_two_deviations_of_both_sides),
		cmocka_unit_test(a_recursive_function_counts_a_stack_once),
		cmocka_unit_test(the_joined_profile_has_four_values_that_add_up),
		cmocka_unit_test(equal_profiles_do_not_differ),
		cmocka_unit_test(the_other_way_round_all_signs_are_turned),
		cmocka_unit_test(a_branch_is_told_by_its_outermost_frame),
		cmocka_unit_test(a_process_that_is_new_is_one_branch),
		cmocka_unit_test(another_rate_is_no_change),
		cmocka_unit_test(values_are_normalised_as_asked),
		cmocka_unit_test(what_ran_already_is_compared_by_the_second),
		cmocka_unit_test(unlike_profiles_are_refused_or_labelled),
		cmocka_unit_test(other_values_are_refused),
		cmocka_unit_test(another_build_has_the_same_functions),
		cmocka_unit_test(another_folder_is_the_same_file),
		cmocka_unit_test(files_that_cannot_be_told_apart_are_not_guessed),
		cmocka_unit_test(marks_of_parts_and_copies_are_taken_off),
		cmocka_unit_test(code_without_a_name_is_its_module),
		cmocka_unit_test(the_program_is_the_same_whatever_its_file_is_called),
		cmocka_unit_test(samples_are_estimated_from_the_period_or_not_known),
		cmocka_unit_test(extreme_values_stay_in_range),
		cmocka_unit_test(chance_is_taken_for_change_in_one_case_of_twenty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
