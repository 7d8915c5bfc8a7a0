#pragma once
/* An outcome (outcome.h) as files: verdict.json in both directions, and the faces that
 * people and CI systems read. One thread at a time.
 *
 * Writers clean and escape every text for what they write, and give the same bytes for the
 * same outcome. profd-formats(5) describes the files, share/schema/verdict.schema.json is
 * the contract of verdict.json. */
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/io.h>
#include <profd/outcome.h>

#define OUTCOME_FILE "verdict.json"
#define OUTCOME_FILE_MAX_BYTES (256u << 20)
/* What a verdict.json may hold; more is refused (-EFBIG). */
#define OUTCOME_WORKLOADS_MAX 10000
#define OUTCOME_METRICS_MAX 1000   /* of a workload */
#define OUTCOME_VALUES_MAX 100000  /* pairs of a metric */
#define OUTCOME_LIST_MAX 10000	   /* notes, functions, failures … */
#define OUTCOME_ENTRIES_MAX 500000 /* of all lists but the values */
#define OUTCOME_TEXT_MAX_BYTES (1u << 20)

/* Rounded to nine digits, but for whole numbers up to 2^53, which stay what they are. So
 * what was written and read is written as the same bytes again. */
void outcome_json_write(const struct outcome *o, struct sink *out);
/* Reads @data[0..n). Keys that it does not know are passed over; what is missing is not
 * known. Returns 0 and an outcome for outcome_done; or -EBADMSG, -EFBIG and err, which has
 * the line, or the place: "workloads[2].metrics[0].low is not a number". */
int outcome_read(const char *data, size_t n, struct outcome *ret, struct error *err);
/* The same of the file @path, or of verdict.json in the folder @path; also -errno. A JSON
 * array is read by outcome_gha_read, where bigger is better if the file's name has the
 * word "bigger". */
int outcome_load(const char *path, struct outcome *ret, struct error *err);
void outcome_done(struct outcome *o);
/* @v[0..n), n > 0, as one: the workloads of all, the worst verdict, the machine and the
 * programs of the first, and notes that say so if they are not all the same. *ret borrows
 * from @v; for outcome_done. */
void outcome_join(const struct outcome *v, size_t n, struct outcome *ret);

/* --- for people -------------------------------------------------------------------- */

struct text;
/* Clean UTF-8 on one line, not escaped for any format.
 *
 * "cpu +7.9 % [+6.1, +9.4], 20 pairs, confirmed; this run could see 3 %"; never a bare
 * percentage of what is not decided. */
void outcome_sentence(struct text *t, const struct outcome_metric *m);
/* "wall 15.32 ms > 10 ms, exceeded by 53.2 % (5 ms x 2, CI)"; nothing without a budget. */
void outcome_budget_sentence(struct text *t, const struct outcome *o,
			     const struct outcome_metric *m);
/* "-0.2 % [-1.1, +0.7] between neighbouring runs of one side": what the machine itself did.
 * Nothing where that is not known. */
void outcome_drift_sentence(struct text *t, const struct outcome_metric *m);
/* "1 regression, 1 inconclusive, 3 pass; 1 over budget": of metrics, and of workloads that
 * did not end well. */
void outcome_counts(struct text *t, const struct outcome *o);

/* --- files -------------------------------------------------------------------------- */

/* data.js is that of the folder, if there is one, with this run added. */
enum outcome_face {
	OUTCOME_JSON = 1u << 0,	       /* verdict.json */
	OUTCOME_SUMMARY = 1u << 1,     /* summary.md */
	OUTCOME_COMMENT = 1u << 2,     /* comment.md */
	OUTCOME_JUNIT = 1u << 3,       /* junit.xml */
	OUTCOME_OPENMETRICS = 1u << 4, /* metrics.txt */
	OUTCOME_HTML = 1u << 5,	       /* report.html */
	OUTCOME_GHA =
		1u << 6, /* benchmark-smaller.json, benchmark-bigger.json, data.js */
	OUTCOME_CSV = 1u << 7, /* metrics.csv, pairs.csv, plot.csv */
};
/* Those that bench, compare and gate write. */
#define OUTCOME_FACES_USUAL                                                              \
	(OUTCOME_JSON | OUTCOME_SUMMARY | OUTCOME_COMMENT | OUTCOME_JUNIT |              \
	 OUTCOME_OPENMETRICS | OUTCOME_HTML)
#define OUTCOME_FACES_ALL (OUTCOME_FACES_USUAL | OUTCOME_GHA | OUTCOME_CSV)

/* Writes the files of @faces, flags of enum outcome_face, each of which appears when it is
 * complete; verdict.json last. One that fails does not keep the others from being
 * written; err tells of the first. Returns 0 or its -errno. */
int outcome_write_all(const struct outcome *o, int dirfd, unsigned faces,
		      struct error *err);

/* run/<id>.json, which outcome_write_all does not write: what lasts of this run (its
 * contract is share/schema/result.schema.json), in files that may be gathered in one
 * folder. The id: UTC time, digits of head's commit, and of the nanoseconds. Returns 0;
 * -EINVAL when the id is none of outcome_id_make; -errno. */
#define OUTCOME_RUN_SCHEMA "profd.result/1"
#define OUTCOME_RUNS "run"
void outcome_id_make(struct outcome *o);
int outcome_run_save(const struct outcome *o, int dirfd, struct error *err);
void outcome_run_write(const struct outcome *o, struct sink *out);

/* The name of file number @i of all of @faces, from 0; NULL behind the last. */
const char *outcome_file(unsigned faces, size_t i);
/* The only file of @face; NULL when it has several. */
typedef void (*outcome_writer)(const struct outcome *o, struct sink *out);
outcome_writer outcome_face_writer(enum outcome_face face);

/* The files alone. */
void outcome_summary_write(const struct outcome *o, struct sink *out);
/* At most 65,000 bytes: GitHub takes no comment of more than 65,536 characters. */
void outcome_comment_write(const struct outcome *o, struct sink *out);
void outcome_junit_write(const struct outcome *o, struct sink *out);
void outcome_openmetrics_write(const struct outcome *o, struct sink *out);
/* A page that needs neither scripts nor styles. */
void outcome_html_write(const struct outcome *o, struct sink *out);
/* A row for each metric; for each pair of each; a row of labels and one of medians. */
void outcome_metrics_csv_write(const struct outcome *o, struct sink *out);
void outcome_pairs_csv_write(const struct outcome *o, struct sink *out);
void outcome_plot_csv_write(const struct outcome *o, struct sink *out);

/* --- github-action-benchmark --------------------------------------------------------- */

/* The metrics of one direction, as customSmallerIsBetter or customBiggerIsBetter. */
void outcome_gha_smaller_write(const struct outcome *o, struct sink *out);
void outcome_gha_bigger_write(const struct outcome *o, struct sink *out);
/* data.js with this run in it. @data[0..n) is the one that was there, or NULL. Returns 0 or
 * -EBADMSG and err: then nothing was written. */
int outcome_gha_data_write(const struct outcome *o, const char *data, size_t n,
			   struct sink *out, struct error *err);
/* Such an array as an outcome for outcome_done: each name is a workload, with one metric
 * called "value" that was measured once. -EBADMSG, -EFBIG and err. */
int outcome_gha_read(const char *data, size_t n, bool bigger, struct outcome *ret,
		     struct error *err);
