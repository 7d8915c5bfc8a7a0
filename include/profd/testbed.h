#pragma once
/* The machine that values come from, and how quiet it was meanwhile. Any thread. */
#include <stdint.h>

#include <profd/clock.h>
#include <profd/mem.h>
#include <profd/outcome.h>

/* Fills all of @ret but `steal` and `busy_others`, which become NaN. Texts live in @a.
 *
 * `testbed` is a short hash of what decides how fast programs run here: the model of the
 * CPUs, their number and flags, kernel, C library, architecture, and the image: ImageOS and
 * ImageVersion, which hosted runners set, else the name in os-release(5). Values of two
 * keys are not comparable. */
void testbed_read(struct arena *a, struct outcome_environment *ret);

/* From the beginning to the end of all runs. */
struct testbed_watch {
	struct clock_machine machine;
	uint64_t now_ns, own_ns; /* CPU time of this process and what it waited for */
};
void testbed_watch_start(struct testbed_watch *w);
/* Sets `steal` and `busy_others`, if it took long enough for what the machine counts. */
void testbed_watch_end(const struct testbed_watch *w, struct outcome_environment *ret);
