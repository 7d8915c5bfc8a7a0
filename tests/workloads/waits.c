/* Threads that wait for known times, one way per run: waits MODE THREADS MS. At its end
 * each thread prints its name, its lifetime, its CPU time (0: not told) and how long it
 * stood in the run queue (schedstat), then pairs of a state and the nanoseconds it must
 * have been in it at least, by its own clock; and the program, what interrupts and other
 * virtual machines took meanwhile:
 *
 * 	convoy	every thread has a lock in its turn for MS, asleep
 * 	sleeper	sleeps for MS ten times
 * 	reader	reads a fifo that is written to every MS, ten times
 * 	ping	pairs of threads that pass a byte there and back for MS; prints "units TIMES" at the end
 * 	hogs	spin for MS of CPU time each
 * 	poller	polls a pipe that nothing comes from, ten times for MS
 * 	mixed	spins for MS and sleeps for MS, ten times */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TIMES 10
#define THREADS_MAX 64

struct thread {
	pthread_t handle;
	int number, in, out;
	uint64_t begin_ns, end_ns, cpu_ns, queue_ns, wait_ns;
	uint64_t turns;
	const char *state;
	char name[16];
};

static struct thread threads[THREADS_MAX];
static int nthreads, ms;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t together;
static void (*mode)(struct thread *t);

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static __attribute__((noinline)) void sleep_ms(int n)
{
	struct timespec t = {n / 1000, n % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static __attribute__((noinline)) void spin_ms(int n)
{
	uint64_t end = now_ns(CLOCK_THREAD_CPUTIME_ID) + (uint64_t)n * 1000000;
	volatile unsigned turns = 0;

	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		for (int i = 0; i < 20000; i++)
			turns++;
}

static void convoy(struct thread *t)
{
	uint64_t begin;

	pthread_barrier_wait(&together);
	begin = now_ns(CLOCK_MONOTONIC);
	pthread_mutex_lock(&lock);
	t->wait_ns = now_ns(CLOCK_MONOTONIC) - begin;
	t->state = "futex";
	sleep_ms(ms);
	pthread_mutex_unlock(&lock);
}

static void sleeper(struct thread *t)
{
	t->state = "sleep";
	for (int i = 0; i < TIMES; i++) {
		uint64_t begin = now_ns(CLOCK_MONOTONIC);

		sleep_ms(ms);
		t->wait_ns += now_ns(CLOCK_MONOTONIC) - begin;
	}
}

static void reader(struct thread *t)
{
	char c;

	t->state = "io";
	for (int i = 0; i < TIMES; i++) {
		uint64_t begin = now_ns(CLOCK_MONOTONIC);

		if (read(t->in, &c, 1) != 1)
			exit(1);
		t->wait_ns += now_ns(CLOCK_MONOTONIC) - begin;
	}
}

static void ping(struct thread *t)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000;
	char c = 0;

	t->state = "io";
	while (c != 'x') {
		uint64_t begin = now_ns(CLOCK_MONOTONIC);

		/* The first of a pair begins, and ends it. */
		if (!(t->number % 2)) {
			c = begin < end ? 0 : 'x';
			if (write(t->out, &c, 1) != 1)
				exit(1);
		}
		if (read(t->in, &c, 1) != 1)
			exit(1);
		if (t->number % 2 && write(t->out, &c, 1) != 1)
			exit(1);
		t->turns += !(t->number % 2);
	}
}

static void hogs(struct thread *t)
{
	t->state = "run-queue";
	pthread_barrier_wait(&together);
	spin_ms(ms);
}

static void poller(struct thread *t)
{
	struct pollfd p = {.fd = t->in, .events = POLLIN};

	t->state = "poll";
	for (int i = 0; i < TIMES; i++) {
		uint64_t begin = now_ns(CLOCK_MONOTONIC);

		poll(&p, 1, ms);
		t->wait_ns += now_ns(CLOCK_MONOTONIC) - begin;
	}
}

static void mixed(struct thread *t)
{
	t->state = "sleep";
	for (int i = 0; i < TIMES; i++) {
		uint64_t begin;

		spin_ms(ms);
		begin = now_ns(CLOCK_MONOTONIC);
		sleep_ms(ms);
		t->wait_ns += now_ns(CLOCK_MONOTONIC) - begin;
	}
}

/* Documentation/scheduler/sched-stats.rst: time on the CPU, time in the run queue. */
static uint64_t queue_ns(void)
{
	unsigned long long run, wait = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/schedstat",
		 syscall(SYS_gettid));
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &run, &wait) != 2)
		wait = 0;
	fclose(f);
	return wait;
}

