/* From pairs of profiled runs to a list of functions: whether the runs can be compared,
 * intervals, ranks, and what the named ones leave unexplained. Sums per run are made in
 * functions-table.c, and what a change is in functions-moved.c. */
#include "functions-priv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- whether they can be compared --------------------------------------------------- */

struct likes {
	const struct functions_pair *pairs;
	struct diff_side first;
	struct text unlike, unknown, rates;
	bool allow_unlike;
};

static struct diff_side side_of(const struct functions_run *r)
{
	struct diff_side s = {.profile = r->profile, .value = r->value, .name = r->name};

	origin_read(&s.origin, r->profile);
	return s;
}

static void keep_first(struct text *to, const struct text *from)
{
	if (!to->len)
		text_add(to, text_get(from));
}

/* Values are scaled by the rate: another one makes the noise another, not the sums. */
static void compare_rates(struct likes *l, const struct diff_side *s)
{
	const struct profile *a = l->first.profile, *b = s->profile;

	if (l->rates.len || !a->period || !b->period || a->period == b->period)
		return;
	text_addf(&l->rates,
		  "unlike rates: '%s' has a sample for each %lld %s, '%s' for each "
		  "%lld %s; the rarer ones decide how wide the intervals are\n",
		  l->first.name, (long long)a->period,
		  profile_text(a, a->period_type.unit), s->name, (long long)b->period,
		  profile_text(b, b->period_type.unit));
}

static int check_run(struct likes *l, const struct functions_run *r, struct error *err)
{
	struct diff_side s = side_of(r);
	struct alike alike = {0};
	int code;

	code = alike_check(&alike, &l->first, &s, l->allow_unlike, err);
	keep_first(&l->unlike, &alike.unlike);
	keep_first(&l->unknown, &alike.unknown);
	text_done(&alike.unlike);
	text_done(&alike.unknown);
	if (code == 0)
		compare_rates(l, &s);
	return code;
}

static void likes_done(struct likes *l)
{
	text_done(&l->unlike);
	text_done(&l->unknown);
	text_done(&l->rates);
}

static int check_runs(struct likes *l, uint32_t n, struct error *err)
{
	int code = 0;

	l->first = side_of(&l->pairs[0].base);
	for (uint32_t i = 0; code == 0 && i < n; i++) {
		code = check_run(l, &l->pairs[i].base, err);
		if (code == 0)
			code = check_run(l, &l->pairs[i].head, err);
	}
	return code;
}

/* --- intervals ---------------------------------------------------------------------- */

static void share_median(struct functions_table *t, struct candidate *c, double *scratch)
{
	for (unsigned k = 0; k < SIDES; k++) {
		for (uint32_t i = 0; i < t->npairs; i++) {
			double all = t->sum[k][i] * t->scale[k][i];

			scratch[i] = all > 0 ? c->self.v[k][i] / all : 0;
		}
		c->share[k] = functions_median(scratch, t->npairs);
	}
	if (c->share[BEFORE] < t->share && c->share[AFTER] < t->share)
		c->helper = true;
}

static void judge_candidate(struct functions_table *t, struct candidate *c,
			    double *scratch)
{
	double level = 1 - (1 - t->level) / fmax(1, t->family);
	uint32_t n = t->npairs;

	c->d = arena_alloc(t->arena, n * sizeof(*c->d));
	functions_differences(&c->self, n, c->d);
	functions_differences(&c->total, n, scratch);
	c->floor_self = functions_floor(t, &c->self);
	c->floor_total = functions_floor(t, &c->total);
	c->self_change = functions_interval(c->d, n, c->floor_self, t->noise_known,
					    level);
	c->single = functions_interval(c->d, n, c->floor_self, t->noise_known, t->level);
	/* It acquits, and is no claim of the list: on its own. */
	c->total_change = functions_interval(scratch, n, c->floor_total, t->noise_known,
					     t->level);
	c->certain = !c->helper && (c->self_change.low > 0 || c->self_change.high < 0);
}

/* The total of the edge, so that recursion between two functions weighs more than once: it
 * tells who, not how much. */
static void find_callers_of_change(struct functions_table *t)
{
	for (uint32_t i = 0; i < t->edges.n; i++) {
		const struct call_edge *e = &t->edges.v[i];
		uint32_t to = t->candidate_of[e->callee];
		struct candidate *c = to ? &t->candidates.v[to - 1] : NULL;
		double change = e->v[AFTER] - e->v[BEFORE];

		if (!c || !c->certain)
			continue;
		change = c->self_change.change > 0 ? change : -change;
		if (change <= c->blame)
			continue;
		c->blame = change;
		c->blamed = e->caller + 1;
	}
}

