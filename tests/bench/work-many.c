/* Many threads or processes alive at once, each busy for a millisecond of CPU time in
 * turns with sleep. All of them live for SECONDS after the last one has begun.
 *
 * 	work-many threads|processes COUNT SECONDS */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (64u << 10)
#define SLICE_NS 1000000

static volatile double
	*until_s;   /* shared by all; 0: the first one died before all had begun */
static int gate[2]; /* nothing comes out of it; its end lets all go */
static double seconds;
static unsigned count;

static double clock_s(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void *live(void *arg)
{
	/* Two CPUs' worth of work over all of them. */
	struct timespec pause = {.tv_sec = count / 2000,
				 .tv_nsec = count % 2000 * (SLICE_NS / 2)};
	volatile unsigned x = 0;
	char byte;

	if (read(gate[0], &byte, 1) != 0)
		return NULL;
	while (clock_s(CLOCK_MONOTONIC) < *until_s) {
		double end_s = clock_s(CLOCK_THREAD_CPUTIME_ID) + SLICE_NS / 1e9;

		while (clock_s(CLOCK_THREAD_CPUTIME_ID) < end_s)
			for (unsigned i = 0; i < 2000; i++)
				x += i;
		nanosleep(&pause, NULL);
	}
	return arg;
}

static void let_go(void)
{
	*until_s = clock_s(CLOCK_MONOTONIC) + seconds;
	close(gate[1]);
}

static int threads(void)
{
	pthread_t *ids = calloc(count, sizeof(*ids));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (unsigned i = 0; i < count; i++)
		if (!ids || pthread_create(&ids[i], &attr, live, NULL))
			return 1;
	let_go();
	for (unsigned i = 0; i < count; i++)
		pthread_join(ids[i], NULL);
	free(ids);
	return 0;
}

static int processes(void)
{
	for (unsigned i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			close(gate[1]);
			live(NULL);
			_exit(0);
		}
	}
	let_go();
	while (wait(NULL) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	count = (unsigned)strtoul(argv[2], NULL, 10);
	seconds = strtod(argv[3], NULL);
	until_s = mmap(NULL, sizeof(*until_s), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (until_s == MAP_FAILED || pipe(gate) < 0)
		return 1;
	return strcmp(argv[1], "threads") ? processes() : threads();
}
