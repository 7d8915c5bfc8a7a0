#pragma once
/* Other programs' load, made on purpose: what a busy CI machine does to a measurement, at
 * home. One process with busy threads, which walk through memory of their own, so that
 * they cost caches as well as time. It ends with profd, whatever ends that. One thread at
 * a time. */
#include <sys/types.h>

#include <profd/error.h>

#define LOAD_THREADS_MAX 1024
#define LOAD_NICE_MAX 19

struct load {
	pid_t pid; /* 0: none */
};

/* Returns 0 when all @threads run, at priority @nice above profd's own; else -errno and
 * err, and nothing was left. No threads: nothing is started. */
int load_start(struct load *l, unsigned threads, int nice, struct error *err);
void load_stop(struct load *l);
/* "4" or "4:10", threads and nice. Returns 0 or -EINVAL. */
int load_parse(const char *s, unsigned *ret_threads, int *ret_nice);
