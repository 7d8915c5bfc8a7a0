/* metrics.txt: OpenMetrics text 1.0, for GitLab's metrics report and for Prometheus.
 *
 * GitLab compares values as text, so they are rounded to what is known of them: else every
 * metric "changed" in every run. Families stand together, their names end in the unit, no
 * two samples have the same labels. */
#include "outcome-view.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/figure.h>

#define NAME_MAX_BYTES 500

struct sample {
	const struct outcome_workload *workload;
	const struct outcome_metric *metric;
	char *family;
	bool renamed;  /* its name in the family is not the metric's */
	uint32_t same; /* of that workload's name, of how many before it */
	uint32_t place;
};

struct samples {
	VEC(struct sample) v;
};

static const struct unit {
	const char *unit, *suffix;
	double factor;
} units[] = {
	{"s", "seconds", 1},	 {"B", "bytes", 1},   {"B/s", "bytes_per_second", 1},
	{"/s", "per_second", 1}, {"%", "ratio", .01},
};

static const struct unit *unit_of(const struct outcome_metric *m)
{
	for (size_t i = 0; m->unit && i < ARRAY_SIZE(units); i++)
		if (!strcmp(m->unit, units[i].unit))
			return &units[i];
	return NULL;
}

static const char *const own[] = {"profd_change_ratio", "profd_worse",
				  "profd_spent_seconds"};

/* "profd_cpu_seconds". ASCII only, as OpenMetrics wants it; a name that one of the families
 * below has gets an underscore in front of the unit. */
static char *family_name(const struct outcome_metric *m, bool *ret_renamed)
{
	const struct unit *u = unit_of(m);
	struct text t = {0};
	const char *end;
	size_t n;

	text_add(&t, "profd_");
	for (const char *c = m->name; *c && t.len < NAME_MAX_BYTES; c++)
		text_addc(&t, isalnum((unsigned char)*c) ? *c : '_');
	*ret_renamed = strcmp(t.s + strlen("profd_"), m->name) != 0;
	n = t.len;
	/* Names that end in what they are measured by say it once. */
	end = u ? u->suffix : "";
	if (!strcmp(end, "per_second") && n > 6 && !strcmp(t.s + n - 6, "_per_s")) {
		text_add(&t, "econd");
		n = t.len;
	}
	if (*end && (n < strlen(end) + 1 || strcmp(t.s + n - strlen(end), end) != 0 ||
		     t.s[n - strlen(end) - 1] != '_'))
		text_addf(&t, "_%s", end);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (strcmp(t.s, own[i]) != 0)
			continue;
		*ret_renamed = true;
		text_clear(&t);
		text_addf(&t, "profd_own_%s", own[i] + strlen("profd_"));
	}
	return t.s;
}

static int names_compare(const struct sample *x, const struct sample *y)
{
	int order = strcmp(x->workload->name, y->workload->name);

	if (!order && (x->renamed || y->renamed))
		order = strcmp(x->metric->name, y->metric->name);
	if (order)
		return order;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int family_compare(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int order = strcmp(x->family, y->family);

	return order ? order : names_compare(x, y);
}

static int metric_compare(const void *a, const void *b)
{
	return names_compare(a, b);
}

static void samples_make(struct samples *s, const struct outcome *o)
{
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			struct sample *x = vec_add(&s->v);

			x->workload = w;
			x->metric = &w->metrics[k];
			x->place = s->v.n;
			x->family = family_name(x->metric, &x->renamed);
		}
	}
}

/* Labels have to differ, and nothing keeps names in a joined report from being the same:
 * these stand side by side in the order of names, and are numbered. */
static void samples_sort(struct samples *s, bool by_family)
{
	if (!s->v.n)
		return;
	qsort(s->v.v, s->v.n, sizeof(*s->v.v),
	      by_family ? family_compare : metric_compare);
	s->v.v[0].same = 0;
	for (uint32_t i = 1; i < s->v.n; i++) {
		struct sample *x = &s->v.v[i];
		bool same = (!by_family || !strcmp(x->family, x[-1].family)) &&
			    x->renamed == x[-1].renamed &&
			    !strcmp(x->workload->name, x[-1].workload->name) &&
			    (!x->renamed || !strcmp(x->metric->name, x[-1].metric->name));

		x->same = same ? x[-1].same + 1 : 0;
	}
}

