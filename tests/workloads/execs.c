/* Executes itself again and again, from a thread while four others are busy: `execs
 * TIMES`. All threads but that one end, and it takes the place of the first. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "work.h"

static char **args;

static FN void *busy_load(void *arg)
{
	for (;;)
		BURN(MILLION);
	return NULL;
}

static FN void *exec_load(void *arg)
{
	char left[32];

	BURN(MILLION);
	snprintf(left, sizeof(left), "%ld", strtol(args[1], NULL, 10) - 1);
	execl(args[0], args[0], left, (char *)NULL);
	exit(1);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	args = argv;
	if (argc < 2)
		return 2;
	if (strtol(argv[1], NULL, 10) <= 0) {
		puts("done");
		return 0;
	}
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, busy_load, NULL);
	pthread_create(&thread, NULL, exec_load, NULL);
	pthread_join(thread, NULL);
	return 1;
}
