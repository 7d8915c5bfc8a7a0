#pragma once
/* Shared by the gate's files: a gauge is one metric of one bout, a bout is one workload. */
#include <profd/gate.h>
#include <profd/trial.h>
#include <profd/vec.h>

#define EXACT_RUNS 2

struct gauge {
	const struct config_metric *m;
	struct trial_metric how;
	bool judged;	   /* has a threshold, and a policy that is not off */
	int64_t trial;	   /* its number there; -1: none */
	bool exact;	   /* measured in exact runs … */
	bool repeats;	   /* … that agreed, and so it was judged by them */
	enum verdict said; /* without the trial; OPEN: ask that */
	enum verdict_reason reason;
	double change; /* where it repeats */
	const char *note;
	double alone[GATE_SIDES][EXACT_RUNS]; /* values of the exact runs */
	VEC(struct trial_pair) pairs;
	VEC(uint32_t) order; /* which pair each of them was */
	double (*triplets)[3];
	uint32_t ntriplets;
};

struct mishap { /* runs of one side that did not end well */
	uint32_t count;
	enum bench_end end;
	char *what, *output;
};

struct bout {
	const struct config_workload *w;
	uint32_t index; /* in the configuration */
	struct gauge *gauges;
	bool head_only;	    /* there is no base, or it does not run */
	bool base_gone;	    /* it ran badly */
	bool stopped;	    /* no more runs */
	bool judges, exact; /* has such metrics */
	bool exact_pairs;   /* one of them did not repeat */
	bool in_time;	    /* false: the budget ended it */
	uint32_t pairs, planned, want, triplets, runs;
	double cost_s[GATE_SIDES], seconds;
	struct mishap mishaps[2]; /* base's or its copy's, head's */
};

struct gate {
	const struct gate_options *o;
	const struct gate_runner *r;
	struct outcome *out;
	struct error *err;
	struct trial trial;
	struct bout *bouts;
	uint32_t n;
	uint64_t start_ns, deadline_ns; /* 0: none */
	uint32_t runs, runs_planned;
	uint32_t pairs_max; /* of the last look */
	bool copied;
	double *values[GATE_SIDES]; /* room for those of one run each */
	struct gate_plan plan;
	VEC(const char *) notes;
};

/* One run; 1 and its values, in g->values[side]; 0: it did not end well, and the bout knows;
 * a negative errno. */
int gate_run_one(struct gate *g, struct bout *b, struct gate_run *run);
bool gate_in_time(const struct gate *g, double seconds_more);

/* Registers the metrics, after the exact runs and before the first pair. */
int gate_enter(struct gate *g);
/* How many pairs fit. */
void gate_plan_make(struct gate *g);
int gate_exact_runs(struct gate *g, struct bout *b);
int gate_pairs(struct gate *g);
int gate_confirm(struct gate *g);
bool gate_has_suspect(const struct gate *g, const struct bout *b);
void gate_fill(struct gate *g);

/* --- gate-interval.c ------------------------------------------------------------------- */

extern const struct outcome_interval gate_nothing;
/* As changes of the value. */
void gate_interval_set(struct outcome_interval *ret, const struct trial_metric *m,
		       const struct trial_result *r, double change, double low,
		       double high, double level);
/* Hodges and Lehmann's estimate and 95 %, of the first @n pairs, in their own direction. */
void gate_interval_of_pairs(const struct gauge *x, uint32_t n, bool ratio,
			    struct outcome_interval *ret);
bool gate_all_positive(const struct trial_pair *p, uint32_t n);
void gate_drift_of(const struct gate *g, const struct bout *b, const struct gauge *x,
		   bool ratio, struct outcome_interval *ret);

const char *gate_keep(struct gate *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