/* proc_stat(5), "cpu": the time of all CPUs, in ticks, that was no program's of this
 * machine. */
static uint64_t stolen_ns(void)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "r");
	int n;

	if (!f)
		return 0;
	n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
		   &v[3], &v[4], &v[5], &v[6], &v[7]);
	fclose(f);
	if (n != 8)
		return 0;
	return (v[5] + v[6] + v[7]) *
	       (1000000000ull / (unsigned long)sysconf(_SC_CLK_TCK));
}

static void *work(void *arg)
{
	struct thread *t = arg;

	t->begin_ns = now_ns(CLOCK_MONOTONIC);
	snprintf(t->name, sizeof(t->name), "waits-%d", t->number);
	prctl(PR_SET_NAME, t->name);
	mode(t);
	/* Of that, what the kernel's switching takes is a part that no record of switches
	 * has. */
	if (mode != ping)
		t->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	t->queue_ns = queue_ns();
	if (mode == hogs)
		t->wait_ns = t->queue_ns;
	t->end_ns = now_ns(CLOCK_MONOTONIC);
	return NULL;
}

static void open_pipes(void)
{
	for (int i = 0; i < nthreads; i++) {
		int p[2];

		if (pipe2(p, O_CLOEXEC) < 0)
			exit(1);
		threads[i].in = p[0];
		threads[mode == ping ? i ^ 1 : i].out = p[1];
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(struct thread *t);
	} modes[] = {{"convoy", convoy}, {"sleeper", sleeper}, {"reader", reader},
		     {"ping", ping},	 {"hogs", hogs},       {"poller", poller},
		     {"mixed", mixed}};

	unsigned long long turns = 0, stolen = stolen_ns();

	if (argc != 4)
		return 2;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(argv[1], modes[i].name))
			mode = modes[i].fn;
	nthreads = (int)strtol(argv[2], NULL, 10);
	ms = (int)strtol(argv[3], NULL, 10);
	if (!mode || nthreads < 1 || nthreads > THREADS_MAX)
		return 2;
	if (mode == ping)
		nthreads += nthreads % 2;
	open_pipes();
	pthread_barrier_init(&together, NULL, (unsigned)nthreads);
	for (int i = 0; i < nthreads; i++) {
		threads[i].number = i;
		if (pthread_create(&threads[i].handle, NULL, work, &threads[i]))
			return 1;
	}
	for (int n = 0; mode == reader && n < TIMES; n++) {
		sleep_ms(ms);
		for (int i = 0; i < nthreads; i++)
			if (write(threads[i].out, "", 1) != 1)
				return 1;
	}
	for (int i = 0; i < nthreads; i++)
		pthread_join(threads[i].handle, NULL);
	for (int i = 0; i < nthreads; i++) {
		const struct thread *t = &threads[i];

		printf("%s %llu %llu %llu", t->name,
		       (unsigned long long)(t->end_ns - t->begin_ns),
		       (unsigned long long)t->cpu_ns, (unsigned long long)t->queue_ns);
		if (t->wait_ns)
			printf(" %s=%llu", t->state, (unsigned long long)t->wait_ns);
		printf("\n");
		turns += t->turns;
	}
	printf("stolen %llu\n", (unsigned long long)(stolen_ns() - stolen));
	if (turns)
		printf("units %llu\n", turns);
	return 0;
}
