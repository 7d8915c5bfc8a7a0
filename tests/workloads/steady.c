/* Says who it is, works for so many million iterations in as many threads as asked for,
 * and says that it is done: `steady LOAD [THREADS]`. */
#include <pthread.h>
#include <unistd.h>

#include "work.h"

#define THREADS_MAX 256

static uint64_t load;

static FN void *steady_load(void *arg)
{
	BURN(load);
	return NULL;
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
	pthread_t threads[THREADS_MAX];

	load = load_arg(argc, argv, 100);
	printf("pid %d\n", (int)getpid());
	fflush(stdout);
	for (int i = 1; i < n && i < THREADS_MAX; i++) {
		if (pthread_create(&threads[i], NULL, steady_load, NULL))
			return 2;
	}
	steady_load(NULL);
	for (int i = 1; i < n && i < THREADS_MAX; i++)
		pthread_join(threads[i], NULL);
	puts("done");
	return 0;
}
