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

/* 64 bits of nanoseconds end in 2554: no year has five digits. */
static struct tm utc_of(uint64_t wall_ns)
{
	time_t t = (time_t)(wall_ns / NSEC_PER_SEC);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm;
}

const char *clock_utc(uint64_t wall_ns, char buf[CLOCK_UTC_BYTES])
{
	struct tm tm = utc_of(wall_ns);

	strftime(buf, CLOCK_UTC_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

const char *clock_utc_name(uint64_t wall_ns, char buf[CLOCK_UTC_BYTES])
{
	struct tm tm = utc_of(wall_ns);

	strftime(buf, CLOCK_UTC_BYTES, "%Y%m%dT%H%M%SZ", &tm);
	return buf;
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
