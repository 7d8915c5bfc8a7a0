/* A diff from outside, held against the functions of a small program. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <profd/text.h>
#include <profd/touched.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void add_function(struct profile *p, const char *file, uint32_t first)
{
	struct function f = {.name = profile_string(p, "f"),
			     .filename = profile_string(p, file),
			     .start_line = first};
	struct line line = {profile_function(p, &f), first};

	profile_named_location(p, 0, first, 0, &line, 1);
}

static void fill(struct touched_code *c)
{
	static const char *const files[] = {"/b/a.c", "/b/src/a.c", "/b/src/b.c", "a.c"};
	struct profile *p = profile_new();

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		for (uint32_t first = 1; first < 50; first += 7)
			add_function(p, files[i], first);
	}
	touched_add_profile(c, p);
	profile_free(p);
}

/* What every function is told by looking at each span: the same but for the folder. */
static bool may_be_touched(const struct touched_spans *spans,
			   const struct touched_function *f, uint32_t end)
{
	for (uint32_t i = 0; i < spans->n; i++) {
		const struct touched_span *s = &spans->v[i];
		size_t m = strlen(s->path), len = strlen(f->file);

		if (m > len || strcmp(f->file + len - m, s->path) != 0)
			continue;
		if (s->gap ? f->first <= s->first && end >= s->last
			   : f->first <= s->last && end >= s->first)
			return true;
	}
	return false;
}

static void check(const struct touched *t, enum touched_side side)
{
	struct touched_code c = {0};
	uint32_t touched = 0;

	fill(&c);
	touched_find(t, side, &c);
	for (uint32_t i = 0; i < c.n; i++) {
		bool next = i + 1 < c.n && c.v[i + 1].file == c.v[i].file;
		uint32_t end = next ? c.v[i + 1].first - 1 : UINT32_MAX;

		touched += c.v[i].touched;
		if (c.v[i].touched && !may_be_touched(&t->sides[side], &c.v[i], end))
			abort();
	}
	if (touched != c.touched || c.touched_sampled != touched)
		abort();
	touched_code_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error err = {0};
	struct touched t;

	if (touched_read(&t, (const char *)data, n, &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	for (unsigned side = 0; side < TOUCHED_SIDES; side++) {
		for (uint32_t i = 0; i < t.sides[side].n; i++) {
			const struct touched_span *s = &t.sides[side].v[i];

			if (s->last < s->first ||
			    !text_is_clean(s->path, strlen(s->path)))
				abort();
		}
		check(&t, side);
	}
	touched_done(&t);
	return 0;
}
