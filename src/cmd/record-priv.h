#pragma once
/* Shared by the files of profd record: one recording on its way. */
#include "record-options.h"

#include <profd/attach.h>
#include <profd/clock.h>
#include <profd/counter.h>
#include <profd/eventspec.h>
#include <profd/launch.h>
#include <profd/recorder.h>
#include <profd/report.h>
#include <profd/sampler.h>
#include <profd/session.h>
#include <profd/source.h>

struct recording {
	const struct record_options *o;
	struct outdir dir;
	struct launch launch; /* of a command that may only say how long */
	struct attach attach;
	struct sampler_targets on; /* of it */
	struct run_target
		*targets; /* [attach.ntargets], or one: all, or a control group */
	size_t ntargets;
	struct sampler *sampler; /* NULL with the ptrace engine */
	struct sampler_info info;
	struct sampler_event events[SAMPLER_EVENTS_MAX]; /* [sampler's nevents] */
	struct eventlist stat;
	struct counters *counters;
	struct session *session;
	struct source *source;
	struct recorder *recorder; /* NULL without --raw */
	struct host host;
	uint64_t start_wall_ns;
	struct clock_machine machine; /* when it was started */
	uint64_t end_ns;	      /* CLOCK_MONOTONIC, of the recording */
	bool written;		      /* the artifacts are; nothing comes after that */
	uint64_t cpu_ns;	      /* of this thread, up to then */
	int nice;		      /* the workload's */
	bool is_first;		      /* before all but other programs of real time */
};

/* record-say.c: what it says on standard error, as far as -q and -v let it. */
/* Before the start: by what means. */
void record_say_how(const struct recording *r);
/* It goes on without a profile, or is profiled by the second-best engine: why. */
void record_say_unprofiled(const struct error *why);
void record_say_fallback(const struct recording *r, const struct error *why);
/* The line at the end, with the warnings. */
void record_say_result(const struct recording *r, const struct run *run);
/* What stopping threads came to. */
void record_say_stops(const struct recording *r);
/* The table of --stat, also without a profile. */
void record_say_stat(const struct recording *r);
