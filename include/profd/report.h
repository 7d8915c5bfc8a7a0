#pragma once
/* A finished recording as files: what tools read and what people read. One thread at a
 * time. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include <profd/counter.h>
#include <profd/error.h>
#include <profd/host.h>
#include <profd/io.h>
#include <profd/profile.h>
#include <profd/quality.h>
#include <profd/sampler.h>

struct text;

struct survivor { /* a process of the workload that outlived the recording */
	uint32_t pid;
	const char *comm;
};

struct run_target {	   /* what ran already */
	uint32_t pid, tid; /* tid 0: all of it; pid 0: a control group, or everything */
	const char *name;  /* command line or control group; NULL: everything */
};

/* All that the artifacts of one recording say. Everything is borrowed. */
struct run {
	char *const *command; /* NULL-terminated; empty: nothing was launched */
	const struct run_target *targets; /* [ntargets]; 0: the command was sampled */
	size_t ntargets;
	int status; /* of the command, as wait4(2) gives it */
	bool timed_out;
	struct rusage usage;
	uint64_t start_wall_ns, wall_ns;
	const char *engine; /* "perf", "ptrace", "replay" */
	const struct sampler_info *sampler;
	const struct sampler_event *events; /* [nevents], the main one first */
	size_t nevents;
	const char *unwinder;
	const struct profile *profile;
	const struct profile *wall; /* of time, on the CPU and off it; or NULL */
	const struct quality *quality;
	const struct quality_warnings *warnings;
	const struct host *host;
	const struct survivor *survivors;
	size_t nsurvivors;
	uint64_t exit_ns; /* CLOCK_MONOTONIC when the workload was reaped */
	uint64_t record_cpu_ns,
		name_cpu_ns;		  /* profd's own until the end, and for names */
	bool annotate;			  /* frame kinds in cpu.folded */
	uint32_t formats;		  /* beside the usual ones: format_parse_list */
	const struct counter_value *stat; /* counted beside the samples, [nstat] */
	size_t nstat;
};

/* The name of the files of event @i > 0, without the dot and what follows: "page-faults".
 * No two are the same, and none is that of another artifact. The caller frees it. */
char *run_event_file(const struct run *run, size_t i);

/* Appends what was sampled, for people in clean UTF-8: the command, or what ran
 * already. */
void run_title(struct text *t, const struct run *run);

/* How @run was sampled, by @engine (NULL: not known) and not by run->engine: a replay does
 * not sample. */
struct origin;
void run_origin(const struct run *run, const char *engine, struct origin *ret);
/* The same from a run.json. 0; -EBADMSG, -errno and err. */
int run_origin_read(const char *data, size_t n, struct origin *ret, struct error *err);
int run_origin_load(const char *path, struct origin *ret, struct error *err);

/* The exit status a shell would report: the code, or 128 + the signal. */
int run_exit_status(int wait_status);

/* --- where artifacts go ------------------------------------------------------------- */

struct outdir {
	char *path;
	int fd;		/* of the directory */
	char *moved_to; /* an earlier one was moved there, or NULL */
	char *older; /* the one of before that, to be removed by outdir_close, or NULL */
	bool made;   /* the directory is new */
};
/* Makes @path ready before the workload runs. @path NULL: "profd-out", where an earlier
 * one is moved to "profd-out.old". Else a directory that holds results is refused
 * (-EEXIST) unless @force. Returns 0 or -errno with err. */
int outdir_open(struct outdir *d, const char *path, bool force, struct error *err);
void outdir_close(struct outdir *d);
/* Removes the directory if it is new and nothing was written into it; what was moved for
 * it goes back. Also after a failed outdir_open. */
void outdir_discard(struct outdir *d);

/* Writes every artifact, run.json last, with a second thread's help. One that fails does
 * not keep the others from being written; err tells of the first. Returns 0 or its
 * -errno. */
int artifacts_write(const struct outdir *d, const struct run *run, struct error *err);

/* The parts; @top is of the profile's default value. */
struct top;
void run_json_write(const struct run *run, const struct top *top, struct sink *out);
void summary_write(const struct run *run, const struct top *top, struct sink *out);
/* Appends the command for people in clean UTF-8, cut where it gets too long; run.json has
 * all of it. */
void command_text(struct text *t, char *const *argv);

/* --- counters ----------------------------------------------------------------------- */

struct stat_derived {
	double value;
	const char *unit; /* "CPUs utilized", "/s" of CPU time, "% of all branches" … */
};
/* What is usually read from v[i] together with another counter of v[0..n). False when
 * there is no such thing, when a part of it was not counted, or when the two did not
 * count the same levels. */
bool stat_derive(const struct counter_value *v, size_t n, size_t i, uint64_t wall_ns,
		 struct stat_derived *ret);
/* A table for a terminal, one line each, @prefix before all; and the same in Markdown. */
void stat_add_table(struct text *t, const struct counter_value *v, size_t n,
		    uint64_t wall_ns, const char *prefix);
void stat_add_markdown(struct text *t, const struct counter_value *v, size_t n,
		       uint64_t wall_ns);
