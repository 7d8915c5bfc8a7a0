/* The files of an outcome, each of which is there when it is complete. */
#include <profd/outcome-io.h>

#include <unistd.h>

#include <profd/mem.h>

static const struct face {
	enum outcome_face face;
	const char *name;
	void (*write)(const struct outcome *o, struct sink *out);
} faces_known[] = {
	{OUTCOME_SUMMARY, "summary.md", outcome_summary_write},
	{OUTCOME_COMMENT, "comment.md", outcome_comment_write},
	{OUTCOME_JUNIT, "junit.xml", outcome_junit_write},
	{OUTCOME_OPENMETRICS, "metrics.txt", outcome_openmetrics_write},
	{OUTCOME_HTML, "report.html", outcome_html_write},
	{OUTCOME_GHA, "benchmark-smaller.json", outcome_gha_smaller_write},
	{OUTCOME_GHA, "benchmark-bigger.json", outcome_gha_bigger_write},
	{OUTCOME_CSV, "metrics.csv", outcome_metrics_csv_write},
	{OUTCOME_CSV, "pairs.csv", outcome_pairs_csv_write},
	{OUTCOME_CSV, "plot.csv", outcome_plot_csv_write},
	{OUTCOME_JSON, OUTCOME_FILE, outcome_json_write}, /* the last one */
};

static int write_face(const struct outcome *o, int dirfd, const struct face *face,
		      struct error *err)
{
	struct outfile f;
	int code = outfile_open(&f, dirfd, face->name, err);

	if (code < 0)
		return code;
	face->write(o, &f.sink);
	return outfile_commit(&f, err);
}

int outcome_write_all(const struct outcome *o, int dirfd, unsigned faces,
		      struct error *err)
{
	int first = 0;

	/* The one of an earlier run must not speak for what is written now. */
	if (faces & OUTCOME_JSON)
		unlinkat(dirfd, OUTCOME_FILE, 0);
	for (size_t i = 0; i < ARRAY_SIZE(faces_known); i++) {
		int code = 0;

		if (faces & faces_known[i].face)
			code = write_face(o, dirfd, &faces_known[i], first ? NULL : err);
		if (!first)
			first = code;
	}
	return first;
}
