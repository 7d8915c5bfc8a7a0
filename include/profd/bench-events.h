#pragma once
/* The counters that .profd.yml names (`from: perf`), looked up before anything runs. What
 * a name means is eventspec.h's business, whether it can be counted counter.h's. One
 * thread at a time. */
#include <profd/config.h>

/* Returns 0, or -EINVAL when some are no events, or are more than one workload can count:
 * each is in @problems then, at the place of its name, with the nearest right ones. Those
 * that exist, but not on this machine, are no problem. */
int bench_events_check(const struct config *c, struct config_problems *problems);

/* Why @event cannot be counted here: one sentence, to be freed. NULL: it can. */
char *bench_event_missing(const char *event);
