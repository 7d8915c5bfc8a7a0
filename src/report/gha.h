#pragma once
/* The forms of github-action-benchmark (its README, and src/write.ts of it). */
#include <profd/outcome-io.h>

struct json;
/* The metrics of one direction as its array: {name, unit, value, range, extra}. */
struct json *gha_benches(const struct outcome *o, bool bigger);
