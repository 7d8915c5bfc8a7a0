#pragma once
/* Shared between the files of src/judge that find the functions of pairs of runs. */
#include <profd/functions.h>
#include <profd/stats-rank.h>

#include "judge-priv.h"

/* Of one function in each run: what it cost, in the unit of the result, and how many samples
 * that was. */
struct series {
	double *v[SIDES], *n[SIDES]; /* [pairs] */
};

struct candidate {
	uint32_t entity;
	uint32_t was;	 /* the entity that was renamed to this one, + 1; or 0 */
	uint32_t caller; /* nearly all calls come from this entity, + 1; or 0 */
	bool helper;	 /* only a caller: looked at, not judged */
	bool dropped;	 /* below the share, or it is the former name of another one */
	bool present[SIDES]; /* sampled in any run */
	double share[SIDES]; /* median */
	struct series self, total;
	double *d;			/* [pairs] differences of self */
	double floor_self, floor_total; /* variance that sampling gives to a difference */
	struct outcome_interval self_change, total_change, single;
	enum functions_kind kind;
	uint32_t with;	 /* index of a candidate + 1; or 0 */
	uint32_t blamed; /* the caller whose calls changed most: entity + 1; or 0 */
	double blame;	 /* by how much */
	bool certain;
};

/* Calls between two entities, summed over all runs. */
struct call_edge {
	uint32_t caller, callee;
	double v[SIDES];
};

struct run_cell { /* what a run adds to a row of its side's merged profile */
	uint32_t row, run;
	double v, n;
};

struct functions_table {
	const struct functions_pair *pairs;
	uint32_t npairs;
	double level, share;
	struct profile *merged[SIDES];
	unsigned value[SIDES];
	struct match m;
	VEC(struct run_cell) cells[SIDES];
	/* Of runs: what the profile sums up to, what a unit of that is in the result, and the
	 * number of samples. */
	double *sum[SIDES], *scale[SIDES], *samples[SIDES];
	bool known_total; /* every run has its CPU time */
	bool noise_known;
	bool exact; /* values are measured, so that sampling adds nothing */
	/* A function that both sides have is one entity: the row of the after side. Behind
	 * those, what only the before side has. */
	uint32_t nentities;
	mapping_id *mapping[SIDES]; /* [entities], of merged: where it was met first */
	double *share_sum[SIDES];   /* [entities] */
	uint32_t *candidate_of;	    /* [entities] index + 1 */
	VEC(struct candidate) candidates;
	VEC(struct call_edge) edges;
	uint32_t family; /* candidates that are judged */
	struct arena *arena;
};

/* --- functions-table.c ------------------------------------------------------------- */

/* Merges the runs of each side, chooses candidates and fills their series. Returns 0, or
 * -EINVAL and err. */
int functions_table_fill(struct functions_table *t, struct error *err);
void functions_table_done(struct functions_table *t);
/* What is known of an entity by the newer side that has it. */
const struct match_function *functions_entity(const struct functions_table *t,
					      uint32_t entity);
/* The file of the mapping it was met in; "". */
const char *functions_module(const struct functions_table *t, uint32_t entity);

/* --- functions-interval.c ---------------------------------------------------------- */

/* About the differences d[0..n), whose variance is at least @floor each; at a two-sided
 * @level. Without variance, from one pair with an unknown floor, it is infinite. */
struct outcome_interval functions_interval(const double *d, uint32_t n, double floor,
					   bool floor_known, double level);
/* The variance of one difference of @s by sampling alone, on average. */
double functions_floor(const struct functions_table *t, const struct series *s);
void functions_differences(const struct series *s, uint32_t n, double *ret_d);
double functions_median(const double *x, uint32_t n);

/* --- functions-rename.c, functions-moved.c ----------------------------------------- */

/* Joins candidates that are one function under two names. Before anything is judged. */
void functions_join_renamed(struct functions_table *t);
/* Gives every certain candidate its kind. */
void functions_tell_kinds(struct functions_table *t);
