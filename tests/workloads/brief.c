/* Tasks too short for a sampling period: `brief HOW COUNT MICROSECONDS`, one after the
 * other, each of so much CPU time. HOW: "processes"; "threads"; "failures", processes
 * that try to execute what does not exist and what may not be executed; "nested",
 * processes that fork one of their own. */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static uint64_t want_ns;

static uint64_t used_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static FN void brief_load(void)
{
	uint64_t end = used_ns() + want_ns;

	while (used_ns() < end)
		BURN(10000);
}

static void *brief_thread(void *arg)
{
	brief_load();
	return arg;
}

static void thread_once(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, brief_thread, NULL))
		exit(1);
	pthread_join(t, NULL);
}

static void child(const char *how)
{
	char *args[] = {"nothing", NULL};

	brief_load();
	if (!strcmp(how, "failures")) {
		execv("/nonexistent/program", args);
		execv("/dev/null", args);
	}
	if (!strcmp(how, "nested") && fork() == 0)
		brief_load();
	_exit(0);
}

static void process_once(const char *how)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(1);
	if (pid == 0)
		child(how);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *how = argc == 4 ? argv[1] : "";
	long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;

	if (count < 1)
		return 2;
	want_ns = strtoull(argv[3], NULL, 10) * 1000;
	for (long i = 0; i < count; i++) {
		if (!strcmp(how, "threads"))
			thread_once();
		else
			process_once(how);
	}
	return 0;
}
