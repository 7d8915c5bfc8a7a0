#pragma once
/* How strictly budgets are taken on this machine: one factor for the whole run. Thresholds
 * know nothing of it. */
#include <profd/config.h>
#include <profd/error.h>

#define STRICTNESS_MIN .01
#define STRICTNESS_MAX 100.

/* By the first of these that says anything: @flag (of --strictness, or NULL), the variable
 * PROFD_STRICTNESS, @file (of .profd.yml, 0: not said), the variable CI (set to something
 * other than "false" or "0"): 2; else 1. *ret_from is "--strictness", "PROFD_STRICTNESS",
 * ".profd.yml", "CI" or "default". Returns 0; -EINVAL: flag or variable is none of "strict",
 * "default", "ci" and numbers from STRICTNESS_MIN to _MAX. */
int strictness_find(const char *flag, double file, double *ret_factor,
		    const char **ret_from, struct error *err);
