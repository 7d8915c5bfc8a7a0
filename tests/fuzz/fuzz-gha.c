/* github-action-benchmark's files from outside: arrays of benchmarks, and data.js, to which a run
 * is added. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <profd/outcome-io.h>
#include <profd/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is read is whole, and what is written of it is read again. */
static void outcome_look(const struct outcome *o, bool bigger)
{
	struct sink_text out;
	struct text t = {0};
	struct outcome again;

	must(o->verdict == VERDICT_MEASURED);
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_metric *m = o->workloads[i].metrics;

		must(*o->workloads[i].name && o->workloads[i].nmetrics == 1 && m->unit);
		must(isfinite(m->head) && isnan(m->base) &&
		     m->bigger_is_better == bigger);
	}
	if (o->nworkloads > 100) /* each is 2 KB then, which says nothing new */
		return;
	sink_text_init(&out, &t);
	outcome_json_write(o, &out.sink);
	must(outcome_read(t.s, t.len, &again, NULL) == 0);
	must(again.nworkloads == o->nworkloads);
	outcome_done(&again);
	text_done(&t);
}

static void add_run(const char *data, size_t n, const struct outcome *o)
{
	struct sink_text out, more;
	struct text t = {0}, second = {0};
	struct error err = {0};

	sink_text_init(&out, &t);
	if (outcome_gha_data_write(o, data, n, &out.sink, &err) < 0) {
		must(err.text[0] && !t.len);
		return;
	}
	/* The same commit again changes nothing. */
	sink_text_init(&more, &second);
	must(outcome_gha_data_write(o, t.s, t.len, &more.sink, NULL) == 0);
	must(!strcmp(t.s, second.s));
	text_done(&t);
	text_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char one[] = "[{\"name\": \"a\", \"value\": 1}]";
	struct outcome o;

	for (int bigger = 0; bigger < 2; bigger++) {
		struct error err = {0};

		if (outcome_gha_read((const char *)data, n, bigger, &o, &err) < 0) {
			must(err.code < 0 && err.text[0]);
			continue;
		}
		outcome_look(&o, bigger);
		outcome_done(&o);
	}
	must(outcome_gha_read(one, strlen(one), false, &o, NULL) == 0);
	add_run((const char *)data, n, &o);
	outcome_done(&o);
	return 0;
}
