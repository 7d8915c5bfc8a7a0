/* The names of counters, looked up before the first run: what is no event is a fault of
 * the file, what this machine lacks is told and leaves the metric out. */
#include <profd/bench-events.h>

#include <errno.h>
#include <unistd.h>

#include "bench-priv.h"
#include <profd/counter.h>
#include <profd/map.h>

int event_add(struct eventlist *l, const char *event, struct error *err)
{
	uint32_t before = l->n;
	int code = eventlist_parse(l, event, err);
	struct eventspec *e;

	if (code < 0)
		return code;
	e = &l->v[before];
	if (l->n != before + 1 || e->group)
		return error_set(err, -EINVAL, "'%s' is not one event", event);
	if (e->period || e->hz)
		return error_set(err, -EINVAL,
				 "'%s' is counted, not sampled: it has no period and no "
				 "frequency",
				 event);
	code = eventspec_encode(e, err);
	/* One that this machine lacks is told by the counters. */
	return code == -EINVAL || code == -E2BIG ? code : 0;
}

/* What files say once reaches many workloads, and a name is slow to look up. */
static bool seen(struct map *places, const struct config_metric *m)
{
	uint64_t place = (uint64_t)m->event_line << 32 | m->event_column;

	if (map_find(places, place))
		return true;
	map_put(places, place, 1);
	return false;
}

static void problem_tell(const struct config *c, const struct config_metric *m,
			 const struct error *why, struct config_problems *problems)
{
	struct error *told = config_problem_add(problems, c->path, m->event_line,
						m->event_column, "the metric '%s': %s",
						m->name, why->text);

	if (why->hint[0])
		error_hint(told, "%s", why->hint);
}

static bool workload_check(const struct config *c, const struct config_workload *w,
			   struct map *places, struct config_problems *problems)
{
	bool fine = true;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->nmetrics && !problems->more; i++) {
		const struct config_metric *m = &w->metrics[i];
		struct eventlist one = {0};
		struct error why = {0};
		int code = 0;

		if (m->from != CONFIG_FROM_PERF)
			continue;
		if (++n > EVENTLIST_MAX)
			code = error_set(&why, -E2BIG,
					 "the workload '%s' has more than %d counters",
					 w->group, EVENTLIST_MAX);
		else if (!seen(places, m))
			code = event_add(&one, m->event, &why);
		if (code < 0)
			problem_tell(c, m, &why, problems);
		fine &= code == 0;
		eventlist_done(&one);
	}
	return fine;
}

int bench_events_check(const struct config *c, struct config_problems *problems)
{
	struct map places = {0};
	bool fine = true;

	for (uint32_t i = 0; i < c->nworkloads && !problems->more; i++)
		fine &= workload_check(c, &c->workloads[i], &places, problems);
	map_done(&places);
	config_problems_sort(problems);
	return fine ? 0 : -EINVAL;
}

/* Opened on this very process, which will not exec: it costs nothing and counts nothing. */
char *bench_event_missing(const char *event)
{
	struct eventlist one = {0};
	struct error why = {0};
	struct counters *counters = NULL;
	const char *reason = why.text;
	char *told;
	size_t n;

	if (eventlist_parse(&one, event, &why) == 0)
		counters = counters_open(&one, getpid(), &why);
	if (counters)
		reason = counters_values(counters, &n)[0].reason;
	told = *reason ? xstrdup(reason) : NULL;
	counters_close(counters);
	eventlist_done(&one);
	return told;
}