static void judge_all(struct functions_table *t)
{
	_cleanup_free_ double *scratch = xcalloc(t->npairs, sizeof(*scratch));

	functions_join_renamed(t);
	for (uint32_t i = 0; i < t->candidates.n; i++) {
		struct candidate *c = &t->candidates.v[i];

		if (!c->dropped)
			share_median(t, c, scratch);
		t->family += !c->dropped && !c->helper;
	}
	for (uint32_t i = 0; i < t->candidates.n; i++)
		if (!t->candidates.v[i].dropped)
			judge_candidate(t, &t->candidates.v[i], scratch);
	functions_tell_kinds(t);
	find_callers_of_change(t);
}

/* --- the list ----------------------------------------------------------------------- */

static const char *keep(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

static bool is_named(const struct candidate *c)
{
	return c->certain && (c->kind == FUNCTIONS_CHANGED || c->kind == FUNCTIONS_NEW ||
			      c->kind == FUNCTIONS_GONE);
}

static struct functions_cost cost_of(const struct series *s, uint32_t n)
{
	return (struct functions_cost){functions_median(s->v[BEFORE], n),
				       functions_median(s->v[AFTER], n)};
}

static uint64_t samples_of(const struct series *s, unsigned which, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += s->n[which][i];
	return (uint64_t)sum;
}

static void entry_names(struct functions_table *t, const struct candidate *c,
			struct functions_entry *e)
{
	const struct match_function *f = functions_entity(t, c->entity), *was;
	const struct profile *words = t->m.words;

	e->name = keep(t->arena, profile_text(words, f->name));
	e->file = keep(t->arena, profile_text(words, f->filename));
	e->module = keep(t->arena, functions_module(t, c->entity));
	e->line = f->start_line;
	if (c->with) {
		uint32_t with = t->candidates.v[c->with - 1].entity;

		e->with = keep(t->arena,
			       profile_text(words, functions_entity(t, with)->name));
	}
	if (c->blamed)
		e->caller = keep(
			t->arena,
			profile_text(words, functions_entity(t, c->blamed - 1)->name));
	if (!c->was)
		return;
	was = functions_entity(t, c->was - 1);
	e->was = keep(t->arena, profile_text(words, was->name == f->name ? was->filename
									 : was->name));
}

static void entry_fill(struct functions_table *t, const struct candidate *c,
		       struct functions_entry *e)
{
	*e = (struct functions_entry){
		.kind = c->kind,
		.certain = c->certain,
		.named = is_named(c),
		.in_head = c->present[AFTER],
		.share = {c->share[BEFORE], c->share[AFTER]},
		.self_cost = cost_of(&c->self, t->npairs),
		.total_cost = cost_of(&c->total, t->npairs),
		.self = c->self_change,
		.total = c->total_change,
		.single = c->single,
		.samples_base = samples_of(&c->self, BEFORE, t->npairs),
		.samples_head = samples_of(&c->self, AFTER, t->npairs),
		.differences = c->d,
	};
	entry_names(t, c, e);
}

static double nearest_bound(const struct functions_entry *e)
{
	if (!e->certain)
		return 0;
	return e->self.low > 0 ? e->self.low : -e->self.high;
}

static int by_rank(const void *va, const void *vb)
{
	const struct functions_entry *a = va, *b = vb;
	double x = nearest_bound(a), y = nearest_bound(b);
	int c;

	if (a->named != b->named)
		return a->named ? -1 : 1;
	if (x != y)
		return x > y ? -1 : 1;
	x = fabs(a->self.change);
	y = fabs(b->self.change);
	if (x != y)
		return x > y ? -1 : 1;
	c = strcmp(a->name, b->name);
	return c ? c : strcmp(a->file, b->file);
}

static void list_entries(struct functions *f, struct functions_table *t)
{
	struct functions_entry *v = arena_alloc(t->arena,
						((size_t)t->family + 1) * sizeof(*v));

	for (uint32_t i = 0; i < t->candidates.n; i++) {
		const struct candidate *c = &t->candidates.v[i];

		if (!c->dropped && !c->helper)
			entry_fill(t, c, &v[f->n++]);
	}
	if (f->n)
		qsort(v, f->n, sizeof(*v), by_rank);
	for (uint32_t i = 0; i < f->n; i++) {
		v[i].rank = i + 1;
		f->named += v[i].named;
	}
	f->entries = v;
}

/* --- what is left ------------------------------------------------------------------- */

static double sum_of(const struct functions_table *t, unsigned which, uint32_t i)
{
	return t->sum[which][i] * t->scale[which][i];
}

/* The measured time of every run, else the sums of the profiles. */
static bool measured(const struct functions_table *t, double *ret_d)
{
	bool known = true;

	for (uint32_t i = 0; i < t->npairs; i++) {
		ret_d[i] = t->pairs[i].head.seconds - t->pairs[i].base.seconds;
		known = known && isfinite(ret_d[i]);
	}
	for (uint32_t i = 0; !known && i < t->npairs; i++)
		ret_d[i] = sum_of(t, AFTER, i) - sum_of(t, BEFORE, i);
	return known || t->known_total;
}

/* What sampling adds to the variance of a sum of the profile. */
static double floor_of_sums(const struct functions_table *t)
{
	double floor = 0;

	for (unsigned k = 0; k < SIDES; k++) {
		for (uint32_t i = 0; i < t->npairs; i++)
			floor += pow(sum_of(t, k, i), 2) / fmax(1, t->samples[k][i]);
	}
	return t->noise_known && !t->exact ? floor / t->npairs : 0;
}

static void find_residual(struct functions *f, struct functions_table *t)
{
	_cleanup_free_ double *d = xcalloc(t->npairs, sizeof(*d));
	bool known = measured(t, d);
	double all = known ? 0 : floor_of_sums(t), named = 0;

	/* What one run of each side measured says nothing of how runs differ. */
	f->all = functions_interval(
		d, t->npairs, all, t->noise_known && (!known || t->npairs > 1), t->level);
	for (uint32_t i = 0; i < t->candidates.n; i++) {
		const struct candidate *c = &t->candidates.v[i];

		if (!is_named(c))
			continue;
		named += c->floor_self;
		for (uint32_t p = 0; p < t->npairs; p++)
			d[p] -= c->d[p];
	}
	f->residual = functions_interval(d, t->npairs,
					 known ? named : fmax(0, all - named),
					 t->noise_known, t->level);
}

/* --- all ---------------------------------------------------------------------------- */

static void add_notes(struct functions *f, const struct functions_table *t,
		      const struct likes *l)
{
	struct text notes = {0};

	if (t->npairs == 1 && t->exact)
		text_add(&notes, "one profile a side: how much runs differ is not known, "
				 "so nothing is certain\n");
	else if (t->npairs == 1)
		text_add(&notes, "one profile a side: the intervals are of sampling "
				 "alone, what differs from run to run is not in them\n");
	else if (t->npairs < 6)
		text_addf(&notes,
			  "%u pairs: the variance from run to run is hardly known, and "
			  "the intervals are wide for that\n",
			  t->npairs);
	if (!t->noise_known && !t->exact)
		text_add(&notes, "the profiles do not tell how many samples they have, "
				 "so the noise of sampling is not known\n");
	if (l->unlike.len)
		text_addf(&notes, "unlike: %s\n", l->unlike.s);
	text_add(&notes, text_get(&l->rates));
	f->notes = keep(&f->arena, text_get(&notes));
	text_done(&notes);
	f->unlike = keep(&f->arena, text_get(&l->unlike));
	f->unknown = keep(&f->arena, text_get(&l->unknown));
}

static const char *unit_of(const struct functions_table *t)
{
	const struct profile *p = t->merged[AFTER];
	const char *unit = profile_text(p, p->value_types[t->value[AFTER]].unit);

	return t->known_total || !strcmp(unit, "nanoseconds") ? "s" : unit;
}

static int check_arguments(const struct functions_pair *pairs, uint32_t n,
			   struct error *err)
{
	if (!n)
		return error_set(err, -EINVAL, "there are no pairs of profiles");
	if (n > FUNCTIONS_PAIRS_MAX)
		return error_set(err, -E2BIG, "%u pairs of profiles, over the %u", n,
				 FUNCTIONS_PAIRS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		if (pairs[i].base.value >= pairs[i].base.profile->nvalues ||
		    pairs[i].head.value >= pairs[i].head.profile->nvalues)
			return error_set(err, -EINVAL, "a profile without values");
	}
	return 0;
}

int functions_build(struct functions *f, const struct functions_pair *pairs, uint32_t n,
		    const struct functions_options *o, struct error *err)
{
	struct functions_table t = {.pairs = pairs, .npairs = n, .arena = &f->arena};
	struct likes l = {.pairs = pairs, .allow_unlike = o->allow_unlike};
	int code = check_arguments(pairs, n, err);

	*f = (struct functions){.pairs = n, .alone = n == 1};
	if (code < 0)
		return code;
	t.share = o->share > 0 ? o->share : FUNCTIONS_SHARE;
	t.level = o->level > 0 ? o->level : FUNCTIONS_LEVEL;
	t.exact = o->exact;
	code = check_runs(&l, n, err);
	if (code == 0)
		code = functions_table_fill(&t, err);
	if (code == 0) {
		t.noise_known = t.noise_known && !(t.exact && n == 1);
		judge_all(&t);
		list_entries(f, &t);
		find_residual(f, &t);
		f->noise_known = t.noise_known;
		f->unit = keep(&f->arena, unit_of(&t));
		add_notes(f, &t, &l);
	}
	functions_table_done(&t);
	likes_done(&l);
	if (code < 0)
		functions_done(f);
	return code;
}

void functions_done(struct functions *f)
{
	arena_done(&f->arena);
	*f = (struct functions){0};
}
