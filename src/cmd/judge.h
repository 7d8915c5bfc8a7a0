#pragma once
/* What gate, compare and selftest have in common: from options to files, a table and an exit
 * status. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/checkout.h>
#include <profd/error.h>
#include <profd/gate.h>
#include <profd/report.h>
#include <profd/testbed.h>
#include <profd/vec.h>

struct judge_options {
	const char *command;	 /* "gate", "compare" */
	const char *base, *head; /* of checkout_open; NULL */
	const char *base_cmd, *head_cmd;
	char **names; /* workloads */
	uint32_t nnames;
	char **shards;
	uint32_t nshards;
	bool bisect, collect, force, json, quiet, no_profile;
	const char *strictness, *output;
	enum config_mode mode;
	enum config_tier tier;
	bool has_tier, has_seed;
	uint64_t time_budget_ns, seed;
	double threshold;      /* NaN: the file's */
	unsigned load_threads; /* busy ones meanwhile */
	int load_nice;
	char *const *argv; /* for the sentence that says how to do it again */
};

/* --- judge.c ------------------------------------------------------------------------- */

int judge(const struct judge_options *o);

/* --- judge-options.c ----------------------------------------------------------------- */

/* Options of both commands take numbers from 256 on. */
enum {
	JUDGE_STRICTNESS = 256,
	JUDGE_MODE,
	JUDGE_TIME_BUDGET,
	JUDGE_THRESHOLD,
	JUDGE_SEED,
	JUDGE_TIER,
	JUDGE_LOAD,
	JUDGE_NO_PROFILE,
	JUDGE_FORCE,
	JUDGE_JSON,
	JUDGE_OWN, /* the first that is a command's own */
};
#define JUDGE_LONG_OPTIONS                                                               \
	{"strictness", required_argument, NULL, JUDGE_STRICTNESS},                       \
		{"mode", required_argument, NULL, JUDGE_MODE},                           \
		{"time-budget", required_argument, NULL, JUDGE_TIME_BUDGET},             \
		{"threshold", required_argument, NULL, JUDGE_THRESHOLD},                 \
		{"seed", required_argument, NULL, JUDGE_SEED},                           \
		{"tier", required_argument, NULL, JUDGE_TIER},                           \
		{"load", required_argument, NULL, JUDGE_LOAD},                           \
		{"output", required_argument, NULL, 'o'},                                \
		{"no-profile", no_argument, NULL, JUDGE_NO_PROFILE},                     \
		{"force", no_argument, NULL, JUDGE_FORCE},                               \
		{"json", no_argument, NULL, JUDGE_JSON},                                 \
		{"quiet", no_argument, NULL, 'q'},                                       \
	{                                                                                \
		"help", no_argument, NULL, 'h'                                           \
	}
extern const char judge_options_usage[];
/* Takes option @c, with optarg. Returns 0, or the exit status after saying what is wrong:
 * also for what getopt_long does not know. */
int judge_option(struct judge_options *o, int c, char *const *argv);
int judge_parse_threshold(const char *s, const char *page, double *ret);

/* --- judge-config.c ------------------------------------------------------------------ */

/* The file @path as a configuration; NULL after printing what is wrong with it. */
struct config *judge_config_read(const char *path);
/* Base's: what is wrong with it is not head's fault, and one line. */
struct config *judge_config_base(const char *text);
/* Of the two commands of --base-cmd and --head-cmd. */
struct config *judge_config_commands(void);

/* --- judge-outcome.c: all of an outcome but what the gate says ---------------------------- */

void judge_outcome_start(struct outcome *o, const struct judge_options *options);
void judge_outcome_side(struct outcome *o, struct outcome_side *ret,
			const struct checkout_side *s);
void judge_outcome_end(struct outcome *o, const struct judge_options *options);
/* A head that does not build: each workload failed, exit status 4. */
void judge_outcome_broken(struct outcome *o, const struct config *c, const bool *chosen,
			  const struct checkout_side *head);

/* --- judge-say.c --------------------------------------------------------------------- */

