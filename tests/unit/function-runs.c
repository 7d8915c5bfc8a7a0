/* Made-up runs for the tests of functions. */
#include "function-runs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct line line_of(struct profile *p, const char *frame)
{
	const char *at = strchr(frame, '@');
	struct function f = {.start_line = 7};

	f.name = profile_string_n(p, frame, at ? (size_t)(at - frame) : strlen(frame));
	f.filename = at ? profile_string(p, at + 1) : 0;
	return (struct line){profile_function(p, &f), 9};
}

stack_id runs_stack(struct profile *p, const char *frames)
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

struct profile *runs_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->period_type = p->value_types[1];
	p->period = PERIOD;
	return p;
}

/* The same in each run but for a little that goes up and down. */
struct profile *runs_profile_of(const struct load *loads, bool head, uint32_t i)
{
	struct profile *p = runs_profile();

	for (const struct load *l = loads; l->frames; l++, i++) {
		int n = head ? l->head : l->base;

		n += n ? (int)(i * 7 + head * 3) % 5 - 2 : 0;
		if (n > 0)
			profile_add(p, runs_stack(p, l->frames), 0,
				    (int64_t[]){n, (int64_t)n * PERIOD});
	}
	return p;
}

void runs_make(struct runs *r, const struct load *loads, uint32_t n)
{
	*r = (struct runs){.n = n};
	for (uint32_t i = 0; i < n; i++) {
		r->pairs[i].base = (struct functions_run){
			runs_profile_of(loads, false, i), 1, "base", NAN, NAN};
		r->pairs[i].head = (struct functions_run){runs_profile_of(loads, true, i),
							  1, "head", NAN, NAN};
	}
}

void runs_judge(struct runs *r)
{
	struct functions_options o = {0};
	struct error err = {0};

	if (functions_build(&r->f, r->pairs, r->n, &o, &err) < 0)
		fail_msg("%s", err.text);
}

void runs_done(struct runs *r)
{
	functions_done(&r->f);
	for (uint32_t i = 0; i < r->n; i++) {
		profile_free((struct profile *)r->pairs[i].base.profile);
		profile_free((struct profile *)r->pairs[i].head.profile);
	}
}

struct runs runs_of(const struct load *loads)
{
	struct runs r;

	runs_make(&r, loads, PAIRS);
	runs_judge(&r);
	return r;
}

const struct functions_entry *runs_find(const struct functions *f, const char *name)
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

const struct functions_entry *runs_get(const struct functions *f, const char *name)
{
	const struct functions_entry *e = runs_find(f, name);

	if (!e)
		fail_msg("'%s' is missing", name);
	return e;
}

void assert_kind(const struct runs *r, const char *name, enum functions_kind kind)
{
	const struct functions_entry *e = runs_get(&r->f, name);

	if (e->kind != kind)
		fail_msg("'%s' is %s, not %s: %g [%g, %g]", name,
			 functions_kind_name(e->kind), functions_kind_name(kind),
			 e->self.change, e->self.low, e->self.high);
}

void assert_near(double a, double b, double within)
{
	if (!(fabs(a - b) <= within))
		fail_msg("%.9g is not %.9g", a, b);
}
