/* What counters count, in numbers that are known: pages touched for the first time,
 * switches between two processes that take turns, CPU time. Prints "KIND COUNT" for each:
 * at least that many.
 *
 * 	counts PAGES TURNS CPU_MS */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void touch(size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *p = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	madvise((void *)p, pages * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		p[i * page] = 1;
}

static void pass(int in, int out)
{
	char byte = 0;

	if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1)
		exit(1);
}

static void burn(long ms)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

/* On one CPU whoever waits for the other's byte has to give it up. */
static void stay_on_one_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

int main(int argc, char **argv)
{
	long pages = argc == 4 ? strtol(argv[1], NULL, 10) : -1;
	long turns = argc == 4 ? strtol(argv[2], NULL, 10) : -1;
	long ms = argc == 4 ? strtol(argv[3], NULL, 10) : -1;
	int there[2], back[2];
	pid_t pid;

	if (pages < 0 || turns < 0 || ms < 0 || pipe(there) < 0 || pipe(back) < 0)
		return 1;
	stay_on_one_cpu();
	pid = fork();
	touch((size_t)pages);
	if (pid && write(there[1], "", 1) != 1)
		return 1;
	/* Each process waits for the other once a turn. */
	for (long i = 0; i < turns; i++)
		pass(pid ? back[0] : there[0], pid ? there[1] : back[1]);
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	burn(ms);
	printf("page-faults %ld\ncontext-switches %ld\ntask-clock %ld\n", 2 * pages,
	       2 * turns, ms);
	return 0;
}
