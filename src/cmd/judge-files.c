/* Results of other runs. A run is one job, and the medians of two jobs differ by which
 * machines, and which hour, they had: they are shown beside each other, and never judged. */
#include "judge.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/outcome-io.h>

bool judge_is_result(const char *path)
{
	_cleanup_free_ char *inside = xasprintf("%s/" OUTCOME_FILE, path);
	size_t n = strlen(path);
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return access(inside, F_OK) == 0;
	return n > 5 && !strcmp(path + n - 5, ".json");
}

static const struct outcome_metric *metric_find(const struct outcome *o,
						const char *workload, const char *name)
{
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		if (!w->name || !workload || strcmp(w->name, workload) != 0)
			continue;
		for (uint32_t k = 0; k < w->nmetrics; k++) {
			if (w->metrics[k].name && name &&
			    !strcmp(w->metrics[k].name, name))
				return &w->metrics[k];
		}
	}
	return NULL;
}

static bool same_testbed(const struct outcome *a, const struct outcome *b)
{
	const char *x = a->environment.testbed, *y = b->environment.testbed;

	return x && y && !strcmp(x, y);
}

static void put(struct outcome_metric *m, const struct outcome_metric *from, bool same)
{
	const struct outcome_interval none = {NAN, NAN, NAN, NAN};

	m->decided = m->first = m->drift = none;
	m->lower = m->upper = m->lower_level = m->upper_level = m->detectable = NAN;
	m->confirmed = false;
	m->reason = REASON_NONE;
	m->base = from ? from->head : NAN;
	m->ratio = m->base > 0 && m->head > 0;
	m->decided.change = m->ratio ? m->head / m->base - 1 : m->head - m->base;
	if (!from)
		m->verdict = VERDICT_NO_BASELINE;
	else if (!same || (from->unit && m->unit && strcmp(from->unit, m->unit) != 0))
		m->verdict = VERDICT_NOT_COMPARABLE;
	else
		m->verdict = VERDICT_IMMATURE;
	m->note = m->verdict == VERDICT_IMMATURE
			  ? "one earlier run is no baseline: its machine had another hour"
		  : from ? "measured on another machine, or in another unit"
			 : "the earlier run does not have it";
}

static void put_all(struct outcome *o, const struct outcome *base, bool all)
{
	bool same = same_testbed(o, base);

	for (uint32_t i = 0; i < o->nworkloads; i++) {
		/* Nobody else has seen it yet. */
		struct outcome_workload *w = (struct outcome_workload *)&o->workloads[i];

		if (w->verdict == VERDICT_FAILED || w->verdict == VERDICT_TIMEOUT)
			continue;
		for (uint32_t k = 0; k < w->nmetrics; k++) {
			struct outcome_metric *m =
				(struct outcome_metric *)&w->metrics[k];

			if (all || m->verdict == VERDICT_NOT_COMPARABLE)
				put(m, metric_find(base, w->name, m->name), same);
			if (all)
				m->effect = m->budget.exceeded ? m->effect
							       : OUTCOME_WARNS;
			w->verdict = k ? gate_worse(w->verdict, m->verdict) : m->verdict;
		}
		o->verdict = i ? gate_worse(o->verdict, w->verdict) : w->verdict;
	}
}

void judge_put_base(struct outcome *o, const struct outcome *base)
{
	const char *label = o->base.label;

	o->base = base->head;
	o->base.label = label ? label : "an earlier run";
	put_all(o, base, false);
}

int judge_results(const struct judge_options *options, const char *base, const char *head)
{
	struct outcome b = {0}, h = {0};
	struct error err = {0};
	int code = outcome_load(base, &b, &err);

	if (code == 0)
		code = outcome_load(head, &h, &err);
	if (code < 0) {
		outcome_done(&b);
		outcome_done(&h);
		return cmd_fail(2, &err);
	}
	h.command = "compare";
	h.base = b.head;
	h.base.label = base;
	put_all(&h, &b, true);
	h.nlimit_changes = 0;
	h.exit_status = gate_exit(&h, options->mode ? options->mode : CONFIG_GATE,
				  &h.effect);
	judge_say_outcome(options, &h, NULL);
	code = h.exit_status;
	outcome_done(&b);
	outcome_done(&h);
	return code;
}
