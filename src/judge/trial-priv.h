#pragma once
/* Shared by trial.c, look.c and confirm.c. */
#include <profd/stats-rank.h>
#include <profd/trial.h>

struct size { /* of the triplets */
	bool ratio;
	double estimate, low, high, level;
};

struct trial_entry {
	struct trial_metric metric;
	VEC(struct trial_pair) pairs;
	enum verdict verdict;
	enum verdict_reason reason;
	bool rejected; /* L > 0 at some look, and counted in trial.rejected */
	bool futile;   /* as of the last look */
	uint32_t pairs_used;
	double lower_level;
	bool confirmed; /* trial_confirm has spoken */
	struct size size;
};

/* The differences of some pairs, sorted, and the threshold in the same. */
struct sample {
	double *d;
	uint32_t n;
	bool ratio;
	double limit; /* NaN: differences, and no threshold in units */
};
/* Of the values base[i * step] and head[i * step]. */
void sample_init(struct sample *s, const struct trial_metric *m, const double *base,
		 const double *head, uint32_t step, uint32_t n);
void sample_done(struct sample *s);
/* Of the first n pairs. */
void entry_sample(const struct trial_entry *e, uint32_t n, struct sample *s);

/* Fixes family and looks, once. */
void trial_start(struct trial *t);
/* alpha of one look, before Holm. */
double trial_look_level(const struct trial *t);
