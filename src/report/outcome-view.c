/* Rows, texts and widths that the reports of an outcome share. */
#include "outcome-view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/stats-order.h>

/* --- rows --------------------------------------------------------------------------- */

int view_weight(enum verdict v)
{
	static const int weight[] = {
		[VERDICT_OPEN] = 5,	   [VERDICT_SUSPECTED] = 8,
		[VERDICT_REGRESSION] = 9,  [VERDICT_PASS] = 1,
		[VERDICT_IMPROVEMENT] = 2, [VERDICT_INCONCLUSIVE] = 6,
		[VERDICT_UNTRUSTED] = 7,   [VERDICT_MEASURED] = 0,
		[VERDICT_IMMATURE] = 3,	   [VERDICT_NOT_COMPARABLE] = 4,
		[VERDICT_NO_BASELINE] = 3, [VERDICT_FAILED] = 11,
		[VERDICT_TIMEOUT] = 10,
	};

	return weight[v];
}

static int row_weight(const struct outcome_row *r)
{
	const struct outcome_metric *m = r->metric;

	if (!m)
		return 100 * (int)r->workload->effect +
		       2 * view_weight(r->workload->verdict);
	return 100 * (int)m->effect + 2 * view_weight(m->verdict) + m->budget.exceeded;
}

/* In one block of memory, so that their addresses are their order. */
static int row_compare(const void *a, const void *b)
{
	const struct outcome_row *x = a, *y = b;
	int wx = row_weight(x), wy = row_weight(y);

	if (wx != wy)
		return wx > wy ? -1 : 1;
	if (x->workload != y->workload)
		return x->workload < y->workload ? -1 : 1;
	return x->metric < y->metric ? -1 : x->metric > y->metric;
}

void outcome_rows_make(struct outcome_rows *rows, const struct outcome *o)
{
	*rows = (struct outcome_rows){0};
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		if (!w->nmetrics || w->nfailures)
			vec_push(&rows->v, ((struct outcome_row){w, NULL}));
		for (uint32_t k = 0; k < w->nmetrics; k++)
			vec_push(&rows->v, ((struct outcome_row){w, &w->metrics[k]}));
	}
	if (rows->v.n)
		qsort(rows->v.v, rows->v.n, sizeof(*rows->v.v), row_compare);
}

void outcome_rows_done(struct outcome_rows *rows)
{
	vec_done(&rows->v);
}

/* --- texts -------------------------------------------------------------------------- */

/* The length of a sign at @s that turns the direction of what follows it, U+202A to U+202E
 * and U+2066 to U+2069, or 0 (Unicode Standard Annex 9, section 2). */
static size_t turn_length(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] == 0xe2 && u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae)
		return 3;
	return u[0] == 0xe2 && u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9 ? 3 : 0;
}

static void add_straight(struct text *t, const struct text *clean, bool one_line)
{
	for (const char *s = text_get(clean); *s; s++) {
		size_t n = turn_length(s);

		if (n) {
			text_add(t, "\xef\xbf\xbd");
			s += n - 1;
		} else {
			text_addc(t, one_line && (*s == '\n' || *s == '\t') ? ' ' : *s);
		}
	}
}

void view_add_line(struct text *t, const char *s, size_t max)
{
	struct text clean = {0};
	size_t n = s ? strlen(s) : 0, cut = n < max ? n : max;

	/* Not in the middle of a character. */
	while (cut < n && cut && (s[cut] & 0xc0) == 0x80)
		cut--;
	if (s)
		text_add_lines(&clean, s, cut);
	add_straight(t, &clean, true);
	if (cut < n)
		text_add(t, "…");
	text_done(&clean);
}

void view_add_tail(struct text *t, const char *s, size_t max)
{
	struct text clean = {0};
	size_t n = s ? strlen(s) : 0, from = n > max ? n - max : 0;

	while (from && from < n && (s[from] & 0xc0) == 0x80)
		from++;
	if (from)
		text_add(t, "…\n");
	if (s)
		text_add_lines(&clean, s + from, n - from);
	add_straight(t, &clean, false);
	text_done(&clean);
}

const char *view_verdict(enum verdict v)
{
	if (v == VERDICT_NOT_COMPARABLE)
		return "not comparable";
	return v == VERDICT_NO_BASELINE ? "no baseline" : verdict_name(v);
}

const char *view_command(const struct outcome *o)
{
	static const char *const known[] = {"profd bench", "profd compare", "profd gate"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (o->command && !strcmp(o->command, known[i] + strlen("profd ")))
			return known[i];
	return "profd";
}

void view_add_side(struct text *t, const struct outcome_side *s, size_t max)
{
	const char *between = " (";
	size_t digits;

	view_add_line(t, s->label, max);
	if (s->branch && *s->branch) {
		text_add(t, between);
		view_add_line(t, s->branch, max);
		between = ", ";
	}
	digits = s->commit ? strspn(s->commit, "0123456789abcdef") : 0;
	if (digits) {
		text_addf(t, "%s%.*s", between, digits < 10 ? (int)digits : 10,
			  s->commit);
		between = ", ";
	}
	if (s->dirty) {
		text_add(t, between);
		text_add(t, "with changes");
		between = ", ";
	}
	if (between[0] == ',')
		text_addc(t, ')');
}

void view_add_kind(struct text *t, const struct outcome_function *f, size_t max)
{
	view_add_line(t, f->kind ? f->kind : "changed", max);
	if (f->was) {
		text_add(t, ", was ");
		view_add_line(t, f->was, max);
	}
	if (f->with) {
		text_add(t, ", with ");
		view_add_line(t, f->with, max);
	}
	if (f->touched)
		text_add(t, ", touched by this change");
}

void view_add_evidence(struct text *t, const struct outcome_evidence *e, size_t max)
{
	static const char *const words[][2] = {
		{"wall", "wall time"},
		{"cpu", "CPU time"},
		{"off_cpu", "off the CPU, all threads"},
		{"page_faults", "page faults"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (e->name && !strcmp(e->name, words[i][0])) {
			text_add(t, words[i][1]);
			return;
		}
	}
	view_add_line(t, e->name, max);
}

/* --- figures ------------------------------------------------------------------------ */

/* Of the median: 2 * 1.96 * 1.2533 standard errors, the deviation being that of a normal
 * distribution with these quartiles. */
double view_width(const struct outcome_metric *m, bool head)
{
	double *v, width;
	uint32_t n = 0;

	if (m->exact)
		return 0;
	v = m->nvalues ? xcalloc(m->nvalues, sizeof(*v)) : NULL;
	for (uint32_t i = 0; i < m->nvalues; i++) {
		double value = head ? m->values[i].head : m->values[i].base;

		if (isfinite(value))
			v[n++] = value;
	}
	if (n < 3) {
		free(v);
		return NAN;
	}
	order_sort(v, n);
	width = 2 * 1.96 * 1.2533 * order_iqr(v, n) / 1.349 / sqrt(n);
	free(v);
	return width;
}

bool view_all_failed(const struct outcome_workload *w, const struct outcome_failure *f)
{
	bool head = f->side && !strcmp(f->side, "head");
	uint32_t runs = head || (f->side && !strcmp(f->side, "base")) ? w->runs / 2
								      : w->runs;

	return f->count && f->count >= (runs ? runs : 1);
}
