#pragma once
/* .profd.yml (profd.yml(5)): what is measured of a repository and how a change is judged.
 * share/schema/profd.schema.json is the contract of its text; here is what it means:
 * parameters have become workloads of their own, what is said once for the file or in a
 * budget for one variant has reached each metric, defaults are filled in.
 *
 * Everything belongs to the struct config, is read-only and lives as long as it does.
 * Strings are UTF-8 without control characters but newlines and tabs. Any thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/mem.h>
#include <profd/vec.h>

#define CONFIG_FILE ".profd.yml"
#define CONFIG_FILE_MAX_BYTES (256u << 10)
#define CONFIG_DEPTH_MAX 16		     /* lists and maps in each other */
#define CONFIG_EXPANDED_MAX_BYTES (4u << 20) /* with every alias written out */
#define CONFIG_WORKLOADS_MAX 1000	     /* variants counted one by one */
#define CONFIG_METRICS_MAX 200		     /* of a workload */
#define CONFIG_METRICS_TOTAL_MAX 20000	     /* of all variants */
#define CONFIG_VARIANTS_MAX_BYTES (4u << 20) /* texts of all variants */
#define CONFIG_EXPRS_MAX_BYTES (256u << 10)  /* expressions, once for each workload */
#define CONFIG_SHARED_MAX_BYTES (16u << 20)  /* the file's metrics, likewise */
#define CONFIG_PROBLEMS_MAX 50		     /* that are told of one file */
#define CONFIG_DURATION_MAX_S (30.0 * 86400)

/* In all enums 0 is "not said"; only kinds and operators can have it in a struct config. */
enum config_mode { CONFIG_OBSERVE = 1, CONFIG_WARN, CONFIG_GATE };
enum config_level { CONFIG_LEVEL_FAIL = 1, CONFIG_LEVEL_WARN, CONFIG_LEVEL_OFF };
enum config_direction { CONFIG_SMALLER = 1, CONFIG_BIGGER };
enum config_stat {
	CONFIG_MEDIAN = 1,
	CONFIG_P50,
	CONFIG_P95,
	CONFIG_P99,
	CONFIG_MIN,
	CONFIG_MAX,
	CONFIG_SUM,
};
enum config_source {
	CONFIG_FROM_PROCESS = 1, /* getrusage(2) and the clock */
	CONFIG_FROM_PERF,	 /* a counter: eventspec.h encodes its name */
	CONFIG_FROM_VALGRIND,
	CONFIG_FROM_SIZE, /* of a file */
	CONFIG_FROM_PROGRAM,
	CONFIG_FROM_EXPR, /* other metrics of the workload */
};
enum config_tier { CONFIG_QUICK, CONFIG_DAILY, CONFIG_WEEKLY, CONFIG_TIERS };

/* What a number counts. */
enum config_kind {
	CONFIG_ANY,   /* unknown before a program tells it */
	CONFIG_COUNT, /* things; K, M, G are powers of 1000 */
	CONFIG_TIME,  /* seconds */
	CONFIG_SIZE,  /* bytes; K, M, G are powers of 1024, as in number.h */
	CONFIG_RATE,  /* things a second */
	CONFIG_SIZE_RATE,
	CONFIG_PERCENT, /* 95 for 95% */
};

/* `text` for /bin/sh -c, or argv, which ends with a NULL; neither: none was given. */
struct config_command {
	const char *text;
	const char **argv;
	uint32_t argc;
};

struct config_env {
	const char *name, *value;
};

struct config_server {
	struct config_command command; /* none: no server */
	const char *ready_url;	       /* http://, tcp://, unix://; or NULL, and then: */
	struct config_command ready;
	uint64_t timeout_ns;
};

struct config_limit {
	bool given;
	bool at_least; /* >=; else <= */
	double value;  /* in the unit of its kind */
	enum config_kind kind;
	const char *text; /* as written */
};

/* What a metric's verdicts lead to. */
struct config_policy {
	enum config_level worse; /* a regression, or a budget exceeded */
	enum config_level inconclusive, untrusted, no_baseline;
};

enum config_op {
	CONFIG_OP_NUMBER,
	CONFIG_OP_METRIC,
	CONFIG_OP_MINUS, /* of `left` alone */
	CONFIG_OP_ADD,
	CONFIG_OP_SUB,
	CONFIG_OP_MUL,
	CONFIG_OP_DIV,
};
struct config_expr {
	enum config_op op;
	double number;
	const char *name; /* of the metric */
	uint32_t metric;  /* its index in the workload's */
	const struct config_expr *left, *right;
};

struct config_metric {
	const char *name, *description; /* description may be NULL */
	enum config_source from;
	const char *event;		   /* for perf */
	uint32_t event_line, event_column; /* where it is named */
	const char *file;		   /* for size */
	const struct config_expr *expr;
	const char *expr_text;
	const char *unit;  /* as the program will have it, "ms"; or NULL */
	double unit_scale; /* what one of it is in the unit of its kind: 0.001 */
	enum config_kind kind;
	enum config_direction direction;
	enum config_stat stat;
	bool exact;	    /* equal on repeat, until that is seen to be wrong */
	bool implied;	    /* nobody declared it: an expression names it */
	bool has_threshold; /* relative: 0.1 for 10% and for ratio 1.1 */
	double threshold;
	bool as_ratio;	   /* it was written as a ratio */
	double difference; /* 0: none; for values that are not all above 0 */
	const char *difference_text;
	struct config_limit budget;
	struct config_policy policy;
};

