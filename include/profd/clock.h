#pragma once
/* Times in nanoseconds. Any thread. */
#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ull

/* CLOCK_MONOTONIC: the clock of every event's time_ns. */
uint64_t clock_now_ns(void);
/* Nanoseconds since 1970, UTC. */
uint64_t clock_wall_ns(void);
/* CPU time of the calling thread. */
uint64_t clock_thread_ns(void);
/* CPU time that the host of this virtual machine gave to others while somebody here
 * wanted it, of all CPUs, since the boot (proc_stat(5), "steal"); to 10 ms. 0 where
 * there is no host. */
uint64_t clock_stolen_ns(void);
