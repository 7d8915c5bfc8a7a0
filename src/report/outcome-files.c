/* The files of an outcome, each of which is there when it is complete. */
#include <profd/outcome-io.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

#define DATA_FILE "data.js"
#define DATA_MAX_BYTES (64u << 20)

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

static int data_slurp(int dirfd, char **ret_data, size_t *ret_n, struct error *err)
{
	int fd = openat(dirfd, DATA_FILE, O_RDONLY | O_CLOEXEC), code;

	*ret_data = NULL;
	*ret_n = 0;
	if (fd < 0 && errno == ENOENT)
		return 0;
	code = fd < 0 ? -errno : io_slurp_fd(fd, DATA_MAX_BYTES, ret_data, ret_n);
	if (fd >= 0)
		close(fd);
	if (code < 0)
		return error_set(err, code, "cannot read '" DATA_FILE "': %s",
				 strerror(-code));
	return 0;
}

static int write_data(const struct outcome *o, int dirfd, struct error *err)
{
	_cleanup_free_ char *data = NULL;
	struct error why = {0};
	struct outfile f;
	size_t n;
	int code = data_slurp(dirfd, &data, &n, err);

	if (code == 0)
		code = outfile_open(&f, dirfd, DATA_FILE, err);
	if (code < 0)
		return code;
	code = outcome_gha_data_write(o, data, n, &f.sink, &why);
	if (code == 0)
		return outfile_commit(&f, err);
	outfile_abort(&f);
	error_set(err, code, "cannot add to '" DATA_FILE "': %s", why.text);
	error_hint(err, "it is left as it was");
	return code;
}

int outcome_write_all(const struct outcome *o, int dirfd, unsigned faces,
		      struct error *err)
{
	int first = 0, code;

	/* The one of an earlier run must not speak for what is written now. */
	if (faces & OUTCOME_JSON)
		unlinkat(dirfd, OUTCOME_FILE, 0);
	if (faces & OUTCOME_GHA)
		first = write_data(o, dirfd, err);
	for (size_t i = 0; i < ARRAY_SIZE(faces_known); i++) {
		if (!(faces & faces_known[i].face))
			continue;
		code = write_face(o, dirfd, &faces_known[i], first ? NULL : err);
		if (!first)
			first = code;
	}
	return first;
}

const char *outcome_file(unsigned faces, size_t i)
{
	for (size_t k = 0; k < ARRAY_SIZE(faces_known); k++)
		if (faces & faces_known[k].face && !i--)
			return faces_known[k].name;
	return NULL;
}

outcome_writer outcome_face_writer(enum outcome_face face)
{
	outcome_writer found = NULL;

	for (size_t k = 0; k < ARRAY_SIZE(faces_known); k++) {
		if (faces_known[k].face != face)
			continue;
		if (found)
			return NULL;
		found = faces_known[k].write;
	}
	return found;
}