struct judge_say { /* what is told while it runs */
	const struct config *config;
	bool quiet, progress; /* on a terminal, and not in CI */
	bool line;	      /* one of progress stands there */
	uint64_t last_ns;
};
void judge_say_init(struct judge_say *s, const struct config *c, bool quiet);
void judge_say_sides(const struct outcome *o);
void judge_say_plan(void *arg, const struct gate_plan *p);
void judge_say_progress(void *arg, const struct gate_progress *p);
void judge_say_end(struct judge_say *s);
/* The table and the last line, or JSON. */
void judge_say_outcome(const struct judge_options *o, const struct outcome *out,
		       const char *folder);

struct judge_names {
	VEC(const char *) v;
};

/* --- judge-functions.c --------------------------------------------------------------- */

struct judge_functions {
	uint32_t workload;
	const char *place;    /* the folder with base/ and head/, the first pair */
	double pair_s;	      /* that these two took */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	uint64_t seed;
	struct checkout *sides; /* for what the change touches; NULL: commands */
	bool wall;		/* time is recorded, too */
	/* Names of sampled functions that the change touches are put here; in the arena of
	 * the outcome. */
	struct judge_names *touched;
};
/* Runs of a side as one profile, for pictures that know as much as the list does. */
#define JUDGE_ALL_BASE "all-base.pb.gz"
#define JUDGE_ALL_HEAD "all-head.pb.gz"
/* Fills the functions of @w; leaves these two in the place, of several pairs. -EINTR; another negative errno and err: there are none. */
int judge_functions(struct gate_bench *b, const struct judge_functions *f,
		    struct outcome *o, struct outcome_workload *w, struct error *err);

/* --- judge-runs.c ---------------------------------------------------------------------- */

/* CPU time of the recording in @folder, of what it is a profile of: all of it, or only what
 * was spent in the program's own code. NaN: not known. */
double judge_run_cpu_s(const char *folder);

/* What a recording measured beside its profile; NaN: not known. */
struct run_figures {
	double wall_s, cpu_s, off_cpu_s, page_faults;
};
void judge_run_figures(const char *folder, struct run_figures *ret);
/* What n pairs measured, as the evidence of @w. */
void judge_fill_evidence(const struct run_figures *base, const struct run_figures *head,
			 uint32_t n, struct outcome_workload *w, struct arena *a);
/* Whether @m has changed and is time, but not the CPU's. */
bool judge_metric_waits(const struct outcome_metric *m);
/* Whether time went where the CPU was not: wall time, or what the program measures itself, has
 * changed, and CPU time by less than half of that. */
bool judge_waits_matter(const struct outcome_workload *w);

/* --- compare-profiles.c ------------------------------------------------------------------ */

struct compare_profiles {
	const char *value, *unit; /* of samples, NULL: the default; of folded stacks */
	bool allow_unlike, all;
};
/* Whether @path is a profile, a recording's folder, or a folder of several of either. */
bool compare_is_profiles(const char *path);
/* Exit status: 0, or 2 after saying what is wrong. Differences are not in it. */
int compare_profiles(const struct judge_options *o, const struct compare_profiles *c,
		     const char *base, const char *head);

/* --- judge-touched.c ------------------------------------------------------------------- */

/* Marks what the change touches, and counts it in @w. Without git or debug information
 * nothing is touched. */
struct functions;
struct functions_pair;
void judge_touched(const struct judge_functions *f, const struct functions_pair *pairs,
		   uint32_t n, struct functions *found, struct outcome_workload *w,
		   struct arena *a);
/* Files of functions from the top of the repository, as far as a side was built there. */
void judge_name_files(struct outcome_workload *w);

/* --- judge-profiles.c ---------------------------------------------------------------- */

/* Profiles of both sides and their difference, for every workload with something to look
 * into. What cannot be had becomes a note of the outcome. -EINTR. */
struct judge_profiles {
	const struct config *config;
	const char *folder; /* of the results */
	bool has_base;
	uint64_t deadline_ns;	/* of the time budget; 0: none */
	struct checkout *sides; /* NULL: commands */
};
int judge_profiles(struct gate_bench *b, const struct judge_profiles *p,
		   struct outcome *o, struct error *err);

/* --- judge-files.c: results and profiles that are there ------------------------------------ */

/* Results against each other. */
int judge_results(const struct judge_options *o, const char *base, const char *head);
bool judge_is_result(const char *path);
/* Medians of an earlier run's head as base's, for an outcome that was made without one;
 * texts are borrowed. */
void judge_put_base(struct outcome *o, const struct outcome *base);
