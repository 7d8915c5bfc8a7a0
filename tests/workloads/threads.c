/* Four threads beside main(), each with its own load and its own name. A thread's stack
 * ends at the C library's thread start, not at the program's. */
#define _GNU_SOURCE
#include <pthread.h>

#include "work.h"

static FN void in_main(uint64_t n)
{
	BURN(n);
}

static FN void worker_load(uint64_t n)
{
	BURN(n);
}

static FN void *worker(void *arg)
{
	char name[16];
	uint64_t *n = arg;

	snprintf(name, sizeof(name), "work-%llu",
		 (unsigned long long)(*n / MILLION % 10));
	pthread_setname_np(pthread_self(), name);
	worker_load(*n);
	KEEP_FRAME();
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1200);
	pthread_t thread[4];
	uint64_t n = load / 5;

	expect("EXPECT start_thread;worker;worker_load");
	expect("EXPECT main;in_main");
	expect("SHARE worker_load 75 85");
	expect("SHARE in_main 15 25");
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, worker, &n);
	in_main(n);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