struct config_tier_override {
	bool disabled;
	uint32_t runs;	     /* those of the workload unless said */
	uint64_t timeout_ns; /* likewise */
};

/* One variant: what was one workload with n values of a parameter is n of these in a
 * row. */
struct config_workload {
	const char *name;    /* "sort[10,desc]" */
	const char *group;   /* "sort" */
	const char *variant; /* "10,desc", or "" */
	const char *description;
	uint32_t line; /* where it is declared */
	struct config_command command, setup, teardown;
	const char *cwd; /* NULL: the root of the checkout */
	const struct config_env *env;
	uint32_t nenv;
	struct config_server server;
	const struct config_env *params; /* names and values, as declared */
	uint32_t nparams;
	const char **tags;
	uint32_t ntags;
	uint32_t runs, warmup;
	uint64_t timeout_ns;
	struct config_tier_override tiers[CONFIG_TIERS];
	const struct config_metric *metrics;
	uint32_t nmetrics;
	/* Indices of the derived metrics, each behind those that it needs. */
	const uint32_t *derive;
	uint32_t nderived;
};

/* When a job of a CI system measures (profd-ci(1)); defaults are filled in. */
enum config_asking { CONFIG_ALWAYS = 1, CONFIG_ASKED };
enum config_commenter { CONFIG_OWNER = 1, CONFIG_MEMBER, CONFIG_COLLABORATOR };
#define CONFIG_TEXTS_MAX 100
struct config_texts {
	const char **v;
	uint32_t n;
};
struct config_ci {
	struct config_texts labels, tokens, paths, paths_ignore;
	struct config_texts branches; /* none: the default branch, as the event has it */
	enum config_asking pull_requests;
	const char *comment;
	unsigned commenters;	    /* 1 << enum config_commenter */
	const char *daily, *weekly; /* crontab(5), the five fields */
};
/* What holds without a file. */
extern const struct config_ci config_ci_default;

struct config {
	const char *path;
	enum config_mode mode;
	struct config_command build;
	uint64_t time_budget_ns;	 /* 0: none */
	uint32_t pairs_asked;		 /* for the first look; 0: auto */
	uint32_t pairs_first, pairs_max; /* as planned */
	double strictness;		 /* 0: not said, for detection */
	struct config_ci ci;
	const struct config_workload *workloads;
	uint32_t nworkloads, ngroups;
	uint32_t
		family; /* m: metrics with policy fail and a threshold, over all workloads */
	struct arena arena;
};

/* A fault of the file. error.text begins with "FILE:LINE:COLUMN: ", both from 1. */
struct config_problem {
	uint32_t line, column;
	struct error error;
};
struct config_problems {
	VEC(struct config_problem) list; /* in the order of the file */
	bool more; /* were found beyond CONFIG_PROBLEMS_MAX, and not kept */
};
void config_problems_done(struct config_problems *p);
/* Adds one that others found, in a file called @name. What was told of the same place in
 * the same words is not told twice. Returns where its hint goes, valid until the next. */
struct error *config_problem_add(struct config_problems *p, const char *name,
				 uint32_t line, uint32_t column, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void config_problems_sort(struct config_problems *p); /* by place */

/* Reads @path. Returns 0; -EINVAL: it is not as it should be, and all that was found is
 * in @problems; another negative errno: it cannot be read, and that is the one problem,
 * without a line. */
int config_read(const char *path, struct config **ret_config,
		struct config_problems *problems);
/* The same of @data[0..n), which is called @name. */
int config_parse(const char *name, const char *data, size_t n, struct config **ret_config,
		 struct config_problems *problems);
void config_free(struct config *c); /* may be NULL */

/* By name; NULL where there is none, or no configuration, workload or name. */
const struct config_workload *config_workload_find(const struct config *c,
						   const char *name);
const struct config_metric *config_metric_find(const struct config_workload *w,
					       const char *name);
/* The words of a command as people write them, added to @t. */
struct text;
void config_command_add(struct text *t, const struct config_command *c);

/* Where the file is: ./.profd.yml, else that of the root of the git repository around the
 * current folder. Returns a path to be freed, or NULL and sets err (-ENOENT). */
char *config_find(struct error *err);

/* The alpha of one family, one-sided; three looks share it. */
#define CONFIG_ALPHA 0.005
/* The least number of pairs with which the signed rank test can reach the level of the
 * hardest of @m comparisons: max(10, ceil(log2(3m/alpha))). */
uint32_t config_first_look(uint32_t m);
/* True when the metric is one of the family: judged by the change, and may fail. */
bool config_gates(const struct config_metric *m);

/* Fills values[i] of the derived metrics of @w from the others. What cannot be computed
 * (a division by 0, a part that is NaN) becomes NaN. */
void config_derive(const struct config_workload *w, double *values);

/* What is counted in @unit ("ms", "MB/s", "trades"), and what one of it is in the unit of
 * that kind: 0.001. Words that are no unit are of CONFIG_COUNT, those that end in "/s" of
 * CONFIG_RATE, and 1. */
enum config_kind config_unit(const char *unit, double *ret_scale);

/* Their words in the file; "" for 0. */
const char *config_mode_word(enum config_mode m);
const char *config_level_word(enum config_level l);
const char *config_direction_word(enum config_direction d);
const char *config_stat_word(enum config_stat s);
const char *config_source_word(enum config_source s);
const char *config_tier_word(enum config_tier t);
const char *config_asking_word(enum config_asking a);
const char *config_commenter_word(enum config_commenter c);
