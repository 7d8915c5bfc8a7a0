#pragma once
/* The sampler, for the files that make it: ladder.c opens its events, sampler.c does the
 * rest. */
#include <profd/sampler.h>

#include "perf-priv.h"
#include <profd/ring.h>

struct sampler {
	struct sampler_info info;
	struct perf_event_attr attr;
	struct record_format format;
	struct target target;
	struct tasks *tasks; /* instead of the target's events: NULL, or REACH_INHERIT */
	int *clock_fds;	     /* [nclocks], count CPU time */
	size_t nclocks;
	struct eventlist list; /* what was asked for; empty: the best that works */
	struct more more;
	struct switches switches;
	uint64_t periods[EVENT_SWITCHED + 1]; /* as in record_format */
	bool late[EVENT_SWITCHED + 1];	      /* samples carry the next one's weight */
	struct map *before;		      /* for weight_correct */
	bool other_failed; /* an event behind the first cannot be opened */
	struct sampler_cpu {
		struct ring ring;
		int fd;
		int cpu;
	} * cpus;
	size_t ncpus;
	uint32_t cpus_end; /* behind the highest number of a CPU */
};

/* Opens s->list, or the best event that works if that is empty, on @whom: from the widest
 * reach that is allowed to the narrowest, the whole ladder on each. Fills s->target,
 * cpus, tasks, more, attr, and of s->info what it is about. Returns 0, or -errno with
 * err; then no event is open. */
int ladder_open(struct sampler *s, const struct sampler_options *o,
		const struct target *whom, size_t ncpus, struct error *err);
/* Closes the first event of each CPU, and its ring. */
void ladder_close(struct sampler *s);
/* Another event on CPU @i of the sampler @arg, as in struct more. */
int ladder_open_on(void *arg, struct perf_event_attr *attr, size_t i, int group_fd);

/* "EPERM" for -EPERM. */
const char *errno_word(int code);
