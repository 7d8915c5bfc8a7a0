#pragma once
/* The metrics of an outcome in the order of their weight: what fails first. */
#include <profd/outcome.h>
#include <profd/vec.h>

struct outcome_row {
	const struct outcome_workload *workload;
	const struct outcome_metric *metric; /* NULL: of the workload, which has none */
};
struct outcome_rows {
	VEC(struct outcome_row) v;
};
/* Each metric of each workload; what fails first, then what warns, then by verdict. The
 * outcome is borrowed. */
void outcome_rows_make(struct outcome_rows *rows, const struct outcome *o);
void outcome_rows_done(struct outcome_rows *rows);
