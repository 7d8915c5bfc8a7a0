#pragma once
/* The parts of the configuration's reader: text -> nodes -> drafts -> struct config. All
 * of them go on after a fault, as far as they can, so that one reading tells of all. */
#include <profd/config.h>
#include <profd/mem.h>

/* --- nodes (tree.c) ----------------------------------------------------------------- */

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };
/* One value of the text. What an alias stands for is the same node at several places. */
struct node {
	enum node_type type;
	bool quoted;		     /* no plain scalar: text, whatever it looks like */
	uint32_t line, column;	     /* from 1 */
	const char *text;	     /* of a scalar; without a NUL in it */
	struct node **items, **keys; /* [n]; keys of a map only, scalars all */
	uint32_t n;
	uint32_t height; /* 1 for a scalar */
	uint64_t weight; /* bytes, aliases written out */
};

struct reader {
	const char *name; /* of the file */
	struct arena *arena;
	struct config_problems *problems;
	uint64_t expr_bytes; /* parsed so far */
};

/* NULL when there is nothing to go on with; then a problem was added. */
struct node *tree_read(struct reader *r, const char *data, size_t n);
const struct node *node_get(const struct node *map, const char *key); /* or NULL */

/* --- problems (problem.c) ----------------------------------------------------------- */

/* Adds one and returns it, for error_hint; the same one twice counts once. */
struct error *problem_at(struct reader *r, uint32_t line, uint32_t column,
			 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
struct error *problem(struct reader *r, const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "did you mean 'a' or 'b'?", or else "known: ..." of words that end with a NULL. */
void hint_words(struct error *err, const char *to, const char *const *words);

/* --- scalars (scalar.c) ------------------------------------------------------------- */

enum scalar_type { SCALAR_NULL, SCALAR_BOOL, SCALAR_NUMBER, SCALAR_TEXT, SCALAR_NONE };
/* What a plain scalar is by YAML's core schema (YAML 1.2.2, 10.3.2). SCALAR_NONE for
 * lists and maps. @ret_number, for numbers, may be NULL. */
enum scalar_type scalar_type(const struct node *n, double *ret_number);
const char *node_is(const struct node *n); /* "a list", "a number" ... for messages */
/* "-1.5 MB/s" in the unit of its kind. Returns 0 or -EINVAL. */
int quantity_parse(const char *s, double *ret_value, enum config_kind *ret_kind);
const char *kind_example(enum config_kind kind); /* "a time such as 5ms" */
/* Seconds of "1.5s", without looking at limits. */
int duration_parse(const char *s, double *ret_seconds);
int percent_parse(const char *s, double *ret_fraction);
bool name_is_plain(const char *s); /* letters, digits, underscores; no digit first */

/* --- maps with known keys (fields.c) ------------------------------------------------ */

struct field {
	const char *key;
	/* @to is what `offset` points at. Leaves it alone after a fault. */
	void (*read)(struct reader *r, const struct node *n, const struct field *f,
		     void *to);
	size_t offset;
	const void *arg;
	bool required;
};
/* @fields ends with a NULL key. Keys that begin with "x-" are left out where @extensions.
 * @n may be of any type. */
void fields_read(struct reader *r, const struct node *n, const char *what,
		 const struct field *fields, bool extensions, void *base);

struct range {
	double min, max;
};
void field_word(struct reader *r, const struct node *n, const struct field *f, void *to);
void field_text(struct reader *r, const struct node *n, const struct field *f, void *to);
void field_bool(struct reader *r, const struct node *n, const struct field *f, void *to);
void field_count(struct reader *r, const struct node *n, const struct field *f, void *to);
void field_duration(struct reader *r, const struct node *n, const struct field *f,
		    void *to);
void field_command(struct reader *r, const struct node *n, const struct field *f,
		   void *to);
void field_node(struct reader *r, const struct node *n, const struct field *f, void *to);
/* The text of a word of a command, NULL after a fault. */
const char *word_text(struct reader *r, const struct node *n, const char *what);
bool text_is_fit(struct reader *r, const struct node *n, bool may_be_empty);

/* field_word: an enum, by its words from 1 on (`arg`), which end with a NULL. field_bool:
 * int, 0 not said, 1 true, 2 false. field_count: int64_t, -1 not said, `arg` a range. */
extern const char *const mode_words[],
	*const level_words[], *const direction_words[],
				      *const stat_words[], *const source_words[],
								   *const tier_words[];

/* The four levels, for file, workload and metric. */
#define POLICY_FIELDS(type, member)                                                      \
	{"policy", field_word, offsetof(type, member.worse), level_words, false},        \
		{"inconclusive", field_word, offsetof(type, member.inconclusive),        \
		 level_words, false},                                                    \
		{"untrusted", field_word, offsetof(type, member.untrusted), level_words, \
		 false},                                                                 \
	{                                                                                \
		"no_baseline", field_word, offsetof(type, member.no_baseline),           \
			level_words, false                                               \
	}
/* What is not said in @p is as in @outer. */
void policy_inherit(struct config_policy *p, const struct config_policy *outer);

/* --- parameters (params.c) ---------------------------------------------------------- */

#define PARAMS_MAX 10
struct param {
	const char *name;
	const char **values;
	uint32_t n;
	const struct node *at;
	bool used;
};
struct params {
	struct param v[PARAMS_MAX];
	uint32_t n;
};
void field_params(struct reader *r, const struct node *n, const struct field *f,
		  void *to);
/* Looks at every "{NAME}" in the scalars of @n, which may be NULL. */
void params_check(struct reader *r, struct params *p, const struct node *n);
void params_check_used(struct reader *r, const struct params *p);
uint64_t params_variants(const struct params *p);
/* A copy of @text with the values of one variant: values[i] of p->v[i]. @bytes grows with
 * its length. */
const char *params_fill(struct arena *a, const struct params *p,
			const char *const *values, const char *text, uint64_t *bytes);

/* --- expressions (expr.c) ----------------------------------------------------------- */

/* NULL after a fault. */
struct config_expr *expr_parse(struct reader *r, const struct node *n);

/* --- metrics (metric.c, derive.c) --------------------------------------------------- */

struct draft {
	struct config_metric m;
	const struct node *at; /* its name */
	const struct node *expr, *budget, *difference;
	bool own_budget; /* the workload's own, not the file's */
	int exact;	 /* as field_bool */
	bool bad;	 /* a fault was found that makes more words about it idle */
	bool sourced;	 /* something was said of where it comes from, be it wrong */
	bool finished;
};
struct drafts {
	VEC(struct draft) list;
};
/* Those of the workload and the file, merged; both nodes may be NULL. Without any, those
 * that everybody has. */
void metrics_read(struct reader *r, const struct node *own, const struct node *file,
		  const struct config_policy *outer, struct drafts *d);
/* Checks what they need of each other, fills in what was not said; each one once. */
void metrics_finish(struct reader *r, struct drafts *d,
		    const struct config_policy *outer);
/* Adds what only expressions name; puts the derived ones into an order. */
void metrics_derive(struct reader *r, struct drafts *d, const uint32_t **ret_order,
		    uint32_t *ret_n);
extern const char *const process_names[];

/* --- budgets (budget.c) ------------------------------------------------------------- */

/* Looks at the limits of all variants, whose names end with a NULL, and knows from them
 * which direction is better where that was not said. */
void metric_check_budget(struct reader *r, struct draft *d, const char *const *variants);
/* The budget of one, if it has any. */
void metric_budget(struct reader *r, const struct draft *d, const char *variant,
		   struct config_limit *ret_limit);
/* @n is a quantity of another kind than the metric. */
void kind_mismatch(struct reader *r, const struct node *n, const struct config_metric *m);

/* --- CI (ci.c) ----------------------------------------------------------------------- */

void field_ci(struct reader *r, const struct node *n, const struct field *f, void *to);

/* --- workloads (workload.c) --------------------------------------------------------- */

struct workloads {
	VEC(struct config_workload) list;
	uint32_t ngroups;
	uint64_t bytes;	   /* texts of variants so far */
	uint64_t nmetrics; /* of all variants so far */
	bool full;	   /* a limit was passed, and told */
};
/* Adds the variants of one. */
void workload_read(struct reader *r, const struct node *n,
		   const struct node *file_metrics, const struct config_policy *outer,
		   struct workloads *w);
