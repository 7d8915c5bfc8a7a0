/* What a sample of a software event at a frequency stands for.
 *
 * The kernel writes the length of the interval that *begins* with a sample into it, not
 * of the one that ended (kernel/events/core.c, perf_swevent_overflow and
 * perf_swevent_set_period): a burst of 8,000 page faults yields 1, 1, 1, 52, 8218, where
 * the intervals were 1, 1, 1, 1 and 52 faults long, and the 8218 were never reached. So
 * each sample takes the number of the one before it of the same event; the first one, of
 * which nothing is known, counts one. What is not sampled then is the remainder to the
 * event's own count.
 *
 * A tid that comes back is another task, with events of its own. */
#include "perf-priv.h"

uint64_t weight_instance(uint32_t event, uint32_t cpu, uint32_t tid)
{
	return (uint64_t)tid << 32 | (uint64_t)(cpu & 0xffffff) << 8 | (event & 0xff);
}

void weight_correct(struct map *before, uint64_t instance, uint64_t *period)
{
	uint64_t next = *period ? *period : 1, this = map_find(before, instance);

	*period = this ? this : 1;
	map_put(before, instance, next);
}

/* The mark of a task that has any: no CPU has this number. */
#define CPU_NONE 0xffffffu

void weight_note(struct map *before, uint32_t tid)
{
	map_put(before, weight_instance(0, CPU_NONE, tid), 1);
}

void weight_forget(struct map *before, uint32_t tid, uint32_t nevents, uint32_t ncpus)
{
	uint64_t mark = weight_instance(0, CPU_NONE, tid);

	if (!map_find(before, mark))
		return;
	map_remove(before, mark);
	for (uint32_t event = 0; event < nevents; event++) {
		for (uint32_t cpu = 0; cpu < ncpus; cpu++)
			map_remove(before, weight_instance(event, cpu, tid));
	}
}
