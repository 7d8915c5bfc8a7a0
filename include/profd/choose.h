#pragma once
/* Which workloads of .profd.yml are meant. Any thread. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/config.h>
#include <profd/error.h>

struct choose {
	/* Names of variants, "sort[10]", or of all of a workload's, "sort"; none: all. */
	char *const *names;
	uint32_t nnames;
	char *const *tags; /* those with one of these tags; none: all */
	uint32_t ntags;
	enum config_tier tier; /* those that it does not disable */
	bool has_tier;
};

/* Sets ret_chosen[i] of each workload; the array has c->nworkloads. Returns their number;
 * -EINVAL: a name or tag that there is not, with the nearest one, or nothing is left. */
int choose_workloads(const struct config *c, const struct choose *how, bool *ret_chosen,
		     struct error *err);
/* "quick", "daily", "weekly". */
bool choose_tier(const char *word, enum config_tier *ret_tier);
