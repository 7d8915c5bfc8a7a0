/* Prints where in its page the outermost frame of a thread lies: the return address in
 * the C library's clone, which has no name where the library is stripped. libgcc unwinds
 * it, none of those measured. */
#include <execinfo.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#define FRAMES 64
#define PAGE 4096

static void *thread(void *arg)
{
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES);

	if (n > 0)
		printf("%u\n", (unsigned)((uintptr_t)frames[n - 1] % PAGE));
	return arg;
}

int main(void)
{
	pthread_t id;

	return pthread_create(&id, NULL, thread, NULL) || pthread_join(id, NULL);
}
