#pragma once
/* Where threads of a program wait, and for what: the off-CPU part of a profile of time
 * (profd-record(1), --wall), made ready for the judge of functions. One thread at a time. */
#include <profd/profile.h>

/* A profile of one value, "off_cpu" in nanoseconds, beside "samples"; comments are kept.
 * Each stack ends in the program's own function that waits, and behind it one frame whose
 * name is a sentence of that: "waiting for a lock in lookup", with lookup's file and line.
 * What stands between, the C and C++ libraries and the kernel, is left out: which of their
 * functions it is differs from call to call, and tells less than the state does.
 *
 * Time in the run queue is the machine's, and not in it. NULL: @wall has no such value. */
struct profile *waits_of(const struct profile *wall);
