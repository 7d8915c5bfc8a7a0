#pragma once
/* One workload, measured again and again with nothing to compare with, and what that gives
 * as part of an outcome: `profd bench`. One thread. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/bench.h>
#include <profd/outcome.h>

enum repeat_phase { REPEAT_WARMUP, REPEAT_EXACT, REPEAT_RUN, REPEAT_PROFILE };

struct repeat_progress {
	const struct config_workload *workload;
	enum repeat_phase phase;
	uint32_t run, runs;  /* of this phase; run counts from 0 */
	double seconds_left; /* of this workload, by the runs before; NaN: none yet */
};

struct repeat_options {
	uint32_t runs, warmup;
	uint64_t until_ns; /* CLOCK_MONOTONIC; 0: runs take the time that they take */
	double strictness;
	const char *root; /* as in struct bench_run */
	const struct config_command *command;
	const char *profile_dir; /* of one more run, an absolute path; NULL: none */
	void (*before)(void *arg,
		       const struct repeat_progress *p); /* each run; or NULL */
	void *arg;
};

/* Warm-up, two runs for exact metrics where there are such, the runs, and the profiled one.
 * No run but the first of those that count begins when it would not end before until_ns. The
 * first run that does not end well is the last one, and the workload's failure; that of
 * the profiled run is only told.
 *
 * Fills @ret, with texts in @a or borrowed from @w; *ret_note, which may stay NULL, is a
 * sentence on runs or the profile that are missing. Returns 0; -EINTR: a signal ended it, and @ret has what there is;
 * another negative errno and err. */
int repeat_workload(struct bench *b, const struct config_workload *w,
		    const struct repeat_options *o, struct arena *a,
		    struct outcome_workload *ret, const char **ret_note,
		    struct error *err);
