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
#define OUTCOME_FILE_MAX_BYTES (64u << 20)
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
/* The same of the file @path, or of verdict.json in the folder @path; also -errno. */
int outcome_load(const char *path, struct outcome *ret, struct error *err);
void outcome_done(struct outcome *o);

enum outcome_face {
	OUTCOME_JSON = 1u << 0, /* verdict.json */
};
/* Those that bench, compare and gate write. */
#define OUTCOME_FACES_USUAL OUTCOME_JSON
#define OUTCOME_FACES_ALL OUTCOME_JSON

/* Writes the files of @faces, flags of enum outcome_face, each of which appears when it is
 * complete; verdict.json last. One that fails does not keep the others from being
 * written; err tells of the first. Returns 0 or its -errno. */
int outcome_write_all(const struct outcome *o, int dirfd, unsigned faces,
		      struct error *err);
