/* The clocks. */
#include <profd/clock.h>

#include <stdio.h>
#include <unistd.h>

static uint64_t clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

uint64_t clock_thread_ns(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

void clock_machine(struct clock_machine *ret)
{
	/* user, nice, system, idle, iowait, irq, softirq, steal */
	unsigned long long v[8] = {0};
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t tick_ns = NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100);
	FILE *f = fopen("/proc/stat", "re");

	*ret = (struct clock_machine){0};
	if (!f)
		return;
	if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
		   &v[3], &v[4], &v[5], &v[6], &v[7]) == 8)
		*ret = (struct clock_machine){
			.busy_ns = (v[0] + v[1] + v[2] + v[5] + v[6]) * tick_ns,
			.stolen_ns = v[7] * tick_ns,
		};
	fclose(f);
}
