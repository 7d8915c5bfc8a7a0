/* What a change does to the limits by which it is judged itself: base's configuration against
 * head's, text against text. */
#include <profd/gate.h>

#include <math.h>
#include <string.h>

#include <profd/text.h>
#include <profd/vec.h>

struct changes {
	VEC(struct outcome_limit_change) list;
	struct arena *arena;
	const char *workload, *metric;
};

static const char *keep(struct changes *c, const char *s)
{
	return s ? arena_strndup(c->arena, s, strlen(s)) : NULL;
}

/* NULL: not set. */
static void changed(struct changes *c, const char *key, const char *from, const char *to)
{
	struct outcome_limit_change *x;

	if (from == to || (from && to && !strcmp(from, to)))
		return;
	x = vec_add(&c->list);
	x->workload = keep(c, c->workload);
	x->metric = keep(c, c->metric);
	x->key = key;
	x->from = keep(c, from);
	x->to = keep(c, to);
}

static void changed_number(struct changes *c, const char *key, bool has_from, double from,
			   bool has_to, double to, const char *unit)
{
	double scale = strcmp(unit, "%") != 0 ? 1 : 100;
	_cleanup_free_ char *a = has_from ? xasprintf("%.9g%s", from * scale, unit)
					  : NULL;
	_cleanup_free_ char *b = has_to ? xasprintf("%.9g%s", to * scale, unit) : NULL;

	changed(c, key, a, b);
}

static void policies(struct changes *c, const struct config_policy *a,
		     const struct config_policy *b)
{
	changed(c, "policy", config_level_word(a->worse), config_level_word(b->worse));
	changed(c, "inconclusive", config_level_word(a->inconclusive),
		config_level_word(b->inconclusive));
	changed(c, "untrusted", config_level_word(a->untrusted),
		config_level_word(b->untrusted));
	changed(c, "no_baseline", config_level_word(a->no_baseline),
		config_level_word(b->no_baseline));
}

static void metric_compare(struct changes *c, const struct config_metric *a,
			   const struct config_metric *b)
{
	c->metric = a->name;
	changed_number(c, "threshold", a->has_threshold, a->threshold, b->has_threshold,
		       b->threshold, "%");
	changed(c, "difference", a->difference_text, b->difference_text);
	changed(c, "budget", a->budget.text, b->budget.text);
	changed(c, "stat", config_stat_word(a->stat), config_stat_word(b->stat));
	changed(c, "direction", config_direction_word(a->direction),
		config_direction_word(b->direction));
	policies(c, &a->policy, &b->policy);
	c->metric = NULL;
}

static void workload_compare(struct changes *c, const struct config_workload *a,
			     const struct config_workload *b)
{
	for (uint32_t i = 0; i < a->nmetrics; i++) {
		const struct config_metric *m = config_metric_find(b, a->metrics[i].name);

		if (m) {
			metric_compare(c, &a->metrics[i], m);
			continue;
		}
		c->metric = a->metrics[i].name;
		changed(c, "metric", "there", NULL);
		c->metric = NULL;
	}
	for (uint32_t i = 0; i < b->nmetrics; i++) {
		c->metric = b->metrics[i].name;
		if (!config_metric_find(a, c->metric))
			changed(c, "metric", NULL, "there");
		c->metric = NULL;
	}
}

static void workloads_compare(struct changes *c, const struct config *base,
			      const struct config *head)
{
	for (uint32_t i = 0; i < base->nworkloads; i++) {
		const struct config_workload *w;

		c->workload = base->workloads[i].name;
		w = config_workload_find(head, c->workload);
		if (w)
			workload_compare(c, &base->workloads[i], w);
		else
			changed(c, "workload", "there", NULL);
	}
	for (uint32_t i = 0; i < head->nworkloads; i++) {
		c->workload = head->workloads[i].name;
		if (!config_workload_find(base, c->workload))
			changed(c, "workload", NULL, "there");
	}
	c->workload = NULL;
}

void gate_limits(const struct config *base, const struct config *head, struct outcome *o)
{
	struct changes c = {.arena = &o->arena};
	struct outcome_limit_change *list;

	if (!base)
		return;
	changed(&c, "mode", config_mode_word(base->mode), config_mode_word(head->mode));
	changed_number(&c, "strictness", base->strictness > 0, base->strictness,
		       head->strictness > 0, head->strictness, "");
	changed_number(&c, "pairs.max", true, base->pairs_max, true, head->pairs_max, "");
	changed_number(&c, "time_budget", base->time_budget_ns > 0,
		       (double)base->time_budget_ns / 1e9, head->time_budget_ns > 0,
		       (double)head->time_budget_ns / 1e9, "s");
	workloads_compare(&c, base, head);
	list = arena_alloc(&o->arena, (c.list.n + 1) * sizeof(*list));
	if (c.list.n)
		memcpy(list, c.list.v, c.list.n * sizeof(*list));
	o->limit_changes = list;
	o->nlimit_changes = c.list.n;
	vec_done(&c.list);
}