static void add_label(struct text *t, const char *key, const char *value)
{
	struct text line = {0};

	view_add_line(&line, value, NAME_MAX_BYTES);
	text_addf(t, "%s%s=\"", t->s[t->len - 1] == '{' ? "" : ",", key);
	for (const char *c = text_get(&line); *c; c++) {
		if (*c == '"' || *c == '\\')
			text_addc(t, '\\');
		text_addc(t, *c);
	}
	text_addc(t, '"');
	text_done(&line);
}

static void add_value(struct text *t, double value)
{
	text_addf(t, "} %.10g\n", value == 0 ? 0.0 : value);
}

static void add_labels(struct text *t, const struct sample *x, bool metric)
{
	text_addc(t, '{');
	add_label(t, "workload", x->workload->name);
	if (metric)
		add_label(t, "metric", x->metric->name);
	if (x->same) {
		char digits[16];

		snprintf(digits, sizeof(digits), "%u", x->same + 1);
		add_label(t, "run", digits);
	}
}

static void add_side(struct text *t, const struct sample *x, const char *side,
		     double value, double width)
{
	const struct unit *u = unit_of(x->metric);

	if (!isfinite(value))
		return;
	text_add(t, x->family);
	add_labels(t, x, x->renamed);
	add_label(t, "side", side);
	add_value(t, figure_round(value, width) * (u ? u->factor : 1));
}

static void add_family(struct text *t, const struct sample *x)
{
	const struct unit *u = unit_of(x->metric);
	size_t n = u ? strlen(u->suffix) : 0;

	text_addf(t, "# TYPE %s gauge\n", x->family);
	if (n && strlen(x->family) > n &&
	    !strcmp(x->family + strlen(x->family) - n, u->suffix))
		text_addf(t, "# UNIT %s %s\n", x->family, u->suffix);
	text_addf(t, "# HELP %s Median of the runs of a side.\n", x->family);
}

static void add_medians(struct text *t, const struct samples *s)
{
	for (uint32_t i = 0; i < s->v.n; i++) {
		const struct sample *x = &s->v.v[i];

		if (!i || strcmp(x->family, x[-1].family) != 0)
			add_family(t, x);
		add_side(t, x, "base", x->metric->base, view_width(x->metric, false));
		add_side(t, x, "head", x->metric->head, view_width(x->metric, true));
	}
}

/* The families below have the metric as a label, so its name in the family is no matter. */
static void add_bound(struct text *t, const struct sample *x, const char *bound,
		      double value)
{
	const struct outcome_interval *i = &x->metric->decided;

	if (!isfinite(value) || !x->metric->ratio)
		return;
	text_add(t, own[0]);
	add_labels(t, x, true);
	add_label(t, "bound", bound);
	add_value(t, figure_round(value, i->high - i->low));
}

static void add_changes(struct text *t, const struct samples *s)
{
	text_addf(t,
		  "# TYPE %s gauge\n# UNIT %s ratio\n"
		  "# HELP %s Change from base to head, and its interval.\n",
		  own[0], own[0], own[0]);
	for (uint32_t i = 0; i < s->v.n; i++) {
		const struct sample *x = &s->v.v[i];

		add_bound(t, x, "estimate", x->metric->decided.change);
		add_bound(t, x, "low", x->metric->decided.low);
		add_bound(t, x, "high", x->metric->decided.high);
	}
	text_addf(t, "# TYPE %s gauge\n# HELP %s 1: a regression or over budget.\n",
		  own[1], own[1]);
	for (uint32_t i = 0; i < s->v.n; i++) {
		const struct outcome_metric *m = s->v.v[i].metric;

		text_add(t, own[1]);
		add_labels(t, &s->v.v[i], true);
		add_value(t, m->verdict == VERDICT_REGRESSION ||
				     (m->budget.given && m->budget.exceeded));
	}
}

void outcome_openmetrics_write(const struct outcome *o, struct sink *out)
{
	struct samples s = {0};
	struct text t = {0};

	samples_make(&s, o);
	samples_sort(&s, true);
	add_medians(&t, &s);
	for (uint32_t i = 0; i < s.v.n; i++)
		s.v.v[i].renamed = true;
	samples_sort(&s, false);
	if (s.v.n)
		add_changes(&t, &s);
	if (o->plan.spent_s > 0)
		text_addf(&t,
			  "# TYPE %s gauge\n# UNIT %s seconds\n"
			  "# HELP %s Time that all runs took.\n%s %.3g\n",
			  own[2], own[2], own[2], own[2], o->plan.spent_s);
	text_add(&t, "# EOF\n");
	sink_put(out, text_get(&t), t.len);
	for (uint32_t i = 0; i < s.v.n; i++)
		free(s.v.v[i].family);
	vec_done(&s.v);
	text_done(&t);
}
