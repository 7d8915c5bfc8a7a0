/* What is said of a metric in one sentence. It has to stand alone: in a list of findings,
 * as the message of a test case, on a terminal. */
#include "outcome-view.h"

#include <math.h>
#include <string.h>

#include <profd/figure.h>

#define NAME_MAX_BYTES 200

static void add_stat(struct text *t, const struct outcome_metric *m)
{
	text_addc(t, ' ');
	figure_add(t, m->head, view_width(m, true), m->unit);
	if (!m->nvalues)
		return;
	text_add(t, ", ");
	view_add_line(t, m->stat ? m->stat : "median", NAME_MAX_BYTES);
	text_addf(t, " of %u run%s", m->nvalues, m->nvalues == 1 ? "" : "s");
}

static void add_change(struct text *t, const struct outcome_metric *m)
{
	const struct outcome_interval *i = &m->decided;

	text_addc(t, ' ');
	figure_add_change(t, i->change, i->high - i->low, m->ratio, m->unit);
	if (m->exact)
		return;
	text_addc(t, ' ');
	figure_add_interval(t, i->change, i->low, i->high, m->ratio, m->unit);
}

/* Without the estimate, which would be taken for a finding. */
static void add_range(struct text *t, const struct outcome_metric *m)
{
	const struct outcome_interval *i = &m->decided;
	struct text unit = {0};
	const char *name;

	if (isnan(i->low) || isnan(i->high)) {
		text_add(t, " change not known");
		return;
	}
	text_add(t, " somewhere in ");
	figure_add_interval(t, i->change, i->low, i->high, m->ratio, m->unit);
	figure_add_change(&unit, i->change, NAN, m->ratio, m->unit);
	name = strchr(text_get(&unit), ' ');
	text_add(t, name ? name : "");
	text_done(&unit);
}

static void add_means(struct text *t, const struct outcome_metric *m)
{
	const char *reason = verdict_reason_text(m->reason);

	if (m->exact)
		text_add(t, ", exact");
	else if (m->pairs)
		text_addf(t, ", %u pair%s", m->pairs, m->pairs == 1 ? "" : "s");
	if (m->confirmed)
		text_add(t, ", confirmed");
	if (*reason)
		text_addf(t, ": %s", reason);
	if (!m->exact && m->detectable > 0) {
		text_add(t, "; this run could see ");
		figure_add_size(t, m->detectable, m->ratio, m->unit);
	}
	if (m->verdict == VERDICT_INCONCLUSIVE && m->pairs_needed == UINT32_MAX)
		text_add(t, ", and no number of pairs would do");
	else if (m->verdict == VERDICT_INCONCLUSIVE && m->pairs_needed > m->pairs)
		text_addf(t, ", about %u pairs would do", m->pairs_needed);
}

void outcome_sentence(struct text *t, const struct outcome_metric *m)
{
	view_add_line(t, m->name, NAME_MAX_BYTES);
	switch (m->verdict) {
	case VERDICT_MEASURED:
		add_stat(t, m);
		return;
	case VERDICT_SUSPECTED:
	case VERDICT_REGRESSION:
	case VERDICT_PASS:
	case VERDICT_IMPROVEMENT:
	case VERDICT_UNTRUSTED:
		add_change(t, m);
		break;
	case VERDICT_OPEN:
	case VERDICT_INCONCLUSIVE:
		add_range(t, m);
		break;
	default:
		text_addf(t, ": %s", view_verdict(m->verdict));
		return;
	}
	add_means(t, m);
}

void outcome_drift_sentence(struct text *t, const struct outcome_metric *m)
{
	const struct outcome_interval *i = &m->drift;

	/* Infinite: too few neighbours were of one side. */
	if (!isfinite(i->change) || !isfinite(i->low) || !isfinite(i->high))
		return;
	figure_add_change(t, i->change, i->high - i->low, m->ratio, m->unit);
	text_addc(t, ' ');
	figure_add_interval(t, i->change, i->low, i->high, m->ratio, m->unit);
	text_add(t, " between neighbouring runs of one side");
}

void outcome_budget_sentence(struct text *t, const struct outcome *o,
			     const struct outcome_metric *m)
{
	const struct outcome_budget *b = &m->budget;
	bool more = b->actual > b->limit;

	if (!b->given)
		return;
	view_add_line(t, m->name, NAME_MAX_BYTES);
	text_addc(t, ' ');
	figure_add(t, b->actual, m->exact ? 0 : NAN, m->unit);
	text_add(t, more ? " > " : b->actual < b->limit ? " < " : " = ");
	figure_add(t, b->limit, 0, m->unit);
	if (b->exceeded && b->limit > 0) {
		text_addf(t, ", %s by ", b->at_least ? "missed" : "exceeded");
		figure_add(t, 100 * fabs(b->actual / b->limit - 1), 1, "%");
	}
	if (!isfinite(b->multiplier) || b->multiplier == 1)
		return;
	text_add(t, " (");
	figure_add(t, b->base_limit, 0, m->unit);
	text_addf(t, b->at_least ? " / %g" : " x %g", b->multiplier);
	if (o->strictness_from) {
		text_add(t, ", ");
		view_add_line(t, o->strictness_from, NAME_MAX_BYTES);
	}
	text_addc(t, ')');
}

void outcome_counts(struct text *t, const struct outcome *o)
{
	uint32_t n[VERDICT_TIMEOUT + 1] = {0}, over = 0, shown = 0;
	static const enum verdict order[] = {
		VERDICT_FAILED,	   VERDICT_TIMEOUT,	   VERDICT_REGRESSION,
		VERDICT_SUSPECTED, VERDICT_UNTRUSTED,	   VERDICT_INCONCLUSIVE,
		VERDICT_OPEN,	   VERDICT_NOT_COMPARABLE, VERDICT_NO_BASELINE,
		VERDICT_IMMATURE,  VERDICT_IMPROVEMENT,	   VERDICT_PASS,
		VERDICT_MEASURED,
	};

	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];
		bool broken = w->nfailures && (w->verdict == VERDICT_FAILED ||
					       w->verdict == VERDICT_TIMEOUT);

		for (uint32_t k = 0; k < w->nmetrics; k++) {
			const struct outcome_metric *m = &w->metrics[k];

			if (!broken || m->verdict != w->verdict)
				n[m->verdict]++;
			over += m->budget.given && m->budget.exceeded;
		}
		if (!w->nmetrics || broken)
			n[w->verdict]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (n[order[i]])
			text_addf(t, "%s%u %s", shown++ ? ", " : "", n[order[i]],
				  view_verdict(order[i]));
	if (!shown)
		text_add(t, "nothing was measured");
	if (over)
		text_addf(t, "; %u over budget", over);
}
