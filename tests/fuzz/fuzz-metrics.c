/* What a workload writes into PROFD_METRICS, and the files of cachegrind. What is refused
 * has its line, what is accepted has a value for each metric, finite ones. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../../src/bench/bench-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char yml[] = "profd: 1\n"
			  "workloads:\n"
			  "  - name: w\n"
			  "    command: [w]\n"
			  "    metrics:\n"
			  "      t: {from: program, unit: ms, stat: p95}\n"
			  "      size: {from: program, budget: '<= 3MB', stat: max}\n"
			  "      items: {from: program, direction: bigger, stat: sum}\n"
			  "      rate: {from: program, unit: items/s}\n"
			  "      d: {expr: '2 * implied'}\n"
			  "      cpu:\n";

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const struct config *config(void)
{
	static struct config *c;
	struct config_problems problems = {0};

	if (!c)
		must(config_parse("f", yml, strlen(yml), &c, &problems) == 0);
	return c;
}

static void refused(int code, const struct error *err)
{
	must(code == -ENODATA || code == -ERANGE || code == -EBADMSG);
	must(err->code == code && err->text[0] &&
	     text_is_clean(err->text, strlen(err->text)));
	must(code != -EBADMSG || !strncmp(err->text, "PROFD_METRICS, line ", 20));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct config_workload *w = &config()->workloads[0];
	double *values = xcalloc(w->nmetrics, sizeof(*values));
	char **units = xcalloc(w->nmetrics, sizeof(*units));
	struct error err = {0};
	uint64_t instructions;
	int code = metrics_parse(w, (const char *)data, n, values, units, &err);

	if (code < 0)
		refused(code, &err);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (code == 0 && w->metrics[i].from == CONFIG_FROM_PROGRAM)
			must(isfinite(values[i]) && units[i] && strlen(units[i]) <= 64);
		free(units[i]);
	}
	free((void *)units);
	free(values);
	code = cachegrind_parse((const char *)data, n, &instructions);
	must(code == 0 || code == -EBADMSG);
	return 0;
}
