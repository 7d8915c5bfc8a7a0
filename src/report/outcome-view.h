#pragma once
/* What the reports of an outcome share: texts from
 * outside made fit for one line, how well a value is known. */
#include <stddef.h>
#include <stdint.h>

#include <profd/outcome-io.h>
#include <profd/outcome-rows.h>
#include <profd/text.h>

/* Appends @s, which may be NULL, as clean UTF-8 on one line, at most @max bytes of it, and
 * then "…". Signs that turn the direction of writing are replaced. */
void view_add_line(struct text *t, const char *s, size_t max);
/* The same with newlines and tabs as they are, and of what is too long the end. */
void view_add_tail(struct text *t, const char *s, size_t max);

/* The width of the interval in which the median of a side's values lies; NaN: not known. */
double view_width(const struct outcome_metric *m, bool head);
/* The larger, the worse. */
int view_weight(enum verdict v);
/* "regression", "not comparable". */
const char *view_verdict(enum verdict v);
/* "HEAD (faster-sort, 9c2098f3, with changes)"; nothing of an empty side. */
void view_add_side(struct text *t, const struct outcome_side *s, size_t max);
/* "changed, touched by this change", "moved with `f`"; in words, not escaped. */
/* "wall time"; what is not known to us by its name. */
void view_add_evidence(struct text *t, const struct outcome_evidence *e, size_t max);
void view_add_kind(struct text *t, const struct outcome_function *f, size_t max);
/* "profd gate"; or of another command that is known. */
const char *view_command(const struct outcome *o);
/* Of a failure: all runs of its side, some of them, or not known. */
bool view_all_failed(const struct outcome_workload *w, const struct outcome_failure *f);
