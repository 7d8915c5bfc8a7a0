/* Recordings as runs that the judge of functions takes. */
#include "judge.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "profile-file.h"
#include <profd/functions.h>
#include <profd/io.h>
#include <profd/json.h>
#include <profd/mem.h>

#define RUN_MAX_BYTES (16u << 20)

static double number(const struct json *j, const char *key)
{
	double x = NAN;

	json_num(json_get(j, key), &x);
	return x;
}

static struct json *run_read(const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/run.json", folder), *data = NULL;
	size_t n;

	return io_slurp(path, RUN_MAX_BYTES, &data, &n) == 0 ? json_read(data, n, NULL)
							     : NULL;
}

double judge_run_cpu_s(const char *folder)
{
	struct json *j = run_read(folder);
	double seconds;
	bool kernel = false;

	if (!j)
		return NAN;
	seconds = number(json_get(j, "rusage"), "user_s");
	json_get_bool(json_get(j, "sampling"), "kernel", &kernel);
	if (kernel)
		seconds += number(json_get(j, "rusage"), "system_s");
	json_free(j);
	return seconds;
}

void judge_run_figures(const char *folder, struct run_figures *ret)
{
	struct json *j = run_read(folder);
	const struct json *usage = json_get(j, "rusage"), *wall = json_get(j, "wall");

	ret->wall_s = number(j, "wall_s");
	ret->cpu_s = number(usage, "user_s") + number(usage, "system_s");
	/* Who waits for a CPU waits for the machine. */
	ret->off_cpu_s = number(wall, "off_cpu_s") -
			 number(json_get(wall, "states_s"), "run queue");
	ret->page_faults = number(usage, "minor_faults") + number(usage, "major_faults");
	json_free(j);
}

static const struct figure_row {
	const char *name, *unit;
	size_t at;
} figure_rows[] = {
	{"wall", "s", offsetof(struct run_figures, wall_s)},
	{"cpu", "s", offsetof(struct run_figures, cpu_s)},
	{"off_cpu", "s", offsetof(struct run_figures, off_cpu_s)},
	{"page_faults", "", offsetof(struct run_figures, page_faults)},
};

static bool take(const struct run_figures *from, uint32_t n, size_t at, double *ret)
{
	bool known = true;

	for (uint32_t i = 0; i < n; i++) {
		memcpy(&ret[i], (const char *)&from[i] + at, sizeof(*ret));
		known = known && isfinite(ret[i]);
	}
	return known;
}

void judge_fill_evidence(const struct run_figures *base, const struct run_figures *head,
			 uint32_t n, struct outcome_workload *w, struct arena *a)
{
	_cleanup_free_ double *b = xcalloc(n, sizeof(*b)), *h = xcalloc(n, sizeof(*h));
	struct outcome_evidence *v = arena_alloc(a, ARRAY_SIZE(figure_rows) * sizeof(*v));

	w->nevidence = 0;
	w->evidence = v;
	for (size_t i = 0; i < ARRAY_SIZE(figure_rows); i++) {
		const struct figure_row *r = &figure_rows[i];

		if (!take(base, n, r->at, b) || !take(head, n, r->at, h))
			continue;
		v[w->nevidence++] = (struct outcome_evidence){
			.name = r->name,
			.unit = r->unit,
			.base = gate_stat(CONFIG_MEDIAN, b, n),
			.head = gate_stat(CONFIG_MEDIAN, h, n),
			.change = functions_change(b, h, n, FUNCTIONS_LEVEL),
		};
	}
}

/* --- whether waits matter -------------------------------------------------------------- */

static bool is_cpu(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "user") || !strcmp(name, "sys");
}

/* How much more or less, whichever is the better; 0: not known. */
static double size_of(const struct outcome_metric *m)
{
	return m->base > 0 && m->head > 0 ? fabs(log(m->head / m->base)) : 0;
}

bool judge_metric_waits(const struct outcome_metric *m)
{
	const char *unit = m->unit ? m->unit : "";

	if (is_cpu(m->name) || (strcmp(unit, "s") != 0 && strcmp(unit, "/s") != 0))
		return false;
	return m->verdict == VERDICT_REGRESSION || m->verdict == VERDICT_IMPROVEMENT;
}

bool judge_waits_matter(const struct outcome_workload *w)
{
	double cpu = 0, other = 0;

	for (uint32_t i = 0; i < w->nmetrics; i++) {
		const struct outcome_metric *m = &w->metrics[i];

		if (!strcmp(m->name, "cpu"))
			cpu = size_of(m);
		if (judge_metric_waits(m))
			other = fmax(other, size_of(m));
	}
	return other > 0 && cpu < other / 2;
}
