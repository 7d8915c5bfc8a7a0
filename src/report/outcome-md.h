#pragma once
/* Shared by the files that make summary.md and comment.md. */
#include <stdbool.h>
#include <stddef.h>

#include "outcome-view.h"

struct md {
	const struct outcome *o;
	struct outcome_rows rows;
	bool comment;	   /* for a pull request: short, details folded */
	uint32_t rows_max; /* of every table */
	size_t name_max;   /* bytes of a name, a command … */
	struct text t;
};

/* Sections, each of which is nothing where there is nothing to say. */
void md_verdicts(struct md *m);
void md_functions(struct md *m);
void md_evidence(struct md *m);
void md_budgets(struct md *m);
void md_failures(struct md *m);
void md_slowest(struct md *m);
void md_limit_changes(struct md *m);
void md_notes(struct md *m);
void md_triage(struct md *m);
void md_environment(struct md *m);
void md_again(struct md *m);
