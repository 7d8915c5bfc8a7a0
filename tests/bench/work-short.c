/* Many short-lived processes, one after the other, each busy for a given CPU time.
 *
 *	work-short PROCESSES MICROSECONDS */
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void burn(int64_t us)
{
	volatile unsigned x = 0;

	while (cpu_us() < us)
		for (unsigned i = 0; i < 2000; i++)
			x += i;
}

int main(int argc, char **argv)
{
	long processes = argc > 1 ? strtol(argv[1], NULL, 10) : 1500;
	int64_t us = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;

	while (processes-- > 0) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			burn(us);
			_exit(0);
		}
		if (waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}
