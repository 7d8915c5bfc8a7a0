/* Threads that are started at random moments, and in one of two ways live on: all work
 * until the program is killed (stay), or each ends after a while and starts the one that
 * takes its place (go). All of them divide their time in the same way, 40, 30, 20 and 10
 * percent, and pause between two turns, so that all together do not need more than a CPU.
 * Turns and pauses are of random length: the timers that end pauses are those that
 * samples are taken by, and would meet the same place of each turn. "crowd stay|go
 * THREADS [MS]": MS is the time that starting all of them takes. */
#include "work.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define TURN (MILLION / 20) /* some 65 us here, for a tenth of a turn */
#define TURNS_OF_A_LIFE 40u

static uint64_t pause_ns;
static bool stay;
static unsigned started;

static FN void work_40(uint64_t unit)
{
	BURN(4 * unit);
}

static FN void work_30(uint64_t unit)
{
	BURN(3 * unit);
}

static FN void work_20(uint64_t unit)
{
	BURN(2 * unit);
}

static FN void work_10(uint64_t unit)
{
	BURN(unit);
}

static FN void turn(uint64_t unit)
{
	work_40(unit);
	work_30(unit);
	work_20(unit);
	work_10(unit);
	KEEP_FRAME();
}

static void *thread_main(void *arg);

static void thread_start(unsigned seed)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, thread_main, (void *)(uintptr_t)seed))
		exit(1);
}

static void *thread_main(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	unsigned turns = 1 + (unsigned)rand_r(&seed) % TURNS_OF_A_LIFE;
	char name[16];

	snprintf(name, sizeof(name), "crowd-%u",
		 __atomic_add_fetch(&started, 1, __ATOMIC_RELAXED));
	prctl(PR_SET_NAME, name);
	for (unsigned i = 0; stay || i < turns; i++) {
		uint64_t ns = pause_ns / 100 * (50 + (uint64_t)rand_r(&seed) % 101);

		turn(TURN * (50 + (uint64_t)rand_r(&seed) % 101) / 100);
		nanosleep(&(struct timespec){(time_t)(ns / 1000000000),
					     (long)(ns % 1000000000)},
			  NULL);
	}
	thread_start((unsigned)rand_r(&seed));
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 8, seed = 1;
	unsigned ms = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

	pause_ns = threads < 500 ? threads * UINT64_C(1000000) : 500000000;
	stay = argc < 2 || !strcmp(argv[1], "stay");
	expect("EXPECT crowd;...;thread_main;turn;work_40");
	/* What a new thread does first is sampled less: an inherited event begins a full
	 * period, some 8 % of such a life. */
	expect("SHARE work_40 33 44");
	expect("SHARE work_30 26 36");
	expect("SHARE work_20 16 24");
	expect("SHARE work_10 7 13");
	for (unsigned i = 0; i < threads; i++) {
		uint64_t ns = ms * UINT64_C(2000000) / threads *
			      (uint64_t)(rand_r(&seed) % 1000) / 1000;

		thread_start((unsigned)rand_r(&seed));
		nanosleep(&(struct timespec){(time_t)(ns / 1000000000),
					     (long)(ns % 1000000000)},
			  NULL);
	}
	expect("all are there");
	for (;;)
		pause();
}
