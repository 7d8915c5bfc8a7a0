#pragma once
/* What bench, compare or gate found: one tree that is filled while they run, that
 * verdict.json keeps whole, and that every report is drawn from.
 *
 * Values are in the metric's unit. A change is that of the value, from base to head: a
 * fraction of base (.1: 10 % more) where `ratio`, else in the unit; which direction is the
 * better one is not folded in. NaN: not known. Texts are UTF-8 and may be hostile: a
 * workload, a branch or a program chose them. All of it lives in the arena, NULL is
 * "none". One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/trial.h>
#include <profd/verdict.h>

#define OUTCOME_SCHEMA "profd.verdict/1"

/* What the policy makes of a verdict. */
enum outcome_effect { OUTCOME_FINE, OUTCOME_WARNS, OUTCOME_FAILS };

struct outcome_interval {
	double change, low, high, level; /* level: two-sided, .95 */
};

/* An absolute limit. `limit` is `base_limit` with the strictness in it. */
struct outcome_budget {
	bool given, at_least, exceeded;
	double limit, base_limit, multiplier;
	double actual;	  /* by the metric's stat, of head's runs */
	const char *text; /* as written: "<= 350MB" */
};

struct outcome_metric {
	const char *name, *unit, *stat; /* unit: "s", "B", "/s", "" … */
	bool bigger_is_better;
	bool gating;	/* one of the family */
	bool exact;	/* judged by one comparison: it repeats */
	bool ratio;	/* changes are fractions */
	bool confirmed; /* by fresh triplets: `decided` is theirs, `first` the pairs' */
	enum verdict verdict;
	enum verdict_reason reason;
	enum outcome_effect effect; /* of verdict and budget together, mode not in it */
	const char *note;	    /* a sentence beside the verdict */
	double threshold, threshold_units; /* NaN: none */
	double base, head;		   /* medians of what decided */
	struct outcome_interval decided, first;
	/* The bounds that decided (trial.h), as changes. */
	double lower, lower_level, upper, upper_level;
	double spread, detectable;
	uint32_t pairs, pairs_needed;
	/* Neighbouring runs of the same side: what the machine itself drifted. Never decides. */
	struct outcome_interval drift;
	struct outcome_budget budget;
	const struct trial_pair *values; /* each pair, in order; base is NaN in a bench */
	uint32_t nvalues;
	const double (*triplets)[3]; /* base, its copy, head */
	uint32_t ntriplets;
};

/* A run that did not end well: the first one of each side is kept. */
struct outcome_failure {
	const char *side; /* "base", "head" */
	const char
		*what; /* "exit status 3", "killed by SIGSEGV", "no end within 120 s" */
	const char *output; /* the last of it */
	uint32_t count;	    /* of runs that ended so, or else badly */
};

struct outcome_function { /* which function did it: profiled pairs; functions.h */
	const char *name, *file, *module;
	uint32_t line, rank;
	/* Of its own, in a run; the interval holds for all functions at once. */
	double change_s, low_s, high_s, level;
	const char *kind;   /* "changed", "new", "gone", "renamed", "inlined", "moved" */
	const char *was;    /* what it was called, or the file that it was in */
	const char *with;   /* where the cost went to or came from */
	const char *caller; /* whose calls of it changed most */
	bool named;	    /* guilty, or to be thanked */
	bool touched;	    /* the change is in its lines */
	double base_s, head_s, share; /* its own part, medians; share: of head's runs */
	double total_change_s, total_low_s, total_high_s;
};

/* What profiled pairs measured beside their profiles, medians: "wall", "cpu", "off_cpu" (of
 * all threads, where time was recorded; without the run queue), "page_faults". */
struct outcome_evidence {
	const char *name, *unit;
	double base, head;
	struct outcome_interval change; /* head - base */
};

struct outcome_workload {
	const char *name, *group, *variant, *command, *description;
	enum verdict verdict; /* the worst of its metrics, or its failure */
	enum outcome_effect effect;
	const struct outcome_metric *metrics;
	uint32_t nmetrics;
	const struct outcome_failure *failures;
	uint32_t nfailures;
	uint32_t runs, pairs, warmup;
	double seconds; /* that all its runs took, set-up included */
	/* Folders of profiles, relative to that of the results. */
	const char *base_profile, *head_profile;
	const struct outcome_function *functions;
	uint32_t nfunctions;
	uint32_t function_pairs; /* profiled ones; 1: intervals know of sampling only */
	/* In seconds: what the named functions leave of the change; all NaN without pairs. */
	struct outcome_interval residual_s;
	/* Where the time off the CPU changed, in the same terms: the name is a sentence,
	 * "waiting for a lock in lookup". Only where it was recorded. */
	const struct outcome_function *waits;
	uint32_t nwaits;
	const struct outcome_evidence *evidence;
	uint32_t nevidence;
	const char *functions_note; /* sentences, a newline behind each */
	uint32_t touched,
		touched_sampled; /* functions that the change touches: touched.h */
};

struct outcome_side {
	const char *label;  /* as it was asked for: "HEAD^1", "./old", a command */
	const char *commit; /* 40 digits */
	const char *subject, *branch;
	const char *root; /* the folder it ran in */
	bool dirty;	  /* with changes that are not committed */
	bool built, from_cache;
	double build_seconds;
};

/* What was asked of the machine: pinning, priority, ASLR … */
struct outcome_isolation {
	const char *name, *detail;
	bool applied;
};

struct outcome_environment {
	const char *testbed; /* the key: runs of different keys are not comparable */
	const char *cpu, *kernel, *libc, *image, *arch, *host, *governor;
	uint32_t cpus;
	double load;		   /* of a minute, at the start */
	double steal, busy_others; /* shares of the CPUs' time, meanwhile; NaN: unknown */
	double mhz_min, mhz_max;
	uint32_t
		load_threads; /* that profd kept busy meanwhile, because it was asked to */
	uint32_t load_nice;
	uint64_t memory_bytes;
};

struct outcome_plan {
	double alpha, time_budget_s; /* 0: none */
	uint32_t family, pairs_first, pairs_max;
	uint64_t seed;
	double planned_s, spent_s;
};

/* What the change itself does to the limits by which it is judged. */
struct outcome_limit_change {
	const char *workload, *metric, *key, *from, *to;
};

struct outcome {
	const char *command;		      /* "bench", "compare", "gate" */
	const char *version, *id, *reproduce; /* id: outcome_id_make */
	const char *mode, *tier, *run_url;
	double strictness;
	const char *strictness_from; /* "--strictness", "CI" */
	uint64_t start_ns, end_ns;   /* since 1970, UTC */
	enum verdict verdict;
	enum outcome_effect effect; /* with the mode in it */
	int exit_status;
	struct outcome_side base, head;
	struct outcome_plan plan;
	struct outcome_environment environment;
	const struct outcome_isolation *isolation;
	uint32_t nisolation;
	const struct outcome_limit_change *limit_changes;
	uint32_t nlimit_changes;
	const char **notes; /* sentences for people, the most important first */
	uint32_t nnotes;
	const struct outcome_workload *workloads;
	uint32_t nworkloads;
	struct arena arena;
};
