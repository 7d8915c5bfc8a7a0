/* The table of functions of a difference. Each function of the joined profile is a row:
 * match.c has seen to it that no two have one name and file. */
#include "judge-priv.h"

#include <stdlib.h>
#include <string.h>

struct table {
	struct diff *d;
	uint32_t *rows; /* [functions] row + 1 */
	uint32_t *last; /* [functions] the sample that was counted last */
};

static struct diff_function *table_row(struct table *t, const struct location *l,
				       function_id fn)
{
	const struct profile *p = t->d->profile;
	struct diff_function *row;

	if (!t->rows[fn]) {
		row = vec_add(&t->d->functions);
		row->function = fn;
		row->module = p->mappings.v[l->mapping].filename;
		t->rows[fn] = t->d->functions.n;
	}
	return &t->d->functions.v[t->rows[fn] - 1];
}

static void table_sample(struct table *t, uint32_t sample)
{
	const struct profile *p = t->d->profile;
	struct diff_sums sums = diff_row(t->d, sample);
	stack_id leaf = p->samples.v[sample].stack;

	for (stack_id at = leaf; at; at = p->stacks.v[at].parent) {
		const struct location *l = &p->locations.v[p->stacks.v[at].location];
		function_id fn = p->lines.v[l->first_line].function;
		struct diff_function *row = table_row(t, l, fn);

		if (at == leaf)
			diff_add(&row->self.sums, &sums);
		if (t->last[fn] != sample)
			diff_add(&row->total.sums, &sums);
		t->last[fn] = sample;
	}
}

static int by_delta(const void *va, const void *vb, void *profile)
{
	const struct diff_function *a = va, *b = vb;
	const struct profile *p = profile;
	const struct function *fa = &p->functions.v[a->function];
	const struct function *fb = &p->functions.v[b->function];
	uint64_t sa = size_of(a->self.delta), sb = size_of(b->self.delta);
	int c;

	if (sa != sb)
		return sa > sb ? -1 : 1;
	sa = size_of(a->total.delta);
	sb = size_of(b->total.delta);
	if (sa != sb)
		return sa > sb ? -1 : 1;
	c = strcmp(profile_text(p, fa->name), profile_text(p, fb->name));
	return c ? c
		 : strcmp(profile_text(p, fa->filename), profile_text(p, fb->filename));
}

void diff_list_functions(struct diff *d)
{
	struct table t = {.d = d};

	t.rows = xcalloc(d->profile->functions.n, sizeof(*t.rows));
	t.last = xcalloc(d->profile->functions.n, sizeof(*t.last));
	for (uint32_t i = 1; i < d->profile->samples.n; i++)
		table_sample(&t, i);
	for (uint32_t i = 0; i < d->functions.n; i++) {
		diff_weigh(d, &d->functions.v[i].self);
		diff_weigh(d, &d->functions.v[i].total);
	}
	if (d->functions.n)
		qsort_r(d->functions.v, d->functions.n, sizeof(*d->functions.v), by_delta,
			d->profile);
	free(t.rows);
	free(t.last);
}
