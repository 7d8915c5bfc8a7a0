/* github-action-benchmark, in: an array of {name, unit, value} becomes an outcome in which
 * each name is a workload with one value. The file may be damaged: every value is checked,
 * and a fault has its place. */
#include "gha.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/json.h>
#include <profd/text.h>

/* The units of profd, by those that are common there; times end up as seconds. */
static const struct unit {
	const char *theirs, *unit;
	double factor;
} units[] = {
	{"ns", "s", 1e-9},
	{"ns/iter", "s", 1e-9},
	{"us", "s", 1e-6},
	{"µs", "s", 1e-6},
	{"μs", "s", 1e-6},
	{"ms", "s", 1e-3},
	{"s", "s", 1},
	{"sec", "s", 1},
	{"seconds", "s", 1},
	{"B", "B", 1},
	{"bytes", "B", 1},
	{"KB", "B", 1024},
	{"KiB", "B", 1024},
	{"MB", "B", 1048576},
	{"MiB", "B", 1048576},
	{"GB", "B", 1073741824},
	{"GiB", "B", 1073741824},
	{"ops/s", "/s", 1},
	{"ops/sec", "/s", 1},
	{"iter/sec", "/s", 1},
	{"/s", "/s", 1},
	{"%", "%", 1},
	{"percent", "%", 1},
	{"count", "", 1},
	{"", "", 1},
};

static const struct unit *unit_find(const char *theirs)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(theirs, units[i].theirs))
			return &units[i];
	return NULL;
}

static const char *keep(struct arena *a, const char *s)
{
	struct text t = {0};
	const char *kept;

	text_add_lines(&t, s, strlen(s));
	kept = arena_strndup(a, text_get(&t), t.len);
	text_done(&t);
	return kept;
}

/* It takes numbers that are written as text, too. */
static bool value_of(const struct json *j, double *ret)
{
	const char *s = json_str(j, NULL);
	char *end;

	if (json_num(j, ret))
		return true;
	if (!s || !strchr("-0123456789", *s) || !*s || strlen(s) > 40)
		return false;
	*ret = strtod(s, &end);
	return !*end && isfinite(*ret);
}

static int bad(struct error *err, size_t i, const char *what)
{
	return error_set(err, -EBADMSG, "[%zu]%s", i, what);
}

static int read_bench(struct outcome *o, const struct json *j, size_t i, bool bigger,
		      struct error *err)
{
	struct outcome_workload *w = (struct outcome_workload *)&o->workloads[i];
	struct outcome_metric *m = arena_alloc(&o->arena, sizeof(*m));
	struct trial_pair *pair = arena_alloc(&o->arena, sizeof(*pair));
	const struct outcome_interval unknown = {NAN, NAN, NAN, NAN};
	const char *name = json_get_str(j, "name"), *unit = json_get_str(j, "unit");
	const struct unit *known = unit_find(unit ? unit : "");
	double value;

	if (!json_is_node(j))
		return bad(err, i, " is not an object");
	if (!name || !*name || strlen(name) > OUTCOME_TEXT_MAX_BYTES)
		return bad(err, i, ".name is not a name");
	if (!json_is_none(json_get(j, "unit")) && (!unit || strlen(unit) > 100))
		return bad(err, i, ".unit is not a unit");
	if (!value_of(json_get(j, "value"), &value) ||
	    !isfinite(value * (known ? known->factor : 1)))
		return bad(err, i, ".value is not a number");
	*pair = (struct trial_pair){NAN, value * (known ? known->factor : 1)};
	*m = (struct outcome_metric){
		.name = "value",
		.unit = known ? known->unit : keep(&o->arena, unit),
		.stat = "median",
		.bigger_is_better = bigger,
		.verdict = VERDICT_MEASURED,
		.threshold = NAN,
		.threshold_units = NAN,
		.base = NAN,
		.head = pair->head,
		.decided = unknown,
		.first = unknown,
		.drift = unknown,
		.lower = NAN,
		.lower_level = NAN,
		.upper = NAN,
		.upper_level = NAN,
		.spread = NAN,
		.detectable = NAN,
		.budget = {.actual = NAN,
			   .limit = NAN,
			   .base_limit = NAN,
			   .multiplier = NAN},
		.values = pair,
		.nvalues = 1,
	};
	w->name = w->group = keep(&o->arena, name);
	w->variant = "";
	w->verdict = VERDICT_MEASURED;
	w->metrics = m;
	w->nmetrics = w->runs = 1;
	w->seconds = NAN;
	return 0;
}

static void fill_unknown(struct outcome *o)
{
	o->command = "bench";
	o->verdict = VERDICT_MEASURED;
	o->strictness = o->base.build_seconds = o->head.build_seconds = NAN;
	o->plan.alpha = o->plan.time_budget_s = o->plan.planned_s = o->plan.spent_s = NAN;
	o->environment.load = o->environment.steal = o->environment.busy_others = NAN;
	o->environment.mhz_min = o->environment.mhz_max = NAN;
}

static int read_list(const struct json *j, bool bigger, struct outcome *o,
		     struct error *err)
{
	size_t n = json_count(j);
	int code = 0;

	if (!json_is_list(j))
		return error_set(err, -EBADMSG, "it is not an array of benchmarks");
	if (n > OUTCOME_WORKLOADS_MAX)
		return error_set(err, -EFBIG, "more than %u benchmarks",
				 OUTCOME_WORKLOADS_MAX);
	fill_unknown(o);
	o->nworkloads = (uint32_t)n;
	if (n)
		o->workloads = arena_alloc(&o->arena, n * sizeof(*o->workloads));
	for (size_t i = 0; i < n && code == 0; i++)
		code = read_bench(o, json_at(j, i), i, bigger, err);
	return code;
}

int outcome_gha_read(const char *data, size_t n, bool bigger, struct outcome *ret,
		     struct error *err)
{
	struct outcome o = {0};
	struct json *j;
	int code;

	if (n > OUTCOME_FILE_MAX_BYTES)
		return error_set(err, -EFBIG, "it is larger than %u MiB",
				 OUTCOME_FILE_MAX_BYTES >> 20);
	j = json_read(data, n, err);
	if (!j)
		return -EBADMSG;
	code = read_list(j, bigger, &o, err);
	json_free(j);
	if (code == 0)
		*ret = o;
	else
		outcome_done(&o);
	return code;
}
