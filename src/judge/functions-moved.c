/* What a certain change of a function's own part is: a cost, or a shift of it from one
 * function to another. A shift is believed only where the sum of both is known to stay what it
 * was, so that noise does not acquit anybody. */
#include "functions-priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUM_LEVEL .95
#define SUM_ESTIMATE .25 /* of the change, for "by as much" */
#define SUM_BOUND .5
#define CALLS_SOME .05 /* of the callee's calls: the caller has to do with it */
#define DOMAIN_MAX .5  /* of all cost: in more, unrelated changes cancel out */

enum relation {
	RELATION_NONE = 0,
	RELATION_CALLS = 1,  /* the row calls the column */
	RELATION_CALLED = 2, /* and the other way round */
	RELATION_KIN = 4,    /* one class; or one file and one caller */
};

struct kinds {
	struct functions_table *t;
	uint32_t n;
	uint8_t *relation; /* [n][n] */
	double *sum;	   /* [pairs] of a group */
};

/* --- who has to do with whom -------------------------------------------------------- */

/* How long the class is in "ns::Class::method(…)", where "::" in parentheses and angle
 * brackets does not count; 0: there is none. */
static size_t class_length(const char *name)
{
	size_t found = 0;
	int depth = 0;

	for (size_t i = 0; name[i]; i++) {
		if (name[i] == '(' && depth == 0 &&
		    strncmp(name + i, "(anonymous", 10) != 0)
			break;
		depth += strchr("<({[", name[i]) != NULL;
		depth -= depth > 0 && strchr(">)}]", name[i]) != NULL;
		if (!depth && name[i] == ':' && name[i + 1] == ':')
			found = i;
	}
	return found;
}

static bool same_class(const struct kinds *k, const struct match_function *a,
		       const struct match_function *b)
{
	const char *x = profile_text(k->t->m.words, a->name);
	const char *y = profile_text(k->t->m.words, b->name);
	size_t n = class_length(x);

	return n && n == class_length(y) && !strncmp(x, y, n);
}

static bool are_kin(const struct kinds *k, const struct candidate *a,
		    const struct candidate *b)
{
	const struct match_function *fa = functions_entity(k->t, a->entity);
	const struct match_function *fb = functions_entity(k->t, b->entity);

	if (a->caller && a->caller == b->caller && fa->filename &&
	    fa->filename == fb->filename)
		return true;
	return same_class(k, fa, fb);
}

static void relate_kin(struct kinds *k)
{
	for (uint32_t i = 0; i < k->n; i++) {
		for (uint32_t j = 0; j < k->n; j++) {
			if (i != j &&
			    are_kin(k, &k->t->candidates.v[i], &k->t->candidates.v[j]))
				k->relation[(size_t)i * k->n + j] |= RELATION_KIN;
		}
	}
}

static uint32_t candidate_of(const struct kinds *k, uint32_t entity)
{
	return k->t->candidate_of[entity];
}

static void relate_calls(struct kinds *k)
{
	const struct functions_table *t = k->t;
	double *all = xcalloc((size_t)k->n * SIDES + 1, sizeof(*all));

	for (uint32_t i = 0; i < t->edges.n; i++) {
		uint32_t to = candidate_of(k, t->edges.v[i].callee);

		for (unsigned s = 0; to && s < SIDES; s++)
			all[(size_t)(to - 1) * SIDES + s] += t->edges.v[i].v[s];
	}
	for (uint32_t i = 0; i < t->edges.n; i++) {
		const struct call_edge *e = &t->edges.v[i];
		uint32_t from = candidate_of(k, e->caller),
			 to = candidate_of(k, e->callee);
		bool some = false;

		if (!from || !to)
			continue;
		for (unsigned s = 0; s < SIDES; s++)
			some = some ||
			       (e->v[s] > 0 &&
				e->v[s] >=
					CALLS_SOME * all[(size_t)(to - 1) * SIDES + s]);
		if (!some)
			continue;
		k->relation[(size_t)(from - 1) * k->n + to - 1] |= RELATION_CALLS;
		k->relation[(size_t)(to - 1) * k->n + from - 1] |= RELATION_CALLED;
	}
	free(all);
}

/* --- sums that stay what they were -------------------------------------------------- */

static bool stays(const struct outcome_interval *sum, double change)
{
	double size = fabs(change);

	return fabs(sum->change) <= SUM_ESTIMATE * size &&
	       sum->low >= -SUM_BOUND * size && sum->high <= SUM_BOUND * size;
}

static bool is_opposite(const struct candidate *a, const struct candidate *b)
{
	const struct outcome_interval *i = &b->single;

	if (b->dropped || b->helper)
		return false;
	return a->self_change.change > 0 ? i->high < 0 : i->low > 0;
}

/* @member[0..n): which candidates are looked at beside @c. */
static bool group_stays(struct kinds *k, const struct candidate *c, const bool *member)
{
	struct functions_table *t = k->t;
	double floor = c->floor_self;
	struct outcome_interval sum;

	memcpy(k->sum, c->d, t->npairs * sizeof(*k->sum));
	for (uint32_t i = 0; i < k->n; i++) {
		const struct candidate *o = &t->candidates.v[i];

		if (!member[i])
			continue;
		floor += o->floor_self;
		for (uint32_t p = 0; p < t->npairs; p++)
			k->sum[p] += o->d[p];
	}
	sum = functions_interval(k->sum, t->npairs, floor, t->noise_known, SUM_LEVEL);
	return stays(&sum, c->self_change.change);
}

