#pragma once
/* From a configuration and two sides to a filled struct outcome: which runs are made, in
 * what order, and what their numbers mean. The runs themselves are the business of a struct
 * gate_runner: real ones (gate_bench), those of files (gate_replay), or those of a machine
 * that is made up. One thread.
 *
 *	per workload	`warmup` runs of each side, at least one, which are timed and dropped
 *	exact metrics	two runs of each side
 *	pairs		in the order of coin.h, the workloads taking turns round by round,
 *			until the trial (trial.h) wants no more or the plan is used up
 *	triplets	20 of each workload with a suspected metric
 *
 * The family m is all metrics of the chosen workloads that gate, whatever becomes of them.
 * The configuration is head's: its commands run on both sides and its limits count. What
 * base's says is only compared with it: workloads and metrics that are new or gone, and
 * limits that the change itself moves. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/bench.h>
#include <profd/config.h>
#include <profd/error.h>
#include <profd/outcome.h>

enum gate_side { GATE_BASE, GATE_COPY, GATE_HEAD, GATE_SIDES };

#define GATE_PADDING_BYTES 4096 /* environments are padded by less: one page of stack */

struct gate_run {
	uint32_t workload; /* of the configuration */
	enum gate_side side;
	uint32_t index; /* of its pair or triplet */
	uint32_t padding_bytes;
	bool exact;
	bool dropped; /* a warm-up */
};

struct gate_progress {
	uint32_t runs, runs_planned;
	double seconds_left; /* as planned, less what was decided early */
	const char *workload;
};

struct gate_plan {
	double planned_s, time_budget_s; /* 0: none */
	uint32_t family, pairs_first, pairs_max;
	struct gate_planned {
		uint32_t workload, pairs;
		double base_s, head_s; /* of one run */
		bool head_only;
	} * workloads;
	uint32_t n;
};

struct gate_runner {
	/* One run. 0, however the workload fared; -ENODATA: there are no more of these
	 * (files); another negative errno and err: profd cannot go on. */
	int (*run)(void *arg, const struct gate_run *run, struct bench_result *ret,
		   struct error *err);
	/* Before the first triplet: makes the copy of base. May be NULL. */
	int (*copy_base)(void *arg, struct error *err);
	uint64_t (*now_ns)(void *arg); /* of a clock that never goes back */
	/* Both may be NULL. */
	void (*plan)(void *arg, const struct gate_plan *plan);
	void (*progress)(void *arg, const struct gate_progress *progress);
	void *arg;
};

struct gate_options {
	const struct config *config;	  /* head's */
	const struct config *base_config; /* NULL: there is none; all is as in head's */
	const bool *chosen; /* [nworkloads] those to be run; NULL: all of them */
	bool whole_family;  /* m is that of all workloads, chosen or not: shards */
	bool collect;	    /* runs without verdicts, for gate_replay */
	/* There is nothing to compare with, in one sentence: only head is run, and its
	 * budgets are judged. NULL: there is a base. */
	const char *no_base;
	enum verdict no_base_verdict; /* NO_BASELINE, NOT_COMPARABLE, IMMATURE */
	enum config_mode mode;	      /* 0: the file's */
	enum config_tier tier;
	bool has_tier;
	double threshold; /* instead of the file's relative ones; NaN: none */
	double strictness;
	const char *strictness_from;
	uint64_t time_budget_ns; /* 0: the file's */
	uint64_t spent_ns;	 /* of it, by building */
	uint64_t seed;
	bool bisect;
};

/* Fills the workloads, plan, notes, limit_changes, verdict, effect and exit_status of @o,
 * in its arena; names and texts of the configuration are borrowed. What else it holds is left to the caller, who zeroed it.
 * Returns 0; -EINTR: interrupted; another negative errno and err. */
int gate_judge(const struct gate_options *g, const struct gate_runner *runner,
	       struct outcome *o, struct error *err);

/* --- parts of it, each for itself ------------------------------------------------------ */

/* The limit as the strictness makes it: times with <= are multiplied, rates with >= are
 * divided, everything else stays. Fills `given` to `multiplier` and `text`; NaN for actual. */
void gate_budget(const struct config_metric *m, double strictness,
		 struct outcome_budget *ret);
/* Sets actual and exceeded; NaN is neither met nor exceeded. */
void gate_budget_hold(struct outcome_budget *b, double actual);
/* Of values in any order, by the metric's statistic; NaN for none of them. */
double gate_stat(enum config_stat stat, const double *values, uint32_t n);
/* "s", "B", "/s", "B/s", "%" by kind, else what the program calls it. */
const char *gate_unit(const struct config_metric *m);

/* What the policy makes of it. That of `inconclusive`, `untrusted` and `no_baseline` is at
 * most as harsh as that of a regression: a metric that only warns cannot fail otherwise. */
enum outcome_effect gate_effect(const struct config_policy *p, enum verdict v,
				bool budget_exceeded);
/* 0, 1, 3, 4 and effect from the workloads', and the mode: observe and warn fail nobody but
 * for a head that did not end well. */
int gate_exit(const struct outcome *o, enum config_mode mode,
	      enum outcome_effect *ret_effect);
/* The worst of two. */
enum verdict gate_worse(enum verdict a, enum verdict b);
/* For git bisect run: 0, 1, 125, 128. A verdict that is none is skipped, whatever the policy
 * makes of it. */
int gate_bisect_exit(const struct outcome *o);

/* What head's configuration changes of base's: limits, policies, mode, strictness; and
 * workloads and metrics that are gone. @base may be NULL. */
void gate_limits(const struct config *base, const struct config *head, struct outcome *o);

/* --- real runs ------------------------------------------------------------------------- */

struct gate_bench;
struct checkout;

struct gate_bench_options {
	const struct config *config;
	struct bench_options bench;
	struct checkout *checkout;     /* for the copy of base; NULL: the roots do */
	const char *roots[GATE_SIDES]; /* NULL for a side that never runs */
	/* Commands instead of the workloads', by side; or NULL. */
	const struct config_command *commands[GATE_SIDES];
	void (*plan)(void *arg, const struct gate_plan *plan);
	void (*progress)(void *arg, const struct gate_progress *progress);
	void *arg; /* of these two */
};
/* What is in @o is borrowed until gate_bench_close. */
struct gate_bench *gate_bench_open(const struct gate_bench_options *o,
				   struct gate_runner *ret_runner);
void gate_bench_close(struct gate_bench *b);
/* One more run of a side, with a profile of it in @dir, and of its time if @wall. Returns 0; -EIO: it did not end
 * well, or there is no profile, and err; a negative errno. */
int gate_bench_profile(struct gate_bench *b, uint32_t workload, enum gate_side side,
		       const char *dir, bool wall, struct error *err);
/* What came of the means of isolation, in the outcome's arena. */
void gate_bench_means(const struct gate_bench *b, struct outcome *o);

/* --- runs that were made elsewhere ----------------------------------------------------- */

/* Outcomes of `collect`, as a runner: their pairs and triplets, in their order. All have to
 * have the same seed and family, and no workload may be in two of them. -EINVAL and err. */
struct gate_replay;
struct gate_replay *gate_replay_open(const struct config *c,
				     const struct outcome *const *shards, uint32_t n,
				     struct gate_runner *ret_runner, struct error *err);
void gate_replay_close(struct gate_replay *r);
