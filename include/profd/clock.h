#pragma once
/* Times in nanoseconds. Any thread. */
#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ull

/* CLOCK_MONOTONIC: the clock of every event's time_ns. */
uint64_t clock_now_ns(void);
/* Nanoseconds since 1970, UTC. */
uint64_t clock_wall_ns(void);
/* @wall_ns, of clock_wall_ns, as RFC 3339 has it in UTC, "2026-11-30T22:24:34Z"; and
 * "20261130T222434Z", for names of files. Both return @buf. */
#define CLOCK_UTC_BYTES 32
const char *clock_utc(uint64_t wall_ns, char buf[CLOCK_UTC_BYTES]);
const char *clock_utc_name(uint64_t wall_ns, char buf[CLOCK_UTC_BYTES]);
/* CPU time of the calling thread. */
uint64_t clock_thread_ns(void);
/* Of all CPUs, since the boot, to 10 ms (proc_stat(5)). */
struct clock_machine {
	uint64_t busy_ns;   /* somebody here was on a CPU */
	uint64_t stolen_ns; /* wanted to be, and the host of this virtual machine gave the
			     * CPU to others; 0 where there is no host */
};
void clock_machine(struct clock_machine *ret);
