#pragma once
/* What a folder of results says on the pages of a CI system: a summary of the step, and
 * annotations. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>

#include <profd/ci.h>
#include <profd/error.h>
#include <profd/outcome.h>

struct json;
struct text;

/* GitHub: "Adding a job summary": 1 MiB for each step, and all that is beyond fails it. */
#define CI_SUMMARY_MAX_BYTES (1u << 20)
#define CI_ANNOTATIONS_MAX 10 /* of one kind that GitHub shows of a step */

struct ci_result {
	const char *dir; /* borrowed */
	bool judged;	 /* by verdict.json; else of a recording, by run.json */
	struct outcome outcome;
	struct json *run;
	char *summary; /* summary.md of a recording, which wrote it as we would */
};
/* -ENOENT: neither file is there; other -errno, -EBADMSG, -EFBIG and err. For
 * ci_result_done in any case. */
int ci_result_load(const char *dir, struct ci_result *ret, struct error *err);
void ci_result_done(struct ci_result *r);
/* Judging commands: outcome.h; a recording's is the status of its program. */
int ci_result_status(const struct ci_result *r);
/* "report.html" or "index.html", in the folder. */
const char *ci_result_page(const struct ci_result *r);

struct ci_summary_options {
	const struct ci_env *env;
	const char *artifact_url; /* of what was uploaded; NULL: as env has it */
	size_t max_bytes;
};
/* Appends Markdown of at most @max_bytes: no table and no block of code is cut. */
void ci_summary_add(const struct ci_result *r, const struct ci_summary_options *o,
		    struct text *t);
/* Appends workflow commands, the worst first: one for each workload that fails or warns. */
void ci_annotations_add(const struct ci_result *r, struct text *t);
