#pragma once
/* What the command line and the environment ask of profd record. */
#include <stdbool.h>
#include <stdint.h>

#include "cmd.h"
#include <profd/sampler.h>
#include <profd/unwind.h>

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
	const char *raw;  /* file of the capture, or NULL */
	uint64_t raw_limit_bytes;
	char **command;
};

extern const char record_usage[];

/* Returns 0, or the exit status when what is wrong has been told. o->help: nothing else counts. In both
 * cases o->events is the caller's to free. */
int record_options_parse(struct record_options *o, int argc, char **argv);
