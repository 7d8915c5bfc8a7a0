/* Derived metrics: whose values they need, in which order, and what they come to. */
#include "config-priv.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#define WORD_FAR 4 /* letters from which on one wrong letter is a slip */

static struct draft *draft_find(struct drafts *d, const char *name, uint32_t *ret_i)
{
	for (uint32_t i = 0; i < d->list.n; i++) {
		if (!strcmp(d->list.v[i].m.name, name)) {
			*ret_i = i;
			return &d->list.v[i];
		}
	}
	return NULL;
}

/* At most one letter is wrong, missing, or one too many, or two changed places; case does
 * not count. As text_distance, in one go: every implied name is held against every metric. */
static bool is_near(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), same = 0;

	if (na > nb)
		return is_near(b, a);
	if (nb - na > 1)
		return false;
	while (same < na &&
	       tolower((unsigned char)a[same]) == tolower((unsigned char)b[same]))
		same++;
	a += same;
	b += same;
	if (nb > na || !*a)
		return !strcasecmp(a, b + (nb > na));
	if (!strcasecmp(a + 1, b + 1))
		return true;
	return a[1] && tolower((unsigned char)a[0]) == tolower((unsigned char)b[1]) &&
	       tolower((unsigned char)a[1]) == tolower((unsigned char)b[0]) &&
	       !strcasecmp(a + 2, b + 2);
}

/* A name that nobody declared is what the program reports under it, unless it is one
 * letter away from a metric that exists. */
static const char *likely_slip(const struct drafts *d, const char *name)
{
	if (strlen(name) < WORD_FAR)
		return NULL;
	for (uint32_t i = 0; i < d->list.n; i++) {
		if (!d->list.v[i].m.implied && is_near(d->list.v[i].m.name, name))
			return d->list.v[i].m.name;
	}
	for (size_t i = 0; process_names[i]; i++) {
		if (is_near(process_names[i], name))
			return process_names[i];
	}
	return NULL;
}

static bool is_process(const char *name)
{
	for (size_t i = 0; process_names[i]; i++) {
		if (!strcmp(process_names[i], name))
			return true;
	}
	return false;
}

struct resolve {
	struct reader *r;
	struct drafts *d;
	const struct node *at;
	bool failed;
};

static uint32_t draft_imply(struct resolve *x, const char *name)
{
	struct draft *new;
	uint32_t i = 0;

	if (x->d->list.n == CONFIG_METRICS_MAX) {
		problem(x->r, x->at, "a workload has more than 200 metrics");
		x->failed = true;
		return 0;
	}
	new = vec_add(&x->d->list);
	new->m.name = name;
	new->m.from = is_process(name) ? CONFIG_FROM_PROCESS : CONFIG_FROM_PROGRAM;
	new->m.implied = true;
	new->at = x->at;
	draft_find(x->d, name, &i);
	return i;
}

static void name_resolve(struct resolve *x, struct config_expr *e)
{
	const char *slip;
	uint32_t i;

	if (draft_find(x->d, e->name, &i)) {
		e->metric = i;
		return;
	}
	slip = is_process(e->name) ? NULL : likely_slip(x->d, e->name);
	if (slip) {
		error_hint(problem(x->r, x->at,
				   "the expression names no metric with '%s'", e->name),
			   "did you mean '%s'? Else declare it: %s: {from: program}",
			   slip, e->name);
		x->failed = true;
		return;
	}
	e->metric = draft_imply(x, e->name);
}

static void expr_resolve(struct resolve *x, const struct config_expr *e)
{
	if (!e || x->failed)
		return;
	if (e->op == CONFIG_OP_METRIC)
		name_resolve(x, (struct config_expr *)(uintptr_t)e);
	expr_resolve(x, e->left);
	expr_resolve(x, e->right);
}

/* --- order -------------------------------------------------------------------------- */

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct order {
	struct reader *r;
	struct drafts *d;
	enum mark mark[CONFIG_METRICS_MAX];
	bool needs[CONFIG_METRICS_MAX][CONFIG_METRICS_MAX];
	uint32_t *list, n;
	bool cycle;
};

/* One expression is up to 500 deep, and one metric may need 199 others in a chain: the
 * two depths are gone through one after the other, not one inside the other. */
static void expr_needs(const struct config_expr *e, bool *needs)
{
	if (!e)
		return;
	if (e->op == CONFIG_OP_METRIC)
		needs[e->metric] = true;
	expr_needs(e->left, needs);
	expr_needs(e->right, needs);
}

static void metric_visit(struct order *o, uint32_t i)
{
	const struct draft *d = &o->d->list.v[i];

	if (!d->m.expr || o->mark[i] == MARK_DONE || o->cycle)
		return;
	if (o->mark[i] == MARK_OPEN) {
		problem(o->r, d->expr, "the metric '%s' is derived from itself",
			d->m.name);
		o->cycle = true;
		return;
	}
	o->mark[i] = MARK_OPEN;
	for (uint32_t k = 0; k < o->d->list.n; k++) {
		if (o->needs[i][k])
			metric_visit(o, k);
	}
	o->mark[i] = MARK_DONE;
	if (!o->cycle)
		o->list[o->n++] = i;
}

void metrics_derive(struct reader *r, struct drafts *d, const uint32_t **ret_order,
		    uint32_t *ret_n)
{
	struct order *o;
	uint32_t declared = d->list.n, derived = 0;
	bool failed = false;

	*ret_order = NULL;
	*ret_n = 0;
	for (uint32_t i = 0; i < declared; i++) {
		struct draft *m = &d->list.v[i];
		struct resolve x = {.r = r, .d = d, .at = m->expr};

		derived += m->m.expr != NULL;
		expr_resolve(&x, m->m.expr); /* moves the list */
		failed |= x.failed;
	}
	if (!derived || failed)
		return;
	o = xcalloc(1, sizeof(*o));
	*o = (struct order){.r = r, .d = d};
	o->list = arena_alloc(r->arena, derived * sizeof(*o->list));
	for (uint32_t i = 0; i < declared; i++)
		expr_needs(d->list.v[i].m.expr, o->needs[i]);
	for (uint32_t i = 0; i < declared; i++)
		metric_visit(o, i);
	*ret_order = o->list;
	*ret_n = o->n;
	free(o);
}

/* --- values ------------------------------------------------------------------------- */

static double expr_value(const struct config_expr *e, const double *values)
{
	double left = e->left ? expr_value(e->left, values) : 0;
	double right = e->right ? expr_value(e->right, values) : 0, v = NAN;

	switch (e->op) {
	case CONFIG_OP_NUMBER:
		return e->number;
	case CONFIG_OP_METRIC:
		return values[e->metric];
	case CONFIG_OP_MINUS:
		return -left;
	case CONFIG_OP_ADD:
		v = left + right;
		break;
	case CONFIG_OP_SUB:
		v = left - right;
		break;
	case CONFIG_OP_MUL:
		v = left * right;
		break;
	case CONFIG_OP_DIV:
		v = left / right;
		break;
	}
	return isfinite(v) ? v : NAN;
}

void config_derive(const struct config_workload *w, double *values)
{
	for (uint32_t i = 0; i < w->nderived; i++) {
		uint32_t m = w->derive[i];

		values[m] = expr_value(w->metrics[m].expr, values);
	}
}
