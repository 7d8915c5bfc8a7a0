#pragma once
/* The charts of report.html. */
#include "outcome-view.h"

/* Each appends one SVG element with presentation attributes only, 340 units wide, or nothing
 * when there is nothing to draw. */
void chart_interval(struct text *t, const struct outcome_metric *m);
void chart_pairs(struct text *t, const struct outcome_metric *m);
void chart_values(struct text *t, const struct outcome_metric *m);
void chart_triplets(struct text *t, const struct outcome_metric *m);
void chart_budget(struct text *t, const struct outcome_metric *m);
