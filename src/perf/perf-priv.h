#pragma once
/* Shared by the files of perf/: names to attributes. */
#include <stdbool.h>

#include <linux/perf_event.h>

#include <profd/error.h>

/* Sets type and config of @attr from an event's name: a software clock, or whatever libpfm4
 * knows. *ret_clock: periods are nanoseconds. Returns 0; -EINVAL unknown name; -ENOENT libpfm4
 * knows no such unit on this machine. */
int event_encode(const char *name, struct perf_event_attr *attr, bool *ret_clock,
		 struct error *err);
