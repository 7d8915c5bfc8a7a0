#pragma once
/* Running a workload of .profd.yml without a profiler and measuring it. A struct bench
 * belongs to one workload and one thread; only one run at a time in a process, because
 * signals are the process's.
 *
 * Each run is started by a tiny helper program, so that neither the memory of profd
 * (getrusage(2): ru_maxrss survives exec, as the largest of what the process was before)
 * nor its signal handlers, open files and threads show in what is measured. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/config.h>
#include <profd/error.h>

#define BENCH_TAIL_BYTES 4096		    /* of a run's output that are kept */
#define BENCH_LOG_RUN_BYTES (1u << 20)	    /* of a run's output that go to the log */
#define BENCH_METRICS_MAX_BYTES (16u << 20) /* of what it writes into PROFD_METRICS */

enum bench_end {
	BENCH_ENDED,  /* well: status 0 */
	BENCH_FAILED, /* with another status, or killed by a signal */
	BENCH_TIMEOUT,
	BENCH_NOT_RUN,	   /* not found, not executable, no such folder */
	BENCH_SETUP,	   /* its setup or teardown failed */
	BENCH_SERVER,	   /* its server did not get ready, or ended too early */
	BENCH_METRICS,	   /* what it wrote into PROFD_METRICS is not as it should be */
	BENCH_INTERRUPTED, /* by a signal to profd: end everything */
};

/* Which of isolation's means were asked for; each is tried, and told (bench_isolation). */
struct bench_isolation {
	bool pin;	  /* to the CPUs of `cpus`, or to one that profd does not use */
	const char *cpus; /* "2-3"; NULL: chosen */
	int nice;	  /* 0: as profd's */
};

struct bench_options {
	struct bench_isolation isolation;
	enum config_tier tier;
	bool has_tier;
	int log_fd; /* the workloads' output is written here too; -1: nowhere */
};

struct bench_run {
	const char *root; /* of the checkout: relative commands and cwd start there */
	const struct config_command *command; /* instead of the workload's; or NULL */
	uint32_t padding_bytes;		      /* of the environment (coin.h) */
	/* ASLR off, a fixed environment: for metrics that repeat. Only those that are said
	 * to be exact are measured then, and those from valgrind in no other run. */
	bool exact;
	/* Profile what is measured into this folder, by `profd record`: its times are
	 * worth nothing then. NULL: as it is. Not together with `exact`. */
	const char *profile_dir;
	uint32_t profile_hz; /* 0: record's default */
	bool profile_wall;   /* also a profile of time, on the CPU and off it */
};

struct bench_result {
	enum bench_end end;
	int status; /* as wait4(2) gives it, where the workload ran */
	/* Of the workload's metrics, in the unit of their kind (bench_unit); NaN: not
	 * measured in this run. With a server they are the server's, but for `wall`. */
	double *values;
	double seconds; /* with setup, server and teardown */
	double steal;	/* share of the CPUs that the host took meanwhile; NaN: unknown */
	uint32_t survivors; /* processes that outlived it, and were killed */
	char *tail;	    /* the end of its output, NUL-terminated, cleaned */
	struct error error; /* what went wrong: "exit status 3", "no end within 120 s" */
};

/* One of isolation's means and what came of it. */
struct bench_means {
	const char *name; /* "CPU pinning" */
	bool applied;
	char detail[160]; /* "CPU 1", or why not */
};

struct bench;

/* @w and what @o points to are borrowed until bench_close. Returns 0 or a negative errno:
 * -EINVAL (CPUs that there are not), -ENOENT (the helper program is not installed). */
int bench_open(struct bench **ret, const struct config_workload *w,
	       const struct bench_options *o, struct error *err);
struct bench *bench_close(struct bench *b); /* NULL is fine; returns NULL */
/* What has been tried so far, complete after the first run. Borrowed until bench_close. */
const struct bench_means *bench_means(const struct bench *b, uint32_t *ret_n);
/* The unit of a metric's values: "s", "B", "/s", "B/s", "%", "" for counts, or a word of
 * the user's. Where only the program knows it, "" before the first run. Borrowed. */
const char *bench_unit(const struct bench *b, uint32_t metric);
/* The signal that asked profd to end since the first bench_open, or 0: from then on
 * SIGINT, SIGTERM and SIGHUP are held back until the last bench_close, and each run ends
 * with BENCH_INTERRUPTED. */
int bench_interrupted(void);
/* One run, from setup to teardown. Returns 0 and fills @ret, however the workload fared;
 * a negative errno when profd itself could not go on (no memory for a pipe, no place for
 * a file). bench_result_done releases what it points to. */
int bench_run(struct bench *b, const struct bench_run *run, struct bench_result *ret,
	      struct error *err);
void bench_result_done(struct bench_result *r);
