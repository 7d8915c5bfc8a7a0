/* Two threads and one lock: one holds it and sleeps, the other wants it in `lookup`. Where
 * that sleeps for longer, wall time grows and CPU time does not. */
#include <pthread.h>
#include <time.h>

#define HELD_MS 5
#define WORK 1
#define TIMES 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t ready;
static volatile unsigned long sum;

static void work(unsigned long n)
{
	for (unsigned long i = 0; i < n * 1000000; i++)
		sum += i ^ sum >> 3;
}

static void hold(void)
{
	struct timespec t = {.tv_nsec = HELD_MS * 1000000};

	nanosleep(&t, NULL);
}

static void lookup(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

static void *keeper(void *arg)
{
	for (int i = 0; i < TIMES; i++) {
		pthread_mutex_lock(&lock);
		pthread_barrier_wait(&ready);
		hold();
		pthread_mutex_unlock(&lock);
		pthread_barrier_wait(&ready);
	}
	return arg;
}

int main(void)
{
	pthread_t t;

	pthread_barrier_init(&ready, NULL, 2);
	if (pthread_create(&t, NULL, keeper, NULL))
		return 1;
	for (int i = 0; i < TIMES; i++) {
		pthread_barrier_wait(&ready);
		lookup();
		pthread_barrier_wait(&ready);
	}
	work(WORK);
	pthread_join(t, NULL);
	return 0;
}
