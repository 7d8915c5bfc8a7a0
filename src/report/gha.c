/* github-action-benchmark, out: an array for each direction, because the tool takes one for
 * all of a file, and data.js, the page's data, to which a run is added. */
#include "gha.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include <profd/clock.h>
#include <profd/figure.h>
#include <profd/json.h>

#include "outcome-view.h"

#define NAME_MAX_BYTES 500

static void put_line(struct json *j, const char *key, const char *s, const char *more)
{
	struct text t = {0};

	view_add_line(&t, s, NAME_MAX_BYTES);
	if (more) {
		text_add(&t, " / ");
		view_add_line(&t, more, NAME_MAX_BYTES);
	}
	json_put_str(j, key, text_get(&t));
	text_done(&t);
}

/* A rate's unit alone would not tell what there are so many of. */
static const char *unit_of(const struct outcome_metric *m)
{
	if (!m->unit || !*m->unit)
		return "count";
	return strcmp(m->unit, "/s") ? m->unit : "ops/s";
}

static struct json *bench_json(const struct outcome_workload *w,
			       const struct outcome_metric *m)
{
	struct json *j = json_node();
	double width = view_width(m, true);
	struct text t = {0};

	put_line(j, "name", w->name, m->name);
	put_line(j, "unit", unit_of(m), NULL);
	json_put_num(j, "value", figure_round(m->head, width / 10));
	/* It reads this as what follows the sign. */
	text_addf(&t, "± %.10g",
		  isfinite(width) ? figure_round(width / 2, width / 20) : 0);
	json_put_str(j, "range", text_get(&t));
	text_clear(&t);
	outcome_sentence(&t, m);
	json_put_str(j, "extra", text_get(&t));
	text_done(&t);
	return j;
}

struct json *gha_benches(const struct outcome *o, bool bigger)
{
	struct json *list = json_list();

	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		for (uint32_t k = 0; k < w->nmetrics; k++)
			if (isfinite(w->metrics[k].head) &&
			    w->metrics[k].bigger_is_better == bigger)
				json_put(list, NULL, bench_json(w, &w->metrics[k]));
	}
	return list;
}

static void write_list(const struct outcome *o, bool bigger, struct sink *out)
{
	struct json *list = gha_benches(o, bigger);

	json_write(list, out);
	json_free(list);
}

void outcome_gha_smaller_write(const struct outcome *o, struct sink *out)
{
	write_list(o, false, out);
}

void outcome_gha_bigger_write(const struct outcome *o, struct sink *out)
{
	write_list(o, true, out);
}
