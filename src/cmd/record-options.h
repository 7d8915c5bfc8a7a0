#pragma once
/* What the command line and the environment ask of profd record. */
#include <stdbool.h>
#include <stdint.h>

#include "cmd.h"
#include <profd/sampler.h>
#include <profd/unwind.h>
#include <profd/vec.h>

enum {
	EXIT_TIMEOUT = 124,
	EXIT_PROFD = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127
};

enum engine {
	ENGINE_AUTO, /* perf, or ptrace where that is forbidden */
	ENGINE_PERF,
	ENGINE_PTRACE,
};

struct record_options {
	const char *dir;
	bool force, annotate, require_profile, quiet, verbose, help, wait_tree;
	enum engine engine;
	struct sampler_options sampler;
	bool hz_set; /* sampler.hz was asked for */
	enum unwind_backend unwind;
	uint32_t max_depth;
	uint64_t timeout_ns;
	const char *stat; /* events to be counted, or NULL */
	char *events;	  /* what sampler.event points to; owned */
	bool events_set;  /* by the command line, not by the environment */
	uint32_t formats; /* beside the usual ones: format_parse_list */
	const char *raw;  /* file of the capture, or NULL */
	uint64_t raw_limit_bytes;
	VEC(pid_t) pids; /* owned */
	bool all;
	bool attached; /* to targets, which run already */
	struct sampler_targets targets;
	uint64_t duration_ns; /* 0: until they have ended */
	char **command;	      /* NULL-terminated; may be empty when attached */
};

extern const char record_usage[];

/* Returns 0, or the exit status when what is wrong has been told. o->help: nothing else
 * counts. In both cases o->events and o->pids are the caller's to free. */
int record_options_parse(struct record_options *o, int argc, char **argv);

/* record-targets.c: numbers separated by commas, for -p or, with @threads, -t; and what
 * goes with what. Both return 0 or the exit status. */
int record_add_targets(struct record_options *o, const char *list, bool threads);
int record_check_targets(struct record_options *o);
