#pragma once
/* Shared by the files that make alerts. */
#include <profd/ci-alert.h>
#include <profd/text.h>

bool alert_is_bad(const struct outcome_metric *m);
/* "profd gate: 1 regression, 3 pass (owner/name)"; clean, on one line, not escaped. */
void alert_title(const struct alert *a, struct text *t);
/* What is bad about it. */
void alert_finding(const struct alert *a, const struct outcome_metric *m, struct text *t);
