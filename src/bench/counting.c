/* Metrics from perf: counters on what is measured, opened while it waits for its exec. */
#include "bench-priv.h"

#include <errno.h>
#include <string.h>

static bool wanted(const struct config_metric *m, enum flavour flavour)
{
	return m->from == CONFIG_FROM_PERF &&
	       (flavour == FLAVOUR_PLAIN || (flavour == FLAVOUR_EXACT && m->exact));
}

bool counting_wanted(const struct running *r)
{
	for (uint32_t i = 0; i < r->b->w->nmetrics; i++) {
		if (wanted(&r->b->w->metrics[i], r->flavour))
			return true;
	}
	return false;
}

int counting_open(struct running *r, pid_t pid, struct error *err)
{
	r->counters = counters_open(&r->b->events, pid, err);
	return r->counters ? 0 : err->code;
}

static void value_take(struct running *r, uint32_t metric, const struct counter_value *v)
{
	const struct config_metric *m = &r->b->w->metrics[metric];
	_cleanup_free_ char *name = xasprintf("counter %s", m->name);
	bool time = !strcmp(v->unit, "ns");

	if (!v->counted) {
		means_set(r->b, name, false, "%s", v->reason);
		return;
	}
	if (v->user_only && v->denied)
		means_set(r->b, name, true, "without the kernel's side, which is denied");
	free(r->b->units[metric]);
	r->b->units[metric] = xstrdup(time ? "s" : "");
	r->result->values[metric] = (double)v->value / (time ? 1e9 : 1);
}

void counting_values(struct running *r)
{
	const struct counter_value *v;
	size_t n, next = 0;

	counters_read(r->counters);
	v = counters_values(r->counters, &n);
	for (uint32_t i = 0; i < r->b->w->nmetrics && next < n; i++) {
		const struct config_metric *m = &r->b->w->metrics[i];

		if (m->from != CONFIG_FROM_PERF)
			continue;
		if (wanted(m, r->flavour))
			value_take(r, i, &v[next]);
		next++;
	}
}
