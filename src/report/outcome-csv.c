/* Tables for spreadsheets and for Jenkins' Plot plugin: RFC 4180. A text that a spreadsheet
 * would take for a formula gets an apostrophe in front. */
#include "outcome-view.h"

#include <math.h>
#include <string.h>

#include <profd/figure.h>

#define TEXT_MAX_BYTES 4096

static void add_text(struct text *t, const char *s, const char *more)
{
	struct text line = {0};

	view_add_line(&line, s, TEXT_MAX_BYTES);
	if (more) {
		text_addc(&line, ' ');
		view_add_line(&line, more, TEXT_MAX_BYTES);
	}
	text_add(t, line.len && strchr("=+-@", line.s[0]) ? "\"'" : "\"");
	for (const char *c = text_get(&line); *c; c++)
		text_addf(t, *c == '"' ? "\"\"" : "%c", *c);
	text_addc(t, '"');
	text_done(&line);
}

/* What is not known is an empty field. The digits are those of verdict.json. */
static void add_number(struct text *t, double value)
{
	if (isinf(value))
		text_add(t, value < 0 ? "-inf" : "inf");
	else if (!isnan(value))
		text_addf(t,
			  fabs(value) < 0x1p53 && value == floor(value) ? "%.0f" : "%.9g",
			  value);
}

static void add_numbers(struct text *t, const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_addc(t, ',');
		add_number(t, v[i]);
	}
}

/* Each row is written at once: there may be many. */
static void put_row(struct text *t, struct sink *out)
{
	text_add(t, "\r\n");
	sink_put(out, text_get(t), t->len);
	text_clear(t);
}

void outcome_pairs_csv_write(const struct outcome *o, struct sink *out)
{
	struct text t = {0};

	sink_puts(out, "workload,metric,unit,pair,base,head\r\n");
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			const struct outcome_metric *m = &w->metrics[k];
			struct text names = {0};

			add_text(&names, w->name, NULL);
			text_addc(&names, ',');
			add_text(&names, m->name, NULL);
			text_addc(&names, ',');
			add_text(&names, m->unit, NULL);
			for (uint32_t p = 0; p < m->nvalues; p++) {
				text_addf(&t, "%s,%u", text_get(&names), p + 1);
				add_numbers(&t, &m->values[p].base, 1);
				add_numbers(&t, &m->values[p].head, 1);
				put_row(&t, out);
			}
			text_done(&names);
		}
	}
	text_done(&t);
}

static void add_metric(struct text *t, const struct outcome_workload *w,
		       const struct outcome_metric *m)
{
	const double v[] = {
		m->base,
		m->head,
		m->decided.change,
		m->decided.low,
		m->decided.high,
		m->decided.level,
		m->threshold,
		m->detectable,
		m->budget.given ? m->budget.actual : NAN,
		m->budget.given ? m->budget.limit : NAN,
	};

	add_text(t, w->name, NULL);
	text_addc(t, ',');
	add_text(t, m->name, NULL);
	text_addc(t, ',');
	add_text(t, m->unit, NULL);
	text_addf(t, ",%s,%s,%s,%u", m->bigger_is_better ? "bigger" : "smaller",
		  verdict_name(m->verdict), m->ratio ? "fraction" : "units",
		  m->pairs ? m->pairs : m->nvalues);
	add_numbers(t, v, ARRAY_SIZE(v));
	text_addf(t, ",%s",
		  !m->budget.given     ? ""
		  : m->budget.exceeded ? "exceeded"
				       : "kept");
}

void outcome_metrics_csv_write(const struct outcome *o, struct sink *out)
{
	struct text t = {0};

	sink_puts(out,
		  "workload,metric,unit,better,verdict,change_in,pairs,base,head,change,"
		  "low,high,level,threshold,detectable,actual,limit,budget\r\n");
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			add_metric(&t, w, &w->metrics[k]);
			put_row(&t, out);
		}
	}
	text_done(&t);
}

/* The plugin plots each column over the builds: a row of labels, and one of values. */
void outcome_plot_csv_write(const struct outcome *o, struct sink *out)
{
	struct text labels = {0}, values = {0};
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			const struct outcome_metric *m = &w->metrics[k];

			if (!isfinite(m->head))
				continue;
			text_add(&labels, n ? "," : "");
			text_add(&values, n++ ? "," : "");
			add_text(&labels, w->name, m->name);
			add_number(&values, figure_round(m->head, view_width(m, true)));
		}
	}
	put_row(&labels, out);
	put_row(&values, out);
	text_done(&labels);
	text_done(&values);
}
