#pragma once
/* What the artifacts of a run say besides its profile, as records of a capture: written
 * by the recording, read back by a replay. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/capture.h>
#include <profd/recorder.h>
#include <profd/report.h>
#include <profd/vec.h>

/* What session_finish and session_losses were given. */
struct raw_totals {
	uint64_t start_ns; /* CLOCK_MONOTONIC, of the workload */
	struct session_totals session;
	uint64_t broken, late;
};

/* After recorder_begin. */
void raw_put_begin(struct recorder *r, char *const *command, const struct host *host);
void raw_put_targets(struct recorder *r, const struct run_target *targets, size_t n);
/* After session_finish; the last record. */
void raw_put_end(struct recorder *r, const struct run *run, const struct raw_totals *t);

struct raw_run { /* zeroed to start */
	struct run
		run; /* status, timed_out, usage, wall_ns, command, targets, host, survivors,
		      * stat */
	struct raw_totals totals;
	struct host host;
	VEC(char *) command;
	VEC(struct survivor) survivors;
	VEC(struct run_target) targets;
	VEC(struct counter_value) stat;
};
/* For replay_open's @put, with a struct raw_run. 0 or -EBADMSG. */
int raw_take(void *raw_run, const struct capture_record *r);
/* Points raw->run to what was taken; no more raw_take after it. */
void raw_run_settle(struct raw_run *raw);
void raw_run_done(struct raw_run *raw);
