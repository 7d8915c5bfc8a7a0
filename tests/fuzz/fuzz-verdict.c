/* verdict.json from outside: what is accepted is written, read and written again as the same
 * bytes, and every report can be made of it. */
#include <fcntl.h>
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

static void write_json(const struct outcome *o, struct text *t)
{
	struct sink_text out;

	sink_text_init(&out, t);
	outcome_json_write(o, &out.sink);
	must(out.sink.code == 0);
}

static void write_again(const struct outcome *o)
{
	struct text first = {0}, second = {0};
	struct outcome again;

	write_json(o, &first);
	must(outcome_read(first.s, first.len, &again, NULL) == 0);
	write_json(&again, &second);
	must(!strcmp(first.s, second.s));
	outcome_done(&again);
	text_done(&first);
	text_done(&second);
}

/* Where a limit says so, a report is no larger. */
static void write_reports(const struct outcome *o)
{
	static const struct {
		outcome_writer write;
		size_t max;
	} writers[] = {
		{outcome_summary_write, 1000000},
		{outcome_comment_write, 65000},
		{outcome_junit_write, SIZE_MAX},
		{outcome_openmetrics_write, SIZE_MAX},
		{outcome_html_write, SIZE_MAX},
		{outcome_metrics_csv_write, SIZE_MAX},
		{outcome_pairs_csv_write, SIZE_MAX},
		{outcome_plot_csv_write, SIZE_MAX},
		{outcome_gha_smaller_write, SIZE_MAX},
		{outcome_gha_bigger_write, SIZE_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
		struct text t = {0};
		struct sink_text out;

		sink_text_init(&out, &t);
		writers[i].write(o, &out.sink);
		must(out.sink.code == 0 && t.len <= writers[i].max);
		for (size_t k = 0; k < t.len; k++)
			must(t.s[k] != '\0' && t.s[k] != '\x1b');
		text_done(&t);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error err = {0};
	struct outcome o;

	if (outcome_read((const char *)data, n, &o, &err) < 0) {
		must(err.code < 0 && err.text[0]);
		return 0;
	}
	write_again(&o);
	write_reports(&o);
	outcome_done(&o);
	return 0;
}