static uint32_t largest(const struct kinds *k, const bool *member)
{
	const struct candidate *v = k->t->candidates.v;
	uint32_t at = 0;

	for (uint32_t i = 0; i < k->n; i++) {
		if (member[i] && (!at || fabs(v[i].self_change.change) >
						 fabs(v[at - 1].self_change.change)))
			at = i + 1;
	}
	return at;
}

/* Everything that the change of @c went to, or came from, by one kind of relation. */
static bool is_shift(struct kinds *k, uint32_t row, unsigned relations, bool *member)
{
	struct candidate *c = &k->t->candidates.v[row];
	bool any = false;

	for (uint32_t i = 0; i < k->n; i++) {
		member[i] = i != row &&
			    (k->relation[(size_t)row * k->n + i] & relations) &&
			    is_opposite(c, &k->t->candidates.v[i]);
		any = any || member[i];
	}
	return any && group_stays(k, c, member);
}

static void set_kind(struct kinds *k, uint32_t row, enum functions_kind kind,
		     const bool *member)
{
	struct candidate *v = k->t->candidates.v;

	v[row].kind = kind;
	v[row].with = largest(k, member);
	for (uint32_t i = 0; i < k->n; i++) {
		if (!member[i] || !v[i].certain || v[i].kind == FUNCTIONS_INLINED)
			continue;
		v[i].kind = FUNCTIONS_MOVED;
		v[i].with = v[i].with ? v[i].with : row + 1;
	}
}

/* --- one candidate ------------------------------------------------------------------ */

static bool total_stays(const struct kinds *k, const struct candidate *c,
			const struct candidate *domain)
{
	double all = 0, part = 0;

	for (unsigned s = 0; s < SIDES; s++) {
		for (uint32_t i = 0; i < k->t->npairs; i++) {
			all += k->t->sum[s][i] * k->t->scale[s][i];
			part += domain->total.v[s][i];
		}
	}
	if (domain != c && part > DOMAIN_MAX * all)
		return false;
	return stays(&domain->total_change, c->self_change.change);
}

static bool moved_by_total(const struct kinds *k, const struct candidate *c)
{
	uint32_t caller = c->caller ? candidate_of(k, c->caller - 1) : 0;

	if (total_stays(k, c, c))
		return true;
	return caller && total_stays(k, c, &k->t->candidates.v[caller - 1]);
}

static bool is_gone(const struct candidate *c)
{
	return c->present[BEFORE] && !c->present[AFTER];
}

static void tell_kind(struct kinds *k, uint32_t row, bool *member)
{
	struct candidate *c = &k->t->candidates.v[row];
	bool gone = is_gone(c);
	static const unsigned relations[] = {
		RELATION_CALLED, RELATION_CALLS, RELATION_KIN,
		RELATION_CALLED | RELATION_CALLS | RELATION_KIN};

	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		bool inlined = gone && relations[i] == RELATION_CALLED;

		if (!is_shift(k, row, relations[i], member))
			continue;
		set_kind(k, row, inlined ? FUNCTIONS_INLINED : FUNCTIONS_MOVED, member);
		return;
	}
	if (moved_by_total(k, c)) {
		c->kind = FUNCTIONS_MOVED;
		return;
	}
	c->kind = gone			? FUNCTIONS_GONE
		  : !c->present[BEFORE] ? FUNCTIONS_NEW
					: FUNCTIONS_CHANGED;
}

static double change_of(const struct functions_table *t, uint32_t row)
{
	return fabs(t->candidates.v[row].self_change.change);
}

static int by_change(const void *va, const void *vb, void *table)
{
	const struct candidate *v = ((const struct functions_table *)table)->candidates.v;
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
	double x = change_of(table, a), y = change_of(table, b);

	if (is_gone(&v[a]) != is_gone(&v[b]))
		return is_gone(&v[a]) ? -1 : 1;
	if (x != y)
		return x > y ? -1 : 1;
	return (a > b) - (a < b);
}

/* What is gone, then the largest first: a function that went into several is told before each
 * of these. */
void functions_tell_kinds(struct functions_table *t)
{
	struct kinds k = {.t = t, .n = t->candidates.n};
	_cleanup_free_ bool *member = xcalloc((size_t)k.n + 1, sizeof(*member));
	_cleanup_free_ uint32_t *order = xcalloc((size_t)k.n + 1, sizeof(*order));

	k.relation = xcalloc((size_t)k.n * k.n + 1, sizeof(*k.relation));
	k.sum = xcalloc(t->npairs, sizeof(*k.sum));
	relate_calls(&k);
	relate_kin(&k);
	for (uint32_t i = 0; i < k.n; i++)
		order[i] = i;
	if (k.n)
		qsort_r(order, k.n, sizeof(*order), by_change, t);
	for (uint32_t i = 0; i < k.n; i++) {
		const struct candidate *c = &t->candidates.v[order[i]];

		if (c->certain && c->kind == FUNCTIONS_UNCERTAIN)
			tell_kind(&k, order[i], member);
		else if (!c->certain && c->was && !c->dropped)
			t->candidates.v[order[i]].kind = FUNCTIONS_RENAMED;
	}
	free(k.relation);
	free(k.sum);
}
